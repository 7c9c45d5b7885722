/* Words and letters: pointers, strings, a state machine with goto. */
#include "zoo.h"

#include <ctype.h>
#include <string.h>

static char last[64] = "nothing";
static unsigned long words_seen;

static unsigned long hash_of(const char *text) {
  unsigned long hash = 5381;
  for (; *text != 0; text++) {
    hash = hash * 33 + (unsigned char)*text;
  }
  return hash;
}

static int is_vowel(int letter) {
  letter = tolower(letter);
  return letter == 'a' || letter == 'e' || letter == 'i' || letter == 'o' || letter == 'u';
}

static int count_vowels(const char *text) {
  int count = 0;
  while (*text) {
    if (is_vowel(*text)) count++;
    text++;
  }
  return count;
}

static void reverse(char *text) {
  const size_t length = strlen(text);
  for (size_t i = 0; i < length / 2; i++) {
    const char kept = text[i];
    text[i] = text[length - 1 - i];
    text[length - 1 - i] = kept;
  }
}

/* Counts words; digits end one, quotes join several. */
static int count_words(const char *text) {
  int count = 0;
between:
  if (!*text) return count;
  if (!isalpha((unsigned char)*text)) {
    text++;
    goto between;
  }
  count++;
  words_seen++;
inside:
  if (!*text) return count;
  if (isalpha((unsigned char)*text) || *text == '\'') {
    text++;
    goto inside;
  }
  text++;
  goto between;
}

static int compare(const char *a, const char *b) {
  int difference = 0;
  do {
    difference = *a - *b;
    if (difference != 0) break;
    if (*a == 0) break;
    a++;
    b++;
  } while (1);
  return difference < 0 ? -1 : difference > 0 ? 1 : 0;
}

static const char *const samples[] = {
    "it's a fine day",
    "hot reload keeps state",
    "7 plus 8 is 15",
    "",
    "Ada and Grace",
};

void text_probe(unsigned input) {
  char copy[64];
  for (unsigned i = 0; i < 5; i++) {
    const char *sample = samples[(input + i) % 5];
    strncpy(copy, sample, sizeof copy - 1);
    copy[sizeof copy - 1] = 0;
    reverse(copy);
    hr_out("text %lx %d %d %s %d", hash_of(sample), count_vowels(sample), count_words(sample), copy,
           compare(sample, last));
    strncpy(last, sample, sizeof last - 1);
  }
}

void text_state(void) {
  hr_field("text.last", last, sizeof last);
  hr_field("text.words", &words_seen, sizeof words_seen);
}
