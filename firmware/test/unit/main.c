/* SPDX-License-Identifier: MIT */
#include "suites.h"

int main(void) {
  static const check_suite_t suites[] = {
      {"version", version_suite},   {"image header", image_header_suite}, {"jws", jws_suite},
      {"records", records_suite},   {"session", session_suite},           {"commands", commands_suite},
      {"replies", replies_suite},   {"schedule", schedule_suite},         {"direct update", direct_update_suite},
      {"release", release_suite},   {"boot", boot_suite},                 {"confirm", confirm_suite},
      {"resume", resume_suite},     {"resume faults", resume_faults_suite},
      {"retry", retry_suite},       {"faults", faults_suite},
      {"config", config_suite},     PROTOCOL_SUITES,
      {"text edges", text_edges_suite}, {"session edges", session_edges_suite},
      {"store edges", store_edges_suite}, {"update edges", update_edges_suite},
  };
  return check_run(suites, sizeof(suites) / sizeof(suites[0]));
}
