/* SPDX-License-Identifier: MIT */
/* espressif/mqtt 1.1 hands over the reason code of PUBACK (MQTT 5, 3.4.2.1): 0x80 and above are failures. */
#include "mqtt_client.h"
#include "sesp_idf.h"

bool sesp_idf_ack_good(const esp_mqtt_event_t *event) {
  return event->msg_id > 0 && (unsigned)event->reason_code < 0x80u;
}
