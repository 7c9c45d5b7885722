// Applies the relocations of what was placed; what needs an address of the process becomes a fixup.
#include "image_builder.h"

#include "../core/bytes.h"

namespace hotreload {

void ImageBuilder::turn_access(const Use& use, const DataAccess& access, uint64_t at) {
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

uint64_t ImageBuilder::place_of(const Meaning& meaning) const {
  if (meaning.section == 0) return commons_.at(meaning.name);
  return places_.at({meaning.object, meaning.section}) + meaning.value;
}

uint32_t ImageBuilder::symbol(const Meaning& meaning) {
  FixupSymbol symbol{meaning.base, 0, 0};
  const bool own = meaning.base == Base::kImage || meaning.base == Base::kAdded;
  symbol.value = own ? place_of(meaning) : meaning.base == Base::kModule ? meaning.value : 0;
  return symbol_index(symbol, meaning.base == Base::kLibrary || meaning.base == Base::kAdded ? meaning.name : "");
}

uint32_t ImageBuilder::symbol_index(FixupSymbol symbol, const std::string& text) {
  const auto key = std::make_pair(std::make_pair(symbol.base, symbol.value), text);
  const auto [found, fresh] = symbol_indexes_.emplace(key, uint32_t(symbols_.size() / sizeof(FixupSymbol)));
  if (fresh) {
    symbol.name = uint32_t(symbol_names_.size());
    symbol_names_ += text + '\0';
    append(&symbols_, symbol);
  }
  return found->second;
}

void ImageBuilder::fixup(uint64_t place, FixupKind kind, uint32_t symbol, int64_t addend) {
  append(&fixups_, Fixup{place, addend, symbol, kind});
}

Result<Nothing> ImageBuilder::relocate() {
  for (const Use& use : uses_) {
    auto done = apply(use);
    if (!done) return done;
  }
  write_stubs();
  return Nothing{};
}

void ImageBuilder::store_word(uint64_t at, uint64_t value) {
  if (machine() == Machine::kX86_64) store(&bytes_, at, value);
  else store(&bytes_, at, uint32_t(value));
}

void ImageBuilder::fill_slot(const Use& use, int64_t addend) {
  if (filled_.insert(slot_key(use)).second && use.meaning.base != Base::kNothing) {
    fixup(slot_of(use), pointer(), symbol(use.meaning), addend);
  }
}

SiteBase ImageBuilder::base_of(const Use& use) const {
  const SiteBase base = site_base(use.relocation->type);
  if (base != SiteBase::kGot || reference_of(use.relocation->type) != Reference::kGot) return base;
  // `mov x@GOT, %eax` has no register with the address of the GOT (psABI of i386 1.1, R_386_GOT32X): no base in its ModRM
  // byte, or the opcode that has none.
  const uint64_t at = use.relocation->offset;
  const uint8_t before = at == 0 ? uint8_t(0) : uint8_t(section(use.where).bytes[at - 1]);
  return (before & 0xc7) == 0x05 || before == 0xa1 ? SiteBase::kNothing : base;
}

void ImageBuilder::refer_to_slot(const Use& use, uint64_t at) {
  const int64_t addend = use.relocation->addend, slot = int64_t(slot_of(use)) + addend;
  switch (base_of(use)) {
    case SiteBase::kPlace: store(&bytes_, at, int32_t(slot - int64_t(at))); break;
    case SiteBase::kGot: store(&bytes_, at, int32_t(slot - int64_t(got()))); break;
    case SiteBase::kNothing: fixup(at, FixupKind::kAbsolute32, symbol_index({Base::kImage, 0, slot_of(use)}, ""), addend); break;
  }
}

Result<Nothing> ImageBuilder::apply(const Use& use) {
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
      } else if (is_outside(use) && !reaches_everything()) {
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
      refer_to_slot(use, at);
      return Nothing{};
    case Reference::kGotAddress:
      store(&bytes_, at, int32_t(int64_t(got()) + relocation.addend - int64_t(at)));
      return Nothing{};
    case Reference::kGotDistance:
      if (own) store(&bytes_, at, int32_t(int64_t(place_of(use.meaning)) + addend - int64_t(got())));
      else fixup(at, FixupKind::kRelative32, symbol(use.meaning), addend + int64_t(at) - int64_t(got()));
      return Nothing{};
    case Reference::kSize: return broken(use, "asks for the size of a symbol, which is not supported");
    case Reference::kGotBase:
      return broken(use, "belongs to the medium or large code model, which is not supported");
    case Reference::kTlsDescriptor: return broken(use, "uses TLS descriptors: compile it with -mtls-dialect=gnu");
    default: return thread_local_site(use, at);
  }
}

Result<Nothing> ImageBuilder::absolute32(const Use& use, uint64_t at) {
  const bool is_signed = use.relocation->type == R_X86_64_32S;
  if (use.meaning.base == Base::kNothing) {
    store(&bytes_, at, int32_t(use.meaning.addend));
    return Nothing{};
  }
  if (reaches_everything()) {
    fixup(at, FixupKind::kAbsolute32, symbol(use.meaning), use.meaning.addend);
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

Result<Nothing> ImageBuilder::thread_local_site(const Use& use, uint64_t at) {
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
        store_word(slot_of(use), uint64_t(input_.module->thread_pointer_offset(inside)));
        refer_to_slot(use, at);
        return Nothing{};
      }
      const int64_t offset = input_.module->thread_pointer_offset(meaning.value) + meaning.addend;
      if (site_size(use.relocation->type) == 8) store(&bytes_, at, offset);
      else store(&bytes_, at, int32_t(offset));
      return Nothing{};
    }
    case Reference::kTlsGeneral:
    case Reference::kTlsLocal:
      fixup(slot_of(use), pointer(), symbol_index({Base::kTlsModule, 0, 0}, ""), 0);
      store_word(slot_of(use) + word_size(machine()), reference == Reference::kTlsLocal ? uint64_t(0) : inside);
      refer_to_slot(use, at);
      return Nothing{};
    case Reference::kTlsOffset:
      if (site_size(use.relocation->type) == 8) store(&bytes_, at, int64_t(meaning.value) + meaning.addend);
      else store(&bytes_, at, int32_t(int64_t(meaning.value) + meaning.addend));
      return Nothing{};
    default: return broken(use, "has a form that is not known");
  }
}

void ImageBuilder::write_stubs() {
  for (const auto& [key, offset] : stubs_) {
    if (slots_.count(key) == 0) continue;  // of one site: written with it
    const uint64_t at = stub_place_ + offset;
    bytes_[at] = '\xff';  // jmp *slot(%rip)
    bytes_[at + 1] = '\x25';
    store(&bytes_, at + 2, int32_t(int64_t(slot_place_ + slots_.at(key)) - int64_t(at + 6)));
  }
}

}  // namespace hotreload
