// Names and counts: containers, statics with guards, thread-locals, an inline variable.
#include <map>
#include <string>

#include "zoo.h"

namespace {

std::map<std::string, long> counts;
long changes = 7;
thread_local long thread_changes = 2;

// No edit is made here (source_text.ts): the live process has made it already.
std::string& prefix_start() {
  static std::string text = "key-";
  return text;
}

std::string key_of(unsigned number) {
  return prefix_start() + std::to_string(number % 9);
}

long add(const std::string& key, long amount) {
  changes++;
  thread_changes += 3;
  return counts[key] += amount;
}

long total() {
  long sum = 0;
  for (const auto& [key, count] : counts) sum += count;
  return sum;
}

class Account {
 public:
  explicit Account(long start) : balance_(start) {}
  bool withdraw(long amount) {
    if (amount > balance_ - limit()) return false;
    balance_ -= amount;
    return true;
  }
  void deposit(long amount) { balance_ += amount; }
  long balance() const { return balance_; }
  static long limit() { return 10; }

 private:
  long balance_;
};

Account account(100);

}  // namespace

void registry_probe(unsigned input) {
  for (unsigned i = 0; i < 4; i++) {
    const std::string key = key_of(input + i * 5);
    hr_out("%s %ld", key.c_str(), add(key, long(input % 6 + i)));
  }
  account.deposit(long(input % 20));
  const bool done = account.withdraw(25);
  hr_out("total %ld changes %ld %ld balance %ld %d", total(), changes, thread_changes, account.balance(), int(done));
}

void registry_state() {
  hr_field("registry.changes", &changes, sizeof changes);
  hr_field("registry.thread_changes", &thread_changes, sizeof thread_changes);
  hr_field("registry.account", &account, sizeof account);
  size_t size = counts.size();
  hr_field("registry.size", &size, sizeof size);
  auto entry = counts.begin();
  for (size_t i = 0; i < size; i++) {
    const std::string name = "registry." + std::to_string(i);
    char key[32] = {};
    long count = 0;
    if (!hr_loading()) {
      entry->first.copy(key, sizeof key - 1);
      count = entry->second;
      ++entry;
    }
    hr_field((name + ".key").c_str(), key, sizeof key);
    hr_field((name + ".count").c_str(), &count, sizeof count);
    if (hr_loading()) counts[key] = count;
  }
}
