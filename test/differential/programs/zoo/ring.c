/* A ring of numbers: static arrays, tables of constants and functions, a switch. */
#include "zoo.h"

#include <string.h>

enum { SIZE = 16 };

struct ring {
  int head;
  int count;
  long items[SIZE];
};

static struct ring ring;
static int pushes = 3;
static const int weights[] = {1, 3, 5, 7, 11};
static const char *const names[] = {"zero", "one", "many"};

static int next(int index) {
  return (index + 1) % SIZE;
}

static void push(struct ring *into, long item) {
  pushes++;
  if (into->count == SIZE) {
    into->head = next(into->head);
    into->count--;
  }
  into->items[(into->head + into->count) % SIZE] = item;
  into->count++;
}

static long pop(struct ring *from) {
  static long calls = 5;
  hr_state("ring.calls", &calls);
  calls += 2;
  if (from->count == 0) return -calls;
  const long item = from->items[from->head];
  from->head = next(from->head);
  from->count--;
  return item;
}

static long weighted(const struct ring *of) {
  long sum = 0;
  for (int i = 0; i < of->count; i++) {
    sum += of->items[(of->head + i) % SIZE] * weights[i % 5];
  }
  return sum;
}

static long largest(const struct ring *of) {
  long best = -1;
  int i = 0;
  while (i < of->count) {
    const long item = of->items[(of->head + i) % SIZE];
    if (item > best) best = item;
    i++;
  }
  return best;
}

static const char *describe(int count) {
  switch (count) {
    case 0: return names[0];
    case 1: return names[1];
    case 2:
    case 3: return "few";
    default: return names[2];
  }
}

typedef long measure(const struct ring *);
static measure *const measures[] = {weighted, largest};

void ring_probe(unsigned input) {
  for (unsigned i = 0; i < 5 + input % 7; i++) {
    push(&ring, (long)((input * 31 + i * 17) % 101));
  }
  for (unsigned i = 0; i < input % 4; i++) {
    hr_out("pop %ld", pop(&ring));
  }
  for (int i = 0; i < 2; i++) {
    hr_out("measure %d %ld", i, measures[i](&ring));
  }
  hr_out("ring %d %s %d", ring.count, describe(ring.count), pushes);
}

void ring_state(void) {
  hr_field("ring.ring", &ring, sizeof ring);
  hr_field("ring.pushes", &pushes, sizeof pushes);
}
