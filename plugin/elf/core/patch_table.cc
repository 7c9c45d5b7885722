// Writes the patch table, the slots and the stubs of a patch as an object.
#include "patch_table.h"

#include <unordered_map>

#include "../../../runtime/patch.h"
#include "bytes.h"
#include "object_writer.h"

namespace hotreload {

namespace {

constexpr uint64_t kStubSize = 16;
constexpr uint64_t kSlotSize = 16;

}  // namespace

std::string slot_name(size_t canonical) { return "hotreload.slot." + std::to_string(canonical); }
std::string stub_name(size_t canonical) { return "hotreload.stub." + std::to_string(canonical); }

uint32_t call_count(const Plan& plan) {
  size_t count = 0;
  for (const Constructions& constructions : plan.constructions) count += constructions.calls.size();
  return uint32_t(count);
}

Result<Nothing> write_patch_table(Plan* plan, const std::vector<Root>& roots, const std::set<size_t>& slots_used,
                                  const std::set<size_t>& stubs_used) {
  std::string table, stubs;
  std::vector<NewSymbol> symbols{{HOTRELOAD_PATCH_SYMBOL, 1, 0, 0, STT_OBJECT, STV_DEFAULT},
                                 {"hotreload.table", 1, 0, 0, STT_OBJECT, STV_HIDDEN}};
  std::vector<NewRelocation> relocations;
  append(&table, hotreload_patch{HOTRELOAD_PATCH_MAGIC, HOTRELOAD_PATCH_VERSION,
                                 uint32_t(plan->redirects.size()), plan->input.start, 0,
                                 uint32_t(plan->writes.size()), call_count(*plan)});
  std::unordered_map<std::string, uint32_t> markers;
  const auto refer = [&](uint32_t object, uint32_t section, uint64_t offset) {
    const std::string name = marker_name(object, section);
    const auto [found, fresh] = markers.emplace(name, uint32_t(symbols.size()));
    if (fresh) symbols.push_back({name, SHN_UNDEF, 0, 0, STT_NOTYPE, STV_HIDDEN});
    relocations.push_back({table.size(), found->second, int64_t(offset)});
    append(&table, uint64_t(0));
  };
  for (const Redirect& redirect : plan->redirects) {
    append(&table, redirect.entry);
    refer(redirect.object, redirect.section, redirect.offset);
  }
  // The contents follow the lists: the places that refer to them are filled in behind.
  std::vector<std::pair<uint64_t, const Write*>> sources, expectations;
  for (const Write& write : plan->writes) {
    append(&table, write.address);
    append(&table, write.size);
    if (write.bytes) {
      sources.emplace_back(table.size(), &write);
      append(&table, uint64_t(0));
    } else {
      refer(write.object, write.section, write.offset);
    }
    if (write.expected) expectations.emplace_back(table.size(), &write);
    append(&table, uint64_t(0));
  }
  for (uint32_t i = 0; i < plan->constructions.size(); i++) {
    const Constructions& constructions = plan->constructions[i];
    for (const Entity* function : constructions.calls) {
      refer(i, constructions.guard->section, constructions.guard->offset);
      refer(i, function->section, function->offset);
    }
  }
  for (const Root& root : roots) {
    const bool tls = plan->input.objects[root.object].after->object().sections[root.section].thread_local_storage();
    if (!tls) refer(root.object, root.section, root.offset);
  }
  const auto place = [&](uint64_t reference, const std::string& bytes) {
    table.resize((table.size() + 7) / 8 * 8, '\0');
    relocations.push_back({reference, 1, int64_t(table.size())});
    table += bytes;
  };
  for (const auto& [reference, write] : sources) place(reference, *write->bytes);
  for (const auto& [reference, write] : expectations) {
    place(reference, write->expected->bytes);
    const uint64_t start = table.size() - write->expected->bytes.size();
    for (const ForeignPointer& pointer : write->expected->foreign) {
      relocations.push_back({start + pointer.offset, uint32_t(symbols.size()), pointer.addend});
      symbols.push_back({pointer.symbol, SHN_UNDEF, 0, 0, STT_NOTYPE, STV_DEFAULT});
      plan->externals.push_back(pointer.symbol);
    }
  }
  plan->table_size = table.size();
  symbols[0].size = table.size();
  uint64_t slots = 0, tls_slots = 0;
  for (const size_t number : slots_used) {
    const bool tls = plan->canonicals[number].thread_local_storage;
    uint64_t& place = tls ? tls_slots : slots;
    symbols.push_back({slot_name(number), uint32_t(tls ? 4 : 3), place, kSlotSize,
                       uint8_t(tls ? STT_TLS : STT_OBJECT), STV_HIDDEN});
    place += kSlotSize;
  }
  for (const size_t number : stubs_used) {
    symbols.push_back({stub_name(number), 2, stubs.size(), kStubSize, STT_FUNC, STV_HIDDEN});
    stubs += std::string("\xff\x25\x02\x00\x00\x00\x0f\x0b", 8);  // jmp *2(%rip); ud2; the address
    append(&stubs, plan->canonicals[number].address);
  }
  plan->files.push_back(plan->input.directory + "/table.o");
  return write_file(plan->files.back(),
                    write_object({{".data.hotreload.patch", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 8, table, 0},
                                  {".text.hotreload.stubs", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 16, stubs, 0},
                                  {".bss.hotreload.slots", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, 16, "", slots},
                                  {".tbss.hotreload", SHT_NOBITS, SHF_ALLOC | SHF_WRITE | SHF_TLS, 16, "", tls_slots}},
                                 symbols, relocations));
}

}  // namespace hotreload
