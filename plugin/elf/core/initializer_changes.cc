// Compares initializers piece by piece: a piece ends with each reference, and what is in one version alone has changed.
// Beside new variables compilers choose other registers and another order, so that pieces are calls with their arguments.
#include "initializer_changes.h"

#include <algorithm>
#include <set>

#include "code_tokens.h"
#include "names.h"
#include "relocation.h"

namespace hotreload {

namespace {

/// Above this many pieces in both versions together, only whether they differ is told.
constexpr size_t kMostPieces = 4000;

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

struct Piece {
  std::string text;                  ///< the code before the reference, and what it refers to
  const Entity* variable = nullptr;  ///< that it refers to
  std::vector<std::string> tokens;   ///< if it was read by these
};

/// gcc begins with a comparison of the priority, and a jump whose distance changes with all that follows.
std::string_view without_priority(std::string_view code) {
  const size_t at = code.find(std::string_view("\x81\x7d\xf8\xff\xff\x00\x00", 7));
  if (at == std::string_view::npos || at + 8 > code.size()) return code;
  const size_t jump = at + 7;
  return code.substr(std::min(code.size(), jump + (uint8_t(code[jump]) == 0x0f ? 6 : 2)));
}

/// The same for code that was read, wherever on the stack the priority is.
size_t behind_priority(const std::vector<Instruction>& code) {
  for (size_t i = 0; i < std::min<size_t>(code.size(), 24); i++) {
    const auto& tokens = code[i].tokens;
    if (std::any_of(tokens.begin(), tokens.end(), [](const CodeToken& token) { return token.text == "value 65535"; })) return i + 1;
  }
  return 0;
}

class Reader {
 public:
  Reader(const Entities& entities, const Correspondence& match, bool before)
      : entities_(entities), match_(match), before_(before) {}

  /// @param of_threads those that each thread runs for itself, or all others
  /// @param roughly by their tokens, up to each call and each store, instead of by their bytes
  std::vector<Piece> read(bool of_threads, bool roughly) {
    for (const Entity& function : entities_.all()) {
      const bool wanted = function.kind == Kind::kFunction && is_initializer(function.name) &&
                          !is_sanitizer_start(function.name) && is_thread_initializer(function.name) == of_threads;
      const bool first = seen_.insert({function.section, function.offset}).second;  // `_ZTH5value` is `__tls_init`
      if (wanted && first && !entities_.object().sections[function.section].bytes.empty()) {
        roughly ? read_tokens(function) : read_bytes(function);
      }
    }
    return std::move(pieces_);
  }

 private:
  void read_bytes(const Entity& function) {
    const Section& section = entities_.object().sections[function.section];
    const std::string_view code = section.bytes.substr(function.offset, function.size);
    const std::string_view body = without_priority(code);
    const size_t skipped = code.size() - body.size();
    size_t behind = 0;
    for (const Relocation& relocation : section.relocations) {
      if (relocation.offset < function.offset + skipped || relocation.offset >= function.offset + function.size) continue;
      const size_t at = relocation.offset - function.offset - skipped;
      Piece piece{std::string(body.substr(behind, at - std::min(at, behind))), nullptr, {}};
      behind = std::min(body.size(), at + 4);
      const Target target = entities_.target_of(function.section, relocation);
      if (target.form == Target::Form::kEntity && is_initializer(target.entity->name)) continue;  // all of them are read
      describe(target, &piece);
      pieces_.push_back(std::move(piece));
    }
    pieces_.push_back({std::string(body.substr(std::min(behind, body.size()))), nullptr, {}});
  }

  void read_tokens(const Entity& function) {
    const auto name_of = [this](const Entity& entity) { return before_ ? entity.key : match_.name_of(entity); };
    const std::vector<Instruction> code = instructions_of(entities_, function, name_of);
    Piece piece;
    for (size_t i = behind_priority(code); i < code.size(); i++) {
      const Instruction& instruction = code[i];
      bool registers = false;  // a destructor, which whatever is constructed has
      for (const CodeToken& token : instruction.tokens) {
        registers = registers || token.text == "__cxa_atexit" || token.text == "__cxa_thread_atexit";
        const bool of_ends = token.text == "__dso_handle" || ends_with(token.text, "D1Ev");
        const bool noise = of_ends || (token.entity && is_initializer(token.entity->name));
        if (!noise) piece.tokens.push_back(token.text);
        if (is_variable(token.entity)) piece.variable = token.entity;
      }
      if (registers) piece = {};
      if (instruction.calls || instruction.stores) finish(&piece);
    }
    finish(&piece);
  }

  /// Its tokens in an order of their own: optimisers load the arguments of a call in any.
  void finish(Piece* piece) {
    std::sort(piece->tokens.begin(), piece->tokens.end());
    for (const std::string& token : piece->tokens) piece->text += token + '\0';
    if (!piece->tokens.empty()) pieces_.push_back(std::move(*piece));
    *piece = {};
  }

  static bool is_variable(const Entity* entity) {
    const bool writable = entity && (entity->kind == Kind::kVariable || entity->kind == Kind::kThreadLocal);
    return writable && !is_guard(entity->name) && entity->name != "__tls_guard";
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
      if (is_variable(target.entity)) piece->variable = target.entity;
    } else {
      piece->text += target.name;
    }
  }

  const Entities& entities_;
  const Correspondence& match_;
  const bool before_;
  std::vector<Piece> pieces_;
  std::set<std::pair<uint32_t, uint64_t>> seen_;
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

/// Compares, and notes what differs, each variable once.
class Comparison {
 public:
  Comparison(const Correspondence& match, const std::multiset<std::string>* seen_to) : match_(match), brings_(seen_to) {
    if (seen_to) left_ = *seen_to;
  }

  void compare(bool of_threads) {
    const std::vector<Piece> old = Reader(match_.before(), match_, true).read(of_threads, brings_);
    const std::vector<Piece> now = Reader(match_.after(), match_, false).read(of_threads, brings_);
    const bool same = std::equal(old.begin(), old.end(), now.begin(), now.end(),
                                 [](const Piece& a, const Piece& b) { return a.text == b.text; });
    if (same || (of_threads && old.empty())) return;
    if (old.size() + now.size() > kMostPieces) {
      changes_.others = true;
      return;
    }
    const auto [of_old, of_now] = unmatched(old, now);
    for (size_t k = 0; k < now.size(); k++) {
      if (!of_now[k]) continue;
      const Entity* variable = variable_at(now, k);
      // Of a new one, the code that constructs it alone tells what is its own.
      if (brings_ ? !is_seen_to(now[k]) : !variable || match_.before_of(*variable)) note(variable);
    }
    for (size_t i = 0; i < old.size(); i++) {
      if (!of_old[i]) continue;
      const Entity* variable = variable_at(old, i);
      const Entity* stays = variable ? match_.after_of(*variable) : nullptr;
      // A variable of before whose initializer is gone keeps its value.
      if (stays) note(stays);
    }
  }

  InitializerChanges changes() { return std::move(changes_); }

 private:
  bool is_seen_to(const Piece& piece) {
    return std::all_of(piece.tokens.begin(), piece.tokens.end(), [&](const std::string& token) {
      const auto found = left_.find(token);
      if (found == left_.end()) return false;
      left_.erase(found);
      return true;
    });
  }

  void note(const Entity* variable) {
    if (!variable || brings_) changes_.others = true;
    else if (named_.insert(variable->key).second) changes_.variables.push_back(variable->key);
  }

  const Correspondence& match_;
  const bool brings_;
  std::multiset<std::string> left_;
  InitializerChanges changes_;
  std::set<std::string> named_;
};

}  // namespace

InitializerChanges compare_initializers(const Correspondence& match, const std::multiset<std::string>* seen_to) {
  Comparison comparison(match, seen_to);
  if (match.before().all().empty()) return {};
  for (const bool of_threads : {false, true}) comparison.compare(of_threads);
  return comparison.changes();
}

}  // namespace hotreload
