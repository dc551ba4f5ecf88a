/* SPDX-License-Identifier: MIT */
/* FreeRTOS tasks as coroutines: highest priority first, each until it waits; time moves when all wait. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <sanitizer/common_interface_defs.h>

#include "fake.h"
#include "fake_internal.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#define STACK_BYTES (256u * 1024u)
#define MAX_TASKS (16u)
/* A call that does not wait takes this long, so that polling comes to an end. */
#define POLL_US (100u)
/* So many switches without time passing are a task that spins. */
#define MAX_SWITCHES (200000u)

struct tskTaskControlBlock {
  bool used;
  bool waiting;
  char name[20];
  UBaseType_t priority;
  TaskFunction_t code;
  void *arg;
  bool (*ready)(void *arg);
  void *ready_arg;
  uint64_t deadline_us;
  uint32_t notification;
  bool notified;
  ucontext_t context;
  void *fake_stack;
  uint8_t *stack;
};

static struct tskTaskControlBlock tasks[MAX_TASKS];
static struct tskTaskControlBlock *current;
static ucontext_t scheduler;
static void *scheduler_fake_stack;
static const void *scheduler_bottom;
static size_t scheduler_size;
static uint64_t now_us;
static unsigned last_run;
unsigned fake_polls;

int64_t fake_now_us(void) { return (int64_t)now_us; }

static bool task_ready(const struct tskTaskControlBlock *task) {
  if (!task->waiting) {
    return true;
  }
  return task->deadline_us <= now_us || (task->ready != NULL && task->ready(task->ready_arg));
}

static void to_scheduler(struct tskTaskControlBlock *task, bool ends) {
  __sanitizer_start_switch_fiber(ends ? NULL : &task->fake_stack, scheduler_bottom, scheduler_size);
  (void)swapcontext(&task->context, &scheduler);
  __sanitizer_finish_switch_fiber(task->fake_stack, &scheduler_bottom, &scheduler_size);
}

static void entry(void) {
  __sanitizer_finish_switch_fiber(NULL, &scheduler_bottom, &scheduler_size);
  current->code(current->arg);
  (void)fprintf(stderr, "task %s returned instead of deleting itself\n", current->name);
  abort();
}

static void switch_to(struct tskTaskControlBlock *task) {
  task->waiting = false;
  current = task;
  __sanitizer_start_switch_fiber(&scheduler_fake_stack, task->stack, STACK_BYTES);
  (void)swapcontext(&scheduler, &task->context);
  __sanitizer_finish_switch_fiber(scheduler_fake_stack, NULL, NULL);
  current = NULL;
  if (!task->used) {
    free(task->stack);
    task->stack = NULL;
  }
}

/* One task that can run does; false if all wait. */
static bool step(void) {
  struct tskTaskControlBlock *best = NULL;
  unsigned chosen = 0;
  for (unsigned round = 1; round <= MAX_TASKS; round++) {
    const unsigned at = (last_run + round) % MAX_TASKS; /* equals take turns */
    if (tasks[at].used && task_ready(&tasks[at]) && (best == NULL || tasks[at].priority > best->priority)) {
      best = &tasks[at];
      chosen = at;
    }
  }
  if (best == NULL) {
    return false;
  }
  last_run = chosen;
  switch_to(best);
  return true;
}

static uint64_t next_deadline(void) {
  uint64_t next = FAKE_FOREVER;
  for (unsigned at = 0; at < MAX_TASKS; at++) {
    if (tasks[at].used && tasks[at].waiting && tasks[at].deadline_us < next) {
      next = tasks[at].deadline_us;
    }
  }
  return next;
}

static bool run_until(bool (*done)(void *arg), void *arg, uint64_t limit_us) {
  unsigned switches = 0;
  for (;;) {
    if (done != NULL && done(arg)) {
      return true;
    }
    if (step()) {
      if (++switches > MAX_SWITCHES) {
        (void)fprintf(stderr, "a task spins: %u switches at %llu us\n", switches, (unsigned long long)now_us);
        abort();
      }
      continue;
    }
    switches = 0;
    const uint64_t next = next_deadline();
    if (next > limit_us) {
      if (limit_us == FAKE_FOREVER) {
        (void)fprintf(stderr, "everything waits for ever\n");
        abort();
      }
      now_us = limit_us;
      return done != NULL && done(arg);
    }
    if (next > now_us) {
      now_us = next;
    }
  }
}

static void check_in_test(const char *what) {
  if (current != NULL) {
    (void)fprintf(stderr, "%s on task %s\n", what, current->name);
    abort();
  }
}

void fake_run(uint32_t ms) {
  check_in_test("fake_run");
  (void)run_until(NULL, NULL, now_us + ((uint64_t)ms * 1000u));
}

bool fake_run_until(bool (*done)(void *arg), void *arg, uint32_t ms) {
  check_in_test("fake_run_until");
  return run_until(done, arg, now_us + ((uint64_t)ms * 1000u));
}

bool fake_block(bool (*ready)(void *arg), void *arg, uint64_t timeout_us) {
  if (ready != NULL && ready(arg)) {
    return true;
  }
  if (timeout_us == 0u && current == NULL) {
    return false;
  }
  if (timeout_us == 0u) {
    timeout_us = POLL_US;
    fake_polls++;
  }
  const uint64_t deadline = timeout_us == FAKE_FOREVER ? FAKE_FOREVER : now_us + timeout_us;
  if (current == NULL) {
    return run_until(ready, arg, deadline);
  }
  struct tskTaskControlBlock *task = current;
  do {
    task->waiting = true;
    task->ready = ready;
    task->ready_arg = arg;
    task->deadline_us = deadline;
    to_scheduler(task, false);
    if (ready != NULL && ready(arg)) {
      return true;
    }
  } while (now_us < deadline);
  return false;
}

BaseType_t xTaskCreatePinnedToCore(TaskFunction_t code, const char *const name, const uint32_t stack_bytes,
                                   void *const arg, UBaseType_t priority, TaskHandle_t *const created,
                                   const BaseType_t core) {
  (void)stack_bytes;
  (void)core;
  if (fake_due("xTaskCreate") != ESP_OK) {
    return pdFAIL;
  }
  for (unsigned at = 0; at < MAX_TASKS; at++) {
    struct tskTaskControlBlock *task = &tasks[at];
    if (task->used || task->stack != NULL) {
      continue;
    }
    (void)memset(task, 0, sizeof(*task));
    task->used = true;
    (void)snprintf(task->name, sizeof(task->name), "%s", name);
    task->priority = priority;
    task->code = code;
    task->arg = arg;
    task->stack = malloc(STACK_BYTES);
    (void)getcontext(&task->context);
    task->context.uc_stack.ss_sp = task->stack;
    task->context.uc_stack.ss_size = STACK_BYTES;
    makecontext(&task->context, entry, 0);
    if (created != NULL) {
      *created = task;
    }
    return pdPASS;
  }
  return pdFAIL;
}

BaseType_t xTaskCreate(TaskFunction_t code, const char *const name, const uint32_t stack_bytes, void *const arg,
                       UBaseType_t priority, TaskHandle_t *const created) {
  return xTaskCreatePinnedToCore(code, name, stack_bytes, arg, priority, created, tskNO_AFFINITY);
}

void vTaskDelete(TaskHandle_t task) {
  struct tskTaskControlBlock *gone = task == NULL ? current : task;
  gone->used = false;
  if (gone == current) {
    to_scheduler(gone, true);
  } else {
    free(gone->stack);
    gone->stack = NULL;
  }
}

void vTaskDelay(const TickType_t ticks) { (void)fake_block(NULL, NULL, fake_ticks_us(ticks)); }

TickType_t xTaskGetTickCount(void) { return (TickType_t)(now_us / (1000000u / configTICK_RATE_HZ)); }

TaskHandle_t xTaskGetCurrentTaskHandle(void) { return current; }

UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t task) {
  (void)task;
  return 1024u;
}

unsigned fake_task_count(void) {
  unsigned count = 0;
  for (unsigned at = 0; at < MAX_TASKS; at++) {
    count += tasks[at].used ? 1u : 0u;
  }
  return count;
}

bool fake_has_task(const char *name) {
  for (unsigned at = 0; at < MAX_TASKS; at++) {
    if (tasks[at].used && strcmp(tasks[at].name, name) == 0) {
      return true;
    }
  }
  return false;
}

uint64_t fake_ticks_us(TickType_t ticks) {
  return ticks == portMAX_DELAY ? FAKE_FOREVER : (uint64_t)ticks * (1000000u / configTICK_RATE_HZ);
}

BaseType_t xTaskGenericNotify(TaskHandle_t task, UBaseType_t index, uint32_t value, eNotifyAction action,
                              uint32_t *previous) {
  (void)index;
  if (previous != NULL) {
    *previous = task->notification;
  }
  if (action == eSetValueWithoutOverwrite && task->notified) {
    return pdFAIL;
  }
  if (action == eSetBits) {
    task->notification |= value;
  } else if (action == eIncrement) {
    task->notification++;
  } else if (action != eNoAction) {
    task->notification = value;
  }
  task->notified = true;
  return pdPASS;
}

static bool has_count(void *arg) { return ((struct tskTaskControlBlock *)arg)->notification != 0u; }

uint32_t ulTaskGenericNotifyTake(UBaseType_t index, BaseType_t clear, TickType_t ticks) {
  (void)index;
  struct tskTaskControlBlock *task = current;
  (void)fake_block(has_count, task, fake_ticks_us(ticks));
  const uint32_t value = task->notification;
  if (value != 0u) {
    task->notification = clear != pdFALSE ? 0u : value - 1u;
  }
  task->notified = false;
  return value;
}

static bool is_notified(void *arg) { return ((struct tskTaskControlBlock *)arg)->notified; }

BaseType_t xTaskGenericNotifyWait(UBaseType_t index, uint32_t clear_on_entry, uint32_t clear_on_exit, uint32_t *value,
                                  TickType_t ticks) {
  (void)index;
  struct tskTaskControlBlock *task = current;
  if (!task->notified) {
    task->notification &= ~clear_on_entry;
  }
  const bool came = fake_block(is_notified, task, fake_ticks_us(ticks));
  if (value != NULL) {
    *value = task->notification;
  }
  if (came) {
    task->notification &= ~clear_on_exit;
  }
  task->notified = false;
  return came ? pdTRUE : pdFALSE;
}
