/* SPDX-License-Identifier: MIT */
/*
 * Release manifests. First byte even: the rest is a compact JWS; odd: the rest is the JSON of a payload, signed well.
 * An image is asked for only after a manifest that the rules allow.
 */
#include <stdlib.h>
#include <string.h>

#include "manifest.h"
#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADER \
  "{\"alg\":\"ES256\",\"kid\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}"

static world_t world;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char payload[2049];
  if (size == 0u || size > 2048u) {
    return 0;
  }
  /* Exactly as long as the manifest, so that the sanitizer sees every step beyond it. */
  uint8_t buffer[4096];
  size_t len = size - 1u;
  memcpy(buffer, data + 1, len);
  if (data[0] % 2u == 1u) {
    memcpy(payload, data + 1, len);
    payload[len] = '\0';
    len = jws_of(HEADER, payload, buffer, sizeof(buffer));
  }
  uint8_t *jws = malloc(len == 0u ? 1u : len);
  if (jws == NULL) {
    return 0;
  }
  memcpy(jws, buffer, len);
  world_ready(&world);
  world_command(&world, "update/run", "", 1);
  world_respond(&world, 200, "application/jose", -1, "");
  sesp_on_manifest(&world.core, jws, len);
  free(jws);
  if (world.starts == 2u && (strcmp(world.core.offer.manifest.project, "secure_esp") != 0 ||
                             strcmp(world.core.offer.manifest.chip, "esp32c3") != 0 ||
                             world.core.offer.manifest.size > world.config.slot_size)) {
    abort();
  }
  return 0;
}
