/* SPDX-License-Identifier: MIT */
/*
 * NVS. What is set is visible at once and durable with the commit: harder than the real one, which writes at once. A boot
 * ends with what was committed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "fake_internal.h"
#include "nvs.h"
#include "nvs_flash.h"

#define MAX_HANDLES (16u)
#define MAX_PARTITIONS (4u)

typedef struct {
  bool used;
  bool writable;
  char partition[17];
  char namespace_name[16];
} handle_t;

static handle_t handles[MAX_HANDLES];
static char opened[MAX_PARTITIONS][17];
static fake_nvs_entry_t *working; /* of this boot; copied from the chip at the first use */

static fake_nvs_entry_t *entries(void) {
  if (working == NULL) {
    working = malloc(sizeof(fake_chip->nvs));
    (void)memcpy(working, fake_chip->nvs, sizeof(fake_chip->nvs));
  }
  return working;
}

static fake_nvs_entry_t *find_in(fake_nvs_entry_t *list, const char *partition, const char *namespace_name,
                                 const char *key) {
  for (unsigned at = 0; at < FAKE_NVS_ENTRIES; at++) {
    fake_nvs_entry_t *entry = &list[at];
    if (entry->used && strcmp(entry->partition, partition) == 0 &&
        (namespace_name == NULL || strcmp(entry->namespace_name, namespace_name) == 0) &&
        (key == NULL || strcmp(entry->key, key) == 0)) {
      return entry;
    }
  }
  return NULL;
}

static fake_nvs_entry_t *place_in(fake_nvs_entry_t *list, const char *partition, const char *namespace_name,
                                  const char *key) {
  fake_nvs_entry_t *entry = find_in(list, partition, namespace_name, key);
  for (unsigned at = 0; entry == NULL && at < FAKE_NVS_ENTRIES; at++) {
    if (!list[at].used) {
      entry = &list[at];
    }
  }
  if (entry != NULL) {
    (void)memset(entry, 0, sizeof(*entry));
    entry->used = true;
    (void)snprintf(entry->partition, sizeof(entry->partition), "%s", partition);
    (void)snprintf(entry->namespace_name, sizeof(entry->namespace_name), "%s", namespace_name);
    (void)snprintf(entry->key, sizeof(entry->key), "%s", key);
  }
  return entry;
}

void fake_nvs_put(const char *partition, const char *namespace_name, const char *key, fake_nvs_type_t type,
                  const void *value, size_t len) {
  fake_nvs_entry_t *entry = place_in(fake_chip->nvs, partition, namespace_name, key);
  if (entry == NULL || len > sizeof(entry->value)) {
    abort();
  }
  entry->type = type;
  entry->len = len;
  (void)memcpy(entry->value, value, len);
  free(working);
  working = NULL;
}

void fake_nvs_put_number(const char *partition, const char *namespace_name, const char *key, uint8_t width,
                         uint64_t value) {
  fake_nvs_put(partition, namespace_name, key, FAKE_NVS_NUMBER, &value, sizeof(value));
  find_in(fake_chip->nvs, partition, namespace_name, key)->width = width;
}

void fake_nvs_remove(const char *partition, const char *namespace_name, const char *key) {
  fake_nvs_entry_t *entry = find_in(fake_chip->nvs, partition, namespace_name, key);
  if (entry != NULL) {
    entry->used = false;
  }
  free(working);
  working = NULL;
}

const fake_nvs_entry_t *fake_nvs_committed(const char *partition, const char *namespace_name, const char *key) {
  return find_in(fake_chip->nvs, partition, namespace_name, key);
}

static bool is_open(const char *partition) {
  for (unsigned at = 0; at < MAX_PARTITIONS; at++) {
    if (strcmp(opened[at], partition) == 0) {
      return true;
    }
  }
  return false;
}

esp_err_t nvs_flash_init_partition(const char *partition_label) {
  FAKE_FAULT();
  for (unsigned at = 0; !is_open(partition_label) && at < MAX_PARTITIONS; at++) {
    if (opened[at][0] == '\0') {
      (void)snprintf(opened[at], sizeof(opened[at]), "%s", partition_label);
    }
  }
  return ESP_OK;
}

esp_err_t nvs_flash_init(void) {
  FAKE_FAULT();
  return nvs_flash_init_partition("nvs");
}

esp_err_t nvs_flash_deinit_partition(const char *partition_label) {
  (void)partition_label;
  return ESP_OK;
}

esp_err_t nvs_flash_erase_partition(const char *part_name) {
  FAKE_FAULT();
  for (unsigned at = 0; at < FAKE_NVS_ENTRIES; at++) {
    if (strcmp(fake_chip->nvs[at].partition, part_name) == 0) {
      fake_chip->nvs[at].used = false;
      entries()[at].used = false;
    }
  }
  return ESP_OK;
}

esp_err_t nvs_flash_erase(void) { return nvs_flash_erase_partition("nvs"); }

static nvs_sec_scheme_t scheme = {.scheme_id = 1};

nvs_sec_scheme_t *nvs_flash_get_default_security_scheme(void) {
  return fake_due(__func__) != ESP_OK ? NULL : &scheme;
}

esp_err_t nvs_flash_read_security_cfg_v2(nvs_sec_scheme_t *scheme_cfg, nvs_sec_cfg_t *cfg) {
  FAKE_FAULT();
  (void)memset(cfg, scheme_cfg->scheme_id, sizeof(*cfg));
  return ESP_OK;
}

esp_err_t nvs_flash_secure_init_partition(const char *partition_label, nvs_sec_cfg_t *cfg) {
  FAKE_FAULT();
  return cfg->eky[0] == 1u && cfg->tky[0] == 1u ? nvs_flash_init_partition(partition_label)
                                                : ESP_ERR_NVS_WRONG_ENCRYPTION;
}

static handle_t *handle_of(nvs_handle_t handle) {
  return handle >= 1u && handle <= MAX_HANDLES && handles[handle - 1u].used ? &handles[handle - 1u] : NULL;
}

esp_err_t nvs_open_from_partition(const char *part_name, const char *namespace_name, nvs_open_mode_t open_mode,
                                  nvs_handle_t *out_handle) {
  FAKE_FAULT();
  if (!is_open(part_name)) {
    return ESP_ERR_NVS_PART_NOT_FOUND;
  }
  if (strlen(namespace_name) >= NVS_KEY_NAME_MAX_SIZE) {
    return ESP_ERR_NVS_INVALID_NAME;
  }
  if (open_mode == NVS_READONLY && find_in(entries(), part_name, namespace_name, NULL) == NULL) {
    return ESP_ERR_NVS_NOT_FOUND;
  }
  for (unsigned at = 0; at < MAX_HANDLES; at++) {
    if (!handles[at].used) {
      handles[at].used = true;
      handles[at].writable = open_mode == NVS_READWRITE;
      (void)snprintf(handles[at].partition, sizeof(handles[at].partition), "%s", part_name);
      (void)snprintf(handles[at].namespace_name, sizeof(handles[at].namespace_name), "%s", namespace_name);
      *out_handle = at + 1u;
      return ESP_OK;
    }
  }
  return ESP_ERR_NO_MEM;
}

esp_err_t nvs_open(const char *namespace_name, nvs_open_mode_t open_mode, nvs_handle_t *out_handle) {
  return nvs_open_from_partition("nvs", namespace_name, open_mode, out_handle);
}

void nvs_close(nvs_handle_t handle) {
  if (handle_of(handle) != NULL) {
    handle_of(handle)->used = false;
  }
}

static esp_err_t set(nvs_handle_t handle, const char *key, fake_nvs_type_t type, uint8_t width, const void *value,
                     size_t len) {
  const handle_t *open = handle_of(handle);
  if (open == NULL) {
    return ESP_ERR_NVS_INVALID_HANDLE;
  }
  if (!open->writable) {
    return ESP_ERR_NVS_READ_ONLY;
  }
  if (strlen(key) >= NVS_KEY_NAME_MAX_SIZE) {
    return ESP_ERR_NVS_KEY_TOO_LONG;
  }
  if (len > FAKE_NVS_VALUE_BYTES) {
    return ESP_ERR_NVS_NOT_ENOUGH_SPACE;
  }
  fake_nvs_entry_t *entry = place_in(entries(), open->partition, open->namespace_name, key);
  if (entry == NULL) {
    return ESP_ERR_NVS_NOT_ENOUGH_SPACE;
  }
  entry->type = type;
  entry->width = width;
  entry->len = len;
  (void)memcpy(entry->value, value, len);
  return ESP_OK;
}

static esp_err_t find(nvs_handle_t handle, const char *key, fake_nvs_type_t type, uint8_t width,
                      const fake_nvs_entry_t **out) {
  const handle_t *open = handle_of(handle);
  if (open == NULL) {
    return ESP_ERR_NVS_INVALID_HANDLE;
  }
  *out = find_in(entries(), open->partition, open->namespace_name, key);
  return *out == NULL || (*out)->type != type || (*out)->width != width ? ESP_ERR_NVS_NOT_FOUND : ESP_OK;
}

/* NULL asks for the length; too short a buffer is ESP_ERR_NVS_INVALID_LENGTH, with the length that is needed. */
static esp_err_t get(nvs_handle_t handle, const char *key, fake_nvs_type_t type, void *out, size_t *length) {
  const fake_nvs_entry_t *entry = NULL;
  const esp_err_t error = find(handle, key, type, 0, &entry);
  if (error != ESP_OK) {
    return error;
  }
  if (out != NULL && *length < entry->len) {
    *length = entry->len;
    return ESP_ERR_NVS_INVALID_LENGTH;
  }
  *length = entry->len;
  if (out != NULL) {
    (void)memcpy(out, entry->value, entry->len);
  }
  return ESP_OK;
}

esp_err_t nvs_set_blob(nvs_handle_t handle, const char *key, const void *value, size_t length) {
  FAKE_FAULT();
  return set(handle, key, FAKE_NVS_BLOB, 0, value, length);
}

esp_err_t nvs_set_str(nvs_handle_t handle, const char *key, const char *value) {
  FAKE_FAULT();
  return set(handle, key, FAKE_NVS_STR, 0, value, strlen(value) + 1u);
}

esp_err_t nvs_get_blob(nvs_handle_t handle, const char *key, void *out_value, size_t *length) {
  FAKE_FAULT();
  return get(handle, key, FAKE_NVS_BLOB, out_value, length);
}

esp_err_t nvs_get_str(nvs_handle_t handle, const char *key, char *out_value, size_t *length) {
  FAKE_FAULT();
  return get(handle, key, FAKE_NVS_STR, out_value, length);
}

#define NUMBER(name, type, width)                                                     \
  esp_err_t nvs_set_##name(nvs_handle_t handle, const char *key, type value) {        \
    FAKE_FAULT();                                                                     \
    const uint64_t wide = (uint64_t)value;                                            \
    return set(handle, key, FAKE_NVS_NUMBER, (width), &wide, sizeof(wide));           \
  }                                                                                   \
  esp_err_t nvs_get_##name(nvs_handle_t handle, const char *key, type *out_value) {   \
    FAKE_FAULT();                                                                     \
    const fake_nvs_entry_t *entry = NULL;                                             \
    const esp_err_t error = find(handle, key, FAKE_NVS_NUMBER, (width), &entry);      \
    if (error == ESP_OK) {                                                            \
      uint64_t wide = 0;                                                              \
      (void)memcpy(&wide, entry->value, sizeof(wide));                                \
      *out_value = (type)wide;                                                        \
    }                                                                                 \
    return error;                                                                     \
  }

NUMBER(u8, uint8_t, 0x01)
NUMBER(u16, uint16_t, 0x02)
NUMBER(u32, uint32_t, 0x04)
NUMBER(u64, uint64_t, 0x08)
NUMBER(i64, int64_t, 0x18)

esp_err_t nvs_erase_key(nvs_handle_t handle, const char *key) {
  FAKE_FAULT();
  const handle_t *open = handle_of(handle);
  if (open == NULL) {
    return ESP_ERR_NVS_INVALID_HANDLE;
  }
  fake_nvs_entry_t *entry = find_in(entries(), open->partition, open->namespace_name, key);
  if (entry == NULL) {
    return ESP_ERR_NVS_NOT_FOUND;
  }
  entry->used = false;
  return ESP_OK;
}

esp_err_t nvs_erase_all(nvs_handle_t handle) {
  const handle_t *open = handle_of(handle);
  fake_nvs_entry_t *entry = NULL;
  while (open != NULL && (entry = find_in(entries(), open->partition, open->namespace_name, NULL)) != NULL) {
    entry->used = false;
  }
  return open == NULL ? ESP_ERR_NVS_INVALID_HANDLE : ESP_OK;
}

esp_err_t nvs_commit(nvs_handle_t handle) {
  FAKE_FAULT();
  if (handle_of(handle) == NULL) {
    return ESP_ERR_NVS_INVALID_HANDLE;
  }
  (void)memcpy(fake_chip->nvs, entries(), sizeof(fake_chip->nvs));
  return ESP_OK;
}
