#include "shapes.h"

#include <cmath>

#include "zoo.h"

namespace {

std::vector<std::unique_ptr<Shape>> shapes;
constexpr double pi = 3.25;
int made = 0;

std::unique_ptr<Shape> make(unsigned kind, double size) {
  made++;
  if (kind % 3 == 0) return std::make_unique<Circle>(Point{size, 1}, size);
  if (kind % 3 == 1) return std::make_unique<Box>(Point{0, size}, size, 2 * size);
  return std::make_unique<Box>(Box::square(size + 1));
}

bool is_large(const Shape& shape) {
  return shape.area() > 20;
}

double distance(Point a, Point b) {
  const double x = a.x - b.x, y = a.y - b.y;
  return std::sqrt(x * x + y * y);
}

}  // namespace

double Circle::area() const {
  return pi * radius_ * radius_;
}

double Box::area() const {
  return width_ * height_;
}

const char* Box::name() const {
  return width_ == height_ ? "square" : "box";
}

Box Box::square(double side) {
  return Box({side / 2, side / 2}, side, side);
}

// Not edited: the fresh process starts with the same shapes.
void shapes_start() {
  for (unsigned i = 0; i < 6; i++) {
    const double size = 1 + i;
    if (i % 3 == 0) shapes.push_back(std::make_unique<Circle>(Point{size, 1}, size));
    else shapes.push_back(std::make_unique<Box>(Point{0, size}, size, i % 3 * size));
  }
}

void shapes_probe(unsigned input) {
  double total = 0;
  int large = 0;
  const Shape* last = nullptr;
  for (const auto& shape : shapes) {
    total += shape->area();
    if (is_large(*shape)) large++;
    if (last != nullptr) hr_out("distance %.3f", distance(last->at(), shape->at()));
    hr_out("%s %.3f %.3f", shape->name(), shape->at().x, shape->area());
    last = shape.get();
  }
  shapes[input % shapes.size()]->move({0.5, -0.25});
  auto extra = make(input, 2);
  hr_out("total %.3f of %d large %d extra %s made %d", total, int(shapes.size()), large, extra->name(), made);
}

void shapes_state() {
  hr_field("shapes.made", &made, sizeof made);
  for (size_t i = 0; i < shapes.size(); i++) {
    const std::string name = "shapes." + std::to_string(i);
    Point at = shapes[i]->at();
    hr_field(name.c_str(), &at, sizeof at);
    if (hr_loading()) shapes[i]->move({at.x - shapes[i]->at().x, at.y - shapes[i]->at().y});
  }
}
