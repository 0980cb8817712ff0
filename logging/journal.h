/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - the log as the writer sees it: records are added to a batch, a
 * batch is written in one go, a sync makes it durable.  It opens the next file
 * when one is full, writes what the log says about itself, and keeps the shared
 * page that tells everybody how the log is.
 *
 *   open -> { ready -> (has_room -> add)* -> flush -> (sync) }* -> stop
 *
 * While the disk is full everything stays where it is and ready() and flush()
 * are tried again; after a failed write or sync nothing is written any more.
 */
#ifndef LOGGING_JOURNAL_H
#define LOGGING_JOURNAL_H

#include "lib/macros.h"
#include "lib/settings.h"
#include "lib/stats.h"
#include "logging/format.h"
#include "logging/logstate.h"
#include "logging/segments.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal;

struct journal_place {
	const struct settings *settings;
	int log_folder;
	int key_folder;		/* -1 for none */
	struct logstate *state;
	struct stats *stats;
	const char *node;
	const char *origin;	/* name of a log that has none yet */
	const char *boot_id;	/* of this machine's run */
	const char *clock_sync;	/* synchronised, unsynchronised, unknown */
};

/* place's members must outlive the journal.  NULL without memory. */
struct journal *journal_new(const struct journal_place *place);
void journal_free(struct journal **journal);

/* The first part of journal_open(): recover what there is, write no line.
 * After it journal_recovered() is true. */
MUST_USE enum segments_result journal_find(struct journal *journal);
/* Recover what there is, open a file, write the first lines.  Try again later
 * on SEGMENTS_FULL. */
MUST_USE enum segments_result journal_open(struct journal *journal);
/* How long the log was when it was found: what book_resume() wants. */
uint64_t journal_recovered(const struct journal *journal);
/* Between the two: so many lines that were written before are not in the files.
 * Of several numbers the largest counts. */
void journal_missing(struct journal *journal, uint64_t lines);
/* Sequence of the next record to be added. */
uint64_t journal_sequence(const struct journal *journal);
/* See to a file with room before a batch is begun; notes clock changes. */
MUST_USE enum segments_result journal_ready(struct journal *journal);
/* Whether another record may be added to this batch.  An urgent one may use
 * what is kept back at the end of a file. */
bool journal_has_room(const struct journal *journal, bool urgent);
void journal_add(struct journal *journal, const struct format_event *event);
/* Bytes added and not written. */
size_t journal_pending(const struct journal *journal);
/* Write the batch; on SEGMENTS_FULL call again, adding nothing. */
MUST_USE enum segments_result journal_flush(struct journal *journal);
/* Make durable what is written. */
MUST_USE enum segments_result journal_sync(struct journal *journal);
/* When the next sync is due (clock_mono_us()); UINT64_MAX if nothing waits. */
uint64_t journal_sync_due(const struct journal *journal);
/* Work for which there is time: prepares the next file bit by bit.  True if
 * there is more of it. */
bool journal_idle(struct journal *journal);
/* Once a second: references, requests that found no log, old files. */
void journal_tick(struct journal *journal);
/* Say `stop`, sync, cut the file to size. */
MUST_USE enum segments_result journal_stop(struct journal *journal);
/* The offset of microseconds since boot to clock_mono_us(). */
uint64_t journal_boot_us(const struct journal *journal, uint64_t mono_us);
/* Write a record of the writer's own, in the batch.  Only if there is room for
 * an urgent one. */
void journal_add_own(struct journal *journal, enum record_kind kind,
    const struct record *record);

#endif
