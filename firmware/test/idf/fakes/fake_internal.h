/* SPDX-License-Identifier: MIT */
/* What the fakes know of each other. */
#ifndef FAKE_INTERNAL_H
#define FAKE_INTERNAL_H

#include "fake.h"
#include "freertos/FreeRTOS.h"

/** Returns the fault that was ordered for the function it stands in. */
#define FAKE_FAULT()                                \
  do {                                              \
    const esp_err_t fault = fake_due(__func__);     \
    if (fault != ESP_OK) {                          \
      return fault;                                 \
    }                                               \
  } while (false)

uint64_t fake_ticks_us(TickType_t ticks);
void fake_post_event(const char *base, int32_t id);
/** SHA-256. */
void fake_sha256(const uint8_t *bytes, size_t len, uint8_t *out);

#endif
