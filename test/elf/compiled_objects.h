// Objects for the tests of the core: small sources compiled by the real compilers, in a directory that a failure keeps.
#ifndef HOTRELOAD_TEST_ELF_COMPILED_OBJECTS_H
#define HOTRELOAD_TEST_ELF_COMPILED_OBJECTS_H

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/diff.h"
#include "core/entity.h"
#include "core/object.h"

namespace hotreload_test {

using Names = std::vector<std::string>;

/// One way to compile: the flags are those that HotReload.cmake gives to every target.
struct Toolchain {
  std::string name, c, cxx, flags;
};

inline const std::vector<Toolchain>& toolchains() {
  static const std::string prepared =
      " -g -fPIC -ffunction-sections -fdata-sections -falign-functions=16 -fpatchable-function-entry=8,6 -w ";
  static const std::string optimised_gcc = "-O2 -flive-patching=inline-clone -fno-semantic-interposition";
  static const std::vector<Toolchain> all{
      {"gcc -O0", "gcc", "g++ -std=c++17", "-O0" + prepared},
      {"gcc -O2", "gcc", "g++ -std=c++17", optimised_gcc + prepared},
      {"clang -O0", "clang", "clang++ -std=c++17", "-O0" + prepared},
      {"clang -O2", "clang", "clang++ -std=c++17", "-O2" + prepared},
  };
  return all;
}

/// A temporary directory. It stays, and is named, if a check failed while it existed.
class Space {
 public:
  Space() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hotreload-core-XXXXXX").string();
    if (!mkdtemp(pattern.data())) std::abort();
    path_ = pattern;
  }
  Space(const Space&) = delete;
  Space& operator=(const Space&) = delete;
  ~Space() {
    if (keep_) {
      std::fprintf(stderr, "kept: %s\n", path_.c_str());
      return;
    }
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path(const std::string& name) const { return path_ + "/" + name; }
  const std::string& root() const { return path_; }

  std::string write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }

  /// Runs a command line in the directory; it must succeed.
  void run(const std::string& command) {
    const std::string line = "cd '" + path_ + "' && " + command + " >log 2>&1";
    if (std::system(line.c_str()) == 0) return;
    keep_ = true;
    std::ifstream log(path("log"));
    const std::string text((std::istreambuf_iterator<char>(log)), std::istreambuf_iterator<char>());
    FAIL("failed: " << command << "\n" << text);
  }

  /// Compiles `text` as the file `source` (its extension chooses the language) into `object`, and returns its path.
  std::string compile(const Toolchain& toolchain, const std::string& source, const std::string& text,
                      const std::string& object, const std::string& more = "") {
    write(source, text);
    const bool c = source.size() > 2 && source.substr(source.size() - 2) == ".c";
    run((c ? toolchain.c : toolchain.cxx) + " " + toolchain.flags + " " + more + " -c '" + path(source) + "' -o " + object);
    return path(object);
  }

  /// So that a failed check keeps the files that it was about.
  void keep() { keep_ = true; }

 private:
  std::string path_;
  bool keep_ = false;
};

inline std::shared_ptr<const hotreload::Object> read(const std::string& path) {
  auto object = hotreload::read_object(path);
  if (!object) FAIL(object.error().code << " " << object.error().message << " " << path);
  return object.value();
}

inline std::shared_ptr<const hotreload::Entities> entities(const std::string& path) {
  return hotreload::Entities::of(read(path));
}

/// Two versions of one file, compiled in turn at the same place and compared.
inline hotreload::Diff diff_of(const Toolchain& toolchain, const std::string& before, const std::string& after,
                               const std::string& source = "unit.cc", const std::string& more = "") {
  Space space;
  const auto old = entities(space.compile(toolchain, source, before, "before.o", more));
  const auto now = entities(space.compile(toolchain, source, after, "after.o", more));
  return hotreload::diff_entities(old, now);
}

inline Names codes(const hotreload::Diff& diff) {
  Names list;
  for (const hotreload::Refusal& refusal : diff.refusals) list.push_back(refusal.code);
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

inline Names sorted(Names list) {
  std::sort(list.begin(), list.end());
  return list;
}

inline bool contains(const Names& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

inline std::string joined(const Names& list) {
  std::string text;
  for (const std::string& name : list) text += (text.empty() ? "" : " ") + name;
  return text;
}

/// All of a Diff in one line, for messages of failed checks.
inline std::string text_of(const hotreload::Diff& diff) {
  std::string text = "changed: " + joined(diff.changed_functions) + "; new: " + joined(diff.new_functions) +
                     "; variables: " + joined(diff.new_variables) + "; kept: " + joined(diff.changed_initializers);
  for (const hotreload::Refusal& refusal : diff.refusals) text += "; " + refusal.code + " " + refusal.message;
  return text;
}

/// Replaces the one place where `from` stands.
inline std::string edit(const std::string& text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, from);
  REQUIRE_MESSAGE(text.find(from, at + 1) == std::string::npos, from);
  return text.substr(0, at) + to + text.substr(at + from.size());
}

inline bool is_optimised(const Toolchain& toolchain) { return toolchain.name.find("-O2") != std::string::npos; }

struct Pair {
  std::string before, after, source = "unit.cc", more = "";
};

inline void for_each_toolchain(const Pair& pair, const std::function<void(const hotreload::Diff&, const Toolchain&)>& check) {
  for (const Toolchain& toolchain : toolchains()) {
    const hotreload::Diff diff = diff_of(toolchain, pair.before, pair.after, pair.source, pair.more);
    INFO(toolchain.name << ": " << text_of(diff));
    check(diff, toolchain);
  }
}

}  // namespace hotreload_test

#endif
