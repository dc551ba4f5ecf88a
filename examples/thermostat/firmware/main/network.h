/**
 * @file network.h
 * @brief Wi-Fi or Ethernet, as chosen in menuconfig.
 */
#ifndef NETWORK_H
#define NETWORK_H

/**
 * Connects on a task of its own, and keeps on trying. A network that is away is no reason to restart: the room is to be warm,
 * and a restart would give up an update that is not confirmed yet.
 */
void network_start(void);

#endif /* NETWORK_H */
