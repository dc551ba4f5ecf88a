/* SPDX-License-Identifier: MIT */
/* Without signed apps the bootloader checks structure, checksum and hash; the first and the last were good. */
#include "sesp_idf.h"

sesp_update_state_reason_t sesp_idf_signature_reason(const esp_partition_t *partition, uint32_t image_len) {
  (void)partition;
  (void)image_len;
  return SESP_UPDATE_STATE_REASON_BAD_CHECKSUM;
}
