/* The generated C, called as it is. */
#include "../../c/bench.h"
#include "secure_esp_protocol.h"

#define PEER(name)                                                             \
    int peer_decode_##name(const uint8_t *data, size_t len, void *value)       \
    {                                                                          \
        return (int)sesp_##name##_decode(data, len, value);                    \
    }                                                                          \
    int peer_encode_##name(const void *value, char *out, size_t cap, size_t *len) \
    {                                                                          \
        return (int)sesp_##name##_encode(value, out, cap, len);                \
    }

BENCH_MESSAGES(PEER)
