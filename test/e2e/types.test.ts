// Scenarios C: types change. What lives keeps its shape, and what nothing depends on goes through.

import assert from "node:assert/strict";
import { bothShow, historyInBoth } from "./both_modules.js";
import type { Program } from "./program.js";
import { runScenarios, type Scenario } from "./scenario_suite.js";

interface Refused {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** All of them in the message of one reason, whose code is E_LAYOUT. */
  readonly words: readonly string[];
  /** The line of the file where the type is declared begins like this. */
  readonly declared: string;
  readonly field: string;
  readonly value: string;
}

/** The edit is refused in words, the program goes on as it was, and is the sources again when the edit is taken back. */
async function refuses(program: Program, { file, from, to, words, declared, field, value }: Refused): Promise<void> {
  await bothShow(program, { [field]: value });
  program.edit(file, from, to);
  const line =
    program.workspace
      .read(file)
      .split("\n")
      .findIndex((text) => text.startsWith(declared)) + 1;
  const { reasons } = await program.restartNeeded();
  const reason = reasons.find(
    ({ code, message }) => code === "E_LAYOUT" && words.every((word) => message.includes(word)),
  );
  assert.ok(reason, `${words.join(", ")}: ${JSON.stringify(reasons)}`);
  assert.equal(reason.line, line, JSON.stringify(reason));
  assert.ok(reason.file?.endsWith(`/${file}`), JSON.stringify(reason));
  await program.goesOn();
  program.edit(file, to, from);
  await program.unchanged();
  await program.goesOn();
  assert.deepEqual(historyInBoth(program, field), [value]);
}

const memberAdded: Scenario = {
  row: "C1",
  name: "a member is added to a struct with objects on the heap: refused by type, member, sizes, line and user",
  async run(program) {
    const place = "  // place for members\n};\n\nBody* bodies";
    const common = { file: "c1.cc", declared: "struct Body", field: "C1.weight", value: "32" };
    await refuses(program, {
      ...common,
      from: place,
      to: `  double mass;\n${place}`,
      words: ["c1::Body", "member mass was added", "offset 8", "from 8 to 16 bytes", "the variable bodies"],
    });
    await refuses(program, {
      ...common,
      from: "  int x;\n  int y;\n",
      to: "  int y;\n  int x;\n",
      words: ["c1::Body", "member y", "member x", "offset 0"],
    });
    await refuses(program, {
      ...common,
      from: "  int y;\n",
      to: "  float y;\n",
      words: ["c1::Body", "member y changed from int at offset 4 to float at offset 4"],
    });
    program.edit("c1.cc", "body.x * 10 + body.y", "body.x * 100 + body.y");
    await program.hot();
    await bothShow(program, { "C1.weight": "302" });
  },
};

const virtualAdded: Scenario = {
  row: "C2",
  name: "a virtual function is added in the middle, or at the end: refused",
  async run(program) {
    for (const place of ["  // place in the middle\n", "  // place at the end\n"]) {
      await refuses(program, {
        file: "c2.cc",
        from: place,
        to: `  virtual int added() { return 3; }\n${place}`,
        words: ["C2Shape", "virtual function added", "the variable shape"],
        declared: "class C2Shape",
        field: "C2.virtual",
        value: "1_2",
      });
    }
  },
};

const otherChanges: Scenario = {
  row: "C3",
  name: "bases, order of members, bit-fields, the type below an enum, alignment: refused by name",
  async run(program) {
    const changes = [
      ["struct C3Derived : C3Left {", "struct C3Derived : C3Right {", "struct C3Derived", "C3Derived", "base C3Right"],
      [
        "  int one = 1;\n  float two = 2;",
        "  float two = 2;\n  int one = 1;",
        "struct C3Members",
        "C3Members",
        "member two",
      ],
      ["  unsigned low : 3;", "  unsigned low : 4;", "struct C3Bits", "C3Bits", "member low"],
      [
        "enum class C3Colour : int",
        "enum class C3Colour : char",
        "enum class C3Colour",
        "C3Colour",
        "from 4 to 1 bytes",
      ],
      [
        "struct C3Plain {",
        "struct alignas(16) C3Plain {",
        "struct alignas(16) C3Plain",
        "C3Plain",
        "from 4 to 16 bytes",
      ],
    ] as const;
    for (const [from, to, declared, ...words] of changes) {
      await refuses(program, { file: "c3.cc", from, to, declared, words, field: "C3.all", value: "3_1_17_1_ok" });
    }
  },
};

const onTheStack: Scenario = {
  row: "C4",
  name: "a type whose objects are on the stack of one function changes with it; one that several functions have is refused",
  async run(program) {
    await bothShow(program, { "C4.step": "73", "C4.c": "10", "C4.shared": "6_10" });
    program.edit("c4.cc", "    int count;\n  };", "    int count;\n    long largest;\n  };");
    await program.hotOrUnchanged();
    program.edit("c4.cc", "    int total;\n    int count;\n", "    int count;\n    short total;\n");
    await program.hot(/c4_step/);
    await bothShow(program, { "C4.step": "64" }); // the initializer goes by order
    program.edit("c4.cc", "volatile Sum sum = {start, 0};", "volatile Sum sum = {0, short(start)};");
    await program.hot(/c4_step/);
    await bothShow(program, { "C4.step": "73" });
    program.edit("c4.cc", "    sum.count++;\n", "    sum.count++;\n    sum.largest = i;\n");
    await program.hot(/c4_step/);
    program.edit("c4.cc", "+ sum.count;", "+ sum.count + int(sum.largest) * 1000;");
    await program.hot(/c4_step/);
    await bothShow(program, { "C4.step": "2073" });
    program.edit("c4_c.c", "    int one;\n    int two;\n", "    char two;\n    long one;\n");
    await program.hotOrUnchanged();
    program.edit("c4_c.c", "= {start, 7}", "= {8, start}");
    await program.hot(/c4_c_step/);
    await bothShow(program, { "C4.c": "11" });
    await refuses(program, {
      file: "c4.cc",
      from: "  int a;\n  int b;\n",
      to: "  int b;\n  long a;\n",
      words: ["C4Shared", "c4_first()", "c4_second()"],
      declared: "struct C4Shared",
      field: "C4.shared",
      value: "6_10",
    });
  },
};

const harmless: Scenario = {
  row: "C5",
  name: "default initializers, comments, access, methods, types and static members leave objects as they are",
  async run(program) {
    await bothShow(program, { "C5.step": "1_1" });
    program.edit("c5.h", "  int by_ = 1;", "  int by_ = 2; // another comment");
    await program.hot();
    await bothShow(program, { "C5.step": "1_2" });
    const added = `  int twice() const { return by_ * 2; }
  static int three() { return 3; }
  using Number = int;
  static const int limit = 4;
  inline static int calls = 7;
`;
    program.edit("c5.h", "  // place for methods\n\n private:\n", `${added}  // place for methods\n\n protected:\n`);
    await program.hotOrUnchanged();
    program.edit("c5.cc", "  return by_;", "  return twice() * 10 + three() + Number(limit) + calls++ * 100;");
    await program.hot(/C5Counter::step/);
    await program.goesOn(); // it counts from now on
    for (const field of ["C5.step", "shared.C5.step"]) {
      assert.match(program.log.value(field) ?? "", /^\d+27_\d+47$/);
    }
  },
};

const globalGrows: Scenario = {
  row: "C6",
  name: "a global of a type that grows is refused by its name",
  async run(program) {
    const place = "  // place for members\n";
    await refuses(program, {
      file: "c6.cc",
      from: place,
      to: `  int height = 3;\n${place}`,
      words: ["C6Settings", "member height was added", "from 4 to 8 bytes", "the variable settings"],
      declared: "struct C6Settings",
      field: "C6.speed",
      value: "5",
    });
  },
};

const variableReturns: Scenario = {
  row: "B9",
  name: "a variable that was taken out and is there again with another type is refused",
  async run(program) {
    await bothShow(program, { "B9.count": "7" });
    program.edit(
      "c6.cc",
      "static int counted = 5;\n\nstatic int count() { return int(counted++ > 0) * 7; }",
      "static int count() { return 7; }",
    );
    // Either it can be told from one that a compiler left out, or it goes.
    const { type } = await program.nextVerdict();
    assert.ok(type === "hot" || type === "restartNeeded", type);
    await program.goesOn();
    program.edit(
      "c6.cc",
      "static int count() { return 7; }",
      "static float counted = 5;\n\nstatic int count() { return int(counted++ > 4) * 7; }",
    );
    const { reasons } = await program.restartNeeded();
    assert.ok(
      reasons.some(({ message }) => message.includes("the type of counted changed from int to float")),
      JSON.stringify(reasons),
    );
    await program.goesOn();
    program.edit(
      "c6.cc",
      "static float counted = 5;\n\nstatic int count() { return int(counted++ > 4) * 7; }",
      "static int counted = 5;\n\nstatic int count() { return int(counted++ > 0) * 7; }",
    );
    await program.hotOrUnchanged();
    await program.goesOn();
    assert.deepEqual(historyInBoth(program, "B9.count"), ["7"]);
  },
};

runScenarios(
  "types",
  "types",
  [memberAdded, virtualAdded, otherChanges, onTheStack, harmless, globalGrows, variableReturns],
  { inBoth: true },
);
