#include <setjmp.h>

extern jmp_buf a22_place;
int a22_jump(int x);
void a22_handler(int number);
extern volatile int a22_handled;
