/* SPDX-License-Identifier: MIT */
/**
 * @file server.h
 * @brief An update server that knows ranges, and the port's part of a transfer: what arrives is durable at once.
 */
#ifndef SERVER_H
#define SERVER_H

#include "world.h"

typedef struct {
  const char *etag;
  const char *version;
  uint32_t size;
  uint8_t mark;        /* the image's identity, and what its bytes are told by */
  bool without_ranges; /* Range is ignored */
} server_file_t;

/** Answers the request under way with head and image header. True if the core wants the body. */
bool server_answer(world_t *world, const server_file_t *file);
/** The head alone; true if the core goes on. */
bool server_head(world_t *world, const server_file_t *file);
/** The body up to this byte of the file, sector by sector. */
void server_send(world_t *world, const server_file_t *file, uint32_t upto);
/** The connection is lost. */
void server_lose(world_t *world, sesp_update_state_reason_t reason);
/** The rest of the body, and the verdict: a slot with bytes of two files is not good. */
void server_finish(world_t *world, const server_file_t *file);

#endif
