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
void resume_suite(void);
void resume_faults_suite(void);
void retry_suite(void);
void faults_suite(void);
void config_suite(void);
void text_edges_suite(void);
void session_edges_suite(void);
void store_edges_suite(void);
void update_edges_suite(void);

/** The generated topics and codecs, which need nothing of the core. */
#define PROTOCOL_SUITES                                                                                   \
  {"protocol: topics", protocol_topics_suite}, {"protocol: text", protocol_text_suite},                   \
  {"protocol: JSON", protocol_json_suite}, {"protocol: payloads", protocol_payloads_suite},               \
  {"protocol: encoders", protocol_encoders_suite}, {"protocol: documents", protocol_documents_suite}

void protocol_topics_suite(void);
void protocol_text_suite(void);
void protocol_json_suite(void);
void protocol_payloads_suite(void);
void protocol_encoders_suite(void);
void protocol_documents_suite(void);

#endif
