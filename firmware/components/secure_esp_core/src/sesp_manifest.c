/* SPDX-License-Identifier: MIT */
#include "sesp_internal.h"
#include "sesp_jws.h"
#include "sesp_text.h"

#define SIGNATURE_BYTES (64u)

/** Reads the protected header: which key is said to have signed. */
static bool read_header(const sesp_jws_t *jws, sesp_manifest_header_t *out) {
  uint8_t raw[SESP_MANIFEST_HEADER_MAX_BYTES] = {0};
  size_t len = 0;
  return sesp_base64url_decode(jws->header, jws->header_len, raw, sizeof(raw), &len) &&
         sesp_manifest_header_decode(raw, len, out) == SESP_CODEC_OK;
}

/** Authenticates the manifest before anything of its payload is looked at. */
static sesp_verdict_t authenticate(const sesp_core_t *core, const sesp_jws_t *jws, const char **detail) {
  sesp_manifest_header_t header;
  uint8_t signature[SIGNATURE_BYTES] = {0};
  size_t len = 0;
  *detail = "the release manifest is malformed";
  if (!read_header(jws, &header) ||
      !sesp_base64url_decode(jws->signature, jws->signature_len, signature, sizeof(signature), &len) ||
      len != sizeof(signature)) {
    return SESP_UPDATE_STATE_REASON_BAD_SIGNATURE;
  }
  *detail = "the release manifest's";
  switch (sesp_call_verify_es256(core, header.kid, jws->signing_input, jws->signing_input_len,
                                   signature)) {
    case SESP_ES256_OK:
      return SESP_VERDICT_GOOD;
    case SESP_ES256_UNKNOWN_KEY:
      return SESP_UPDATE_STATE_REASON_UNTRUSTED_KEY;
    case SESP_ES256_BAD:
    default:
      return SESP_UPDATE_STATE_REASON_BAD_SIGNATURE;
  }
}

static sesp_verdict_t read_manifest(sesp_core_t *core, uint8_t *jws, size_t len, const char **detail) {
  sesp_jws_t parts;
  size_t payload_len = 0;
  *detail = "the release manifest is too long";
  if (len > SESP_JWS_MAX_BYTES) {
    return SESP_UPDATE_STATE_REASON_TOO_LARGE;
  }
  *detail = "the release manifest is malformed";
  if (jws == NULL || !sesp_jws_split(jws, len, &parts)) {
    return SESP_UPDATE_STATE_REASON_BAD_SIGNATURE;
  }
  const sesp_verdict_t authentic = authenticate(core, &parts, detail);
  if (authentic != SESP_VERDICT_GOOD) {
    return authentic;
  }
  *detail = "the release manifest does not follow the contract";
  if (!sesp_base64url_decode(parts.payload, parts.payload_len, parts.payload, parts.payload_len, &payload_len) ||
      sesp_manifest_decode(parts.payload, payload_len, &core->offer.manifest) != SESP_CODEC_OK) {
    return SESP_UPDATE_STATE_REASON_NOT_AN_IMAGE;
  }
  sesp_text_printable(core->report.to, sizeof(core->report.to), core->offer.manifest.version);
  core->report.to_is_null = false;
  return sesp_release_check(core, &core->offer.manifest, detail);
}

void sesp_on_manifest(sesp_core_t *core, uint8_t *jws, size_t len) {
  const char *detail = NULL;
  if (core->phase != SESP_PHASE_MANIFEST) {
    return;
  }
  const sesp_verdict_t verdict = read_manifest(core, jws, len, &detail);
  if (verdict != SESP_VERDICT_GOOD) {
    sesp_run_fail(core, (sesp_update_state_reason_t)verdict, detail);
    return;
  }
  if (!sesp_release_from(core, &core->offer.manifest)) {
    sesp_run_none_newer(core, "No newer firmware: the release does not update this version");
    return;
  }
  core->offer.has_manifest = true;
  core->report.total = core->offer.manifest.size;
  sesp_run_ask(core);
}
