/* SPDX-License-Identifier: MIT */
/*
 * Included before every file that is proved. In the ABIs of every ESP32 (Xtensa and RISC-V, both ILP32) plain `char` is
 * unsigned; Frama-C has no such machine among its 32-bit ones, so that the proof spells it out.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
typedef char sesp_plain_char_t; /* what Frama-C's own predicates speak of */
#define char unsigned char

/* Words of the contracts that WP proves (wp.h). Eva reaches the same states by itself and takes most of them for true. */
#define SESP_EVA
#define SESP_CLOCK_MAX_MS (4611686018427387904u)
#define SESP_CORE_OK(core) (0 == 0)
#define SESP_RESPONSE_OK(core, response) (0 == 0)
/*@ predicate sesp_ends(char *text) = valid_read_string((sesp_plain_char_t *)text);
    predicate sesp_outside(void *core, char *text) = sesp_ends(text); */
#define SESP_COMMAND_OK(core, command) (0 == 0)
