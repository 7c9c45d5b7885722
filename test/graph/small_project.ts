// A real CMake project with one of everything that the build graph has to understand, built once for all tests.
import { chmodSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type ConfiguredProject, configureProject } from "../projects/configured_project.js";

const files = {
  "CMakeLists.txt": `
    cmake_minimum_required(VERSION 3.20)
    project(small C)
    set(CMAKE_BUILD_TYPE Debug)
    configure_file(config.h.in config.h)
    include_directories("\${CMAKE_BINARY_DIR}" src linked)
    include(flags.cmake)

    # In two modules: app and libversioned.
    add_library(archive STATIC src/archive_one.c src/archive_two.c)
    add_library(objects OBJECT src/object.c)
    add_library(versioned SHARED src/versioned.c)
    set_target_properties(versioned PROPERTIES VERSION 1.2 SOVERSION 1)
    target_link_libraries(versioned PRIVATE archive)

    add_library(plugin MODULE src/plugin.c)
    target_precompile_headers(plugin PRIVATE src/precompiled.h)

    # Headers and a source that commands write: from a named input, from an input in a depfile, through another file.
    add_custom_command(OUTPUT listed.h COMMAND sh "\${CMAKE_SOURCE_DIR}/write.sh" listed.h
                       DEPENDS write.sh listed.txt)
    add_custom_command(OUTPUT reported.h COMMAND sh "\${CMAKE_SOURCE_DIR}/write.sh" reported.h "\${CMAKE_SOURCE_DIR}/reported.txt"
                       DEPENDS write.sh DEPFILE reported.h.d)
    add_custom_command(OUTPUT middle.txt COMMAND sh "\${CMAKE_SOURCE_DIR}/write.sh" middle.txt DEPENDS first.txt)
    add_custom_command(OUTPUT made.c COMMAND sh "\${CMAKE_SOURCE_DIR}/write.sh" made.c DEPENDS middle.txt)

    add_executable(app src/main.c "src/odd name/odd.c" made.c listed.h reported.h)
    target_link_libraries(app objects archive versioned)
    add_subdirectory(tool)
    add_executable(never EXCLUDE_FROM_ALL src/never.c)
  `,
  "flags.cmake": "add_compile_definitions(FROM_A_MODULE=1)\n",
  "config.h.in": "#define CONFIGURED 1\n",
  "CMakePresets.json": '{ "version": 3 }\n',
  "write.sh": 'echo "static int written;" > "$1"\n[ -z "$2" ] || echo "$1: $2" > "$1.d"\n',
  "listed.txt": "",
  "reported.txt": "",
  "first.txt": "",
  "real/behind_link.h": "#define BEHIND_LINK 1\n",
  "src/shared.h": '#pragma once\n#include "nested/deep.h"\n',
  "src/nested/deep.h": "#pragma once\n",
  "src/unused.h": "",
  "src/precompiled.h": '#include <stddef.h>\n#include "nested/deep.h"\n',
  "src/archive_one.c": '#include "shared.h"\nint archive_one(void) { return 1; }\n',
  "src/archive_two.c": "int archive_two(void) { return 2; }\n",
  "src/object.c": '#include "nested/deep.h"\nint object(void) { return 3; }\n',
  "src/versioned.c":
    '#include "behind_link.h"\nint archive_one(void);\nint versioned(void) { return archive_one(); }\n',
  "src/plugin.c": '#include "shared.h"\nint plugin(void) { return 5; }\n',
  "src/main.c": '#include "listed.h"\n#include "reported.h"\n#include "config.h"\nint main(void) { return 0; }\n',
  "src/odd name/odd.c": '#include "shared.h"\nint odd(void) { return 6; }\n',
  "src/never.c": '#include "shared.h"\nint main(void) { return 7; }\n',
  "tool/CMakeLists.txt": "add_executable(tool tool.c)\ntarget_link_libraries(tool archive)\n",
  "tool/tool.c": '#include "shared.h"\nint archive_two(void);\nint main(void) { return archive_two(); }\n',
};

let project: Promise<ConfiguredProject> | undefined;

/** The same for all who ask; leave it as it was. */
export function smallProject(): Promise<ConfiguredProject> {
  project ??= build();
  return project;
}

async function build(): Promise<ConfiguredProject> {
  const project = await configureProject(files, {
    prepare: (sources) => {
      chmodSync(join(sources, "write.sh"), 0o755);
      symlinkSync("real", join(sources, "linked"));
    },
  });
  project.ninja();
  return project;
}
