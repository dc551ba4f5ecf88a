/* SPDX-License-Identifier: MIT */
/**
 * @file sesp_config_defaults.h
 * @brief Timing of the core. Each macro may be defined before this header is included (compiler flag or Kconfig);
 *        none of them changes the layout of a struct.
 */
#ifndef SESP_CONFIG_DEFAULTS_H
#define SESP_CONFIG_DEFAULTS_H

/** How long a restart waits for its reply or its state event to be acknowledged. Milliseconds, 100 to 60000. */
#ifndef SESP_RESTART_WAIT_MS
#define SESP_RESTART_WAIT_MS (2000u)
#endif

/** The first check after boot comes within this time or the interval, whichever is shorter. Seconds, 1 to 3600. */
#ifndef SESP_FIRST_CHECK_MAX_S
#define SESP_FIRST_CHECK_MAX_S (300u)
#endif

/** Progress events are at least this far apart in time ... Milliseconds, 0 to 60000. */
#ifndef SESP_PROGRESS_MIN_MS
#define SESP_PROGRESS_MIN_MS (1000u)
#endif

/** ... or in progress. Percent of the image, 1 to 100. */
#ifndef SESP_PROGRESS_MIN_PERCENT
#define SESP_PROGRESS_MIN_PERCENT (5u)
#endif

/** How far a download gets before its progress is stored, and what counts as progress of a retry. Bytes. */
#ifndef SESP_RESUME_STEP_BYTES
#define SESP_RESUME_STEP_BYTES (65536u)
#endif

/** Erase unit of the flash: a download goes on at a multiple of it. Bytes; fixed by the chips. */
#ifndef SESP_SECTOR_BYTES
#define SESP_SECTOR_BYTES (4096u)
#endif

/** Pause before a download that lost its connection asks for the rest; doubles up to the second value, plus up to half
 *  as much again by chance. Milliseconds, 100 to 600000. */
#ifndef SESP_RETRY_MIN_MS
#define SESP_RETRY_MIN_MS (2000u)
#endif
#ifndef SESP_RETRY_MAX_MS
#define SESP_RETRY_MAX_MS (60000u)
#endif

/** Pause before a run is repeated that failed because of the network or the server; doubles up to the second value, plus
 *  up to half as much again by chance, and is never longer than the interval. Seconds, 1 to 86400. */
#ifndef SESP_REPEAT_MIN_S
#define SESP_REPEAT_MIN_S (60u)
#endif
#ifndef SESP_REPEAT_MAX_S
#define SESP_REPEAT_MAX_S (3600u)
#endif

/** Pause before an event is offered again that the port did not accept. Milliseconds, 100 to 60000. */
#ifndef SESP_FLUSH_RETRY_MS
#define SESP_FLUSH_RETRY_MS (1000u)
#endif

/** Pause between two looks at the health check while an update awaits confirmation. Milliseconds, 100 to 60000. */
#ifndef SESP_CONFIRM_POLL_MS
#define SESP_CONFIRM_POLL_MS (1000u)
#endif

/** A broker that is reached only after the deadline gets this long to acknowledge the status. Milliseconds. */
#ifndef SESP_CONFIRM_GRACE_MS
#define SESP_CONFIRM_GRACE_MS (60000u)
#endif

/** Pause between two probes of the update server while the broker is unreachable after the deadline. Milliseconds. */
#ifndef SESP_CONFIRM_PROBE_MS
#define SESP_CONFIRM_PROBE_MS (300000u)
#endif

/** How often an image is tried again after a power loss rolled it back. 0 to 254. */
#ifndef SESP_POWER_LOSS_RETRIES
#define SESP_POWER_LOSS_RETRIES (3u)
#endif

#endif
