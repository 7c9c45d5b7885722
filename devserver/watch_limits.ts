// Where events do not come: file systems that other machines write to, and the limits of inotify; in words.

import { readFileSync, statfsSync } from "node:fs";

/** f_type of statfs(2), from linux/magic.h and the file systems' own sources. */
const WITHOUT_EVENTS = new Map<number, string>([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xfe534d42, "SMB"],
  [0xff534d42, "CIFS"],
  [0x01021997, "9p (WSL, a virtual machine)"],
  [0x53464846, "a Windows drive in WSL"],
  [0x65735546, "FUSE"],
  [0x786f4256, "VirtualBox shared folder"],
  [0x00c36400, "Ceph"],
  [0x0bd00bd0, "Lustre"],
  [0x47504653, "GPFS"],
  [0x5346414f, "AFS"],
]);

/** The name of a directory's file system if what others write to it makes no events here. */
export function fileSystemWithoutEvents(directory: string): string | undefined {
  try {
    return nameWithoutEvents(statfsSync(directory).type);
  } catch {
    return undefined; // it is gone
  }
}

/** @param type of statfs(2) */
export const nameWithoutEvents = (type: number): string | undefined => WITHOUT_EVENTS.get(type);

/** What to say when a directory cannot be watched, and what would help. */
export function watchProblemText(error: NodeJS.ErrnoException): string {
  const polled = "files are looked at twice a second instead";
  switch (error.code) {
    case "ENOSPC":
      return `${limit("max_user_watches")}: ${polled}. To raise it: ${remedy("max_user_watches", 524288)}`;
    case "EMFILE":
    case "ENFILE":
      return `${limit("max_user_instances")}, or that of open files: ${polled}. To raise it: ${remedy("max_user_instances", 1024)}`;
    default:
      return `events may be missing, ${polled}: ${error.message}`;
  }
}

function limit(name: string): string {
  let value = "";
  try {
    value = ` (${readFileSync(`/proc/sys/fs/inotify/${name}`, "utf8").trim()})`;
  } catch {
    // Only the number is missing.
  }
  return `the limit fs.inotify.${name}${value} is reached`;
}

const remedy = (name: string, value: number): string => `sudo sysctl fs.inotify.${name}=${value}`;
