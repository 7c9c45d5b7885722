// Templates, exceptions, recursion.
#include <stdexcept>
#include <string>
#include <vector>

#include "zoo.h"

namespace {

template <typename T>
void sort(std::vector<T>* list) {
  for (size_t i = 1; i < list->size(); i++) {
    T item = (*list)[i];
    size_t k = i;
    while (k > 0 && item < (*list)[k - 1]) {
      (*list)[k] = (*list)[k - 1];
      k--;
    }
    (*list)[k] = item;
  }
}

template <int N>
struct Matrix {
  long cells[N][N] = {};

  Matrix operator*(const Matrix& other) const {
    Matrix product;
    for (int i = 0; i < N; i++) {
      for (int j = 0; j < N; j++) {
        for (int k = 0; k < N; k++) product.cells[i][j] += cells[i][k] * other.cells[k][j];
      }
    }
    return product;
  }

  long trace() const {
    long sum = 0;
    for (int i = 0; i < N; i++) sum += cells[i][i];
    return sum;
  }
};

long fibonacci(int n) {
  if (n < 2) return n;
  return fibonacci(n - 1) + fibonacci(n - 2);
}

bool is_prime(unsigned n) {
  if (n < 2) return false;
  for (unsigned i = 2; i * i <= n; i++) {
    if (n % i == 0) return false;
  }
  return true;
}

struct Unfit : std::runtime_error {
  explicit Unfit(int value) : std::runtime_error("unfit"), value(value) {}
  int value;
};

int check(int value) {
  if (value > 50) throw Unfit(value);
  if (value % 7 == 3) throw std::out_of_range("three");
  return value * 2;
}

int guarded(int value) {
  try {
    return check(value);
  } catch (const Unfit& unfit) {
    return -unfit.value;
  } catch (const std::exception& error) {
    return int(std::string(error.what()).size());
  }
}

long climb(long steps) {
  long ways = 1, before = 1;
  for (long i = 2; i <= steps; i++) {
    const long sum = ways + before;
    before = ways;
    ways = sum;
  }
  return ways;
}

}  // namespace

void algorithms_probe(unsigned input) {
  std::vector<int> numbers;
  std::vector<std::string> words = {"pear", "fig", "apple", "date"};
  for (unsigned i = 0; i < 8; i++) numbers.push_back(int((input * 37 + i * 53) % 89));
  sort(&numbers);
  sort(&words);
  std::string text;
  for (int number : numbers) text += std::to_string(number) + ",";
  for (const std::string& word : words) text += word + ";";
  hr_out("sorted %s", text.c_str());
  Matrix<3> matrix;
  for (int i = 0; i < 9; i++) matrix.cells[i / 3][i % 3] = i + long(input % 5);
  hr_out("matrix %ld", (matrix * matrix).trace());
  int primes = 0;
  for (unsigned i = 0; i < 60; i++) primes += is_prime(i + input % 10) ? 1 : 0;
  hr_out("numbers %ld %d %d %d %ld", fibonacci(int(input % 12)), primes, guarded(int(input % 70)),
         guarded(int(input % 30)), climb(input % 20));
}
