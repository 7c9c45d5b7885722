// Gives up root's rights for those of a user, and keeps a process that patches with them: no file of the user's build is
// written, and no compiler run, by root.
import { fork } from "node:child_process";
import { userInfo } from "node:os";
import { fileURLToPath } from "node:url";
import { loadAddon } from "../elf/index.js";
import { failure, type Result } from "../errors.js";
import type { HelperRequest } from "./helper_process.js";
import { type Injector, inject } from "./inject.js";

export interface Rights {
  readonly inject: Injector;
  close(): void;
}

/** Node's types do not have it. */
type ProcessWithGroups = typeof process & { initgroups(user: number, group: number): void };

/** Patches with the rights that this process has. */
export const ownRights: Rights = { inject, close: () => {} };

/**
 * Becomes the user for good. Only for root.
 * @param pid the process that can be patched from then on
 */
export function becomeUser(uid: number, gid: number, pid: number): Rights {
  const rights = keepRights(pid);
  loadAddon();
  try {
    (process as ProcessWithGroups).initgroups(uid, gid);
  } catch {
    process.setgroups?.([gid]); // a user without a name
  }
  process.setgid?.(gid);
  process.setuid?.(uid);
  try {
    const { username, homedir } = userInfo();
    Object.assign(process.env, { HOME: homedir, USER: username, LOGNAME: username });
  } catch {
    process.env.HOME = "/";
  }
  return rights;
}

function keepRights(pid: number): Rights {
  const script = fileURLToPath(new URL("./helper_process.js", import.meta.url));
  // A Ctrl-C is for us alone: what was begun is ended.
  const helper = fork(script, [`${pid}`], {
    detached: true,
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const waiting = new Map<number, (result: Result<never>) => void>();
  let isGone = false;
  let requests = 0;
  const gone = failure("E_TOOL", "the process that patches has ended");
  helper.on("message", ({ id, result }: { id: number; result: Result<never> }) => {
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  helper.on("exit", () => {
    isGone = true;
    for (const resolve of waiting.values()) resolve(gone);
  });
  const injector: Injector = (args, input) =>
    new Promise((resolve) => {
      if (isGone) return resolve(gone);
      const request: HelperRequest = { id: requests++, args, ...(input === undefined ? {} : { input }) };
      waiting.set(request.id, resolve);
      helper.send(request);
    });
  return { inject: injector, close: () => helper.connected && helper.disconnect() };
}
