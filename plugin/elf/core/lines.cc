// Compares the line tables of two objects, function by function.
#include "lines.h"

#include <algorithm>

#include "debug_info.h"

namespace hotreload {

namespace {

struct Row {
  uint64_t address;  ///< of an object that is not linked: see code_address
  std::string_view file;
  int line;
};

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

/// Everything that the rows of functions are made of: where it is the same, so are they.
std::string line_contents(const Object& object) {
  std::string all;
  for (const Symbol& symbol : object.symbols) {
    if (symbol.type != STT_FUNC || !symbol.defined()) continue;
    all.append(symbol.name).append(1, '\0').append(std::to_string(symbol.section)).append(" ").append(std::to_string(symbol.value));
  }
  for (const Section& section : object.sections) {
    if (!starts_with(section.name, ".debug_line") && !starts_with(section.name, ".rela.debug_line")) continue;
    all.append(section.name).append(1, '\0').append(section.bytes);
  }
  return all;
}

class LineTable {
 public:
  static Result<LineTable> read(const std::string& path) {
    auto info = read_debug_info(path);
    if (!info) return info.error();
    LineTable table;
    table.info_ = std::move(info.value());
    for (DebugUnit& unit : table.info_.units) {
      if (!unit.is_type) table.add(&unit.line_table);
    }
    const auto before = [](const Row& a, const Row& b) { return a.address < b.address; };
    std::stable_sort(table.rows_.begin(), table.rows_.end(), before);
    return table;
  }

  /// The rows of a function, by their distance from its start.
  std::vector<Row> of(const Entity& function) const {
    const uint64_t start = code_address(function.section, function.offset), end = start + function.size;
    const auto before = [](const Row& row, uint64_t address) { return row.address < address; };
    std::vector<Row> rows;
    for (auto row = std::lower_bound(rows_.begin(), rows_.end(), start, before); row != rows_.end() && row->address < end; ++row) {
      rows.push_back({row->address - start, row->file, row->line});
    }
    return rows;
  }

 private:
  void add(Dwarf_Die* unit) {
    Dwarf_Lines* lines = nullptr;
    size_t count = 0;
    if (dwarf_getsrclines(unit, &lines, &count) != 0) return;
    for (size_t i = 0; i < count; i++) {
      Dwarf_Line* line = dwarf_onesrcline(lines, i);
      Row row{};
      bool end = true;
      const char* file = line ? dwarf_linesrc(line, nullptr, nullptr) : nullptr;
      if (!file || dwarf_lineaddr(line, &row.address) != 0 || dwarf_lineno(line, &row.line) != 0) continue;
      if (dwarf_lineendsequence(line, &end) != 0 || end) continue;
      row.file = file;
      rows_.push_back(row);
    }
  }

  DebugInfo info_;  // owns the names of files
  std::vector<Row> rows_;
};

bool is_same(const std::vector<Row>& a, const std::vector<Row>& b) {
  const auto same = [](const Row& a, const Row& b) { return a.address == b.address && a.line == b.line && a.file == b.file; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

}  // namespace

Result<std::vector<std::string>> moved_functions(const Correspondence& match) {
  std::vector<std::string> moved;
  if (line_contents(match.before().object()) == line_contents(match.after().object())) return moved;
  auto before = LineTable::read(match.before().object().path);
  if (!before) return before.error();
  auto after = LineTable::read(match.after().object().path);
  if (!after) return after.error();
  for (const Entity& entity : match.after().all()) {
    const Entity* old = entity.kind == Kind::kFunction && !entity.part_of_user ? match.before_of(entity) : nullptr;
    if (old && !is_same(before.value().of(*old), after.value().of(entity))) moved.push_back(entity.key);
  }
  return moved;
}

}  // namespace hotreload
