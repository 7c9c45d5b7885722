// place for constants
static const int sizes[] = {1, 2, 3};
static int numbers[3] = {1, 2, 3};
static long counter = 100;
float b9_value = 1.5f;

int b9_numbers() {
  int sum = 0;
  for (int &number : numbers) sum += ++number;
  return sum;
}

int b9_sizes(int x) {
  int sum = 0;
  for (int size : sizes) sum += size * x;
  return sum;
}

long b9_counter() { return ++counter; }

float b9_value_now() { return b9_value; }
