// Splits, joins, escapes, replaces and reads strings.
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/strings/substitute.h"

void subject_start() {}
void subject_state() {}

static void show(const std::string& text) { hr_out("%s", absl::CHexEscape(text).c_str()); }

static void numbers(unsigned input) {
  for (const std::string& text : {absl::StrCat(input), absl::StrCat("-", input * 3), std::string("12x"),
                                  absl::StrCat(input, ".", input % 97, "e", input % 11), std::string("0x1f"),
                                  std::string(" 77 "), std::string("99999999999999999999"), std::string("true")}) {
    int small = -1;
    int64_t large = -1;
    uint32_t hex = 1;
    double real = -1;
    float single = -1;
    bool truth = false;
    const int known = absl::SimpleAtoi(text, &small) + 2 * absl::SimpleAtoi(text, &large) +
                      4 * absl::SimpleAtod(text, &real) + 8 * absl::SimpleAtob(text, &truth) +
                      16 * absl::SimpleHexAtoi(text, &hex) + 32 * absl::SimpleAtof(text, &single);
    if ((known & 1) == 0) small = 0;
    if ((known & 2) == 0) large = 0;
    hr_out("%s: %d %d %lld %u %g", text.c_str(), known, small, (long long)large, hex, real);
  }
  show(absl::StrCat(absl::Hex(input), " ", absl::Dec(input, absl::kZeroPad8), " ", input * 1.5, " ", -int(input)));
  show(absl::StrCat(3.25f * input, " ", uint64_t(input) * 10000000019ull, " ", int64_t(input) * -7919));
}

void subject_probe(unsigned input) {
  numbers(input);
  const std::string text = absl::StrCat("Hot,reload;keeps\tstate: ", input, ",", input % 7, ",,x\n\"quoted\" \xc3\xa4");
  const std::vector<std::string> parts = absl::StrSplit(text, ',');
  show(absl::StrJoin(parts, "|"));
  const std::vector<std::string> words = absl::StrSplit(text, absl::ByAnyChar(",; "), absl::SkipEmpty());
  show(absl::StrJoin(words, "+"));
  const std::vector<std::string> two = absl::StrSplit(text, absl::MaxSplits("e", 1));
  show(absl::StrJoin(two, "/"));
  show(absl::StrReplaceAll(text, {{"e", "EE"}, {"st", "[]"}, {",,", "!"}}));
  show(absl::CEscape(text));
  show(absl::Utf8SafeCEscape(text));
  std::string out;
  const bool unescaped = absl::CUnescape("a\\tb\\x41\\101\\u00e4\\q", &out);
  hr_out("%d", unescaped);
  std::string error;
  hr_out("%d %s", absl::CUnescape("\\n\\x4a\\\\", &out, &error), error.c_str());
  show(out);
  const std::string coded = absl::Base64Escape(text);
  show(coded + absl::WebSafeBase64Escape(text) + absl::BytesToHexString(text));
  hr_out("%d", absl::Base64Unescape(coded, &out));
  show(out);
  show(absl::HexStringToBytes("48616c6c6f"));
  show(absl::AsciiStrToUpper(text) + absl::AsciiStrToLower(text));
  std::string padded = "  \t padded  \n ";
  absl::RemoveExtraAsciiWhitespace(&padded);
  show(padded);
  show(std::string(absl::StripAsciiWhitespace("  strip ")) + std::string(absl::StripPrefix(text, "Hot,")));
  show(absl::Substitute("$1 and $0 and $$ $2", input, text.size(), "two"));
  show(absl::StrFormat("%05d|%-8s|%x|%.3f|%e|%c|%u", int(input % 1000), "ab", input, input / 7.0, input * 3.5, 'c', input));
  hr_out("match %d %d %d %d", absl::StrContains(text, "reload"), absl::StartsWithIgnoreCase(text, "hOT"),
         absl::EndsWith(text, "x"), absl::EqualsIgnoreCase("ABC", "abc"));
  std::string sum = "sum";
  absl::StrAppend(&sum, input, "-", input % 3);
  absl::StrAppendFormat(&sum, "[%d]", int(input % 5));
  show(sum);
}
