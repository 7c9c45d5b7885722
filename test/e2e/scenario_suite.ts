// Runs scenario rows: one program for each configuration, each row a test of its own with its result recorded.

import assert from "node:assert/strict";
import { suite } from "uvu";
import { type Configuration, chosenConfigurations, concerns, isRowChosen } from "./configurations.js";
import { Program, type ProgramOptions } from "./program.js";
import { type Level, record } from "./results.js";
import { readProgram } from "./workspace.js";

export interface Scenario {
  /** As in scenario_rows.ts. */
  readonly row: string;
  /** A sentence. */
  readonly name: string;
  readonly level?: Level;
  /** What part of the row this is, where it is not all of it. */
  readonly soFar?: string;
  /** Edits the program and looks at it. The program's pid is checked afterwards. */
  run(program: Program, configuration: Configuration): Promise<void>;
}

export interface SuiteOptions extends ProgramOptions {
  /** The program's parts lie in the executable and once more in a library that it loads (programs/plugin). */
  readonly inBoth?: boolean;
}

/** Starts that may fail before the rest of the rows is given up. */
const PATIENCE = 2;

/**
 * @param subject names the suite and the file of its results
 * @param programName a directory of test/e2e/programs, and the target
 * @param options what else is special about the program
 */
export function runScenarios(
  subject: string,
  programName: string,
  scenarios: readonly Scenario[],
  options: SuiteOptions = {},
): void {
  const chosen = scenarios.filter(({ row }) => isRowChosen(row));
  for (const configuration of chosenConfigurations(chosen.map(({ row }) => row))) {
    const test = suite(`${subject} ${configuration.name}`);
    let program: Program | undefined;
    let failedStarts = 0;

    const start = async () => {
      if (failedStarts >= PATIENCE) throw new Error("the program did not start");
      try {
        const { inBoth, ...settings } = options;
        const files = readProgram(programName, ...(inBoth ? ["plugin"] : []));
        return await Program.start(files, { ...settings, configuration, target: programName });
      } catch (error) {
        failedStarts += 1;
        throw error;
      }
    };

    for (const scenario of chosen.filter(({ row }) => concerns(configuration.name, row))) {
      test(`${scenario.row} ${configuration.name}: ${scenario.name}`, async () => {
        let outcome: "passed" | "failed" = "failed";
        let first = 0;
        try {
          program ??= await start();
          first = program.verdicts.length;
          await scenario.run(program, configuration);
          await program.goesOn();
          program.same();
          assert.deepEqual(program.server.pendingVerdicts(), [], "every save ends in exactly one verdict");
          outcome = "passed";
        } catch (error) {
          await program?.abandon(error);
          throw error;
        } finally {
          const verdicts = [...new Set(program?.verdicts.slice(first).map(({ type }) => type))];
          const { row, name, level, soFar } = scenario;
          const usual: readonly Level[] = options.inBoth ? ["executable", "shared"] : ["executable"];
          const levels = level === undefined ? usual : [level];
          for (const level of levels) {
            record(subject, { row, configuration: configuration.name, level, test: name, outcome, verdicts, soFar });
          }
          if (outcome === "failed") program = undefined; // the next row begins anew
        }
      });
    }

    test(`${configuration.name}: ends cleanly`, async () => {
      await program?.quit(); // there is none if the last row failed
    });

    test.run();
  }
}
