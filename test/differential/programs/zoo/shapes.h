// Shapes on the heap that live as long as the program: virtual functions, inline methods, operators.
#pragma once
#include <memory>
#include <string>
#include <vector>

struct Point {
  double x = 0;
  double y = 0;
};

inline Point operator+(Point a, Point b) { return {a.x + b.x, a.y + b.y}; }

class Shape {
 public:
  explicit Shape(Point at) : at_(at) {}
  virtual ~Shape() = default;
  virtual double area() const = 0;
  virtual const char* name() const { return "shape"; }
  void move(Point by) { at_ = at_ + by; }
  Point at() const { return at_; }

 protected:
  Point at_;
};

class Circle : public Shape {
 public:
  Circle(Point at, double radius) : Shape(at), radius_(radius) {}
  double area() const override;
  const char* name() const override { return "circle"; }

 private:
  double radius_;
};

class Box : public Shape {
 public:
  Box(Point at, double width, double height) : Shape(at), width_(width), height_(height) {}
  double area() const override;
  const char* name() const override;
  static Box square(double side);

 private:
  double width_, height_;
};
