#pragma once

int a11_step(int x);
int a11_compare(const void *a, const void *b);
