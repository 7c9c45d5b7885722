#include "a4.h"

int a4_destroyed;

A4Shape::~A4Shape() {}

int A4Shape::corners() const { return 0; }

A4Square::~A4Square() { a4_destroyed += 1; }

int A4Square::corners() const { return 4 + side; }

const char *A4Square::name() const { return "square"; }

A4Shape *a4_make() { return new A4Square; }
