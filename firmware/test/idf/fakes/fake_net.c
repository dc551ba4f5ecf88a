/* SPDX-License-Identifier: MIT */
/* IP addresses, events of the default loop, SNTP. */
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "esp_event.h"
#include "esp_netif.h"
#include "esp_netif_sntp.h"
#include "fake.h"
#include "fake_internal.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#define MAX_HANDLERS (8u)
#define SNTP_ANSWER_US (300000u)

esp_event_base_t const IP_EVENT = "IP_EVENT";

static struct {
  esp_event_base_t base;
  int32_t id;
  esp_event_handler_t handler;
  void *arg;
} handlers[MAX_HANDLERS];

static bool has_loop;
static bool is_up;
struct esp_netif_obj {
  int unused;
};
static struct esp_netif_obj netif;

esp_err_t esp_event_loop_create_default(void) {
  FAKE_FAULT();
  const bool had = has_loop;
  has_loop = true;
  return had ? ESP_ERR_INVALID_STATE : ESP_OK;
}

esp_err_t esp_event_handler_register(esp_event_base_t event_base, int32_t event_id, esp_event_handler_t event_handler,
                                     void *event_handler_arg) {
  FAKE_FAULT();
  if (!has_loop) {
    return ESP_ERR_INVALID_STATE;
  }
  for (unsigned at = 0; at < MAX_HANDLERS; at++) {
    if (handlers[at].handler == NULL) {
      handlers[at].base = event_base;
      handlers[at].id = event_id;
      handlers[at].handler = event_handler;
      handlers[at].arg = event_handler_arg;
      return ESP_OK;
    }
  }
  return ESP_ERR_NO_MEM;
}

esp_err_t esp_event_handler_unregister(esp_event_base_t event_base, int32_t event_id,
                                       esp_event_handler_t event_handler) {
  for (unsigned at = 0; at < MAX_HANDLERS; at++) {
    if (handlers[at].handler == event_handler && handlers[at].base == event_base && handlers[at].id == event_id) {
      handlers[at].handler = NULL;
    }
  }
  return ESP_OK;
}

void fake_post_event(const char *base, int32_t id) {
  for (unsigned at = 0; at < MAX_HANDLERS; at++) {
    if (handlers[at].handler != NULL && strcmp(handlers[at].base, base) == 0 &&
        (handlers[at].id == ESP_EVENT_ANY_ID || handlers[at].id == id)) {
      handlers[at].handler(handlers[at].arg, handlers[at].base, id, NULL);
    }
  }
}

void fake_net_up(void) {
  is_up = true;
  fake_post_event(IP_EVENT, IP_EVENT_STA_GOT_IP);
}

void fake_net_down(void) {
  is_up = false;
  fake_post_event(IP_EVENT, IP_EVENT_STA_LOST_IP);
}

esp_err_t esp_netif_init(void) { return ESP_OK; }
esp_netif_t *esp_netif_get_default_netif(void) { return is_up ? &netif : NULL; }

bool esp_netif_is_netif_up(esp_netif_t *esp_netif) {
  (void)esp_netif;
  return is_up;
}

esp_err_t esp_netif_get_ip_info(esp_netif_t *esp_netif, esp_netif_ip_info_t *ip_info) {
  (void)esp_netif;
  (void)memset(ip_info, 0, sizeof(*ip_info));
  ip_info->ip.addr = is_up ? 0x0100007Fu : 0u;
  return ESP_OK;
}

int64_t fake_sntp_unix_s = 1800000000;
static esp_sntp_config_t sntp;
static bool sntp_runs;

bool fake_sntp_started(void) { return sntp_runs; }

static void sntp_task(void *arg) {
  (void)arg;
  (void)fake_block(NULL, NULL, SNTP_ANSWER_US);
  if (fake_sntp_unix_s != 0) {
    struct timeval time = {.tv_sec = (time_t)fake_sntp_unix_s, .tv_usec = 0};
    fake_set_unix_us(fake_sntp_unix_s * 1000000);
    if (sntp.sync_cb != NULL) {
      sntp.sync_cb(&time);
    }
  }
  vTaskDelete(NULL);
}

esp_err_t esp_netif_sntp_init(const esp_sntp_config_t *config) {
  FAKE_FAULT();
  if (sntp_runs) {
    return ESP_ERR_INVALID_STATE;
  }
  sntp = *config;
  sntp_runs = true;
  return xTaskCreate(sntp_task, "sntp", 4096, NULL, 18, NULL) == pdPASS ? ESP_OK : ESP_ERR_NO_MEM;
}

esp_err_t esp_netif_sntp_start(void) { return ESP_OK; }
void esp_netif_sntp_deinit(void) { sntp_runs = false; }

esp_err_t esp_netif_sntp_sync_wait(TickType_t tout) {
  (void)fake_block(NULL, NULL, fake_ticks_us(tout));
  return ESP_ERR_TIMEOUT;
}
