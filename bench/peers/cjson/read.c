#include "read.h"

#include <string.h>

cJSON *read_object(const uint8_t *data, size_t len, size_t max)
{
    const char *end = NULL;
    cJSON *object;

    if (len > max) return NULL;
    object = cJSON_ParseWithLengthOpts((const char *)data, len, &end, false);
    if (object == NULL) return NULL;
    while (end < (const char *)data + len && strchr(" \t\r\n", *end) != NULL) end++;
    if (end == (const char *)data + len && cJSON_IsObject(object)) return object;
    cJSON_Delete(object);
    return NULL;
}

const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

bool read_number(const cJSON *item, uint32_t min, uint32_t max, uint32_t *out)
{
    double number;

    if (!cJSON_IsNumber(item)) return false;
    number = cJSON_GetNumberValue(item);
    if (!(number >= (double)min && number <= (double)max)) return false;
    *out = (uint32_t)number;
    return (double)*out == number;
}

bool read_text(const cJSON *item, size_t min, size_t max, format_t format, char *out)
{
    const char *text = cJSON_GetStringValue(item);
    size_t len;

    if (text == NULL) return false;
    len = strlen(text);
    if (!check_text(text, len, min, max, format)) return false;
    memcpy(out, text, len + 1u);
    return true;
}

bool read_name(const cJSON *item, const char *const *names, size_t count, size_t *out)
{
    const char *text = cJSON_GetStringValue(item);
    size_t i;

    if (text == NULL) return false;
    for (i = 0u; i < count; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

bool write_number(cJSON *object, const char *name, uint32_t value, uint32_t min, uint32_t max)
{
    return value >= min && value <= max && cJSON_AddNumberToObject(object, name, (double)value) != NULL;
}

bool write_text(cJSON *object, const char *name, const char *text, size_t min, size_t max, format_t format)
{
    return check_text(text, strnlen(text, max + 1u), min, max, format) &&
           cJSON_AddStringToObject(object, name, text) != NULL;
}

bool write_name(cJSON *object, const char *name, const char *const *names, size_t count, size_t value)
{
    return value < count && cJSON_AddStringToObject(object, name, names[value]) != NULL;
}

/* cJSON_PrintPreallocated wants five bytes more than it needs. */
int write_object(cJSON *object, bool good, size_t max, char *out, size_t cap, size_t *len)
{
    int code = -1;

    if (good && cJSON_PrintPreallocated(object, out, (int)cap, false)) {
        *len = strlen(out);
        if (*len <= max) code = 0;
    }
    cJSON_Delete(object);
    return code;
}
