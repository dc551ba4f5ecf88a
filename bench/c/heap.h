/* The heap as the linker's --wrap sees it. All zero where nothing is wrapped or nothing calls. */
#ifndef HEAP_H
#define HEAP_H

#include <stddef.h>

typedef struct {
    size_t allocations;
    size_t bytes; /* asked for and not freed */
    size_t peak;
} heap_t;

extern heap_t heap;

#endif
