// Memory, file, dlopen: each step runs in a borrowed thread, the others go on.
#include "loading.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>

#include "../elf/core/bytes.h"
#include "patches.h"
#include "room.h"

namespace hotreload {

namespace {

constexpr int kMostPlaces = 4;

/// The image's record of a variable that an earlier patch has leads to that one, for the patches to come.
Result<Nothing> keep_variables(uint64_t start, const AddedVariables& added, std::string* image) {
  ImageRecord record;
  if (!load(*image, kRecordOffset, &record)) return Nothing{};
  std::set<std::string> names;
  for (uint64_t i = 0; i < record.added.size / sizeof(AddedRecord); i++) {
    const uint64_t place = record.added.offset + i * sizeof(AddedRecord);
    AddedRecord one;
    if (!load(*image, place, &one) || one.is_function || record.names.offset + one.name >= image->size()) continue;
    const std::string name(image->c_str() + record.names.offset + one.name);
    const auto before = added.find(name);
    if (before == added.end()) continue;
    if (before->second.ambiguous || !names.insert(name).second) {
      return Error{"E_VARIABLE",
                   "several variables are named " + name + ": which of them an earlier patch brought cannot be told", ""};
    }
    if (before->second.size != one.size) {
      return Error{"E_VARIABLE",
                   "the variable " + name + ", which an earlier patch brought, had " + std::to_string(before->second.size) +
                       " bytes and has " + std::to_string(one.size) + " now",
                   ""};
    }
    one.address = before->second.address - start;
    store(image, place, one);
  }
  return Nothing{};
}

}  // namespace

Loading::Loading(const Target& target, const Modules& modules, Threads* threads, Clock::time_point deadline)
    : target_(target), modules_(modules), threads_(threads), deadline_(deadline), workroom_(target, modules, threads, deadline),
      borrowing_(target, modules), stacks_(target, modules) {}

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

/// In a thread that may call the loader, with errno kept.
Result<Nothing> Loading::run_safely(std::vector<Operation>* wanted) {
  const uint64_t error_place = workroom_.result_of(0), kept = workroom_.words();
  std::vector<Operation> operations = {{Operation::kCall, error_number_, {}},
                                       {Operation::kSave, 0, {error_place, kept, 0, 0, 0, 0}}};
  const size_t first = operations.size();
  operations.insert(operations.end(), wanted->begin(), wanted->end());
  operations.push_back({Operation::kRestore, 0, {error_place, kept, 0, 0, 0, 0}});

  for (useconds_t pause = 500; Clock::now() < deadline_; pause = std::min<useconds_t>(2 * pause, 20000)) {
    auto ids = target_.threads_at_rest_first();
    if (!ids) return ids.error();
    // In a process that is stopped by a signal no other thread can release a lock: all must be outside.
    const bool all_threads = target_.is_stopped();
    bool safe = true;
    for (const pid_t id : ids.value()) {
      threads_->release();
      const auto begin = Clock::now();
      auto held = threads_->hold(id, std::min(deadline_, begin + std::chrono::milliseconds(500)));
      if (!held) {
        if (target_.has_exited()) return target_.failed(held.error());
        continue;
      }
      const bool may_call = borrowing_.is_safe(*threads_, &stacks_, *threads_->find(id));
      safe = safe && may_call;
      if (all_threads ? !safe || id != ids.value().back() : !may_call) continue;
      auto done = workroom_.run(id, &operations, true, deadline_);
      workroom_.borrowed_since(begin);
      threads_->release();
      if (!done && done.error().code == "E_BUSY") continue;
      if (done) std::copy(operations.begin() + long(first), operations.end() - 1, wanted->begin());
      return done;
    }
    threads_->release();
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
                                     const AddedVariables& added) const {
  const std::string name = payload.name_of(symbol);
  switch (symbol.base) {
    case Base::kNothing: return uint64_t(0);
    case Base::kAdded: {
      const auto before = added.find(name);
      return before == added.end() ? 0 : before->second.address;
    }
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
  const std::string path = "/proc/" + std::to_string(target_.pid()) + "/fd/" + std::to_string(workroom_.file());
  const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC);
  const bool written = descriptor >= 0 && ftruncate(descriptor, 0) == 0 &&
                       pwrite(descriptor, image.data(), image.size(), 0) == ssize_t(image.size());
  const int number = errno;
  if (descriptor >= 0) close(descriptor);
  if (written) return Nothing{};
  return target_.failed({"E_LOADER", "the image cannot be written to " + path + ": " + strerror(number), ""});
}

Result<uint64_t> Loading::open_in_process(const std::string& path) {
  const uint64_t text = workroom_.text();
  target_.write(text, path.c_str(), path.size() + 1);
  std::vector<Operation> operations = {{Operation::kCall, open_, {text, RTLD_NOW | RTLD_LOCAL, 0, 0, 0, 0}},
                                       {Operation::kCall, error_text_, {}}};
  auto done = run_safely(&operations);
  if (!done) return done.error();
  const int bits = target_.bits();
  const uint64_t handle = bits == 64 ? operations[0].result : uint32_t(operations[0].result);
  if (handle != 0) return handle;
  const std::string why = target_.read_string(bits == 64 ? operations[1].result : uint32_t(operations[1].result));
  return Error{"E_LOADER", "the dynamic loader of the process refused: " + why, ""};
}

Result<Nothing> Loading::close_in_process(uint64_t handle) {
  std::vector<Operation> operations = {{Operation::kCall, close_, {handle, 0, 0, 0, 0, 0}}};
  return run_safely(&operations);
}

Result<LoadReport> Loading::load_image(const Payload& payload, const ProcessModule& module, const std::string& digest,
                                       uint64_t order, const AddedVariables& added) {
  auto ready = find_functions();
  if (!ready) return ready.error();
  auto entered = workroom_.enter(true, 0);
  if (!entered) return entered.error();
  const auto attempt = [&](int number) -> Result<LoadReport> {
    auto mappings = target_.mappings();
    if (!mappings) return mappings.error();
    const auto start = find_room(mappings.value(), module, payload.header.memory, target_.bits(), number);
    if (!start) return Error{"E_RANGE", "there is no free address range near " + module.path, ""};
    const auto address = [&](const FixupSymbol& symbol) -> Result<uint64_t> {
      auto found = address_of(payload, module, symbol, added);
      if (!found || symbol.base != Base::kAdded) return found;
      return found.value() != 0 ? found.value() : *start + symbol.value;
    };
    auto image = bind_image(payload, *start, module.bias, address);
    if (!image) return image.error();
    std::string bytes = std::move(image.value());
    auto kept = keep_variables(*start, added, &bytes);
    if (!kept) return kept.error();
    for (size_t i = 0; i < sizeof ImageRecord::digest; i++) {
      bytes[kRecordOffset + offsetof(ImageRecord, digest) + i] = char(strtoul(digest.substr(2 * i, 2).c_str(), nullptr, 16));
    }
    auto written = write_file(bytes);
    if (!written) return written.error();
    // The loader tells libraries apart by their names: the number of slashes makes them differ.
    const std::string path = "/proc/self/fd" + std::string(size_t(order), '/') + std::to_string(workroom_.file());
    auto handle = open_in_process(path);
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
  workroom_.leave();
  if (report) report.value().borrowed_ms = workroom_.borrowed_ms();
  return report;
}

}  // namespace hotreload
