/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sesp_internal.h"

bool sesp_correlation_seen(const sesp_correlation_t *ring, const uint8_t *data, size_t len) {
  for (size_t slot = 0; slot < SESP_CORRELATION_SLOTS; slot++) {
    if (len > 0u && ring->len[slot] == len && memcmp(ring->data[slot], data, len) == 0) {
      return true;
    }
  }
  return false;
}

void sesp_correlation_remember(sesp_correlation_t *ring, const uint8_t *data, size_t len) {
  if (len == 0u || len > SESP_CORRELATION_MAX_BYTES) {
    return;
  }
  memset(ring->data[ring->next], 0, SESP_CORRELATION_MAX_BYTES);
  memcpy(ring->data[ring->next], data, len);
  ring->len[ring->next] = (uint8_t)len;
  ring->next = (uint8_t)((ring->next + 1u) % SESP_CORRELATION_SLOTS);
}
