#include "body.h"

Body::~Body() {}

int Body::weight(int x) { return mass * 10 + x; }

int Body::weight_of_next(int x) { return mass * 100 + x; }

int Body::height(int x) { return mass * 1000 + x; }

Member take_weight() { return nullptr; }

Member take_height() { return nullptr; }
