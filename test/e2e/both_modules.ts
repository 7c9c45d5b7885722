// Programs whose parts lie in the executable and once more in a library that it loads: both show the same.

import assert from "node:assert/strict";
import type { Program } from "./program.js";
import type { Fields } from "./tick_log.js";

/** Waits for the fields, and for those of the library, which begin with "shared.". */
export function bothShow(program: Program, fields: Fields): Promise<void> {
  const ofLibrary = Object.entries(fields).map(([name, value]) => [`shared.${name}`, value] as const);
  return program.shows({ ...fields, ...Object.fromEntries(ofLibrary) });
}

/** All values that the field has had, in the executable and in the library as well. */
export function historyInBoth(program: Program, name: string): readonly string[] {
  const history = program.log.history(name);
  assert.deepEqual(program.log.history(`shared.${name}`), history, `${name} in the library and in the executable`);
  return history;
}
