/* SPDX-License-Identifier: MIT */
#include "sesp_internal.h"
#include "sesp_text.h"

bool sesp_correlation_seen(const sesp_correlation_t *ring, const uint8_t *data, size_t len) {
  /*@ loop invariant slot <= SESP_CORRELATION_SLOTS;
      loop assigns slot;
      loop variant SESP_CORRELATION_SLOTS - slot; */
  for (size_t slot = 0; slot < SESP_CORRELATION_SLOTS; slot++) {
    if (len > 0u && ring->len[slot] == len && sesp_bytes_same(ring->data[slot], data, len)) {
      return true;
    }
  }
  return false;
}

void sesp_correlation_remember(sesp_correlation_t *ring, const uint8_t *data, size_t len) {
  if (len == 0u || len > SESP_CORRELATION_MAX_BYTES) {
    return;
  }
  sesp_bytes_clear(ring->data[ring->next], SESP_CORRELATION_MAX_BYTES);
  sesp_bytes_assign(ring->data[ring->next], data, len);
  ring->len[ring->next] = (uint8_t)len;
  ring->next = (uint8_t)((ring->next + 1u) % SESP_CORRELATION_SLOTS);
}
