// A test that has a program to itself: it is built, started, used and ended, and the result goes into the table.

import type { Test } from "uvu";
import type { Configuration } from "./configurations.js";
import { Program, type ProgramOptions } from "./program.js";
import { record } from "./results.js";
import { readProgram } from "./workspace.js";

export interface SingleProgram {
  /** Names the file of the results. */
  readonly subject: string;
  readonly row: string;
  readonly name: string;
  readonly configuration: Configuration;
  /** A directory of test/e2e/programs, and the target. */
  readonly program: string;
  readonly options?: ProgramOptions;
  /** Files beside those of the program. */
  readonly files?: Readonly<Record<string, string>>;
}

export function testProgram(test: Test, single: SingleProgram, use: (program: Program) => Promise<void>): void {
  const { subject, row, name, configuration } = single;
  test(`${row} ${configuration.name}: ${name}`, async () => {
    let outcome: "passed" | "failed" = "failed";
    let program: Program | undefined;
    try {
      const files = { ...readProgram(single.program), ...single.files };
      program = await Program.start(files, { configuration, target: single.program, ...single.options });
      await use(program);
      await program.goesOn();
      program.same();
      await program.quit();
      outcome = "passed";
    } catch (error) {
      await program?.abandon(error);
      throw error;
    } finally {
      const verdicts = [...new Set(program?.verdicts.map(({ type }) => type))];
      const about = { row, configuration: configuration.name, level: "executable", test: name } as const;
      record(subject, { ...about, outcome, verdicts });
    }
  });
}
