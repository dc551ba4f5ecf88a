/* What each peer provides: the same five messages, decoded to a struct of its own choice and encoded from it. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_MESSAGES(X) X(status) X(update_state) X(settings) X(replies) X(manifest)

/* Room for any peer's struct. */
#define BENCH_VALUE_BYTES (1024u)
/* Room for the longest encoded message, cJSON's slack included. */
#define BENCH_TEXT_BYTES (1536u)

/* Decoders and encoders give 0 for success. They are thin: a tail call, so that they add no stack of their own. */
#define BENCH_DECLARE(name)                                                    \
    int peer_decode_##name(const uint8_t *data, size_t len, void *value);      \
    int peer_encode_##name(const void *value, char *out, size_t cap, size_t *len); \
    void peer_print_##name(const void *value);                                 \
    size_t peer_sizeof_##name(void);

BENCH_MESSAGES(BENCH_DECLARE)

#endif
