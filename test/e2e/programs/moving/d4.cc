#include "d4_configured.h"
#include "d4_header.h"

int d4() { return d4_header(); }

int d4_configured() { return D4_CONFIGURED; }
