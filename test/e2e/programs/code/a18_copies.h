#pragma once

__attribute__((noinline)) inline int a18_copied(int x) { return x + 1; }
