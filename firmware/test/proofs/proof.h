/* SPDX-License-Identifier: MIT */
/*
 * Included before every file that is proved. In the ABIs of every ESP32 (Xtensa and RISC-V, both ILP32) plain `char` is
 * unsigned; Frama-C has no such machine among its 32-bit ones, so that the proof spells it out.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#define char unsigned char
