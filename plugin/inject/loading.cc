// Memory, file, dlopen: each step runs in a borrowed thread, the others go on.
#include "loading.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "patches.h"
#include "room.h"
#include "seccomp.h"

namespace hotreload {

namespace {

constexpr uint64_t kCodeSize = 4096, kDataSize = 1 << 18;
constexpr uint64_t kRedZone = 128;
constexpr int kMostPlaces = 4;

// In the data, from its end: the floating-point state, texts, the context; below it the stack.
constexpr uint64_t kStatePlace = kDataSize - kStateSize;
constexpr uint64_t kTextPlace = kStatePlace - 8192;
constexpr uint64_t kMaskPlace = kTextPlace - 64, kOldMaskPlace = kTextPlace - 48, kErrorPlace = kTextPlace - 32;
constexpr uint64_t kContextPlace = kTextPlace - 4096;

struct Calls {
  uint64_t mmap, munmap, memfd_create, close, rt_sigprocmask;
};

Calls calls_of(int bits) {
  if (bits == 64) return {SYS_mmap, SYS_munmap, SYS_memfd_create, SYS_close, SYS_rt_sigprocmask};
  return {192, 91, 356, 6, 175};
}

bool is_failure(uint64_t result, int bits) {
  const int64_t value = bits == 64 ? int64_t(result) : int64_t(int32_t(result));
  return value < 0 && value > -4096;
}

std::string reason(uint64_t result) { return strerror(-int(int32_t(result))); }

}  // namespace

Loading::Loading(const Target& target, const Modules& modules, Clock::time_point deadline)
    : target_(target), modules_(modules), deadline_(deadline), borrowing_(target, modules), stacks_(target, modules) {}

Result<Nothing> Loading::find_functions() {
  const auto find = [&](const char* name) {
    const auto found = modules_.find(target_, name);
    return found ? found->address : 0;
  };
  open_ = find("dlopen");
  close_ = find("dlclose");
  error_text_ = find("dlerror");
  error_number_ = find("__errno_location");
  if (open_ != 0 && close_ != 0 && error_text_ != 0 && error_number_ != 0) return Nothing{};
  return Error{"E_LOADER",
               "process " + std::to_string(target_.pid()) +
                   " has no dynamic loader that could load a patch (it is linked statically, or its libc is older than "
                   "2.34 and libdl is not loaded)",
               ""};
}

/// Room for the stub behind the code of a module: the last page of a segment that no code reaches.
std::optional<uint64_t> Loading::find_cave() const {
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
Result<Nothing> Loading::run_first(std::vector<Operation>* operations) {
  const auto cave = find_cave();
  if (!cave) return Error{"E_LOADER", "no module of the process has room for a few instructions behind its code", ""};
  auto ids = target_.threads();
  if (!ids) return ids.error();
  Error last{"E_BUSY", "no thread of the process could be borrowed", ""};
  while (Clock::now() < deadline_) {
    for (const pid_t id : ids.value()) {
      Threads threads(target_);
      const auto begin = Clock::now();
      auto held = threads.hold(id, std::min(deadline_, begin + std::chrono::milliseconds(500)));
      if (!held) {
        last = held.error();
        if (last.code == "E_PERMISSION" || last.code == "E_TRACED" || target_.has_exited()) return target_.failed(last);
        continue;
      }
      if (threads.find(id)->signal != 0) continue;
      auto allowed = check_filters(target_, id);
      if (!allowed) return allowed.error();
      user_regs_struct registers;
      if (!threads.read_registers(id, &registers)) continue;
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
      Remote remote(target_, &threads);
      auto done = remote.run(id, {*cave, context, 0}, operations, deadline_);
      borrowed_ms_ += std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
      if (remote.has_left()) target_.write(*cave, before.data(), before.size());
      if (done) return Nothing{};
      last = done.error();
      if (last.code != "E_STACK") return last;
    }
    usleep(2000);
  }
  return last;
}

Result<Nothing> Loading::enter() {
  const Calls calls = calls_of(target_.bits());
  std::vector<Operation> operations = {
      {Operation::kSystemCall, calls.mmap, {0, kCodeSize, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, ~0ull, 0}},
      {Operation::kSystemCall, calls.mmap, {0, kDataSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, ~0ull, 0}},
      {Operation::kSystemCall, calls.memfd_create, {0, MFD_CLOEXEC, 0, 0, 0, 0}}};
  auto done = run_first(&operations);
  if (!done) return done;
  for (const Operation& operation : operations) {
    if (is_failure(operation.result, target_.bits())) {
      return Error{"E_LOADER", "the process cannot map memory for a patch: " + reason(operation.result), ""};
    }
  }
  code_ = operations[0].result;
  data_ = operations[1].result;
  file_ = int(operations[2].result);
  return Nothing{};
}

/// Gives the memory and the file back.
void Loading::leave() {
  if (code_ == 0 || must_stay_ || target_.has_exited()) return;
  const Calls calls = calls_of(target_.bits());
  std::vector<Operation> operations = {{Operation::kSystemCall, calls.munmap, {code_, kCodeSize, 0, 0, 0, 0}},
                                       {Operation::kSystemCall, calls.munmap, {data_, kDataSize, 0, 0, 0, 0}}};
  if (file_ >= 0) operations.push_back({Operation::kSystemCall, calls.close, {uint64_t(file_), 0, 0, 0, 0, 0}});
  (void)bool(run_first(&operations));  // what cannot be given back stays: it does no harm
  code_ = data_ = 0;
  file_ = -1;
}

/// In a thread that may call the loader, with signals held back and errno kept.
Result<Nothing> Loading::run_safely(std::vector<Operation>* wanted) {
  const int bits = target_.bits();
  const Calls calls = calls_of(bits);
  const uint64_t context = data_ + kContextPlace;
  const uint64_t all = ~0ull;
  target_.write(data_ + kMaskPlace, &all, sizeof all);
  const uint64_t error_place = result_place(bits, context, 1);
  std::vector<Operation> operations = {
      {Operation::kSystemCall, calls.rt_sigprocmask, {SIG_SETMASK, data_ + kMaskPlace, data_ + kOldMaskPlace, 8, 0, 0}},
      {Operation::kCall, error_number_, {}},
      {Operation::kSave, 0, {error_place, data_ + kErrorPlace, 0, 0, 0, 0}}};
  const size_t first = operations.size();
  operations.insert(operations.end(), wanted->begin(), wanted->end());
  operations.push_back({Operation::kRestore, 0, {error_place, data_ + kErrorPlace, 0, 0, 0, 0}});
  operations.push_back({Operation::kSystemCall, calls.rt_sigprocmask, {SIG_SETMASK, data_ + kOldMaskPlace, 0, 8, 0, 0}});

  for (useconds_t pause = 500; Clock::now() < deadline_; pause = std::min<useconds_t>(2 * pause, 20000)) {
    auto ids = target_.threads();
    if (!ids) return ids.error();
    // In a process that is stopped by a signal no other thread can release a lock: all must be outside.
    const bool all_threads = target_.is_stopped();
    bool safe = true;
    for (const pid_t id : ids.value()) {
      Threads threads(target_);
      const auto begin = Clock::now();
      auto held = threads.hold(id, std::min(deadline_, begin + std::chrono::milliseconds(500)));
      if (!held) {
        if (target_.has_exited()) return target_.failed(held.error());
        continue;
      }
      const bool may_call = borrowing_.is_safe(threads, &stacks_, *threads.find(id));
      safe = safe && may_call;
      if (all_threads ? !safe || id != ids.value().back() : !may_call) continue;
      Remote remote(target_, &threads);
      auto done = remote.run(id, {code_, context, data_ + kStatePlace}, &operations, deadline_);
      borrowed_ms_ += std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
      must_stay_ = must_stay_ || !remote.has_left();
      if (!done) return done;
      std::copy(operations.begin() + long(first), operations.begin() + long(first + wanted->size()), wanted->begin());
      return Nothing{};
    }
    usleep(pause);
  }
  return Error{"E_BUSY",
               "every thread of process " + std::to_string(target_.pid()) +
                   " was inside the allocator, the loader or code that cannot be unwound; nothing was changed",
               ""};
}

/// Functions of libraries that are chosen at run time (memcpy): their resolvers only look at what the processor can do.
Result<Nothing> Loading::resolve_indirect(const Payload& payload) {
  std::vector<Operation> operations;
  std::vector<std::string> names;
  for (const FixupSymbol& symbol : payload.symbols) {
    if (symbol.base != Base::kLibrary) continue;
    const std::string name = payload.name_of(symbol);
    const auto found = modules_.find(target_, name);
    if (!found || !found->indirect || indirect_.count(name) > 0) continue;
    indirect_[name] = 0;
    names.push_back(name);
    operations.push_back({Operation::kCall, found->address, {}});
  }
  constexpr size_t kAtOnce = 32;
  for (size_t i = 0; i < operations.size(); i += kAtOnce) {
    std::vector<Operation> some(operations.begin() + long(i), operations.begin() + long(std::min(i + kAtOnce, operations.size())));
    auto done = run_safely(&some);
    if (!done) return done;
    for (size_t k = 0; k < some.size(); k++) indirect_[names[i + k]] = some[k].result;
  }
  return Nothing{};
}

Result<uint64_t> Loading::address_of(const Payload& payload, const ProcessModule& module, const FixupSymbol& symbol,
                                     const std::function<uint64_t(const std::string&)>& added) const {
  const std::string name = payload.name_of(symbol);
  switch (symbol.base) {
    case Base::kNothing: return uint64_t(0);
    case Base::kAdded: return added(name);
    case Base::kTlsModule: {
      if (module.executable) return uint64_t(1);
      const uint64_t number = modules_.tls_module(target_, module);
      if (number != 0) return number;
      return Error{"E_THREAD_LOCAL", "the thread_local variables of " + module.path + " cannot be found in the process", ""};
    }
    default: break;
  }
  const auto indirect = indirect_.find(name);
  if (indirect != indirect_.end()) return indirect->second;
  const auto found = modules_.find(target_, name);
  if (found) return found->address;
  return Error{"E_UNDEFINED", name + " is in none of the libraries that process " + std::to_string(target_.pid()) + " has loaded", ""};
}

Result<Nothing> Loading::write_file(const std::string& image) const {
  const std::string path = "/proc/" + std::to_string(target_.pid()) + "/fd/" + std::to_string(file_);
  const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC);
  const bool written = descriptor >= 0 && ftruncate(descriptor, 0) == 0 &&
                       pwrite(descriptor, image.data(), image.size(), 0) == ssize_t(image.size());
  const int number = errno;
  if (descriptor >= 0) close(descriptor);
  if (written) return Nothing{};
  return target_.failed({"E_LOADER", "the image cannot be written to " + path + ": " + strerror(number), ""});
}

Result<uint64_t> Loading::open_in_process(const std::string& path, bool close_file) {
  const uint64_t text = data_ + kTextPlace;
  target_.write(text, path.c_str(), path.size() + 1);
  std::vector<Operation> operations = {{Operation::kCall, open_, {text, RTLD_NOW | RTLD_LOCAL, 0, 0, 0, 0}},
                                       {Operation::kCall, error_text_, {}}};
  if (close_file) operations.push_back({Operation::kSystemCall, calls_of(target_.bits()).close, {uint64_t(file_), 0, 0, 0, 0, 0}});
  auto done = run_safely(&operations);
  if (!done) return done.error();
  const int bits = target_.bits();
  const uint64_t handle = bits == 64 ? operations[0].result : uint32_t(operations[0].result);
  if (close_file) file_ = -1;
  if (handle != 0) return handle;
  const std::string why = target_.read_string(bits == 64 ? operations[1].result : uint32_t(operations[1].result));
  return Error{"E_LOADER", "the dynamic loader of the process refused: " + why, ""};
}

Result<Nothing> Loading::close_in_process(uint64_t handle) {
  std::vector<Operation> operations = {{Operation::kCall, close_, {handle, 0, 0, 0, 0, 0}}};
  return run_safely(&operations);
}

Result<LoadReport> Loading::load_image(const Payload& payload, const ProcessModule& module, const std::string& digest,
                                       uint64_t order, const std::function<uint64_t(const std::string&)>& added) {
  auto ready = find_functions();
  if (!ready) return ready.error();
  auto entered = enter();
  if (!entered) {
    leave();
    return entered.error();
  }
  const auto attempt = [&](int number) -> Result<LoadReport> {
    auto mappings = target_.mappings();
    if (!mappings) return mappings.error();
    const auto start = find_room(mappings.value(), module, payload.header.memory, number);
    if (!start) return Error{"E_RANGE", "there is no free address range near " + module.path, ""};
    const auto address = [&](const FixupSymbol& symbol) -> Result<uint64_t> {
      auto found = address_of(payload, module, symbol, added);
      if (!found || symbol.base != Base::kAdded) return found;
      return found.value() != 0 ? found.value() : *start + symbol.value;
    };
    auto image = bind_image(payload, *start, module.bias, address);
    if (!image) return image.error();
    std::string bytes = std::move(image.value());
    for (size_t i = 0; i < sizeof ImageRecord::digest; i++) {
      bytes[kRecordOffset + offsetof(ImageRecord, digest) + i] = char(strtoul(digest.substr(2 * i, 2).c_str(), nullptr, 16));
    }
    auto written = write_file(bytes);
    if (!written) return written.error();
    // The loader tells libraries apart by their names: the number of slashes makes them differ.
    const std::string path = "/proc/self/fd" + std::string(size_t(order), '/') + std::to_string(file_);
    auto handle = open_in_process(path, false);
    if (!handle) return handle.error();
    LoadedPatch patch;
    if (read_patch(target_, *start, &patch)) {
      patch.state.handle = handle.value();
      target_.write(*start + patch.record.state, &patch.state, sizeof patch.state);
      return LoadReport{*start, 0};
    }
    auto closed = close_in_process(handle.value());
    if (!closed) return closed.error();
    return Error{"E_MOVED", "the dynamic loader put the patch at another address than it was asked to", ""};
  };
  auto indirect = resolve_indirect(payload);
  Result<LoadReport> report = indirect ? attempt(0) : Result<LoadReport>(indirect.error());
  for (int number = 1; number < kMostPlaces && !report && report.error().code == "E_MOVED"; number++) report = attempt(number);
  leave();
  if (report) report.value().borrowed_ms = borrowed_ms_;
  return report;
}

Result<LoadReport> Loading::load_library(const std::string& path) {
  auto ready = find_functions();
  if (!ready) return ready.error();
  auto entered = enter();
  if (!entered) {
    leave();
    return entered.error();
  }
  auto handle = open_in_process(path, true);
  leave();
  if (!handle) return handle.error();
  return LoadReport{0, borrowed_ms_};
}

}  // namespace hotreload
