#pragma once

extern int a3_destroyed;

class A3Body {
 public:
  explicit A3Body(int mass);
  ~A3Body();
  int weight(int gravity) const;
  static int count_up(int from);
  A3Body operator+(const A3Body &other) const;
  int mass() const { return mass_; }

 private:
  int mass_;
};
