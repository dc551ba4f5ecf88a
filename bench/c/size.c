/* The smallest program that decodes and encodes the messages. Without BENCH_DECODE and BENCH_ENCODE it is the empty one. */
#include "bench.h"

static volatile size_t length;
static volatile int sink;
static _Alignas(8) unsigned char value[BENCH_VALUE_BYTES];
static char text[BENCH_TEXT_BYTES];

#define DECODE(name) sink = peer_decode_##name((const uint8_t *)text, length, value);
#define ENCODE(name) sink = peer_encode_##name(value, text, sizeof text, &size);

int main(void)
{
    size_t size = 0u;

    text[0] = (char)length;
    value[0] = (unsigned char)length;
#ifdef BENCH_DECODE
    BENCH_MESSAGES(DECODE)
#endif
#ifdef BENCH_ENCODE
    BENCH_MESSAGES(ENCODE)
#endif
    length = size;
    return 0;
}
