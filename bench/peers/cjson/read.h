/* Reading and writing members with cJSON: what one writes once per firmware and uses for every message. */
#ifndef READ_H
#define READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../checks.h"
#include "cJSON.h"

/* An object that is the whole payload of at most `max` bytes, NULL if there is none. cJSON_Delete it. */
cJSON *read_object(const uint8_t *data, size_t len, size_t max);

/* A whole number in min..max. */
bool read_number(const cJSON *item, uint32_t min, uint32_t max, uint32_t *out);

/* `out` holds max + 1 bytes. */
bool read_text(const cJSON *item, size_t min, size_t max, format_t format, char *out);

/* The index of the string in `names`. */
bool read_name(const cJSON *item, const char *const *names, size_t count, size_t *out);

/* A member of `object`. cJSON's own look-up ignores case unless told otherwise. */
const cJSON *member(const cJSON *object, const char *name);

/* False for a value that the contract does not allow, or without memory. */
bool write_number(cJSON *object, const char *name, uint32_t value, uint32_t min, uint32_t max);
bool write_text(cJSON *object, const char *name, const char *text, size_t min, size_t max, format_t format);
bool write_name(cJSON *object, const char *name, const char *const *names, size_t count, size_t value);

/* Prints the object into `out` if `good`, and deletes it. 0 for success. */
int write_object(cJSON *object, bool good, size_t max, char *out, size_t cap, size_t *len);

#endif
