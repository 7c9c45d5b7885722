/* Pages and the address space of x86-64 Linux. */
#ifndef HOTRELOAD_PAGES_H
#define HOTRELOAD_PAGES_H

#include <stdint.h>

#define HOTRELOAD_PAGE 4096ull
#define HOTRELOAD_USER_END (1ull << 47) /* first address that is not user space */

static inline uint64_t hotreload_page_down(uint64_t address) {
  return address & ~(HOTRELOAD_PAGE - 1);
}

static inline uint64_t hotreload_page_up(uint64_t address) {
  return hotreload_page_down(address + HOTRELOAD_PAGE - 1);
}

#endif
