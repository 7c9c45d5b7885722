// A generated project of any number of small objects, each of which reads about 250 headers: what the graph is measured with.

import type { Files } from "../e2e/workspace.js";

const HEADERS_IN_GROUP = 50;
const GROUPS = 30;
const UNITS_IN_LIBRARY = 50;

/** A header that a sixth of the objects read. */
export const HEADER = "headers/header_7.h";

function range(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}

/** The program `all_units` links libraries of 50 units. */
export function manyObjects(units: number): Files {
  const libraries = range(Math.ceil(units / UNITS_IN_LIBRARY));
  const unitsOf = (library: number) =>
    range(Math.min(UNITS_IN_LIBRARY, units - library * UNITS_IN_LIBRARY)).map((number) => `unit_${library}_${number}`);
  const groups = range(GROUPS).map((group): [string, string] => [
    `headers/group_${group}.h`,
    ["#pragma once", ...range(HEADERS_IN_GROUP).map((n) => `#include "header_${group * HEADERS_IN_GROUP + n}.h"`)].join(
      "\n",
    ),
  ]);
  const headers = range(GROUPS * HEADERS_IN_GROUP).map((number): [string, string] => [
    `headers/header_${number}.h`,
    `#pragma once\nextern int value_${number};\n`,
  ]);
  const sources = libraries.flatMap((library) =>
    unitsOf(library).map((unit, number): [string, string] => {
      const read = range(5).map((n) => `#include "group_${(library * 7 + number * 3 + n * 5) % GROUPS}.h"\n`);
      return [`library_${library}/${unit}.c`, `${read.join("")}int ${unit}(int x) { return x + ${number}; }\n`];
    }),
  );
  const targets = libraries.map((library) => {
    const files = unitsOf(library).map((unit) => `library_${library}/${unit}.c`);
    return `add_library(library_${library} STATIC ${files.join(" ")})
target_compile_definitions(library_${library} PRIVATE LIBRARY=${library})\n`;
  });
  return {
    "CMakeLists.txt": `cmake_minimum_required(VERSION 3.20)
project(many_objects C)
set(CMAKE_BUILD_TYPE Debug)
include_directories(headers)
${targets.join("")}add_executable(all_units main.c)
target_link_libraries(all_units ${libraries.map((library) => `library_${library}`).join(" ")})
`,
    "main.c": "int main(void) { return 0; }\n",
    ...Object.fromEntries([...groups, ...headers, ...sources]),
  };
}
