/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer.h - the writer's work: records out of the books and events out of
 * messages into the journal.  writer_main.c gives it what it works on; nothing
 * here reads a message.
 */
#ifndef LOGGING_WRITER_H
#define LOGGING_WRITER_H

#include "logging/journal.h"

#include <event2/event.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WRITER_NEVER UINT64_MAX

/* Who sends events; the answer goes back the same way. */
enum writer_channel { WRITER_PARENT, WRITER_READER, WRITER_CHANNELS };

struct writer;

/* journal and stats stay the caller's.  NULL without memory. */
struct writer *writer_new(struct journal *journal, struct stats *stats);
void writer_free(struct writer **writer);

/* A book to read; fd stays the caller's.  dead: how its keeper ended, or NULL
 * while it lives. */
void writer_add_book(struct writer *writer, int fd, uint64_t incarnation,
    const char *dead);
/* The eventfd that wakes a keeper; taken over. */
void writer_add_wake(struct writer *writer, uint64_t incarnation, int fd);
/* A keeper died. */
void writer_book_dead(struct writer *writer, uint64_t incarnation,
    const char *how);
/* Where answers go; fd stays the caller's, -1 for nowhere. */
void writer_set_channel(struct writer *writer, enum writer_channel channel,
    int fd);
/* A record to write and answer when it is durable.  false if that channel may
 * not send it. */
bool writer_add_event(struct writer *writer, enum writer_channel channel,
    uint64_t id, uint32_t kind, const void *bytes, size_t length);

/* Do what there is to do; returns after how many microseconds to call again
 * at the latest. */
uint64_t writer_turn(struct writer *writer);
/* The log was tried to be opened at least once. */
bool writer_tried(const struct writer *writer);
/* Write what there is, in at most so many batches (living keepers may never
 * stop), and sync it; 0, or -1 if the log does not take it. */
int writer_drain(struct writer *writer, unsigned batches);

#endif
