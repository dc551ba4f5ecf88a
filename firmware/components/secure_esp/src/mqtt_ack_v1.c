/* SPDX-License-Identifier: MIT */
/* esp-mqtt of ESP-IDF 5.5 does not hand over the reason code of PUBACK: every acknowledgement counts as success. */
#include "mqtt_client.h"
#include "sesp_idf.h"

bool sesp_idf_ack_good(const esp_mqtt_event_t *event) {
  return event->msg_id > 0;
}
