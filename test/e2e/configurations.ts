// The compilers and optimisation levels that every scenario runs with.

export interface Configuration {
  /** As in the table: "gcc -O2". */
  readonly name: string;
  /** CMake variables. */
  readonly define: Readonly<Record<string, string>>;
}

function configuration(c: string, cxx: string, level: string): Configuration {
  return {
    name: `${c} ${level}`,
    define: {
      CMAKE_C_COMPILER: c,
      CMAKE_CXX_COMPILER: cxx,
      CMAKE_BUILD_TYPE: "",
      CMAKE_C_FLAGS: level,
      CMAKE_CXX_FLAGS: level,
    },
  };
}

export const allConfigurations: readonly Configuration[] = [
  configuration("gcc", "g++", "-O0"),
  configuration("gcc", "g++", "-O2"),
  configuration("clang", "clang++", "-O0"),
  configuration("clang", "clang++", "-O2"),
  configuration("gcc", "g++", "-O3"),
  configuration("clang", "clang++", "-O3"),
];

/** At -O3, changes to code are tested alone: no other row is about what a compiler makes of it. */
export function concerns(configurationName: string, row: string): boolean {
  return !configurationName.endsWith("-O3") || row.startsWith("A");
}

/** Those that concern one of the rows, or of them those that HOTRELOAD_E2E_CONFIGURATIONS names: "gcc -O2,clang -O0". */
export function chosenConfigurations(rows: readonly string[] = [""]): readonly Configuration[] {
  const chosen = process.env.HOTRELOAD_E2E_CONFIGURATIONS?.split(",");
  return allConfigurations
    .filter(({ name }) => rows.some((row) => concerns(name, row)))
    .filter(({ name }) => chosen === undefined || chosen.includes(name));
}

/** True unless HOTRELOAD_E2E_ROWS names other rows: "A1,B3". */
export function isRowChosen(row: string): boolean {
  const chosen = process.env.HOTRELOAD_E2E_ROWS?.split(",");
  return chosen === undefined || chosen.includes(row);
}
