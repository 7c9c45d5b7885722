// Of the ranges in .debug_aranges those of the library itself are left, and what cannot be read stays as it is.
#include "debug_aranges.h"

#include "../../../test/elf/compiled_objects.h"
#include "bytes.h"
#include "object_writer.h"

using namespace hotreload;
using namespace hotreload_test;

namespace {

constexpr uint64_t kStart = 0x555500000000, kSize = 0x3000;
using Ranges = std::vector<std::pair<uint64_t, uint64_t>>;

/// A set for the unit at `unit`, as compilers write it.
std::string set_of(uint32_t unit, const Ranges& ranges, uint16_t version = 2, uint8_t address_size = 8) {
  std::string body;
  append(&body, version);
  append(&body, unit);
  append(&body, address_size);
  append(&body, uint8_t(0));
  append(&body, uint32_t(0));  // up to a multiple of a pair
  for (const auto& [address, length] : ranges) {
    append(&body, address);
    append(&body, length);
  }
  append(&body, uint64_t(0));
  append(&body, uint64_t(0));
  std::string set;
  append(&set, uint32_t(body.size()));
  return set + body;
}

/// What is left of the section in a library.
std::string edited(const std::string& section) {
  std::string library = write_object({{".debug_aranges", SHT_PROGBITS, 0, 1, section, 0}}, {}, {});
  const size_t at = library.find(section);
  const std::string before = library;
  drop_dead_ranges(&library, kStart, kSize);
  REQUIRE(library.size() == before.size());
  CHECK(library.substr(0, at) == before.substr(0, at));
  CHECK(library.substr(at + section.size()) == before.substr(at + section.size()));
  return library.substr(at, section.size());
}

}  // namespace

TEST_CASE("ranges of the library move up in the place of those that are not, set by set") {
  const std::string first = set_of(0, {{0, 16}, {kStart, 32}, {0, 8}, {kStart + kSize - 1, 1}, {kStart + kSize, 1}});
  const std::string second = set_of(100, {{0, 64}});
  const std::string third = set_of(200, {{1, 4}, {kStart + 64, 8}});
  CHECK(edited(first + second + third) ==
        set_of(0, {{kStart, 32}, {kStart + kSize - 1, 1}, {0, 0}, {0, 0}, {0, 0}}) + set_of(100, {{0, 0}}) +
            set_of(200, {{kStart + 64, 8}, {0, 0}}));
}

TEST_CASE("a range of nothing at address 0 does not hide those behind it") {
  CHECK(edited(set_of(0, {{0, 0}, {kStart, 8}})) == set_of(0, {{kStart, 8}, {0, 0}}));
}

TEST_CASE("sets of another form stay as they are, and those behind them are read") {
  const std::string dead = set_of(0, {{0, 16}, {kStart, 8}});
  const std::string live = set_of(0, {{kStart, 8}, {0, 0}});
  for (const std::string& other : {set_of(0, {{0, 16}}, 3), set_of(0, {{0, 16}}, 2, 4)}) {
    CHECK(edited(other + dead) == other + live);
  }
}

TEST_CASE("a set of which a part is missing, and what is no library, stay as they are") {
  const std::string whole = set_of(0, {{0, 16}, {kStart, 8}});
  for (size_t size = 1; size < whole.size(); size++) {
    const std::string part = whole.substr(0, size);
    CHECK(edited(part) == part);
  }
  const std::string library = write_object({{".debug_aranges", SHT_PROGBITS, 0, 1, whole, 0}}, {}, {});
  for (size_t size = 0; size < library.size(); size++) {
    std::string part = library.substr(0, size);
    drop_dead_ranges(&part, kStart, kSize);
    CHECK(part == library.substr(0, size));
  }
}

TEST_CASE("a set whose ranges would begin behind its end has none") {
  std::string set;
  append(&set, uint32_t(8));
  append(&set, uint16_t(2));
  append(&set, uint32_t(0));
  append(&set, uint8_t(8));
  append(&set, uint8_t(0));
  CHECK(edited(set) == set);
}
