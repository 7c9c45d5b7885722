/* A test program's parts twice: in the executable, and in a library that it loads. */
#pragma once

/* Of each module's own. */
void start_module_parts();
void run_module_parts();

/* What the library is given to report with: the field's name and its text. */
typedef void plugin_sink(const char *name, const char *text);
