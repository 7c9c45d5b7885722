// libdwfl over memory and registers that are read here: it attaches to nothing by itself.
#include "stacks.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace hotreload {

namespace {

int find_nothing(Dwfl_Module*, void**, const char*, Dwarf_Addr, char** file, Elf** elf) {
  *file = nullptr;
  *elf = nullptr;
  return -1;
}

int find_no_debuginfo(Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, const char*, GElf_Word, char**) {
  return -1;
}

const Dwfl_Callbacks callbacks = {find_nothing, find_no_debuginfo, dwfl_offline_section_address, nullptr};

bool get_thread(Dwfl*, pid_t, void* stacks, void** argument) {
  *argument = stacks;
  return true;
}

pid_t next_thread(Dwfl*, void*, void**) { return 0; }

bool read_memory(Dwfl*, Dwarf_Addr address, Dwarf_Word* result, void* argument) {
  return static_cast<const Stacks*>(argument)->target().read_pointer(address, result);
}

constexpr size_t kMostFrames = 512;

int take_frame(Dwfl_Frame* frame, void* argument) {
  auto* places = static_cast<std::vector<uint64_t>*>(argument);
  Dwarf_Addr place = 0;
  if (!dwfl_frame_pc(frame, &place, nullptr)) return DWARF_CB_ABORT;
  places->push_back(place);
  return places->size() < kMostFrames ? DWARF_CB_OK : DWARF_CB_ABORT;
}

/// DWARF numbers of the registers: x86-64 psABI figure 3.36, i386 psABI table 2.14.
bool set_registers(Dwfl_Thread* thread, void* argument) {
  const auto* stacks = static_cast<const Stacks*>(argument);
  user_regs_struct r;
  if (!stacks->threads()->read_registers(dwfl_thread_tid(thread), &r)) return false;
  if (stacks->target().bits() == 64) {
    const Dwarf_Word words[] = {r.rax, r.rdx, r.rcx, r.rbx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8,
                                r.r9,  r.r10, r.r11, r.r12, r.r13, r.r14, r.r15, r.rip};
    return dwfl_thread_state_registers(thread, 0, 17, words);
  }
  const Dwarf_Word words[] = {r.rax, r.rcx, r.rdx, r.rbx, r.rsp, r.rbp, r.rsi, r.rdi, r.rip};
  return dwfl_thread_state_registers(thread, 0, 9, words);
}

const Dwfl_Thread_Callbacks thread_callbacks = {next_thread, get_thread, read_memory, set_registers, nullptr, nullptr};

int read_module(Dwfl_Module* module, void**, const char*, Dwarf_Addr, void*) {
  Dwarf_Addr bias = 0;
  dwfl_module_eh_cfi(module, &bias);
  return DWARF_CB_OK;
}

/// The kernel's own code in each process, by which those of 32-bit x86 make their system calls: it is in no file.
int copy_of(const Target& target, const ProcessModule& module) {
  std::string bytes(module.end() - module.start(), '\0');
  const int descriptor = target.read(module.start(), bytes.data(), bytes.size()) ? memfd_create("vdso", MFD_CLOEXEC) : -1;
  if (descriptor < 0 || pwrite(descriptor, bytes.data(), bytes.size(), 0) == ssize_t(bytes.size())) return descriptor;
  close(descriptor);
  return -1;
}

}  // namespace

Stacks::Stacks(const Target& target, const Modules& modules) : target_(target), dwfl_(dwfl_begin(&callbacks)) {
  const std::string folder = "/proc/" + std::to_string(target.pid());
  dwfl_report_begin(dwfl_.get());
  for (const ProcessModule& module : modules.all()) {
    if (!module.is_kernel() && module.path[0] != '/') continue;
    int descriptor = module.is_kernel() ? copy_of(target, module)
                                        : ::open((folder + "/root" + module.path).c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {  // deleted, or a patch: by its mapping
      for (const LoadedSegment& segment : module.segments) {
        char range[64];
        snprintf(range, sizeof range, "/map_files/%llx-%llx", static_cast<unsigned long long>(segment.start & ~0xfffull),
                 static_cast<unsigned long long>((segment.file_end + 0xfff) & ~0xfffull));
        if (descriptor < 0) descriptor = ::open((folder + range).c_str(), O_RDONLY | O_CLOEXEC);
      }
    }
    if (descriptor < 0) continue;
    const std::string name = module.path + "@" + std::to_string(module.bias);
    if (!dwfl_report_elf(dwfl_.get(), name.c_str(), module.path.c_str(), descriptor, module.bias, false)) close(descriptor);
  }
  dwfl_report_end(dwfl_.get(), nullptr, nullptr);
  dwfl_getmodules(dwfl_.get(), read_module, nullptr, 0);
  dwfl_attach_state(dwfl_.get(), nullptr, target_.pid(), &thread_callbacks, this);
}

StackFrames Stacks::of(const Threads& threads, pid_t thread) {
  StackFrames frames{{}, false};
  threads_ = &threads;
  frames.complete = dwfl_getthread_frames(dwfl_.get(), thread, take_frame, &frames.places) == 0;
  threads_ = nullptr;
  return frames;
}

}  // namespace hotreload
