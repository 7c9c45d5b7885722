// The errors that hotreload reports: each code once, with the sentence that explains it.

/** Code -> what it means in general. A Problem carries the code and a message about the case at hand. */
export const sentences = {
  // build graph
  E_NINJA_SYNTAX: "build.ninja cannot be parsed",
  E_NINJA_LOG: ".ninja_deps cannot be used",
  E_FILE_API: "the reply of the CMake File API cannot be used",
  E_GRAPH: "the build graph cannot be used",
  // project
  E_PROJECT: "there is no CMake project here",
  E_REFUSED: "programs that are built in this way cannot be reloaded",
  E_CONFIGURE: "CMake could not configure the project",
  E_TARGET: "there is no such program in the project",
  E_BUILD: "the build failed",
  E_DISK: "there is no room on the disk for a file of hotreload's own",
  E_TOOL: "a tool that is needed is missing or cannot be started",
  // objects, modules and patches
  E_ELF: "the file is not an ELF file that can be read",
  E_RELOCATION: "the object has a relocation that is not known",
  E_STRIPPED: "the module has no symbol table",
  E_LOCALIZED: "the linker made the module's global symbols local",
  E_LOCATE: "a symbol of the object cannot be found in the running module",
  E_BASELINE: "what the process runs is not known for this object",
  E_LINK: "the patch cannot be linked",
  E_BIND: "the patch cannot be bound to the running process",
  E_RANGE: "there is no free address range near the module",
  E_MAPPINGS: "the process has nearly as many mappings as the system lets it have",
  // reasons why a change needs a restart
  E_LAYOUT: "the layout of a type changed",
  E_VTABLE: "a virtual table changed",
  E_VARIABLE: "a variable changed in a way that its live value cannot follow",
  E_CONSTANT: "constant data changed that other files may use",
  E_INITIALIZER: "a new variable needs a constructor to run",
  E_THREAD_LOCAL: "a new thread-local variable cannot be reached",
  E_LAMBDA: "lambdas cannot be matched with those that are alive",
  E_FUNCTION: "a function cannot be replaced",
  E_UNDEFINED: "a symbol is not defined anywhere",
  E_OTHER_BUILD: "the process runs another build",
  // production: making a patch file
  E_PATCH_FILE: "the patch file cannot be used",
  E_UNCHANGED: "there is nothing to replace",
  E_FUNCTION_SMALL: "a function is too small to be redirected",
  E_CALLER: "a caller relies on what its compiler saw of the old function",
  E_INLINED: "a function was compiled into its callers",
  // production: patching a process
  E_PROCESS: "there is no such process",
  E_PERMISSION: "the process may not be patched by this user",
  E_TRACED: "the process is being traced already",
  E_ARCHITECTURE: "the program is for another architecture",
  E_SECCOMP: "the process may not make the system calls that a patch needs",
  E_LOADER: "the dynamic loader of the process cannot load the patch",
  E_MOVED: "the dynamic loader put the patch at another address",
  E_BUSY: "no thread of the process could be borrowed in time",
  E_STACK: "a thread has no room on its stack",
  E_IN_USE: "a function is running all the time and cannot be redirected meanwhile",
  E_ENTRY_CHANGED: "the code of a function was changed by something else",
  E_APPLIED: "the patch is applied already",
  E_NOT_APPLIED: "the patch is not applied",
  E_EXITED: "the process ended meanwhile",
  E_TIMEOUT: "the process did not react in time",
  // session and agent
  E_SESSION_OWNER: "the session directory belongs to another user",
  E_SESSION: "no dev server serves the build directory",
  E_SESSION_BUSY: "another hotreload dev serves this build directory",
  E_PEER: "the process at the other end of the socket belongs to another user",
  E_PROTOCOL: "a message cannot be understood",
  E_AGENT: "the agent refused the patch",
  E_UNDO: "there is nothing that can be undone or redone",
  E_PROGRAM: "the program cannot be started",
} as const;

export type Code = keyof typeof sentences;

/** An expected outcome that is not success: what happened, to what, and where. */
export interface Problem {
  readonly code: Code;
  /** One sentence about the case at hand, without the code. */
  readonly message: string;
  readonly file?: string;
  /** 1-based. */
  readonly line?: number;
  /** 1-based, in bytes. */
  readonly column?: number;
  /** Text to show below the message as it is: a caret, a compiler's output. */
  readonly detail?: string;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

export function success<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function failure(
  code: Code,
  message: string,
  place: Omit<Problem, "code" | "message"> = {},
): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: { code, message, ...place } };
}

/** `file:line:column: message [code]`, and the detail below it. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined);
  const prefix = place.length > 0 ? `${place.join(":")}: ` : "";
  const detail = problem.detail ? `\n${problem.detail}` : "";
  return `${prefix}${problem.message} [${problem.code}]${detail}`;
}
