/* SPDX-License-Identifier: MIT */
/**
 * @file enrol_esp.h
 * @brief Enrolment on ESP-IDF. Certificate and key are kept where provisioning from the desk has them: as `cert` and `key`
 * (PEM) in the namespace `secure_esp` of the provisioning partition, so whoever reads them there need not know how they
 * came. An application that erases its own NVS partition does not erase who the device is.
 *
 * Whether a device enrols, `est_url` says. Server: authenticated by `est_ca`, or by `server_ca` where there is none.
 */
#ifndef SECURE_ESP_ENROL_ESP_H
#define SECURE_ESP_ENROL_ESP_H

#include <stdbool.h>
#include <stdint.h>

#include "esp_err.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Returns when the device has a certificate, which may take as long as the server cannot be reached; at once if it has one.
 * Call it from a task (8 KiB of stack) before `cert` and `key` are read, with the network up and the clock set. Takes about
 * 12 KiB of heap besides that of TLS, while it runs.
 *
 * @param partition label of the provisioning partition, initialised (with its keys, if it is encrypted)
 * @return ESP_OK: there is a certificate, or the device is not one that enrols; ESP_ERR_INVALID_STATE: no claim, no CA, or
 *         a device id or URL that is none, so it has to be provisioned again; ESP_ERR_NO_MEM; those of NVS
 */
esp_err_t secure_esp_enrol_if_needed(const char *partition);

/**
 * Renews the certificate, for the same key, once 66 % of its time are spent: one request at most. The old one is good until
 * its end; use the new one from the next connection on.
 *
 * @param[out] renewed there is a new one
 * @param[out] wait_s call again after so many seconds, 60 .. one day
 * @return ESP_OK: renewed, or not due; ESP_ERR_NOT_FOUND: the device is not one that enrols; ESP_FAIL: to be tried again;
 *         ESP_ERR_INVALID_STATE: the clock is not set, or nothing can be renewed; ESP_ERR_NO_MEM; those of NVS
 */
esp_err_t secure_esp_renew_if_due(const char *partition, bool *renewed, uint32_t *wait_s);

#ifdef __cplusplus
}
#endif

#endif
