// Stops all threads, judges, writes.
#include "commit.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include "reliances.h"
#include "stacks.h"
#include "writing.h"

namespace hotreload {

namespace {

/// For how long threads are held at the first attempt if one of them does not stop; longer at each further one.
constexpr std::chrono::milliseconds kShortest{200}, kLongest{2000};
constexpr std::chrono::duration<double, std::milli> kLongestPause{50};
constexpr uint64_t kNear = 1024;  // bytes between two entries
constexpr uint64_t kPadding = 5;
constexpr uint8_t kJumpBack[2] = {0xeb, 0xf9};  // over the no-ops of a padded entry, to its padding

/// The bytes of a `jmp target` at `place`.
std::string jump(uint64_t place, uint64_t target) {
  std::string bytes(1, '\xe9');
  const int32_t displacement = int32_t(int64_t(target) - int64_t(place + kJumpSize));
  bytes.append(reinterpret_cast<const char*>(&displacement), sizeof displacement);
  return bytes;
}

uint64_t now_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return uint64_t(now.tv_sec) * 1000000000 + uint64_t(now.tv_nsec);
}

class Committer {
 public:
  Committer(const Target& target, const Modules& modules, Threads* threads, const CommitRequest& request)
      : target_(target), modules_(modules), threads_(threads), request_(request),
        workroom_(target, modules, threads, request.deadline) {}

  Result<CommitReport> run() {
    using std::chrono::duration;
    for (duration<double, std::milli> pause{1};; pause = std::min(2 * pause, kLongestPause)) {
      report_.attempts++;
      auto done = attempt();
      if (!done) return target_.failed(done.error());
      if (!waiting_for_) return report_;
      // At most half of the time it stands still for nothing.
      const auto rest = std::max(pause, duration<double, std::milli>(report_.stopped_ms));
      if (Clock::now() + rest > request_.deadline) {
        return Error{waiting_for_->code, waiting_for_->message + "; nothing was changed", ""};
      }
      std::this_thread::sleep_for(rest);
    }
  }

 private:
  Result<Nothing> attempt() {
    // What can be read before the process stands still is read before.
    auto patches = read_patches(target_);
    if (!patches) return patches.error();
    patches_ = std::move(patches.value());
    patch_ = nullptr;
    superseded_.clear();
    for (const LoadedPatch& patch : patches_) {
      if (patch.start == request_.start) patch_ = &patch;
      else if (is_superseded(patch)) superseded_.push_back(&patch);
    }
    if (!patch_) return Error{"E_NOT_APPLIED", "the patch is not in the process", ""};
    auto planned = plan();
    if (!planned) return planned;
    auto known = plan_ranges();
    if (!known) return known;
    if (!stacks_ && !to_leave_.empty()) stacks_ = std::make_unique<Stacks>(target_, modules_);
    if (!workroom_.is_entered()) {
      auto entered = workroom_.enter(false, most_room());
      if (!entered) return entered;
    }
    waiting_for_.reset();
    auto done = threads_->hold_all(std::min(request_.deadline, Clock::now() + std::min(report_.attempts * kShortest, kLongest)));
    if (done) done = judge(*threads_);
    if (done && !waiting_for_) done = write();
    threads_->release();
    report_.stopped_ms = std::chrono::duration<double, std::milli>(Clock::now() - threads_->held_since()).count();
    report_.stopped_all_ms += report_.stopped_ms;
    if (done || done.error().code != "E_TIMEOUT") return done;
    waiting_for_ = done.error();  // the others do not stand still for one that does not stop
    return Nothing{};
  }

  Result<Nothing> write() {
    join_entries();
    auto planned = plan_values();
    if (!planned) return planned;
    plan_state();
    return write_all(target_, &workroom_, *threads_, writes_);
  }

  /// What no thread may be running, or come back to, when the jumps are written.
  Result<Nothing> plan_ranges() {
    to_leave_.clear();
    const uint64_t bias = patch_->record.module_bias;
    for (const RedirectRecord& redirect : patch_->redirects) {
      // Where a jump stands already nobody is in the old code, or it was no matter.
      if ((redirect.flags & kLeaveFirst) == 0 || !pristine_[redirect.place]) continue;
      const std::string why = patch_->name(redirect.name) + ", which cannot be changed while it runs";
      to_leave_.push_back({bias + redirect.entry, bias + redirect.entry + redirect.size, why});
      to_leave_.push_back({bias + redirect.cold, bias + redirect.cold + redirect.cold_size, why});
    }
    return find_reliances(patches_, before_, after_, &to_leave_);
  }

  bool is_superseded(const LoadedPatch& patch) const {
    const auto& starts = request_.superseded;
    return patch.state.status == kApplied && std::find(starts.begin(), starts.end(), patch.start) != starts.end();
  }

  /// Which patches apply before and afterwards.
  void plan_standing() {
    order_ = 1;
    before_.clear();
    for (const LoadedPatch& patch : patches_) {
      order_ = std::max(order_, patch.state.order + 1);
      before_.push_back(patch.state.status == kApplied ? patch.state.order : 0);
    }
    after_ = before_;
    for (size_t i = 0; i < patches_.size(); i++) {
      if (&patches_[i] == patch_) after_[i] = request_.apply ? order_ : 0;
      else if (is_superseded(patches_[i])) after_[i] = 0;
    }
  }

  /// Where calls of a function lead afterwards; 0 for the function as it was compiled.
  uint64_t target_of(const RedirectRecord& redirect, uint64_t module_bias) const {
    uint64_t newest = 0, target = 0;
    for (size_t i = 0; i < patches_.size(); i++) {
      const LoadedPatch& patch = patches_[i];
      if (after_[i] <= newest || patch.record.module_bias != module_bias) continue;
      for (const RedirectRecord& other : patch.redirects) {
        if (other.place != redirect.place) continue;
        newest = after_[i];
        target = patch.start + other.target;
      }
    }
    return target;
  }

  Result<Nothing> plan() {
    writes_.clear();
    plan_standing();
    for (const EditRecord& edit : patch_->edits) {
      if (edit.size > kMostBytes) return Error{"E_PATCH_FILE", patch_->name(edit.name) + " is too large to be changed", ""};
    }
    std::set<uint64_t> planned;  // each entry once
    std::vector<const LoadedPatch*> changing = superseded_;
    changing.push_back(patch_);
    for (const LoadedPatch* patch : changing) {
      const uint64_t bias = patch->record.module_bias;
      for (const RedirectRecord& redirect : patch->redirects) {
        if (!planned.insert(bias + redirect.place).second) continue;
        auto done = plan_entry(*patch, redirect, target_of(redirect, bias));
        if (!done) return done;
      }
    }
    return Nothing{};
  }

  Result<Nothing> plan_entry(const LoadedPatch& of, const RedirectRecord& redirect, uint64_t target) {
    const uint64_t bias = of.record.module_bias;
    const uint64_t place = bias + redirect.place;
    const bool padded = (redirect.flags & kPadded) != 0;
    const uint64_t size = padded ? 2 : kJumpSize;
    std::string present(size, '\0');
    if (!target_.read(place, present.data(), size)) return Error{"E_ENTRY_CHANGED", "the code is not mapped any more", ""};
    const std::string original(reinterpret_cast<const char*>(redirect.original) + (padded ? kPadding : 0), size);
    const std::string back(reinterpret_cast<const char*>(kJumpBack), sizeof kJumpBack);
    bool known = present == original || (padded && present == back);
    for (const LoadedPatch& patch : patches_) {
      for (const RedirectRecord& other : patch.redirects) {
        if (other.place == redirect.place && patch.record.module_bias == bias && !padded) {
          known = known || present == jump(place, patch.start + other.target);
        }
      }
    }
    if (!known) {
      return Error{"E_ENTRY_CHANGED",
                   "the first bytes of " + of.name(redirect.name) +
                       " are not those of the program's file: a debugger's breakpoint, or another tool, is there",
                   ""};
    }
    pristine_[redirect.place] = present == original;
    if (!padded) {
      writes_.push_back({place, target == 0 ? original : jump(place, target)});
    } else if (target == 0) {
      writes_.push_back({place, original});
    } else {
      writes_.push_back({place - kPadding, jump(place - kPadding, target) + back});
    }
    return Nothing{};
  }

  /// Sets waiting_for_ if a thread is where the writing must wait for it.
  Result<Nothing> judge(const Threads& threads) {
    for (const HeldThread& thread : threads.held()) {
      user_regs_struct registers;
      if (!threads.read_registers(thread.id, &registers)) {
        return target_.failed({"E_EXITED", "thread " + std::to_string(thread.id) + " ended meanwhile", ""});
      }
      if (is_in_run(target_, registers.rip)) {
        waiting_for_ = Error{"E_BUSY", "thread " + std::to_string(thread.id) + " still does what an earlier command began", ""};
        return Nothing{};
      }
      std::vector<uint64_t> places{registers.rip};
      if (!to_leave_.empty()) {
        const StackFrames frames = stacks_->of(threads, thread.id);
        if (frames.complete) places.insert(places.end(), frames.places.begin(), frames.places.end());
        else collect_words(registers.rsp, &places);
      }
      for (const RedirectRecord& redirect : patch_->redirects) {
        if (!pristine_[redirect.place]) continue;  // one whole jump stands there
        const uint64_t place = patch_->record.module_bias + redirect.place;
        const uint64_t size = (redirect.flags & kPadded) != 0 ? 2 : kJumpSize;
        for (const uint64_t at : places) {
          if (at > place && at < place + size) return wait_for(thread, patch_->name(redirect.name) + ", which cannot be changed while it runs");
        }
      }
      for (const CodeRange& range : to_leave_) {
        for (const uint64_t at : places) {
          if (at >= range.start && at < range.end) return wait_for(thread, range.why);
        }
      }
    }
    return Nothing{};
  }

  Result<Nothing> wait_for(const HeldThread& thread, const std::string& why) {
    waiting_for_ = Error{"E_IN_USE", "thread " + std::to_string(thread.id) + " is in " + why, ""};
    return Nothing{};
  }

  /// Where the stack cannot be unwound, every word on it may be a place to return to.
  void collect_words(uint64_t stack, std::vector<uint64_t>* places) const {
    auto mappings = target_.mappings();
    if (!mappings) return;
    for (const Mapping& mapping : mappings.value()) {
      if (stack < mapping.start || stack >= mapping.end) continue;
      std::string bytes(std::min<uint64_t>(mapping.end - stack, 8 << 20), '\0');
      if (!target_.read(stack, bytes.data(), bytes.size())) return;
      const size_t word = size_t(target_.bits() / 8);
      for (size_t i = 0; i + word <= bytes.size(); i += word) {
        uint64_t value = 0;
        memcpy(&value, bytes.data() + i, word);
        for (const CodeRange& range : to_leave_) {
          if (value > range.start && value < range.end) places->push_back(value);  // its start is a pointer to it
        }
      }
    }
  }

  /// Entries that are close to each other become one write with the code between them, which stands still.
  void join_entries() {
    std::sort(writes_.begin(), writes_.end(), [](const Write& a, const Write& b) { return a.address < b.address; });
    std::vector<Write> joined;
    for (const Write& entry : writes_) {
      if (joined.empty() || !append_entry(&joined.back(), entry)) joined.push_back(entry);
    }
    writes_ = std::move(joined);
  }

  bool append_entry(Write* before, const Write& entry) const {
    const uint64_t end = before->address + before->bytes.size();
    if (entry.address < end || entry.address - end > kNear) return false;
    std::string between(entry.address - end, '\0');
    if (!target_.read(end, between.data(), between.size())) return false;
    before->bytes += between + entry.bytes;
    return true;
  }

  /// Of what is planned and of what will be, once the process stands still.
  uint64_t most_room() const {
    std::vector<Write> most = writes_;
    for (Write& entry : most) entry.bytes.resize(entry.bytes.size() + kNear);  // see join_entries
    for (const EditRecord& edit : patch_->edits) most.push_back({0, std::string(edit.size, '\0')});
    for (const LoadedPatch* patch : superseded_) {
      for (const EditRecord& edit : patch->edits) most.push_back({0, std::string(edit.size, '\0')});
    }
    for (size_t i = 0; i <= superseded_.size(); i++) most.push_back({0, std::string(sizeof(StateRecord), '\0')});
    return room_for(most, target_.bits());
  }

  void plan_state() {
    StateRecord state = patch_->state;
    state.status = request_.apply ? kApplied : kUndone;
    state.order = order_;
    if (request_.apply) {
      state.applied_at = now_nanoseconds();
      state.uid = request_.uid;
      std::fill(std::begin(state.by), std::end(state.by), '\0');
      request_.by.copy(state.by, sizeof state.by - 1);
    } else {
      state.undone_at = now_nanoseconds();
    }
    write_state(*patch_, state);
    for (const LoadedPatch* patch : superseded_) {
      StateRecord taken_back = patch->state;
      taken_back.status = kSuperseded;
      taken_back.undone_at = now_nanoseconds();
      write_state(*patch, taken_back);
    }
  }

  void write_state(const LoadedPatch& patch, const StateRecord& state) {
    const auto* bytes = reinterpret_cast<const char*>(&state);
    writes_.push_back({patch.start + patch.record.state, std::string(bytes, sizeof state)});
  }

  Result<Nothing> plan_values() {
    for (const LoadedPatch* patch : superseded_) {
      auto planned = plan_values_of(*patch, false);
      if (!planned) return planned;
    }
    return plan_values_of(*patch_, request_.apply);
  }

  Result<Nothing> plan_values_of(const LoadedPatch& patch, bool apply) {
    for (const EditRecord& edit : patch.edits) {
      const uint64_t address = patch.record.module_bias + edit.address;
      std::string live(edit.size, '\0'), fresh(edit.size, '\0'), before(edit.size, '\0');
      if (!target_.read(address, live.data(), edit.size) || !target_.read(patch.start + edit.value, fresh.data(), edit.size) ||
          !target_.read(patch.start + edit.previous, before.data(), edit.size)) {
        return Error{"E_ENTRY_CHANGED", patch.name(edit.name) + " is not mapped any more", ""};
      }
      if (apply) {
        target_.write(patch.start + edit.previous, live.data(), edit.size);  // nobody looks at it yet
        writes_.push_back({address, fresh});
      } else if (live != fresh) {
        report_.kept.push_back(patch.name(edit.name));
      } else {
        writes_.push_back({address, before});
      }
    }
    return Nothing{};
  }

  const Target& target_;
  const Modules& modules_;
  Threads* const threads_;
  const CommitRequest& request_;
  Workroom workroom_;
  CommitReport report_;
  std::vector<LoadedPatch> patches_;
  const LoadedPatch* patch_ = nullptr;
  std::vector<const LoadedPatch*> superseded_;
  Standing before_, after_;
  std::vector<Write> writes_;
  std::unique_ptr<Stacks> stacks_;  ///< where it takes unwinding to see that a function was left
  std::map<uint64_t, bool> pristine_;
  std::vector<CodeRange> to_leave_;
  uint64_t order_ = 1;
  std::optional<Error> waiting_for_;  ///< why it cannot be done at this moment
};

}  // namespace

Result<CommitReport> commit(const Target& target, const Modules& modules, Threads* threads, const CommitRequest& request) {
  return Committer(target, modules, threads, request).run();
}

}  // namespace hotreload
