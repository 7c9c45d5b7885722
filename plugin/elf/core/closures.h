// What the lambdas and unnamed types of a file hold, as its DWARF describes them.
#ifndef HOTRELOAD_ELF_CLOSURES_H
#define HOTRELOAD_ELF_CLOSURES_H

#include <map>
#include <string>
#include <vector>

#include "result.h"

namespace hotreload {

/// Unqualified name of the outermost function, "" outside of functions -> its lambdas and unnamed types in the order of
/// the source, each with its members (captures), their types and offsets. Functions of one name, and the instances of a
/// template, are one list.
using Closures = std::map<std::string, std::vector<std::string>>;

/// Errors: E_ELF (DWARF that cannot be read). An object without debug information has none.
Result<Closures> read_closures(const std::string& path);

}  // namespace hotreload

#endif
