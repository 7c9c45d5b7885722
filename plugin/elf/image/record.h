// The format of production patches: what `gen` writes, `fix` loads, and `status` and `undo` find again in a process.
//
// A payload is a header, the image, and tables that are needed once, to bind it. The image is an ELF shared object that
// needs no other library and no relocation by the dynamic loader: gen lays it out from address 0, fix adds the address
// that it will have. The record lies in the image at kRecordOffset, so that it is mapped with it: the process itself
// holds what was replaced and how to take it back. All numbers are little-endian.
#ifndef HOTRELOAD_IMAGE_RECORD_H
#define HOTRELOAD_IMAGE_RECORD_H

#include <cstdint>

namespace hotreload {

constexpr uint64_t kPayloadMagic = 0x44414f4c59415048;  // "HPAYLOAD"
constexpr uint64_t kRecordMagic = 0x44524f4345525248;   // "HRRECORD"
constexpr uint32_t kFormatVersion = 2;
constexpr uint64_t kRecordOffset = 0x400;
constexpr uint64_t kMostBytes = 1 << 26;  // of a table, or of a variable that gets a value

/// Part of a file or of an image.
struct Span {
  uint64_t offset;
  uint64_t size;
};

/// At the start of a payload. Offsets count from there.
struct PayloadHeader {
  uint64_t magic;
  uint32_t version;
  uint32_t bits;    ///< 64 or 32: x86-64 or x86
  uint64_t memory;  ///< bytes of address space that the image takes
  Span image;
  Span fixups;    ///< Fixup
  Span symbols;   ///< FixupSymbol
  Span names;     ///< of the symbols; each ends with NUL
};

enum class Base : uint32_t {
  kImage = 0,      ///< `value` counts from the image's first byte
  kModule = 1,     ///< `value` is an address of the module's file
  kLibrary = 2,    ///< exported by one of the libraries of the process: by name
  kAdded = 3,      ///< in the image, unless an earlier patch brought the same: by name
  kTlsModule = 4,  ///< the dynamic loader's number of the module
  kNothing = 5,    ///< weak and defined nowhere: 0
};

struct FixupSymbol {
  Base base;
  uint32_t name;  ///< offset in the names
  uint64_t value;
};

enum class FixupKind : uint32_t {
  kAbsolute64 = 0,
  kAbsolute32 = 1,        ///< zero-extended by the code
  kAbsoluteSigned32 = 2,  ///< sign-extended by the code
  kRelative32 = 3,        ///< minus the place
  kRelative64 = 4,
};

struct Fixup {
  uint64_t place;  ///< in the image's file; where it is loaded, the same is its address
  int64_t addend;
  uint32_t symbol;
  FixupKind kind;
};

enum RedirectFlag : uint32_t {
  kPadded = 1,       ///< compiled for it: five bytes of padding lie before the entry, and two no-ops at it
  /// No thread may be in the function meanwhile: code jumps to within the bytes of the jump, or it knows what registers
  /// another function left alone.
  kLeaveFirst = 2,
};

constexpr uint64_t kJumpSize = 5;

/// One function: calls of the old one continue in the image.
struct RedirectRecord {
  uint64_t place;   ///< of the jump, in the module's file: the entry, or behind its endbr64
  uint64_t entry;   ///< of the old function
  uint64_t size;    ///< of the old function
  uint64_t cold;    ///< its part that the compiler put elsewhere (f.cold), of cold_size bytes
  uint64_t cold_size;
  uint64_t target;  ///< in the image
  uint32_t name;    ///< offset in the record's names, mangled
  uint32_t flags;
  uint8_t original[16];  ///< what the module's file has from `place` on; of a padded one from five bytes before the entry
};

/// Bytes of a variable to be written.
struct EditRecord {
  uint64_t address;   ///< in the module's file
  uint64_t size;
  uint64_t value;     ///< place of the new bytes in the image
  uint64_t previous;  ///< place in the image (writable) for the bytes that were there before
  uint64_t original;  ///< place of the initializer that the live value must still have; 0 if it does not matter
  uint32_t name;
  uint32_t reserved;
};

/// A function or variable that the patch brings; later patches refer to it.
struct AddedRecord {
  uint64_t address;  ///< in the image
  uint64_t size;
  uint32_t name;  ///< key; of a local one behind the name of its source and ':'
  uint32_t is_function;
};

/// Code of the image that counts on registers which a function left alone, as its compiler saw it (-fipa-ra).
struct RelianceRecord {
  uint64_t start;   ///< in the image
  uint64_t size;
  uint64_t caller;  ///< the function of the module that this code replaces: its entry in the module's file; 0 for new code
  uint64_t callee;  ///< entry, in the module's file, of the function that it calls
  uint32_t name;    ///< of this code
  uint32_t callee_name;
};

enum Status : uint32_t {
  kLoaded = 0,   ///< nothing was redirected yet
  kApplied = 1,
  kUndone = 2,
  kSuperseded = 3,  ///< a later version of the same fix took its place
};

/// Changes while the process runs; in the writable part.
struct StateRecord {
  uint32_t status;
  uint32_t uid;         ///< of who applied it
  uint64_t order;       ///< rises with each fix and undo in a process; the newest applied patch of a function counts
  uint64_t applied_at;  ///< nanoseconds since 1970
  uint64_t undone_at;
  uint64_t handle;      ///< of dlopen
  char by[64];          ///< name of who applied it, ends with NUL
};

struct ImageRecord {
  uint64_t magic;
  uint32_t version;
  uint32_t bits;
  uint64_t memory;
  uint64_t start;        ///< address of the image; set by fix
  uint64_t module_bias;  ///< set by fix
  uint64_t state;        ///< place of the StateRecord in the image
  Span redirects;        ///< RedirectRecord
  Span edits;            ///< EditRecord
  Span added;            ///< AddedRecord
  Span reliances;        ///< RelianceRecord
  Span names;            ///< each ends with NUL
  Span description;      ///< JSON, as gen was told
  uint8_t digest[32];    ///< SHA-256 of the patch file; set by fix
  char build_id[64];     ///< of the module, hexadecimal, ends with NUL
  char module[256];      ///< base name of the module, ends with NUL
};

}  // namespace hotreload

#endif
