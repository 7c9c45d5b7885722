// Scenarios D: a build graph that moves while the program runs, and code in every kind of library.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import type { Program } from "./program.js";
import { runScenarios, type Scenario } from "./scenario_suite.js";

/** Several files in one go, as a checkout writes them; null removes one. */
function saveAll(program: Program, files: Readonly<Record<string, string | null>>): void {
  program.server.forgetVerdicts();
  for (const [name, text] of Object.entries(files)) {
    if (text === null) program.workspace.remove(name);
    else program.workspace.write(name, text);
  }
}

/** The text of a file with the one place where `from` occurs replaced. */
function edited(program: Program, name: string, from: string, to: string): string {
  const text = program.workspace.read(name);
  assert.equal(text.split(from).length, 2, `${from} occurs once in ${name}`);
  return text.replace(from, to);
}

const newFile: Scenario = {
  row: "D2",
  name: "a file that is new in CMakeLists.txt is called, and edited afterwards",
  async run(program) {
    await program.shows({ D2: "21" });
    saveAll(program, {
      "d2_new.cc": "int d2_new(int x) { return x + 200; }\n",
      "d2.cc": "int d2_new(int x);\n\nint d2(int x) { return d2_new(x) + 20; }\n",
      "CMakeLists.txt": edited(program, "CMakeLists.txt", "  d2.cc\n", "  d2.cc d2_new.cc\n"),
    });
    await program.hot(/d2/);
    await program.shows({ D2: "221" });
    program.edit("d2_new.cc", "x + 200", "x + 300");
    await program.hot(/d2_new/);
    await program.shows({ D2: "321" });
  },
};

const missingFile: Scenario = {
  row: "D2",
  name: "a file that CMakeLists.txt names before it exists is an error in CMake's words, and other saves go on",
  async run(program) {
    const lists = edited(program, "CMakeLists.txt", "STATIC d2_static.cc", "STATIC d2_static.cc d2_library.cc");
    program.save("CMakeLists.txt", lists);
    const error = await program.configureFailed();
    assert.match(error.detail ?? "", /Cannot find source file:\s+d2_library\.cc/);
    await program.goesOn();
    program.edit("d2_static.cc", "x + 25", "x + 26");
    await program.hot(/d2_static/);
    await program.shows({ "D2.static": "27" });
    // Once it is there, nothing else needs to be saved.
    program.save("d2_library.cc", "int d2_library(int x) { return x + 500; }\n");
    await program.hotOrUnchanged();
    program.save("d2_static.cc", "int d2_library(int x);\n\nint d2_static(int x) { return d2_library(x); }\n");
    await program.hot(/d2_static/);
    await program.shows({ "D2.static": "501" });
    program.edit("d2_library.cc", "x + 500", "x + 600");
    await program.hot(/d2_library/);
    await program.shows({ "D2.static": "601" });
  },
};

const brokenLists: Scenario = {
  row: "D2",
  name: "an error in CMakeLists.txt keeps the old graph, and its repair the new one",
  async run(program) {
    const text = program.workspace.read("CMakeLists.txt");
    const before = Number(program.log.value("D2"));
    program.save("CMakeLists.txt", `${text}\nmessage(FATAL_ERROR "out of order")\n`);
    const error = await program.configureFailed();
    assert.match(error.detail ?? "", /CMakeLists\.txt:\d+ \(message\):\s+out of order/);
    program.edit("d2.cc", "return d2_new(x)", "return 1000 + d2_new(x)");
    await program.hot(/d2/);
    await program.shows({ D2: String(before + 1000) });
    program.save("CMakeLists.txt", text);
    await program.unchanged();
    program.edit("d2.cc", "return 1000 + d2_new(x)", "return 2000 + d2_new(x)");
    await program.hot(/d2/);
    await program.shows({ D2: String(before + 2000) });
  },
};

const globbed: Scenario = {
  row: "D2",
  name: "a file that appears under a CONFIGURE_DEPENDS glob belongs to the program, and may go again",
  async run(program) {
    await program.shows({ "D2.glob": "71" });
    program.save("plugins/second.cc", "int plugin_second(int x) { return x + 700; }\n");
    await program.hotOrUnchanged();
    program.save(
      "plugins/first.cc",
      "int plugin_second(int x);\n\nint plugin_first(int x) { return plugin_second(x); }\n",
    );
    await program.hot(/plugin_first/);
    await program.shows({ "D2.glob": "701" });
    program.edit("plugins/second.cc", "x + 700", "x + 800");
    await program.hot(/plugin_second/);
    await program.shows({ "D2.glob": "801" });
    saveAll(program, {
      "plugins/second.cc": null,
      "plugins/first.cc": "int plugin_first(int x) { return x + 75; }\n",
    });
    await program.hot(/plugin_first/);
    await program.shows({ "D2.glob": "76" });
  },
};

const globbedDirectory: Scenario = {
  row: "D2",
  name: "a file that appears where only a glob looks, or in a directory that is new there, belongs to the program",
  async run(program) {
    await program.shows({ "D2.glob": "76" });
    program.save("more/third.cc", "int plugin_third(int x) { return x + 7000; }\n");
    await program.hotOrUnchanged();
    program.save(
      "more/deep/fourth.cc",
      "int plugin_third(int);\nint plugin_fourth(int x) { return plugin_third(x) + 1; }\n",
    );
    await program.hotOrUnchanged();
    program.save(
      "plugins/first.cc",
      "int plugin_fourth(int x);\n\nint plugin_first(int x) { return plugin_fourth(x); }\n",
    );
    await program.hot(/plugin_first/);
    await program.shows({ "D2.glob": "7002" });
    program.edit("more/deep/fourth.cc", "(x) + 1;", "(x) + 2;");
    await program.hot(/plugin_fourth/);
    await program.shows({ "D2.glob": "7003" });
    saveAll(program, {
      "more/third.cc": null,
      "more/deep/fourth.cc": null,
      "plugins/first.cc": "int plugin_first(int x) { return x + 75; }\n",
    });
    await program.hot(/plugin_first/);
    await program.shows({ "D2.glob": "76" });
  },
};

const constructing: Scenario = {
  row: "D2",
  name: "globals of a file that is new are constructed with the save that brings it, once, also if nothing calls the file",
  async run(program) {
    await program.shows({ "D2.glob": "76" });
    const first = "int plugin_registered = 0;\nvoid plugin_register(int by) { plugin_registered += by; }\n";
    program.save("plugins/first.cc", `${first}int plugin_first(int x) { return x + plugin_registered; }\n`);
    await program.hot(/plugin_first/);
    await program.shows({ "D2.glob": "1" });
    const made = `#include <string>
void plugin_register(int);
int constructions = 0;
struct Made {
  explicit Made(int by) : text("a text that is too long to be kept in the string itself"), size(int(text.size()) + by) {
    constructions++;
    plugin_register(100);
  }
  std::string text;
  int size;
};
static Made first(1);
Made second(2);
int plugin_made() { return first.size + second.size + constructions * 10000; }
`;
    program.save("plugins/made.cc", made);
    await program.hot();
    await program.shows({ "D2.glob": "201" });
    program.save(
      "plugins/first.cc",
      `${first}int plugin_made();\nint plugin_first(int x) { return x + plugin_registered + plugin_made(); }\n`,
    );
    await program.hot(/plugin_first/);
    const value = 1 + 200 + 2 * 55 + 3;
    await program.shows({ "D2.glob": String(value + 20_000) });
    program.edit("plugins/made.cc", "constructions * 10000", "constructions * 20000");
    await program.hot(/plugin_made/);
    await program.shows({ "D2.glob": String(value + 40_000) });
    // One more in the file that has some by now, and a file whose constructors and caller come in one save with CMakeLists.txt.
    program.edit(
      "plugins/made.cc",
      "int plugin_made() { return ",
      "Made third(3);\nint plugin_made() { return third.size + ",
    );
    await program.hot(/plugin_made/);
    await program.shows({ "D2.glob": String(value + 58 + 100 + 60_000) });
    const before = program.log.value("D2");
    saveAll(program, {
      "d2_made.cc": "int d2_begun() { static int n = 40; return ++n; }\nint d2_made = d2_begun();\n",
      "d2.cc": "extern int d2_made;\n\nint d2(int x) { return x + d2_made; }\n",
      "CMakeLists.txt": edited(program, "CMakeLists.txt", " d2_new.cc\n", " d2_new.cc d2_made.cc\n"),
    });
    await program.hot(/d2/);
    await program.shows({ D2: "42" });
    assert.notEqual(before, "42");
    saveAll(program, { "plugins/made.cc": null, "plugins/first.cc": "int plugin_first(int x) { return x + 75; }\n" });
    await program.hot(/plugin_first/);
    await program.shows({ "D2.glob": "76" });
  },
};

const removed: Scenario = {
  row: "D3",
  name: "a file is removed together with the call of what it held",
  async run(program) {
    await program.shows({ D3: "32" });
    const text = program.workspace.read("d3_removed.cc");
    saveAll(program, {
      "d3.cc": edited(program, "d3.cc", "return d3_removed(x) + 1;", "return x + 1;"),
      "d3_removed.cc": null,
      "CMakeLists.txt": edited(program, "CMakeLists.txt", " d3_removed.cc", ""),
    });
    await program.hot(/d3/);
    await program.shows({ D3: "2" });
    // What is gone cannot be called, although the process still has its code.
    program.edit("d3.cc", "return x + 1;", "return d3_removed(x) + 2;");
    const refused = await program.restartNeeded();
    assert.match(
      refused.reasons.map(({ message }) => message).join("\n"),
      /^d3_removed is not defined any more: .*d3_removed\.cc/,
    );
    await program.goesOn();
    await program.shows({ D3: "2" });
    saveAll(program, {
      "d3_removed.cc": text.replace("x + 30", "x + 130"),
      "CMakeLists.txt": edited(program, "CMakeLists.txt", " d3_moved.cc", " d3_removed.cc d3_moved.cc"),
    });
    await program.hot(/d3/);
    await program.shows({ D3: "133" });
  },
};

const moved: Scenario = {
  row: "D3",
  name: "a file that is moved keeps its state; what it held in another file would start anew, and is refused",
  async run(program) {
    await program.shows({ "D3.moved": "36", "D3.moved.count": /^from_/ });
    const count = program.log.value("D3.moved.count") ?? "";
    const text = program.workspace.read("d3_moved.cc");
    saveAll(program, {
      "sub/d3_moved.cc": text.replace("x + 35", "x + 36"),
      "d3_moved.cc": null,
      "CMakeLists.txt": edited(program, "CMakeLists.txt", " d3_moved.cc", " sub/d3_moved.cc"),
    });
    await program.hot(/d3_moved/);
    await program.shows({ "D3.moved": "37", "D3.moved.count": count });
    program.edit("sub/d3_moved.cc", "x + 36", "x + 37");
    await program.hot(/d3_moved/);
    await program.shows({ "D3.moved": "38", "D3.moved.count": count });
    // Back again, under another name.
    saveAll(program, {
      "d3_renamed.cc": text,
      "sub/d3_moved.cc": null,
      "CMakeLists.txt": edited(program, "CMakeLists.txt", " sub/d3_moved.cc", " d3_renamed.cc"),
    });
    await program.hot(/d3_moved/);
    await program.shows({ "D3.moved": "36", "D3.moved.count": count });
    const other = program.workspace.read("d3.cc");
    saveAll(program, {
      "d3.cc": `${other}\n${text}`,
      "d3_renamed.cc": null,
      "CMakeLists.txt": edited(program, "CMakeLists.txt", " d3_renamed.cc", ""),
    });
    const refused = await program.restartNeeded();
    assert.match(
      refused.reasons.map(({ message }) => message).join("\n"),
      /^the static variable calls moved from \S+ to/,
    );
    await program.goesOn();
    assert.equal(program.log.value("D3.moved.count"), count);
    saveAll(program, {
      "d3.cc": other,
      "d3_renamed.cc": text,
      "CMakeLists.txt": edited(program, "CMakeLists.txt", " d3.cc", " d3.cc d3_renamed.cc"),
    });
    await program.hotOrUnchanged();
    program.edit("d3_renamed.cc", "x + 35", "x + 38");
    await program.hot(/d3_moved/);
    await program.shows({ "D3.moved": "39", "D3.moved.count": count });
  },
};

const flags: Scenario = {
  row: "D3",
  name: "compile flags change in CMakeLists.txt and in a file that it includes",
  async run(program) {
    await program.shows({ "D3.flags": "3" });
    program.save(
      "CMakeLists.txt",
      `${program.workspace.read("CMakeLists.txt")}target_compile_definitions(moving PRIVATE D3=33)\n`,
    );
    await program.hot(/d3_flags/);
    await program.shows({ "D3.flags": "33" });
    program.save("settings.cmake", "set(moving_number 7)\nadd_compile_definitions(D3_MORE=300)\n");
    await program.hot(/d3_flags/);
    await program.shows({ "D3.flags": "333" });
  },
};

const newTargets: Scenario = {
  row: "D3",
  name: "a new static library is live at once; a new shared library needs a restart, and says so by name",
  async run(program) {
    const before = program.log.value("D3.flags") ?? "";
    const lists = program.workspace.read("CMakeLists.txt");
    const source = program.workspace.read("d3.cc");
    saveAll(program, {
      "d3_library.cc": "int d3_library() { return 3000; }\n",
      "CMakeLists.txt": `${lists}add_library(moving_new STATIC d3_library.cc)\ntarget_link_libraries(moving PRIVATE moving_new)\n`,
      "d3.cc": source.replace("return D3 +", "return d3_library() + D3 +").replace(/^/, "int d3_library();\n"),
    });
    await program.hot(/d3_flags/);
    await program.shows({ "D3.flags": String(3000 + Number(before)) });
    program.edit("d3_library.cc", "return 3000;", "return 4000;");
    await program.hot(/d3_library/);
    await program.shows({ "D3.flags": String(4000 + Number(before)) });

    saveAll(program, {
      "d3_library2.cc": "int d3_library2() { return 5000; }\n",
      "CMakeLists.txt": `${program.workspace.read("CMakeLists.txt")}add_library(moving_new2 SHARED d3_library2.cc)\ntarget_link_libraries(moving PRIVATE moving_new2)\n`,
      "d3.cc": edited(program, "d3.cc", "d3_library() +", "d3_library2() +").replace(/^/, "int d3_library2();\n"),
    });
    const refused = await program.restartNeeded();
    assert.match(refused.reasons.map(({ message }) => message).join("\n"), /d3_library2\(\)/);
    await program.goesOn();
    saveAll(program, { "CMakeLists.txt": lists, "d3.cc": source });
    await program.hot(/d3_flags/);
    await program.shows({ "D3.flags": before });
  },
};

const generated: Scenario = {
  row: "D4",
  name: "what a header and a source are generated from is saved, and so are the generators",
  async run(program) {
    await program.shows({ "D4.header": "40", "D4.source": "41", "D4.configured": "7" });
    program.save("d4_header.txt", "50\n");
    await program.hot(/d4/);
    await program.shows({ "D4.header": "50", "D4.source": "41" });
    program.save("d4_source.txt", "51\n");
    await program.hot(/d4_source/);
    await program.shows({ "D4.header": "50", "D4.source": "51" });
    program.edit("d4_header.cmake", "* 1;", "* 2;");
    await program.hot(/d4/);
    await program.shows({ "D4.header": "100" });
    program.edit("d4_tool.cc", '" + 0; }', '" + 1000; }');
    await program.hot(/d4_source/);
    await program.shows({ "D4.source": "1051" });
    program.edit("d4_configured.h.in", "+ 0", "+ 70");
    await program.hot(/d4_configured/);
    await program.shows({ "D4.configured": "77" });
  },
};

const brokenGenerator: Scenario = {
  row: "D4",
  name: "a generator that fails is a failed build, and its repair is hot",
  async run(program) {
    const text = program.workspace.read("d4_header.cmake");
    const before = program.log.value("D4.header") ?? "";
    program.save("d4_header.cmake", `message(FATAL_ERROR "no header today")\n${text}`);
    const failed = await program.buildFailed();
    assert.match(failed.output, /no header today/);
    await program.goesOn();
    program.save("d4_header.cmake", text.replace("return ", "return 1 + "));
    await program.hot(/d4/);
    await program.shows({ "D4.header": String(Number(before) + 1) });
  },
};

const undefinedFunction: Scenario = {
  row: "D6",
  name: "a call to an undefined function is reported by name, and is hot once another file defines it",
  async run(program) {
    await program.shows({ D6: "61", "D6.other": "66" });
    program.edit("d6.cc", "return x + 60;", "return d6_later(x) + 60;");
    const refused = await program.restartNeeded();
    assert.deepEqual(
      refused.reasons.map(({ code }) => code),
      ["E_UNDEFINED"],
    );
    assert.match(refused.reasons[0]?.message ?? "", /^d6_later\(int\) is not defined/);
    assert.match(refused.reasons[0]?.file ?? "", /d6\.cc$/);
    await program.goesOn();
    await program.shows({ D6: "61" });
    program.edit("d6_other.cc", "return x + 65; }", "return x + 66; }\nint d6_later(int x) { return x + 600; }");
    await program.hot(/d6/, /d6_other/);
    await program.shows({ D6: "661", "D6.other": "67" });
    program.edit("d6_other.cc", "return x + 600;", "return x + 700;");
    await program.hot(/d6_later/);
    await program.shows({ D6: "761" });
  },
};

function inLibrary(name: "object" | "plugin", tens: number): Scenario {
  return {
    row: "D11",
    level: name,
    name: `code of ${name === "object" ? "an object library" : "a plugin that was opened by dlopen"} is edited, in C++ and in C`,
    async run(program) {
      const field = `D11.${name}`;
      const counts = { [`${field}.count`]: "from_1", [`${field}.c_count`]: `from_${tens * 100 + 1}` };
      await program.shows({ ...counts, [field]: `${tens}1`, [`${field}.c`]: `${tens}6` });
      program.edit(`d11_${name}.cc`, `return x + ${tens}0;`, `return x + int(seen.size() > 0) + ${tens}00;`);
      await program.hot(new RegExp(`d11_${name}`));
      await program.shows({ ...counts, [field]: `${tens}02` });
      program.edit(`d11_${name}_c.c`, `return x + ${tens}5;`, `return x + ${tens}05;`);
      await program.hot(new RegExp(`d11_${name}_c`));
      await program.shows({ ...counts, [`${field}.c`]: `${tens}06` });
      await program.goesOn(5);
      for (const [each, value] of Object.entries(counts)) assert.deepEqual(program.log.history(each), [value], each);
    },
  };
}

const twice: Scenario = {
  row: "D11",
  level: "static",
  name: "a static library in two modules is replaced in both, each with the state of its own copy",
  async run(program) {
    const counts = { "D11.twice.here.count": "from_601", "D11.twice.there.count": "0" };
    await program.shows({ ...counts, "D11.twice.here": "60", "D11.twice.there": "60" });
    program.edit("d11_twice.cc", "scaled(60)", "scaled(61)");
    await program.hot(/d11_twice/);
    await program.shows({ ...counts, "D11.twice.here": "61", "D11.twice.there": "61" });
    program.edit("d11_twice.cc", "return x * 1;", "return x + 1;");
    await program.hot();
    await program.shows({ ...counts, "D11.twice.here": "62", "D11.twice.there": "62" });
  },
};

const parentHeader: Scenario = {
  row: "D16",
  name: "a header that is included through ../ is edited",
  async run(program) {
    await program.shows({ D16: "17" });
    program.edit("d16.h", "return x + 16;", "return x + 160;");
    await program.hot();
    await program.shows({ D16: "161" });
  },
};

const twoFlags: Scenario = {
  row: "D16",
  name: "one source file in two targets with different flags, and CMake run by somebody else in between",
  async run(program) {
    await program.shows({ "D16.both": "16_32" });
    program.edit("d16_both.cc", "() + 0;", "() + 1;");
    await program.hot(/d16_both_1/, /d16_both_2/);
    await program.shows({ "D16.both": "17_33" });
    const ran = spawnSync("cmake", [program.build], { encoding: "utf8" });
    assert.equal(ran.status, 0, ran.stderr);
    program.edit("d16_both.cc", "FLAVOUR * 16", "FLAVOUR * 100");
    await program.hot();
    await program.shows({ "D16.both": "101_201" });
    program.edit("d16.h", "return x +", "return 1000 + x +");
    await program.hot();
    await program.shows({ D16: /^1\d\d\d$/ });
  },
};

runScenarios("builds moving", "moving", [
  parentHeader,
  twoFlags,
  undefinedFunction,
  generated,
  brokenGenerator,
  inLibrary("object", 4),
  inLibrary("plugin", 5),
  twice,
  newFile,
  missingFile,
  brokenLists,
  globbed,
  globbedDirectory,
  constructing,
  removed,
  moved,
  flags,
  newTargets,
]);
