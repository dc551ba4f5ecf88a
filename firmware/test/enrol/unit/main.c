/* SPDX-License-Identifier: MIT */
#include "suites.h"

int main(void) {
  static const check_suite_t suites[] = {
      {"der", der_suite},         {"base64", base64_suite},           {"key", key_suite},
      {"request", request_suite}, {"certificate", certificate_suite}, {"answer", answer_suite},
      {"machine", machine_suite},
  };
  return check_run(suites, sizeof(suites) / sizeof(suites[0]));
}
