// What cannot be reloaded is refused while CMake configures, in one sentence.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { check, type ScratchProject, withProject } from "./scratch_project.js";

const program = {
  "CMakeLists.txt": "cmake_minimum_required(VERSION 3.20)\nproject(p C)\nadd_executable(app main.c)\n",
  "main.c": "int main(void) { return 0; }\n",
};

/** A program of one C file whose CMakeLists.txt goes on with these lines. */
function programWith(...lines: readonly string[]): Record<string, string> {
  return { ...program, "CMakeLists.txt": [program["CMakeLists.txt"], ...lines].join("\n") };
}

function refusalOf(project: ScratchProject, ...args: readonly string[]): string {
  const { ok, output } = project.configureInjected(...args);
  assert.not(ok, output);
  return (
    output
      .split("\n")
      .find((line) => line.includes("HotReload: "))
      ?.trim() ?? output
  );
}

function refuses(what: string, files: Record<string, string>, args: readonly string[], sentence: string): void {
  test(`refuses ${what}`, () => {
    withProject(files, (project) => {
      assert.is(refusalOf(project, ...args), `HotReload: ${sentence}`);
    });
  });
}

function allows(what: string, files: Record<string, string>, args: readonly string[]): void {
  test(`allows ${what}`, () => {
    withProject(files, (project) => {
      assert.match(check(project.configureInjected(...args)), "HotReload: targets prepared: 1");
    });
  });
}

refuses(
  "another operating system",
  program,
  ["-DCMAKE_SYSTEM_NAME=FreeBSD"],
  "only programs for Linux can be reloaded, and this build is for FreeBSD.",
);

refuses(
  "another processor",
  program,
  ["-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=aarch64"],
  "only programs for x86-64 can be reloaded, and this build is for aarch64.",
);

refuses(
  "a compiler that is too old",
  programWith('set(CMAKE_C_COMPILER_VERSION "8.3.0")'),
  [],
  "gcc 9, clang 11 or newer is needed, and target app is compiled by GNU 8.3.0.",
);

refuses(
  "a compiler that is neither gcc nor clang",
  programWith('set(CMAKE_C_COMPILER_ID "Intel")'),
  ["-DCMAKE_C_COMPILER=clang"],
  "gcc 9, clang 11 or newer is needed, and target app is compiled by Intel 14.0.6.",
);

refuses(
  "32-bit programs",
  programWith("set(CMAKE_C_SIZEOF_DATA_PTR 4)"),
  [],
  "only 64-bit programs can be reloaded, and the pointers of target app have 4 bytes.",
);

const lto = (found: string) =>
  `target app is built with link-time optimisation (${found}), which leaves no function in the objects to compare; turn it off.`;

refuses(
  "link-time optimisation of the whole project",
  program,
  ["-DCMAKE_INTERPROCEDURAL_OPTIMIZATION=ON"],
  lto("INTERPROCEDURAL_OPTIMIZATION"),
);

refuses(
  "link-time optimisation of one target in the configuration that is built",
  programWith("set_target_properties(app PROPERTIES INTERPROCEDURAL_OPTIMIZATION_RELEASE ON)"),
  ["-DCMAKE_BUILD_TYPE=Release"],
  lto("INTERPROCEDURAL_OPTIMIZATION_RELEASE, which other build types may not have"),
);

allows(
  "link-time optimisation in another configuration",
  programWith(
    "set_target_properties(app PROPERTIES INTERPROCEDURAL_OPTIMIZATION ON INTERPROCEDURAL_OPTIMIZATION_DEBUG OFF)",
  ),
  ["-DCMAKE_BUILD_TYPE=Debug"],
);

refuses("-flto among the project's flags", program, ["-DCMAKE_C_FLAGS=-O2 -flto=auto"], lto("-flto=auto"));

refuses(
  "-flto that a target inherits from a library",
  programWith(
    "add_library(settings INTERFACE)",
    "target_compile_options(settings INTERFACE -flto)",
    "target_link_libraries(app PRIVATE settings)",
  ),
  [],
  lto("-flto"),
);

allows("-flto that is taken back", program, ["-DCMAKE_C_FLAGS=-flto -fno-lto"]);

refuses(
  "what gcc does not combine with live patching",
  program,
  ["-DCMAKE_C_FLAGS=-O2 -fipa-pta"],
  "target app is compiled with -fipa-pta, which lets a function rely on what another one does at present; leave it out.",
);

const fullyStatic = (found: string) =>
  `program app is linked statically (${found}), so it has no dynamic loader that could load new code; link it dynamically.`;

refuses("a static program", program, ["-DCMAKE_EXE_LINKER_FLAGS=-static"], fullyStatic("-static"));

refuses(
  "a static-pie program",
  programWith("target_link_options(app PRIVATE -static-pie)"),
  [],
  fullyStatic("-static-pie"),
);

refuses(
  "-static that is given as a library",
  programWith("target_link_libraries(app -static)"),
  [],
  fullyStatic("-static"),
);

allows("static runtime libraries of the compiler", program, [
  "-DCMAKE_EXE_LINKER_FLAGS=-static-libgcc -static-libstdc++",
]);

const stripped = (found: string) =>
  `target app is stripped when it is linked (${found}), so its functions cannot be found by name; leave the symbols in.`;

refuses("a stripped program", program, ["-DCMAKE_EXE_LINKER_FLAGS=-s"], stripped("-s"));

refuses(
  "a program that is stripped by an option for the linker",
  programWith('target_link_options(app PRIVATE "LINKER:--strip-all,-O1")'),
  [],
  stripped("--strip-all"),
);

refuses(
  "gold for C++ that gcc 12 compiles",
  {
    "CMakeLists.txt": "cmake_minimum_required(VERSION 3.20)\nproject(p CXX)\nadd_executable(app main.cc)\n",
    "main.cc": "int main() {}\n",
  },
  ["-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=gold"],
  "target app is linked by gold, which cannot link padded entries of g++ before 14; use another linker, -fuse-ld=bfd for instance.",
);

refuses(
  "mold for code that gcc 12 compiles for size",
  program,
  ["-DCMAKE_BUILD_TYPE=MinSizeRel", "-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=mold"],
  "target app is compiled with -Os by gcc before 14, which leaves functions unaligned, and is linked by mold, which cannot align them; use another linker, -fuse-ld=bfd for instance.",
);

refuses(
  "a package without its runtime",
  program,
  ["-DHOTRELOAD_RUNTIME=/nowhere/libhotreload.so"],
  "the runtime /nowhere/libhotreload.so does not exist; `sh scripts/setup.sh` in hotreload's folder builds it.",
);

test("refuses nothing when it is turned off", () => {
  withProject(program, (project) => {
    const output = check(project.configureInjected("-DHOTRELOAD=OFF", "-DCMAKE_EXE_LINKER_FLAGS=-static"));
    assert.not.match(output, "HotReload");
    check(project.build());
  });
});

test.run();
