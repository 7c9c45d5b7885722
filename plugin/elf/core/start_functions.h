// The functions of an object that run when its module is loaded.
#ifndef HOTRELOAD_ELF_START_FUNCTIONS_H
#define HOTRELOAD_ELF_START_FUNCTIONS_H

#include <vector>

#include "entity.h"

namespace hotreload {

/// Those that .init_array and .ctors name, in the order in which they run: compilers' initializers, and functions of
/// the program that are marked as constructors.
std::vector<const Entity*> start_functions(const Entities& entities);

}  // namespace hotreload

#endif
