// From the objects of a fix to a payload: read, resolve, choose what is replaced, check, lay out.
#ifndef HOTRELOAD_IMAGE_PRODUCE_H
#define HOTRELOAD_IMAGE_PRODUCE_H

#include <string>
#include <utility>
#include <vector>

#include "../core/diff.h"
#include "../core/result.h"

namespace hotreload {

struct ProduceInput {
  std::string module;      ///< path
  std::string debug_file;  ///< path of the file that has the symbols of a stripped module, or ""
  std::string unit;        ///< source name whose statics are meant, or ""
  struct Pair {
    std::string after;
    std::string before;  ///< path of the object that was linked into the module, or ""
  };
  std::vector<Pair> objects;
  std::vector<std::pair<std::string, std::string>> renames;  ///< old name, new name (--replace old=new)
  std::vector<std::pair<std::string, std::string>> values;   ///< variable, value (--set)
  bool apply_initializers = false;
  std::string description;  ///< JSON, kept in the process for `status`
};

struct Produced {
  std::string payload;
  std::string build_id;
  int bits = 64;
  std::vector<std::string> replaced;         ///< mangled
  std::vector<std::string> added_functions;  ///< keys
  std::vector<std::string> added_variables;
  std::vector<std::string> edited;           ///< variables that get a value
  std::vector<std::string> kept;             ///< variables whose initializer changed and whose value stays
  std::vector<std::string> unused;           ///< replaced, but nothing calls them: they were inlined
  std::vector<Refusal> refusals;             ///< no payload if there are any
};

/// Errors: E_ELF, E_STRIPPED, E_LOCATE, E_RELOCATION, E_UNDEFINED, E_THREAD_LOCAL, E_UNCHANGED (nothing to replace).
Result<Produced> produce(const ProduceInput& input);

}  // namespace hotreload

#endif
