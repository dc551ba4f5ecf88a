# Enrolment, relative to the component. The portable ones are also what the host tests compile.
set(SECURE_ESP_ENROL_PORTABLE_SOURCES
  src/enrol/enrol.c
  src/enrol/enrol_answer.c
  src/enrol/enrol_base64.c
  src/enrol/enrol_certificate.c
  src/enrol/enrol_der.c
  src/enrol/enrol_key.c
  src/enrol/enrol_request.c
)
set(SECURE_ESP_ENROL_SOURCES
  ${SECURE_ESP_ENROL_PORTABLE_SOURCES}
  src/enrol/enrol_esp.c
  src/enrol/enrol_http.c
  src/enrol/enrol_psa.c
)
