/* Shared libraries that are whole, cut off at every length, or have one byte changed. */
#include "extent.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "expect.h"

static bool extent_of(int descriptor, struct hotreload_extent *extent, enum hotreload_code *code) {
  struct hotreload_error error = {0};
  bool good = hotreload_extent_read(descriptor, extent, &error);
  *code = error.code;
  return good;
}

int main(int count, char **arguments) {
  struct hotreload_extent extent, whole = {0};
  enum hotreload_code code;
  int original = open(count > 1 ? arguments[1] : arguments[0], O_RDONLY | O_CLOEXEC);
  off_t size = lseek(original, 0, SEEK_END);
  unsigned char *bytes = malloc((size_t)size);

  test_begin("a whole library says where it lies");
  EXPECT(original >= 0 && pread(original, bytes, (size_t)size, 0) == size);
  EXPECT(extent_of(original, &whole, &code));
  EXPECT(whole.start == 0 && whole.size % 4096 == 0 && whole.segment_count >= 2);
  EXPECT(hotreload_extent_segment(&whole, 0, 64, PF_R) != NULL);
  EXPECT(hotreload_extent_segment(&whole, 0, 64, PF_W) == NULL);
  EXPECT(hotreload_extent_segment(&whole, 0, ~0ull, PF_R) == NULL);
  EXPECT(hotreload_extent_segment(&whole, whole.size, 1, 0) == NULL);

  int file = memfd_create("cut", MFD_CLOEXEC);
  EXPECT(pwrite(file, bytes, (size_t)size, 0) == size);

  test_begin("a library cut off at any length is refused, or its segments still lie within the file");
  Elf64_Ehdr header;
  memcpy(&header, bytes, sizeof header);
  uint64_t needed = 0; /* end of the last byte of any segment */
  for (int i = 0; i < header.e_phnum; i++) {
    Elf64_Phdr segment;
    memcpy(&segment, bytes + header.e_phoff + (uint64_t)i * sizeof segment, sizeof segment);
    if (segment.p_type == PT_LOAD && segment.p_offset + segment.p_filesz > needed)
      needed = segment.p_offset + segment.p_filesz;
  }
  uint64_t refused = 0;
  for (off_t length = size - 1; length >= 0; length--) {
    if (ftruncate(file, length) != 0)
      break;
    bool good = extent_of(file, &extent, &code);
    refused += !good;
    if (good != ((uint64_t)length >= needed) || (!good && code != E_AGENT_ELF)) {
      EXPECT(!"cut off");
      printf("# at %lld: code %d\n", (long long)length, code);
      break;
    }
  }
  EXPECT(refused == needed);

  test_begin("a byte changed in the headers never leads outside the file or to a segment out of order");
  for (off_t at = 0; at < 64 + 56 * header.e_phnum; at++) {
    for (unsigned value = 0; value < 256; value += 5) {
      unsigned char changed = (unsigned char)(bytes[at] ^ value);
      if (pwrite(file, bytes, (size_t)size, 0) != size || pwrite(file, &changed, 1, at) != 1)
        break;
      if (!extent_of(file, &extent, &code))
        continue;
      for (uint32_t i = 0; i < extent.segment_count; i++)
        EXPECT(extent.segments[i].start >= extent.start && extent.segments[i].start < extent.segments[i].end &&
               extent.segments[i].end <= extent.start + extent.size);
    }
  }

  test_begin("what is no x86-64 shared library is refused");
  static const struct {
    off_t at;
    unsigned char value;
  } foreign[] = {{0, 0}, {4, ELFCLASS32}, {5, ELFDATA2MSB}, {6, 9}, {16, ET_EXEC}, {16, ET_REL}, {18, EM_386},
                 {54, 32}, {56, 0},         {57, 1}};
  for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
    EXPECT(pwrite(file, bytes, (size_t)size, 0) == size && pwrite(file, &foreign[i].value, 1, foreign[i].at) == 1);
    EXPECT(!extent_of(file, &extent, &code) && code == E_AGENT_ELF);
  }
  close(file);
  close(original);
  free(bytes);
  return test_done();
}
