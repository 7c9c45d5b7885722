/* Patches applied in this very process: made by hand, linked with ld for one address, good ones and others. */
#include "apply.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"
#include "maps.h"
#include "modules.h"
#include "undo.h"
#include "victim.h"

#define NOBODY 65534
#define MIB (1ull << 20)

int plain(int x);

static char root[200], patches[256];
static struct hotreload_process process;
static struct hotreload_timing timing;
static struct hotreload_error error;
static uint64_t range_start, range_size, next_place, number;

/* What dlopen does before it maps anything: another thread may be quicker. */
static uint64_t occupy;
void *__real_dlopen(const char *path, int flags);
void *__wrap_dlopen(const char *path, int flags);

void *__wrap_dlopen(const char *path, int flags) {
  if (occupy)
    mmap((void *)occupy, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  return __real_dlopen(path, flags);
}

/* A library of the range that is linked for `place`, and what differs from a good one. */
struct recipe {
  uint64_t place;
  int value; /* the replacement adds it */
  uint64_t entry;
  uint64_t entry_other;
  const char *defines; /* the last word on any macro */
  int64_t size_error;  /* added to the size in the table */
  const char *link;
};

static void shell(const char *command) {
  if (!EXPECT(system(command) == 0))
    printf("# %s\n", command);
}

static void table_complete(const char *path, int64_t size_error) {
  struct hotreload_extent extent;
  int file = open(path, O_RDWR | O_CLOEXEC);
  EXPECT(hotreload_extent_read(file, &extent, &error));
  const uint64_t magic = HOTRELOAD_PATCH_MAGIC, size = extent.size + (uint64_t)size_error;
  struct stat status;
  EXPECT(fstat(file, &status) == 0);
  char *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  char *table = memmem(bytes, (size_t)status.st_size, &magic, sizeof magic);
  if (table)
    memcpy(table + offsetof(struct hotreload_patch, size), &size, sizeof size);
  munmap(bytes, (size_t)status.st_size);
  close(file);
}

/* Compiles and links the library; its path lies in static storage. */
static char *library_make(const char *name, const struct recipe *recipe) {
  static char path[400];
  char command[4096];
  snprintf(path, sizeof path, "%s/%s.so", patches, name);
  snprintf(command, sizeof command,
           "gcc -O1 -fPIC -w -falign-functions=16 -fpatchable-function-entry=8,6 -I'%s/../../runtime' -DMAGIC=HOTRELOAD_PATCH_MAGIC -DVERSION=HOTRELOAD_PATCH_VERSION -DCOUNT=%d "
           "-DTARGET=replacement -DVALUE=%d -DSTART=0x%llxull -DENTRY=0x%llxull -DENTRY_OTHER=0x%llxull %s -c "
           "'%s/patch_library.c' -o '%s/object.o' && ld -shared -z max-page-size=4096 -Ttext-segment=0x%llx %s "
           "'%s/object.o' -o '%s' && chmod 600 '%s'",
           TEST_SOURCES, recipe->entry_other ? 2 : 1, recipe->value, (unsigned long long)recipe->place,
           (unsigned long long)recipe->entry, (unsigned long long)recipe->entry_other,
           recipe->defines ? recipe->defines : "", TEST_SOURCES, root, (unsigned long long)recipe->place,
           recipe->link ? recipe->link : "", root, path, path);
  shell(command);
  table_complete(path, recipe->size_error);
  return path;
}

static uint64_t place_take(void) {
  uint64_t place = next_place;
  next_place += MIB;
  return place;
}

static bool apply_paths(char *const *paths, size_t count) {
  error = (struct hotreload_error){0};
  return hotreload_patch_apply(&process, ++number, paths, count, patches, &timing, &error) != NULL;
}

static bool apply(char *path) {
  return apply_paths(&path, 1);
}

/* Every byte of the range is mapped without access, or is in a part that was given away. */
static bool range_whole(void) {
  struct hotreload_maps maps;
  if (!hotreload_maps_read(&maps, &error))
    return false;
  bool whole = true;
  for (uint64_t at = range_start; whole && at < range_start + range_size;) {
    const struct hotreload_mapping *mapping = hotreload_maps_at(&maps, at);
    const struct hotreload_part *part = NULL;
    for (size_t i = 0; i < process.ranges.part_count; i++)
      if (at >= process.ranges.parts[i].start && at - process.ranges.parts[i].start < process.ranges.parts[i].size)
        part = &process.ranges.parts[i];
    whole = part || (mapping && mapping->protection == PROT_NONE);
    if (whole)
      at = part ? part->start + part->size : mapping->end;
  }
  hotreload_maps_free(&maps);
  return whole;
}

/* The recipe makes a patch that is refused with the code, and everything stays as it was. */
static void refused(const char *sentence, enum hotreload_code code, struct recipe recipe) {
  test_begin(sentence);
  if (!recipe.place)
    recipe.place = place_take();
  if (!recipe.entry)
    recipe.entry = (uint64_t)victim;
  int before = victim(1);
  size_t count = process.applied_count, parts = process.ranges.part_count;
  EXPECT(!apply(library_make("refused", &recipe)));
  EXPECT_ERROR(error, code);
  EXPECT(victim(1) == before && process.applied_count == count && process.ranges.part_count == parts);
  EXPECT(range_whole());
}

static void good_test(void) {
  test_begin("a patch is loaded where it was linked for, and its function runs");
  struct recipe recipe = {.place = place_take(), .value = 100, .entry = (uint64_t)victim};
  EXPECT(victim(1) == 2);
  EXPECT(apply(library_make("first", &recipe)));
  EXPECT_ERROR(error, HOTRELOAD_NO_ERROR);
  EXPECT(victim(1) == 101);
  EXPECT(process.applied_count == 1 && process.applied[0].patch == 1 && process.applied[0].library_count == 1);
  EXPECT(process.applied[0].libraries[0].extent.start == recipe.place);
  EXPECT(timing.load_nanoseconds > 0 && timing.redirect_nanoseconds > 0);
  EXPECT(range_whole());

  test_begin("a second patch replaces the first one's function, and brings another");
  recipe = (struct recipe){
      .place = place_take(), .value = 200, .entry = (uint64_t)victim, .entry_other = (uint64_t)victim_static};
  EXPECT(apply(library_make("second", &recipe)));
  EXPECT(victim(1) == 201 && victim_static(1) == 202);

  test_begin("a patch of several libraries is applied as a whole");
  struct recipe left = {.place = place_take(), .value = 300, .entry = (uint64_t)victim};
  struct recipe right = {.place = place_take(), .value = 400, .entry = (uint64_t)victim_static};
  char *paths[2] = {strdup(library_make("left", &left)), strdup(library_make("right", &right))};
  EXPECT(apply_paths(paths, 2));
  EXPECT(victim(1) == 301 && victim_static(1) == 401);

  test_begin("a patch of several libraries of which one is wrong is refused as a whole");
  left.place = place_take();
  left.value = 500;
  right.place = place_take();
  right.entry = (uint64_t)plain;
  size_t parts = process.ranges.part_count;
  free(paths[0]);
  free(paths[1]);
  paths[0] = strdup(library_make("left2", &left));
  paths[1] = strdup(library_make("right2", &right));
  EXPECT(!apply_paths(paths, 2));
  EXPECT_ERROR(error, E_AGENT_ENTRY);
  EXPECT(victim(1) == 301 && victim_static(1) == 401 && plain(1) == 2);
  EXPECT(process.ranges.part_count == parts && range_whole());

  test_begin("after a refusal the same place can be used");
  EXPECT(apply_paths(paths, 1));
  EXPECT(victim(1) == 501);
  free(paths[0]);
  free(paths[1]);

  test_begin("a patch without functions is applied");
  recipe = (struct recipe){.place = place_take(), .entry = (uint64_t)victim, .defines = "-UCOUNT -DCOUNT=0"};
  EXPECT(apply(library_make("empty", &recipe)));
  EXPECT(victim(1) == 501);

  test_begin("a function that came with a patch is redirected by a later one");
  void *handle = process.applied[1].libraries[0].handle;
  int (*brought)(int) = (int (*)(int))(uintptr_t)dlsym(handle, "replacement_other");
  EXPECT(brought && brought(1) == 202);
  recipe = (struct recipe){.place = place_take(), .value = 600, .entry = (uint64_t)brought};
  EXPECT(apply(library_make("of_patch", &recipe)));
  EXPECT(brought(1) == 601);
}

/* What a patch of one function, some data and new variables does to these. */
static uint32_t counted[3] = {1, 2, 3};
static _Alignas(8) uint32_t two_words[2] = {1, 2};
static const uint32_t constants[3] = {7, 8, 9};
static const volatile uint32_t *table = constants; /* the compiler does not know what it holds */
static uint16_t odd[4];

static char *data_library(const char *name, uint64_t entry, const char *writes, int count, const char *guard) {
  static char defines[900];
  snprintf(defines, sizeof defines, "'-DWRITE=%s' -DWRITES=%d -DCALLS=1 -DGUARD=%s", writes, count, guard);
  struct recipe recipe = {.place = place_take(), .value = 50, .entry = entry, .defines = defines};
  return library_make(name, &recipe);
}

static int constructions_in(const struct hotreload_applied *patch) {
  int (*constructions)(void) = (int (*)(void))(uintptr_t)dlsym(patch->libraries[0].handle, "constructions");
  return constructions ? constructions() : -1;
}

static bool undo(uint64_t patch) {
  error = (struct hotreload_error){0};
  return hotreload_patch_undo(&process, patch, &timing.redirect_nanoseconds, &error);
}

static bool redo(uint64_t patch) {
  error = (struct hotreload_error){0};
  return hotreload_patch_redo(&process, patch, &timing.redirect_nanoseconds, &error);
}

static void data_test(void) {
  char writes[700];
  const unsigned long long at_counted = (uint64_t)counted, at_two = (uint64_t)two_words, at_table = (uint64_t)constants,
                           at_odd = (uint64_t)odd + 2;
  test_begin("data is written where it still is what was expected, constants in any case");
  two_words[1] = 77;
  snprintf(writes, sizeof writes,
           "{%lluull,12,(uint64_t)new_words,(uint64_t)old_words},{%lluull,8,(uint64_t)new_words,(uint64_t)old_words},"
           "{%lluull,12,(uint64_t)new_words,0},{%lluull,6,(uint64_t)new_words,0}",
           at_counted, at_two, at_table, at_odd);
  EXPECT(apply(data_library("data", (uint64_t)victim, writes, 4, "guard")));
  EXPECT_ERROR(error, HOTRELOAD_NO_ERROR);
  const struct hotreload_applied *patch = &process.applied[process.applied_count - 1];
  EXPECT(counted[0] == 101 && counted[1] == 102 && counted[2] == 103);
  EXPECT(two_words[0] == 1 && two_words[1] == 77);
  EXPECT(table[0] == 101 && table[1] == 102 && table[2] == 103);
  EXPECT(odd[0] == 0 && odd[1] == 101 && odd[2] == 0 && odd[3] == 102);
  EXPECT(patch->libraries[0].kept_count == 1 && patch->libraries[0].kept[0] == 1);
  EXPECT(victim(1) == 51);

  test_begin("new variables are constructed once");
  EXPECT(constructions_in(patch) == 1);

  test_begin("constants are read-only again");
  struct hotreload_maps maps;
  EXPECT(hotreload_maps_read(&maps, &error));
  EXPECT((hotreload_maps_at(&maps, at_table)->protection & PROT_WRITE) == 0);
  hotreload_maps_free(&maps);

  test_begin("undo gives data its old contents back, redo the new ones, and nothing is constructed again");
  uint64_t last = patch->patch;
  EXPECT(undo(last) && victim(1) == 501);
  EXPECT(counted[0] == 1 && counted[1] == 2 && counted[2] == 3 && two_words[0] == 1 && two_words[1] == 77);
  EXPECT(table[0] == 7 && table[1] == 8 && table[2] == 9);
  EXPECT(odd[0] == 0 && odd[1] == 0 && odd[2] == 0 && odd[3] == 0);
  EXPECT(redo(last) && victim(1) == 51);
  EXPECT(counted[0] == 101 && counted[2] == 103 && table[0] == 101 && odd[3] == 102);
  EXPECT(two_words[0] == 1 && two_words[1] == 77 && constructions_in(patch) == 1);

  test_begin("what the program wrote since is not undone, nor written over by a redo");
  counted[1] = 55;
  EXPECT(undo(last) && counted[0] == 101 && counted[1] == 55 && table[0] == 7);
  EXPECT(redo(last) && counted[0] == 101 && counted[1] == 55 && table[0] == 101);
  EXPECT(patch->libraries[0].kept_count == 2);
  counted[1] = 102;
  EXPECT(undo(last) && counted[0] == 101 && counted[1] == 102); /* it was the program that wrote them */
  EXPECT(redo(last) && victim(1) == 51);

  test_begin("data that is in no module is refused, and no constructor ran");
  size_t parts = process.ranges.part_count;
  snprintf(writes, sizeof writes, "{%lluull,4,(uint64_t)new_words,0},{16,4,(uint64_t)new_words,0}", at_table);
  EXPECT(!apply(data_library("data_nowhere", (uint64_t)victim, writes, 2, "guard")));
  EXPECT_ERROR(error, E_AGENT_DATA);
  EXPECT(process.ranges.part_count == parts && range_whole() && victim(1) == 51);

  test_begin("data that reaches beyond its module is refused");
  snprintf(writes, sizeof writes, "{%lluull,0x7fffffffffull,(uint64_t)new_words,0}", at_table);
  EXPECT(!apply(data_library("data_long", (uint64_t)victim, writes, 1, "guard")));
  EXPECT_ERROR(error, E_AGENT_FORMAT);

  test_begin("nothing is written, and nothing constructed, where a function cannot be redirected");
  snprintf(writes, sizeof writes, "{%lluull,12,(uint64_t)old_words,0}", at_table);
  EXPECT(!apply(data_library("data_plain", (uint64_t)plain, writes, 1, "guard")));
  EXPECT_ERROR(error, E_AGENT_ENTRY);
  EXPECT(table[0] == 101 && process.ranges.part_count == parts);

  test_begin("where a constructor fails nothing is written or redirected, and its library stays");
  EXPECT(!apply(data_library("data_thrown", (uint64_t)victim_static, writes, 1, "guard_failing")));
  EXPECT_ERROR(error, E_AGENT_CONSTRUCTOR);
  EXPECT(table[0] == 101 && process.ranges.part_count == parts + 1 && range_whole());
}

static void format_test(void) {
  refused("a wrong magic number is refused", E_AGENT_FORMAT,
          (struct recipe){.defines = "-UMAGIC -DMAGIC=0x48435441504c5247ull"});
  refused("a version that is not known is refused", E_AGENT_FORMAT, (struct recipe){.defines = "-UVERSION -DVERSION=1"});
  refused("a library without a table is refused", E_AGENT_FORMAT, (struct recipe){.defines = "-DNO_TABLE"});
  refused("a table that ends outside the library is refused", E_AGENT_FORMAT,
          (struct recipe){.defines = "-UCOUNT -DCOUNT=100000"});
  refused("a table of 64 GiB is refused", E_AGENT_FORMAT, (struct recipe){.defines = "-UCOUNT -DCOUNT=0xffffffffu"});
  refused("another size in the table is refused", E_AGENT_FORMAT, (struct recipe){.size_error = 4096});
  refused("another start in the table is refused", E_AGENT_FORMAT, (struct recipe){.defines = "-USTART -DSTART=0x1000"});
  refused("a target outside the library is refused", E_AGENT_TARGET, (struct recipe){.defines = "-UTARGET -DTARGET=0x1000"});
  refused("a target in the library's data is refused", E_AGENT_TARGET,
          (struct recipe){.defines = "-UTARGET '-DTARGET=&hotreload_patch'"});
  refused("new contents outside the library are refused", E_AGENT_FORMAT,
          (struct recipe){.defines = "'-DWRITE={0x1000,4,0x1000,0}' -DWRITES=1"});
  refused("expected contents outside the library are refused", E_AGENT_FORMAT,
          (struct recipe){.defines = "'-DWRITE={0x1000,4,(uint64_t)new_words,8}' -DWRITES=1"});
  refused("a constructor outside the library is refused", E_AGENT_TARGET,
          (struct recipe){.defines = "'-DWRITE={0}' -DWRITES=0 -DCALLS=1 -DGUARD=0x1000"});
  refused("an entry that is no function of any module is refused", E_AGENT_ENTRY, (struct recipe){.entry = 0x10});
  refused("an entry in data is refused", E_AGENT_ENTRY, (struct recipe){.entry = (uint64_t)&process});
  refused("a function without room is refused", E_AGENT_ENTRY, (struct recipe){.entry = (uint64_t)plain});
  refused("a function inside the patch itself is refused", E_AGENT_ENTRY,
          (struct recipe){.place = next_place, .entry = next_place + 0x1000});
  refused("a library that needs what nobody has is refused", E_AGENT_LOAD, (struct recipe){.defines = "-DNEEDS"});
  EXPECT(strstr(error.message, "needed_but_nowhere") != NULL);
}

static void undo_test(void) {
  /* From here on: one patch for one function, one for both, one for the other. */
  uint64_t first = number + 1;
  struct recipe recipe = {.place = place_take(), .value = 1000, .entry = (uint64_t)victim_undo};
  test_begin("undoing the only patch of a function brings its own code back, and redoing it the new code");
  EXPECT(victim_undo(1) == 3);
  EXPECT(apply(library_make("undo1", &recipe)));
  for (int i = 0; i < 3; i++) {
    EXPECT(victim_undo(1) == 1001);
    EXPECT(undo(first) && victim_undo(1) == 3 && victim_undo_other(1) == 4);
    EXPECT(redo(first));
  }
  EXPECT(victim_undo(1) == 1001);

  test_begin("undoing a later patch brings back what the earlier one had brought, and its own code to what it had not");
  recipe = (struct recipe){.place = place_take(), .value = 2000, .entry = (uint64_t)victim_undo,
                           .entry_other = (uint64_t)victim_undo_other};
  EXPECT(apply(library_make("undo2", &recipe)));
  EXPECT(victim_undo(1) == 2001 && victim_undo_other(1) == 2002);
  EXPECT(undo(first + 1) && victim_undo(1) == 1001 && victim_undo_other(1) == 4);
  EXPECT(undo(first) && victim_undo(1) == 3 && victim_undo_other(1) == 4);

  test_begin("only the next patch in either direction can be undone or redone");
  EXPECT(!redo(first + 1));
  EXPECT_ERROR(error, E_AGENT_UNDO);
  EXPECT(!undo(first));
  EXPECT_ERROR(error, E_AGENT_UNDO);
  EXPECT(!undo(first + 5) && !redo(first + 5) && !undo(0) && !redo(0));
  EXPECT(victim_undo(1) == 3 && victim_undo_other(1) == 4);
  EXPECT(redo(first) && victim_undo(1) == 1001 && victim_undo_other(1) == 4);
  EXPECT(redo(first + 1) && victim_undo(1) == 2001 && victim_undo_other(1) == 2002);
  EXPECT(!redo(first + 1) && !redo(first + 2));

  test_begin("a patch behind undone ones leaves them undone for good");
  EXPECT(undo(first + 1) && victim_undo(1) == 1001);
  recipe = (struct recipe){.place = place_take(), .value = 3000, .entry = (uint64_t)victim_undo_other};
  EXPECT(apply(library_make("undo3", &recipe)));
  EXPECT(victim_undo(1) == 1001 && victim_undo_other(1) == 3001);
  EXPECT(!redo(first + 1) && !undo(first + 1));
  EXPECT(undo(first + 2) && victim_undo(1) == 1001 && victim_undo_other(1) == 4);
  EXPECT(!redo(first + 1));
  EXPECT(undo(first) && victim_undo(1) == 3);
  EXPECT(redo(first) && !redo(first + 1));

  test_begin("a refused undo leaves everything as it is");
  EXPECT(process.applied[process.applied_count - 1].standing == HOTRELOAD_UNDONE);
  uint64_t last = process.applied[process.applied_count - 1].patch;
  EXPECT(!undo(last));
  EXPECT_ERROR(error, E_AGENT_UNDO);
  EXPECT(victim_undo(1) == 1001 && victim_undo_other(1) == 4);
  EXPECT(timing.redirect_nanoseconds < 1000000);

  test_begin("a breakpoint on a function's entry keeps its patch from being undone, and is not lost");
  unsigned char *entry = (unsigned char *)(uintptr_t)victim_undo, trap = 0xcc, old = *entry;
  int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  EXPECT(pwrite(memory, &trap, 1, (off_t)(uintptr_t)entry) == 1);
  EXPECT(!undo(first));
  EXPECT_ERROR(error, E_AGENT_BREAKPOINT);
  EXPECT(*entry == trap);
  EXPECT(pwrite(memory, &old, 1, (off_t)(uintptr_t)entry) == 1);
  close(memory);
  EXPECT(victim_undo(1) == 1001 && undo(first) && victim_undo(1) == 3);
}

static void place_test(void) {
  refused("a library outside the ranges is refused", E_AGENT_PLACE, (struct recipe){.place = range_start - MIB});
  refused("a library that lies half outside is refused", E_AGENT_PLACE,
          (struct recipe){.place = range_start + range_size - 4096});
  refused("a library where another one lies is refused", E_AGENT_PLACE,
          (struct recipe){.place = process.applied[0].libraries[0].extent.start});

  uint64_t place = place_take();
  occupy = place;
  test_begin("a library that the loader put elsewhere is refused, and the rest of the range is kept");
  struct recipe recipe = {.place = place, .value = 900, .entry = (uint64_t)victim};
  int before = victim(1);
  EXPECT(!apply(library_make("moved", &recipe)));
  EXPECT_ERROR(error, E_AGENT_MOVED);
  EXPECT(victim(1) == before && range_whole());
  occupy = 0;

  test_begin("what was lost to another mapping is not used again, another place is");
  EXPECT(!apply(library_make("moved_again", &recipe)));
  EXPECT_ERROR(error, E_AGENT_PLACE);
  recipe.place = place_take();
  EXPECT(apply(library_make("not_moved", &recipe)));
  EXPECT(victim(1) == 901);
}

static void file_test(void) {
  struct recipe recipe = {.place = place_take(), .value = 700, .entry = (uint64_t)victim};
  char path[400], other[400], command[2048];
  snprintf(path, sizeof path, "%s", library_make("file", &recipe));
  int before = victim(1);

  test_begin("a library outside the session's directory is refused, by any name");
  snprintf(other, sizeof other, "%s/outside.so", root);
  snprintf(command, sizeof command, "cp -p '%s' '%s'", path, other);
  shell(command);
  EXPECT(!apply(other));
  EXPECT_ERROR(error, E_AGENT_OUTSIDE);
  snprintf(other, sizeof other, "%s/../outside.so", patches);
  EXPECT(!apply(other));
  EXPECT_ERROR(error, E_AGENT_OUTSIDE);
  snprintf(other, sizeof other, "%s-more/file.so", patches);
  snprintf(command, sizeof command, "mkdir -m 700 '%s-more' && cp -p '%s' '%s'", patches, path, other);
  shell(command);
  EXPECT(!apply(other));
  EXPECT_ERROR(error, E_AGENT_OUTSIDE);
  EXPECT(chdir(patches) == 0);
  EXPECT(!apply((char[]){"file.so"}));
  EXPECT_ERROR(error, E_AGENT_OUTSIDE);
  EXPECT(chdir("/") == 0);

  test_begin("a symbolic link is refused, to a library inside and out");
  snprintf(other, sizeof other, "%s/link.so", patches);
  EXPECT(symlink(path, other) == 0 && !apply(other));
  EXPECT_ERROR(error, E_AGENT_FILE);
  snprintf(command, sizeof command, "ln -s '%s-more' '%s/folder'", patches, patches);
  shell(command);
  snprintf(other, sizeof other, "%s/folder/file.so", patches);
  EXPECT(!apply(other));
  EXPECT_ERROR(error, E_AGENT_OUTSIDE);

  test_begin("what is no regular file is refused, and nothing blocks");
  snprintf(other, sizeof other, "%s/fifo.so", patches);
  EXPECT(mkfifo(other, 0600) == 0 && !apply(other));
  EXPECT_ERROR(error, E_AGENT_FILE);
  EXPECT(!apply(patches));
  EXPECT(error.code == E_AGENT_FILE || error.code == E_AGENT_OUTSIDE);
  snprintf(other, sizeof other, "%s/missing.so", patches);
  EXPECT(!apply(other));
  EXPECT_ERROR(error, E_AGENT_FILE);

  if (geteuid() == 0) {
    test_begin("a process that gave up its user is told so, and may not read patches");
    EXPECT(seteuid(65534) == 0 && !apply(path) && seteuid(0) == 0);
    EXPECT_ERROR(error, E_AGENT_FILE);
    EXPECT(strstr(error.message, "user 65534, whom this process runs as by now, may not read"));
  }

  test_begin("a library or directory that others can write is refused");
  EXPECT(chmod(path, 0620) == 0 && !apply(path));
  EXPECT_ERROR(error, E_AGENT_OWNER);
  EXPECT(chmod(path, 0602) == 0 && !apply(path));
  EXPECT_ERROR(error, E_AGENT_OWNER);
  EXPECT(chmod(path, 0600) == 0 && chmod(patches, 0770) == 0 && !apply(path));
  EXPECT_ERROR(error, E_AGENT_OWNER);
  EXPECT(chmod(patches, 0700) == 0);
  if (geteuid() == 0) {
    test_begin("a library or directory of another user is refused");
    EXPECT(chown(path, NOBODY, NOBODY) == 0 && !apply(path));
    EXPECT_ERROR(error, E_AGENT_OWNER);
    EXPECT(chown(path, 0, 0) == 0 && chown(patches, NOBODY, NOBODY) == 0 && !apply(path));
    EXPECT_ERROR(error, E_AGENT_OWNER);
    EXPECT(chown(patches, 0, 0) == 0);
  }

  test_begin("a library that was cut off is refused, and nothing of it is mapped");
  struct stat status;
  EXPECT(stat(path, &status) == 0);
  snprintf(other, sizeof other, "%s/cut.so", patches);
  for (off_t length = 0; length < 12000; length += length < 600 ? 8 : 512) {
    snprintf(command, sizeof command, "head -c %lld '%s' > '%s' && chmod 600 '%s'", (long long)length, path, other,
             other);
    if (length % 64 == 0) {
      shell(command);
      if (!apply(other))
        EXPECT(error.code == E_AGENT_ELF);
      else
        EXPECT(!"cut off");
    }
  }
  EXPECT(victim(1) == before && range_whole());

  test_begin("patches come with rising numbers");
  number -= 2;
  EXPECT(apply(path));
  uint64_t applied = number;
  number = applied - 1;
  EXPECT(!apply(path));
  EXPECT_ERROR(error, E_AGENT_ORDER);
  EXPECT(victim(1) == 701);
}

/* From here on this process may not make memory writable and executable at once. */
static void deny_writable_code(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROT_READ | PROT_WRITE | PROT_EXEC, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};
  EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  EXPECT(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void protect_test(void) {
  struct recipe recipe = {.place = place_take(), .value = 800, .entry = (uint64_t)victim};
  char *path = library_make("protected", &recipe);
  test_begin("a system that does not let code be written is an error, and nothing changed");
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    deny_writable_code();
    int before = victim(1);
    EXPECT(!apply(path));
    EXPECT_ERROR(error, E_AGENT_PROTECT);
    EXPECT(victim(1) == before && range_whole());
    fflush(stdout);
    _exit(test_failed);
  }
  int status = -1;
  EXPECT(waitpid(child, &status, 0) == child && status == 0);
}

int main(void) {
  const char *directory = getenv("TMPDIR");
  snprintf(root, sizeof root, "%s/hotreload-apply-XXXXXX", directory ? directory : "/tmp");
  EXPECT(mkdtemp(root) != NULL);
  snprintf(patches, sizeof patches, "%s/patches", root);
  EXPECT(mkdir(patches, 0700) == 0);
  struct hotreload_modules modules;
  EXPECT(hotreload_modules_read(&modules, &process.ranges, &error));
  const struct hotreload_range *range = hotreload_ranges_reserve(&process.ranges, modules.items[0].start,
                                                                 modules.items[0].end, 64 * MIB, &error);
  if (!EXPECT(range != NULL))
    return test_done();
  hotreload_modules_free(&modules);
  range_start = next_place = range->start;
  range_size = range->size;

  good_test();
  data_test();
  undo_test();
  format_test();
  place_test();
  file_test();
  protect_test();

  char command[300];
  snprintf(command, sizeof command, "rm -rf '%s'", root);
  shell(command);
  return test_done();
}
