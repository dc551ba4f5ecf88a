/* SPDX-License-Identifier: MIT */
#ifndef WORLD_PORT_H
#define WORLD_PORT_H

#include "world.h"

/** Fills `world->port` with functions that act on the world. */
void world_port(world_t *world);

#endif
