/**
 * Included before the generated C when it is proved. In the ABIs of every ESP32 (Xtensa and RISC-V, both ILP32) plain
 * `char` is unsigned; Frama-C has no such machine among its 32-bit ones, so that the proof spells it out.
 */
export const PROOF_HEADER = `#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#define char unsigned char
`;
