/* SPDX-License-Identifier: MIT */
/**
 * @file sesp_version.h
 * @brief Firmware versions: the grammar and order of the update server, bit for bit.
 *
 *     version    = [ "v" ] core [ describe / pre ] [ "+" build ]     at most 32 bytes, ASCII
 *     core       = number *3( "." number )                           1 to 4 components, missing ones are 0
 *     describe   = "-" number "-g" 4*40LHEX [ "-dirty" ]
 *     pre        = "-" identifier *( "." identifier )
 *     identifier = number / 1*( ALPHA / DIGIT / "-" )                only digits: a number
 *     build      = 1*( ALPHA / DIGIT / "-" ) *( "." 1*( ALPHA / DIGIT / "-" ) )     ignored
 *     number     = "0" / ( %x31-39 *DIGIT )                          at most 4294967295
 *
 * The suffix is tried as `describe` first and must match it as a whole.
 */
#ifndef SESP_VERSION_H
#define SESP_VERSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Longest version text in bytes, without terminator: the field of the application descriptor. */
#define SESP_VERSION_MAX_BYTES (32u)

/** A parsed version. It points into the text it was parsed from. */
typedef struct {
  uint32_t core[4];
  uint32_t commits;    /**< commits after the tag (git-describe form), else 0 */
  const char *pre;     /**< pre-release identifiers without the leading "-"; meaningless while pre_len is 0 */
  size_t pre_len;      /**< 0: a release */
} sesp_version_t;

/**
 * Parses a version.
 *
 * @param[in]  text  need not be NUL-terminated; must outlive `out`
 * @param[in]  len   bytes
 * @param[out] out   written only when the result is true
 * @return true if `text` is in the grammar
 */
bool sesp_version_parse(const char *text, size_t len, sesp_version_t *out);

/**
 * Orders two versions: core, pre-release below release, pre-releases by semver 2.0.0 clause 11, then commits.
 *
 * @return -1 when `a` is lower, 1 when it is higher, 0 when both are the same version
 */
int sesp_version_compare(const sesp_version_t *a, const sesp_version_t *b);

#ifdef __cplusplus
}
#endif
#endif
