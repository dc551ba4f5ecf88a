/* SPDX-License-Identifier: MIT */
/**
 * @file wasm_device.h
 * @brief One virtual device: a core, its port, and the texts of its configuration.
 */
#ifndef WASM_DEVICE_H
#define WASM_DEVICE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "secure_esp_core.h"

#define WASM_TEXT_BYTES (257u) /* one more than the longest URL, so that too long stays too long */

typedef struct wasm_device {
  sesp_core_t core;
  sesp_port_t port;
  sesp_config_t config;
  int32_t host;
  struct wasm_device *next_free;
  char device_id[WASM_TEXT_BYTES];
  char builtin_url[WASM_TEXT_BYTES];
  char project[WASM_TEXT_BYTES];
  char version[WASM_TEXT_BYTES];
  char chip[WASM_TEXT_BYTES];
  char etag[WASM_TEXT_BYTES];         /* scratch of on_download_response */
  char content_type[WASM_TEXT_BYTES]; /* scratch of on_download_response */
} wasm_device_t;

/** Fills `device->port` with functions that call the host. */
void wasm_port_init(wasm_device_t *device);

#endif
