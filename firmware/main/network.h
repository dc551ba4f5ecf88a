/* SPDX-License-Identifier: MIT */
#ifndef NETWORK_H
#define NETWORK_H

/**
 * Connects to the network chosen in menuconfig (Example Connection Configuration) on a task of its own, and keeps on trying.
 * A network that is away is no reason to restart: a restart would give up an update that is not confirmed yet.
 */
void network_start(void);

#endif
