// Calls all parts with values made of the input.
#include "zoo.h"

void subject_start() { shapes_start(); }

void subject_probe(unsigned input) {
  ring_probe(input);
  text_probe(input);
  calculator_probe(input);
  shapes_probe(input);
  algorithms_probe(input);
  registry_probe(input);
  events_probe(input);
}

void subject_state() {
  ring_state();
  text_state();
  shapes_state();
  registry_state();
}
