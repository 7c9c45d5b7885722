// Compresses texts of all kinds, and takes them apart again, also where they are broken.
#include <string>

#include "snappy-c.h"
#include "snappy-sinksource.h"
#include "snappy.h"

void subject_start() {}
void subject_state() {}

static std::string text_of(unsigned input) {
  std::string text;
  unsigned state = input * 2654435761u + 1;
  for (unsigned i = 0; i < 600 + input % 3000; i++) {
    state = state * 1664525u + 1013904223u;
    text += char('a' + (state >> 24) % (1 + input % 26));
    if (state % 13 == 0) text += text.substr(text.size() / 2, 3 + state % 60);
  }
  return text;
}

static unsigned long hash_of(const std::string& bytes) {
  unsigned long hash = 5381;
  for (unsigned char byte : bytes) hash = hash * 33 + byte;
  return hash;
}

void subject_probe(unsigned input) {
  for (unsigned i = 0; i < 4; i++) {
    const std::string text = text_of(input + i * 7);
    std::string packed, again;
    snappy::Compress(text.data(), text.size(), &packed);
    const bool valid = snappy::IsValidCompressedBuffer(packed.data(), packed.size());
    const bool done = snappy::Uncompress(packed.data(), packed.size(), &again);
    hr_out("%zu to %zu, %lx, %d %d %d", text.size(), packed.size(), hash_of(packed), valid, done, again == text);
    size_t length = 0;
    const bool known = snappy::GetUncompressedLength(packed.data(), packed.size(), &length);
    hr_out("length %d %zu of %zu", known, length, snappy::MaxCompressedLength(text.size()));
    if (!packed.empty()) packed[packed.size() / 2] ^= 0x55;
    const bool broken = snappy::Uncompress(packed.data(), packed.size(), &again);
    hr_out("broken %d %lx", broken, broken ? hash_of(again) : 0);
    std::string room(snappy_max_compressed_length(text.size()) + 100, 0);
    size_t room_size = room.size();
    const int status = snappy_compress(text.data(), text.size(), &room[0], &room_size);
    hr_out("c %d %zu", status, room_size);
    snappy::ByteArraySource source(text.data(), text.size());
    snappy::UncheckedByteArraySink sink(&room[0]);
    hr_out("stream %zu", snappy::Compress(&source, &sink));
  }
}
