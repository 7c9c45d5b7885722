// C5: a class that changes in ways that leave its objects as they are.
#pragma once

class C5Counter {
 public:
  C5Counter();
  int step();
  // place for methods

 private:
  int value_ = 1;
  int by_ = 1;
};
