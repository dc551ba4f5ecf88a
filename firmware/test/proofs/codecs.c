/* SPDX-License-Identifier: MIT */
/*
 * The generated codecs as the core may rely on them, for Eva: what their contracts and their header promise, and nothing
 * else. The generated files themselves are proved by WP; that decoded texts end and that members are within their bounds
 * is what their fuzz targets look for.
 */
#include "model.h"
#include "secure_esp_protocol.h"

#define TEXT(member) scribble_text((member), sizeof(member))

static sesp_codec_t any_fault(void) {
  const uint32_t code = any % 6u;
  return code == 0u ? SESP_CODEC_OK
                    : code == 1u ? SESP_CODEC_BAD_PAYLOAD
                                 : code == 2u ? SESP_CODEC_OUT_OF_RANGE
                                              : code == 3u ? SESP_CODEC_TOO_LONG
                                                           : code == 4u ? SESP_CODEC_NO_SPACE : SESP_CODEC_BAD_VALUE;
}

sesp_codec_t sesp_update_url_decode(const uint8_t *data, size_t len, sesp_update_url_t *out) {
  /*@ assert \separated(data + (0 .. len - 1), out); */
  look(data, len);
  TEXT(out->value);
  return any_fault();
}

sesp_codec_t sesp_update_use_url_decode(const uint8_t *data, size_t len, sesp_update_use_url_t *out) {
  /*@ assert \separated(data + (0 .. len - 1), out); */
  look(data, len);
  out->value = (uint8_t)(any % 2u);
  return any_fault();
}

sesp_codec_t sesp_update_interval_decode(const uint8_t *data, size_t len, sesp_update_interval_t *out) {
  /*@ assert \separated(data + (0 .. len - 1), out); */
  look(data, len);
  if (perhaps()) {
    out->value = 300u + below(9999700u);
    return SESP_CODEC_OK;
  }
  out->value = 0;
  return SESP_CODEC_BAD_PAYLOAD;
}

sesp_codec_t sesp_update_run_decode(const uint8_t *data, size_t len) {
  (void)data;
  return len == 0u ? SESP_CODEC_OK : SESP_CODEC_BAD_PAYLOAD;
}

sesp_codec_t sesp_restart_decode(const uint8_t *data, size_t len) {
  (void)data;
  return len == 0u ? SESP_CODEC_OK : SESP_CODEC_BAD_PAYLOAD;
}

sesp_codec_t sesp_manifest_header_decode(const uint8_t *data, size_t len, sesp_manifest_header_t *out) {
  /*@ assert \separated(data + (0 .. len - 1), out); */
  look(data, len);
  TEXT(out->kid);
  return any_fault();
}

/** All of it, or on a refusal nothing. */
sesp_codec_t sesp_manifest_decode(const uint8_t *data, size_t len, sesp_manifest_t *out) {
  /*@ assert \separated(data + (0 .. len - 1), out); */
  look(data, len);
  out->seq = any;
  out->exp = any;
  TEXT(out->project);
  TEXT(out->chip);
  TEXT(out->version);
  out->secure_version = any;
  out->size = any;
  TEXT(out->sha256);
  TEXT(out->image);
  TEXT(out->url);
  out->has_from = perhaps();
  out->from_count = below(9u);
  /*@ loop unroll 8; */
  for (size_t at = 0; at < 8u; at++) {
    TEXT(out->from[at]);
  }
  return any_fault();
}

/** Any text within `cap` bytes. */
static sesp_codec_t write(char *out, size_t cap, size_t *out_len) {
  if (cap == 0u || perhaps()) {
    if (cap > 0u) {
      out[0] = '\0';
    }
    return SESP_CODEC_NO_SPACE;
  }
  scribble((uint8_t *)out, cap);
  *out_len = below((uint32_t)cap);
  out[*out_len] = '\0';
  return SESP_CODEC_OK;
}

sesp_codec_t sesp_update_interval_encode(const sesp_update_interval_t *in, char *out, size_t out_cap, size_t *out_len) {
  /*@ assert \separated(in, out + (0 .. out_cap - 1)); */
  return in->value > 0u ? write(out, out_cap, out_len) : SESP_CODEC_OUT_OF_RANGE;
}

sesp_codec_t sesp_status_encode(const sesp_status_t *in, char *out, size_t out_cap, size_t *out_len) {
  /*@ assert \separated(in, out + (0 .. out_cap - 1)); */
  if (in->kind == SESP_STATUS_KIND_ONLINE_TRUE) {
    look_text(in->as.online_true.project, sizeof(in->as.online_true.project));
    look_text(in->as.online_true.version, sizeof(in->as.online_true.version));
    look_text(in->as.online_true.chip, sizeof(in->as.online_true.chip));
    look_text(in->as.online_true.contract, sizeof(in->as.online_true.contract));
    if ((uint32_t)in->as.online_true.reset_reason + in->as.online_true.boot_id + in->as.online_true.protocol == 7u) {
      return SESP_CODEC_BAD_VALUE;
    }
  }
  return write(out, out_cap, out_len);
}

sesp_codec_t sesp_update_state_encode(const sesp_update_state_t *in, char *out, size_t out_cap, size_t *out_len) {
  /*@ assert \separated(in, out + (0 .. out_cap - 1)); */
  look_text(in->from, sizeof(in->from));
  if (!in->to_is_null) {
    look_text(in->to, sizeof(in->to));
  }
  if (in->run + in->bytes + in->total + (uint32_t)in->state + (in->reason_is_null ? 0u : (uint32_t)in->reason) == 7u) {
    return SESP_CODEC_BAD_VALUE;
  }
  return write(out, out_cap, out_len);
}

sesp_codec_t sesp_settings_encode(const sesp_settings_t *in, char *out, size_t out_cap, size_t *out_len) {
  /*@ assert \separated(in, out + (0 .. out_cap - 1)); */
  if (!in->url_is_null) {
    look_text(in->url, sizeof(in->url));
  }
  return in->use_url + in->interval == 7u ? SESP_CODEC_BAD_VALUE : write(out, out_cap, out_len);
}

sesp_codec_t sesp_replies_encode(const sesp_replies_t *in, char *out, size_t out_cap, size_t *out_len) {
  /*@ assert \separated(in, out + (0 .. out_cap - 1)); */
  if (in->kind == SESP_REPLIES_KIND_OK_TRUE) {
    return in->as.ok_true.has_run && in->as.ok_true.run == 7u ? SESP_CODEC_BAD_VALUE : write(out, out_cap, out_len);
  }
  look_text(in->as.ok_false.detail, sizeof(in->as.ok_false.detail));
  return (uint32_t)in->as.ok_false.code == 7u ? SESP_CODEC_BAD_VALUE : write(out, out_cap, out_len);
}

const char *sesp_update_state_reason_to_string(sesp_update_state_reason_t value) {
  return (uint32_t)value == 7u ? "unknown" : "manifest_replayed";
}

/** A length and an offset of a part of the topic; 0 for none. */
static void part(size_t topic_len, size_t max, size_t *offset, size_t *len) {
  *offset = 0;
  *len = 0;
  if (topic_len > 0u && perhaps()) {
    *offset = below((uint32_t)topic_len);
    *len = below((uint32_t)(topic_len - *offset) + 1u);
    if (*len > max) {
      *len = max;
    }
    /*@ admit *offset + *len <= topic_len; */
  }
}

bool sesp_topic_match(const char *topic, size_t topic_len, sesp_topic_match_t *out) {
  look((const uint8_t *)topic, topic_len);
  const uint32_t leaf = any % (uint32_t)SESP_TOPIC_COUNT;
  out->topic = (sesp_topic_t)leaf;
  out->scope = perhaps() ? SESP_SCOPE_ALL : SESP_SCOPE_DEVICE;
  part(topic_len, SESP_DEVICE_ID_MAX_BYTES, &out->device_offset, &out->device_len);
  part(topic_len, SESP_CLIENT_ID_MAX_BYTES, &out->client_offset, &out->client_len);
  return perhaps();
}

sesp_codec_t sesp_topic_build(sesp_topic_t topic, sesp_scope_t scope, const char *device, const char *client, char *out,
                              size_t out_cap, size_t *out_len) {
  if (device != NULL) {
    look_text(device, SESP_DEVICE_ID_MAX_BYTES + 1u);
  }
  if (client != NULL) {
    look_text(client, SESP_CLIENT_ID_MAX_BYTES + 1u);
  }
  return (uint32_t)topic + (uint32_t)scope == 7u ? SESP_CODEC_BAD_VALUE : write(out, out_cap, out_len);
}

bool sesp_device_id_valid(const char *id, size_t len) {
  look((const uint8_t *)id, len);
  return len > 0u && len <= SESP_DEVICE_ID_MAX_BYTES && perhaps();
}
