// Edits that add something: functions, variables, types, lambdas, calls.

import { atBody, before, insert, isCxx, type Mutation } from "./place.js";
import { functionsOf, typesOf } from "./source_text.js";

export const addCall: Mutation = (place) => atBody(place, `hr_trace(${place.number});`);

export const addStatic: Mutation = (place) => {
  const name = `hr_s${place.number}`;
  return atBody(
    place,
    `static long ${name} = ${place.random.below(50)}; hr_state("${name}", &${name}); hr_trace(${name}++);`,
  );
};

export const addFunction: Mutation = (place) => {
  const name = `hr_f${place.number}`;
  const kind = place.random.pick(isCxx(place) ? ["static ", "inline ", ""] : ["static ", ""]) ?? "";
  const factor = 2 + place.random.below(7);
  return before(
    place,
    `${kind}long ${name}(long x) { return x * ${factor} + 1; }`,
    `hr_trace(${name}(${place.number}));`,
  );
};

export const addGlobal: Mutation = (place) => {
  const name = `hr_g${place.number}`;
  const kind = place.random.pick(["static ", ""]) ?? "";
  const use = `hr_state("${name}", &${name}); ${name} += 3; hr_trace(${name});`;
  return before(place, `${kind}long ${name} = ${place.random.below(90)};`, use);
};

export const addTable: Mutation = (place) => {
  const name = `hr_t${place.number}`;
  const table = `static const long ${name}[] = {${place.number}, 5, ${place.random.below(9)}};`;
  return before(place, table, `for (int hr_i = 0; hr_i < 3; hr_i++) hr_trace(${name}[hr_i]);`);
};

export const addTemplate: Mutation = (place) => {
  if (!isCxx(place)) return undefined;
  const name = `hr_p${place.number}`;
  return before(
    place,
    `template <class T> T ${name}(T x) { return x + x; }`,
    `hr_trace(long(${name}(${place.number}.5)));`,
  );
};

export const addClass: Mutation = (place) => {
  if (!isCxx(place)) return undefined;
  const name = `HrC${place.number}`;
  const definition = `struct ${name} { virtual ~${name}() {} virtual long get() const { return ${place.number}; } };`;
  return before(place, definition, `{ const ${name}& hr_c = ${name}(); hr_trace(hr_c.get()); }`);
};

export const addLambda: Mutation = (place) => {
  if (!isCxx(place)) return undefined;
  const name = `hr_l${place.number}`;
  const captures = place.random.pick(["", `hr_v${place.number}`, "&"]) ?? "";
  const added = captures === "" ? "7" : `hr_v${place.number}`;
  const code = `long hr_v${place.number} = 3; auto ${name} = [${captures}](long x) { return x + ${added}; };`;
  return atBody(place, `${code} hr_trace(${name}(hr_v${place.number}));`);
};

export const addMember: Mutation = ({ text, random, number }) => {
  const type = random.pick(typesOf(text));
  return type && insert(text, type.body, ` long hr_m${number};`);
};

export const addMethod: Mutation = (place) => {
  const type = isCxx(place) ? place.random.pick(typesOf(place.text)) : undefined;
  const { number } = place;
  const added = [
    `static long hr_m${number}() { return 3; }`,
    `long hr_m${number}() const { return 4; }`,
    `using hr_u${number} = long;`,
  ];
  return type && insert(place.text, type.body, ` ${place.random.pick(added)}`);
};

export const addComment: Mutation = ({ text, random, number }) => {
  const chosen = random.pick(functionsOf(text));
  return chosen && insert(text, chosen.start, `/* ${number} */\n`);
};

/** It is written before it is read: its value is nobody's state. */
export const addThreadLocal: Mutation = (place) => {
  const name = `hr_n${place.number}`;
  const storage = isCxx(place) ? "thread_local" : "_Thread_local";
  return before(
    place,
    `static ${storage} long ${name} = 4;`,
    `${name} = ${place.number} % 100; ${name} += 2; hr_trace(${name});`,
  );
};

/** A jump table. */
export const addSwitch: Mutation = (place) => {
  const cases = Array.from({ length: 7 }, (_, i) => `case ${i}: hr_trace(${place.random.below(1000)}); break;`);
  return atBody(place, `switch (hr_chosen(${place.number}) % 9) { ${cases.join(" ")} default: hr_trace(-1); }`);
};

export const addException: Mutation = (place) => {
  if (!isCxx(place)) return undefined;
  const thrown = `if (hr_chosen(${place.number}) % 2 == 0) throw ${place.number}L; throw "x";`;
  return atBody(place, `try { ${thrown} } catch (long hr_e) { hr_trace(hr_e); } catch (...) { hr_trace(-2); }`);
};

/** A closure, or a pointer to the code of a lambda, that lives on while the function is edited further. */
export const addKeptLambda: Mutation = (place) => {
  if (!isCxx(place)) return undefined;
  const { number, random } = place;
  const name = `hr_k${number}`;
  const factor = 2 + random.below(5);
  // Lines of their own, without our prefix: other edits may change them.
  const closure = random.pick([
    `static long (*const ${name})(long) = [](long x) {\n    return x * ${factor};\n  };`,
    `static const auto ${name} = [hr_c = ${number}L](long x) {\n    x = x * ${factor};\n    return x + hr_c;\n  };`,
  ]);
  return atBody(place, `${closure}\n  hr_trace(${name}(hr_chosen(3)));`);
};

function constructed(name: string, number: number): string {
  return `struct ${name} { long hr_v; ${name}(long x) : hr_v(hr_chosen(x) + ${number % 10}) {} ~${name}() { hr_v = 0; } };`;
}

/** With a guard, and a destructor to run at exit. */
export const addConstructedStatic: Mutation = (place) => {
  const { number } = place;
  if (!isCxx(place)) return undefined;
  const use = `static HrO${number} hr_o${number}(${number % 50}); hr_state("hr_o${number}", &hr_o${number}.hr_v); hr_trace(hr_o${number}.hr_v++);`;
  return before(place, constructed(`HrO${number}`, number), use);
};

export const addConstructedGlobal: Mutation = (place) => {
  const { number } = place;
  if (!isCxx(place)) return undefined;
  const use = `hr_state("hr_b${number}", &hr_b${number}.hr_v); hr_trace(hr_b${number}.hr_v++);`;
  return before(
    place,
    `${constructed(`HrB${number}`, number)}\nstatic HrB${number} hr_b${number}(${number % 50});`,
    use,
  );
};

export const addVirtual: Mutation = (place) => {
  const type = isCxx(place) ? place.random.pick(typesOf(place.text)) : undefined;
  return type && insert(place.text, type.body, ` virtual long hr_w${place.number}() const { return 4; }`);
};
