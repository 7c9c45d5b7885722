// Edits as a programmer makes them, at random: each returns the new text of one file, or undefined where it does not fit.

import type { Random } from "./random.js";
import { closing, type FunctionText, functionsOf, masked, statementsOf, typesOf } from "./source_text.js";

export interface Place {
  readonly file: string;
  readonly text: string;
  readonly random: Random;
  /** Different for each edit of a run: names are made with it. */
  readonly number: number;
}

export type Mutation = (place: Place) => string | undefined;

const isCxx = ({ file }: Place) => !file.endsWith(".c");

function insert(text: string, at: number, what: string): string {
  return text.slice(0, at) + what + text.slice(at);
}

function replace(text: string, start: number, end: number, by: string): string {
  return text.slice(0, start) + by + text.slice(end);
}

function aFunction({ text, random }: Place): FunctionText | undefined {
  return random.pick(functionsOf(text));
}

/** One of the matches within a function, or within the whole file. */
function aMatch(place: Place, pattern: RegExp, where: "function" | "file"): RegExpExecArray | undefined {
  const chosen = where === "function" ? aFunction(place) : { body: 0, end: place.text.length };
  if (!chosen) return undefined;
  const code = masked(place.text);
  const matches = [...code.slice(chosen.body, chosen.end).matchAll(pattern)].filter((match) => {
    const at = chosen.body + match.index;
    return !code.slice(code.lastIndexOf("\n", at) + 1, at + 40).includes("hr_");
  });
  const match = place.random.pick(matches);
  if (match) match.index += chosen.body;
  return match as RegExpExecArray | undefined;
}

function changeNumber(place: Place, where: "function" | "file"): string | undefined {
  const match = aMatch(place, /(?<![\w.'])\d+(\.\d+)?(?![\w.'])/g, where);
  if (!match) return undefined;
  const old = Number(match[0]);
  const isInteger = match[1] === undefined;
  const choices = isInteger ? [old + 1, old + 2, old * 2 + 1, Math.max(0, old - 1)] : [old + 0.5, old * 2 + 0.25];
  const chosen = place.random.pick(choices) ?? 0;
  const text = isInteger || !Number.isInteger(chosen) ? String(chosen) : `${chosen}.0`;
  return replace(place.text, match.index, match.index + match[0].length, text);
}

const OPERATORS: Readonly<Record<string, string>> = {
  " + ": " - ",
  " - ": " + ",
  " * ": " + ",
  " % ": " / ",
  " < ": " <= ",
  " <= ": " < ",
  " > ": " >= ",
  " >= ": " > ",
  " == ": " != ",
  " != ": " == ",
  " && ": " || ",
  " || ": " && ",
  " += ": " -= ",
  " -= ": " += ",
  " >> ": " << ",
  "++": "--",
};

function changeOperator(place: Place): string | undefined {
  const match = aMatch(place, / (?:[-+*%<>]|[<>=!+-]=|&&|\|\||>>) |\+\+/g, "function");
  if (!match) return undefined;
  return replace(place.text, match.index, match.index + match[0].length, OPERATORS[match[0]] ?? match[0]);
}

function negateCondition(place: Place): string | undefined {
  const match = aMatch(place, /\bif \(/g, "function");
  if (!match) return undefined;
  const code = masked(place.text);
  const open = match.index + match[0].length;
  const end = closing(code, open, "(", ")");
  if (end === undefined) return undefined;
  return replace(place.text, open, end, `!(${place.text.slice(open, end)})`);
}

function aStatement(place: Place) {
  const chosen = aFunction(place);
  return chosen && place.random.pick(statementsOf(place.text, chosen));
}

function addBranch(place: Place): string | undefined {
  const line = aStatement(place);
  if (!line) return undefined;
  const statement = place.text.slice(line.start, line.end).trim();
  if (/^(const|auto|static|int|long|char|bool|double|size_t|unsigned|std::)\b/.test(statement)) return undefined;
  return replace(
    place.text,
    line.start,
    line.end,
    `  if (${place.number} % 3 != 0) { hr_trace(${place.number}); ${statement} }`,
  );
}

function removeStatement(place: Place): string | undefined {
  const line = aStatement(place);
  return line && replace(place.text, line.start, line.end, "  ;");
}

function swapStatements(place: Place): string | undefined {
  const chosen = aFunction(place);
  const lines = chosen ? statementsOf(place.text, chosen) : [];
  const index = place.random.below(Math.max(1, lines.length - 1));
  const [first, second] = [lines[index], lines[index + 1]];
  if (!first || !second || second.start !== first.end + 1) return undefined;
  const { text } = place;
  return replace(
    text,
    first.start,
    second.end,
    `${text.slice(second.start, second.end)}\n${text.slice(first.start, first.end)}`,
  );
}

function atBody(place: Place, code: string): string | undefined {
  const chosen = aFunction(place);
  return chosen && insert(place.text, chosen.body, `\n  ${code}`);
}

const addCall: Mutation = (place) => atBody(place, `hr_trace(${place.number});`);

const addStatic: Mutation = (place) => {
  const name = `hr_s${place.number}`;
  return atBody(
    place,
    `static long ${name} = ${place.random.below(50)}; hr_state("${name}", &${name}); hr_trace(${name}++);`,
  );
};

/** What is put before a function, and what is put into it. */
function before(place: Place, definition: string, code: string): string | undefined {
  const chosen = place.random.pick(functionsOf(place.text).filter(({ top }) => top));
  if (!chosen) return undefined;
  return insert(insert(place.text, chosen.body, `\n  ${code}`), chosen.start, `${definition}\n\n`);
}

const addFunction: Mutation = (place) => {
  const name = `hr_f${place.number}`;
  const kind = place.random.pick(isCxx(place) ? ["static ", "inline ", ""] : ["static ", ""]) ?? "";
  const factor = 2 + place.random.below(7);
  return before(
    place,
    `${kind}long ${name}(long x) { return x * ${factor} + 1; }`,
    `hr_trace(${name}(${place.number}));`,
  );
};

const addGlobal: Mutation = (place) => {
  const name = `hr_g${place.number}`;
  const kind = place.random.pick(["static ", ""]) ?? "";
  const use = `hr_state("${name}", &${name}); ${name} += 3; hr_trace(${name});`;
  return before(place, `${kind}long ${name} = ${place.random.below(90)};`, use);
};

const addTable: Mutation = (place) => {
  const name = `hr_t${place.number}`;
  const table = `static const long ${name}[] = {${place.number}, 5, ${place.random.below(9)}};`;
  return before(place, table, `for (int hr_i = 0; hr_i < 3; hr_i++) hr_trace(${name}[hr_i]);`);
};

const addTemplate: Mutation = (place) => {
  if (!isCxx(place)) return undefined;
  const name = `hr_p${place.number}`;
  return before(
    place,
    `template <class T> T ${name}(T x) { return x + x; }`,
    `hr_trace(long(${name}(${place.number}.5)));`,
  );
};

const addClass: Mutation = (place) => {
  if (!isCxx(place)) return undefined;
  const name = `HrC${place.number}`;
  const definition = `struct ${name} { virtual ~${name}() {} virtual long get() const { return ${place.number}; } };`;
  return before(place, definition, `{ const ${name}& hr_c = ${name}(); hr_trace(hr_c.get()); }`);
};

const addLambda: Mutation = (place) => {
  if (!isCxx(place)) return undefined;
  const name = `hr_l${place.number}`;
  const captures = place.random.pick(["", `hr_v${place.number}`, "&"]) ?? "";
  const added = captures === "" ? "7" : `hr_v${place.number}`;
  const code = `long hr_v${place.number} = 3; auto ${name} = [${captures}](long x) { return x + ${added}; };`;
  return atBody(place, `${code} hr_trace(${name}(hr_v${place.number}));`);
};

const reorderFunctions: Mutation = ({ text, random }) => {
  const list = functionsOf(text).filter(({ top }) => top);
  const index = random.below(Math.max(1, list.length - 1));
  const [first, second] = [list[index], list[index + 1]];
  if (!first || !second) return undefined;
  const between = text.slice(first.end + 1, second.start);
  const [one, two] = [text.slice(first.start, first.end + 1), text.slice(second.start, second.end + 1)];
  return replace(text, first.start, second.end + 1, two + between + one);
};

/** One more parameter, with all callers in the file. */
const changeSignature: Mutation = ({ text, random, number }) => {
  const chosen = random.pick(functionsOf(text).filter(({ name, top }) => top && /^[a-z]\w*$/.test(name)));
  if (!chosen || chosen.name === "main" || /_(probe|state|start)$/.test(chosen.name)) return undefined;
  const code = masked(text);
  const call = new RegExp(`(?<![\\w:.>])${chosen.name}\\((\\s*void\\s*\\)|\\s*\\))?`, "g");
  let result = "";
  let last = 0;
  for (const match of code.matchAll(call)) {
    const defines = match.index >= chosen.start && match.index < chosen.body;
    const declares =
      !defines &&
      /^[\w*&\s]+\s[*&]?$/.test(code.slice(code.lastIndexOf("\n", match.index) + 1, match.index)) &&
      !/\breturn\b/.test(code.slice(code.lastIndexOf("\n", match.index) + 1, match.index));
    const argument = defines ? `long hr_a${number}` : declares ? "long" : String(number % 10);
    result += `${text.slice(last, match.index)}${chosen.name}(${argument}${match[1] === undefined ? ", " : ")"}`;
    last = match.index + match[0].length;
  }
  result += text.slice(last);
  const body = result.indexOf("{", chosen.header) + 1;
  return insert(result, body, `\n  hr_trace(hr_a${number});`);
};

const changeString: Mutation = (place) => {
  const chosen = aFunction(place);
  if (!chosen) return undefined;
  const code = masked(place.text);
  const strings = [...place.text.slice(chosen.body, chosen.end).matchAll(/"(?:\\.|[^"\\\n])*"/g)].filter(
    (match) =>
      code[chosen.body + match.index] === " " && !place.text.slice(chosen.body, chosen.end).includes("hr_state"),
  );
  const match = place.random.pick(strings);
  return match && insert(place.text, chosen.body + match.index + match[0].length - 1, "x");
};

const addMember: Mutation = ({ text, random, number }) => {
  const type = random.pick(typesOf(text));
  return type && insert(text, type.body, ` long hr_m${number};`);
};

const addMethod: Mutation = (place) => {
  const type = isCxx(place) ? place.random.pick(typesOf(place.text)) : undefined;
  const { number } = place;
  const added = [
    `static long hr_m${number}() { return 3; }`,
    `long hr_m${number}() const { return 4; }`,
    `using hr_u${number} = long;`,
  ];
  return type && insert(place.text, type.body, ` ${place.random.pick(added)}`);
};

const addComment: Mutation = ({ text, random, number }) => {
  const chosen = random.pick(functionsOf(text));
  return chosen && insert(text, chosen.start, `/* ${number} */\n`);
};

/** What a function returns that gives a number, or nothing; undefined for others. */
function aResult(place: Place, { start, body }: FunctionText): string | undefined {
  const header = place.text.slice(start, body);
  if (/^\s*(static |inline |extern "C" )*void /.test(header)) return "return;";
  const isNumber = /^\s*(static |inline )*(int|long|unsigned|bool|double|size_t) [^*&]*\(/.test(header);
  return isNumber ? `return ${place.random.below(9)};` : undefined;
}

const addReturn: Mutation = (place) => {
  const chosen = aFunction(place);
  const result = chosen && aResult(place, chosen);
  return chosen && result && insert(place.text, chosen.body, `\n  if (${place.number} % 2 == 0) ${result}`);
};

const empty: Mutation = (place) => {
  const chosen = aFunction(place);
  const result = chosen && aResult(place, chosen);
  return chosen && result && replace(place.text, chosen.body, chosen.end, `\n  hr_trace(1);\n  ${result}\n`);
};

/** Name -> how often, and what it does. Those of "layout" change the layout of a type. */
export const mutations: Readonly<
  Record<string, { readonly weight: number; readonly mutate: Mutation; readonly layout?: true }>
> = {
  constant: { weight: 14, mutate: (place) => changeNumber(place, "function") },
  "constant of the file": { weight: 4, mutate: (place) => changeNumber(place, "file") },
  operator: { weight: 14, mutate: changeOperator },
  condition: { weight: 6, mutate: negateCondition },
  branch: { weight: 4, mutate: addBranch },
  "early return": { weight: 3, mutate: addReturn },
  "statement removed": { weight: 4, mutate: removeStatement },
  "statements swapped": { weight: 3, mutate: swapStatements },
  call: { weight: 6, mutate: addCall },
  "function static": { weight: 5, mutate: addStatic },
  "new function": { weight: 5, mutate: addFunction },
  "new global": { weight: 4, mutate: addGlobal },
  "new table": { weight: 3, mutate: addTable },
  "new template": { weight: 2, mutate: addTemplate },
  "new class": { weight: 3, mutate: addClass },
  lambda: { weight: 4, mutate: addLambda },
  "functions reordered": { weight: 3, mutate: reorderFunctions },
  signature: { weight: 3, mutate: changeSignature },
  string: { weight: 4, mutate: changeString },
  method: { weight: 3, mutate: addMethod },
  comment: { weight: 3, mutate: addComment },
  emptied: { weight: 2, mutate: empty },
  member: { weight: 3, mutate: addMember, layout: true },
};

export function aMutation(random: Random): string {
  const all = Object.entries(mutations);
  let left = random.next() * all.reduce((sum, [, { weight }]) => sum + weight, 0);
  for (const [name, { weight }] of all) {
    left -= weight;
    if (left < 0) return name;
  }
  return "constant";
}
