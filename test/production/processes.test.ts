// Processes in every state that they can be in: asleep in system calls, computing, stopped, with many threads.
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fix, undo, withWorkshop } from "./plain_program.js";

for (const [name, machine] of [
  ["", "-m64"],
  [" (32 bit)", "-m32"],
] as const) {
  test(`threads that sleep in system calls go on sleeping: nanosleep, poll, read, futex, epoll_wait, accept, sigwait${name}`, () =>
    withWorkshop(async (workshop) => {
      workshop.write(
        "program.c",
        `#define _GNU_SOURCE
       #include <errno.h>
       #include <poll.h>
       #include <pthread.h>
       #include <signal.h>
       #include <stdio.h>
       #include <sys/epoll.h>
       #include <sys/socket.h>
       #include <sys/un.h>
       #include <time.h>
       #include <unistd.h>
       static int ends[2];
       __attribute__((noinline)) int answer(void) { __asm__ volatile(""); return 1; }
       static void *in_nanosleep(void *x) { struct timespec t = {3600, 0}; clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL); return x; }
       static void *in_poll(void *x) { struct pollfd p = {ends[0], POLLIN, 0}; poll(&p, 1, 3600000); return x; }
       static void *in_read(void *x) { char c; if (read(ends[0], &c, 1)) {} return x; }
       static void *in_futex(void *x) { static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER; static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
         pthread_mutex_lock(&m); pthread_cond_wait(&c, &m); return x; }
       static void *in_epoll(void *x) { int e = epoll_create1(0); struct epoll_event v = {.events = EPOLLIN}; epoll_ctl(e, EPOLL_CTL_ADD, ends[0], &v);
         epoll_wait(e, &v, 1, -1); return x; }
       static void *in_accept(void *x) { int s = socket(AF_UNIX, SOCK_STREAM, 0); struct sockaddr_un a = {.sun_family = AF_UNIX};
         bind(s, (struct sockaddr *)&a, sizeof(sa_family_t)); listen(s, 1); accept(s, NULL, NULL); return x; }
       static void *in_sigwait(void *x) { sigset_t s; sigemptyset(&s); sigaddset(&s, SIGUSR1); pthread_sigmask(SIG_BLOCK, &s, NULL);
         siginfo_t i; sigwaitinfo(&s, &i); return x; }
       static void *(*const all[])(void *) = {in_nanosleep, in_poll, in_read, in_futex, in_epoll, in_accept, in_sigwait};
       static const char *const names[] = {"nanosleep", "poll", "read", "futex", "epoll_wait", "accept", "sigwait"};
       static void *run(void *n) { errno = 0; all[(long)n](NULL); printf("%s returned, errno %d\\n", names[(long)n], errno); fflush(stdout); return NULL; }
       int main(void) {
         if (pipe(ends)) return 1;
         for (long i = 0; i < 7; i++) { pthread_t t; pthread_create(&t, NULL, run, (void *)i); }
         for (;;) { errno = 77; printf("answer %d errno %d\\n", answer(), errno); fflush(stdout); usleep(5000); }
       }`,
      );
      workshop.write("fix.c", "int answer(void) { return 2; }");
      workshop.compile("gcc", "program", "-O1", "-pthread", "program.c");
      const patch = workshop.gen("program", "fix.hrp", workshop.object("gcc", "fix.o", "-O1", "fix.c"));
      const program = workshop.start("program");
      await program.waitForLine((line) => line.startsWith("answer 1"));
      for (let round = 0; round < 3; round++) {
        fix(program, patch);
        await program.waitForNewLine((line) => line.startsWith("answer 2"));
        undo(program);
        await program.waitForNewLine((line) => line.startsWith("answer 1"));
      }
      assert.equal(
        program.lines.filter((line) => !/^answer [12] errno 77$/.test(line)),
        [],
      );
    }, machine));

  test(`a process that computes and makes no system call${name}`, () =>
    withWorkshop(async (workshop) => {
      workshop.write(
        "program.c",
        `#include <stdio.h>
       __attribute__((noinline)) int more(unsigned long n) { __asm__ volatile(""); return n != 1; }
       int main(void) { unsigned long n = 2; puts("begin"); fflush(stdout); while (more(n)) n += 2; puts("end"); return 0; }`,
      );
      workshop.write("fix.c", "int more(unsigned long n) { return n < 2; }");
      workshop.compile("gcc", "program", "-O1", "program.c");
      const patch = workshop.gen("program", "fix.hrp", workshop.object("gcc", "fix.o", "-O1", "fix.c"));
      const program = workshop.start("program");
      await program.waitForLine((line) => line === "begin");
      fix(program, patch);
      await program.waitForLine((line) => line === "end");
      assert.is((await program.ended).code, 0);
    }, machine));
}

test("threads that each create the next one and end", () =>
  withWorkshop(async (workshop) => {
    workshop.write(
      "program.c",
      `#include <pthread.h>
       #include <stdatomic.h>
       #include <stdio.h>
       #include <unistd.h>
       static atomic_ulong created;
       static pthread_attr_t detached;
       __attribute__((noinline)) int answer(void) { __asm__ volatile(""); return 1; }
       static void *pass_on(void *x) { pthread_t next; answer(); created++; while (pthread_create(&next, &detached, pass_on, x)) {} return x; }
       int main(void) {
         pthread_attr_init(&detached);
         pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
         for (int i = 0; i < 4; i++) pass_on(NULL);
         for (unsigned long before = 0;; before = created) {
           usleep(5000);
           if (created > before) { printf("answer %d\\n", answer()); fflush(stdout); }
         }
       }`,
    );
    workshop.write("fix.c", "int answer(void) { return 2; }");
    workshop.compile("gcc", "program", "-O1", "-pthread", "program.c");
    const patch = workshop.gen("program", "fix.hrp", workshop.object("gcc", "fix.o", "-O1", "fix.c"));
    const program = workshop.startOnOneProcessor("program");
    await program.waitForLine((line) => line === "answer 1");
    for (let round = 0; round < 3; round++) {
      fix(program, patch);
      await program.waitForNewLine((line) => line === "answer 2");
      undo(program);
      await program.waitForNewLine((line) => line === "answer 1");
    }
  }));

test("a stopped process stays stopped, and goes on with the new code", () =>
  withWorkshop(async (workshop) => {
    workshop.write(
      "program.c",
      `#include <stdio.h>
       #include <unistd.h>
       __attribute__((noinline)) int answer(void) { __asm__ volatile(""); return 1; }
       int main(void) { for (;;) { printf("answer %d\\n", answer()); fflush(stdout); usleep(5000); } }`,
    );
    workshop.write("fix.c", "int answer(void) { return 2; }");
    workshop.compile("gcc", "program", "-O1", "program.c");
    const patch = workshop.gen("program", "fix.hrp", workshop.object("gcc", "fix.o", "-O1", "fix.c"));
    const program = workshop.start("program");
    await program.waitForLine((line) => line === "answer 1");
    process.kill(program.pid, "SIGSTOP");
    fix(program, patch);
    assert.match(readFileSync(`/proc/${program.pid}/status`, "utf8"), /^State:\tT \(stopped\)/m);
    process.kill(program.pid, "SIGCONT");
    await program.waitForNewLine((line) => line === "answer 2");
  }));

test.run();
