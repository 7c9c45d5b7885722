// The shared libraries that a module needs, found as the dynamic loader of this machine would find them.
#ifndef HOTRELOAD_IMAGE_LIBRARIES_H
#define HOTRELOAD_IMAGE_LIBRARIES_H

#include <string>
#include <vector>

namespace hotreload {

/// Paths in breadth-first order (DT_NEEDED, DT_RUNPATH, LD_LIBRARY_PATH, /etc/ld.so.conf). What is not found is left
/// out: only what it exports is then missing.
std::vector<std::string> needed_libraries(const std::string& module);

}  // namespace hotreload

#endif
