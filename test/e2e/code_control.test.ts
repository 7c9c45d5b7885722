// Scenarios A: how control gets to what is replaced, and back from it, in a program and in a library that it loads.

import assert from "node:assert/strict";
import { bothShow } from "./both_modules.js";
import type { Hot } from "./dev_messages.js";
import { runScenarios, type Scenario } from "./scenario_suite.js";

const kindsOfCode: Scenario = {
  row: "A13",
  name: "recursion, variable arguments, alloca, computed goto, a jump table and inline assembler",
  async run(program) {
    await bothShow(program, { "A13.recursion": "120_1", "A13.frame": "6_100", "A13.jumps": "8_51_22", "A13.asm": "6" });
    program.edit("a13.c", "n < 2 ? 1 : n *", "n < 2 ? 10 : n *");
    await program.hot(/a13_factorial|run_a13/);
    await bothShow(program, { "A13.recursion": "1200_1" });
    program.edit("a13.c", "a13_odd(int n) { return n == 0 ? 0", "a13_odd(int n) { return n == 3 ? 5 : n == 0 ? 0");
    await program.hot(/a13_odd|a13_even|run_a13/);
    await bothShow(program, { "A13.recursion": "1200_5" });
    program.edit("a13.c", "sum += va_arg(numbers, int);", "sum += 2 * va_arg(numbers, int);");
    await program.hot(/a13_sum|run_a13/);
    await bothShow(program, { "A13.frame": "12_100" });
    program.edit("a13.c", "return room[n - 1] == 'x' ? n : -1;", "return room[n / 2] == 'x' ? n * 2 : -1;");
    await program.hot(/a13_alloca|run_a13/);
    await bothShow(program, { "A13.frame": "12_200" });
    program.edit("a13.c", "  value *= 2;\n", "  value *= 3;\n");
    await program.hot(/a13_goto|run_a13/);
    await bothShow(program, { "A13.jumps": "18_51_22" });
    program.edit("a13.c", "case 2: a13_note(5); a13_note(1); break;", "case 2: a13_note(8); break;");
    await program.hot(/a13_switch|run_a13/);
    await bothShow(program, { "A13.jumps": "18_8_22" });
    program.edit("a13.c", "leal 5(%1)", "leal 50(%1)");
    await program.hot(/a13_asm|run_a13/);
    await bothShow(program, { "A13.asm": "51" });
  },
};

const exceptions: Scenario = {
  row: "A14",
  name: "exceptions of new code in old frames and of old code in new ones, through replaced frames, and noexcept",
  async run(program) {
    await bothShow(program, {
      "A14.in_old": "1_logic_seven_runtime_old",
      "A14.in_new": "1_caught_seven",
      "A14.noexcept": "1_-1",
      "A14.unwound": "1",
    });
    program.edit("a14.cc", 'throw std::runtime_error("old");', "throw x;");
    await program.hot(/a14_throw|a14_through/);
    await bothShow(program, { "A14.in_old": "1_logic_seven_int_101" });
    program.edit("a14.cc", "return a14_throw(x) + a14_old_throw(x);", "return a14_throw(x) * 2 + a14_old_throw(x);");
    await program.hot(/a14_through/);
    await bothShow(program, { "A14.in_new": "2_caught_seven" });
    program.edit("a14.cc", 'std::string("caught ")', 'std::string("got ")');
    await program.hot(/a14_catch/);
    await bothShow(program, { "A14.in_old": "2_logic_seven_int_101", "A14.in_new": "2_got_seven" });
    program.edit("a14.cc", "return -1;", "return -2;");
    await program.hot(/a14_noexcept/);
    await bothShow(program, { "A14.noexcept": "1_-2", "A14.unwound": "1" });
  },
};

const coroutines: Scenario = {
  row: "A15",
  name: "a coroutine that is suspended goes on in its old code, new ones run the new",
  async run(program) {
    await bothShow(program, { "A15.old": "101_100", "A15.new": "200_201", "A15.beside": "7" });
    program.edit("a15.cc", "return 7;", "return 8;");
    await program.hot(/a15_seven|run_a15/);
    await bothShow(program, { "A15.old": "101_100", "A15.beside": "8" });
    // Another variable lives over the suspension: frames of the two versions differ.
    program.edit(
      "a15.cc",
      "for (int i = 0;; i++) {\n    int step = i % 2;\n    co_yield from + step;",
      "int more = from / 100;\n  for (int i = 0;; i++) {\n    int step = i % 2;\n    co_yield from + step * 10 + more;",
    );
    await program.hot(/a15_count|run_a15/);
    await bothShow(program, { "A15.old": "101_100", "A15.new": "202_212" });
    await program.goesOn(5);
    await bothShow(program, { "A15.old": "101_100", "A15.new": "202_212" });
  },
};

const linkage: Scenario = {
  row: "A18",
  name: "a function is made static, is extern again, is removed and comes back",
  async run(program) {
    await bothShow(program, { "A18.calls": "203", "A18.pointers": "2_3", "A18.equal": "1_1" });
    program.edit("a18.cc", "int a18_helper(int x) { return x + 1; }", "static int a18_helper(int x) { return x + 1; }");
    await program.hotOrUnchanged();
    program.edit("a18.cc", "return x + 1;", "return x + 10;");
    await program.hot();
    await bothShow(program, { "A18.calls": "1103", "A18.pointers": "11_3", "A18.equal": "1_1" });
    program.edit("a18.cc", "static int a18_hidden(int x) {", "int a18_hidden(int x) {");
    await program.hotOrUnchanged();
    program.edit("a18.cc", "return x + 2;", "return x + 20;");
    await program.hot();
    await bothShow(program, { "A18.calls": "1121", "A18.pointers": "11_21", "A18.equal": "1_1" });
    program.edit("a18.cc", "static int a18_helper(int x) { return x + 10; }", "");
    const failed = await program.buildFailed();
    assert.match(failed.output, /a18_helper/);
    const without = program.workspace.read("a18.cc").replace("a18_helper(x) * 100 + ", "");
    program.save("a18.cc", without.replace("return &a18_helper;", "return &a18_hidden;"));
    await program.hot(/a18_calls/);
    await bothShow(program, { "A18.calls": "21", "A18.pointers": "11_21", "A18.equal": "0_1" });
    const again = "static int a18_helper(int x) { return x + 1000; }\n\n";
    const with_it = program.workspace.read("a18.cc").replace("return a18_hidden(x);", "return a18_helper(x);");
    program.save(
      "a18.cc",
      again + with_it.replace("a18_take())(int) { return &a18_hidden", "a18_take())(int) { return &a18_helper"),
    );
    await program.hot(/a18_calls/);
    // What the pointer led to is the function that is there again.
    await bothShow(program, { "A18.calls": "1001", "A18.pointers": "1001_21", "A18.equal": "1_1" });
  },
};

const signatures: Scenario = {
  row: "A19",
  name: "a signature changes with all its callers: what stands on a stack goes on calling the old one",
  async run(program) {
    await bothShow(program, { "A19.area": "9", "A19.loop": "25", "A19.cxx": "31" });
    program.editAll({
      "a19.h": ["int a19_area(int side);", "double a19_area(double side, int factor);"],
      "a19_c.c": [
        "int a19_area(int side) { return side * side; }",
        "double a19_area(double side, int factor) { return side * side * factor; }",
      ],
      "a19_user.c": ["A19_AREA(side) a19_area(side)", "A19_AREA(side) (int)a19_area(side, 100)"],
    });
    const hot = await program.hot(/run_a19/);
    assert.match((hot.notes ?? []).join("\n"), /signature of a19_area .*old one/);
    const names = (hot.stillRunning ?? []).map((one) => one.function);
    assert.ok(names.includes("a19_loop"), `the caller on the stack is named: ${JSON.stringify(hot.stillRunning)}`);
    await bothShow(program, { "A19.area": "900", "A19.loop": "25" });
    program.edit("a19_c.c", "side * side * factor", "side * side * factor + 1");
    await program.hot(/a19_area|run_a19/);
    await bothShow(program, { "A19.area": "901", "A19.loop": "25" });
    program.edit(
      "a19.cc",
      "static int scaled(int x) { return x * 10; }\n\nint a19_cxx(int side) { return scaled(side) + 1; }",
      "static double scaled(double x) { return x * 20; }\n\nint a19_cxx(int side) { return int(scaled(side)) + 1; }",
    );
    await program.hot();
    await bothShow(program, { "A19.cxx": "61", "A19.loop": "25" });
    await program.goesOn(5);
  },
};

const loops: Scenario = {
  row: "A20",
  name: "a loop that never returns and main are edited: hot, and the report says who runs the old code",
  async run(program) {
    await bothShow(program, { "A20.step": "1", "A20.loop": "1" });
    program.edit("a20.cc", "looped = 1;", "looped = 2;");
    const loop = await program.hot(/a20_loop/);
    const standing = (loop.stillRunning ?? []).filter((one) => one.function === "a20_loop");
    assert.equal(standing.length, 2, `both modules' threads: ${JSON.stringify(loop.stillRunning)}`);
    assert.ok(standing.every(({ threadName }) => threadName === "a20 worker"));
    program.edit("a20.cc", "stepped = 1;", "stepped = 2;");
    const step = await program.hot(/a20_step/);
    assert.ok(!(step.stillRunning ?? []).some((one) => one.threadName !== "a20 worker"));
    // The loop goes on as it was, and calls the new step.
    await bothShow(program, { "A20.step": "2", "A20.loop": "1" });
    program.edit("ticker.c", "run_parts(tick);", "run_parts(tick + 1000000);");
    const main = await program.hot(/^main$/);
    const [first] = (main.stillRunning ?? []).filter((one) => one.function === "main");
    assert.equal(first?.thread, program.pid, JSON.stringify(main.stillRunning));
    await bothShow(program, { "A20.step": "2", "A20.loop": "1" });
  },
};

const jumps: Scenario = {
  row: "A22",
  name: "longjmp out of a replaced function, and a signal handler that is replaced",
  async run(program) {
    await bothShow(program, { "A22.jump": "3", "A22.handler": "1" });
    program.edit("a22.c", "if (x > 2) longjmp", "if (x > 5) longjmp");
    await program.hot();
    await bothShow(program, { "A22.jump": "6" });
    program.edit("a22.c", "a22_handled = 1;", "a22_handled = 2;");
    await program.hot(/a22_handler/);
    await bothShow(program, { "A22.handler": "2", "A22.jump": "6" });
  },
};

const symbols: Scenario = {
  row: "A23",
  name: "constructor functions, aliases, weak functions, IFUNCs and hidden functions",
  async run(program) {
    await bothShow(program, {
      "A23.started": "1",
      "A23.alias": "2_2",
      "A23.weak": "3",
      "A23.ifunc": "4_104",
      "A23.hidden": "5_6_7",
    });
    program.edit("a23.c", "return x + 1;", "return x + 10;");
    await program.hot();
    await bothShow(program, { "A23.alias": "11_11", "A23.weak": "3" });
    program.edit("a23.c", "return x + 2;", "return x + 20;");
    await program.hot(/a23_weak/);
    program.edit("a23.c", "return x + 3;", "return x + 30;");
    await program.hot(/chosen/);
    program.edit("a23.c", "return x + 4;", "return x + 40;");
    await program.hot(/a23_hidden/);
    await bothShow(program, { "A23.weak": "21", "A23.ifunc": "31_131", "A23.hidden": "41_6_7" });
    program.edit("a23_hidden.cc", "return x + 5;", "return x + 50;");
    await program.hot(/a23_hidden_file/);
    await bothShow(program, { "A23.hidden": "41_51_7" });
    program.edit("a23_hidden.cc", "return x + 6;", "return x + 60;");
    await program.hot(/a23_hidden_inline/);
    await bothShow(program, { "A23.hidden": "41_51_61" });
    // A constructor function that changed does not run again; a new one runs, once.
    program.edit("a23.c", "started += 1;", "started += 5;");
    await program.hot(/a23_start/);
    await bothShow(program, { "A23.started": "1" });
    program.edit(
      "a23.c",
      "int a23_started(void)",
      "__attribute__((constructor)) static void late(void) { started += 7; }\n\nint a23_started(void)",
    );
    await program.hot();
    await bothShow(program, { "A23.started": "8" });
    program.edit("a23.c", "__attribute__((constructor)) static void late(void) { started += 7; }\n\n", "");
    await program.hotOrUnchanged();
    await program.goesOn();
    program.edit("a23.c", "return a23_ifunc(x) + 100;", "return a23_ifunc(x) + 200;");
    await program.hot(/a23_indirect/);
    await bothShow(program, { "A23.started": "8", "A23.ifunc": "31_231" });
    program.edit("a23.c", "return (void *)chosen;", "return (void *)a23_plain;");
    const resolver = (await program.restartNeeded()).reasons.find(({ code }) => code === "E_FUNCTION");
    assert.match(resolver?.message ?? "", /the resolver of a23_ifunc changed/);
    assert.ok(resolver?.file?.endsWith("a23.c") && resolver.line === 15, JSON.stringify(resolver));
    program.edit("a23.c", "return (void *)a23_plain;", "return (void *)chosen;");
    await program.unchanged();
    await bothShow(program, { "A23.ifunc": "31_231" });
  },
};

const registers: Scenario = {
  row: "A24",
  name: "a running loop keeps its values when what it calls is replaced by code that uses every register it may",
  async run(program) {
    await bothShow(program, { "A24.values": "kept", "A24.callee": "old" });
    const clobbered = [
      "rax",
      "rcx",
      "rdx",
      "rsi",
      "rdi",
      "r8",
      "r9",
      "r10",
      "r11",
      ...Array.from({ length: 16 }, (_, i) => `xmm${i}`),
    ];
    const moves = clobbered.map((register) =>
      register.startsWith("xmm") ? `pcmpeqd %%${register}, %%${register}` : `movq $-1, %%${register}`,
    );
    program.edit(
      "a24.c",
      "return x + 1;",
      `int result = x + 1000000;
  __asm__ volatile("${moves.join("\\n\\t")}" : : : ${clobbered.map((register) => `"${register}"`).join(", ")});
  return result;`,
    );
    await program.hot(/a24_callee/);
    await bothShow(program, { "A24.callee": "new", "A24.values": "kept" });
    await program.goesOn(20);
    await bothShow(program, { "A24.values": "kept" });
  },
};

const knowledge: Scenario = {
  row: "A24",
  name: "a running loop that was optimised with what a function did before is named when the function is replaced",
  async run(program, { name }) {
    await bothShow(program, { "A24.used": "8", "A24.by_loop": "8" });
    const relying = (hot: Hot) => (hot.stillRunning ?? []).filter(({ reliesOn }) => reliesOn !== undefined);
    program.edit("a24.c", "return x * 2;", "return x * 2 + extra;");
    const uses = await program.hot(/a24_used/);
    await bothShow(program, { "A24.used": "1008" });
    if (/clang -O[23]/.test(name)) {
      // clang did not pass what was not used: whatever the loops of both modules get now, it is said. A thread that ran at
      // each look may be in any of the callers.
      const found = relying(uses);
      for (const { reliesOn } of found) assert.deepEqual(reliesOn, ["a24_used"]);
      const loops = found.filter((one) => one.function === "a24_knows" && one.threadName === "a24 knows");
      assert.equal(loops.length, 2, JSON.stringify(uses));
    } else {
      assert.deepEqual(relying(uses), []);
      // gcc's -O3 has a copy of its own for the loop, which stays with it.
      await bothShow(program, { "A24.by_loop": name === "gcc -O3" ? "8" : "1008" });
    }
    // What no caller knew anything of changes without a word.
    program.edit("a24.c", "return x * 2 + extra;", "return x * 2 + extra + 1;");
    assert.deepEqual(relying(await program.hot(/a24_used/)), []);
    await bothShow(program, { "A24.used": "1009" });
  },
};

const identical: Scenario = {
  row: "A25",
  name: "of functions with identical bodies one is edited, and the others stay as they were",
  async run(program) {
    await bothShow(program, { "A25.values": "4_4_4" });
    program.edit("a25.cc", "int a25_one(int x) { return x * 3 + 1; }", "int a25_one(int x) { return x * 5 + 1; }");
    const hot = await program.hot(/a25_one|run_a25/);
    assert.ok(!hot.functions.includes("a25_two"));
    await bothShow(program, { "A25.values": "6_4_4" });
    program.edit(
      "a25.cc",
      "static int a25_three(int x) { return x * 3 + 1; }",
      "static int a25_three(int x) { return x * 7 + 1; }",
    );
    await program.hot(/a25_three|run_a25/);
    await bothShow(program, { "A25.values": "6_4_8" });
  },
};

runScenarios(
  "code of control",
  "control",
  [kindsOfCode, exceptions, coroutines, linkage, signatures, loops, jumps, symbols, registers, knowledge, identical],
  { inBoth: true },
);
