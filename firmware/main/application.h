/* SPDX-License-Identifier: MIT */
/* What the application gives to the rest of the firmware. */
#ifndef APPLICATION_H
#define APPLICATION_H

/** The application: never returns. Runs on the main task, from start-up on, with or without a network. */
_Noreturn void application_run(void);

#endif
