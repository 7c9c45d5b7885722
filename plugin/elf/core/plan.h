// Chooses what goes into a patch and prepares it for the linker.
//
// A patch is made of whole objects, of which the linker keeps what the changed functions need (--gc-sections, with the
// patch table as the root). Before the link, each reference to something that exists already is turned to a symbol of
// its own, a slot, so that the old thing's new copy is not pulled in; each section gets a marker symbol, so that it can
// be found again in the linked library. After the link, `bind` writes the canonical address at each of those sites.
#ifndef HOTRELOAD_ELF_PLAN_H
#define HOTRELOAD_ELF_PLAN_H

#include <set>
#include <string>
#include <vector>

#include "canonical.h"
#include "constructions.h"
#include "diff.h"
#include "initial.h"
#include "result.h"

namespace hotreload {

struct PatchInput {
  std::vector<LoadedModule> modules;  ///< of the project, in load order
  size_t target;                      ///< index of the module to patch
  std::vector<Introduced> introduced;
  std::vector<PatchObject> objects;
  std::set<std::string> renewed;    ///< functions that their callers must call in another way than before
  std::set<Removed> removed;        ///< by earlier patches
  std::vector<std::string> others;  ///< paths of the module's objects that are not part of the patch
  uint64_t start;         ///< address in the process that the library will be linked for, page-aligned
  std::string directory;  ///< where the prepared objects are written
};

/// A reference that is bound after the link.
struct Site {
  uint32_t object;
  uint32_t section;
  uint64_t offset;
  uint32_t type;
  int64_t addend;
  int64_t canonical;  ///< index in Plan::canonicals; -1 for a thread-local that the patch itself brings
};

/// Addresses in the process.
struct CodeRange {
  uint64_t start, size;
};

struct Redirect {
  std::string name;  ///< mangled
  uint64_t entry;
  uint32_t object;
  uint32_t section;
  uint64_t offset;
  std::vector<CodeRange> old_code;  ///< of the function as it was linked, with the compiler's clones of it
  std::vector<CodeRange> new_code;  ///< in the patch; set by bind_patch
  bool moved;                          ///< the same code, but its lines are others
  std::vector<std::string> relied_on;  ///< mangled: functions that changed, which its old code knew (reliance.h)
};

/// A constant or variable that gets its new contents in the process.
struct Write {
  std::string key;
  uint64_t address;
  uint32_t object;
  uint64_t size;
  std::optional<std::string> bytes;         ///< the new contents, if they hold no pointers; else those in `section`
  uint32_t section;
  uint64_t offset;
  std::optional<InitialContents> expected;  ///< of a variable: it is written only if it still has these
};

/// A variable that keeps its value although it begins with another one now.
struct Kept {
  std::string key;
  std::string reason;
};

struct Plan {
  PatchInput input;
  std::vector<Diff> diffs;  ///< one for each object
  std::vector<Refusal> refusals;
  std::vector<Redirect> redirects;
  std::set<Removed> removed;  ///< from now on
  std::vector<Write> writes;
  std::vector<Kept> kept;
  std::vector<Constructions> constructions;  ///< one for each object
  bool constructions_leave_module = false;   ///< they call code of other modules of the project
  std::vector<Canonical> canonicals;
  std::vector<Site> sites;
  std::vector<std::vector<bool>> marked;  ///< for each object and section: it has a marker
  std::vector<std::string> files;         ///< to link, in this order
  std::vector<std::string> named;         ///< global functions that are in the patch in any case: backtraces name them
  std::vector<std::string> externals;     ///< symbols that are left to libraries of others
  uint64_t table_size = 0;                ///< bytes of the patch table
  bool lined = false;                     ///< there are functions that only moved (Redirect::moved)
  bool empty = false;                     ///< nothing to load: no code and no data changed
};

/// Name of the marker at the start of a section.
std::string marker_name(uint32_t object, uint32_t section);

/// The objects are compared, and if nothing is refused, prepared objects are written into the directory. Functions that only
/// moved come along with code that changed, so that debuggers show them where they are; that refuses nothing.
/// Errors: E_RELOCATION, E_ELF, E_LOCATE, E_RANGE. What cannot be applied is in Plan::refusals.
Result<Plan> plan_patch(PatchInput input);

}  // namespace hotreload

#endif
