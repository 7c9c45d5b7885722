// Gathers the sections that a fix needs, places them, and applies their relocations.
//
// Passes: gather (from the replaced functions along their references), place, relocate, write the record, finish the
// ELF file. In the image a place in the file is the address, counted from the image's first byte.
#include "image.h"

#include <elf.h>

#include <deque>

#include "../core/bytes.h"
#include "../core/names.h"
#include "../core/relocation.h"
#include "access.h"
#include "elf_file.h"
#include "frames.h"

namespace hotreload {

namespace {

constexpr uint64_t kStubSize = 16;
constexpr uint64_t kSlotSize = 8;

using Where = std::pair<uint32_t, uint32_t>;  // object, section

uint64_t align(uint64_t value, uint64_t alignment) {
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

class Builder {
 public:
  explicit Builder(ImageInput input) : input_(std::move(input)) {}

  Result<Image> run() {
    for (auto pass : {&Builder::gather, &Builder::place, &Builder::relocate, &Builder::write_record}) {
      auto done = (this->*pass)();
      if (!done) return done.error();
    }
    finish();
    return std::move(result_);
  }

 private:
  const Object& object(uint32_t index) const { return (*input_.objects)[index].after->object(); }
  const Section& section(const Where& where) const { return object(where.first).sections[where.second]; }

  Error broken(const Use& use, const std::string& what, const char* code = "E_RELOCATION") const {
    char offset[32];
    snprintf(offset, sizeof offset, "0x%llx", static_cast<unsigned long long>(use.relocation->offset));
    const std::string symbol(object(use.where.first).symbols[use.relocation->symbol].name);
    return {code,
            what + " (relocation type " + std::to_string(use.relocation->type) + " at " +
                std::string(section(use.where).name) + "+" + offset + (symbol.empty() ? "" : ", " + demangle(symbol)) + ")",
            object(use.where.first).path};
  }

  // Gather.

  void include(const Where& where) {
    if (included_.insert(where).second) pending_.push_back(where);
  }

  Result<Nothing> gather() {
    for (const Replacement& replacement : input_.replacements) {
      include({replacement.object, replacement.function->section});
    }
    for (const Edit& edit : input_.edits) {
      if (edit.variable && edit.variable->section != 0) include({edit.object, edit.variable->section});
    }
    while (!pending_.empty()) {
      while (!pending_.empty()) {
        const Where where = pending_.front();
        pending_.pop_front();
        order_.push_back(where);
        for (const Relocation& relocation : section(where).relocations) {
          auto used = use(where, relocation, 0, relocation.offset);
          if (!used) return used;
        }
      }
      auto framed = gather_frames();
      if (!framed) return framed;
    }
    return Nothing{};
  }

  Result<Nothing> use(const Where& where, const Relocation& relocation, uint64_t base, uint64_t offset) {
    if (reference_of(relocation.type) == Reference::kNone) return Nothing{};
    auto meaning = input_.references->of(where.first, where.second, relocation);
    if (!meaning) return meaning.error();
    uses_.push_back({where, &relocation, meaning.value(), base, offset});
    const Meaning& means = uses_.back().meaning;
    const bool own = means.base == Base::kImage || means.base == Base::kAdded;
    if (own && means.section != 0) include({means.object, means.section});
    return prepare(uses_.back());
  }

  /// Reserves GOT entries and stubs, whose number must be known before places are.
  Result<Nothing> prepare(const Use& use) {
    const bool own = use.meaning.base == Base::kImage || use.meaning.base == Base::kAdded;
    if (use.meaning.thread_local_storage && (own || use.meaning.base == Base::kLibrary)) {
      return broken(use, "refers to a thread_local variable that the running module does not have", "E_THREAD_LOCAL");
    }
    switch (reference_of(use.relocation->type)) {
      case Reference::kGot: slot(slot_key(use)); break;
      case Reference::kTlsGeneral:
      case Reference::kTlsLocal: slot(slot_key(use), 2); break;
      case Reference::kTlsInitial: slot(slot_key(use)); break;
      default:
        if (goes_through_stub(use)) {
          stubs_.emplace(slot_key(use), stubs_.size() * kStubSize);
          slot(slot_key(use));
        } else if (const auto access = access_of(use)) {
          slot(access_key(use));
          if (access->kind == DataAccess::Kind::kLoad) stubs_.emplace(site_key(use), stubs_.size() * kStubSize);
        }
    }
    return Nothing{};
  }

  bool is_outside(const Use& use) const {
    return use.meaning.base == Base::kLibrary || use.meaning.base == Base::kNothing;
  }

  /// Calls and jumps to libraries, which may be far away; and their functions' addresses where 32 bits must do.
  bool goes_through_stub(const Use& use) const {
    if (!is_outside(use)) return false;
    const Reference reference = reference_of(use.relocation->type);
    const bool function = use.meaning.base == Base::kLibrary && is_library_function(use.meaning.name);
    if (reference == Reference::kAbsolute32) return function;
    return reference == Reference::kRelative32 && (is_branch(use) || (function && is_frame(use)));
  }

  /// How code of an executable reaches a library's data, if it is a form that can be turned to the GOT.
  std::optional<DataAccess> access_of(const Use& use) const {
    const Section& code = section(use.where);
    const bool data = use.meaning.base == Base::kLibrary && code.executable() &&
                      reference_of(use.relocation->type) == Reference::kRelative32 && !is_branch(use);
    const Entity* function =
        data ? (*input_.objects)[use.where.first].after->at(use.where.second, int64_t(use.relocation->offset)) : nullptr;
    if (!function) return std::nullopt;
    return find_access(code.bytes, function->offset, use.relocation->offset);
  }

  std::string access_key(const Use& use) const {
    return "data," + use.meaning.name + "," + std::to_string(use.meaning.addend);
  }
  std::string site_key(const Use& use) const {
    return "site," + std::to_string(use.where.first) + "," + std::to_string(use.where.second) + "," +
           std::to_string(use.relocation->offset);
  }

  void turn_access(const Use& use, const DataAccess& access, uint64_t at) {
    const uint64_t slot = slot_place_ + slots_.at(access_key(use));
    const int64_t behind = 4;  // the displacement counts from the end of the instruction
    if (filled_.insert(access_key(use)).second) {
      fixup(slot, FixupKind::kAbsolute64, symbol(use.meaning), use.meaning.addend + behind);
    }
    if (access.kind == DataAccess::Kind::kAddress) {
      bytes_[at - 2] = '\x8b';  // lea becomes mov
      store(&bytes_, at, int32_t(int64_t(slot) - int64_t(at) - behind));
      return;
    }
    const uint64_t start = at - (use.relocation->offset - access.start);
    const uint64_t stub = stub_place_ + stubs_.at(site_key(use));
    const std::string code = load_stub(access, stub, slot, start + access.length);
    bytes_.replace(stub, code.size(), code);
    bytes_.replace(start, access.length, access.length, '\x90');
    bytes_[start] = '\xe9';
    store(&bytes_, start + 1, int32_t(int64_t(stub) - int64_t(start + kJumpSize)));
  }

  bool is_library_function(const std::string& name) const { return input_.references->is_library_function(name); }

  bool is_frame(const Use& use) const { return section(use.where).name == ".eh_frame"; }

  bool is_branch(const Use& use) const {
    if (use.relocation->type == R_X86_64_PLT32) return true;
    const std::string_view code = section(use.where).bytes;
    const uint64_t at = use.relocation->offset;
    if (!section(use.where).executable() || at < 2) return false;
    const uint8_t opcode = uint8_t(code[at - 1]), before = uint8_t(code[at - 2]);
    return opcode == 0xe8 || opcode == 0xe9 || (before == 0x0f && opcode >= 0x80 && opcode <= 0x8f);
  }

  std::string slot_key(const Use& use) const {
    const Meaning& meaning = use.meaning;
    const Reference reference = reference_of(use.relocation->type);
    const bool pair = reference == Reference::kTlsGeneral || reference == Reference::kTlsLocal;
    std::string key = std::to_string(int(meaning.base)) + "," + std::to_string(meaning.value) + "," + meaning.name;
    if (meaning.base != Base::kLibrary) key += "," + std::to_string(meaning.object) + "," + std::to_string(meaning.section);
    if (!is_outside(use)) key += "," + std::to_string(meaning.addend - use.relocation->addend);
    if (reference == Reference::kTlsLocal) return "module";
    return key + (pair ? ",pair" : reference == Reference::kTlsInitial ? ",offset" : "");
  }

  void slot(const std::string& key, uint64_t count = 1) {
    if (slots_.emplace(key, slots_size_).second) slots_size_ += count * kSlotSize;
  }

  Result<Nothing> gather_frames() {
    for (uint32_t i = 0; i < input_.objects->size(); i++) {
      for (uint32_t s = 0; s < object(i).sections.size(); s++) {
        if (object(i).sections[s].name != ".eh_frame") continue;
        if (frames_.count({i, s}) == 0) {
          auto records = read_frames(object(i), s);
          if (!records) return records.error();
          frames_[{i, s}] = std::move(records.value());
        }
        auto taken = take_frames({i, s});
        if (!taken) return taken;
      }
    }
    return Nothing{};
  }

  /// The records of functions that are included; a CIE comes before the first record that needs it.
  Result<Nothing> take_frames(const Where& where) {
    for (const FrameRecord& record : frames_[where]) {
      if (record.common || record.relocations.empty()) continue;
      const Symbol& symbol = object(where.first).symbols[record.relocations[0]->symbol];
      if (included_.count({where.first, symbol.section}) == 0 || taken_.count({where, record.offset}) > 0) continue;
      const FrameRecord* cie = nullptr;
      for (const FrameRecord& other : frames_[where]) {
        if (other.common && other.offset == record.cie) cie = &other;
      }
      if (!cie) return Error{"E_ELF", "has a record in .eh_frame without its CIE", object(where.first).path};
      for (const FrameRecord* one : {cie, &record}) {
        if (!taken_.emplace(std::make_pair(where, one->offset), frames_size_).second) continue;
        const uint64_t base = frames_size_;
        frame_order_.push_back({where, one});
        frames_size_ += one->size;
        for (const Relocation* relocation : one->relocations) {
          auto used = use(where, *relocation, base, relocation->offset - one->offset);
          if (!used) return used;
        }
      }
    }
    return Nothing{};
  }

  // Place.

  enum class Part { kCode, kConstant, kData, kZero };

  Part part_of(const Section& section) const {
    if (section.executable()) return Part::kCode;
    if (section.type == SHT_NOBITS) return Part::kZero;
    return (section.flags & SHF_WRITE) != 0 ? Part::kData : Part::kConstant;
  }

  void place_part(Part part, uint64_t* at) {
    for (const Where& where : order_) {
      const Section& placed = section(where);
      if (part_of(placed) != part || placed.name == ".eh_frame") continue;
      *at = align(*at, placed.alignment);
      places_[where] = *at;
      *at += placed.size;
    }
  }

  Result<Nothing> place() {
    uint64_t at = kRecordOffset + sizeof(ImageRecord);
    tables_ = align(at, 16);
    for (const Replacement& replacement : input_.replacements) name(replacement.name);
    collect_added();
    for (const Edit& edit : input_.edits) name(edit.name);
    at = tables_ + input_.replacements.size() * sizeof(RedirectRecord) + input_.edits.size() * sizeof(EditRecord) +
         added_.size() * sizeof(AddedRecord) + names_.size() + input_.description.size() + 1;
    for (const Edit& edit : input_.edits) at += edit.value.size();
    code_ = at = align(at, 64);
    place_part(Part::kCode, &at);
    stub_place_ = at = align(at, kStubSize);
    at += stubs_.size() * kStubSize;
    code_end_ = at;
    place_part(Part::kConstant, &at);
    frame_place_ = at = align(at, 8);
    at += frames_size_ + 4;
    header_place_ = at = align(at, 4);
    uint64_t functions = 0;
    for (const auto& [where, record] : frame_order_) functions += record->common ? 0 : 1;
    at += 12 + 8 * functions;
    read_only_end_ = at;
    data_ = at = align(at, kPage);
    state_place_ = at;
    at += sizeof(StateRecord);
    previous_place_ = at;
    for (const Edit& edit : input_.edits) at += edit.size;
    dynamic_place_ = at = align(at, 16);
    at += kDynamicSize;
    slot_place_ = at = align(at, 16);
    at += slots_size_;
    place_part(Part::kData, &at);
    data_end_ = at;
    place_part(Part::kZero, &at);
    place_commons(&at);
    memory_ = align(at, kPage);
    bytes_.assign(data_end_, '\0');
    for (const Where& where : order_) copy_section(where);
    for (const auto& [where, record] : frame_order_) copy_frame(where, *record);
    return Nothing{};
  }

  void place_commons(uint64_t* at) {
    for (const Use& use : uses_) {
      const bool own = use.meaning.base == Base::kImage || use.meaning.base == Base::kAdded;
      if (!own || use.meaning.section != 0 || commons_.count(use.meaning.name) > 0) continue;
      const Entity* entity = (*input_.objects)[use.meaning.object].after->find(use.meaning.name);
      *at = align(*at, 32);
      commons_[use.meaning.name] = *at;
      *at += entity ? entity->size : 8;
    }
  }

  void copy_section(const Where& where) {
    const Section& copied = section(where);
    const auto placed = places_.find(where);
    if (placed == places_.end() || copied.type == SHT_NOBITS) return;
    bytes_.replace(placed->second, copied.bytes.size(), copied.bytes);
  }

  void copy_frame(const Where& where, const FrameRecord& record) {
    const uint64_t at = frame_place_ + taken_[{where, record.offset}];
    bytes_.replace(at, record.size, section(where).bytes.substr(record.offset, record.size));
    if (!record.common) store(&bytes_, at + 4, uint32_t(at + 4 - (frame_place_ + taken_[{where, record.cie}])));
  }

  uint32_t name(const std::string& text) {
    const auto [found, fresh] = name_places_.emplace(text, uint32_t(names_.size()));
    if (fresh) names_ += text + '\0';
    return found->second;
  }

  void collect_added() {
    for (const Where& where : order_) {
      const Entities& entities = *(*input_.objects)[where.first].after;
      for (const Entity& entity : entities.all()) {
        if (entity.section != where.second || entity.part_of_user || entity.kind == Kind::kConstant) continue;
        auto existing = input_.references->existing(where.first, entity);
        if (!existing || existing.value()) continue;
        const bool is_function = entity.kind == Kind::kFunction;
        const std::string key = input_.references->added_name(where.first, entity);
        name(key);
        added_.push_back({where, &entity, key});
        result_.added.push_back({key, is_function});
      }
    }
  }

  // Relocate.

  uint64_t place_of(const Meaning& meaning) const {
    if (meaning.section == 0) return commons_.at(meaning.name);
    return places_.at({meaning.object, meaning.section}) + meaning.value;
  }

  uint32_t symbol(const Meaning& meaning) {
    FixupSymbol symbol{meaning.base, 0, 0};
    const bool own = meaning.base == Base::kImage || meaning.base == Base::kAdded;
    symbol.value = own ? place_of(meaning) : meaning.base == Base::kModule ? meaning.value : 0;
    return symbol_index(symbol, meaning.base == Base::kLibrary || meaning.base == Base::kAdded ? meaning.name : "");
  }

  uint32_t symbol_index(FixupSymbol symbol, const std::string& text) {
    const auto key = std::make_pair(std::make_pair(symbol.base, symbol.value), text);
    const auto [found, fresh] = symbol_indexes_.emplace(key, uint32_t(symbols_.size() / sizeof(FixupSymbol)));
    if (fresh) {
      symbol.name = uint32_t(symbol_names_.size());
      symbol_names_ += text + '\0';
      append(&symbols_, symbol);
    }
    return found->second;
  }

  void fixup(uint64_t place, FixupKind kind, uint32_t symbol, int64_t addend) {
    append(&fixups_, Fixup{place, addend, symbol, kind});
  }

  uint64_t slot_of(const Use& use) const { return slot_place_ + slots_.at(slot_key(use)); }
  uint64_t stub_of(const Use& use) const { return stub_place_ + stubs_.at(slot_key(use)); }

  Result<Nothing> relocate() {
    for (const Use& use : uses_) {
      auto done = apply(use);
      if (!done) return done;
    }
    write_stubs();
    return Nothing{};
  }

  void fill_slot(const Use& use, int64_t addend) {
    if (filled_.insert(slot_key(use)).second && use.meaning.base != Base::kNothing) {
      fixup(slot_of(use), FixupKind::kAbsolute64, symbol(use.meaning), addend);
    }
  }

  Result<Nothing> apply(const Use& use) {
    const Relocation& relocation = *use.relocation;
    const uint64_t base = is_frame(use) ? frame_place_ + use.base : places_.at(use.where);
    const uint64_t at = base + use.offset;
    const bool own = use.meaning.base == Base::kImage;
    const int64_t addend = use.meaning.addend;
    switch (reference_of(relocation.type)) {
      case Reference::kAbsolute64:
        if (use.meaning.base == Base::kNothing) store(&bytes_, at, addend);
        else fixup(at, FixupKind::kAbsolute64, symbol(use.meaning), addend);
        return Nothing{};
      case Reference::kAbsolute32: return absolute32(use, at);
      case Reference::kRelative32:
        if (goes_through_stub(use)) {
          fill_slot(use, 0);
          store(&bytes_, at, int32_t(int64_t(stub_of(use)) + addend - int64_t(at)));
        } else if (const auto access = access_of(use)) {
          turn_access(use, *access, at);
        } else if (is_outside(use)) {
          return broken(use, "refers to a library's data as only code of the executable itself can: compile it with -fPIC");
        } else if (own) {
          store(&bytes_, at, int32_t(int64_t(place_of(use.meaning)) + addend - int64_t(at)));
        } else {
          fixup(at, FixupKind::kRelative32, symbol(use.meaning), addend);
        }
        return Nothing{};
      case Reference::kRelative64:
        if (own) store(&bytes_, at, int64_t(place_of(use.meaning)) + addend - int64_t(at));
        else fixup(at, FixupKind::kRelative64, symbol(use.meaning), addend);
        return Nothing{};
      case Reference::kGot:
        fill_slot(use, addend - relocation.addend);
        store(&bytes_, at, int32_t(int64_t(slot_of(use)) + relocation.addend - int64_t(at)));
        return Nothing{};
      case Reference::kSize: return broken(use, "asks for the size of a symbol, which is not supported");
      case Reference::kGotBase:
        return broken(use, "belongs to the medium or large code model, which is not supported");
      case Reference::kTlsDescriptor: return broken(use, "uses TLS descriptors: compile it with -mtls-dialect=gnu");
      default: return thread_local_site(use, at);
    }
  }

  Result<Nothing> absolute32(const Use& use, uint64_t at) {
    const bool is_signed = use.relocation->type == R_X86_64_32S;
    if (use.meaning.base == Base::kNothing) {
      store(&bytes_, at, int32_t(use.meaning.addend));
      return Nothing{};
    }
    if (input_.module->position_independent) {
      return broken(use, "is not position-independent code, and the running module is: compile it as the module was");
    }
    Meaning meaning = use.meaning;
    uint32_t index = 0;
    if (goes_through_stub(use)) {
      fill_slot(use, 0);
      index = symbol_index({Base::kImage, 0, stub_of(use)}, "");
    } else if (is_outside(use)) {
      return broken(use, "refers to a library's data as only code of the executable itself can: compile it with -fPIC");
    } else {
      index = symbol(meaning);
    }
    fixup(at, is_signed ? FixupKind::kAbsoluteSigned32 : FixupKind::kAbsolute32, index, meaning.addend);
    return Nothing{};
  }

  /// Of the module's own thread-locals: where they are is known for an executable, else relative to their module.
  Result<Nothing> thread_local_site(const Use& use, uint64_t at) {
    const Meaning& meaning = use.meaning;
    const int64_t site = use.relocation->addend;
    const Reference reference = reference_of(use.relocation->type);
    if (reference != Reference::kTlsLocal && meaning.base != Base::kModule) {
      return broken(use, "has a form that cannot be bound to a running process");
    }
    const uint64_t inside = meaning.value + uint64_t(meaning.addend - site);
    const bool executable = input_.module->executable;
    switch (reference) {
      case Reference::kTlsExec:
      case Reference::kTlsInitial: {
        if (!executable) {
          return broken(use, "needs the place of a thread_local variable of a library: compile without -ftls-model=initial-exec",
                        "E_THREAD_LOCAL");
        }
        if (reference == Reference::kTlsInitial) {
          store(&bytes_, slot_of(use), input_.module->thread_pointer_offset(inside));
          store(&bytes_, at, int32_t(int64_t(slot_of(use)) + site - int64_t(at)));
          return Nothing{};
        }
        const int64_t offset = input_.module->thread_pointer_offset(meaning.value) + meaning.addend;
        if (site_size(use.relocation->type) == 8) store(&bytes_, at, offset);
        else store(&bytes_, at, int32_t(offset));
        return Nothing{};
      }
      case Reference::kTlsGeneral:
      case Reference::kTlsLocal:
        fixup(slot_of(use), FixupKind::kAbsolute64, symbol_index({Base::kTlsModule, 0, 0}, ""), 0);
        store(&bytes_, slot_of(use) + kSlotSize, reference == Reference::kTlsLocal ? uint64_t(0) : inside);
        store(&bytes_, at, int32_t(int64_t(slot_of(use)) + site - int64_t(at)));
        return Nothing{};
      case Reference::kTlsOffset:
        if (site_size(use.relocation->type) == 8) store(&bytes_, at, int64_t(meaning.value) + meaning.addend);
        else store(&bytes_, at, int32_t(int64_t(meaning.value) + meaning.addend));
        return Nothing{};
      default: return broken(use, "has a form that is not known");
    }
  }

  void write_stubs() {
    for (const auto& [key, offset] : stubs_) {
      if (slots_.count(key) == 0) continue;  // of one site: written with it
      const uint64_t at = stub_place_ + offset;
      bytes_[at] = '\xff';  // jmp *slot(%rip)
      bytes_[at + 1] = '\x25';
      store(&bytes_, at + 2, int32_t(int64_t(slot_place_ + slots_.at(key)) - int64_t(at + 6)));
    }
  }

  // Record.

  uint64_t put(uint64_t* at, std::string_view value) {
    const uint64_t place = *at;
    bytes_.replace(place, value.size(), value);
    *at += value.size();
    return place;
  }

  Result<Nothing> write_record() {
    ImageRecord record{};
    record.magic = kRecordMagic;
    record.version = kFormatVersion;
    record.bits = uint32_t(input_.bits);
    record.memory = memory_;
    record.state = state_place_;
    uint64_t at = tables_;
    std::string table;
    for (const Replacement& replacement : input_.replacements) {
      RedirectRecord redirect = replacement.entry;
      redirect.target = places_.at({replacement.object, replacement.function->section}) + replacement.function->offset;
      redirect.name = name(replacement.name);
      append(&table, redirect);
    }
    record.redirects = {put(&at, table), table.size()};
    write_edits(&at, &record);
    table.clear();
    for (const auto& [where, entity, key] : added_) {
      append(&table, AddedRecord{places_.at(where) + entity->offset, entity->size, name(key),
                                 uint32_t(entity->kind == Kind::kFunction)});
    }
    record.added = {put(&at, table), table.size()};
    record.names = {put(&at, names_), names_.size()};
    record.description = {put(&at, input_.description), input_.description.size()};
    input_.module->build_id.copy(record.build_id, sizeof record.build_id - 1);
    input_.module_name.copy(record.module, sizeof record.module - 1);
    store(&bytes_, kRecordOffset, record);
    return Nothing{};
  }

  void write_edits(uint64_t* at, ImageRecord* record) {
    const uint64_t table_place = *at;
    *at += input_.edits.size() * sizeof(EditRecord);
    uint64_t previous = previous_place_;
    std::string table;
    for (const Edit& edit : input_.edits) {
      uint64_t value = 0;
      if (!edit.variable) value = put(at, edit.value);
      else value = places_.at({edit.object, edit.variable->section}) + edit.variable->offset;
      append(&table, EditRecord{edit.address, edit.size, value, previous, 0, name(edit.name), 0});
      previous += edit.size;
    }
    uint64_t table_at = table_place;
    record->edits = {put(&table_at, table), table.size()};
  }

  // Finish.

  void finish() {
    std::vector<FrameEntry> entries;
    for (const auto& [where, record] : frame_order_) {
      if (record->common) continue;
      const Relocation& start = *record->relocations[0];
      const Symbol& symbol = object(where.first).symbols[start.symbol];
      const uint64_t function = places_.at({where.first, symbol.section}) + symbol.value + uint64_t(start.addend);
      entries.push_back({function, frame_place_ + taken_[{where, record->offset}]});
    }
    const std::string header = frame_header(header_place_, frame_place_, entries);
    bytes_.replace(header_place_, header.size(), header);

    ElfFile file(&bytes_, input_.bits);
    file.segments({read_only_end_, data_, data_end_, memory_, dynamic_place_, header_place_, header.size()});
    for (const Where& where : order_) {
      for (const Entity& entity : (*input_.objects)[where.first].after->all()) {
        if (entity.section != where.second) continue;
        file.symbol(entity.name, places_.at(where) + entity.offset, entity.size, entity.kind == Kind::kFunction);
      }
    }
    file.finish({code_, code_end_ - code_});
    for (const auto& [place, value, wide] : file.addresses()) {
      fixup(place, wide ? FixupKind::kAbsolute64 : FixupKind::kAbsolute32, symbol_index({Base::kImage, 0, value}, ""), 0);
    }

    PayloadHeader payload{};
    payload.magic = kPayloadMagic;
    payload.version = kFormatVersion;
    payload.bits = uint32_t(input_.bits);
    payload.memory = memory_;
    std::string& out = result_.payload;
    out.assign(sizeof payload, '\0');
    for (const auto& [span, part] : {std::make_pair(&payload.image, &bytes_), {&payload.fixups, &fixups_},
                                     {&payload.symbols, &symbols_}, {&payload.names, &symbol_names_}}) {
      out.resize(align(out.size(), 16), '\0');
      *span = {out.size(), part->size()};
      out += *part;
    }
    store(&out, 0, payload);
  }

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
  std::vector<AddedEntity> added_;
  uint64_t slots_size_ = 0, frames_size_ = 0;
  uint64_t tables_ = 0, code_ = 0, stub_place_ = 0, code_end_ = 0, frame_place_ = 0, header_place_ = 0;
  uint64_t read_only_end_ = 0, data_ = 0, state_place_ = 0, previous_place_ = 0, dynamic_place_ = 0, slot_place_ = 0;
  uint64_t data_end_ = 0, memory_ = 0;
};

}  // namespace

Result<Image> build_image(ImageInput input) { return Builder(std::move(input)).run(); }

}  // namespace hotreload
