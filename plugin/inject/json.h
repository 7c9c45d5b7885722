// Values as JSON, on one line.
#ifndef HOTRELOAD_INJECT_JSON_H
#define HOTRELOAD_INJECT_JSON_H

#include <cstdint>
#include <string>
#include <vector>

namespace hotreload {

/// A string in quotes; bytes that are not UTF-8 become question marks.
std::string json_text(const std::string& text);
std::string json_texts(const std::vector<std::string>& texts);
/// Addresses: a number of JavaScript has room for 53 bits, and none is larger.
inline std::string json_number(uint64_t number) { return std::to_string(number); }

}  // namespace hotreload

#endif
