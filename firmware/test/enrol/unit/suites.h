/* SPDX-License-Identifier: MIT */
#ifndef ENROL_SUITES_H
#define ENROL_SUITES_H

#include "check.h"

void der_suite(void);
void base64_suite(void);
void key_suite(void);
void request_suite(void);
void certificate_suite(void);
void answer_suite(void);
void machine_suite(void);

#endif
