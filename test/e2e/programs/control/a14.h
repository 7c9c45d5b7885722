#pragma once

#include <stdexcept>
#include <string>

int a14_throw(int x);
int a14_through(int x);
std::string a14_catch(int x);
int a14_noexcept(int x) noexcept;
// Never edited.
int a14_old_throw(int x);
