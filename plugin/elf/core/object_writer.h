// Writes objects for the linker: a copy of a compiler's object with edits, and a small one from nothing.
#ifndef HOTRELOAD_ELF_OBJECT_WRITER_H
#define HOTRELOAD_ELF_OBJECT_WRITER_H

#include <cstdint>
#include <string>
#include <vector>

#include "object.h"
#include "result.h"

namespace hotreload {

/// A symbol to add: global for the linker, hidden from everybody else.
struct AddedSymbol {
  std::string name;
  uint32_t section;  ///< SHN_UNDEF: defined by another object
  uint64_t value;
  uint8_t type;
};

class ObjectCopy {
 public:
  explicit ObjectCopy(const Object& object);
  /// Index of the new symbol, for `redirect`.
  uint32_t add_symbol(const AddedSymbol& symbol);
  /// Makes a relocation refer to another symbol.
  void redirect(const Relocation& relocation, uint32_t type, uint32_t symbol, int64_t addend);
  /// Keeps a section out of the link.
  void exclude(uint32_t section);
  /// The object's bytes with all edits. Errors: E_ELF (more sections than the format's short index can name).
  Result<std::string> finish();

 private:
  const Object& object_;
  std::string bytes_, symbols_, names_;
  uint32_t symbol_count_;
  bool too_many_sections_ = false;
};

/// A section of an object that is written from nothing.
struct NewSection {
  std::string name;
  uint32_t type;
  uint64_t flags;
  uint64_t alignment;
  std::string bytes;
  uint64_t size;  ///< of SHT_NOBITS; else that of `bytes`
};

struct NewSymbol {
  std::string name;
  uint32_t section;  ///< index in `sections` plus 1, or SHN_UNDEF
  uint64_t value, size;
  uint8_t type;
  uint8_t visibility;
};

/// R_X86_64_64 in section 1.
struct NewRelocation {
  uint64_t offset;
  uint32_t symbol;  ///< index in `symbols`
  int64_t addend;
};

/// All symbols are global; relocations apply to the first section.
std::string write_object(const std::vector<NewSection>& sections, const std::vector<NewSymbol>& symbols,
                         const std::vector<NewRelocation>& relocations);

}  // namespace hotreload

#endif
