/* Redirecting while threads run the function, and what must leave the program untouched. */
#include "redirect.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "entry.h"
#include "expect.h"
#include "maps.h"
#include "segments.h"
#include "victim.h"

#define THREADS 8

static const struct hotreload_ranges everywhere = {
    .items = &(struct hotreload_range){.start = 0, .size = 1ull << 47}, .count = 1};

static atomic_bool stop;
static atomic_ulong calls[4], wrong;

static void *caller(void *unused) {
  (void)unused;
  unsigned long seen[4] = {0};
  while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
    int result = victim(0);
    if (result < 1 || result > 3)
      atomic_fetch_add(&wrong, 1);
    else
      seen[result]++;
  }
  for (int i = 1; i < 4; i++)
    atomic_fetch_add(&calls[i], seen[i]);
  return NULL;
}

/* Protection of the page that holds the address, from /proc. */
static int protection(uint64_t address) {
  struct hotreload_maps maps;
  struct hotreload_error error;
  if (!hotreload_maps_read(&maps, &error))
    return -1;
  const struct hotreload_mapping *mapping = hotreload_maps_at(&maps, address);
  int result = mapping ? mapping->protection : -1;
  hotreload_maps_free(&maps);
  return result;
}

static bool redirect(struct hotreload_redirect *list, size_t count, const struct hotreload_ranges *ranges,
                     struct hotreload_error *error) {
  uint64_t nanoseconds;
  *error = (struct hotreload_error){0};
  return hotreload_redirect_write(list, count, NULL, ranges, &nanoseconds, error);
}

static void refusals_test(void) {
  struct hotreload_error error;
  uint64_t one = (uint64_t)victim, two = (uint64_t)victim_other;
  unsigned char before[16], after[16];
  memcpy(before, (void *)(one - 5), sizeof before);

  test_begin("one entry that cannot be redirected keeps all others as they are");
  struct hotreload_redirect list[] = {{one, (uint64_t)victim_third}, {(uint64_t)redirect, (uint64_t)victim_third}};
  EXPECT(!redirect(list, 2, &everywhere, &error));
  EXPECT_ERROR(error, E_AGENT_ENTRY);
  EXPECT(victim(1) == 2);

  test_begin("an entry outside the code of all modules is refused");
  static int data;
  const uint64_t outside[] = {0, 0x1000, (uint64_t)&data, (uint64_t)&error, ~0ull, 0x7fffffffffffull};
  for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
    struct hotreload_redirect bad[] = {{one, (uint64_t)victim_third}, {outside[i], two}};
    EXPECT(!redirect(bad, 2, &everywhere, &error));
    EXPECT_ERROR(error, E_AGENT_ENTRY);
  }

  test_begin("the same entry twice is refused");
  struct hotreload_redirect twice[] = {{one, (uint64_t)victim_third}, {two, (uint64_t)victim_third}, {one, two}};
  EXPECT(!redirect(twice, 3, &everywhere, &error));
  EXPECT_ERROR(error, E_AGENT_ENTRY);

  test_begin("a target out of reach is refused");
  struct hotreload_redirect far[] = {{one, one + (1ull << 32)}};
  EXPECT(!redirect(far, 1, &everywhere, &error));
  EXPECT_ERROR(error, E_AGENT_TARGET);

  test_begin("no function at all is no error");
  EXPECT(redirect(NULL, 0, &everywhere, &error));

  memcpy(after, (void *)(one - 5), sizeof after);
  test_begin("after all these refusals the bytes and their protection are what they were");
  EXPECT(memcmp(before, after, sizeof before) == 0);
  EXPECT(protection(one) == (PROT_READ | PROT_EXEC));
}

static uint64_t targets[3];

/* One redirection, as a patch does it. */
static bool redirect_once(unsigned long count) {
  struct hotreload_error error;
  struct hotreload_redirect list[] = {{(uint64_t)victim, targets[count % 3]}};
  return redirect(list, 1, &everywhere, &error);
}

/* The word alone, in a page that is writable already. */
static bool store_once(unsigned long count) {
  static const struct hotreload_segment all = {0, 1ull << 47, 0};
  struct hotreload_entry plan;
  struct hotreload_error error;
  uint64_t target = targets[count % 3];
  if (!(target == HOTRELOAD_OWN_CODE ? hotreload_entry_plan_return((uint64_t)victim, &all, &plan, &error)
                                     : hotreload_entry_plan((uint64_t)victim, target, &all, &plan, &error)) ||
      plan.word_count != 1)
    return false;
  hotreload_word_store(&plan.words[0]);
  return true;
}

static void threads_test(double seconds, bool (*once)(unsigned long count)) {
  pthread_t threads[THREADS];
  atomic_store(&stop, false);
  for (int i = 1; i < 4; i++)
    atomic_store(&calls[i], 0);
  for (int i = 0; i < THREADS; i++)
    pthread_create(&threads[i], NULL, caller, NULL);
  uint64_t begin = hotreload_clock_nanoseconds();
  unsigned long count = 0, failed = 0;
  while ((double)(hotreload_clock_nanoseconds() - begin) < seconds * 1e9)
    failed += !once(count++);
  atomic_store(&stop, true);
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  EXPECT(failed == 0);
  EXPECT(wrong == 0);
  EXPECT(calls[1] > 0 && calls[2] > 0 && calls[3] > 0);
  printf("# %lu redirections, %lu calls\n", count, calls[1] + calls[2] + calls[3]);
}

static void foreign_jump_test(void) {
  test_begin("a jump in the padding that leads out of the ranges is not ours and stays");
  const struct hotreload_ranges nowhere = {0};
  struct hotreload_error error;
  struct hotreload_redirect list[] = {{(uint64_t)victim, (uint64_t)victim_other}};
  EXPECT(!redirect(list, 1, &nowhere, &error));
  EXPECT_ERROR(error, E_AGENT_ENTRY);
}

static void *held_visit_result;

static void held_visit(void *data) {
  held_visit_result = data;
}

static void hold_test(const char *library) {
  test_begin("segments are held as long as no module was unloaded, and not afterwards");
  struct hotreload_segments segments;
  struct hotreload_error error;
  char path[4096];
  EXPECT(realpath(library, path) != NULL);
  void *first = dlopen(path, RTLD_NOW);
  uint64_t inside = first ? (uint64_t)dlsym(first, "victim") : 0;
  EXPECT(inside != 0);
  EXPECT(hotreload_segments_read(&segments, &error));
  EXPECT(hotreload_segments_at(&segments, inside) != NULL);
  EXPECT(hotreload_segments_hold(&segments, held_visit, &segments) && held_visit_result == &segments);
  held_visit_result = NULL;
  EXPECT(first && dlclose(first) == 0);
  EXPECT(!hotreload_segments_hold(&segments, held_visit, &segments) && held_visit_result == NULL);
  hotreload_segments_free(&segments);
  EXPECT(hotreload_segments_read(&segments, &error));
  EXPECT(hotreload_segments_at(&segments, inside) == NULL);
  hotreload_segments_free(&segments);
}

int main(int count, char **arguments) {
  hotreload_redirect_prepare();
  targets[0] = (uint64_t)victim_other;
  targets[1] = (uint64_t)victim_third;
  targets[2] = HOTRELOAD_OWN_CODE;
  refusals_test();
  double seconds = count > 1 ? atof(arguments[1]) : 1;
  test_begin("eight threads call a function that is redirected, redirected again and sent back, and none sees anything wrong");
  threads_test(seconds, redirect_once);
  EXPECT(protection((uint64_t)victim) == (PROT_READ | PROT_EXEC));
  test_begin("eight threads call a function whose word is stored as fast as it goes, and none sees anything wrong");
  void *page = (void *)(((uint64_t)victim - 5) & ~4095ull);
  EXPECT(mprotect(page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
  threads_test(seconds, store_once);
  EXPECT(mprotect(page, 8192, PROT_READ | PROT_EXEC) == 0);
  foreign_jump_test();
  if (count > 2)
    hold_test(arguments[2]);
  return test_done();
}
