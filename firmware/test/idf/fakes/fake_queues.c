/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "fake_internal.h"
#include "freertos/FreeRTOS.h"
#include "freertos/event_groups.h"
#include "freertos/queue.h"
#include "freertos/semphr.h"

struct QueueDefinition {
  UBaseType_t length;
  UBaseType_t item_size;
  UBaseType_t count;
  UBaseType_t first;
  TaskHandle_t holder; /* of a recursive mutex */
  unsigned depth;
  _Alignas(void *) uint8_t items[]; /* pointers among them are seen by the leak checker */
};

QueueHandle_t xQueueGenericCreate(const UBaseType_t length, const UBaseType_t item_size, const uint8_t type) {
  (void)type;
  if (fake_due("xQueueCreate") != ESP_OK) {
    return NULL;
  }
  QueueHandle_t queue = calloc(1, sizeof(*queue) + ((size_t)length * item_size));
  queue->length = length;
  queue->item_size = item_size;
  return queue;
}

QueueHandle_t xQueueCreateMutex(const uint8_t type) {
  QueueHandle_t queue = xQueueGenericCreate(1, 0, type);
  if (queue != NULL) {
    queue->count = 1;
  }
  return queue;
}

QueueHandle_t xQueueCreateCountingSemaphore(const UBaseType_t max, const UBaseType_t initial) {
  QueueHandle_t queue = xQueueGenericCreate(max, 0, queueQUEUE_TYPE_COUNTING_SEMAPHORE);
  if (queue != NULL) {
    queue->count = initial;
  }
  return queue;
}

void vQueueDelete(QueueHandle_t queue) { free(queue); }

static bool has_space(void *arg) {
  const struct QueueDefinition *queue = arg;
  return queue->count < queue->length;
}

static bool has_item(void *arg) {
  const struct QueueDefinition *queue = arg;
  return queue->count > 0u;
}

BaseType_t xQueueGenericSend(QueueHandle_t queue, const void *const item, TickType_t ticks, const BaseType_t where) {
  if (where == queueOVERWRITE) {
    queue->count = 0;
  }
  if (!fake_block(has_space, queue, fake_ticks_us(ticks))) {
    return pdFALSE;
  }
  UBaseType_t at = (queue->first + queue->count) % queue->length;
  if (where == queueSEND_TO_FRONT) {
    queue->first = (queue->first + queue->length - 1u) % queue->length;
    at = queue->first;
  }
  if (queue->item_size > 0u) {
    (void)memcpy(&queue->items[(size_t)at * queue->item_size], item, queue->item_size);
  }
  queue->count++;
  return pdTRUE;
}

static BaseType_t receive(QueueHandle_t queue, void *item, TickType_t ticks, bool keep) {
  if (!fake_block(has_item, queue, fake_ticks_us(ticks))) {
    return pdFALSE;
  }
  if (queue->item_size > 0u) {
    (void)memcpy(item, &queue->items[(size_t)queue->first * queue->item_size], queue->item_size);
  }
  if (!keep) {
    queue->first = (queue->first + 1u) % queue->length;
    queue->count--;
  }
  return pdTRUE;
}

BaseType_t xQueueReceive(QueueHandle_t queue, void *const item, TickType_t ticks) {
  return receive(queue, item, ticks, false);
}

BaseType_t xQueuePeek(QueueHandle_t queue, void *const item, TickType_t ticks) {
  return receive(queue, item, ticks, true);
}

BaseType_t xQueueSemaphoreTake(QueueHandle_t queue, TickType_t ticks) { return receive(queue, NULL, ticks, false); }

BaseType_t xQueueTakeMutexRecursive(QueueHandle_t mutex, TickType_t ticks) {
  if (mutex->depth > 0u && mutex->holder == xTaskGetCurrentTaskHandle()) {
    mutex->depth++;
    return pdTRUE;
  }
  if (receive(mutex, NULL, ticks, false) == pdFALSE) {
    return pdFALSE;
  }
  mutex->holder = xTaskGetCurrentTaskHandle();
  mutex->depth = 1;
  return pdTRUE;
}

BaseType_t xQueueGiveMutexRecursive(QueueHandle_t mutex) {
  if (mutex->depth == 0u || mutex->holder != xTaskGetCurrentTaskHandle()) {
    return pdFALSE;
  }
  mutex->depth--;
  return mutex->depth > 0u ? pdTRUE : xQueueGenericSend(mutex, NULL, 0, queueSEND_TO_BACK);
}

BaseType_t xQueueGenericReset(QueueHandle_t queue, BaseType_t is_new) {
  (void)is_new;
  queue->count = 0;
  return pdPASS;
}

UBaseType_t uxQueueMessagesWaiting(const QueueHandle_t queue) { return queue->count; }

UBaseType_t uxQueueSpacesAvailable(const QueueHandle_t queue) { return queue->length - queue->count; }

struct EventGroupDef_t {
  EventBits_t bits;
};

typedef struct {
  const struct EventGroupDef_t *group;
  EventBits_t bits;
  bool all;
} wanted_t;

EventGroupHandle_t xEventGroupCreate(void) {
  return fake_due("xEventGroupCreate") != ESP_OK ? NULL : calloc(1, sizeof(struct EventGroupDef_t));
}

static bool bits_are_set(void *arg) {
  const wanted_t *wanted = arg;
  const EventBits_t set = wanted->group->bits & wanted->bits;
  return wanted->all ? set == wanted->bits : set != 0u;
}

EventBits_t xEventGroupWaitBits(EventGroupHandle_t group, const EventBits_t bits, const BaseType_t clear,
                                const BaseType_t all, TickType_t ticks) {
  wanted_t wanted = {.group = group, .bits = bits, .all = all != pdFALSE};
  const bool came = fake_block(bits_are_set, &wanted, fake_ticks_us(ticks));
  const EventBits_t seen = group->bits;
  if (came && clear != pdFALSE) {
    group->bits &= ~bits;
  }
  return seen;
}

EventBits_t xEventGroupSetBits(EventGroupHandle_t group, const EventBits_t bits) { return group->bits |= bits; }

EventBits_t xEventGroupClearBits(EventGroupHandle_t group, const EventBits_t bits) {
  const EventBits_t before = group->bits;
  group->bits &= ~bits;
  return before;
}

void vEventGroupDelete(EventGroupHandle_t group) { free(group); }
