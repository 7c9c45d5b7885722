// Never edited.
#include "a14.h"
#include "report.h"

int a14_unwound();

int a14_old_throw(int x) {
  if (x == 7) throw std::logic_error("seven");
  return 0;
}

static std::string old_catch(int x) {
  try {
    return std::to_string(a14_through(x));
  } catch (const std::runtime_error &error) {
    return std::string("runtime ") + error.what();
  } catch (const std::logic_error &error) {
    return std::string("logic ") + error.what();
  } catch (int number) {
    return "int " + std::to_string(number);
  }
}

void run_a14() {
  report("A14.in_old", "%s %s %s", old_catch(1).c_str(), old_catch(7).c_str(), old_catch(101).c_str());
  report("A14.in_new", "%s %s", a14_catch(1).c_str(), a14_catch(7).c_str());
  report("A14.noexcept", "%d %d", noexcept(a14_noexcept(1)) ? 1 : 0, a14_noexcept(7));
  report("A14.unwound", "%d", a14_unwound());
}
