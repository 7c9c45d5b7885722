#pragma once

struct A4Shape {
  virtual ~A4Shape();
  virtual int corners() const;
  virtual const char *name() const = 0;
};

struct A4Square : A4Shape {
  ~A4Square() override;
  int corners() const override;
  const char *name() const override;
  int side = 7;
};

extern int a4_destroyed;
A4Shape *a4_make();
