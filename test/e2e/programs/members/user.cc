// Never edited: what it holds was taken by old code.
#include "body.h"
#include "report.h"

static Member volatile saved_weight, saved_next, saved_height;
static Body *body;

static const char *compare(Member now, Member then) {
  return now == nullptr ? "none" : now == then ? "equal" : "different";
}

void start_parts(void) {
  body = new Body;
  saved_weight = &Body::weight;
  saved_next = &Body::weight_of_next;
  saved_height = &Body::height;
}

void run_parts(long) {
  Member const weight = saved_weight, next = saved_next, height = saved_height;
  report("call", "%d %d %d", (body->*weight)(1), (body->*next)(2), (body->*height)(3));
  report("here", "%s %s", compare(&Body::weight, weight), compare(&Body::height, height));
  report("there", "%s %s", compare(take_weight(), weight), compare(take_height(), height));
}
