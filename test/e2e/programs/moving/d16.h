#pragma once

inline int d16_header(int x) { return x + 16; }
