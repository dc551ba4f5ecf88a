/* SPDX-License-Identifier: MIT */
#ifndef STUB_ESP_CHECK_H
#define STUB_ESP_CHECK_H

#include "esp_err.h"
#include "esp_log.h"

/* own: begin */
#define ESP_RETURN_ON_ERROR(expression, tag, ...) \
  do {                                            \
    const esp_err_t returned = (expression);      \
    if (returned != ESP_OK) {                     \
      ESP_LOGE(tag, __VA_ARGS__);                 \
      return returned;                            \
    }                                             \
  } while (false)

#define ESP_RETURN_ON_FALSE(condition, code, tag, ...) \
  do {                                                 \
    if (!(condition)) {                                \
      ESP_LOGE(tag, __VA_ARGS__);                      \
      return (code);                                   \
    }                                                  \
  } while (false)

#define ESP_GOTO_ON_ERROR(expression, label, tag, ...) \
  do {                                                 \
    const esp_err_t returned = (expression);           \
    if (returned != ESP_OK) {                          \
      ESP_LOGE(tag, __VA_ARGS__);                      \
      ret = returned;                                  \
      goto label;                                      \
    }                                                  \
  } while (false)
/* own: end */

#endif
