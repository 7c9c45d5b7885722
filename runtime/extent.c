/* Where a shared library wants to lie: its loadable segments, read from the file before anything is mapped. */
#include "extent.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pages.h"

#define HEADERS 64 /* program headers: ld writes about ten */

static bool read_at(int descriptor, uint64_t file_size, uint64_t offset, void *bytes, uint64_t size,
                    const char *what, struct hotreload_error *error) {
  if (offset > file_size || size > file_size - offset)
    return hotreload_error_set(error, E_AGENT_ELF, "its %s ends at byte %llu, the file at %llu", what,
                               (unsigned long long)(offset + size), (unsigned long long)file_size);
  for (uint64_t done = 0; done < size;) {
    ssize_t got = pread(descriptor, (char *)bytes + done, size - done, (off_t)(offset + done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return hotreload_error_set(error, E_AGENT_FILE, "its %s: errno %d", what, got < 0 ? errno : 0);
    done += (uint64_t)got;
  }
  return true;
}

static bool header_check(const Elf64_Ehdr *header, struct hotreload_error *error) {
  const char *wrong = NULL;
  if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
    wrong = "no ELF magic number";
  else if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB)
    wrong = "not 64-bit little-endian";
  else if (header->e_ident[EI_VERSION] != EV_CURRENT || header->e_version != EV_CURRENT)
    wrong = "unknown ELF version";
  else if (header->e_machine != EM_X86_64)
    wrong = "not for x86-64";
  else if (header->e_type != ET_DYN)
    wrong = "not a shared object";
  else if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0 || header->e_phnum > HEADERS)
    wrong = "its program headers have an unexpected size or number";
  if (wrong)
    return hotreload_error_set(error, E_AGENT_ELF, "%s", wrong);
  return true;
}

/* Adds one PT_LOAD; they come in rising order, in whole pages, not overlapping, and below the end of user space. */
static bool segment_add(struct hotreload_extent *extent, const Elf64_Phdr *header, uint64_t file_size,
                        struct hotreload_error *error) {
  const char *wrong = NULL;
  uint32_t count = extent->segment_count;
  if (header->p_vaddr >= HOTRELOAD_USER_END || header->p_memsz >= HOTRELOAD_USER_END)
    wrong = "lies outside user space";
  else if (header->p_memsz == 0 || header->p_filesz > header->p_memsz)
    wrong = "has a wrong size";
  else if (header->p_offset > file_size || header->p_filesz > file_size - header->p_offset)
    wrong = "goes beyond the end of the file";
  else if ((header->p_vaddr - header->p_offset) % HOTRELOAD_PAGE)
    wrong = "is not aligned to pages";
  else if (count == HOTRELOAD_EXTENT_SEGMENTS)
    wrong = "is one too many";
  else if (count && hotreload_page_down(header->p_vaddr) < hotreload_page_up(extent->segments[count - 1].end))
    wrong = "overlaps the one before it";
  if (wrong)
    return hotreload_error_set(error, E_AGENT_ELF, "loadable segment %u %s", count, wrong);
  extent->segments[count] = (struct hotreload_segment){
      .start = header->p_vaddr, .end = header->p_vaddr + header->p_memsz, .flags = header->p_flags};
  extent->segment_count++;
  return true;
}

bool hotreload_extent_read(int descriptor, struct hotreload_extent *extent, struct hotreload_error *error) {
  *extent = (struct hotreload_extent){0};
  struct stat status;
  if (fstat(descriptor, &status) != 0)
    return hotreload_error_set(error, E_AGENT_FILE, "errno %d", errno);
  uint64_t file_size = (uint64_t)status.st_size;
  Elf64_Ehdr header;
  if (!read_at(descriptor, file_size, 0, &header, sizeof header, "ELF header", error) ||
      !header_check(&header, error))
    return false;
  Elf64_Phdr headers[HEADERS];
  if (!read_at(descriptor, file_size, header.e_phoff, headers, header.e_phnum * sizeof headers[0], "program headers",
               error))
    return false;
  for (uint16_t i = 0; i < header.e_phnum; i++)
    if (headers[i].p_type == PT_LOAD && !segment_add(extent, &headers[i], file_size, error))
      return false;
  if (extent->segment_count == 0)
    return hotreload_error_set(error, E_AGENT_ELF, "it has no loadable segment");
  uint64_t end = extent->segments[extent->segment_count - 1].end;
  extent->start = hotreload_page_down(extent->segments[0].start);
  extent->size = hotreload_page_up(end) - extent->start;
  return true;
}

const struct hotreload_segment *hotreload_extent_segment(const struct hotreload_extent *extent, uint64_t address,
                                                         uint64_t size, uint32_t flags) {
  for (uint32_t i = 0; i < extent->segment_count; i++) {
    const struct hotreload_segment *segment = &extent->segments[i];
    if ((segment->flags & flags) == flags && address >= segment->start && size <= segment->end - segment->start &&
        address - segment->start <= segment->end - segment->start - size)
      return segment;
  }
  return NULL;
}
