/* SPDX-License-Identifier: MIT */
/**
 * @file downloads.h
 * @brief Steps of a download that the tests of resuming and of retrying share.
 */
#ifndef DOWNLOADS_H
#define DOWNLOADS_H

#include "server.h"

/** A device that is connected and asks so often again. */
void download_ready(world_t *world, uint8_t retries);
/** Asks for a run; with a manifest, the server announces `size` bytes and the core asks for them. */
void download_ask(world_t *world, uint8_t mark, bool with_manifest, uint32_t size);
/** A run that lost its connection after so many bytes. */
void download_interrupted(world_t *world, const server_file_t *of, uint32_t bytes);
/** Power is lost, and comes back. */
void download_reboot(world_t *world);
/** A number of the stored record, by its distance from the record's end; 0 when there is none. */
uint32_t download_record_field(const world_t *world, uint32_t from_end);
/** True while the core asks for the rest from here on, of the file with this tag. */
bool download_asks_for(const world_t *world, uint32_t offset, const char *tag);
/** The rest of the file comes, and the device restarts into it. */
void download_check_updates(world_t *world, const server_file_t *to);

#endif
