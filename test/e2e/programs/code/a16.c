#define A16_EMPTY 1
#define A16_LARGE 1

void a16_empty(int *value) {
#if A16_EMPTY
  (void)value;
#else
  for (int i = 0; i < 10; i++) *value += i;
#endif
}

extern int a16_mix(int a, int b);

void a16_large(int *values, int count) {
#if A16_LARGE
  int total = 0;
  for (int i = 0; i < count; i++) {
    switch (values[i] % 7) {
      case 0: values[i] += 11; break;
      case 1: values[i] *= 3; break;
      case 2: values[i] = a16_mix(values[i], i); break;
      case 3: values[i] ^= 0x55; break;
      case 4: values[i] = values[i] * values[i] % 1009; break;
      case 5: values[i] = a16_mix(i, values[i]) - 1; break;
      default: values[i] -= 2; break;
    }
    total += values[i];
  }
  for (int i = 1; i < count; i++) {
    int key = values[i], j = i - 1;
    while (j >= 0 && values[j] > key) {
      values[j + 1] = values[j];
      j--;
    }
    values[j + 1] = key;
  }
  for (int i = 0; i < count; i++) values[i] = a16_mix(values[i], total);
#else
  (void)values;
  (void)count;
#endif
}
