#include "a3.h"

int a3_destroyed;

A3Body::A3Body(int mass) : mass_(mass + 1) {}

A3Body::~A3Body() { a3_destroyed += 1; }

int A3Body::weight(int gravity) const { return mass_ * gravity; }

int A3Body::count_up(int from) { return from + 1; }

A3Body A3Body::operator+(const A3Body &other) const { return A3Body(mass_ + other.mass_); }
