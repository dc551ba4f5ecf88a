/* The contract's string formats, as one writes them by hand beside cJSON or nanopb. */
#ifndef CHECKS_H
#define CHECKS_H

#include <stdbool.h>
#include <stddef.h>

/* Any text, [A-Za-z0-9_-], [0-9a-f], an https URL. */
typedef enum { FORMAT_TEXT, FORMAT_IDENTIFIER, FORMAT_HEX, FORMAT_URL } format_t;

/* True if the string of `len` bytes has min..max bytes and the format. */
bool check_text(const char *text, size_t len, size_t min, size_t max, format_t format);

#endif
