#pragma once

struct Body {
  virtual ~Body();
  int weight(int x);
  int weight_of_next(int x);
  virtual int height(int x);
  int mass = 1;
};

typedef int (Body::*Member)(int);

Member take_weight();
Member take_height();
