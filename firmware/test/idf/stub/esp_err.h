/* SPDX-License-Identifier: MIT */
#ifndef STUB_ESP_ERR_H
#define STUB_ESP_ERR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int esp_err_t;

#define ESP_OK 0
#define ESP_FAIL -1
#define ESP_ERR_NO_MEM 0x101
#define ESP_ERR_INVALID_ARG 0x102
#define ESP_ERR_INVALID_STATE 0x103
#define ESP_ERR_INVALID_SIZE 0x104
#define ESP_ERR_NOT_FOUND 0x105
#define ESP_ERR_NOT_SUPPORTED 0x106
#define ESP_ERR_TIMEOUT 0x107
#define ESP_ERR_INVALID_RESPONSE 0x108
#define ESP_ERR_INVALID_CRC 0x109
#define ESP_ERR_INVALID_VERSION 0x10A
#define ESP_ERR_NOT_FINISHED 0x10C
#define ESP_ERR_NOT_ALLOWED 0x10D

const char *esp_err_to_name(esp_err_t code);

/* own: begin */
void fake_check_failed(esp_err_t code, const char *file, int line, const char *expression);

#define ESP_ERROR_CHECK(expression)                                               \
  do {                                                                            \
    const esp_err_t checked = (expression);                                       \
    if (checked != ESP_OK) {                                                      \
      fake_check_failed(checked, __FILE__, __LINE__, #expression);                \
    }                                                                             \
  } while (false)
/* own: end */

#endif
