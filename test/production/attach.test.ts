// `hotreload attach`: programs of plain CMake and Ninja, edited while they run.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { attached, PlainProject } from "./attached.js";
import { patchesOf, undo, withWorkshop } from "./plain_program.js";

const clock = {
  "CMakeLists.txt": `
cmake_minimum_required(VERSION 3.16)
project(clock C)
add_executable(clock main.c show.c rate.c)
`,
  "rate.h": `
#define STEP 1
struct box {
  int width;
};
extern struct box *box;
int rate(void);
void show(void);
`,
  "rate.c": `
#include "rate.h"
static int calls;
static int seen_before(void) { return calls++; }
int rate(void) {
  return 10 * STEP + 0 * seen_before();
}
int calls_of_rate(void) { return calls; }
`,
  "show.c": `
#include <stdio.h>
#include "rate.h"
int calls_of_rate(void);
void show(void) {
  int before = calls_of_rate();
  int now = rate();
  printf("rate %d step %d width %d before %d\\n", now, STEP, box->width, before);
  fflush(stdout);
}
`,
  "main.c": `
#include <stdlib.h>
#include <unistd.h>
#include "rate.h"
struct box *box;
int main(void) {
  box = malloc(sizeof *box);
  box->width = 7;
  for (;;) { show(); usleep(5000); }
}
`,
};

for (const [compiler, flags, how] of [
  ["gcc", ["-DCMAKE_BUILD_TYPE=Debug"], "gcc -O0, PIE"],
  [
    "clang",
    ["-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DCMAKE_C_FLAGS=-fno-pie", "-DCMAKE_EXE_LINKER_FLAGS=-no-pie"],
    "clang -O2, no PIE",
  ],
] as const) {
  test(`C, ${how}: saves, a header, errors, refusals, the first text, undo, the end of the process`, () =>
    withWorkshop(async (workshop) => {
      const project = new PlainProject(workshop, clock);
      project.build(`-DCMAKE_C_COMPILER=${compiler}`, ...flags);
      const program = workshop.start("build/clock");
      const prints = (text: RegExp) => program.waitForNewLine((line) => text.test(line));
      await prints(/^rate 10 step 1 width 7 before/);
      await attached(program.pid, [], async (attach) => {
        const start = await attach.report("attached");
        assert.equal(start.modules, [project.path("build/clock")]);
        assert.is(
          start.missing?.some((text) => text.includes("-g")),
          false,
        );

        const body = await attach.verdict(() => project.edit("rate.c", "10 *", "20 *"));
        assert.is(body.type, "hot", JSON.stringify(body));
        assert.equal(body.functions, ["rate"]);
        assert.equal(body.files, [project.path("rate.c")]);
        assert.ok((body.stoppedMs ?? 0) > 0);
        await prints(/^rate 20 step 1/);

        const header = await attach.verdict(() => project.edit("rate.h", "STEP 1", "STEP 2"));
        assert.is(header.type, "hot", JSON.stringify(header));
        assert.equal(header.functions?.toSorted(), ["rate", "show"]);
        await prints(/^rate 40 step 2/);

        const broken = await attach.verdict(() => project.edit("rate.c", "20 * STEP", "20 * STEPS"));
        assert.is(broken.type, "buildFailed");
        assert.is(broken.diagnostics?.[0]?.line, 6);
        await prints(/^rate 40 step 2/);

        // A variable that a save brought keeps its value over the next ones.
        const counting = "static int count; count++; return 1000000 * STEP + count";
        const added = await attach.verdict(() => project.edit("rate.c", "return 20 * STEPS", counting));
        assert.is(added.type, "hot", JSON.stringify(added));
        assert.ok(
          added.variables?.some((name) => name.includes("count")),
          JSON.stringify(added),
        );
        const rateIn = (line: string): number => Number(/^rate (\d+)/.exec(line)?.[1] ?? 0);
        await program.waitForNewLine((line) => rateIn(line) > 2_000_020);
        for (const millions of [2, 3, 4]) {
          const again = await attach.verdict(() =>
            project.edit("rate.c", `${millions - 1}000000 *`, `${millions}000000 *`),
          );
          assert.is(again.type, "hot", JSON.stringify(again));
          const line = await program.waitForNewLine((each) => rateIn(each) >= 2_000_000 * millions);
          assert.ok(rateIn(line) % 1_000_000 > 20, line);
        }

        const member = await attach.verdict(() => project.edit("rate.h", "int width;", "long depth; int width;"));
        assert.is(member.type, "restartNeeded", JSON.stringify(member));
        const reason = member.reasons?.find(({ code }) => code === "E_LAYOUT");
        assert.match(reason?.message ?? "", /box/);
        assert.is(reason?.file, project.path("rate.h"));
        assert.is(reason?.line, 3);
        const touched = await attach.verdict(() => project.touch("rate.h"));
        assert.is(touched.type, "restartNeeded", JSON.stringify(touched));
        const back = await attach.verdict(() => project.edit("rate.h", "long depth; int width;", "int width;"));
        assert.is(back.type, "unchanged", JSON.stringify(back));

        const local = await attach.verdict(() =>
          project.edit("show.c", "int before =", "static __thread int mine; mine++; int before = 0 * mine +"),
        );
        assert.is(local.type, "restartNeeded", JSON.stringify(local));
        assert.equal(
          local.reasons?.map(({ code }) => code),
          ["E_THREAD_LOCAL"],
        );
        const comment = await attach.verdict(() =>
          project.edit("show.c", "static __thread int mine; mine++; int before = 0 * mine +", "/* why */ int before ="),
        );
        assert.is(comment.type, "unchanged", JSON.stringify(comment));

        undo(program);
        await prints(/^rate 10 step 1/);
        const again = await attach.verdict(() => project.edit("show.c", "rate %d", "Rate %d"));
        assert.is(again.type, "hot", JSON.stringify(again));
        assert.equal(again.functions?.toSorted(), ["rate", "show"]);
        await prints(/^Rate \d+ step 2/);

        // One of two functions is as it was linked again, the other is not.
        const half = await attach.verdict(() => project.reset("rate.c"));
        assert.is(half.type, "hot", JSON.stringify(half));
        assert.equal(half.functions, ["rate"]);
        await prints(/^Rate 20 step 2/);
        // A thread that was on a processor, or waited for one, at each look is not seen: then it is asked once more.
        const standing: string[] = [];
        for (let pause = 5000; pause < 5030 && standing.length === 0; pause++) {
          const loop = await attach.verdict(() => project.edit("main.c", `usleep(${pause})`, `usleep(${pause + 1})`));
          assert.is(loop.type, "hot", JSON.stringify(loop));
          standing.push(...(loop.stillRunning ?? []).map((one) => one.function));
        }
        assert.equal(standing, ["main"]);

        const first = await attach.verdict(() => project.reset());
        assert.is(first.type, "hot", JSON.stringify(first));
        const line = await prints(/^rate 10 step 1 width 7 before/);
        assert.ok(Number(line.split(" ").at(-1)) > 100, line);
        assert.equal(
          patchesOf(program).filter(({ state }) => state === "applied"),
          [],
        );

        await program.stop("SIGKILL");
        assert.is((await attach.report("process")).state, "exited");
        assert.is((await attach.ended).code, 0);
      });
    }));
}

const shapes = {
  "CMakeLists.txt": `
cmake_minimum_required(VERSION 3.16)
project(shapes CXX)
add_library(shapes SHARED shapes.cpp)
add_library(late MODULE late.cpp)
add_executable(draw draw.cpp main.cpp)
target_link_libraries(draw shapes \${CMAKE_DL_LIBS})
`,
  "late.cpp": 'extern "C" int late(int n) { return 100 * n + 1; }\n',
  "shapes.h": `
#include <memory>
#include <string>
inline int scale(int n) { return n * 2; }
class Shape {
public:
  virtual ~Shape() = default;
  virtual int area() const = 0;
};
std::unique_ptr<Shape> make_square(int side);
std::string draw(const Shape &shape);
`,
  "shapes.cpp": `
#include "shapes.h"
namespace {
int squares;
class Square final : public Shape {
public:
  explicit Square(int side) : side_(side) { squares++; }
  int area() const override { return scale(side_ * side_); }
private:
  int side_;
};
}
std::unique_ptr<Shape> make_square(int side) { return std::make_unique<Square>(side); }
`,
  "draw.cpp": `
#include "shapes.h"
#include <stdexcept>
std::string draw(const Shape &shape) {
  static int drawings;
  if (shape.area() < 0) throw std::runtime_error("negative");
  return "area " + std::to_string(shape.area()) + " scale " + std::to_string(scale(1)) + " drawing " + std::to_string(++drawings);
}
`,
  "main.cpp": `
#include "shapes.h"
#include <dlfcn.h>
#include <exception>
#include <iostream>
#include <unistd.h>
int main(int, char **arguments) {
  const auto square = make_square(3);
  int (*late)(int) = nullptr;
  for (;; usleep(5000)) {
    if (late) std::cout << "late " << late(1) << std::endl;
    else if (access(arguments[2], F_OK) == 0) late = reinterpret_cast<int (*)(int)>(dlsym(dlopen(arguments[1], RTLD_NOW), "late"));
    try { std::cout << draw(*square) << std::endl; }
    catch (const std::exception &fault) { std::cout << "caught " << fault.what() << std::endl; }
  }
}
`,
};

test("C++, g++ -O2, a shared library: both modules change at once; who attaches again goes on from there", () =>
  withWorkshop(async (workshop) => {
    const project = new PlainProject(workshop, shapes);
    project.build("-DCMAKE_CXX_COMPILER=g++", "-DCMAKE_BUILD_TYPE=RelWithDebInfo");
    const program = workshop.start("build/draw", project.path("build/liblate.so"), project.path("go"));
    const prints = (text: RegExp) => program.waitForNewLine((line) => text.test(line));
    await prints(/^area 18 scale 2/);
    await attached(program.pid, [project.path("build")], async (attach) => {
      const start = await attach.report("attached");
      assert.equal(start.modules?.toSorted(), [project.path("build/draw"), project.path("build/libshapes.so")]);

      const method = await attach.verdict(() => project.edit("shapes.cpp", "scale(side_ * side_)", "scale(side_ * 4)"));
      assert.is(method.type, "hot", JSON.stringify(method));
      await prints(/^area 24 scale 2/);

      const header = await attach.verdict(() => project.edit("shapes.h", "n * 2", "n * 5"));
      assert.is(header.type, "hot", JSON.stringify(header));
      await prints(/^area 60 scale 5/);

      const thrown = await attach.verdict(() => project.edit("draw.cpp", "shape.area() < 0", "shape.area() > 0"));
      assert.is(thrown.type, "hot", JSON.stringify(thrown));
      await prints(/^caught negative/);

      const virtual = await attach.verdict(() =>
        project.edit(
          "shapes.h",
          "virtual int area() const = 0;",
          "virtual int side() const { return 1; } virtual int area() const = 0;",
        ),
      );
      assert.is(virtual.type, "restartNeeded", JSON.stringify(virtual));
      assert.ok(
        virtual.reasons?.some(({ code, line }) => code === "E_LAYOUT" && line === 5),
        JSON.stringify(virtual),
      );
      await prints(/^caught negative/);
      project.edit("shapes.h", "virtual int side() const { return 1; } ", "");
      await attach.interrupt();
      const end = await attach.report("detached");
      assert.equal(end.patches?.toSorted(), ["attach:draw", "attach:libshapes.so"]);
      assert.is((await attach.ended).code, 0);
    });

    // Saved while nobody looked.
    project.edit("draw.cpp", "shape.area() > 0", "shape.area() < 0");
    await attached(program.pid, [], async (attach) => {
      const missed = await attach.report("hot", "error", "restartNeeded", "unchanged");
      assert.is(missed.type, "hot", JSON.stringify(missed));
      assert.match(await prints(/^area 60 scale 5/), /drawing \d+/);

      const unloaded = await attach.verdict(() => project.edit("late.cpp", "n + 1", "n + 2"));
      assert.is(unloaded.type, "unchanged", JSON.stringify(unloaded));
      assert.ok(
        unloaded.notes?.some((note) => note.includes("liblate.so")),
        JSON.stringify(unloaded),
      );
      workshop.write("go", "");
      await prints(/^late 101/);
      const loaded = await attach.verdict(() => project.edit("late.cpp", "n + 2", "n + 3"));
      assert.is(loaded.type, "hot", JSON.stringify(loaded));
      assert.equal(loaded.functions, ["late"]);
      await prints(/^late 103/);

      const first = await attach.verdict(() => project.reset());
      assert.is(first.type, "hot", JSON.stringify(first));
      await prints(/^late 101/);
      const line = await prints(/^area 18 scale 2/);
      assert.ok(Number(line.split(" ").at(-1)) > 10, line);
      assert.equal(
        patchesOf(program).filter(({ state }) => state === "applied"),
        [],
      );
    });
  }));

test.run();
