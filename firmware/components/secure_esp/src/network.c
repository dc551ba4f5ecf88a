/* SPDX-License-Identifier: MIT */
/* Waits for an IP address, whoever brings it: Wi-Fi, Ethernet, PPP. Then for the time, but not for ever. */
#include <stdatomic.h>

#include "esp_event.h"
#include "esp_log.h"
#include "esp_netif.h"
#include "sdkconfig.h"
#include "sesp_idf.h"

static atomic_bool s_has_address;
static atomic_bool s_ready;
/** When it is connected at the latest, with or without the time. */
static uint64_t s_connect_ms;

static void on_ip_event(void *arg, esp_event_base_t base, int32_t id, void *data) {
  (void)arg;
  (void)base;
  (void)data;
  switch (id) {
    case IP_EVENT_STA_GOT_IP:
    case IP_EVENT_ETH_GOT_IP:
    case IP_EVENT_PPP_GOT_IP:
    case IP_EVENT_GOT_IP6:
      break;
    default:
      return;
  }
  atomic_store(&s_has_address, true);
  const sesp_idf_event_t wake = {.kind = SESP_IDF_EVENT_WAKE};
  (void)sesp_idf_post(&wake, 8);
}

/** The network may have come up before us. */
static bool has_address_already(void) {
  esp_netif_ip_info_t info;
  esp_netif_t *const netif = esp_netif_get_default_netif();
  return netif != NULL && esp_netif_is_netif_up(netif) && esp_netif_get_ip_info(netif, &info) == ESP_OK &&
         info.ip.addr != 0u;
}

esp_err_t sesp_idf_network_init(void) {
  esp_err_t error = esp_event_loop_create_default();
  if (error != ESP_OK && error != ESP_ERR_INVALID_STATE) {
    return error;
  }
  error = esp_event_handler_register(IP_EVENT, ESP_EVENT_ANY_ID, on_ip_event, NULL);
  if (error == ESP_OK && has_address_already()) {
    atomic_store(&s_has_address, true);
  }
  return error;
}

/* A lost address is noticed by the connections themselves, so it is not tracked. */
void sesp_idf_network_step(void) {
  if (atomic_load(&s_ready) || !atomic_load(&s_has_address)) {
    return;
  }
  const uint64_t now = sesp_idf_now_ms();
  if (s_connect_ms == 0u) {
    s_connect_ms = now + CONFIG_SECURE_ESP_SNTP_WAIT_S * 1000u + 1u;
    sesp_idf_time_network_up();
  }
  /* Certificates cannot be judged without the time; a device whose time server is gone tries all the same. */
  if (sesp_idf_time_synced() || CONFIG_SECURE_ESP_SNTP_SERVER[0] == '\0' || now >= s_connect_ms) {
    atomic_store(&s_ready, true);
  }
}

bool sesp_idf_network_ready(void) {
  return atomic_load(&s_ready);
}
