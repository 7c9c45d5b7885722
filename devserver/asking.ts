// `hotreload undo`, `redo` and `status` of a project: asks the running dev server, and prints its answer.

import pc from "picocolors";
import { findProject } from "../plugin/configure.js";
import { buildDirectory } from "../plugin/project.js";
import { askDevServer } from "./command_client.js";
import { errorReport, type Report } from "./report.js";
import { jsonReporter } from "./report_json.js";
import { terminalReporter } from "./report_terminal.js";
import type { Way } from "./undo.js";

export interface AskingOptions {
  readonly dir: string;
  readonly build?: string;
  readonly json?: true;
}

/** The exit code: 0 if nothing went wrong in any process. */
export async function ask(command: Way | "status", options: AskingOptions): Promise<number> {
  const { dir, build } = options;
  const project = findProject(dir);
  const answer = project.ok ? await askDevServer(buildDirectory(project.value, build), command) : project;
  const reports = answer.ok ? (answer.value as readonly Report[]) : [errorReport(answer.problem)];
  const write = (text: string): void => {
    process.stdout.write(text);
  };
  const projectDir = project.ok ? project.value : dir;
  const report = options.json
    ? jsonReporter(write)
    : terminalReporter({ projectDir, colors: pc, interactive: false, write });
  for (const each of reports) report(each);
  return reports.some(({ type }) => type === "error") ? 1 : 0;
}
