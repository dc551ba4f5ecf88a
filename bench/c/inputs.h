/* The payloads to measure and to judge; the bench writes inputs.c for each peer. */
#ifndef INPUTS_H
#define INPUTS_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *message; /* as in BENCH_MESSAGES */
    const char *note;
    const uint8_t *data;
    size_t len;
} input_t;

/* One per message, in the order of BENCH_MESSAGES. */
extern const input_t inputs[];

/* Others, only decoded: the bench compares the verdicts. */
extern const input_t probes[];
extern const size_t probes_count;

#endif
