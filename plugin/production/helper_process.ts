// The part of `hotreload attach` that keeps root's rights: it patches one process, and everything else, compilers above
// all, runs as the user to whom the build belongs.
//
// Started with the process's number; takes commands of the helper as messages and ends when the connection does.
import { inject } from "./inject.js";

export interface HelperRequest {
  readonly id: number;
  readonly args: readonly string[];
  readonly input?: Uint8Array;
}

const pid = process.argv[2];
process.title = `hotreload helper of ${pid}`;
process.on("message", async ({ id, args, input }: HelperRequest) => {
  // What the helper calls a process is its second word.
  if (args[1] !== pid) process.exit(1);
  const result = await inject(args, input === undefined ? undefined : Buffer.from(input));
  process.send?.({ id, result });
});
process.on("disconnect", () => process.exit(0));
