// After each frame the cursor goes back to the frame's first line, which is blank: what others print to the terminal
// appears there, and the next frame is drawn below it.
#include "display.h"

#include <unistd.h>

#include <cstdio>

#include "picture.h"

namespace orbit {

namespace {

constexpr int calls_per_second = 10;

}  // namespace

Display::Display() : is_terminal_(isatty(STDOUT_FILENO) == 1) {
  if (is_terminal_) std::fputs("\x1b[?25l", stdout);  // hide the cursor
}

Display::~Display() {
  if (!is_terminal_) return;
  for (int line = 0; line < height_; ++line) std::fputc('\n', stdout);
  std::fputs("\x1b[?25h", stdout);
  std::fflush(stdout);
}

void Display::show(const Universe& universe, const Workers& workers) {
  if (is_terminal_) {
    draw(universe.now(), workers.observation());
  } else if (calls_ % calls_per_second == 0) {
    std::printf("%s\n", line_of(universe.now(), workers.observation()).c_str());
  }
  std::fflush(stdout);
  ++calls_;
}

void Display::draw(const Moment& moment, const Observation& observation) {
  std::string frame = "\r\n";
  int height = 1;
  for (const std::string& line : picture_of(moment, observation)) {
    frame += line + "\x1b[K\r\n";
    ++height;
  }
  frame += "\x1b[J\x1b[" + std::to_string(height) + "A";
  height_ = height;
  std::fputs(frame.c_str(), stdout);
}

}  // namespace orbit
