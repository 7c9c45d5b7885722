// The last factor was left out.
unsigned long factorial(unsigned n) {
  unsigned long product = 1;
  for (unsigned i = 2; i <= n; i++)
    product *= i;
  return product;
}
