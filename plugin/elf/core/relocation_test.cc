// The table of relocation types, held against the names in elf.h.
#include "relocation.h"

#include <doctest/doctest.h>
#include <elf.h>

#include <initializer_list>

using namespace hotreload;

TEST_CASE("every type that a compiler emits into an object is known") {
  for (const uint32_t type :
       {R_X86_64_NONE, R_X86_64_64, R_X86_64_PC32, R_X86_64_PLT32, R_X86_64_32, R_X86_64_32S, R_X86_64_PC64,
        R_X86_64_GOTPCREL, R_X86_64_GOTPCRELX, R_X86_64_REX_GOTPCRELX, R_X86_64_GOTPC32, R_X86_64_GOTOFF64,
        R_X86_64_TLSGD, R_X86_64_TLSLD, R_X86_64_DTPOFF32, R_X86_64_DTPOFF64, R_X86_64_GOTTPOFF, R_X86_64_TPOFF32,
        R_X86_64_GOTPC32_TLSDESC, R_X86_64_TLSDESC_CALL, R_X86_64_SIZE32, R_X86_64_SIZE64}) {
    CAPTURE(type);
    CHECK(reference_of(type) != Reference::kUnknown);
  }
}

TEST_CASE("types of linked files and types that do not exist are unknown") {
  for (const uint32_t type : {uint32_t(R_X86_64_COPY), uint32_t(R_X86_64_GLOB_DAT), uint32_t(R_X86_64_JUMP_SLOT),
                              uint32_t(R_X86_64_RELATIVE), uint32_t(R_X86_64_DTPMOD64), uint32_t(R_X86_64_IRELATIVE),
                              uint32_t(R_X86_64_NUM), 200u, 0xffffffffu}) {
    CAPTURE(type);
    CHECK(reference_of(type) == Reference::kUnknown);
  }
}

TEST_CASE("a site is as wide as the psABI says") {
  for (const uint32_t type : {R_X86_64_64, R_X86_64_PC64, R_X86_64_GOTOFF64, R_X86_64_DTPOFF64, R_X86_64_TPOFF64,
                              R_X86_64_GOTPC64, R_X86_64_SIZE64, R_X86_64_PLTOFF64, R_X86_64_GOT64}) {
    CAPTURE(type);
    CHECK(site_size(type) == 8);
  }
  for (const uint32_t type : {R_X86_64_PC32, R_X86_64_PLT32, R_X86_64_GOTPCREL, R_X86_64_REX_GOTPCRELX, R_X86_64_TLSGD,
                              R_X86_64_DTPOFF32, R_X86_64_GOTTPOFF, R_X86_64_32S, R_X86_64_SIZE32}) {
    CAPTURE(type);
    CHECK(site_size(type) == 4);
  }
  CHECK(site_size(R_X86_64_NONE) == 0);
  CHECK(site_size(R_X86_64_TLSDESC_CALL) == 0);
}

TEST_CASE("what is relative to the site is told from what is not") {
  for (const uint32_t type : {R_X86_64_PC32, R_X86_64_PLT32, R_X86_64_GOTPCREL, R_X86_64_GOTPCRELX, R_X86_64_TLSGD,
                              R_X86_64_TLSLD, R_X86_64_GOTTPOFF, R_X86_64_GOTPC32}) {
    CAPTURE(type);
    CHECK(is_pc_relative(type));
  }
  for (const uint32_t type : {R_X86_64_64, R_X86_64_32, R_X86_64_32S, R_X86_64_DTPOFF32, R_X86_64_TPOFF32,
                              R_X86_64_GOTOFF64, R_X86_64_SIZE64, R_X86_64_NONE}) {
    CAPTURE(type);
    CHECK_FALSE(is_pc_relative(type));
  }
}
