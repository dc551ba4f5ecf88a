/* Prints decoded values as JSON, for the comparison of values; not part of any measurement. */
#ifndef PRINT_H
#define PRINT_H

#include <stdio.h>

/* `before` is printed as it stands: a brace or comma and the key. */
static inline void print_text(const char *before, const char *text)
{
    printf("%s\"", before);
    for (; *text != '\0'; text++) {
        const unsigned code = (unsigned char)*text;
        if (code == '"' || code == '\\' || code < 0x20u) printf("\\u%04x", code);
        else printf("%c", *text);
    }
    printf("\"");
}

static inline void print_number(const char *before, unsigned long number)
{
    printf("%s%lu", before, number);
}

#endif
