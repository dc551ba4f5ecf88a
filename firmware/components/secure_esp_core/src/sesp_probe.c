/* SPDX-License-Identifier: MIT */
/*
 * Is it the network, or us? Past the confirmation deadline, while the broker is unreachable, a request is sent to the update
 * server now and then. Its answer is not read. A server that our image does not trust, or that does not trust us, is the
 * image's fault; everything else leaves it pending: a broker that is away is nobody's reason to roll back.
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

void sesp_probe_result(sesp_core_t *core, sesp_connect_failure_t failure) {
  core->confirm.probing = false;
  if (!core->connected && failure == SESP_CONNECT_TLS) {
    sesp_confirm_roll_back(core, "OTA-Update not confirmed: the update server is not trusted. Rolling back");
  }
}
