/* Replays payloads, each in an allocation of exactly its size, so that the sanitizer sees any read beyond it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[70000];

/* What is decoded must encode again, or be longer than its bound; too small a buffer must be refused. */
static int check(int code, const size_t *len)
{
    if (code != 0 && code != 4) {
        fprintf(stderr, "encoder answered %d\n", code);
        exit(1);
    }
    if (code == 0 && text[*len] != '\0') {
        fprintf(stderr, "encoder's length is wrong\n");
        exit(1);
    }
    return code;
}

#define EMPTY(index, name) \
    case index: return (int)name##_decode(data, len);
#define STRUCT(index, name) \
    case index: { \
        name##_t value; \
        size_t size = 0; \
        int code = (int)name##_decode(data, len, &value); \
        if (code == 0 && check((int)name##_encode(&value, text, sizeof text, &size), &size) == 0 && size > 0) { \
            char *exact = malloc(size); \
            if ((int)name##_encode(&value, exact, size, NULL) != 4 || exact[0] != '\0') exit(1); \
            free(exact); \
        } \
        return code; \
    }

static int decode(unsigned index, const uint8_t *data, size_t len)
{
    switch (index) {
#include "cases.inc"
    default: exit(2);
    }
}

int main(int argc, char **argv)
{
    FILE *corpus = argc == 2 ? fopen(argv[1], "rb") : NULL;
    uint8_t head[4];
    unsigned long accepted = 0;
    unsigned long refused = 0;

    if (corpus == NULL) return 2;
    while (fread(head, 1, sizeof head, corpus) == sizeof head) {
        const size_t len = head[2] * 256u + head[3];
        uint8_t *data = malloc(len > 0 ? len : 1);
        if (data == NULL || fread(data, 1, len, corpus) != len) return 2;
        if (decode(head[0] * 256u + head[1], len > 0 ? data : NULL, len) == 0) accepted++;
        else refused++;
        free(data);
    }
    fclose(corpus);
    printf("%lu accepted, %lu refused\n", accepted, refused);
    return 0;
}
