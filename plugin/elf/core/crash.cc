// Unwinds the stack that a crash left, by libdwfl with memory and registers from the record.
#include "crash.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <memory>

#include "../../../runtime/crash.h"
#include "dwarf_types.h"
#include "names.h"

namespace hotreload {

namespace {

constexpr size_t kMostFrames = 256;
constexpr int kStackPointer = 7;

struct EndDwfl {
  void operator()(Dwfl* dwfl) const { dwfl_end(dwfl); }
};

int find_nothing(Dwfl_Module*, void**, const char*, Dwarf_Addr, char** file, Elf** elf) {
  *file = nullptr;
  *elf = nullptr;
  return -1;
}

/// No separate files: what has no debug information of its own is no code of the project.
int find_no_debug_file(Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, const char*, GElf_Word, char**) {
  return -1;
}

const Dwfl_Callbacks callbacks = {find_nothing, find_no_debug_file, dwfl_offline_section_address, nullptr};

pid_t next_thread(Dwfl*, void*, void**) { return 0; }

bool get_thread(Dwfl*, pid_t, void* record, void** argument) {
  *argument = record;
  return true;
}

bool read_stack(Dwfl*, Dwarf_Addr address, Dwarf_Word* result, void* argument) {
  const auto* record = static_cast<const hotreload_crash*>(argument);
  const uint64_t start = record->registers[kStackPointer];
  if (address < start || address - start > record->stack_size || record->stack_size - (address - start) < sizeof *result) {
    return false;
  }
  std::memcpy(result, record->stack + (address - start), sizeof *result);
  return true;
}

bool set_registers(Dwfl_Thread* thread, void* argument) {
  const auto* record = static_cast<const hotreload_crash*>(argument);
  return dwfl_thread_state_registers(thread, 0, HOTRELOAD_CRASH_REGISTERS, record->registers);
}

const Dwfl_Thread_Callbacks thread_callbacks = {next_thread, get_thread, read_stack, set_registers, nullptr, nullptr};

/// Where frames stand: of all but the innermost one the address behind a call is known, which may be another line.
int take_frame(Dwfl_Frame* frame, void* argument) {
  auto* places = static_cast<std::vector<uint64_t>*>(argument);
  Dwarf_Addr place = 0;
  bool is_activation = false;
  if (!dwfl_frame_pc(frame, &place, &is_activation)) return DWARF_CB_ABORT;
  places->push_back(is_activation ? place : place - 1);
  return places->size() < kMostFrames ? DWARF_CB_OK : DWARF_CB_ABORT;
}

std::string hexadecimal(const unsigned char* bytes, int count) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (int i = 0; i < count; i++) text += {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
  return text;
}

/// A process may have thousands of patches, and a stack is in few of them.
bool may_hold_a_frame(const CrashModule& module, const hotreload_crash& record) {
  const auto holds = [&](uint64_t address) { return address >= module.start && address <= module.end; };
  if (module.end == 0 || holds(record.registers[HOTRELOAD_CRASH_REGISTERS - 1])) return true;
  for (uint64_t at = 0; at + sizeof at <= record.stack_size; at += sizeof at) {
    uint64_t word;
    std::memcpy(&word, record.stack + at, sizeof word);
    if (holds(word)) return true;
  }
  return false;
}

bool has_build_id(const std::string& path, const std::string& expected) {
  const std::unique_ptr<Dwfl, EndDwfl> alone(dwfl_begin(&callbacks));
  Dwfl_Module* module = dwfl_report_offline(alone.get(), "", path.c_str(), -1);
  dwfl_report_end(alone.get(), nullptr, nullptr);
  const unsigned char* bytes = nullptr;
  GElf_Addr address = 0;
  GElf_Addr bias = 0;
  if (!module || !dwfl_module_getelf(module, &bias)) return false;
  const int size = dwfl_module_build_id(module, &bytes, &address);
  return size > 0 && hexadecimal(bytes, size) == expected;
}

/// The line that a place in a module belongs to, null if it has none. Not by dwfl_module_getsrc, which goes by
/// .debug_aranges: clang writes none.
Dwarf_Line* line_at(Dwfl_Module* module, uint64_t place, Dwarf_Die* unit) {
  Dwarf_Addr bias = 0;
  Dwarf* dwarf = dwfl_module_getdwarf(module, &bias);
  if (!dwarf) return nullptr;
  Dwarf_CU* next = nullptr;
  while (dwarf_get_units(dwarf, next, &next, nullptr, nullptr, unit, nullptr) == 0) {
    if (dwarf_haspc(unit, place - bias) > 0) return dwarf_getsrc_die(unit, place - bias);
  }
  return nullptr;
}

CrashFrame describe(Dwfl* dwfl, uint64_t place) {
  CrashFrame frame{"", "", "", 0};
  Dwfl_Module* module = dwfl_addrmodule(dwfl, place);
  if (!module) return frame;
  if (const char* name = dwfl_module_info(module, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr)) {
    frame.module = name;
  }
  if (const char* name = dwfl_module_addrname(module, place)) frame.function = name;
  if (is_clone(frame.function)) frame.function.resize(frame.function.find('.'));
  Dwarf_Die unit;
  Dwarf_Line* line = line_at(module, place, &unit);
  int number = 0;
  const char* file = line ? dwarf_linesrc(line, nullptr, nullptr) : nullptr;
  if (!file || dwarf_lineno(line, &number) != 0) return frame;
  frame.file = file[0] == '/' ? file : string_of(&unit, DW_AT_comp_dir) + "/" + file;
  frame.line = unsigned(number);
  return frame;
}

Result<std::unique_ptr<hotreload_crash>> read_record(const std::string& path) {
  auto record = std::make_unique<hotreload_crash>();
  std::ifstream file(path, std::ios::binary);
  const bool whole = bool(file.read(reinterpret_cast<char*>(record.get()), sizeof *record));
  if (!whole || record->magic != HOTRELOAD_CRASH_MAGIC || record->stack_size > sizeof record->stack) {
    return Error{"E_ELF", "it is no record of a crash", path};
  }
  return std::move(record);
}

}  // namespace

Result<Crash> read_crash(const std::string& path, const std::vector<CrashModule>& modules) {
  const auto record = read_record(path);
  if (!record) return record.error();
  const std::unique_ptr<Dwfl, EndDwfl> dwfl(dwfl_begin(&callbacks));
  dwfl_report_begin(dwfl.get());
  for (const CrashModule& module : modules) {
    if (!may_hold_a_frame(module, *record.value())) continue;
    if (!module.build_id.empty() && !has_build_id(module.path, module.build_id)) continue;
    const int descriptor = ::open(module.path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) continue;
    // The descriptor is libdwfl's from here on, unless it takes nothing: a second file at one place.
    if (!dwfl_report_elf(dwfl.get(), module.path.c_str(), module.path.c_str(), descriptor, module.bias, true)) {
      close(descriptor);
    }
  }
  dwfl_report_end(dwfl.get(), nullptr, nullptr);
  std::vector<uint64_t> places;
  if (dwfl_attach_state(dwfl.get(), nullptr, pid_t(record.value()->thread), &thread_callbacks, record.value().get())) {
    dwfl_getthread_frames(dwfl.get(), pid_t(record.value()->thread), take_frame, &places);
  }
  if (places.empty()) places.push_back(record.value()->registers[HOTRELOAD_CRASH_REGISTERS - 1]);
  Crash crash{int(record.value()->signal), {}};
  for (const uint64_t place : places) crash.frames.push_back(describe(dwfl.get(), place));
  return crash;
}

}  // namespace hotreload
