/* SPDX-License-Identifier: MIT */
#include "check.h"

check_state_t check_state;

int check_run(const check_suite_t *suites, size_t count) {
  for (size_t at = 0; at < count; at++) {
    check_state.suite = suites[at].name;
    suites[at].run();
  }
  (void)printf("%u tests, %u checks, %u failures\n", check_state.tests, check_state.checks, check_state.failures);
  return check_state.failures == 0u ? 0 : 1;
}
