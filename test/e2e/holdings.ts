// What a process holds: open files, resident memory, and its mappings by kind.

import fs from "node:fs";
import path from "node:path";
import { residentKib } from "./leftover_processes.js";

export interface Holdings {
  readonly files: number;
  readonly residentKib: number;
  /** Of libraries of patches, of other files, of stacks and heaps, and of address space without memory behind it. */
  readonly mappings: Readonly<Record<"patches" | "others" | "anonymous" | "reserved", Mappings>>;
}

export interface Mappings {
  readonly count: number;
  readonly kib: number;
}

export function holdingsOf(pid: number): Holdings {
  const mappings = {
    patches: { count: 0, kib: 0 },
    others: { count: 0, kib: 0 },
    anonymous: { count: 0, kib: 0 },
    reserved: { count: 0, kib: 0 },
  };
  const lines = fs.readFileSync(`/proc/${pid}/maps`, "utf8").matchAll(/^(\w+)-(\w+) (\S+) \S+ \S+ \S+ *(.*)$/gm);
  for (const [, from = "", to = "", protection = "", name = ""] of lines) {
    const mapping = mappings[kindOf(protection, name)];
    mapping.count += 1;
    mapping.kib += (Number.parseInt(to, 16) - Number.parseInt(from, 16)) / 1024;
  }
  return { files: fs.readdirSync(`/proc/${pid}/fd`).length, residentKib: residentKib(pid), mappings };
}

function kindOf(protection: string, name: string): keyof Holdings["mappings"] {
  if (name.includes("/.hotreload/patches/")) return "patches";
  if (name.startsWith("/")) return "others";
  return protection.startsWith("---") ? "reserved" : "anonymous";
}

/** Files below a directory, and how much of the disk they take. */
export function diskUse(directory: string): { readonly files: number; readonly kib: number } {
  const entries = fs.readdirSync(directory, { recursive: true, withFileTypes: true });
  const blocks = entries.map((entry) => {
    return fs.statSync(path.join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.blocks ?? 0;
  });
  const files = entries.filter((entry) => entry.isFile()).length;
  return { files, kib: blocks.reduce((sum, count) => sum + count, 0) / 2 };
}
