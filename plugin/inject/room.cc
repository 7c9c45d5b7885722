// Chooses among the gaps between mappings.
//
// Below the module first: the heap grows above an executable, and the system gives new mappings out below the libraries,
// from the top of the gap. So a place well inside a large gap stays free until it is used.
#include "room.h"

#include <algorithm>

namespace hotreload {

namespace {

constexpr uint64_t kReach = 3ull << 29;       // 1.5 GiB, as the agent's
constexpr uint64_t kLowest = 1ull << 16;      // vm.mmap_min_addr
constexpr uint64_t kHighest = 1ull << 47;
constexpr uint64_t kHighestNarrow = 0xffffe000;  // of 32-bit programs on x86-64: arch/x86, IA32_PAGE_OFFSET
constexpr uint64_t kGuard = 1ull << 16;       // kept free on both sides
constexpr uint64_t kAside = 1ull << 26;       // from the edge of a large gap
constexpr uint64_t kLarge = 1ull << 30;

struct Gap {
  uint64_t start, end;
};

}  // namespace

std::optional<uint64_t> find_room(const std::vector<Mapping>& mappings, const ProcessModule& module, uint64_t size,
                                  int bits, int attempt) {
  const uint64_t needed = (size + 0xfff) & ~0xfffull;
  const uint64_t first = module.start(), last = module.end();
  // 32 bits lead from everywhere to everywhere in a 32-bit program.
  const bool wide = bits == 64;
  const uint64_t low = std::max(kLowest, wide && last > kReach ? last - kReach : 0);
  // Code of an executable at a fixed address counts on addresses of 31 bits.
  const uint64_t highest = !wide ? kHighestNarrow : first < (1ull << 31) ? (1ull << 31) - kGuard : kHighest;
  const uint64_t high = wide ? std::min(highest, first + kReach) : highest;
  std::vector<Gap> gaps;
  uint64_t end = 0;
  for (const Mapping& mapping : mappings) {
    if (mapping.start > end) gaps.push_back({end, mapping.start});
    end = std::max(end, mapping.end);
  }
  if (end < highest) gaps.push_back({end, highest});
  std::vector<std::pair<uint64_t, uint64_t>> places;  // distance, start
  for (Gap gap : gaps) {
    const bool large = gap.end - gap.start > kLarge;
    const bool below = gap.end <= first;
    gap.start = std::max(gap.start + kGuard, low);
    gap.end = std::min(gap.end > kGuard ? gap.end - kGuard : 0, high);
    if (gap.end <= gap.start || gap.end - gap.start < needed) continue;
    const uint64_t spare = gap.end - gap.start - needed;
    const uint64_t aside = std::min(spare, (large ? kAside : 0) + uint64_t(attempt) * kAside);
    const uint64_t start = (below ? gap.end - needed - aside : gap.start + aside) & ~0xfffull;
    if (start < gap.start) continue;
    places.emplace_back(below ? first - start : kReach + start - last, start);
  }
  if (places.empty()) return std::nullopt;
  return std::min_element(places.begin(), places.end())->second;
}

}  // namespace hotreload
