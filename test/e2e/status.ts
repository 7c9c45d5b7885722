// What `hotreload status --json` says from another terminal.

import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import type { Status } from "./dev_messages.js";
import type { Program } from "./program.js";
import { repository } from "./workspace.js";

/** One line of JSON a process. */
export async function listed(program: Program): Promise<readonly Status[]> {
  const cli = process.env.HOTRELOAD_E2E_CLI ?? path.join(repository, "dist/devserver/cli.js");
  const args = [cli, "status", program.workspace.directory, "-B", program.build, "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Status]));
}
