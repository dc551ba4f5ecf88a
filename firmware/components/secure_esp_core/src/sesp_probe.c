/* SPDX-License-Identifier: MIT */
/*
 * Is the network gone, or only the broker? Past the confirmation deadline a request is sent to the update server. Its
 * answer is not read: that there is one decides.
 */
#include "sesp_config_defaults.h"
#include "sesp_internal.h"

void sesp_probe_start(sesp_core_t *core, uint64_t now) {
  const char *url = sesp_settings_url(core);
  core->confirm.probe_ms = now + SESP_CONFIRM_PROBE_MS;
  core->confirm.probing = url != NULL && sesp_request(core, url, true, core->config.slot_size) == SESP_OK;
}

void sesp_probe_stop(sesp_core_t *core) {
  if (core->confirm.probing) {
    core->confirm.probing = false;
    sesp_call_download_abort(core);
  }
}

void sesp_probe_result(sesp_core_t *core, sesp_connect_failure_t failure, bool answered) {
  core->confirm.probing = false;
  if (core->connected) {
    return;
  }
  if (answered) {
    sesp_confirm_roll_back(core, "OTA-Update not confirmed: only the broker is unreachable. Rolling back");
  } else if (failure == SESP_CONNECT_TLS) {
    sesp_confirm_roll_back(core, "OTA-Update not confirmed: the update server is not trusted. Rolling back");
  }
}
