// The entry of the core's tests. Each x_test.cc beside x.cc registers its own.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
