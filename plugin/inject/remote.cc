// Writes the stub and its context into the target, and waits until the thread has done its way.
#include "remote.h"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include <cstring>
#include <string>

#include "../elf/core/bytes.h"

extern "C" {
extern const char hotreload_stub_64[], hotreload_stub_64_end[], hotreload_stub_32[], hotreload_stub_32_end[];
}

namespace hotreload {

namespace {

constexpr size_t kWordsBefore = 28, kWordsOfOperation = 9, kMask = 23;
/// For the little that is left to do in the thread when the results are there.
constexpr auto kToEnd = std::chrono::seconds(10);

std::string stub_of(int bits) {
  return bits == 64 ? std::string(hotreload_stub_64, hotreload_stub_64_end)
                    : std::string(hotreload_stub_32, hotreload_stub_32_end);
}

void append_word(std::string* bytes, int bits, uint64_t value) {
  if (bits == 64) append(bytes, value);
  else append(bytes, uint32_t(value));
}

}  // namespace

uint64_t stub_size(int bits) { return stub_of(bits).size(); }

uint64_t context_size(int bits, size_t operations) {
  return uint64_t(bits / 8) * (kWordsBefore + kWordsOfOperation * operations);
}

uint64_t argument_place(int bits, uint64_t context, size_t operation, size_t argument) {
  return context + uint64_t(bits / 8) * (kWordsBefore + kWordsOfOperation * operation + 2 + argument);
}

uint64_t result_place(int bits, uint64_t context, size_t operation) {
  return argument_place(bits, context, operation, 6);
}

bool is_in_run(const Target& target, uint64_t place) {
  constexpr uint64_t kPage = 4096;  // a stub lies in one
  std::string page(kPage, '\0');
  const uint64_t start = place & ~(kPage - 1);
  if (!target.read(start, page.data(), page.size())) return false;
  const std::string stub = stub_of(target.bits());
  const size_t found = page.find(stub);
  return found != std::string::npos && place >= start + found && place < start + found + stub.size();
}

bool Remote::write_context(pid_t thread, const Workplace& place, const user_regs_struct& back,
                           const std::vector<Operation>& operations) const {
  const int bits = target_.bits();
  // On i386 nothing lives below the stack pointer: the way back is a `ret`.
  const uint64_t stack = bits == 64 ? back.rsp : back.rsp - 4;
  std::string context;
  for (const uint64_t word :
       {uint64_t(0), uint64_t(operations.size()), place.state, uint64_t(back.rax), uint64_t(back.rbx), uint64_t(back.rcx),
        uint64_t(back.rdx), uint64_t(back.rsi), uint64_t(back.rdi), uint64_t(back.rbp), uint64_t(back.r8), uint64_t(back.r9),
        uint64_t(back.r10), uint64_t(back.r11), uint64_t(back.r12), uint64_t(back.r13), uint64_t(back.r14),
        uint64_t(back.r15), uint64_t(back.rip), uint64_t(back.cs), uint64_t(back.eflags), stack, uint64_t(back.ss)}) {
    append_word(&context, bits, word);
  }
  context.resize(kWordsBefore * size_t(bits / 8), '\0');
  store(&context, kMask * size_t(bits / 8), ~0ull);
  for (const Operation& operation : operations) {
    append_word(&context, bits, operation.kind);
    append_word(&context, bits, operation.function);
    for (const uint64_t argument : operation.arguments) append_word(&context, bits, argument);
    append_word(&context, bits, 0);
  }
  const std::string stub = stub_of(bits);
  if (!target_.write(place.context, context.data(), context.size())) return false;
  if (!target_.write(place.code, stub.data(), stub.size())) return false;
  const uint32_t instruction = uint32_t(back.rip);
  if (bits == 32 && !target_.write(stack, &instruction, sizeof instruction)) return false;
  if (place.state == 0) return true;
  std::string state(kStateSize, '\0');
  iovec part{state.data(), state.size()};
  if (ptrace(PTRACE_GETREGSET, thread, NT_X86_XSTATE, &part) != 0) return false;
  return target_.write(place.state, state.data(), part.iov_len);
}

Result<Nothing> Remote::run(pid_t id, const Workplace& place, std::vector<Operation>* operations,
                            Clock::time_point deadline) {
  const auto ended = [&] { return target_.failed({"E_EXITED", "thread " + std::to_string(id) + " ended meanwhile", ""}); };
  HeldThread* thread = threads_->find(id);
  user_regs_struct before, registers;
  if (!thread || !threads_->read_registers(id, &before)) return ended();
  const user_regs_struct back = resumed(before, target_.bits());
  if (!write_context(id, place, back, *operations)) {
    return target_.failed({"E_STACK", "thread " + std::to_string(id) + " has no room on its stack", ""});
  }
  user_regs_struct entry = back;
  entry.rip = place.code;
  entry.rsp = place.context;
  entry.rbx = place.context;
  entry.orig_rax = ~0ull;
  entry.rax = 0;
  // From this call on the thread is on its own. It stops at each of its system calls, so that it never competes with us
  // for a processor: one that waits by spinning has been seen to keep this process from running for more than a second.
  if (!threads_->write_registers(id, entry)) return ended();
  left_ = false;
  for (uint32_t done = 0; done == 0;) {
    if (!threads_->go_on(thread, Until::kNextCall)) return ended();
    auto stopped = threads_->await(thread, deadline);
    if (!stopped) {
      return target_.failed({"E_TIMEOUT", "thread " + std::to_string(id) + " of process " + std::to_string(target_.pid()) +
                                              " did not do in time what it was borrowed for", ""});
    }
    if (!thread->stopped) return ended();
    if (thread->signal != 0 && threads_->read_registers(id, &registers) && registers.rip == place.code) {
      // Nothing has been done yet: the signal comes first.
      threads_->write_registers(id, before);
      left_ = true;
      return Error{"E_BUSY", "a signal came to thread " + std::to_string(id), ""};
    }
    if (!target_.read(place.context, &done)) return ended();
  }
  for (size_t i = 0; i < operations->size(); i++) {
    target_.read_pointer(result_place(target_.bits(), place.context, i), &(*operations)[i].result);
  }
  // Its last call gives it its signals back. Behind that it stops once more, where the kernel begins an interrupted call
  // again by what the registers say, and gets those that it had, as if nothing had been.
  ptrace(PTRACE_INTERRUPT, id, nullptr, nullptr);
  if (!threads_->go_on(thread, Until::kStop)) return ended();
  auto stopped = threads_->await(thread, Clock::now() + kToEnd);
  if (!stopped) return stopped;
  left_ = thread->stopped && threads_->write_registers(id, before);
  return left_ ? Result<Nothing>(Nothing{}) : ended();
}

}  // namespace hotreload
