/*
 * Decodes and encodes each message in QEMU and prints, line by line: what it read (as JSON), what it wrote (as hex),
 * instructions, stack and heap, and the verdicts on the probes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "heap.h"
#include "inputs.h"

#define PAINT (0xA5C3965Au)
#define PAINTED_WORDS (4096u)

typedef struct {
    const char *name;
    int (*decode)(const uint8_t *data, size_t len, void *value);
    int (*encode)(const void *value, char *out, size_t cap, size_t *len);
    void (*print)(const void *value);
    size_t (*size)(void);
} message_t;

#define MESSAGE(name) {#name, peer_decode_##name, peer_encode_##name, peer_print_##name, peer_sizeof_##name},

static const message_t messages[] = {BENCH_MESSAGES(MESSAGE)};
#define MESSAGES (sizeof messages / sizeof messages[0])

#ifndef BENCH_COUNTS_HEAP
heap_t heap;
#endif

static _Alignas(8) unsigned char value[BENCH_VALUE_BYTES];
static char text[BENCH_TEXT_BYTES];

/* With QEMU's -icount this is the exact number of instructions retired. */
static inline __attribute__((always_inline)) uint32_t instructions(void)
{
    uint32_t count;

    __asm__ volatile(".option push\n.option arch, +zicsr\ncsrr %0, minstret\n.option pop" : "=r"(count) : : "memory");
    return count;
}

static int decode_nothing(const uint8_t *data, size_t len, void *out)
{
    (void)data;
    (void)len;
    (void)out;
    return 0;
}

static int encode_nothing(const void *in, char *out, size_t cap, size_t *len)
{
    (void)in;
    (void)out;
    (void)cap;
    (void)len;
    return 0;
}

/* Both measure one call; the functions that do nothing tell what the measuring itself costs. */
static __attribute__((noipa)) uint32_t count_decode(const message_t *message, const input_t *input, int *code)
{
    const uint32_t start = instructions();

    *code = message->decode(input->data, input->len, value);
    return instructions() - start;
}

static __attribute__((noipa)) uint32_t count_encode(const message_t *message, size_t *len, int *code)
{
    const uint32_t start = instructions();

    *code = message->encode(value, text, sizeof text, len);
    return instructions() - start;
}

/* The stack below the caller's frame, painted before a call and looked at behind it. */
static inline __attribute__((always_inline)) uint32_t *stack_pointer(void)
{
    uint32_t *pointer;

    __asm__ volatile("mv %0, sp" : "=r"(pointer));
    return pointer;
}

#define PAINT_STACK(top)                                                                                    \
    do {                                                                                                    \
        for (size_t word_ = 1u; word_ <= PAINTED_WORDS; word_++) *((volatile uint32_t *)(top) - word_) = PAINT; \
    } while (0)

#define STACK_USED(top, used)                                                                   \
    do {                                                                                        \
        (used) = PAINTED_WORDS;                                                                 \
        while ((used) > 0u && *((volatile uint32_t *)(top) - (used)) == PAINT) (used)--;        \
        (used) *= sizeof(uint32_t);                                                             \
    } while (0)

static __attribute__((noipa)) size_t stack_of_decode(const message_t *message, const input_t *input)
{
    uint32_t *const top = stack_pointer();
    size_t used;

    PAINT_STACK(top);
    (void)message->decode(input->data, input->len, value);
    STACK_USED(top, used);
    return used;
}

static __attribute__((noipa)) size_t stack_of_encode(const message_t *message, size_t *len)
{
    uint32_t *const top = stack_pointer();
    size_t used;

    PAINT_STACK(top);
    (void)message->encode(value, text, sizeof text, len);
    STACK_USED(top, used);
    return used;
}

static void print_cost(const char *what, const char *name, uint32_t count, size_t stack)
{
    printf("cost %s %s %" PRIu32 " %u %u %u\n", name, what, count, (unsigned)stack, (unsigned)heap.peak,
           (unsigned)heap.allocations);
}

static void reset_heap(void)
{
    heap.allocations = 0u;
    heap.peak = heap.bytes;
}

static void measure(const message_t *message, const input_t *input)
{
    static const message_t nothing = {"", decode_nothing, encode_nothing, NULL, NULL};
    size_t len = 0u;
    size_t i;
    int code = 0;
    uint32_t count;
    size_t stack;

    /* The first call may grow the heap; the second one counts. */
    stack = stack_of_decode(message, input);
    reset_heap();
    memset(value, 0x55, sizeof value);
    count = count_decode(message, input, &code);
    if (code != 0) printf("FAIL %s decode %d\n", message->name, code);
    count -= count_decode(&nothing, input, &code);
    print_cost("decode", message->name, count, stack);
    printf("struct %s %u\n", message->name, (unsigned)message->size());
    printf("value %s ", message->name);
    message->print(value);
    printf("\n");

    stack = stack_of_encode(message, &len);
    reset_heap();
    count = count_encode(message, &len, &code);
    if (code != 0) printf("FAIL %s encode %d\n", message->name, code);
    count -= count_encode(&nothing, &len, &code);
    print_cost("encode", message->name, count, stack);
    printf("text %s ", message->name);
    for (i = 0u; i < len; i++) printf("%02x", (unsigned)(unsigned char)text[i]);
    printf("\n");
}

static void judge(const input_t *probe)
{
    size_t i;

    for (i = 0u; i < MESSAGES; i++) {
        if (strcmp(messages[i].name, probe->message) != 0) continue;
        printf("probe %s %s %s\n", messages[i].decode(probe->data, probe->len, value) == 0 ? "accepted" : "refused",
               probe->message, probe->note);
        if (heap.bytes != 0u) printf("FAIL %s leaks %u bytes\n", probe->note, (unsigned)heap.bytes);
    }
}

int main(void)
{
    size_t i;

    for (i = 0u; i < MESSAGES; i++) measure(&messages[i], &inputs[i]);
    for (i = 0u; i < probes_count; i++) judge(&probes[i]);
    printf("end\n");
    return 0;
}
