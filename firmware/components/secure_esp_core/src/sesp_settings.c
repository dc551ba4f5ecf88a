/* SPDX-License-Identifier: MIT */
#include "sesp_internal.h"
#include "sesp_text.h"

/** A stored payload that the contract's decoder accepts, or nothing. */
/*@ requires \valid_read(core) && \valid(out + (0 .. capacity - 1)) && \valid(len);
    requires \separated(out + (0 .. capacity - 1), len);
    assigns out[0 .. capacity - 1], *len;
    ensures \result ==> *len <= capacity; */
static bool load(const sesp_core_t *core, const char *key, uint8_t *out, size_t capacity, size_t *len) {
  return sesp_call_kv_get(core, key, out, capacity, len) == SESP_KV_OK;
}

/*@ requires SESP_CORE_OK(core); assigns *core; ensures SESP_CORE_OK(core); */
static void load_url(sesp_core_t *core) {
  sesp_update_url_t url;
  size_t len = 0;
  uint8_t *raw = (uint8_t *)core->payload; /* scratch: nothing is being published yet */
  if (load(core, SESP_KEY_URL, raw, sizeof(core->payload), &len) &&
      sesp_update_url_decode(raw, len, &url) == SESP_CODEC_OK) {
    sesp_text_assign(core->settings.url, url.value, sizeof(core->settings.url));
  }
}

void sesp_settings_load(sesp_core_t *core) {
  uint8_t raw[16] = {0};
  size_t len = 0;
  sesp_update_use_url_t use_url;
  sesp_update_interval_t interval;
  sesp_text_clear(core->settings.url, sizeof(core->settings.url));
  core->settings.use_url = 0;
  core->settings.interval_s = core->config.default_interval_s;
  load_url(core);
  /* use_url without a URL cannot be set by command, so it means a damaged store: the built-in URL is the safe one. */
  if (core->settings.url[0] != '\0' && load(core, SESP_KEY_USE_URL, raw, sizeof(raw), &len) &&
      sesp_update_use_url_decode(raw, len, &use_url) == SESP_CODEC_OK) {
    core->settings.use_url = use_url.value;
  }
  if (load(core, SESP_KEY_INTERVAL, raw, sizeof(raw), &len) &&
      sesp_update_interval_decode(raw, len, &interval) == SESP_CODEC_OK) {
    core->settings.interval_s = interval.value;
  }
}

const char *sesp_settings_url(const sesp_core_t *core) {
  const char *url = core->settings.use_url == 1u ? core->settings.url : core->config.builtin_url;
  return url[0] == '\0' ? NULL : url;
}
