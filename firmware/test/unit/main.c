/* SPDX-License-Identifier: MIT */
#include "suites.h"

check_state_t check_state;

int main(void) {
  static const struct {
    const char *name;
    void (*run)(void);
  } suites[] = {
      {"version", version_suite},   {"image header", image_header_suite}, {"jws", jws_suite},
      {"records", records_suite},   {"session", session_suite},           {"commands", commands_suite},
      {"replies", replies_suite},   {"schedule", schedule_suite},         {"direct update", direct_update_suite},
      {"release", release_suite},   {"boot", boot_suite},                 {"confirm", confirm_suite},
      {"faults", faults_suite},     {"config", config_suite},
  };
  for (size_t at = 0; at < sizeof(suites) / sizeof(suites[0]); at++) {
    check_state.suite = suites[at].name;
    suites[at].run();
  }
  (void)printf("%u tests, %u checks, %u failures\n", check_state.tests, check_state.checks, check_state.failures);
  return check_state.failures == 0u ? 0 : 1;
}
