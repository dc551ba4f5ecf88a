/* SPDX-License-Identifier: MIT */
/* The unit tests of the generated topics and codecs alone. */
#include "suites.h"

int main(void) {
  static const check_suite_t suites[] = {PROTOCOL_SUITES};
  return check_run(suites, sizeof(suites) / sizeof(suites[0]));
}
