/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "boots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_internal.h"
#include "images.h"

#define EXIT_RESTART (100)

typedef struct {
  fake_chip_t chip;
  check_state_t checks;
} shared_t;

static shared_t *shared;
fake_chip_t *fake_chip;

void fake_new_chip(void) {
  if (shared == NULL) {
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
      abort();
    }
    fake_chip = &shared->chip;
  }
  (void)memset(fake_chip, 0, sizeof(*fake_chip));
  (void)memset(fake_chip->flash, 0xFF, sizeof(fake_chip->flash));
  fake_chip->state[0] = ESP_OTA_IMG_VALID;
  fake_chip->state[1] = ESP_OTA_IMG_UNDEFINED;
  fake_chip->reset_reason = ESP_RST_POWERON;
  fake_install(0, &(fake_image_spec_t){.version = "1.0.0"});
}

/* What the bootloader does with otadata before it starts an image. A model. */
static void bootloader(void) {
  const unsigned slot = fake_chip->boot;
  if (fake_chip->state[slot] == ESP_OTA_IMG_NEW) {
    fake_chip->state[slot] = ESP_OTA_IMG_PENDING_VERIFY;
  } else if (fake_chip->state[slot] == ESP_OTA_IMG_PENDING_VERIFY) {
    fake_chip->state[slot] = ESP_OTA_IMG_ABORTED;
    fake_chip->boot = 1u - slot;
  } else if (fake_chip->state[slot] == ESP_OTA_IMG_INVALID) {
    fake_chip->boot = 1u - slot;
  }
  fake_chip->running = fake_chip->boot;
}

void fake_reset(esp_reset_reason_t reason) {
  fake_chip->reset_reason = reason;
  fake_chip->unix_us = reason == ESP_RST_POWERON ? 0 : fake_unix_us();
  shared->checks = check_state;
  (void)fflush(NULL);
  _exit(EXIT_RESTART);
}

void fake_power_cut(void) { fake_reset(ESP_RST_POWERON); }

fake_boot_end_t fake_boot(void (*boot)(void)) {
  (void)fflush(NULL);
  if (fake_chip->boots > 0u) {
    bootloader();
  }
  fake_chip->boots++;
  shared->checks = check_state;
  const pid_t child = fork();
  if (child == 0) {
    (void)alarm(60);
    boot();
    shared->checks = check_state;
    (void)fflush(NULL);
    exit(0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) {
    abort();
  }
  check_state = shared->checks;
  if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_RESTART) {
    return FAKE_BOOT_RESTARTED;
  }
  char text[64];
  (void)snprintf(text, sizeof(text), "the boot ends in order (wait status 0x%x)", (unsigned)status);
  check_report(WIFEXITED(status) && WEXITSTATUS(status) == 0, text, __FILE__, __LINE__);
  return FAKE_BOOT_ENDED;
}
