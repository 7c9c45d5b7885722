// What is refused: each with a code of its own, and with the process left as it was.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fix, hotreload, type Workshop, withWorkshop } from "./plain_program.js";

const program = `
#include <stdio.h>
#include <unistd.h>
__attribute__((noinline)) int answer(void) { __asm__ volatile(""); return 1; }
int main(void) { for (;;) { printf("answer %d\\n", answer()); fflush(stdout); usleep(5000); } }
`;

function refusal(...args: readonly string[]): unknown {
  const answer = hotreload(...args);
  assert.is(answer.code, 1, JSON.stringify(answer));
  return answer.lines[0]?.code;
}

/** A running program and a patch that makes it answer 2. */
function setUp(workshop: Workshop, source = program, ...flags: readonly string[]) {
  workshop.write("program.c", source);
  workshop.write("fix.c", "int answer(void) { return 2; }");
  workshop.compile("gcc", "program", "-O1", ...flags, "program.c");
  const patch = workshop.gen("program", "fix.hrp", workshop.object("gcc", "fix.o", "-O1", "fix.c"));
  return { patch, running: workshop.start("program") };
}

test("another build, a changed file, a patch that is applied already, an undo of nothing, no such process", () =>
  withWorkshop(async (workshop) => {
    const { patch, running } = setUp(workshop);
    const pid = `${running.pid}`;
    await running.waitForLine((line) => line === "answer 1");

    workshop.write("other.c", program.replace("return 1", "return 7"));
    workshop.compile("gcc", "other", "-O1", "other.c");
    const other = workshop.gen("other", "other.hrp", workshop.path("fix.o"));
    assert.is(refusal("fix", pid, other), "E_OTHER_BUILD");

    const bytes = readFileSync(patch);
    bytes[bytes.length - 100] = 255 - (bytes[bytes.length - 100] ?? 0);
    writeFileSync(workshop.path("changed.hrp"), bytes);
    assert.is(refusal("fix", pid, workshop.path("changed.hrp")), "E_PATCH_FILE");
    assert.is(refusal("undo", pid), "E_NOT_APPLIED");
    assert.is(refusal("fix", "999999999", patch), "E_PROCESS");
    await running.waitForNewLine((line) => line === "answer 1");

    fix(running, patch);
    await running.waitForNewLine((line) => line === "answer 2");
    assert.is(refusal("fix", pid, patch), "E_APPLIED");
    assert.is(refusal("undo", pid, "unknown"), "E_NOT_APPLIED");
    await running.waitForNewLine((line) => line === "answer 2");
  }));

test("another user's process, and one that is being traced", () =>
  withWorkshop(async (workshop) => {
    const { patch, running } = setUp(workshop);
    await running.waitForLine((line) => line === "answer 1");
    const helper = workshop.path("helper");
    copyFileSync(fileURLToPath(new URL("../../../plugin/inject/build/hotreload_inject", import.meta.url)), helper);
    chmodSync(workshop.dir, 0o755);
    chmodSync(helper, 0o755);
    if (process.getuid?.() === 0) {
      const asNobody = spawnSync(helper, ["undo", `${running.pid}`, "1000", "0"], {
        uid: 65534,
        gid: 65534,
        encoding: "utf8",
      });
      assert.is(JSON.parse(asNobody.stdout).code, "E_PERMISSION");
    }
    workshop.write(
      "tracer.c",
      `#include <stdio.h>
       #include <stdlib.h>
       #include <sys/ptrace.h>
       #include <unistd.h>
       int main(int n, char **a) { (void)n; puts(ptrace(PTRACE_SEIZE, atoi(a[1]), 0, 0) ? "failed" : "traced");
         fflush(stdout); for (;;) pause(); }`,
    );
    workshop.compile("gcc", "tracer", "tracer.c");
    const tracer = workshop.start("tracer", `${running.pid}`);
    await tracer.waitForLine((line) => line === "traced");
    assert.is(refusal("fix", `${running.pid}`, patch), "E_TRACED");
    await tracer.stop("SIGKILL");
    fix(running, patch);
    await running.waitForNewLine((line) => line === "answer 2");
  }));

test("a function that is running all the time is waited for, and given up with nothing changed", () =>
  withWorkshop(async (workshop) => {
    // The loop begins at the entry: where the jump would be, code comes back to.
    const { patch, running } = setUp(
      workshop,
      `#include <stdio.h>
       #include <unistd.h>
       void tick(void) { puts("tick"); fflush(stdout); usleep(5000); }
       int answer(void);
       __asm__(".text\\n.globl answer\\n.type answer,@function\\nanswer:\\n .cfi_startproc\\n push %rbx\\n .cfi_adjust_cfa_offset 8\\n1: call tick\\n jmp 1b\\n .cfi_endproc\\n .size answer,.-answer\\n");
       int main(void) { return answer(); }`,
    );
    await running.waitForLine((line) => line === "tick");
    assert.is(refusal("fix", `${running.pid}`, patch, "--timeout", "2"), "E_IN_USE");
    await running.waitForNewLine((line) => line === "tick");
    assert.is((await running.stop("SIGTERM")).signal, "SIGTERM");
  }));

test("a thread that cannot be stopped, deep in the kernel: the others go on meanwhile, and afterwards as if nothing had been", () =>
  withWorkshop(async (workshop) => {
    // After vfork a thread stands still inside the kernel, whatever asks it to stop, until the child ends.
    const { patch, running } = setUp(
      workshop,
      `#include <pthread.h>
       #include <signal.h>
       #include <stdio.h>
       #include <sys/prctl.h>
       #include <unistd.h>
       __attribute__((noinline)) int answer(void) { __asm__ volatile(""); return 1; }
       void *wait_for_child(void *unused) {
         if (vfork() == 0) {
           prctl(PR_SET_PDEATHSIG, SIGKILL);
           dprintf(1, "child %d\\n", getpid());
           for (;;) pause();
         }
         puts("child ended"); fflush(stdout); for (;;) pause(); return unused;
       }
       int main(void) {
         pthread_t thread;
         pthread_create(&thread, NULL, wait_for_child, NULL);
         for (;;) { printf("answer %d\\n", answer()); fflush(stdout); usleep(5000); }
       }`,
      "-pthread",
    );
    await running.waitForLine((line) => line === "answer 1");
    const child = Number((await running.waitForLine((line) => line.startsWith("child "))).slice(6));
    const before = running.lines.length;
    assert.is(refusal("fix", `${running.pid}`, patch, "--timeout", "2"), "E_TIMEOUT");
    await running.waitForNewLine((line) => line === "answer 1");
    assert.ok(!running.lines.slice(before).includes("answer 2"));
    process.kill(child, "SIGKILL");
    await running.waitForLine((line) => line === "child ended");
    fix(running, patch);
    await running.waitForNewLine((line) => line === "answer 2");
  }));

test("a process that ends while its patch waits for a function to be left", () =>
  withWorkshop(async (workshop) => {
    // It ends by itself as soon as the patch is loaded, which cannot be applied while the loop runs.
    const { patch, running } = setUp(
      workshop,
      `#include <stdio.h>
       #include <stdlib.h>
       #include <string.h>
       #include <unistd.h>
       void tick(void) {
         char line[512];
         FILE *maps = fopen("/proc/self/maps", "r");
         while (fgets(line, sizeof line, maps)) if (strstr(line, "hotreload-patch") && strstr(line, "r-xp")) exit(3);
         fclose(maps); puts("tick"); fflush(stdout); usleep(5000);
       }
       int answer(void);
       __asm__(".text\\n.globl answer\\n.type answer,@function\\nanswer:\\n .cfi_startproc\\n push %rbx\\n .cfi_adjust_cfa_offset 8\\n1: call tick\\n jmp 1b\\n .cfi_endproc\\n .size answer,.-answer\\n");
       int main(void) { return answer(); }`,
    );
    await running.waitForLine((line) => line === "tick");
    assert.is(refusal("fix", `${running.pid}`, patch, "--timeout", "60"), "E_EXITED");
    assert.is((await running.ended).code, 3);
  }));

test("gen: a function that is too small, an undefined symbol with a suggestion, one that was inlined, a changed size", () =>
  withWorkshop(async (workshop) => {
    workshop.write(
      "program.c",
      `int counter = 3; int table[4];
       __asm__(".text\\n.globl small\\n.type small,@function\\nsmall: ret\\n.size small,.-small\\n"
               ".globl next\\n.type next,@function\\nnext: mov $5,%eax\\n ret\\n.size next,.-next\\n");
       int twice(int n) { return 2 * n + counter; }
       int next(void); void small(void);
       int main(int n, char **a) { (void)a; small(); return twice(n) + table[n & 3] + next(); }`,
    );
    workshop.compile("gcc", "program", "-O2", "program.c");
    const gen = (source: string) => {
      workshop.write("fix.c", source);
      const object = workshop.object("gcc", "fix.o", "-O2", "fix.c");
      return hotreload("gen", "-m", workshop.path("program"), "-o", workshop.path("fix.hrp"), object);
    };
    assert.is(gen('void small(void) { __asm__ volatile("nop"); }').lines[0]?.code, "E_FUNCTION_SMALL");
    const undefinedSymbol = gen("extern int countre; int next(void) { return countre; }").lines[0];
    assert.is(undefinedSymbol?.code, "E_UNDEFINED");
    assert.match(String(undefinedSymbol?.message), /did you mean counter\?/);
    assert.is(gen("int twice(int n) { return 3 * n; }").lines[0]?.code, "E_INLINED");
    assert.is(gen("int table[9]; int next(void) { return table[8]; }").lines[0]?.code, "E_VARIABLE");
    assert.is(gen("int unrelated(void) { return 1; }").lines[0]?.code, "E_UNCHANGED");
  }));

test("a process of another architecture", () =>
  withWorkshop(async (workshop) => {
    const { patch } = setUp(workshop);
    workshop.write("narrow.c", 'void _start(void) { for (;;) __asm__ volatile("int $0x80" : : "a"(29)); }');
    workshop.compile("gcc", "narrow", "-m32", "-nostdlib", "-static", "-fno-pie", "-no-pie", "narrow.c");
    const narrow = workshop.start("narrow");
    assert.is(refusal("fix", `${narrow.pid}`, patch), "E_ARCHITECTURE");
    const made = hotreload("gen", "-m", workshop.path("narrow"), "-o", workshop.path("x.hrp"), workshop.path("fix.o"));
    assert.equal(made.lines, [
      {
        type: "refused",
        code: "E_ARCHITECTURE",
        message: `is for x86-64, and ${workshop.path("narrow")} is for 32-bit x86`,
        file: workshop.path("fix.o"),
      },
    ]);
    assert.is((await narrow.stop("SIGTERM")).signal, "SIGTERM");
  }));

test("seccomp: the strict mode and a filter that forbids what is needed; one that allows it is no obstacle", () =>
  withWorkshop(async (workshop) => {
    const filtered = (setting: string) =>
      program.replace("int main(void) {", `int main(void) { puts("ready"); fflush(stdout); ${setting}`).replace(
        "#include <stdio.h>",
        `#include <linux/filter.h>
           #include <linux/seccomp.h>
           #include <stddef.h>
           #include <stdio.h>
           #include <sys/prctl.h>
           #include <sys/syscall.h>`,
      );
    const filter = (forbidden: string) => `
      struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ${forbidden}, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
      struct sock_fprog list = {4, code};
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &list);`;
    // In the strict mode a process may read and write, and nothing else: it computes between its answers.
    const strict = setUp(
      workshop,
      `#include <linux/seccomp.h>
       #include <sys/prctl.h>
       #include <unistd.h>
       __attribute__((noinline)) int answer(void) { __asm__ volatile(""); return 1; }
       int main(void) {
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
         for (;;) {
           char text[] = "answer 0\\n";
           text[7] += answer();
           if (write(1, text, 9) != 9) return 1;
           for (volatile long i = 0; i < 10000000; i++);
         }
       }`,
    );
    await strict.running.waitForLine((line) => line === "answer 1");
    assert.is(refusal("fix", `${strict.running.pid}`, strict.patch), "E_SECCOMP");
    await strict.running.waitForNewLine((line) => line === "answer 1");
    await strict.running.stop("SIGKILL");

    const { patch, running } = setUp(workshop, filtered(filter("SYS_memfd_create")));
    await running.waitForLine((line) => line === "answer 1");
    assert.is(refusal("fix", `${running.pid}`, patch), "E_SECCOMP");
    await running.waitForNewLine((line) => line === "answer 1");
    await running.stop("SIGKILL");

    const allowed = setUp(workshop, filtered(filter("SYS_reboot")));
    await allowed.running.waitForLine((line) => line === "answer 1");
    if (process.getuid?.() === 0) {
      fix(allowed.running, allowed.patch);
      await allowed.running.waitForNewLine((line) => line === "answer 2");
    }
    await allowed.running.stop("SIGKILL");
  }));

test.run();
