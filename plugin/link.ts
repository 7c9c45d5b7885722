// Links prepared objects into a patch library with the system's linker, called directly.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { failure, type Problem, type Result, success } from "./errors.js";

const run = promisify(execFile);

export interface LinkInput {
  /** Prepared objects, in order. */
  readonly files: readonly string[];
  /** Address in the process of the library's first byte. */
  readonly start: number;
  /** Shared libraries: what they define gets its version and its DT_NEEDED from them. */
  readonly libraries: readonly string[];
  /** Functions of the patch that dladdr() is to name, mangled; bind makes them local, so that nobody else finds them. */
  readonly named: readonly string[];
  readonly output: string;
  /** For the version script. */
  readonly directory: string;
}

export interface Linker {
  readonly path: string;
  readonly kind: "lld" | "bfd";
  /** Archives that the compiler driver would add: libgcc.a, libc_nonshared.a. */
  readonly archives: readonly string[];
}

async function firstOnPath(names: readonly string[]): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? "/usr/bin:/bin").split(":")) {
    for (const name of names) {
      const path = join(folder, name);
      if (existsSync(path)) return path;
    }
  }
  return undefined;
}

/** Errors: E_TOOL. */
export async function findLinker(): Promise<Result<Linker>> {
  // For the few objects of a patch ld.bfd takes 5 ms, and ld.lld 30.
  const bfd = await firstOnPath(["ld.bfd"]);
  const path = bfd ?? (await firstOnPath(["ld.lld"]));
  const compiler = await firstOnPath(["cc", "gcc", "clang"]);
  if (!path || !compiler) return failure("E_TOOL", "needs a compiler (gcc or clang) and a linker (ld.bfd or ld.lld)");
  const archives: string[] = [];
  for (const name of ["libgcc.a", "libc_nonshared.a"]) {
    const { stdout } = await run(compiler, [`-print-file-name=${name}`]);
    if (existsSync(stdout.trim())) archives.push(stdout.trim());
  }
  return success({ path, kind: bfd ? "bfd" : "lld", archives });
}

/** `undefined reference to \`f(int)'` (bfd) or `undefined symbol: f(int)` (lld), each name once. */
function undefinedSymbols(output: string): Problem[] {
  const names = new Map<string, string | undefined>();
  let name: string | undefined;
  for (const line of output.split("\n")) {
    const found = /undefined (?:reference to `(.+)'|(?:hidden )?symbol: (.+))$/.exec(line);
    name = found?.[1] ?? found?.[2] ?? (line.startsWith(">>>") ? name : undefined);
    if (name === undefined) continue;
    const place =
      /^>>> referenced by \S+:\d+ \((\S+:\d+)\)/.exec(line)?.[1] ??
      /^>>> referenced by (\S+:\d+)/.exec(line)?.[1] ??
      /^(?:\S+: )?(\S+:\d+): undefined/.exec(line)?.[1];
    names.set(name, names.get(name) ?? place);
  }
  return [...names].map(([symbol, place]) => {
    const [file, line] = place?.split(":") ?? [];
    return {
      code: "E_UNDEFINED" as const,
      message: `${symbol} is not defined in the program or in any library that it has loaded`,
      ...(file !== undefined && !file.endsWith(".o") ? { file, line: Number(line) } : {}),
    };
  });
}

export type LinkOutcome =
  | { readonly kind: "linked" }
  | { readonly kind: "undefined"; readonly symbols: readonly Problem[] }
  | { readonly kind: "failed"; readonly problem: Problem };

export async function link(linker: Linker, input: LinkInput): Promise<LinkOutcome> {
  const script = join(input.directory, "exports");
  // In quotes a name is no pattern. With other characters (-fextended-identifiers) it stays unnamed.
  const named = input.named.filter((name) => /^[\w.$]+$/.test(name)).map((name) => ` "${name}";`);
  await writeFile(script, `{ global: hotreload_patch;${named.join("")} local: *; };\n`, { mode: 0o600 });
  const start = `0x${input.start.toString(16)}`;
  const args = [
    "-shared",
    ...["-o", input.output],
    linker.kind === "lld" ? `--image-base=${start}` : `-Ttext-segment=${start}`,
    "--no-relax",
    "--gc-sections",
    "--no-undefined",
    "-Bsymbolic", // calls inside the patch stay direct
    "--eh-frame-hdr",
    "--hash-style=gnu",
    "--build-id=none",
    `--version-script=${script}`,
    ...["-z", "norelro", "-z", "noseparate-code", "-z", "max-page-size=4096"],
    ...input.files,
    ...linker.archives,
    "--as-needed",
    ...input.libraries,
  ];
  try {
    // The messages are read: in English, please.
    const env = { ...process.env, LC_ALL: "C" };
    await run(linker.path, args, { maxBuffer: 16 * 1024 * 1024, env });
    return { kind: "linked" };
  } catch (error) {
    const output = (error as { stderr?: string }).stderr ?? String(error);
    const symbols = undefinedSymbols(output);
    if (symbols.length > 0) return { kind: "undefined", symbols };
    return { kind: "failed", problem: { code: "E_LINK", message: `${linker.path} failed`, detail: output.trim() } };
  }
}
