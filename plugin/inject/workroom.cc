// The first memory is mapped by a thread that runs a few instructions behind a module's code, with its own stack.
#include "workroom.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "patches.h"
#include "seccomp.h"

namespace hotreload {

namespace {

constexpr uint64_t kCodeSize = 4096, kDataSize = 1 << 18;
constexpr uint64_t kRedZone = 128;

// In the data, from the end of that part which runs need: the floating-point state, texts, words, the context; below it
// the stack.
constexpr uint64_t kStatePlace = kDataSize - kStateSize;
constexpr uint64_t kTextPlace = kStatePlace - 8192;
constexpr uint64_t kWordsPlace = kTextPlace - 64;
constexpr uint64_t kContextPlace = kTextPlace - 4096;

std::string reason(uint64_t result) { return strerror(-int(int32_t(result))); }

uint64_t data_size(uint64_t more) { return kDataSize + ((more + 4095) & ~4095ull); }

}  // namespace

Calls calls_of(int bits) {
  if (bits == 64) return {SYS_mmap, SYS_munmap, SYS_memfd_create, SYS_openat, SYS_close};
  return {192, 91, 356, 295, 6};
}

bool is_failure(uint64_t result, int bits) {
  const int64_t value = bits == 64 ? int64_t(result) : int64_t(int32_t(result));
  return value < 0 && value > -4096;
}

uint64_t Workroom::result_of(size_t operation) const {
  return result_place(target_.bits(), data_ + kContextPlace, operation);
}
uint64_t Workroom::argument_of(size_t operation, size_t argument) const {
  return argument_place(target_.bits(), data_ + kContextPlace, operation, argument);
}
uint64_t Workroom::text() const { return data_ + kTextPlace; }
uint64_t Workroom::words() const { return data_ + kWordsPlace; }
uint64_t Workroom::more() const { return data_ + kDataSize; }

/// Room for the stub behind the code of a module: the last page of a segment that no code reaches.
std::optional<uint64_t> Workroom::find_cave() const {
  const uint64_t needed = stub_size(target_.bits()) + 16;
  for (const ProcessModule& module : modules_.all()) {
    if (module.path.empty() || module.path[0] != '/') continue;
    for (const LoadedSegment& segment : module.segments) {
      const uint64_t end = (segment.file_end + 0xfff) & ~0xfffull;
      const uint64_t start = (segment.file_end + 15) & ~15ull;
      const bool code = (segment.flags & PF_X) != 0 && (segment.flags & PF_W) == 0 && segment.end == segment.file_end;
      if (code && end > start && end - start >= needed) return start;
    }
  }
  return std::nullopt;
}

/// In any thread: system calls only, with the context below its own stack and the code in a cave.
Result<Nothing> Workroom::run_first(std::vector<Operation>* operations, Clock::time_point deadline) {
  const auto cave = find_cave();
  if (!cave) return Error{"E_LOADER", "no module of the process has room for a few instructions behind its code", ""};
  Error last{"E_BUSY", "no thread of the process could be borrowed", ""};
  while (Clock::now() < deadline) {
    auto ids = target_.threads_at_rest_first();
    if (!ids) return ids.error();
    for (const pid_t id : ids.value()) {
      threads_->release();
      const auto begin = Clock::now();
      auto held = threads_->hold(id, std::min(deadline, begin + std::chrono::milliseconds(500)));
      if (!held) {
        last = held.error();
        if (last.code == "E_PERMISSION" || last.code == "E_TRACED" || target_.has_exited()) return target_.failed(last);
        continue;
      }
      if (threads_->find(id)->signal != 0) continue;
      auto allowed = check_filters(target_, id);
      if (!allowed) return allowed.error();
      user_regs_struct registers;
      if (!threads_->read_registers(id, &registers)) continue;
      std::string before(stub_size(target_.bits()), '\0');
      if (!target_.read(*cave, before.data(), before.size())) return target_.failed({"E_EXITED", "the memory is gone", ""});
      const uint64_t size = context_size(target_.bits(), operations->size()) + 64;
      const uint64_t context = (registers.rsp - kRedZone - size) & ~63ull;
      const char* name = kPatchName;
      // The name lies behind the context.
      const uint64_t text = context + context_size(target_.bits(), operations->size());
      for (Operation& operation : *operations) {
        if (operation.function == calls_of(target_.bits()).memfd_create) operation.arguments[0] = text;
      }
      if (!target_.write(text, name, strlen(name) + 1)) {
        last = target_.failed({"E_STACK", "thread " + std::to_string(id) + " has no room on its stack", ""});
        continue;
      }
      Remote remote(target_, threads_);
      auto done = remote.run(id, {*cave, context, 0}, operations, deadline);
      borrowed_since(begin);
      if (remote.has_left()) target_.write(*cave, before.data(), before.size());
      if (done) threads_->release();
      if (done) return Nothing{};
      last = done.error();
      if (last.code != "E_STACK" && last.code != "E_BUSY") return last;
    }
    usleep(2000);
  }
  return last;
}

Result<Nothing> Workroom::enter(bool with_file, uint64_t more) {
  const Calls calls = calls_of(target_.bits());
  const uint64_t flags = MAP_PRIVATE | MAP_ANONYMOUS;
  more_ = more;
  std::vector<Operation> operations = {
      {Operation::kSystemCall, calls.mmap, {0, kCodeSize, PROT_READ | PROT_EXEC, flags, ~0ull, 0}},
      {Operation::kSystemCall, calls.mmap, {0, data_size(more), PROT_READ | PROT_WRITE, flags, ~0ull, 0}}};
  if (with_file) operations.push_back({Operation::kSystemCall, calls.memfd_create, {0, MFD_CLOEXEC, 0, 0, 0, 0}});
  auto done = run_first(&operations, deadline_);
  if (!done) return done;
  for (const Operation& operation : operations) {
    if (is_failure(operation.result, target_.bits())) {
      return Error{"E_LOADER", "the process cannot map memory for a patch: " + reason(operation.result), ""};
    }
  }
  code_ = operations[0].result;
  data_ = operations[1].result;
  if (with_file) file_ = int(operations[2].result);
  return Nothing{};
}

void Workroom::leave() {
  if (code_ == 0 || must_stay_ || target_.has_exited()) return;
  const Calls calls = calls_of(target_.bits());
  std::vector<Operation> operations = {{Operation::kSystemCall, calls.munmap, {code_, kCodeSize, 0, 0, 0, 0}},
                                       {Operation::kSystemCall, calls.munmap, {data_, data_size(more_), 0, 0, 0, 0}}};
  if (file_ >= 0) operations.push_back({Operation::kSystemCall, calls.close, {uint64_t(file_), 0, 0, 0, 0, 0}});
  (void)bool(run_first(&operations, Clock::now() + std::chrono::seconds(1)));  // what cannot be given back stays: it does no harm
  code_ = data_ = 0;
  file_ = -1;
}

Result<Nothing> Workroom::run(pid_t thread, std::vector<Operation>* operations, bool functions,
                              Clock::time_point deadline) {
  Remote remote(target_, threads_);
  const Workplace place{code_, data_ + kContextPlace, functions ? data_ + kStatePlace : 0};
  auto done = remote.run(thread, place, operations, deadline);
  must_stay_ = must_stay_ || !remote.has_left();
  return done;
}

}  // namespace hotreload
