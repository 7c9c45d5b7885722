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

constexpr size_t kWordsBefore = 24, kWordsOfOperation = 9, kMask = 20, kOldMask = 22;

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

bool Remote::write_context(pid_t thread, const Workplace& place, const user_regs_struct& back,
                           const std::vector<Operation>& operations) const {
  const int bits = target_.bits();
  std::string context;
  for (const uint64_t word :
       {uint64_t(0), uint64_t(operations.size()), place.state, uint64_t(back.rax), uint64_t(back.rbx), uint64_t(back.rcx),
        uint64_t(back.rdx), uint64_t(back.rsi), uint64_t(back.rdi), uint64_t(back.rbp), uint64_t(back.r8), uint64_t(back.r9),
        uint64_t(back.r10), uint64_t(back.r11), uint64_t(back.r12), uint64_t(back.r13), uint64_t(back.r14),
        uint64_t(back.r15), uint64_t(back.eflags), uint64_t(back.rsp)}) {
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
  std::string stub = stub_of(bits);
  if (bits == 64) {
    store(&stub, stub.size() - 8, uint64_t(back.rip));
  } else {
    store(&stub, stub.size() - 8, uint32_t(place.code + stub.size() - 4));
    store(&stub, stub.size() - 4, uint32_t(back.rip));
  }
  if (!target_.write(place.context, context.data(), context.size())) return false;
  if (!target_.write(place.code, stub.data(), stub.size())) return false;
  if (place.state == 0) return true;
  std::string state(kStateSize, '\0');
  iovec part{state.data(), state.size()};
  if (ptrace(PTRACE_GETREGSET, thread, NT_X86_XSTATE, &part) != 0) return false;
  return target_.write(place.state, state.data(), part.iov_len);
}

Result<Nothing> Remote::run(pid_t id, const Workplace& place, std::vector<Operation>* operations,
                            Clock::time_point deadline) {
  HeldThread* thread = threads_->find(id);
  user_regs_struct before, registers;
  if (!thread || !threads_->read_registers(id, &before)) {
    return target_.failed({"E_EXITED", "thread " + std::to_string(id) + " ended meanwhile", ""});
  }
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
  // From this call on the thread is on its own.
  if (!threads_->write_registers(id, entry) || !threads_->go_on(thread)) {
    return target_.failed({"E_EXITED", "thread " + std::to_string(id) + " ended meanwhile", ""});
  }
  left_ = false;
  for (uint32_t done = 0; done == 0;) {
    if (threads_->has_stopped(thread)) {
      if (!thread->stopped) return target_.failed({"E_EXITED", "thread " + std::to_string(id) + " ended meanwhile", ""});
      if (thread->signal != 0 && threads_->read_registers(id, &registers) && registers.rip == place.code) {
        // Nothing has been done yet: the signal comes first.
        threads_->write_registers(id, before);
        left_ = true;
        return Error{"E_BUSY", "a signal came to thread " + std::to_string(id), ""};
      }
      if (!threads_->go_on(thread)) return target_.failed({"E_EXITED", "the thread ended meanwhile", ""});
    }
    if (!target_.read(place.context, &done)) return target_.failed({"E_EXITED", "the memory is gone", ""});
    if (done == 0 && Clock::now() > deadline) {
      return Error{"E_TIMEOUT", "the dynamic loader of process " + std::to_string(target_.pid()) + " did not answer in time", ""};
    }
    if (done == 0) threads_->sleep(50'000);
  }
  if (!thread->stopped) {
    auto stopped = threads_->interrupt(thread, deadline);
    if (!stopped) return stopped;
  }
  if (!thread->stopped || !threads_->read_registers(id, &registers) || !is_inside(registers, place)) {
    return target_.failed({"E_TIMEOUT", "this process was not run in time to see what the other one did", ""});
  }
  for (size_t i = 0; i < operations->size(); i++) {
    target_.read_pointer(result_place(target_.bits(), place.context, i), &(*operations)[i].result);
  }
  // What the thread would do by itself in a while, and as if nothing had been: the kernel begins an interrupted call
  // again by what the registers say. The floating-point state is back already.
  uint64_t mask = 0;
  left_ = target_.read(place.context + kOldMask * uint64_t(target_.bits() / 8), &mask) &&
          ptrace(PTRACE_SETSIGMASK, id, reinterpret_cast<void*>(sizeof mask), &mask) == 0 && threads_->write_registers(id, before);
  if (left_) return Nothing{};
  return target_.failed({"E_EXITED", "thread " + std::to_string(id) + " ended meanwhile", ""});
}

bool Remote::is_inside(const user_regs_struct& registers, const Workplace& place) const {
  return registers.rip >= place.code && registers.rip < place.code + stub_size(target_.bits());
}

}  // namespace hotreload
