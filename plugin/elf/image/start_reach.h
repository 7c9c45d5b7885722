// What code that runs at the start of a program refers to: in a process that a fix comes to, its time has passed.
#ifndef HOTRELOAD_IMAGE_START_REACH_H
#define HOTRELOAD_IMAGE_START_REACH_H

#include <set>
#include <vector>

#include "../core/entity.h"

namespace hotreload {

/// Functions of the program that are marked to run at start-up.
std::vector<const Entity*> constructor_functions(const Entities& entities);

/// What initializers refer to themselves, and constructor functions with all of the object that they reach. A variable that is
/// not among it has its first value from the object file.
std::set<const Entity*> reached_at_start(const Entities& entities);

}  // namespace hotreload

#endif
