// Records what became of each scenario, for the table that write_scenario_table.ts makes of it.

import fs from "node:fs";
import path from "node:path";
import { repository } from "./workspace.js";

/** Where the code lies that is edited. */
export type Level = "executable" | "object" | "static" | "shared" | "plugin";

export interface Result {
  readonly row: string;
  readonly configuration: string;
  readonly level: Level;
  readonly test: string;
  readonly outcome: "passed" | "failed";
  /** What part of the row is tested, where it is not all of it. */
  readonly soFar?: string;
  /** Types of the verdicts that came, each once, in order of appearance. */
  readonly verdicts: readonly string[];
}

export const resultsDirectory = path.join(repository, "dist/test-results/scenarios");

/** Adds a result to those of the subject; it takes the place of an earlier one of the same test. */
export function record(subject: string, result: Result): void {
  const file = path.join(resultsDirectory, `${subject}.json`);
  const key = ({ row, configuration, level, test }: Result) => [row, configuration, level, test].join("\n");
  const others = readResults(file).filter((other) => key(other) !== key(result));
  fs.mkdirSync(resultsDirectory, { recursive: true });
  fs.writeFileSync(file, `${JSON.stringify([...others, result], null, 1)}\n`);
}

function readResults(file: string): readonly Result[] {
  return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as Result[]) : [];
}

/** Results of all subjects. */
export function allResults(): readonly Result[] {
  if (!fs.existsSync(resultsDirectory)) return [];
  const files = fs.readdirSync(resultsDirectory).filter((name) => name.endsWith(".json"));
  return files.sort().flatMap((name) => readResults(path.join(resultsDirectory, name)));
}
