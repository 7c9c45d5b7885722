// Reads /proc/PID.
#include "target.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace hotreload {

namespace {

std::string folder_of(pid_t pid) { return "/proc/" + std::to_string(pid); }

std::vector<pid_t> numbers_in(const std::string& folder) {
  std::vector<pid_t> numbers;
  DIR* directory = opendir(folder.c_str());
  while (const dirent* entry = directory ? readdir(directory) : nullptr) {
    const int number = atoi(entry->d_name);
    if (number > 0) numbers.push_back(number);
  }
  if (directory) closedir(directory);
  return numbers;
}

std::string name_of(pid_t pid) {
  std::string name;
  std::ifstream file(folder_of(pid) + "/comm");
  std::getline(file, name);
  return name;
}

}  // namespace

std::string status_field(const std::string& folder, const std::string& name) {
  std::ifstream file(folder + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, name.size(), name) != 0 || line[name.size()] != ':') continue;
    const size_t value = line.find_first_not_of(" \t", name.size() + 1);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return "";
}

std::vector<pid_t> all_processes() { return numbers_in("/proc"); }

Target::Target(Target&& other) noexcept
    : pid_(other.pid_), bits_(other.bits_), memory_(other.memory_), seccomp_filter_(other.seccomp_filter_) {
  other.memory_ = -1;
}

Target::~Target() {
  if (memory_ >= 0) close(memory_);
}

Result<Target> Target::open(pid_t pid) {
  Target target(pid);
  auto examined = target.examine();
  if (!examined) return examined.error();
  return target;
}

Result<Nothing> Target::examine() {
  const std::string folder = folder_of(pid_);
  const std::string state = status_field(folder, "State");
  if (state.empty() || state[0] == 'Z' || state[0] == 'X') {
    return Error{"E_PROCESS", "there is no process " + std::to_string(pid_), ""};
  }
  const pid_t leader = atoi(status_field(folder, "Tgid").c_str());
  if (leader != pid_) {
    return Error{"E_PROCESS", std::to_string(pid_) + " is a thread of process " + std::to_string(leader), ""};
  }
  const pid_t tracer = atoi(status_field(folder, "TracerPid").c_str());
  if (tracer != 0) {
    return Error{"E_TRACED",
                 "process " + std::to_string(pid_) + " is being traced by process " + std::to_string(tracer) + " (" +
                     name_of(tracer) + ")",
                 ""};
  }
  std::istringstream users(status_field(folder, "Uid"));
  uid_t real = 0, effective = 0, saved = 0;
  users >> real >> effective >> saved;
  const uid_t own = geteuid();
  if (own != 0 && (real != own || effective != own || saved != own)) {
    return Error{"E_PERMISSION",
                 "process " + std::to_string(pid_) + " belongs to user " + std::to_string(effective) +
                     ", and this is user " + std::to_string(own) + ": only root and its own user may patch it",
                 ""};
  }
  const int descriptor = ::open((folder + "/exe").c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    const char* code = errno == ENOENT ? "E_PROCESS" : "E_PERMISSION";
    return Error{code, "the program of process " + std::to_string(pid_) + " cannot be read", ""};
  }
  Elf32_Ehdr header{};
  const bool whole = ::read(descriptor, &header, sizeof header) == ssize_t(sizeof header);
  close(descriptor);
  bits_ = whole && header.e_ident[EI_CLASS] == ELFCLASS32 ? 32 : 64;
  if (!whole || header.e_machine != (bits_ == 32 ? EM_386 : EM_X86_64)) {
    return Error{"E_ARCHITECTURE",
                 "process " + std::to_string(pid_) + " runs code of another architecture (ELF machine " +
                     std::to_string(header.e_machine) + "): only x86-64 and x86 can be patched",
                 ""};
  }
  const std::string seccomp = status_field(folder, "Seccomp");
  seccomp_filter_ = seccomp == "2";
  if (seccomp == "1") {
    return Error{"E_SECCOMP",
                 "process " + std::to_string(pid_) + " is in the strict seccomp mode, in which it may not map memory", ""};
  }
  return Nothing{};
}

bool Target::has_exited() const {
  const std::string state = status_field(folder_of(pid_), "State");
  if (state.empty() || state[0] == 'Z' || state[0] == 'X') return true;
  return status_field(folder_of(pid_), "VmSize").empty();  // on its way out: it has no memory any more
}

bool Target::is_stopped() const { return status_field(folder_of(pid_), "State").rfind("T (stopped)", 0) == 0; }

Error Target::failed(Error error) const {
  if (!has_exited()) return error;
  return {"E_EXITED", "process " + std::to_string(pid_) + " ended meanwhile", ""};
}

Result<std::vector<Mapping>> Target::mappings() const {
  std::ifstream file(folder_of(pid_) + "/maps");
  std::vector<Mapping> mappings;
  for (std::string line; std::getline(file, line);) {
    Mapping mapping{};
    char flags[5] = "", device[16] = "";
    unsigned long long start = 0, end = 0, offset = 0, inode = 0;
    int path = 0;
    if (sscanf(line.c_str(), "%llx-%llx %4s %llx %15s %llu %n", &start, &end, flags, &offset, device, &inode, &path) < 6) {
      continue;
    }
    mapping.start = start;
    mapping.end = end;
    mapping.offset = offset;
    mapping.readable = flags[0] == 'r';
    mapping.writable = flags[1] == 'w';
    mapping.executable = flags[2] == 'x';
    mapping.device_and_inode = std::string(device) + " " + std::to_string(inode);
    if (path > 0 && size_t(path) < line.size()) mapping.path = line.substr(size_t(path));
    mappings.push_back(std::move(mapping));
  }
  if (mappings.empty()) {
    return failed({"E_PERMISSION", "the mappings of process " + std::to_string(pid_) + " cannot be read", ""});
  }
  return mappings;
}

Result<std::vector<pid_t>> Target::threads() const {
  std::vector<pid_t> threads = numbers_in(folder_of(pid_) + "/task");
  if (threads.empty()) return Error{"E_EXITED", "process " + std::to_string(pid_) + " ended meanwhile", ""};
  return threads;
}

bool Target::has_thread(pid_t thread) const {
  return access((folder_of(pid_) + "/task/" + std::to_string(thread)).c_str(), F_OK) == 0;
}

Result<std::vector<pid_t>> Target::threads_at_rest_first() const {
  auto threads = this->threads();
  if (!threads) return threads;
  std::stable_partition(threads.value().begin(), threads.value().end(), [&](pid_t thread) {
    return status_field(folder_of(pid_) + "/task/" + std::to_string(thread), "State").rfind("R", 0) != 0;
  });
  return threads;
}

bool Target::read(uint64_t address, void* to, size_t size) const {
  if (memory_ >= 0) return pread(memory_, to, size, off_t(address)) == ssize_t(size);
  const iovec local{to, size}, remote{reinterpret_cast<void*>(address), size};
  return process_vm_readv(pid_, &local, 1, &remote, 1, 0) == ssize_t(size);
}

std::string Target::read_string(uint64_t address) const {
  std::string text;
  char character = 0;
  while (text.size() < 4096 && read(address + text.size(), &character) && character != '\0') text += character;
  return text;
}

bool Target::read_pointer(uint64_t address, uint64_t* to) const {
  *to = 0;
  return read(address, to, bits_ == 64 ? 8 : 4);
}

Result<Nothing> Target::open_memory() {
  memory_ = ::open((folder_of(pid_) + "/mem").c_str(), O_RDWR | O_CLOEXEC);
  if (memory_ < 0) {
    return failed({"E_PERMISSION", "the system does not allow to write to process " + std::to_string(pid_) + " (errno " +
                                       std::to_string(errno) + ", see /proc/sys/kernel/yama/ptrace_scope)", ""});
  }
  return Nothing{};
}

bool Target::write(uint64_t address, const void* from, size_t size) const {
  return pwrite(memory_, from, size, off_t(address)) == ssize_t(size);
}

}  // namespace hotreload
