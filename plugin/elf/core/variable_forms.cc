// Compares the forms of variables in two objects.
#include "variable_forms.h"

#include <set>

#include "places.h"

namespace hotreload {

Result<std::vector<LayoutChange>> compare_variable_forms(const std::string& before, const std::string& after) {
  auto old = read_places(before);
  if (!old) return old.error();
  auto now = read_places(after);
  if (!now) return now.error();
  std::vector<LayoutChange> changes;
  std::set<std::pair<std::string, unsigned>> reported;
  for (const auto& [symbol, place] : now.value()) {
    const auto found = old.value().find(symbol);
    if (found == old.value().end() || place.form == found->second.form) continue;
    // One that no version before kept anywhere begins anew; so it would in a program that is built from the new sources.
    if (found->second.form.empty() || symbol.back() == '.' || place.file.compare(0, 5, "/usr/") == 0) continue;
    // It goes by several names.
    if (!reported.emplace(place.file, place.line).second) continue;
    const std::string what =
        place.form.empty() ? "is never written any more, or not used: the compiler keeps no place for it"
                           : "is kept by the compiler in another form than before";
    changes.push_back({"E_VARIABLE", "the variable " + place.name + " " + what + ", and its live value would be lost", "",
                       place.file, place.line, ""});
  }
  return changes;
}

}  // namespace hotreload
