// Talks to the dev server of a build directory from another terminal: one command, one answer.

import { request } from "node:http";
import { join } from "node:path";
import { failure, type Result, success } from "../plugin/errors.js";
import { COMMAND_ENDPOINT } from "./protocol.js";
import { readSessionFile } from "./session.js";

/** E_SESSION if no dev server serves the build directory, or it does not answer as one. */
export async function askDevServer(buildDir: string, command: string): Promise<Result<unknown>> {
  const session = readSessionFile(join(buildDir, ".hotreload", "session.json"));
  const nobody = failure("E_SESSION", `no hotreload dev serves ${buildDir}`);
  if (session === undefined) return nobody;
  return new Promise((resolve) => {
    const options = { socketPath: session.socket, path: COMMAND_ENDPOINT, method: "POST" };
    const asked = request({ ...options, headers: { "content-type": "application/json" } }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.once("end", () => {
        try {
          if (response.statusCode === 200) return resolve(success(JSON.parse(text)));
        } catch {
          // Below.
        }
        resolve(failure("E_SESSION", `the dev server of ${buildDir} answers ${response.statusCode}: ${text.trim()}`));
      });
    });
    asked.once("error", () => resolve(nobody));
    asked.end(JSON.stringify({ command }));
  });
}
