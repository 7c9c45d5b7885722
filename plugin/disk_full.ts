// Tells a full disk from other failures: nothing is wrong with the change then, and the next save makes up for it.

import type { Problem } from "./errors.js";

/** As node, the addon (strerror) and the linkers say it. */
const SAYINGS = /no space left on device|disk quota exceeded|ENOSPC|EDQUOT/i;

/** E_DISK if that is why something failed: a Problem of ours, or what was thrown. Undefined if it is something else. */
export function diskFull(failure: Problem | unknown): Problem | undefined {
  const { message, detail } = failure as Partial<Problem>;
  const saying = [detail, message].find((text) => text !== undefined && SAYINGS.test(text));
  return saying === undefined ? undefined : { code: "E_DISK", message: saying.trim() };
}
