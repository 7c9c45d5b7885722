// Programs whose parts lie in the executable and once more in a library that it loads: both show the same.

import type { Program } from "./program.js";
import type { Fields } from "./tick_log.js";

/** Waits for the fields, and for those of the library, which begin with "shared.". */
export function bothShow(program: Program, fields: Fields): Promise<void> {
  const ofLibrary = Object.entries(fields).map(([name, value]) => [`shared.${name}`, value] as const);
  return program.shows({ ...fields, ...Object.fromEntries(ofLibrary) });
}
