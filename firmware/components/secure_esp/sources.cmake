# Paths relative to this file. CMakeLists.txt picks one of each pair; tests read the same lists.
include("${CMAKE_CURRENT_LIST_DIR}/src/enrol/sources.cmake")
set(SECURE_ESP_SOURCES
  src/application.c
  src/application_command.c
  src/application_publish.c
  src/boot.c
  src/core_task.c
  src/credentials.c
  src/download.c
  src/download_body.c
  src/download_request.c
  src/enrolment.c
  src/facts.c
  src/image.c
  src/mqtt.c
  src/mqtt_inbound.c
  src/mqtt_link.c
  src/mqtt_outbound.c
  src/network.c
  src/port.c
  src/provisioning.c
  src/release_keys.c
  src/secure_esp.c
  src/slot.c
  src/store.c
  src/time.c
  src/tls_failure.c
  src/verify.c
  src/watchdog.c
  src/worker.c
  ${SECURE_ESP_ENROL_SOURCES}
)
set(SECURE_ESP_SOURCES_IDF5 src/mqtt_ack_v1.c)
set(SECURE_ESP_SOURCES_IDF6 src/mqtt_ack.c)
set(SECURE_ESP_SOURCES_NVS_PLAIN src/nvs_plain.c)
set(SECURE_ESP_SOURCES_NVS_ENCRYPTED src/nvs_encrypted.c)
set(SECURE_ESP_SOURCES_SIGNATURE_NONE src/signature_none.c)
set(SECURE_ESP_SOURCES_SIGNATURE_V1 src/signature_v1.c)
set(SECURE_ESP_SOURCES_SIGNATURE_V2 src/signature_v2.c)
