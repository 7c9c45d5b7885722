// The helper's commands. It prints one line of JSON: what was done, or { "code", "message" }, and then ends with 1.
//
//   hotreload_inject fix PID TIMEOUT_MS DIGEST BY UID [START...] < payload       STARTs: patches that it supersedes
//   hotreload_inject undo PID TIMEOUT_MS START
//   hotreload_inject status PID
//   hotreload_inject find BUILD_ID
//
// It is a process of its own, in a session of its own: what it has begun it ends, even if `hotreload` is killed.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "commit.h"
#include "json.h"
#include "loading.h"

namespace hotreload {

namespace {

Clock::time_point deadline_of(const char* milliseconds) {
  return Clock::now() + std::chrono::milliseconds(strtoull(milliseconds, nullptr, 10));
}

/// Whatever happens, a command comes to an end: the kernel ends this process then, which may be at any moment (writing.h),
/// and it lets all threads go that were held.
void end_soon_after(const char* milliseconds) {
  constexpr unsigned kPatience = 30;  // seconds, for what must be ended once it was begun
  signal(SIGALRM, SIG_DFL);
  alarm(unsigned(std::min(strtoull(milliseconds, nullptr, 10) / 1000, 1000000ull)) + kPatience);
}

std::string read_input() {
  std::string bytes;
  char buffer[65536];
  for (ssize_t got = 0; (got = read(STDIN_FILENO, buffer, sizeof buffer)) > 0;) bytes.append(buffer, size_t(got));
  return bytes;
}

std::string milliseconds(double value) {
  char text[32];
  snprintf(text, sizeof text, "%.3f", value);
  return text;
}

std::string committed(const CommitReport& report, double borrowed) {
  return "\"stoppedMs\":" + milliseconds(report.stopped_ms) + ",\"stoppedAllMs\":" + milliseconds(report.stopped_all_ms) +
         ",\"attempts\":" + std::to_string(report.attempts) + ",\"borrowedMs\":" + milliseconds(borrowed) +
         ",\"kept\":" + json_texts(report.kept);
}

struct FixArguments {
  Clock::time_point deadline;
  std::string digest, by;
  uint32_t uid;
  std::vector<uint64_t> superseded;
};

/// Of a function static of C, gcc's name: `count.0`. The number is another one in another version of the file.
bool is_numbered(const std::string& name) {
  const size_t dot = name.rfind('.');
  return dot != std::string::npos && dot + 1 < name.size() && name.find_first_not_of("0123456789", dot + 1) == std::string::npos;
}

/// The variables that earlier patches of the module brought, by name. What only its number tells apart goes with its patch.
AddedVariables added_before(const std::vector<LoadedPatch>& patches, uint64_t bias) {
  AddedVariables all;
  for (const LoadedPatch& patch : patches) {
    if (patch.record.module_bias != bias || patch.state.status == kLoaded) continue;
    std::set<std::string> names;
    for (const AddedRecord& added : patch.added) {
      if (added.is_function) continue;
      const std::string name = patch.name(added.name);
      if (is_numbered(name) && patch.state.status != kApplied) continue;
      AddedVariable& variable = all[name];
      variable = {patch.start + added.address, added.size, variable.ambiguous || !names.insert(name).second};
    }
  }
  return all;
}

Result<std::string> fix(pid_t pid, const FixArguments& arguments) {
  auto payload = read_payload(read_input());
  if (!payload) return payload.error();
  auto opened = Target::open(pid);
  if (!opened) return opened.error();
  Target& target = opened.value();
  if (target.bits() != int(payload.value().header.bits)) {
    return Error{"E_ARCHITECTURE",
                 "the patch is for a " + std::to_string(payload.value().header.bits) + "-bit program, and process " +
                     std::to_string(pid) + " runs a " + std::to_string(target.bits()) + "-bit one",
                 ""};
  }
  auto memory = target.open_memory();
  if (!memory) return memory.error();
  auto modules = Modules::read(target);
  if (!modules) return modules.error();
  const ImageRecord& record = payload.value().record;
  const ProcessModule* module = modules.value().with_build_id(record.build_id);
  if (!module) {
    std::string has;
    for (const ProcessModule& one : modules.value().all()) {
      const size_t slash = one.path.rfind('/');
      if (one.path.substr(slash + 1) == record.module) has = "; its " + one.path + " has " + (one.build_id.empty() ? "none" : one.build_id);
    }
    return Error{"E_OTHER_BUILD",
                 "the patch is for " + std::string(record.module) + " with build-id " + record.build_id + ", which process " +
                     std::to_string(pid) + " does not run" + has,
                 ""};
  }
  auto patches = read_patches(target);
  if (!patches) return patches.error();
  Threads threads(target);
  LoadReport loaded;
  for (const LoadedPatch& patch : patches.value()) {
    if (patch.digest() != arguments.digest || patch.record.module_bias != module->bias) continue;
    if (patch.state.status == kApplied) {
      return Error{"E_APPLIED", "the patch is applied to process " + std::to_string(pid) + " already", ""};
    }
    loaded.start = patch.start;  // it was taken back, or its fix was interrupted: it is still there
  }
  if (loaded.start == 0) {
    Loading loading(target, modules.value(), &threads, arguments.deadline);
    auto report = loading.load_image(payload.value(), *module, arguments.digest, patches.value().size() + 1,
                                     added_before(patches.value(), module->bias));
    if (!report) return target.failed(report.error());
    loaded = report.value();
  }
  auto report = commit(target, modules.value(), &threads,
                       {loaded.start, true, arguments.superseded, arguments.by, arguments.uid, arguments.deadline});
  if (!report) return report.error();
  return "{" + committed(report.value(), loaded.borrowed_ms) + ",\"start\":" + json_number(loaded.start) + "}";
}

Result<std::string> undo(pid_t pid, Clock::time_point deadline, uint64_t start) {
  auto opened = Target::open(pid);
  if (!opened) return opened.error();
  auto memory = opened.value().open_memory();
  if (!memory) return memory.error();
  auto modules = Modules::read(opened.value());
  if (!modules) return modules.error();
  Threads threads(opened.value());
  auto report = commit(opened.value(), modules.value(), &threads, {start, false, {}, "", 0, deadline});
  if (!report) return report.error();
  return "{" + committed(report.value(), 0) + "}";
}

std::string json_code(const std::string& name, uint64_t start, uint64_t size) {
  return "{\"name\":" + json_text(name) + ",\"start\":" + json_number(start) + ",\"size\":" + json_number(size) + "}";
}

/// The code of the module that the patch replaces.
std::string replaced_code(const LoadedPatch& patch) {
  std::string json;
  for (const RedirectRecord& redirect : patch.redirects) {
    const uint64_t bias = patch.record.module_bias;
    const std::string name = patch.name(redirect.name);
    json += (json.empty() ? "" : ",") + json_code(name, bias + redirect.entry, redirect.size);
    if (redirect.cold_size != 0) json += "," + json_code(name, bias + redirect.cold, redirect.cold_size);
  }
  return "[" + json + "]";
}

/// What the patch replaces it with. How long a function is, the record does not say: it ends at the next one at the latest.
std::string new_code(const LoadedPatch& patch) {
  std::map<uint64_t, std::string> starts;
  for (const AddedRecord& added : patch.added) {
    if (added.is_function) starts[patch.start + added.address] = patch.name(added.name);
  }
  for (const RedirectRecord& redirect : patch.redirects) starts[patch.start + redirect.target] = patch.name(redirect.name);
  std::string json;
  for (auto at = starts.begin(); at != starts.end(); ++at) {
    const uint64_t end = std::next(at) == starts.end() ? patch.start + patch.record.memory : std::next(at)->first;
    json += (json.empty() ? "" : ",") + json_code(at->second, at->first, end - at->first);
  }
  return "[" + json + "]";
}

std::string describe(const LoadedPatch& patch) {
  static const char* const names[] = {"loaded", "applied", "undone", "superseded"};
  std::vector<std::string> replaced, functions, variables, values;
  for (const RedirectRecord& redirect : patch.redirects) replaced.push_back(patch.name(redirect.name));
  for (const AddedRecord& added : patch.added) (added.is_function ? functions : variables).push_back(patch.name(added.name));
  for (const EditRecord& edit : patch.edits) values.push_back(patch.name(edit.name));
  const uint32_t status = std::min<uint32_t>(patch.state.status, kSuperseded);
  return "{\"start\":" + json_number(patch.start) + ",\"status\":\"" + names[status] + "\",\"order\":" +
         json_number(patch.state.order) + ",\"appliedAt\":" + json_number(patch.state.applied_at / 1000000) +
         ",\"undoneAt\":" + json_number(patch.state.undone_at / 1000000) + ",\"by\":" + json_text(patch.state.by) +
         ",\"uid\":" + std::to_string(patch.state.uid) + ",\"digest\":" + json_text(patch.digest()) + ",\"buildId\":" +
         json_text(patch.record.build_id) + ",\"module\":" + json_text(patch.record.module) + ",\"description\":" +
         json_text(patch.description) + ",\"replaced\":" + json_texts(replaced) + ",\"addedFunctions\":" + json_texts(functions) +
         ",\"addedVariables\":" + json_texts(variables) + ",\"values\":" + json_texts(values) + ",\"replacedCode\":" +
         replaced_code(patch) + ",\"newCode\":" + new_code(patch) + "}";
}

Result<std::string> status(pid_t pid) {
  auto opened = Target::open(pid);
  if (!opened) return opened.error();
  auto modules = Modules::read(opened.value());
  if (!modules) return modules.error();
  auto patches = read_patches(opened.value());
  if (!patches) return patches.error();
  std::string json = "{\"bits\":" + std::to_string(opened.value().bits()) + ",\"program\":";
  for (const ProcessModule& module : modules.value().all()) {
    if (module.executable) json += json_text(module.path) + ",\"buildId\":" + json_text(module.build_id);
    if (module.executable) break;
  }
  if (json.back() == ':') json += "\"\",\"buildId\":\"\"";
  json += ",\"modules\":[";
  bool first = true;
  for (const ProcessModule& module : modules.value().all()) {
    json += std::string(first ? "" : ",") + "{\"path\":" + json_text(module.path) + ",\"buildId\":" + json_text(module.build_id) + "}";
    first = false;
  }
  json += "],\"patches\":[";
  first = true;
  for (const LoadedPatch& patch : patches.value()) {
    json += (first ? "" : ",") + describe(patch);
    first = false;
  }
  return json + "]}";
}

Result<std::string> find(const std::string& build_id) {
  std::string json = "{\"processes\":[";
  for (const pid_t pid : all_processes()) {
    auto opened = pid == getpid() ? Result<Target>(Error{"", "", ""}) : Target::open(pid);
    if (!opened) continue;
    auto modules = Modules::read(opened.value());
    if (!modules || !modules.value().with_build_id(build_id)) continue;
    json += (json.back() == '[' ? "" : ",") + std::to_string(pid);
  }
  return json + "]}";
}

Result<std::string> run(const std::vector<std::string>& arguments) {
  const std::string command = arguments.empty() ? "" : arguments[0];
  const pid_t pid = arguments.size() > 1 ? atoi(arguments[1].c_str()) : 0;
  if (arguments.size() > 2) end_soon_after(arguments[2].c_str());
  if (command == "fix" && arguments.size() >= 6) {
    std::vector<uint64_t> superseded;
    for (size_t i = 6; i < arguments.size(); i++) superseded.push_back(strtoull(arguments[i].c_str(), nullptr, 10));
    return fix(pid, {deadline_of(arguments[2].c_str()), arguments[3], arguments[4],
                     uint32_t(strtoul(arguments[5].c_str(), nullptr, 10)), superseded});
  }
  if (command == "undo" && arguments.size() == 4) {
    return undo(pid, deadline_of(arguments[2].c_str()), strtoull(arguments[3].c_str(), nullptr, 10));
  }
  if (command == "status" && arguments.size() == 2) return status(pid);
  if (command == "find" && arguments.size() == 2) return find(arguments[1]);
  return Error{"E_PROCESS", "usage: see main.cc", ""};
}

}  // namespace

}  // namespace hotreload

int main(int count, char** arguments) {
  signal(SIGPIPE, SIG_IGN);  // whoever asked may be gone
  setsid();
  const auto result = hotreload::run(std::vector<std::string>(arguments + 1, arguments + count));
  const std::string line =
      result ? result.value()
             : "{\"code\":" + hotreload::json_text(result.error().code) + ",\"message\":" + hotreload::json_text(result.error().message) + "}";
  printf("%s\n", line.c_str());
  return result ? 0 : 1;
}
