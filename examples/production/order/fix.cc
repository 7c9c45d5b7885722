// An order of nothing costs nothing, and says why.
#include <stdexcept>
#include <string>

struct Order {
  std::string item;
  int count;
  double price;
  double total;
};

static double delivery(const Order& order) {
  if (order.count == 0) throw std::invalid_argument("no " + order.item);
  return 4.90;
}

Order priced(Order order) {
  try {
    order.total = order.price * order.count + delivery(order);
  } catch (const std::invalid_argument& error) {
    order.total = 0;
    order.item = error.what();
  }
  return order;
}
