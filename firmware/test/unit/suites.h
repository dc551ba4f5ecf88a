/* SPDX-License-Identifier: MIT */
#ifndef SUITES_H
#define SUITES_H

#include "check.h"

void version_suite(void);
void image_header_suite(void);
void jws_suite(void);
void records_suite(void);
void session_suite(void);
void commands_suite(void);
void replies_suite(void);
void schedule_suite(void);
void direct_update_suite(void);
void release_suite(void);
void boot_suite(void);
void confirm_suite(void);
void faults_suite(void);
void config_suite(void);

#endif
