// Writes JSON (RFC 8259).
#include "json.h"

namespace hotreload {

namespace {

/// Length of the UTF-8 sequence at `at`, 0 if there is none.
size_t sequence(const std::string& text, size_t at) {
  const unsigned char first = static_cast<unsigned char>(text[at]);
  const size_t length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (size_t i = 1; i < length; i++) {
    if ((static_cast<unsigned char>(text[at + i]) & 0xc0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

std::string json_text(const std::string& text) {
  std::string json = "\"";
  for (size_t at = 0; at < text.size();) {
    const size_t length = sequence(text, at);
    const unsigned char character = static_cast<unsigned char>(text[at]);
    if (length == 0) {
      json += '?';
    } else if (character < 0x20) {
      char escaped[8];
      snprintf(escaped, sizeof escaped, "\\u%04x", character);
      json += escaped;
    } else {
      if (character == '"' || character == '\\') json += '\\';
      json.append(text, at, length);
    }
    at += length == 0 ? 1 : length;
  }
  return json + '"';
}

std::string json_texts(const std::vector<std::string>& texts) {
  std::string json = "[";
  for (const std::string& text : texts) json += (json.size() > 1 ? "," : "") + json_text(text);
  return json + "]";
}

}  // namespace hotreload
