/* Redirecting functions while threads run them: pages made writable, words written, pages put back.
 *
 * Passes, each over all functions: plan every word (bytes are read and judged, nothing is written); make the pages
 * writable; write the data; write the words that nothing reaches yet; write the words that redirect; put the pages'
 * protection back; let every core notice. Up to the first written word the program is as it was, and nothing fails after it.
 * All of it happens while the loader cannot unload a module (segments.h), so no memory is asked for in between.
 */
#include "redirect.h"

#include <elf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "entry.h"
#include "maps.h"
#include "pages.h"
#include "segments.h"

#define NEIGHBOURS (16 * HOTRELOAD_PAGE) /* untouched pages between two touched ones that are cheaper to include than a call */
#define MOST_ATTEMPTS 4

/* Neighbouring pages of one mapping, made writable by one call. */
struct run {
  uint64_t start;
  uint64_t end;
  int protection; /* before */
};

struct work {
  struct hotreload_redirect *list;
  size_t count;
  struct hotreload_data *data;
  const struct hotreload_ranges *ranges;
  bool check_only;
  struct hotreload_segments segments;
  struct hotreload_maps maps;
  struct hotreload_entry *plans; /* one a function */
  struct run *runs;              /* room for two a function: one for each word */
  size_t run_count;
  uint64_t nanoseconds;
  bool held; /* the modules stayed loaded */
  bool done;
  struct hotreload_error *error;
};

void hotreload_redirect_prepare(void) {
  syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
}

static bool plan_entries(struct work *work) {
  for (size_t i = 0; i < work->count; i++) {
    uint64_t entry = work->list[i].entry;
    const struct hotreload_segment *segment = hotreload_segments_at(&work->segments, entry);
    if (!segment || !(segment->flags & PF_X))
      return hotreload_error_set(work->error, E_AGENT_ENTRY, "%#llx is not in the code of a loaded module",
                                 (unsigned long long)entry);
    struct hotreload_entry *plan = &work->plans[i];
    uint64_t target = work->list[i].target;
    if (target == HOTRELOAD_OWN_CODE ? !hotreload_entry_plan_return(entry, segment, plan, work->error)
                                     : !hotreload_entry_plan(entry, target, segment, plan, work->error))
      return false;
    /* A jump in front of a function that is not ours ends the function before it: a tail call. */
    if (plan->previous && !hotreload_ranges_contain(work->ranges, plan->previous))
      return hotreload_error_set(work->error, E_AGENT_ENTRY, "the function at %#llx has foreign code before it",
                                 (unsigned long long)entry);
  }
  return true;
}

/* Gathers the pages of the words into runs; the list is sorted, so each word extends the last run or begins one. */
static bool plan_runs(struct work *work) {
  work->run_count = 0;
  for (size_t i = 0; i < work->count; i++) {
    for (uint32_t j = 0; j < work->plans[i].word_count; j++) {
      uint64_t page = hotreload_page_down(work->plans[i].words[j].address);
      struct run *last = work->run_count ? &work->runs[work->run_count - 1] : NULL;
      const struct hotreload_mapping *mapping = hotreload_maps_at(&work->maps, page);
      if (!mapping)
        return hotreload_error_set(work->error, E_AGENT_PROC, "%#llx is in no mapping", (unsigned long long)page);
      if (last && page >= last->start && last->start >= mapping->start && page <= last->end + NEIGHBOURS)
        last->end = page + HOTRELOAD_PAGE > last->end ? page + HOTRELOAD_PAGE : last->end;
      else
        work->runs[work->run_count++] = (struct run){page, page + HOTRELOAD_PAGE, mapping->protection};
    }
  }
  return true;
}

static void runs_protect(const struct work *work, size_t count) {
  for (size_t i = 0; i < count; i++)
    mprotect((void *)work->runs[i].start, work->runs[i].end - work->runs[i].start, work->runs[i].protection);
}

static bool runs_open(const struct work *work) {
  for (size_t i = 0; i < work->run_count; i++) {
    const struct run *run = &work->runs[i];
    if (mprotect((void *)run->start, run->end - run->start, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) {
      int reason = errno;
      runs_protect(work, i + 1);
      return hotreload_error_set(work->error, E_AGENT_PROTECT, "mprotect of [%#llx, %#llx): errno %d",
                                 (unsigned long long)run->start, (unsigned long long)run->end, reason);
    }
  }
  return true;
}

static void words_write(struct work *work) {
  uint64_t begin = hotreload_clock_nanoseconds();
  for (size_t i = 0; i < work->count; i++)
    if (!work->plans[i].first_word_redirects)
      hotreload_word_store(&work->plans[i].words[0]);
  for (size_t i = 0; i < work->count; i++) {
    const struct hotreload_entry *plan = &work->plans[i];
    if (plan->word_count)
      hotreload_word_store(&plan->words[plan->first_word_redirects ? 0 : 1]);
  }
  work->nanoseconds = hotreload_clock_nanoseconds() - begin;
}

static void redirect_held(void *data) {
  struct work *work = data;
  if (!plan_entries(work) || !plan_runs(work) ||
      !hotreload_data_plan(work->data, &work->segments, &work->maps, work->error) || !runs_open(work))
    return;
  work->done = hotreload_data_open(work->data, work->error);
  if (work->done && !work->check_only) {
    hotreload_data_store(work->data);
    words_write(work);
  }
  if (work->done)
    hotreload_data_close(work->data);
  runs_protect(work, work->run_count);
}

static int redirect_compare(const void *left, const void *right) {
  const struct hotreload_redirect *a = left, *b = right;
  return a->entry < b->entry ? -1 : a->entry > b->entry;
}

/* False, with an error, if it failed. If a module was unloaded meanwhile nothing happened, and `held` stays false. */
static bool redirect_try(struct work *work) {
  if (!hotreload_segments_read(&work->segments, work->error))
    return false;
  if (!hotreload_maps_read(&work->maps, work->error)) {
    hotreload_segments_free(&work->segments);
    return false;
  }
  bool room = hotreload_maps_have_room(&work->maps);
  if (room)
    work->held = hotreload_segments_hold(&work->segments, redirect_held, work);
  else
    hotreload_error_set(work->error, E_AGENT_MAPPINGS, "%zu", work->maps.count);
  hotreload_maps_free(&work->maps);
  hotreload_segments_free(&work->segments);
  return room && (!work->held || work->done);
}

static bool redirect(struct work *work) {
  qsort(work->list, work->count, sizeof *work->list, redirect_compare);
  for (size_t i = 1; i < work->count; i++)
    if (work->list[i].entry == work->list[i - 1].entry)
      return hotreload_error_set(work->error, E_AGENT_ENTRY, "%#llx is in the patch twice",
                                 (unsigned long long)work->list[i].entry);
  work->plans = calloc(work->count + 1, sizeof *work->plans);
  work->runs = calloc(work->count + 1, 2 * sizeof *work->runs);
  bool good = work->plans && work->runs;
  if (!good)
    hotreload_error_set(work->error, E_AGENT_MEMORY, "for %zu functions", work->count);
  for (int attempt = 0; good && !work->held; attempt++)
    good = attempt < MOST_ATTEMPTS ? redirect_try(work)
                                   : hotreload_error_set(work->error, E_AGENT_UNLOADING, "%d attempts", attempt);
  free(work->plans);
  free(work->runs);
  return good;
}

bool hotreload_redirect_write(struct hotreload_redirect *list, size_t count, struct hotreload_data *data,
                              const struct hotreload_ranges *ranges, uint64_t *nanoseconds,
                              struct hotreload_error *error) {
  struct hotreload_data none = {0};
  struct work work = {.list = list, .count = count, .data = data ? data : &none, .ranges = ranges, .error = error};
  *nanoseconds = 0;
  if (count == 0 && work.data->count == 0)
    return true;
  if (!redirect(&work))
    return false;
  /* Refused by a kernel before 4.16 or by a sandbox: cores then notice by the interrupts of mprotect. */
  syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
  *nanoseconds = work.nanoseconds;
  return true;
}

bool hotreload_redirect_check(struct hotreload_redirect *list, size_t count, struct hotreload_data *data,
                              const struct hotreload_ranges *ranges, struct hotreload_error *error) {
  struct hotreload_data none = {0};
  struct work work = {.list = list, .count = count, .data = data ? data : &none, .ranges = ranges, .check_only = true,
                      .error = error};
  return redirect(&work);
}
