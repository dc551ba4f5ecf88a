/* SPDX-License-Identifier: MIT */
/*
 * No task may be stuck for ever. Each promises when it will be back; a broken promise ends in a panic, and a panic of an
 * unconfirmed image ends in a rollback. A timer of our own rather than the task watchdog of ESP-IDF: that one has a
 * single time for all tasks (5 s by default, too short for a TLS handshake) and only prints unless told otherwise.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "esp_log.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "sesp_idf.h"

#define LOOK_EVERY_US (5000000u)

/** Seconds since boot, 0 = may wait for ever. 32 bits are read and written at once; 64 would not be. */
static atomic_uint s_until_s[SESP_IDF_WATCH_COUNT];

static void look(void *arg) {
  static const char *const NAMES[SESP_IDF_WATCH_COUNT] = {"core", "worker"};
  (void)arg;
  const unsigned now = (unsigned)(sesp_idf_now_ms() / 1000u);
  for (unsigned who = 0; who < SESP_IDF_WATCH_COUNT; who++) {
    const unsigned until = atomic_load(&s_until_s[who]);
    if (until != 0u && now > until) {
      ESP_LOGE(SESP_IDF_TAG, "the %s task is stuck", NAMES[who]);
      esp_system_abort("secure_esp: a task is stuck");
    }
  }
}

esp_err_t sesp_idf_watchdog_init(void) {
  esp_timer_handle_t timer = NULL;
  const esp_timer_create_args_t args = {.callback = look, .name = "secure_esp_wdt", .skip_unhandled_events = true};
  const esp_err_t error = esp_timer_create(&args, &timer);
  return error == ESP_OK ? esp_timer_start_periodic(timer, LOOK_EVERY_US) : error;
}

void sesp_idf_watchdog_allow(sesp_idf_watch_t who, uint32_t ms) {
  const unsigned now = (unsigned)(sesp_idf_now_ms() / 1000u);
  atomic_store(&s_until_s[who], ms == 0u ? 0u : now + 1u + ms / 1000u);
}
