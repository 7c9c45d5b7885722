// Which options a prepared project is compiled and linked with, whichever way HotReload.cmake comes in.
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { check, moduleDir, run, type ScratchProject, withProject } from "./scratch_project.js";

const shared = "-g -fPIC -ffunction-sections -fdata-sections -falign-functions=16 -fpatchable-function-entry=8,6";
const gccOnly = "-flive-patching=inline-clone -fno-semantic-interposition";

const bothLanguages = {
  "CMakeLists.txt": `cmake_minimum_required(VERSION 3.20)
project(both C CXX)
add_library(part STATIC part.c)
add_executable(app main.cc)
target_link_libraries(app PRIVATE part)
`,
  "part.c": "int part(void) { return 3; }\n",
  "main.cc": 'extern "C" int part(void);\nint main() { return part() - 3; }\n',
};

const includeLines = (lists: string, lines: string) => lists.replace(/^(project\(.*)$/m, `$1\n${lines}`);

function occurrences(text: string, part: string): number {
  return text.split(part).length - 1;
}

function linkCommand(project: ScratchProject, program: string): string {
  const ninja = readFileSync(project.path("build", "build.ninja"), "utf8");
  const statement = ninja.slice(ninja.indexOf(`build ${program}: `));
  return statement.slice(0, statement.indexOf("\n\n"));
}

test("gcc gets all options in C and C++, after those of the project", () => {
  withProject(bothLanguages, (project) => {
    check(project.configureInjected("-DCMAKE_POSITION_INDEPENDENT_CODE=ON", "-DCMAKE_BUILD_TYPE=Release"));
    for (const file of ["part.c", "main.cc"]) {
      const command = project.compileCommand(file);
      assert.match(command, `${shared} ${gccOnly}`);
      assert.ok(command.lastIndexOf("-fPIE") < command.lastIndexOf("-fPIC"), command);
    }
    check(project.build());
    check(project.run("app"));
  });
});

test("clang gets those that it knows", () => {
  withProject(bothLanguages, (project) => {
    check(project.configureInjected("-DCMAKE_C_COMPILER=clang", "-DCMAKE_CXX_COMPILER=clang++"));
    for (const file of ["part.c", "main.cc"]) {
      assert.match(project.compileCommand(file), shared);
      assert.match(project.compileCommand(file), "-gdwarf-aranges");
      assert.not.match(project.compileCommand(file), "-flive-patching");
    }
    check(project.build());
    check(project.run("app"));
  });
});

test("include(HotReload) does the same as the injected file, wherever it stands", () => {
  const lists = `${bothLanguages["CMakeLists.txt"]}include(HotReload)\n`;
  withProject({ ...bothLanguages, "CMakeLists.txt": lists }, (project) => {
    check(project.configure(`-DCMAKE_MODULE_PATH=${moduleDir}`));
    assert.match(project.compileCommand("part.c"), shared);
    assert.match(project.compileCommand("main.cc"), shared);
    assert.match(linkCommand(project, "app"), "--no-as-needed");
  });
});

test("both ways together, and a second project() in a subdirectory, apply the options once", () => {
  const lists = includeLines(bothLanguages["CMakeLists.txt"], "include(HotReload)\nadd_subdirectory(sub)");
  const files = {
    ...bothLanguages,
    "CMakeLists.txt": lists,
    "sub/CMakeLists.txt": "project(sub CXX)\ninclude(HotReload)\nadd_executable(tool tool.cc)\n",
    "sub/tool.cc": "int main() {}\n",
  };
  withProject(files, (project) => {
    const output = check(project.configureInjected());
    assert.is(occurrences(output, "HotReload: targets prepared: 3"), 1);
    for (const file of ["part.c", "main.cc", "tool.cc"]) {
      assert.is(occurrences(project.compileCommand(file), "-fpatchable-function-entry"), 1);
    }
    assert.is(occurrences(linkCommand(project, "sub/tool"), "--no-as-needed"), 1);
  });
});

test("a language that is enabled later and a target that is made by a deferred call are prepared too", () => {
  const lists = `cmake_minimum_required(VERSION 3.20)
project(late C)
cmake_language(DEFER CALL add_executable app main.c)
add_subdirectory(sub)
`;
  const files = {
    "CMakeLists.txt": lists,
    "main.c": "int main(void) { return 0; }\n",
    "sub/CMakeLists.txt": "enable_language(CXX)\nadd_library(sub STATIC sub.cc)\n",
    "sub/sub.cc": "int sub() { return 1; }\n",
  };
  withProject(files, (project) => {
    check(project.configureInjected());
    assert.match(project.compileCommand("main.c"), shared);
    assert.match(project.compileCommand("sub.cc"), shared);
  });
});

test("programs need the runtime by its path even under --as-needed, libraries do not", () => {
  const lists = `cmake_minimum_required(VERSION 3.20)
project(needed C)
add_library(helper SHARED helper.c)
add_executable(app main.c)
target_link_libraries(app PRIVATE helper)
`;
  const files = {
    "CMakeLists.txt": lists,
    "helper.c": "int helper(void) { return 0; }\n",
    "main.c": "int helper(void);\nint main(void) { return helper(); }\n",
  };
  withProject(files, (project) => {
    check(project.configureInjected("-DCMAKE_EXE_LINKER_FLAGS=-Wl,--as-needed"));
    check(project.build());
    check(project.run("app"));
    const program = check(run("readelf", ["-dn", project.path("build", "app")]));
    assert.match(program, `[${project.dummyRuntime}]`);
    assert.match(program, "NT_GNU_BUILD_ID");
    const library = check(run("readelf", ["-dn", project.path("build", "libhelper.so")]));
    assert.not.match(library, "libdummy.so");
    assert.match(library, "NT_GNU_BUILD_ID");
  });
});

test("checks of the project (try_compile) and external projects are compiled without the options", () => {
  const lists = `cmake_minimum_required(VERSION 3.20)
project(checks C)
include(CheckCSourceCompiles)
check_c_source_compiles("
  #ifndef __PIE__
  #error compiled with -fPIC, which no compiler of this test does by itself
  #endif
  int main(void) { return 0; }" PLAIN_CHECK)
if(NOT PLAIN_CHECK)
  message(FATAL_ERROR "the check was compiled with the options of the targets")
endif()
include(ExternalProject)
ExternalProject_Add(other SOURCE_DIR "\${CMAKE_SOURCE_DIR}/other" INSTALL_COMMAND "" CMAKE_ARGS
  -DCMAKE_EXPORT_COMPILE_COMMANDS=ON)
add_executable(app main.c)
`;
  const files = {
    "CMakeLists.txt": lists,
    "main.c": "int main(void) { return 0; }\n",
    "other/CMakeLists.txt": "cmake_minimum_required(VERSION 3.20)\nproject(o C)\nadd_executable(other other.c)\n",
    "other/other.c": "int main(void) { return 0; }\n",
  };
  withProject(files, (project) => {
    check(project.configureInjected());
    check(project.build());
    const database = project.path("build", "other-prefix", "src", "other-build", "compile_commands.json");
    assert.ok(existsSync(database));
    assert.not.match(readFileSync(database, "utf8"), "-fpatchable-function-entry");
  });
});

test("the Makefile generator writes depfiles", () => {
  withProject(bothLanguages, (project) => {
    check(project.configureInjected("-GUnix Makefiles", "-DCMAKE_DEPENDS_USE_COMPILER=OFF"));
    check(project.build());
    check(project.run("app"));
    const found = check(run("find", [project.path("build"), "-name", "main.cc*.d"]));
    assert.match(found, "main.cc");
  });
});

test("every configuration of Ninja Multi-Config is prepared", () => {
  withProject(bothLanguages, (project) => {
    check(project.configureInjected("-GNinja Multi-Config"));
    check(project.build());
    check(project.run("Debug/app"));
    const database = readFileSync(project.path("build", "compile_commands.json"), "utf8");
    assert.is(occurrences(database, shared), 6);
  });
});

test("the package may lie in a folder with a blank, a comma and letters beyond ASCII", () => {
  withProject(bothLanguages, (project) => {
    const elsewhere = project.path("päckage, with blank");
    cpSync(moduleDir, join(elsewhere, "cmake"), { recursive: true });
    cpSync(project.dummyRuntime, join(elsewhere, "runtime/build/libhotreload.so"));
    const injected = `-DCMAKE_PROJECT_TOP_LEVEL_INCLUDES=${elsewhere}/cmake/HotReload.cmake`;
    check(project.configure(injected, "-DHOTRELOAD_RUNTIME="));
    check(project.build());
    check(project.run("app"));
    const program = check(run("readelf", ["-dW", project.path("build", "app")]));
    assert.match(program, "/runtime/build/libhotreload.so]");
  });
});

test.run();
