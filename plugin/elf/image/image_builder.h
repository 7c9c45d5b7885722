// The state of the passes that lay a fix out (image.cc): gather.cc, place.cc, relocate.cc.
#ifndef HOTRELOAD_IMAGE_IMAGE_BUILDER_H
#define HOTRELOAD_IMAGE_IMAGE_BUILDER_H

#include <deque>

#include "../core/relocation.h"
#include "access.h"
#include "frames.h"
#include "image.h"
#include "linked_code.h"

namespace hotreload {

constexpr uint64_t kStubSize = 16;
constexpr uint64_t kSlotSize = 8;

using Where = std::pair<uint32_t, uint32_t>;  // object, section

inline uint64_t align(uint64_t value, uint64_t alignment) {
  return alignment < 2 ? value : (value + alignment - 1) / alignment * alignment;
}

/// A relocation at work: `place` counts from the start of its section, or of its record in .eh_frame.
struct Use {
  Where where;
  const Relocation* relocation;
  Meaning meaning;
  uint64_t base;  ///< place in the image of the section's or record's start
  uint64_t offset;
};

class ImageBuilder {
 public:
  explicit ImageBuilder(ImageInput input) : input_(std::move(input)) {}
  Result<Image> run();

 private:
  Machine machine() const { return input_.module->machine; }
  const Object& object(uint32_t index) const { return (*input_.objects)[index].after->object(); }
  const Section& section(const Where& where) const { return object(where.first).sections[where.second]; }
  Error broken(const Use& use, const std::string& what, const char* code = "E_RELOCATION") const;

  // Gather: what is needed, and how it is reached.
  void include(const Where& where);
  Result<Nothing> gather();
  Result<Nothing> use(const Where& where, const Relocation& relocation, uint64_t base, uint64_t offset);
  /// Reserves GOT entries and stubs, whose number must be known before places are.
  Result<Nothing> prepare(const Use& use);
  bool is_outside(const Use& use) const;
  /// 32 bits lead anywhere in a process of 32-bit x86.
  bool reaches_everything() const { return machine() == Machine::kX86; }
  /// Calls and jumps to libraries, which may be far away; and their functions' addresses where 32 bits must do.
  bool goes_through_stub(const Use& use) const;
  /// How code of an executable reaches a library's data, if it is a form that can be turned to the GOT.
  std::optional<DataAccess> access_of(const Use& use) const;
  std::string access_key(const Use& use) const;
  std::string site_key(const Use& use) const;
  bool is_library_function(const std::string& name) const { return input_.references->is_library_function(name); }
  bool is_frame(const Use& use) const { return section(use.where).name == ".eh_frame"; }
  bool is_branch(const Use& use) const;
  std::string slot_key(const Use& use) const;
  void slot(const std::string& key, uint64_t count = 1);
  Result<Nothing> gather_frames();
  /// The records of functions that are included; a CIE comes before the first record that needs it.
  Result<Nothing> take_frames(const Where& where);

  // Place.
  enum class Part { kCode, kConstant, kData, kZero };
  Part part_of(const Section& section) const;
  void place_part(Part part, uint64_t* at);
  Result<Nothing> place();
  void place_commons(uint64_t* at);
  void copy_section(const Where& where);
  void copy_frame(const Where& where, const FrameRecord& record);
  uint32_t name(const std::string& text);
  void collect_added();
  /// Calls of functions of the module, whose registers the code behind them may count on.
  void collect_calls();

  // Relocate.
  void turn_access(const Use& use, const DataAccess& access, uint64_t at);
  uint64_t place_of(const Meaning& meaning) const;
  uint32_t symbol(const Meaning& meaning);
  uint32_t symbol_index(FixupSymbol symbol, const std::string& text);
  void fixup(uint64_t place, FixupKind kind, uint32_t symbol, int64_t addend);
  uint64_t slot_of(const Use& use) const { return slot_place_ + slots_.at(slot_key(use)); }
  uint64_t stub_of(const Use& use) const { return stub_place_ + stubs_.at(slot_key(use)); }
  /// Of the GOT of the image, for code that counts from there.
  uint64_t got() const { return slot_place_; }
  FixupKind pointer() const { return machine() == Machine::kX86_64 ? FixupKind::kAbsolute64 : FixupKind::kAbsolute32; }
  void store_word(uint64_t at, uint64_t value);
  /// What an entry of the GOT counts from at the site of an instruction.
  SiteBase base_of(const Use& use) const;
  void refer_to_slot(const Use& use, uint64_t at);
  Result<Nothing> relocate();
  void fill_slot(const Use& use, int64_t addend);
  Result<Nothing> apply(const Use& use);
  Result<Nothing> absolute32(const Use& use, uint64_t at);
  /// Of the module's own thread-locals: where they are is known for an executable, else relative to their module.
  Result<Nothing> thread_local_site(const Use& use, uint64_t at);
  void write_stubs();

  // Record and file.
  uint64_t put(uint64_t* at, std::string_view value);
  Result<Nothing> write_record();
  void write_edits(uint64_t* at, ImageRecord* record);
  std::string reliance_table() const;
  std::unique_ptr<LinkedCode> linked_code() const;
  /// Of 32-bit x86: that static functions take their arguments where the calls that stay have them.
  Result<Nothing> check_conventions();
  void finish();

  struct AddedEntity {
    Where where;
    const Entity* entity;
    std::string key;
  };

  ImageInput input_;
  Image result_;
  std::string bytes_, names_, fixups_, symbols_, symbol_names_;
  std::set<Where> included_;
  std::deque<Where> pending_;
  std::vector<Where> order_;
  std::deque<Use> uses_;
  std::map<Where, std::vector<FrameRecord>> frames_;
  std::map<std::pair<Where, uint64_t>, uint64_t> taken_;  ///< record -> place from the start of .eh_frame
  std::vector<std::pair<Where, const FrameRecord*>> frame_order_;
  std::map<Where, uint64_t> places_;
  std::map<std::string, uint64_t> commons_, slots_, stubs_;
  std::set<std::string> filled_;
  std::map<std::string, uint32_t> name_places_;
  std::map<std::pair<std::pair<Base, uint64_t>, std::string>, uint32_t> symbol_indexes_;
  struct CallOfModule {
    const Use* use;
    const Entity* caller;
    uint64_t callee;
    uint32_t name, callee_name;
  };

  std::vector<AddedEntity> added_;
  std::vector<CallOfModule> calls_;
  uint64_t slots_size_ = 0, frames_size_ = 0;
  uint64_t tables_ = 0, code_ = 0, stub_place_ = 0, code_end_ = 0, frame_place_ = 0, header_place_ = 0;
  uint64_t read_only_end_ = 0, data_ = 0, state_place_ = 0, previous_place_ = 0, dynamic_place_ = 0, slot_place_ = 0;
  uint64_t data_end_ = 0, memory_ = 0;
};

}  // namespace hotreload

#endif
