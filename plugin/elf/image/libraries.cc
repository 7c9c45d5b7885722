// Follows DT_NEEDED through the file system.
#include "libraries.h"

#include <fcntl.h>
#include <gelf.h>
#include <glob.h>
#include <libelf.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <fstream>
#include <set>

namespace hotreload {

namespace {

struct Needs {
  int elf_class = ELFCLASSNONE;
  std::vector<std::string> libraries;
  std::vector<std::string> folders;
};

void split(const std::string& text, const std::string& origin, std::vector<std::string>* folders) {
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(':', at), text.size());
    std::string folder = text.substr(at, end - at);
    for (const std::string mark : {"$ORIGIN", "${ORIGIN}"}) {
      const size_t found = folder.find(mark);
      if (found != std::string::npos) folder.replace(found, mark.size(), origin);
    }
    if (!folder.empty()) folders->push_back(folder);
    at = end + 1;
  }
}

Needs read_needs(const std::string& path) {
  Needs needs;
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return needs;
  Elf* elf = elf_begin(descriptor, ELF_C_READ_MMAP, nullptr);
  const std::string origin = path.substr(0, path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  GElf_Ehdr header;
  if (elf && gelf_getehdr(elf, &header)) needs.elf_class = header.e_ident[EI_CLASS];
  for (Elf_Scn* scn = nullptr; elf && (scn = elf_nextscn(elf, scn)) != nullptr;) {
    GElf_Shdr section;
    if (!gelf_getshdr(scn, &section) || section.sh_type != SHT_DYNAMIC) continue;
    Elf_Data* data = elf_getdata(scn, nullptr);
    GElf_Dyn entry;
    for (int i = 0; data && gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++) {
      const bool text = entry.d_tag == DT_NEEDED || entry.d_tag == DT_RUNPATH || entry.d_tag == DT_RPATH;
      const char* value = text ? elf_strptr(elf, section.sh_link, entry.d_un.d_val) : nullptr;
      if (!value) continue;
      if (entry.d_tag == DT_NEEDED) needs.libraries.emplace_back(value);
      else split(value, origin.empty() ? "." : origin, &needs.folders);
    }
  }
  if (elf) elf_end(elf);
  close(descriptor);
  return needs;
}

void read_configuration(const std::string& path, std::vector<std::string>* folders, int depth) {
  std::ifstream file(path);
  for (std::string line; depth < 8 && std::getline(file, line);) {
    line.erase(std::min(line.find('#'), line.size()));
    while (!line.empty() && isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    if (line.rfind("include", 0) == 0) {
      const size_t pattern = line.find_first_not_of(" \t", 7);
      glob_t found{};
      if (pattern != std::string::npos && glob(line.c_str() + pattern, 0, nullptr, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) read_configuration(found.gl_pathv[i], folders, depth + 1);
      }
      globfree(&found);
    } else if (!line.empty() && line[0] == '/') {
      folders->push_back(line);
    }
  }
}

}  // namespace

std::vector<std::string> needed_libraries(const std::string& module) {
  elf_version(EV_CURRENT);
  std::vector<std::string> common;
  if (const char* path = getenv("LD_LIBRARY_PATH")) split(path, ".", &common);
  read_configuration("/etc/ld.so.conf", &common, 0);
  common.insert(common.end(), {"/lib64", "/usr/lib64", "/lib", "/usr/lib", "/lib32", "/usr/lib32"});
  std::vector<std::string> found;
  std::set<std::string> known;
  std::deque<std::string> pending{module};
  const int elf_class = read_needs(module).elf_class;
  while (!pending.empty()) {
    const Needs needs = read_needs(pending.front());
    pending.pop_front();
    for (const std::string& library : needs.libraries) {
      if (!known.insert(library).second) continue;
      std::vector<std::string> candidates;
      if (library.find('/') != std::string::npos) candidates.push_back(library);
      for (const std::vector<std::string>* folders : {&needs.folders, static_cast<const std::vector<std::string>*>(&common)}) {
        for (const std::string& folder : *folders) candidates.push_back(folder + "/" + library);
      }
      for (const std::string& candidate : candidates) {
        if (read_needs(candidate).elf_class != elf_class) continue;
        found.push_back(candidate);
        pending.push_back(candidate);
        break;
      }
    }
  }
  return found;
}

}  // namespace hotreload
