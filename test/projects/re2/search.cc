// Searches a text with RE2 in each tick, and counts the matches.
#include <re2/re2.h>

#include <string>

#include "report.h"

static long matches;

void start_parts() {}

void run_parts(long) {
  static const RE2 address("(\\w+)@(\\w+)\\.org");
  std::string user, host;
  if (RE2::PartialMatch("write to ada@lovelace.org", address, &user, &host)) matches++;
  report("user", "%s", user.c_str());
  report("host", "%s", host.c_str());
  report("error", "%s", RE2("(", RE2::Quiet).error().c_str());
  report_counted("matches", matches);
}
