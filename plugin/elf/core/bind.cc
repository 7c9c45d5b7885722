// Writes canonical addresses into a linked library: displacements, GOT entries, dynamic relocations, TLS pairs.
//
// The library is linked for its final address, so that addresses of the file are addresses of the process. What the
// linker left to the dynamic loader is found by the place that it fills, and becomes a constant or RELATIVE.
#include "bind.h"

#include <elf.h>

#include <set>
#include <unordered_map>

#include "../../../runtime/patch.h"
#include "bytes.h"
#include "debug_aranges.h"
#include "names.h"
#include "relocation.h"

namespace hotreload {

namespace {

constexpr uint64_t kPage = 4096;

class Binder {
 public:
  Binder(const Plan& plan, const std::string& path) : plan_(plan), path_(path) {
    for (const PatchObject& object : plan.input.objects) {
      for (const Entity& entity : object.after->all()) {
        if (entity.section == 0) commons_.insert(entity.name);
      }
    }
  }

  Result<Bound> run() {
    auto bytes = read_file(path_);
    if (!bytes) return bytes.error();
    bytes_ = std::move(bytes.value());
    for (auto pass : {&Binder::read_segments, &Binder::read_sections, &Binder::check_thread_locals, &Binder::bind_sites,
                      &Binder::drop_slot_tls, &Binder::finish_table}) {
      auto done = (this->*pass)();
      if (!done) return done.error();
      if (!bound_.refusals.empty()) return std::move(bound_);
    }
    collect_introduced();
    collect_redirects();
    drop_dead_ranges(&bytes_, plan_.input.start, bound_.size);
    auto written = write_file(path_, bytes_);
    if (!written) return written.error();
    return std::move(bound_);
  }

 private:
  Error unusable(const std::string& what) const { return {"E_BIND", what, path_}; }

  Result<Nothing> read_segments() {
    if (!load(bytes_, 0, &header_) || std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0) {
      return unusable("the linker wrote no ELF file");
    }
    uint64_t end = plan_.input.start;
    for (uint32_t i = 0; i < header_.e_phnum; i++) {
      Elf64_Phdr segment;
      if (!load(bytes_, header_.e_phoff + i * sizeof segment, &segment)) return unusable("a program header is missing");
      segments_.push_back(segment);
      if (segment.p_type == PT_LOAD) end = std::max(end, segment.p_vaddr + segment.p_memsz);
      if (segment.p_type == PT_LOAD && segments_.size() > 0 && first_ == 0) first_ = segment.p_vaddr;
    }
    if (first_ != plan_.input.start) return unusable("the linker did not place the library where it was asked to");
    bound_.size = (end - plan_.input.start + kPage - 1) / kPage * kPage;
    return Nothing{};
  }

  Result<Nothing> read_sections() {
    for (uint32_t i = 0; i < header_.e_shnum; i++) {
      Elf64_Shdr section;
      if (!load(bytes_, header_.e_shoff + i * sizeof section, &section)) return unusable("a section header is missing");
      if (section.sh_type == SHT_SYMTAB) {
        auto done = read_markers(section);
        if (!done) return done.error();
      }
      if (section.sh_type == SHT_DYNSYM) {
        auto done = hide_functions(section);
        if (!done) return done.error();
      }
      if (section.sh_type != SHT_RELA || (section.sh_flags & SHF_ALLOC) == 0) continue;
      for (uint64_t at = section.sh_offset; at < section.sh_offset + section.sh_size; at += sizeof(Elf64_Rela)) {
        Elf64_Rela relocation;
        if (!load(bytes_, at, &relocation)) return unusable("a dynamic relocation is missing");
        dynamic_[relocation.r_offset] = at;
      }
    }
    return Nothing{};
  }

  Result<Nothing> read_markers(const Elf64_Shdr& table) {
    Elf64_Shdr names;
    if (!load(bytes_, header_.e_shoff + table.sh_link * sizeof names, &names)) return unusable("names are missing");
    const Slice text = slice(bytes_, names.sh_offset, names.sh_size);
    for (uint64_t at = table.sh_offset; at < table.sh_offset + table.sh_size; at += sizeof(Elf64_Sym)) {
      Elf64_Sym symbol;
      if (!text.ok || !load(bytes_, at, &symbol) || symbol.st_name >= text.bytes.size()) {
        return unusable("the symbol table is broken");
      }
      if (symbol.st_shndx == SHN_UNDEF) continue;
      const std::string_view rest = text.bytes.substr(symbol.st_name);
      const std::string_view name = rest.substr(0, rest.find('\0'));
      if (name == HOTRELOAD_PATCH_SYMBOL || name.substr(0, 10) == "hotreload." || commons_.count(name) > 0) {
        symbols_.emplace(std::string(name), symbol.st_value);
      }
    }
    return Nothing{};
  }

  /// dladdr() names what is in .dynsym, whatever its binding; nothing that looks up a name finds a local symbol (glibc,
  /// elf/dl-addr.c, elf/dl-lookup.c). So backtraces show new code by its name, and names mean what they meant.
  Result<Nothing> hide_functions(const Elf64_Shdr& table) {
    for (uint64_t at = table.sh_offset; at < table.sh_offset + table.sh_size; at += sizeof(Elf64_Sym)) {
      Elf64_Sym symbol;
      if (!load(bytes_, at, &symbol)) return unusable("the dynamic symbol table is broken");
      if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) != STT_FUNC) continue;
      symbol.st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC);
      store(&bytes_, at, symbol);
    }
    return Nothing{};
  }

  /// Address of a section of an object in the library, or nothing if the linker left it out.
  const uint64_t* place_of(uint32_t object, uint32_t section) const {
    if (!plan_.marked[object][section]) return nullptr;
    const auto found = symbols_.find(marker_name(object, section));
    return found == symbols_.end() ? nullptr : &found->second;
  }

  /// The linker gives each common symbol its place.
  const uint64_t* place_of_common(const std::string& name) const {
    const auto found = symbols_.find(name);
    return found == symbols_.end() ? nullptr : &found->second;
  }

  bool offset_of(uint64_t address, uint64_t size, uint64_t* offset) const {
    for (const Elf64_Phdr& segment : segments_) {
      if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
      if (address - segment.p_vaddr + size > segment.p_filesz) continue;
      *offset = segment.p_offset + (address - segment.p_vaddr);
      return true;
    }
    return false;
  }

  /// Local-dynamic code reaches all its thread-locals from one base: they must be of one module.
  Result<Nothing> check_thread_locals() {
    bool own = false;
    uint64_t module = 0;
    for (const Site& site : plan_.sites) {
      if (reference_of(site.type) != Reference::kTlsOffset || !place_of(site.object, site.section)) continue;
      const uint64_t other = site.canonical < 0 ? 0 : plan_.canonicals[size_t(site.canonical)].tls_module;
      if (site.canonical < 0) own = true;
      if (other != 0 && module != 0 && other != module) own = true;
      if (other != 0) module = other;
    }
    if (own && module != 0) {
      bound_.refusals.push_back({"E_THREAD_LOCAL",
                                 "a new thread_local variable is used beside existing ones: they cannot be reached "
                                 "from one base",
                                 ""});
    }
    local_module_ = module;
    return Nothing{};
  }

  Result<Nothing> bind_sites() {
    for (const Site& site : plan_.sites) {
      const uint64_t* place = place_of(site.object, site.section);
      if (!place) continue;
      if (site.canonical < 0 && local_module_ == 0) continue;  // stays with the dynamic loader
      auto done = bind_site(site, *place + site.offset);
      if (!done) return done.error();
    }
    return Nothing{};
  }

  Result<Nothing> bind_site(const Site& site, uint64_t address) {
    static const Canonical none;
    const Canonical& canonical = site.canonical < 0 ? none : plan_.canonicals[size_t(site.canonical)];
    uint64_t offset = 0;
    if (!offset_of(address, site_size(site.type), &offset)) return unusable("a site lies outside the library");
    switch (reference_of(site.type)) {
      case Reference::kRelative32: {
        const int64_t value = int64_t(canonical.address) + site.addend - int64_t(address);
        if (value != int32_t(value)) return unusable("an address is too far away for a 32-bit displacement");
        store(&bytes_, offset, int32_t(value));
        return Nothing{};
      }
      case Reference::kRelative64:
        store(&bytes_, offset, int64_t(canonical.address) + site.addend - int64_t(address));
        return Nothing{};
      case Reference::kAbsolute64: return make_relative(address, canonical.address + uint64_t(site.addend));
      case Reference::kGot: return make_relative(referred(offset, address), canonical.address);
      case Reference::kTlsGeneral:
        return make_pair(referred(offset, address), canonical.tls_module, canonical.tls_offset);
      case Reference::kTlsLocal: return make_pair(referred(offset, address), local_module_, 0);
      case Reference::kTlsOffset:
        if (site.canonical < 0) return Nothing{};
        if (site_size(site.type) == 8) {
          store(&bytes_, offset, canonical.tls_offset + uint64_t(site.addend));
        } else {
          store(&bytes_, offset, uint32_t(canonical.tls_offset + uint64_t(site.addend)));
        }
        return Nothing{};
      case Reference::kTlsInitial:
        if (!canonical.thread_pointer_offset) return unusable("the place of a thread-local variable is not known");
        return make_constant(referred(offset, address), uint64_t(*canonical.thread_pointer_offset));
      default: return unusable("a site has a form that cannot be bound");
    }
  }

  /// The address that a 32-bit displacement at `address` leads to.
  uint64_t referred(uint64_t offset, uint64_t address) const {
    int32_t displacement = 0;
    load(bytes_, offset, &displacement);
    return address + 4 + uint64_t(int64_t(displacement));
  }

  Result<Nothing> make_relative(uint64_t address, uint64_t value) {
    const auto found = dynamic_.find(address);
    if (found == dynamic_.end()) return unusable("the linker left no dynamic relocation for an address");
    store(&bytes_, found->second, Elf64_Rela{address, ELF64_R_INFO(0, R_X86_64_RELATIVE), int64_t(value)});
    return Nothing{};
  }

  Result<Nothing> make_constant(uint64_t address, uint64_t value) {
    uint64_t offset = 0;
    if (!offset_of(address, sizeof value, &offset)) return unusable("a GOT entry lies outside the library");
    const auto found = dynamic_.find(address);
    if (found != dynamic_.end()) {
      store(&bytes_, found->second, Elf64_Rela{address, ELF64_R_INFO(0, R_X86_64_NONE), 0});
    }
    store(&bytes_, offset, value);
    return Nothing{};
  }

  Result<Nothing> make_pair(uint64_t address, uint64_t module, uint64_t offset) {
    auto first = make_constant(address, module);
    if (!first) return first;
    return make_constant(address + 8, offset);
  }

  bool has_own_tls() const {
    for (uint32_t i = 0; i < plan_.input.objects.size(); i++) {
      const std::vector<Section>& sections = plan_.input.objects[i].after->object().sections;
      for (uint32_t s = 0; s < sections.size(); s++) {
        if (sections[s].thread_local_storage() && place_of(i, s)) return true;
      }
    }
    return false;
  }

  /// If only slots are thread-local, nothing of it is left: the library needs no TLS block.
  Result<Nothing> drop_slot_tls() {
    for (size_t i = 0; i < segments_.size() && !has_own_tls(); i++) {
      if (segments_[i].p_type != PT_TLS) continue;
      store(&bytes_, header_.e_phoff + i * sizeof(Elf64_Phdr), uint32_t(PT_NULL));
    }
    return Nothing{};
  }

  Result<Nothing> finish_table() {
    const auto table = symbols_.find(HOTRELOAD_PATCH_SYMBOL);
    uint64_t offset = 0;
    if (table == symbols_.end() || !offset_of(table->second, plan_.table_size, &offset)) {
      return unusable("the linker left the patch table out");
    }
    store(&bytes_, offset + offsetof(hotreload_patch, size), bound_.size);
    return Nothing{};
  }

  void collect_redirects() {
    bound_.redirects = plan_.redirects;
    for (Redirect& redirect : bound_.redirects) {
      const Entities& entities = *plan_.input.objects[redirect.object].after;
      const Entity* function = entities.at(redirect.section, int64_t(redirect.offset));
      if (!function) continue;
      for (const Entity& entity : entities.all()) {
        const bool same = entity.section == redirect.section && entity.offset == redirect.offset;
        if (entity.kind != Kind::kFunction || !(same || is_clone_of(entity, *function))) continue;
        const uint64_t* place = place_of(redirect.object, entity.section);
        if (place) redirect.new_code.push_back({*place + entity.offset, entity.size});
      }
    }
  }

  void collect_introduced() {
    const Canonicals canonicals(plan_.input.modules, plan_.input.target, plan_.input.introduced);
    for (uint32_t i = 0; i < plan_.input.objects.size(); i++) {
      const PatchObject& object = plan_.input.objects[i];
      for (const Entity& entity : object.after->all()) {
        const uint64_t* place = entity.section == 0 ? place_of_common(entity.name) : place_of(i, entity.section);
        if (entity.part_of_user || entity.indirect || is_construction(entity.name)) continue;
        const auto canonical = canonicals.of_entity(object, entity);
        if (canonical && object.match->is_renamed(entity)) {
          const uint64_t address = canonical->thread_local_storage ? canonical->tls_offset : canonical->address;
          bound_.introduced.push_back({canonicals.target().module->path, entity.local ? object.id : "", entity.key,
                                       entity.kind, address, entity.size, canonical->tls_module, true, {}});
        }
        if (!place || canonical) continue;
        if (entity.kind == Kind::kFunction && ((is_initializer(entity.name) && !is_global_thread_initializer(entity)) || canonicals.entry_of(object, entity))) {
          continue;
        }
        const bool writable = entity.kind == Kind::kVariable;
        bound_.introduced.push_back({canonicals.target().module->path, entity.local ? object.id : "", entity.key,
                                     entity.kind, *place + entity.offset, entity.size, 0, false,
                                     writable ? pointers_in(*place + entity.offset, entity.size) : Pointers()});
      }
    }
    for (const Write& write : plan_.writes) {
      const uint64_t* place = write.bytes ? nullptr : place_of(write.object, write.section);
      if (!place || !write.expected) continue;
      const PatchObject& object = plan_.input.objects[write.object];
      const Entity& entity = *object.after->find(write.key);
      bound_.introduced.push_back({canonicals.target().module->path, entity.local ? object.id : "", write.key,
                                   entity.kind, write.address, write.size, 0, false,
                                   pointers_in(*place + write.offset, write.size)});
    }
  }

  /// Code of other files calls it at each use of the variable.
  static bool is_global_thread_initializer(const Entity& entity) {
    return is_thread_initializer(entity.name) && !entity.local;
  }

  using Pointers = decltype(Introduced::pointers);

  /// The addresses that are in [address, address + size) of the library once it is loaded.
  Pointers pointers_in(uint64_t address, uint64_t size) const {
    Pointers found;
    for (uint64_t offset = 0; offset + sizeof(uint64_t) <= size; offset += sizeof(uint64_t)) {
      const auto dynamic = dynamic_.find(address + offset);
      Elf64_Rela relocation;
      if (dynamic == dynamic_.end() || !load(bytes_, dynamic->second, &relocation)) continue;
      if (ELF64_R_TYPE(relocation.r_info) == R_X86_64_RELATIVE) found.emplace_back(offset, relocation.r_addend);
    }
    return found;
  }

  const Plan& plan_;
  const std::string path_;
  std::string bytes_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> segments_;
  uint64_t first_ = 0, local_module_ = 0;
  std::set<std::string_view> commons_;
  std::unordered_map<std::string, uint64_t> symbols_;
  std::unordered_map<uint64_t, uint64_t> dynamic_;  // place in the library -> place of its relocation in the file
  Bound bound_{};
};

}  // namespace

Result<Bound> bind_patch(const Plan& plan, const std::string& library) { return Binder(plan, library).run(); }

}  // namespace hotreload
