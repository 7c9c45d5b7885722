// The output of the program: a picture that is redrawn in place on a terminal, one line a second anywhere else.
#pragma once
#include "universe.h"
#include "workers.h"

namespace orbit {

class Display {
 public:
  Display();
  /** Leaves the terminal as it was. */
  ~Display();
  /** Call it ten times a second. */
  void show(const Universe& universe, const Workers& workers);

 private:
  void draw(const Moment& moment, const Observation& observation);

  bool is_terminal_;
  int calls_ = 0;
  /** Lines below the cursor that the picture takes. */
  int height_ = 0;
};

}  // namespace orbit
