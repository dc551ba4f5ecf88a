/* SPDX-License-Identifier: MIT */
#ifndef STUB_ESP_LOG_H
#define STUB_ESP_LOG_H

#include "esp_err.h"

typedef enum {
  ESP_LOG_NONE = 0,
  ESP_LOG_ERROR = 1,
  ESP_LOG_WARN = 2,
  ESP_LOG_INFO = 3,
  ESP_LOG_DEBUG = 4,
  ESP_LOG_VERBOSE = 5,
} esp_log_level_t;

void esp_log_level_set(const char *tag, esp_log_level_t level);

/* own: begin */
/* ESP-IDF's own esp_log() has no format attribute, so that wrong arguments are found only here. */
void fake_log(esp_log_level_t level, const char *tag, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define ESP_LOG_LEVEL(level, tag, format, ...) fake_log(level, tag, format, ##__VA_ARGS__)
#define ESP_LOGE(tag, format, ...) fake_log(ESP_LOG_ERROR, tag, format, ##__VA_ARGS__)
#define ESP_LOGW(tag, format, ...) fake_log(ESP_LOG_WARN, tag, format, ##__VA_ARGS__)
#define ESP_LOGI(tag, format, ...) fake_log(ESP_LOG_INFO, tag, format, ##__VA_ARGS__)
#define ESP_LOGD(tag, format, ...) fake_log(ESP_LOG_DEBUG, tag, format, ##__VA_ARGS__)
#define ESP_LOGV(tag, format, ...) fake_log(ESP_LOG_VERBOSE, tag, format, ##__VA_ARGS__)
/* own: end */

#endif
