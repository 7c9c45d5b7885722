// The scenarios: what a reload must do, change by change. The expected verdict is hot unless the note says otherwise.

export interface ScenarioRow {
  readonly id: string;
  readonly change: string;
  readonly note?: string;
}

/** Letter that the ids of a section begin with -> its title. */
export const sections: Readonly<Record<string, string>> = {
  A: "Code",
  B: "State",
  C: "Types",
  D: "Files and builds",
  E: "Processes",
};

export const scenarioRows: readonly ScenarioRow[] = [
  { id: "A1", change: 'body of a free function, `extern "C"` function, C file' },
  { id: "A2", change: "static function; function in an anonymous namespace" },
  { id: "A3", change: "member, static member, operator, constructor, destructor" },
  { id: "A4", change: "virtual function, called through existing objects and through new ones" },
  {
    id: "A5",
    change: "inline function in a header used by 20 files, in the executable and a shared library",
    note: "every module's copy",
  },
  { id: "A6", change: "function template, class template member" },
  { id: "A7", change: "constexpr value, enum value, macro in a header", note: "all users" },
  { id: "A8", change: "lambda without captures; lambda with the same captures" },
  {
    id: "A9",
    change: "captures of a lambda changed, while old closures live in a `std::function`",
    note: "old closures keep their old code, new ones run the new",
  },
  {
    id: "A10",
    change: "a lambda inserted before another one in the same function",
    note: "the closures that live keep doing what they did",
  },
  {
    id: "A11",
    change: "function held in a function pointer, a table, a `std::function`, a `std::thread`, a `qsort` call",
  },
  {
    id: "A12",
    change: "function-pointer equality before and after; pointer taken in new code equals one taken in old code",
  },
  {
    id: "A13",
    change: "recursion, mutual recursion, variadic, `alloca`, computed goto, `switch` with a jump table, inline asm",
  },
  {
    id: "A14",
    change: "exception thrown in new code and caught in old; the reverse; through patched frames; `noexcept`",
  },
  {
    id: "A15",
    change: "C++20 coroutine edited while a frame of it is suspended",
    note: "frame goes on in its old code",
  },
  { id: "A16", change: "empty function given a body; large function emptied" },
  {
    id: "A17",
    change:
      "new function; new class with virtuals; new template instance; call to a libc or libstdc++ function that nothing called before",
  },
  { id: "A18", change: "function removed; function made static; static made extern" },
  {
    id: "A19",
    change: "signature changed, all callers rebuilt (C++ and C)",
    note: "callers on the stack are named in the report",
  },
  {
    id: "A20",
    change: "`main`, or a loop that never returns, edited",
    note: "hot, and the report says where old code is still on a stack",
  },
  {
    id: "A21",
    change: "the same function 500 times in a row",
    note: "one redirection per call, memory grows by the patches only",
  },
  {
    id: "A24",
    change:
      "`-O2`: a loop that is running calls a static function of its own file, which is replaced by one that uses every call-clobbered register",
    note: "the loop's own values survive",
  },
  {
    id: "A25",
    change: "two functions with identical bodies (ICF by the compiler, lld `--icf=all`), one of them edited",
    note: "the other stays as it was",
  },
  { id: "A22", change: "`setjmp`/`longjmp` across a patched function; signal handler patched" },
  {
    id: "A23",
    change:
      '`__attribute__((constructor))`, IFUNC, weak symbols, aliases, `visibility("hidden")`, `-fvisibility=hidden`',
  },
  {
    id: "B1",
    change:
      "function edited next to: global, file static, function static (with guard), class static, `inline` variable, static of a template",
    note: "all keep address and value",
  },
  { id: "B2", change: "same-named statics in two files with the same base name", note: "each keeps its own" },
  { id: "B3", change: "`thread_local` of both linkages, in 8 running threads", note: "every thread keeps its value" },
  { id: "B4", change: "new global, new static, new function static: constant initializer" },
  {
    id: "B5",
    change: "new global with a constructor; edit in a file that has globals with constructors",
    note: "constructed exactly once; no existing constructor or destructor runs again, contents kept",
  },
  { id: "B6", change: "new `thread_local`, trivial and with a constructor", note: "hot, or refused with the reason" },
  {
    id: "B7",
    change: "initializer of a writable global changed",
    note: "applied if the live value is still the old initializer; else kept and reported",
  },
  { id: "B8", change: "content of a const table or string changed", note: "seen by old and new code" },
  {
    id: "B9",
    change: "array made longer; variable's type changed; variable renamed",
    note: "refused with the reason, or hot where it is provably safe",
  },
  { id: "B10", change: "C: two `static int n` in one function, order swapped", note: "each keeps its own value" },
  { id: "B11", change: "destructors of statics at exit", note: "once each, at exit" },
  { id: "B12", change: "address of a variable taken in old code, used in new code, and the reverse" },
  {
    id: "B14",
    change:
      "member of a global struct written by new code, read by old; static used only inside a template; statics of a shared library over ten reloads",
    note: "one variable, one value",
  },
  { id: "B13", change: "`-fcommon` variables; hidden variables; variables of another module" },
  {
    id: "C1",
    change: "member added to a struct with live heap objects",
    note: "restart needed: names the type, the member, both layouts, the line",
  },
  { id: "C2", change: "virtual function added in the middle; at the end", note: "restart needed" },
  {
    id: "C3",
    change: "base class changed; members reordered; bit-field widened; enum's underlying type changed; `alignas`",
    note: "restart needed",
  },
  { id: "C4", change: "type only used on the stack of the functions that changed", note: "hot" },
  {
    id: "C5",
    change:
      "default member initializer, comment, access specifier, method added (not virtual), `using`, static member added",
    note: "hot",
  },
  {
    id: "C6",
    change: "global of a type that grew, reachable from nothing else",
    note: "migrated member by member, or restart needed",
  },
  {
    id: "D1",
    change: "header edit; header included by a header; new include; header removed",
    note: "dependents, and only they, rebuild",
  },
  { id: "D2", change: "new `.cpp` added to CMakeLists and called" },
  {
    id: "D3",
    change: "`.cpp` removed; file moved; target added; compile flags changed",
    note: "hot, or restart needed",
  },
  { id: "D4", change: "generated source or header (custom command) whose input is saved" },
  {
    id: "D5",
    change: "compile error, then fixed; two files, one with an error",
    note: "build failed, program goes on; then hot",
  },
  {
    id: "D6",
    change: "call to an undefined function; later defined in another file",
    note: "reported by name; then hot",
  },
  {
    id: "D7",
    change:
      "saved twice, 5 to 200 ms apart; saved while a reload is under way; saved during the compile; a save in place that takes 50 ms between truncation and the last byte",
    note: "the last text wins, always, and nothing is ever one reload behind",
  },
  { id: "D8", change: "touch; comment; white space; reformatting of a whole file", note: "nothing to do" },
  { id: "D9", change: "git checkout that rewrites 500 files", note: "one batch, nothing missed" },
  {
    id: "D10",
    change:
      "atomic save by rename; vim, VS Code and JetBrains patterns; symlinked source tree; space and non-ASCII in paths",
  },
  {
    id: "D11",
    change:
      "code in: executable, static library, object library, shared library, `dlopen`ed plugin, one static library in two modules",
  },
  {
    id: "D12",
    change: "unity build, precompiled header, ccache, distcc on loopback, Ninja Multi-Config, Unix Makefiles",
  },
  {
    id: "D13",
    change:
      "project of many files that share templates and inline functions, linked with bfd, lld, mold (gold: hot or refused in one sentence); `-no-pie`; `-fcf-protection=full`; `-O3`, `-Og`, `-Os`; `-std=c++20`; C only",
  },
  { id: "D14", change: "ASan, UBSan, TSan builds" },
  {
    id: "D16",
    change:
      "header included through `../`; one source file in two targets with different flags; CMake run again in between",
  },
  {
    id: "D17",
    change: "another terminal or an IDE builds in the same tree meanwhile",
    note: "picked up as a save; never two ninjas at once from us; no lost change",
  },
  {
    id: "D15",
    change: "LTO, stripped, static-pie or fully static executable",
    note: "refused at start with one clear sentence",
  },
  {
    id: "E1",
    change: "64 threads call what is replaced, 10,000 reloads",
    note: "no crash, no wrong result, no thread stopped",
  },
  {
    id: "E2",
    change: "program forks; program execs itself; several instances run",
    note: "each one connected, each one patched or reported",
  },
  { id: "E3", change: "program exits, crashes, is stopped in gdb for a minute", note: "reported; catches up" },
  {
    id: "E4",
    change: "dev server killed and started again while the program runs",
    note: "reconnects, knows what is applied",
  },
  {
    id: "E5",
    change: "executable rebuilt on disk while the old one runs",
    note: "build-id decides; never patched against the wrong file",
  },
  {
    id: "E6",
    change:
      "gdb: breakpoint in new code, backtrace through it, step; by line in a function of an edited file that itself only moved",
    note: "right file and line",
  },
  { id: "E7", change: "perf, valgrind, `backtrace()`, sanitizer report through new code", note: "names resolve" },
  {
    id: "E8",
    change: "new code crashes",
    note: "the report names the patch and its functions; the rest as without us",
  },
  { id: "E9", change: "undo of the last patch; redo", note: "code back, state kept" },
  { id: "E10", change: "hooks before and after a reload; program that reloads only at a point of its own choosing" },
];
