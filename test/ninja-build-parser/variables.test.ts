// Escapes, scopes, and when a variable is evaluated.
import assert from "node:assert/strict";
import { suite } from "uvu";
import { copyRule, parse, reject } from "./manifests.js";

const test = suite("variables");

test("escapes give the characters that they stand for", () => {
  const { variables, edges } = parse(
    `v = $$x$ y$:z\nw = a$\n   b\nname = n\nu = \${name}1$name.2\n${copyRule}build a$ b$:c: copy $\n    d$$e\n`,
  );
  assert.equal(variables.get("v"), "$x y:z");
  assert.equal(variables.get("w"), "ab");
  assert.equal(variables.get("u"), "n1n.2");
  assert.deepEqual(edges[0]?.outputs, ["a b:c"]);
  assert.deepEqual(edges[0]?.inputs, ["d$e"]);
});

test("a dot belongs to a name in braces only", () => {
  const { variables } = parse(`a.b = 1\na = 2\nx = \${a.b}\ny = $a.b\n`);
  assert.equal(variables.get("x"), "1");
  assert.equal(variables.get("y"), "2.b");
});

test("spaces before a value are dropped, those behind it are kept", () => {
  assert.equal(parse("x =   a \n").variables.get("x"), "a ");
});

test("a variable of a file is evaluated where it stands", () => {
  const { variables } = parse("x = 1\ny = $x\nx = 2\nz = $missing.\n");
  assert.equal(variables.get("y"), "1");
  assert.equal(variables.get("z"), ".");
});

test("a rule is evaluated for each edge, with the values at the end of the file", () => {
  const { edges } = parse("x = early\nrule r\n  command = $x $y\nbuild a: r\n  y = $x\nbuild b: r\nx = late\n");
  assert.equal(edges[0]?.get("command"), "late early");
  assert.equal(edges[1]?.get("command"), "late ");
});

test("the variables of an edge do not see each other, and hide those of the rule and of the file", () => {
  const { edges } = parse(
    "x = file\nrule r\n  command = $x\n  description = rule $out\nbuild a: r\n  x = edge\n  z = $x\nbuild b: r\n  description = own\n",
  );
  assert.equal(edges[0]?.get("command"), "edge");
  assert.equal(edges[0]?.get("z"), "file");
  assert.equal(edges[0]?.get("description"), "rule a");
  assert.equal(edges[1]?.get("description"), "own");
});

test("without variables of its own, an edge lets those of its file come before its rule", () => {
  const text = "description = file\nrule r\n  command = x\n  description = rule\nbuild a: r\nbuild b: r\n  y = 1\n";
  const { edges } = parse(text);
  assert.equal(edges[0]?.get("description"), "file");
  assert.equal(edges[1]?.get("description"), "rule");
});

test("the paths of an edge see its variables", () => {
  const { edges } = parse(`${copyRule}build $dir/a: copy $dir/b\n  dir = x\n`);
  assert.deepEqual(edges[0]?.outputs, ["x/a"]);
  assert.deepEqual(edges[0]?.inputs, ["x/b"]);
});

test("$in and $out are the explicit files, quoted for the shell where it needs that", () => {
  const rule =
    "rule r\n  command = $in > $out ($in_newline)\n  depfile = $out.d\n  rspfile = $out.rsp\n  rspfile_content = $in\n";
  const { edges } = parse(`${rule}build o$ 1 | p: r a it's | b || c\n`);
  assert.equal(edges[0]?.get("command"), "a 'it'\\''s' > 'o 1' (a\n'it'\\''s')");
  assert.equal(edges[0]?.get("depfile"), "o 1.d");
  assert.equal(edges[0]?.get("rspfile"), "o 1.rsp");
});

test("a rule's bindings may refer to each other, but not in a circle", () => {
  const { edges } = parse(
    "rule r\n  command = $depfile $depfile $rspfile\n  depfile = d\n  rspfile = x\n  rspfile_content = y\nbuild a: r\n",
  );
  assert.equal(edges[0]?.get("command"), "d d x");
  const circle = parse("rule r\n  command = $description\n  description = $command\nbuild a: r\n").edges[0];
  assert.throws(() => circle?.get("command"), /cycle in rule variables: command -> description -> command/);
});

test("an included file shares the scope of the file that includes it", () => {
  const { edges, variables } = parse("x = 1\ninclude a.ninja\nbuild o: r $y\n", {
    "a.ninja": "rule r\n  command = c\ny = $x$x\nx = 2\n",
  });
  assert.deepEqual(edges[0]?.inputs, ["11"]);
  assert.equal(variables.get("x"), "2");
});

test("a subninja file has its own scope, and sees the one around it", () => {
  const { edges, variables, rules } = parse("x = outer\nrule r\n  command = $x\nsubninja a.ninja\nbuild o: r\n", {
    "a.ninja": "y = $x\nx = inner\nrule r\n  command = own $y $x\nbuild p: r\nbuild q: phony\n",
  });
  assert.deepEqual(
    edges.map((edge) => edge.get("command")),
    ["own outer inner", "", "outer"],
  );
  assert.equal(edges[0]?.file, "/build/a.ninja");
  assert.equal(variables.has("y"), false);
  assert.deepEqual([...rules.keys()], ["phony", "r"]);
});

test("a rule of a subninja file is not known outside", () => {
  const error = reject("subninja a.ninja\nbuild o: r\n", { "a.ninja": "rule r\n  command = c\n" });
  assert.equal(error.message, "unknown build rule 'r'");
});

test.run();
