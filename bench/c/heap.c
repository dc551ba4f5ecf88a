/* Counts allocations: linked with --wrap=malloc,calloc,realloc,free into a program of its own. */
#include "heap.h"

#include <stdint.h>
#include <string.h>

void *__real_malloc(size_t size);
void __real_free(void *pointer);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
void __wrap_free(void *pointer);

typedef union {
    size_t size;
    uint64_t alignment[2];
} header_t;

heap_t heap;

void *__wrap_malloc(size_t size)
{
    header_t *header = __real_malloc(sizeof *header + size);

    if (header == NULL) return NULL;
    header->size = size;
    heap.allocations++;
    heap.bytes += size;
    if (heap.bytes > heap.peak) heap.peak = heap.bytes;
    return header + 1;
}

void __wrap_free(void *pointer)
{
    header_t *header = pointer;

    if (pointer == NULL) return;
    header--;
    heap.bytes -= header->size;
    __real_free(header);
}

void *__wrap_calloc(size_t count, size_t size)
{
    void *pointer = __wrap_malloc(count * size);

    if (pointer != NULL) memset(pointer, 0, count * size);
    return pointer;
}

void *__wrap_realloc(void *pointer, size_t size)
{
    void *larger = __wrap_malloc(size);

    if (larger != NULL && pointer != NULL) {
        const header_t *header = (const header_t *)pointer - 1;
        memcpy(larger, pointer, header->size < size ? header->size : size);
        __wrap_free(pointer);
    }
    return larger;
}
