// Scenarios A: code is changed, and the running program executes the new code.

import assert from "node:assert/strict";
import { bothShow } from "./both_modules.js";
import { symbolsOf } from "./module_symbols.js";
import { newCodeScenarios } from "./new_code_scenarios.js";
import { runScenarios, type Scenario } from "./scenario_suite.js";

const freeFunctions: Scenario = {
  row: "A1",
  name: 'a free function, an extern "C" function and a C function do what was saved',
  async run(program) {
    await bothShow(program, { "A1.free": "1", "A1.same_file": "10", "A1.extern": "2", "A1.c": "3" });
    program.edit("a1.cc", "return x + 1;", "return x + 100;");
    await program.hot(/\ba1_free\b/);
    await bothShow(program, { "A1.free": "100", "A1.same_file": "1000", "A1.extern": "2" });
    program.edit("a1.cc", "return x + 2;", "return x * x + 200;");
    const hot = await program.hot(/\ba1_extern\b/);
    assert.equal(hot.functions.length, 1, "one function changed");
    await bothShow(program, { "A1.extern": "200", "A1.free": "100" });
    program.edit("a1_c.c", "return x + 3;", "int more = 300;\n  return x + more;");
    await program.hot(/\ba1_c\b/);
    await bothShow(program, { "A1.c": "300", "A1.free": "100", "A1.extern": "200" });
  },
};

const localFunctions: Scenario = {
  row: "A2",
  name: "static functions and functions of an anonymous namespace do what was saved",
  async run(program) {
    await bothShow(program, {
      "A2.static": "6",
      "A2.static_called": "30",
      "A2.anonymous": "8",
      "A2.anonymous_called": "120",
      "A2.anonymous_member": "10",
    });
    program.edit("a2.cc", "return x + 1;", "return x + 100;");
    await program.hot();
    await bothShow(program, { "A2.static": "105", "A2.static_called": "30" });
    program.edit("a2.cc", "sum += i * 2;", "sum += i * 2 + 1;");
    await program.hot(/a2_static_called/);
    await bothShow(program, { "A2.static_called": "36", "A2.static": "105" });
    program.edit("a2.cc", "return x + 3;", "return x + 300;");
    await program.hot();
    await bothShow(program, { "A2.anonymous": "305", "A2.anonymous_called": "120" });
    program.edit("a2.cc", "product *= i;", "product *= i + 1;");
    await program.hot(/a2_anonymous_called/);
    await bothShow(program, { "A2.anonymous_called": "720", "A2.anonymous": "305" });
    program.edit("a2.cc", "return value * 2;", "return value * 20;");
    await program.hot(/twice|run_a2/); // gcc may have made a clone of it for its only caller
    await bothShow(program, { "A2.anonymous_member": "100" });
  },
};

const members: Scenario = {
  row: "A3",
  name: "a member, a static member, an operator, a constructor and a destructor do what was saved",
  async run(program) {
    await bothShow(program, {
      "A3.object": "11",
      "A3.member": "110",
      "A3.static_member": "1",
      "A3.operator": "23",
      "A3.constructor": "101",
      "A3.destructor": "1",
    });
    program.edit("a3.cc", "return mass_ * gravity;", "return mass_ * gravity + 5;");
    await program.hot(/A3Body::weight/);
    await bothShow(program, { "A3.member": "115" });
    program.edit("a3.cc", "return from + 1;", "return from + 7;");
    await program.hot(/A3Body::count_up/);
    await bothShow(program, { "A3.static_member": "7" });
    program.edit("a3.cc", "mass_ + other.mass_", "mass_ * other.mass_");
    await program.hot(/A3Body::operator\+/);
    await bothShow(program, { "A3.operator": "122" });
    program.edit("a3.cc", "mass_(mass + 1)", "mass_(mass + 2)");
    await program.hot(/A3Body::A3Body/);
    // The old object is what its own constructor made of it.
    await bothShow(program, { "A3.constructor": "102", "A3.operator": "123", "A3.object": "11", "A3.member": "115" });
    program.edit("a3.cc", "a3_destroyed += 1;", "a3_destroyed += 10;");
    await program.hot(/A3Body::~A3Body/);
    await bothShow(program, { "A3.destructor": "10" });
  },
};

const virtualFunctions: Scenario = {
  row: "A4",
  name: "a virtual function changes for the objects that exist and for new ones",
  async run(program) {
    await bothShow(program, { "A4.old": "11_square", "A4.new": "11_square", "A4.direct": "11", "A4.cast": "1" });
    program.edit("a4.cc", "return 4 + side;", "return 40 + side;");
    await program.hot(/A4Square::corners/);
    await bothShow(program, { "A4.old": "47_square", "A4.new": "47_square", "A4.direct": "47", "A4.base": "0" });
    program.edit("a4.cc", 'return "square";', 'return side == 7 ? "tetragon" : "square";');
    await program.hot(/A4Square::name/);
    await bothShow(program, { "A4.old": "47_tetragon", "A4.new": "47_tetragon" });
    program.edit("a4.cc", "return 0;", "return 1;");
    await program.hot(/A4Shape::corners/);
    await bothShow(program, { "A4.base": "1", "A4.old": "47_tetragon" });
    program.edit("a4.cc", "a4_destroyed += 1;", "a4_destroyed += 3;");
    await program.hot(/A4Square::~A4Square/);
    await bothShow(program, { "A4.destroyed": "3", "A4.cast": "1" });
    program.edit("a4.cc", "return new A4Square;", "A4Square *made = new A4Square;\n  made->side = 8;\n  return made;");
    await program.hot(/a4_make/);
    await bothShow(program, { "A4.new": "48_square", "A4.old": "47_tetragon", "A4.cast": "1" });
  },
};

const constants: Scenario = {
  row: "A7",
  name: "a macro, an enum value and a constexpr of a header change for all users",
  async run(program) {
    await bothShow(program, { "A7.one": "5_2_7_49", "A7.two": "502", "A7.static": "49520", "A7.shared": "7502" });
    program.edit("a7.h", "#define A7_MACRO 5", "#define A7_MACRO 6");
    await program.hot(/run_a7/, /a7_two/, /a7_static/, /a7_shared/);
    await bothShow(program, { "A7.one": "6_2_7_49", "A7.two": "602", "A7.static": "49620", "A7.shared": "7602" });
    program.edit("a7.h", "A7_GREEN = 2", "A7_GREEN = 3");
    await program.hot();
    await bothShow(program, { "A7.one": "6_3_7_49", "A7.two": "603", "A7.static": "49630", "A7.shared": "7603" });
    program.edit("a7.h", "a7_constexpr = 7", "a7_constexpr = 9");
    await program.hot();
    await bothShow(program, { "A7.one": "6_3_9_81", "A7.two": "603", "A7.static": "81630", "A7.shared": "9603" });
    program.edit("a7.h", "return x * x;", "return x * x + 1;");
    await program.hot();
    await bothShow(program, { "A7.one": "6_3_9_82", "A7.static": "82630", "A7.shared": "9603" });
  },
};

const allEqual = {
  "A12.global": "equal",
  "A12.taken_global": "equal",
  "A12.taken_static": "equal",
  "A12.shared_there": "equal",
  "A12.compared_there": "equal",
};

const functionPointers: Scenario = {
  row: "A12",
  name: "a function pointer is equal to the one taken before, wherever either was taken",
  async run(program) {
    await bothShow(program, {
      ...allEqual,
      "A12.calls": "1_1_2_3",
      "A12.taken_shared": "none",
      "A12.taken_library": "none",
    });
    // The functions pointed to are replaced: pointers held by old code call the new ones.
    program.edit("a12.cc", "return x + 1;", "return x + 10;");
    await program.hot(/a12_global/);
    await bothShow(program, { ...allEqual, "A12.calls": "10_10_2_3" });
    program.edit("a12.cc", "return x + 2;", "return x + 20;");
    await program.hot(/a12_static/);
    await bothShow(program, { ...allEqual, "A12.calls": "10_10_20_3" });
    program.edit("a12_shared.cc", "return x + 3;", "return x + 30;");
    await program.hot(/a12_shared/);
    await bothShow(program, { ...allEqual, "A12.calls": "10_10_20_30" });
    // New code takes the pointers itself.
    program.edit(
      "a12.cc",
      "{ return &a12_global; }",
      "{\n  a12_function volatile taken = &a12_global;\n  return taken;\n}",
    );
    await program.hot(/a12_take_global/);
    program.edit(
      "a12.cc",
      "{ return &a12_static; }",
      "{\n  a12_function volatile taken = &a12_static;\n  return taken;\n}",
    );
    await program.hot(/a12_take_static/);
    program.edit("a12.cc", "return function == &a12_global;", "return !(function != &a12_global);");
    await program.hotOrUnchanged(); // the compiler may make the same code of it
    await bothShow(program, { ...allEqual, "A12.calls": "10_10_20_30" });
    program.edit("a12.cc", "a12_take_shared() { return nullptr; }", "a12_take_shared() { return &a12_shared; }");
    await program.hot(/a12_take_shared/);
    await bothShow(program, { ...allEqual, "A12.taken_shared": "equal" });
    program.edit("a12.cc", "a12_take_library() { return nullptr; }", "a12_take_library() { return &abs; }");
    await program.hot(/a12_take_library/);
    await bothShow(program, { ...allEqual, "A12.taken_library": "equal" });
    // A function that a patch brought is the same function in the next patch.
    program.edit(
      "a12.cc",
      "a12_function a12_take_added() { return nullptr; }",
      "int a12_added(int x) { return x + 4; }\n\na12_function a12_take_added() { return &a12_added; }",
    );
    await program.hot(/a12_take_added/);
    await bothShow(program, { ...allEqual, "A12.added": "equal", "A12.call_added": "4" });
    program.edit("a12.cc", "return x + 4;", "return x + 40;");
    await program.hot(/a12_added/);
    await bothShow(program, { ...allEqual, "A12.added": "equal", "A12.call_added": "40" });
    program.edit(
      "a12.cc",
      "{ return &a12_added; }",
      "{\n  a12_function volatile taken = &a12_added;\n  return taken;\n}",
    );
    await program.hot(/a12_take_added/);
    await bothShow(program, { ...allEqual, "A12.added": "equal", "A12.call_added": "40", "A12.calls": "10_10_20_30" });
  },
};

const emptyFunctions: Scenario = {
  row: "A16",
  name: "an empty function is given a body, a large one is emptied, and back",
  async run(program, { name }) {
    const [, size = ""] = /^\S+ (\S+) T a16_empty$/m.exec(symbolsOf(program, "code")) ?? [];
    assert.ok(name.endsWith("-O0") || Number.parseInt(size, 16) < 5, `it has room for no jump: ${size} bytes`);
    await bothShow(program, { "A16.empty": "0", "A16.large": "worked" });
    program.edit("a16.c", "#define A16_EMPTY 1", "#define A16_EMPTY 0");
    await program.hot(/a16_empty/);
    await bothShow(program, { "A16.empty": "45", "A16.large": "worked" });
    program.edit("a16.c", "#define A16_LARGE 1", "#define A16_LARGE 0");
    await program.hot(/a16_large/);
    await bothShow(program, { "A16.empty": "45", "A16.large": "untouched" });
    program.edit("a16.c", "#define A16_LARGE 0", "#define A16_LARGE 1");
    await program.hot(/a16_large/);
    await bothShow(program, { "A16.empty": "45", "A16.large": "worked" });
    program.edit("a16.c", "#define A16_EMPTY 0", "#define A16_EMPTY 1");
    await program.hot(/a16_empty/);
    await bothShow(program, { "A16.empty": "0", "A16.large": "worked" });
  },
};

const copies: Scenario = {
  row: "A18",
  name: "an inline function is used no more by one of its files, and used again while another one changes",
  async run(program) {
    await bothShow(program, { "A18.copies": "11_21" });
    program.edit("a18_two.cc", "#define LEAST 1", "#define LEAST 2");
    await program.hot(/a18_two/);
    await bothShow(program, { "A18.copies": "11_20" });
    // The linker keeps one copy for both: that of the file where the function is as it was.
    program.edit("a18_copies.h", "#define A18_USES 1", "#define A18_USES 2");
    await program.hot(/a18_two/, /run_a18/);
    await bothShow(program, { "A18.copies": "21_42" });
    program.edit("a18_copies.h", "return x + 1;", "return x + 2;");
    await program.hot(/a18_copied/);
    await bothShow(program, { "A18.copies": "22_44" });
  },
};

runScenarios(
  "code",
  "code",
  [
    freeFunctions,
    localFunctions,
    members,
    virtualFunctions,
    constants,
    functionPointers,
    emptyFunctions,
    ...newCodeScenarios,
    copies,
  ],
  { inBoth: true },
);
