/* SPDX-License-Identifier: MIT */
/*
 * A clock with a lower bound. SNTP is not authenticated: it may move the clock forwards, and backwards never behind the
 * last good time in NVS. That time is also what a device starts with when SNTP does not answer.
 */
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>

#include "esp_log.h"
#include "esp_netif_sntp.h"
#include "sdkconfig.h"
#include "sesp_idf.h"

/** A clock before 2026-01-01 was never set. */
#define PLAUSIBLE_S (1767225600LL)
#define KEEP_EVERY_S (3600LL)
#define KEY "last_time"

static atomic_bool s_synced;
static bool s_sntp_started;
/** The bound; written by the core task, read by SNTP's callback too, where 32 bits are written at once. */
static atomic_uint s_bound_s;

static void set_clock(int64_t seconds) {
  const struct timeval value = {.tv_sec = (time_t)seconds, .tv_usec = 0};
  (void)settimeofday(&value, NULL);
}

static int64_t clock_s(void) {
  return (int64_t)time(NULL);
}

void sesp_idf_time_init(void) {
  uint32_t bound = 0;
  size_t len = 0;
  if (sesp_idf_store_get(KEY, (uint8_t *)&bound, sizeof(bound), &len) != SESP_KV_OK || len != sizeof(bound)) {
    bound = 0;
  }
  atomic_store(&s_bound_s, bound);
  if (clock_s() < (int64_t)bound) {
    set_clock((int64_t)bound);
  }
}

/** SNTP has set the clock already; take back what it must not do. */
static void on_sntp(struct timeval *answer) {
  const int64_t bound = (int64_t)atomic_load(&s_bound_s);
  if ((int64_t)answer->tv_sec < bound) {
    ESP_LOGW(SESP_IDF_TAG, "SNTP answers with a time before the last known one: refused");
    set_clock(bound);
    return;
  }
  atomic_store(&s_synced, true);
  const sesp_idf_event_t wake = {.kind = SESP_IDF_EVENT_WAKE};
  (void)sesp_idf_post(&wake, 8);
}

void sesp_idf_time_network_up(void) {
  if (s_sntp_started || CONFIG_SECURE_ESP_SNTP_SERVER[0] == '\0') {
    return;
  }
  esp_sntp_config_t config = ESP_NETIF_SNTP_DEFAULT_CONFIG(CONFIG_SECURE_ESP_SNTP_SERVER);
  config.wait_for_sync = false;
  config.sync_cb = on_sntp;
  const esp_err_t error = esp_netif_sntp_init(&config);
  /* Invalid state: the application runs SNTP itself; the bound in sesp_idf_time_unix_s() still holds. */
  s_sntp_started = error == ESP_OK || error == ESP_ERR_INVALID_STATE;
}

void sesp_idf_time_keep(void) {
  const int64_t now = clock_s();
  const int64_t bound = (int64_t)atomic_load(&s_bound_s);
  if (!atomic_load(&s_synced) || now < PLAUSIBLE_S || now > (int64_t)UINT32_MAX || now < bound + KEEP_EVERY_S) {
    return;
  }
  const uint32_t value = (uint32_t)now;
  /* The bound moves even when flash fails, so that a failing flash is not tried in every round. */
  atomic_store(&s_bound_s, value);
  (void)sesp_idf_store_set(KEY, (const uint8_t *)&value, sizeof(value));
}

uint32_t sesp_idf_time_unix_s(void) {
  const int64_t now = clock_s();
  const bool known = now >= PLAUSIBLE_S && now >= (int64_t)atomic_load(&s_bound_s) && now <= (int64_t)UINT32_MAX;
  return known ? (uint32_t)now : 0u;
}

bool sesp_idf_time_synced(void) {
  return atomic_load(&s_synced);
}
