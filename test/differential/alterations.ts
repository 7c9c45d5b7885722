// Edits that change, remove or move what is there.

import type { Place } from "./place.js";
import { aFunction, aMatch, aResult, aStatement, insert, type Mutation, replace } from "./place.js";
import { closing, type FunctionText, functionsOf, masked, statementsOf } from "./source_text.js";

export function changeNumber(place: Place, where: "function" | "file"): string | undefined {
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

export function changeOperator(place: Place): string | undefined {
  const match = aMatch(place, / (?:[-+*%<>]|[<>=!+-]=|&&|\|\||>>) |\+\+/g, "function");
  if (!match) return undefined;
  return replace(place.text, match.index, match.index + match[0].length, OPERATORS[match[0]] ?? match[0]);
}

export function negateCondition(place: Place): string | undefined {
  const match = aMatch(place, /\bif \(/g, "function");
  if (!match) return undefined;
  const code = masked(place.text);
  const open = match.index + match[0].length;
  const end = closing(code, open, "(", ")");
  if (end === undefined) return undefined;
  return replace(place.text, open, end, `!(${place.text.slice(open, end)})`);
}

export function addBranch(place: Place): string | undefined {
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

export function removeStatement(place: Place): string | undefined {
  const line = aStatement(place);
  return line && replace(place.text, line.start, line.end, "  ;");
}

export function swapStatements(place: Place): string | undefined {
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

export const reorderFunctions: Mutation = ({ text, random }) => {
  const list = functionsOf(text).filter(({ top }) => top);
  const index = random.below(Math.max(1, list.length - 1));
  const [first, second] = [list[index], list[index + 1]];
  if (!first || !second) return undefined;
  const between = text.slice(first.end + 1, second.start);
  const [one, two] = [text.slice(first.start, first.end + 1), text.slice(second.start, second.end + 1)];
  return replace(text, first.start, second.end + 1, two + between + one);
};

/** A parameter more for each time that the function is named in the text, where it is not named as a member of something. */
function withParameter(text: string, name: string, number: number, definition?: FunctionText): string {
  const code = masked(text);
  const call = new RegExp(`(?<![\\w:.>~])${name}\\((\\s*void\\s*\\)|\\s*\\))?`, "g");
  let result = "";
  let last = 0;
  for (const match of code.matchAll(call)) {
    const before = code.slice(code.lastIndexOf("\n", match.index) + 1, match.index);
    const defines = definition && match.index >= definition.start && match.index < definition.body;
    const declares = /^\s*\w[\w*&\s]*\s[*&]?$/.test(before) && !/\breturn\b/.test(before);
    const argument = defines ? `long hr_a${number}` : declares ? "long" : String(number % 10);
    result += `${text.slice(last, match.index)}${name}(${argument}${match[1] === undefined ? ", " : ")"}`;
    last = match.index + match[0].length;
  }
  result += text.slice(last);
  if (!definition) return result;
  return insert(result, result.indexOf("{", definition.header) + 1, `\n  hr_trace(hr_a${number});`);
}

/** One more parameter, with all callers in all files. */
export const changeSignature: Mutation = ({ file, text, random, number, others }) => {
  const chosen = random.pick(functionsOf(text).filter(({ name, top }) => top && /^[a-z]\w*$/.test(name)));
  if (!chosen || chosen.name === "main" || /_(probe|state|start)$/.test(chosen.name)) return undefined;
  const isStatic = /\bstatic\b/.test(text.slice(chosen.start, chosen.body));
  const changed = new Map([[file, withParameter(text, chosen.name, number, chosen)]]);
  for (const [name, other] of isStatic ? [] : others) {
    const made = withParameter(other, chosen.name, number);
    if (made !== other) changed.set(name, made);
  }
  return changed;
};

/** Static, or static no longer. */
export const changeLinkage: Mutation = ({ text, random }) => {
  const chosen = random.pick(functionsOf(text).filter(({ top, name }) => top && /^[a-z]\w*$/.test(name)));
  if (!chosen || /_(probe|state|start)$/.test(chosen.name)) return undefined;
  const header = text.slice(chosen.start, chosen.body);
  if (/^static /.test(header)) return replace(text, chosen.start, chosen.start + "static ".length, "");
  if (/^(template|inline|extern|class|struct|\/)|::/.test(header)) return undefined;
  return insert(text, chosen.start, "static ");
};

/** A static variable that an earlier edit brought gets another name. */
export const renameStatic: Mutation = ({ text, random, number }) => {
  const names = new Set([...masked(text).matchAll(/\bhr_s\d+(_\d+)?\b/g)].map(([name]) => name));
  const name = random.pick([...names]);
  // Its name in the state stays: a value that is lost is a difference.
  return name && text.replaceAll(new RegExp(`(?<!")\\b${name}\\b`, "g"), `${name.replace(/(?<=\d)_.*/, "")}_${number}`);
};

export const changeString: Mutation = (place) => {
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

export const addReturn: Mutation = (place) => {
  const chosen = aFunction(place);
  const result = chosen && aResult(place, chosen);
  return chosen && result && insert(place.text, chosen.body, `\n  if (${place.number} % 2 == 0) ${result}`);
};

export const empty: Mutation = (place) => {
  const chosen = aFunction(place);
  const result = chosen && aResult(place, chosen);
  return chosen && result && replace(place.text, chosen.body, chosen.end, `\n  hr_trace(1);\n  ${result}\n`);
};
