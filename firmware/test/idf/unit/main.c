/* SPDX-License-Identifier: MIT */
#include "device.h"

#define ENTRY(name) {#name, name##_suite},

int main(void) {
  static const check_suite_t suites[] = {SUITES(ENTRY)};
  return check_run(suites, sizeof(suites) / sizeof(suites[0]));
}
