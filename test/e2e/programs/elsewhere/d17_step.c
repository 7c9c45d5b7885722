int d17_step(int x) { return x + STEP; }
