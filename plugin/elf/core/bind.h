// Binds a linked patch library to the running process: each site gets the canonical address it refers to.
#ifndef HOTRELOAD_ELF_BIND_H
#define HOTRELOAD_ELF_BIND_H

#include <string>
#include <vector>

#include "plan.h"

namespace hotreload {

struct Bound {
  uint64_t size;                         ///< bytes of address space from the start of the library
  std::vector<Redirect> redirects;       ///< as planned
  std::vector<Introduced> introduced;    ///< what is canonical from now on; tls_module is set when it is loaded
  std::vector<Refusal> refusals;         ///< the library is not usable if there are any
};

/// Edits the library in place. Errors: E_ELF (not what the linker was asked for), E_BIND (a site cannot be bound).
Result<Bound> bind_patch(const Plan& plan, const std::string& library);

}  // namespace hotreload

#endif
