int plugin_first(int x) { return x + 70; }
