// The symbols of what a program is made of, as nm lists them.

import { execFileSync } from "node:child_process";
import path from "node:path";
import type { Program } from "./program.js";

/** As `nm -S` lists those of a file in the build directory. */
export function symbolsOf(program: Program, file: string): string {
  return execFileSync("nm", ["-S", path.join(program.build, file)], { encoding: "utf8" });
}
