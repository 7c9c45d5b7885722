// Compares initializers piece by piece: a piece ends with each reference, and what is in one version alone has changed.
#include "initializer_changes.h"

#include <algorithm>
#include <set>

#include "names.h"
#include "relocation.h"

namespace hotreload {

namespace {

/// Above this many pieces in both versions together, only whether they differ is told.
constexpr size_t kMostPieces = 4000;

struct Piece {
  std::string text;                  ///< the code before the reference, and what it refers to
  const Entity* variable = nullptr;  ///< that it refers to
};

/// gcc begins with a comparison of the priority, and a jump whose distance changes with all that follows.
std::string_view without_priority(std::string_view code) {
  const size_t at = code.find(std::string_view("\x81\x7d\xf8\xff\xff\x00\x00", 7));
  if (at == std::string_view::npos || at + 8 > code.size()) return code;
  const size_t jump = at + 7;
  return code.substr(std::min(code.size(), jump + (uint8_t(code[jump]) == 0x0f ? 6 : 2)));
}

class Reader {
 public:
  Reader(const Entities& entities, const Correspondence& match, bool before)
      : entities_(entities), match_(match), before_(before) {}

  std::vector<Piece> read() {
    for (const Entity& function : entities_.all()) {
      const bool ordinary = function.kind == Kind::kFunction && is_initializer(function.name) &&
                            !is_sanitizer_start(function.name) && !is_thread_initializer(function.name);
      if (ordinary && !entities_.object().sections[function.section].bytes.empty()) read_function(function);
    }
    return std::move(pieces_);
  }

 private:
  void read_function(const Entity& function) {
    const Section& section = entities_.object().sections[function.section];
    const std::string_view code = section.bytes.substr(function.offset, function.size);
    const std::string_view body = without_priority(code);
    const size_t skipped = code.size() - body.size();
    size_t behind = 0;
    for (const Relocation& relocation : section.relocations) {
      if (relocation.offset < function.offset + skipped || relocation.offset >= function.offset + function.size) continue;
      const size_t at = relocation.offset - function.offset - skipped;
      Piece piece{std::string(body.substr(behind, at - std::min(at, behind))), nullptr};
      behind = std::min(body.size(), at + 4);
      const Target target = entities_.target_of(function.section, relocation);
      if (target.form == Target::Form::kEntity && is_initializer(target.entity->name)) continue;  // all of them are read
      describe(target, &piece);
      pieces_.push_back(std::move(piece));
    }
    pieces_.push_back({std::string(body.substr(std::min(behind, body.size()))), nullptr});
  }

  void describe(const Target& target, Piece* piece) const {
    piece->text += '\0';
    if (target.form == Target::Form::kContents) {
      const Section& section = entities_.object().sections[target.section];
      const uint64_t start = uint64_t(std::max<int64_t>(0, target.offset));
      if (section.executable() || start >= section.bytes.size()) return;
      piece->text += section.bytes.substr(start, entities_.contents_end(target.section, start) - start);
    } else if (target.form == Target::Form::kEntity) {
      if (target.entity->part_of_user) return;
      piece->text += before_ ? target.entity->key : match_.name_of(*target.entity);
      piece->text += std::to_string(target.offset);
      const bool variable = target.entity->kind == Kind::kVariable || target.entity->kind == Kind::kThreadLocal;
      const bool writable = variable && !is_guard(target.entity->name);
      if (writable) piece->variable = target.entity;
    } else {
      piece->text += target.name;
    }
  }

  const Entities& entities_;
  const Correspondence& match_;
  const bool before_;
  std::vector<Piece> pieces_;
};

/// Which pieces of both have no counterpart, by their longest common sequence.
std::pair<std::vector<bool>, std::vector<bool>> unmatched(const std::vector<Piece>& old, const std::vector<Piece>& now) {
  std::vector<std::vector<uint32_t>> length(old.size() + 1, std::vector<uint32_t>(now.size() + 1, 0));
  for (size_t i = old.size(); i-- > 0;) {
    for (size_t k = now.size(); k-- > 0;) {
      length[i][k] = old[i].text == now[k].text ? length[i + 1][k + 1] + 1 : std::max(length[i + 1][k], length[i][k + 1]);
    }
  }
  std::vector<bool> of_old(old.size(), true), of_now(now.size(), true);
  for (size_t i = 0, k = 0; i < old.size() && k < now.size();) {
    if (old[i].text == now[k].text) {
      of_old[i++] = of_now[k++] = false;
    } else {
      length[i + 1][k] >= length[i][k + 1] ? i++ : k++;
    }
  }
  return {of_old, of_now};
}

/// The variable that a piece belongs to: the next one that is referred to, for what is computed is then stored.
const Entity* variable_at(const std::vector<Piece>& pieces, size_t index) {
  for (size_t i = index; i < pieces.size(); i++) {
    if (pieces[i].variable) return pieces[i].variable;
  }
  for (size_t i = std::min(index, pieces.size()); i-- > 0;) {
    if (pieces[i].variable) return pieces[i].variable;
  }
  return nullptr;
}

}  // namespace

InitializerChanges compare_initializers(const Correspondence& match) {
  const std::vector<Piece> old = Reader(match.before(), match, true).read();
  const std::vector<Piece> now = Reader(match.after(), match, false).read();
  InitializerChanges changes;
  const bool same = std::equal(old.begin(), old.end(), now.begin(), now.end(),
                               [](const Piece& a, const Piece& b) { return a.text == b.text; });
  if (same || match.before().all().empty()) return changes;
  if (old.size() + now.size() > kMostPieces) {
    changes.others = true;
    return changes;
  }
  const auto [of_old, of_now] = unmatched(old, now);
  std::set<std::string> named;
  const auto note = [&](const Entity* variable) {
    if (!variable) changes.others = true;
    else if (named.insert(variable->key).second) changes.variables.push_back(variable->key);
  };
  for (size_t k = 0; k < now.size(); k++) {
    if (!of_now[k]) continue;
    const Entity* variable = variable_at(now, k);
    // What a new one needs is seen to elsewhere; and a variable of before whose initializer is gone keeps its value.
    if (!variable || match.before_of(*variable)) note(variable);
  }
  for (size_t i = 0; i < old.size(); i++) {
    if (!of_old[i]) continue;
    const Entity* variable = variable_at(old, i);
    const Entity* stays = variable ? match.after_of(*variable) : nullptr;
    if (stays) note(stays);
  }
  return changes;
}

}  // namespace hotreload
