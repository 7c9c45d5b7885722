#include "c5.h"

C5Counter::C5Counter() = default;

int C5Counter::step() {
  value_ = value_ + by_ > 1000 ? 1 : value_ + by_;
  return by_;
}
