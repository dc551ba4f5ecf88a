/* SPDX-License-Identifier: MIT */
/** @file enrol_port.h @brief What the ESP-IDF parts of enrolment share. */
#ifndef SECURE_ESP_ENROL_PORT_H
#define SECURE_ESP_ENROL_PORT_H

#include "enrol.h"

/** One POST, verified by the CA certificates `ca` (PEM). */
void sesp_enrol_http_post(const char *ca, const sesp_enrol_request_t *request, char *body, size_t capacity,
                          sesp_enrol_answer_t *answer);

#endif
