// The twenty users of a5.h.
#pragma once

int a5_user_1();
int a5_user_2();
int a5_user_3();
int a5_user_4();
int a5_user_5();
int a5_user_6();
int a5_user_7();
int a5_user_8();
int a5_user_9();
int a5_user_10();
int a5_user_11();
int a5_user_12();
int a5_user_13();
int a5_user_14();
int a5_user_15();
int a5_user_16();
int a5_user_17();
int a5_user_18();
int a5_user_19();
int a5_user_20();
long a5_count_1();
long a5_count_20();

inline int a5_sum() {
  return a5_user_1() +
         a5_user_2() +
         a5_user_3() +
         a5_user_4() +
         a5_user_5() +
         a5_user_6() +
         a5_user_7() +
         a5_user_8() +
         a5_user_9() +
         a5_user_10() +
         a5_user_11() +
         a5_user_12() +
         a5_user_13() +
         a5_user_14() +
         a5_user_15() +
         a5_user_16() +
         a5_user_17() +
         a5_user_18() +
         a5_user_19() +
         a5_user_20();
}
