// The last object of a patch's link: the table that the runtime reads (runtime/patch.h), the slots and the stubs.
#ifndef HOTRELOAD_ELF_PATCH_TABLE_H
#define HOTRELOAD_ELF_PATCH_TABLE_H

#include <set>
#include <string>
#include <vector>

#include "plan.h"

namespace hotreload {

/// A place in one of the objects that the linker must keep.
struct Root {
  uint32_t object, section;
  uint64_t offset;
};

/// The symbol that stands for a canonical in references to it, and that of a jump to one that is far away.
std::string slot_name(size_t canonical);
std::string stub_name(size_t canonical);

/// How many constructors of new variables the patch calls.
uint32_t call_count(const Plan& plan);

/// Writes it into the plan's directory and adds it to what is linked; sets Plan::table_size.
/// @param slots_used, stubs_used indexes in Plan::canonicals
Result<Nothing> write_patch_table(Plan* plan, const std::vector<Root>& roots, const std::set<size_t>& slots_used,
                                  const std::set<size_t>& stubs_used);

}  // namespace hotreload

#endif
