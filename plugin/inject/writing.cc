// Lays the writes out as a list for the stub, and looks at what came of it.
#include "writing.h"

#include <fcntl.h>

#include "../elf/core/bytes.h"

namespace hotreload {

namespace {

constexpr char kOwnMemory[] = "/proc/self/mem";
/// The process stands still meanwhile: only a processor can be missing.
constexpr auto kLongest = std::chrono::seconds(10);

void append_word(std::string* list, int bits, uint64_t word) {
  if (bits == 64) append(list, word);
  else append(list, uint32_t(word));
}

uint64_t entry_size(int bits) { return 3 * uint64_t(bits / 8); }

/// The entries, and behind them the bytes.
std::string list_of(const std::vector<Write>& writes, int bits, uint64_t place) {
  std::string list;
  uint64_t bytes = place + writes.size() * entry_size(bits);
  for (const Write& one : writes) {
    append_word(&list, bits, one.address);
    append_word(&list, bits, bytes);
    append_word(&list, bits, one.bytes.size());
    bytes += one.bytes.size();
  }
  for (const Write& one : writes) list += one.bytes;
  return list;
}

bool is_written(const Target& target, const Write& write) {
  std::string present(write.bytes.size(), '\0');
  return target.read(write.address, present.data(), present.size()) && present == write.bytes;
}

/// By a thread of the process. What it could not write is seen afterwards.
void write_inside(const Target& target, Workroom* workroom, const Threads& threads, const std::vector<Write>& writes) {
  const Calls calls = calls_of(target.bits());
  const std::string list = list_of(writes, target.bits(), workroom->more());
  const uint64_t opened = workroom->result_of(0), close_argument = workroom->argument_of(3, 0);
  std::string word;
  append_word(&word, target.bits(), opened);
  if (!target.write(workroom->more(), list.data(), list.size()) ||
      !target.write(workroom->text(), kOwnMemory, sizeof kOwnMemory) ||
      !target.write(workroom->words(), word.data(), word.size())) {
    return;
  }
  for (const HeldThread& thread : threads.held()) {
    if (!thread.stopped || thread.signal != 0) continue;
    std::vector<Operation> operations = {
        {Operation::kSystemCall, calls.openat, {uint64_t(AT_FDCWD), workroom->text(), O_WRONLY | O_CLOEXEC, 0, 0, 0}},
        {Operation::kWrite, 0, {opened, workroom->more(), writes.size(), 0, 0, 0}},
        {Operation::kSave, 0, {workroom->words(), close_argument, 0, 0, 0, 0}},
        {Operation::kSystemCall, calls.close, {0, 0, 0, 0, 0, 0}}};
    auto done = workroom->run(thread.id, &operations, false, Clock::now() + kLongest);
    if (done || done.error().code != "E_BUSY") return;
  }
}

}  // namespace

uint64_t room_for(const std::vector<Write>& writes, int bits) {
  uint64_t size = writes.size() * entry_size(bits);
  for (const Write& one : writes) size += one.bytes.size();
  return size;
}

Result<Nothing> write_all(const Target& target, Workroom* workroom, const Threads& threads, const std::vector<Write>& writes) {
  std::vector<Write> before;
  for (const Write& one : writes) {
    before.push_back({one.address, std::string(one.bytes.size(), '\0')});
    if (target.read(one.address, before.back().bytes.data(), one.bytes.size())) continue;
    return target.failed({"E_ENTRY_CHANGED", "the memory that a patch changes is not mapped any more", ""});
  }
  write_inside(target, workroom, threads, writes);
  bool written = true;
  for (const Write& one : writes) {
    if (!is_written(target, one)) target.write(one.address, one.bytes.data(), one.bytes.size());
    written = written && is_written(target, one);
  }
  if (written) return Nothing{};
  for (const Write& one : before) target.write(one.address, one.bytes.data(), one.bytes.size());
  return target.failed({"E_PERMISSION", "the system does not allow to change the code of process " + std::to_string(target.pid()), ""});
}

}  // namespace hotreload
