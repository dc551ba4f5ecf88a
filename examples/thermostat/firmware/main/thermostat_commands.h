/**
 * @file thermostat_commands.h
 * @brief Between the contract and the control: commands in, replies and climate out. No heap.
 */
#ifndef THERMOSTAT_COMMANDS_H
#define THERMOSTAT_COMMANDS_H

#include <stddef.h>
#include <stdint.h>

#include "thermostat_control.h"
#include "thermostat_protocol.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Carries out a command of this product, or says why not. Payloads that are not of the contract change nothing.
 *
 * @param[in] topic what the topic names; the caller has compared the device with its own
 * @param[out] reply what to answer: `unsupported` for topics of somebody else
 */
void thermostat_commands_handle(thermostat_control_t *control, thermostat_topic_t topic, const uint8_t *payload,
                                size_t payload_len, thermostat_replies_t *reply);

/**
 * Writes the payload of `app/climate`, without terminator.
 *
 * @param[in] out_cap THERMOSTAT_APP_CLIMATE_MAX_BYTES is always enough
 * @return THERMOSTAT_CODEC_OK; THERMOSTAT_CODEC_NO_SPACE. A temperature beyond the contract is written as none.
 */
thermostat_codec_t thermostat_commands_climate(const thermostat_control_t *control, thermostat_reading_t reading,
                                               char *out, size_t out_cap, size_t *out_len);

#ifdef __cplusplus
}
#endif

#endif /* THERMOSTAT_COMMANDS_H */
