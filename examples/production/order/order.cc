// Prices of orders: a class that is handed over by value, and returned.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>

struct Order {
  std::string item;
  int count;
  double price;
  double total;
};

[[gnu::noinline]] Order priced(Order order) {
  order.total = order.price * order.count + 4.90;  // delivery
  return order;
}

int main(int count, char** arguments) {
  const useconds_t pause = useconds_t(count > 1 ? atoi(arguments[1]) : 500) * 1000;
  for (int number = 1;; number++) {
    const Order order = priced({"tea", number % 5, 3.50, 0});
    std::printf("%d %s %.2f\n", order.count, order.item.c_str(), order.total);
    std::fflush(stdout);
    usleep(pause);
  }
}
