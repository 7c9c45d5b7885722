/* What a borrowed thread of the target executes: a list of system calls and calls, and then the way back to where it
 * was, by itself. It restores every register from the context below, so that nothing has to be put right from outside:
 * this process may be killed at any moment. The code is the same for every thread and every return, so that one thread
 * may still be in it when another one comes.
 *
 * The thread comes here with the stack pointer and rbx (ebx) at the context. Signals are held back meanwhile. Each of
 * its system calls stops it (PTRACE_SYSCALL); at the last one, with `done` set, the results can be read.
 * While the stack pointer is at the context, a signal's frame goes below it; one instruction takes it back.
 *
 * Context, in words of the machine (8 or 4 bytes):
 *   0 done  1 count  2 floating-point state, or 0
 *   3 rax  4 rbx  5 rcx  6 rdx  7 rsi  8 rdi  9 rbp  10 r8 ... 17 r15
 *   18 rip  19 cs  20 rflags  21 rsp  22 ss, as iretq takes them (32 bits: esp is that of a `ret` to eip)
 *   23 the mask of all signals  25 room for the mask of signals that the thread has  28 operations
 *   (32 bits: words 10 to 19 and 22 are not used)
 * Operation: kind, number or function, six arguments, result.
 *   kind 0 system call; 1 call; 2 copy four bytes: the place is in the word at argument 0, to argument 1; 3 back again;
 *   4 pwrite64 to the descriptor that is in the word at argument 0, of argument 2 entries at argument 1: address, bytes,
 *   size
 */
#define WORD 8
#define AT(n) (n * WORD)

  .section .rodata
  .globl hotreload_stub_64
  .globl hotreload_stub_64_end
  .globl hotreload_stub_32
  .globl hotreload_stub_32_end

  .code64
hotreload_stub_64:
  mov $14, %eax  /* rt_sigprocmask */
  mov $2, %edi   /* SIG_SETMASK */
  lea AT(23)(%rbx), %rsi
  lea AT(25)(%rbx), %rdx
  mov $8, %r10d
  syscall
  lea AT(28)(%rbx), %r12
  mov AT(1)(%rbx), %r13
  cld
1:
  test %r13, %r13
  jz 6f
  mov AT(0)(%r12), %r14
  mov AT(1)(%r12), %rax
  mov AT(2)(%r12), %rdi
  mov AT(3)(%r12), %rsi
  mov AT(4)(%r12), %rdx
  mov AT(5)(%r12), %r10
  mov AT(6)(%r12), %r8
  mov AT(7)(%r12), %r9
  cmp $1, %r14
  je 2f
  ja 3f
  syscall
  jmp 5f
2:
  mov %r10, %rcx
  mov %rax, %r11
  xor %eax, %eax
  call *%r11
  jmp 5f
3:
  cmp $4, %r14
  je 11f
  mov (%rdi), %rdi
  cmp $2, %r14
  ja 4f
  mov (%rdi), %ecx
  mov %ecx, (%rsi)
  jmp 5f
4:
  mov (%rsi), %ecx
  mov %ecx, (%rdi)
5:
  mov %rax, AT(8)(%r12)
  add $AT(9), %r12
  dec %r13
  jmp 1b
11:
  mov (%rdi), %r15
  mov %rsi, %rbp
  mov %rdx, %r14
12:
  test %r14, %r14
  jz 5b
  mov $18, %eax  /* pwrite64 */
  mov %r15, %rdi
  mov AT(1)(%rbp), %rsi
  mov AT(2)(%rbp), %rdx
  mov AT(0)(%rbp), %r10
  syscall
  add $AT(3), %rbp
  dec %r14
  jmp 12b
6:
  mov AT(2)(%rbx), %rcx
  test %rcx, %rcx
  jz 7f
  mov $-1, %eax
  mov $-1, %edx
  xrstor64 (%rcx)
7:
  mov %rbx, %rsp
  movq $1, AT(0)(%rsp)
  mov $14, %eax
  mov $2, %edi
  lea AT(25)(%rsp), %rsi
  xor %edx, %edx
  mov $8, %r10d
  syscall
  mov AT(3)(%rsp), %rax
  mov AT(4)(%rsp), %rbx
  mov AT(5)(%rsp), %rcx
  mov AT(6)(%rsp), %rdx
  mov AT(7)(%rsp), %rsi
  mov AT(8)(%rsp), %rdi
  mov AT(9)(%rsp), %rbp
  mov AT(10)(%rsp), %r8
  mov AT(11)(%rsp), %r9
  mov AT(12)(%rsp), %r10
  mov AT(13)(%rsp), %r11
  mov AT(14)(%rsp), %r12
  mov AT(15)(%rsp), %r13
  mov AT(16)(%rsp), %r14
  mov AT(17)(%rsp), %r15
  add $AT(18), %rsp
  iretq
hotreload_stub_64_end:

#undef WORD
#define WORD 4

  .code32
hotreload_stub_32:
  mov %ebx, %ebp
  mov $175, %eax  /* rt_sigprocmask */
  mov $2, %ebx    /* SIG_SETMASK */
  lea AT(23)(%ebp), %ecx
  lea AT(25)(%ebp), %edx
  mov $8, %esi
  int $0x80
  mov %ebp, %ebx
  cld
  movl $0, AT(10)(%ebx)
1:
  mov AT(10)(%ebx), %eax
  cmp AT(1)(%ebx), %eax
  jae 6f
  imul $AT(9), %eax, %eax
  lea AT(28)(%ebx,%eax), %esi
  push %ebx
  mov AT(0)(%esi), %eax
  cmp $1, %eax
  je 2f
  ja 3f
  push %esi
  mov AT(1)(%esi), %eax
  mov AT(2)(%esi), %ebx
  mov AT(4)(%esi), %ecx
  push %ecx
  mov AT(5)(%esi), %ecx
  push %ecx
  mov AT(6)(%esi), %ecx
  push %ecx
  mov AT(3)(%esi), %ecx
  mov AT(7)(%esi), %ebp
  pop %edi
  pop %esi
  pop %edx
  int $0x80
  pop %esi
  jmp 5f
2:
  mov %esp, %ebp
  and $-16, %esp
  sub $32, %esp
  mov AT(2)(%esi), %eax
  mov %eax, 0(%esp)
  mov AT(3)(%esi), %eax
  mov %eax, 4(%esp)
  mov AT(4)(%esi), %eax
  mov %eax, 8(%esp)
  call *AT(1)(%esi)
  mov %ebp, %esp
  jmp 5f
3:
  cmp $4, %eax
  je 11f
  cmp $2, %eax
  mov AT(2)(%esi), %edi
  mov (%edi), %edi
  mov AT(3)(%esi), %edx
  ja 4f
  mov (%edi), %ecx
  mov %ecx, (%edx)
  jmp 5f
4:
  mov (%edx), %ecx
  mov %ecx, (%edi)
5:
  pop %ebx
  mov %eax, AT(8)(%esi)
  incl AT(10)(%ebx)
  jmp 1b
11:
  push %esi
  mov AT(3)(%esi), %ebp
  mov AT(2)(%esi), %ebx
  mov (%ebx), %ebx
  pushl AT(4)(%esi)
12:
  cmpl $0, (%esp)
  je 13f
  mov $181, %eax  /* pwrite64 */
  mov AT(1)(%ebp), %ecx
  mov AT(2)(%ebp), %edx
  mov AT(0)(%ebp), %esi
  xor %edi, %edi
  int $0x80
  add $AT(3), %ebp
  decl (%esp)
  jmp 12b
13:
  pop %edx
  pop %esi
  jmp 5b
6:
  mov AT(2)(%ebx), %ecx
  test %ecx, %ecx
  jz 7f
  mov $-1, %eax
  mov $-1, %edx
  xrstor (%ecx)
7:
  mov %ebx, %esp
  movl $1, AT(0)(%esp)
  mov $175, %eax
  mov $2, %ebx
  lea AT(25)(%esp), %ecx
  xor %edx, %edx
  mov $8, %esi
  int $0x80
  pushl AT(20)(%esp)
  popf
  mov AT(3)(%esp), %eax
  mov AT(4)(%esp), %ebx
  mov AT(5)(%esp), %ecx
  mov AT(6)(%esp), %edx
  mov AT(7)(%esp), %esi
  mov AT(8)(%esp), %edi
  mov AT(9)(%esp), %ebp
  mov AT(21)(%esp), %esp
  ret
hotreload_stub_32_end:

  .section .note.GNU-stack, "", @progbits
