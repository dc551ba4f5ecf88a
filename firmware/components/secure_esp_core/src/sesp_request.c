/* SPDX-License-Identifier: MIT */
#include "sesp_internal.h"
#include "sesp_text.h"

sesp_result_t sesp_request(sesp_core_t *core, const char *url, bool accept_manifest, uint32_t max_bytes) {
  char project[SESP_IMAGE_TEXT_MAX_BYTES + 1u];
  char image_hex[SESP_IDENTITY_HEX + 1u] = {0};
  sesp_download_request_t request;
  sesp_text_printable(project, sizeof(project), core->config.project);
  sesp_text_hex(image_hex, core->config.identity, SESP_IDENTITY_BYTES);
  request.url = url;
  /* The image that a manifest names is wanted whatever runs; only the question for news is conditional. */
  request.if_none_match = accept_manifest ? core->installed_etag : "";
  request.project = project;
  request.chip = core->config.chip;
  request.version = core->version;
  request.image_hex = image_hex;
  request.accept_manifest = accept_manifest;
  request.max_bytes = max_bytes;
  request.resume_from = core->offer.resume_from;
  request.if_range = core->offer.resume_from > 0u ? core->offer.etag : "";
  return sesp_call_download_start(core, &request);
}
