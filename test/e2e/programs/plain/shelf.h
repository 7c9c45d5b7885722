#pragma once

static inline int doubled(int x) { return x * 2; }

int shelf(int x);
int shelf_calls(void);
