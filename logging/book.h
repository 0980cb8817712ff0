/* SPDX-License-Identifier: Apache-2.0 */
/*
 * book.h - the memory that outlives every process: each process that records
 * has one file on tmpfs with a table of running exchanges and a ring of records
 * on their way to the writer.  One process writes a book (its keeper), the
 * writer reads it.  kill -9 of either, or both, loses nothing.
 *
 * A running exchange takes a chain of cells of 256 bytes: the first holds its
 * id, its live counters and the start of its encoded record, further ones hold
 * the rest.  book_enter() makes it visible with one store; from then on the
 * writer will close it if the keeper dies.  book_close() puts the finished
 * record (what the cells hold, then what is added) into the ring, then frees
 * the cells.  Nothing below the ring's tail is ever incomplete.
 *
 *   keeper:  enter -> (append) -> [forward: push opening, wait durable]
 *            -> ... count ... -> close
 *   writer:  next* -> write -> release (-> sync -> durable);
 *            on death of the keeper: next* then leftover*
 */
#ifndef LOGGING_BOOK_H
#define LOGGING_BOOK_H

#include "lib/macros.h"
#include "logging/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOOK_LAYOUT 1
#define BOOK_NO_SLOT UINT32_MAX

struct book;

/* Size in bytes of a book with so many cells and such a ring (bytes, rounded up
 * to a power of two from 256 KiB). */
size_t book_size(uint64_t cells, uint64_t ring);
/* Lay out an empty book in a fresh file: truncates, writes the header.  0, or
 * -1 with errno. */
int book_create(int fd, uint64_t incarnation, uint64_t cells, uint64_t ring);

/* --- keeper ------------------------------------------------------------- */

/* Map it as its only keeper, ever: a book whose keeper died is read out, not
 * kept again.  wake_writer is an eventfd (may be -1 in tests); both descriptors
 * stay the caller's, and the book's is not needed after.  NULL with errno,
 * EPROTO for another layout, EBUSY if it has been kept. */
struct book *book_keep(int fd, int wake_writer);
void book_free(struct book **book);
uint64_t book_incarnation(const struct book *book);

/* Enter a running exchange with the record so far; *id is its new id and *slot
 * names it from now on.  0, or -1 if the table is full. */
MUST_USE int book_enter(struct book *book, const struct record *opening,
    uint32_t *slot, struct exchange_id *id);
/* Add fields to a running exchange.  0, or -1 if the table is full. */
MUST_USE int book_append(struct book *book, uint32_t slot,
    const struct record *more);
/* Set the live counters (bytes read from client and origin). */
void book_count(struct book *book, uint32_t slot, uint64_t from_client,
    uint64_t from_origin);
/* End an exchange: the record goes to the ring, the slot is gone.  0, or -1 if
 * the ring has no room (nothing changed: try again after book_room). */
MUST_USE int book_close(struct book *book, uint32_t slot,
    enum record_kind kind, const struct record *closing);
/* Forget a running exchange without a record; only for one that was never let
 * out and is recorded otherwise. */
void book_abandon(struct book *book, uint32_t slot);
/* Push a record about a running exchange (opening, interim: what the cells hold,
 * then more), or with BOOK_NO_SLOT one of its own with a new id.  *position is
 * where it ends, for book_is_durable().  0, or -1 if the ring has no room. */
MUST_USE int book_push(struct book *book, uint32_t slot,
    enum record_kind kind, const struct record *more, uint64_t *position);
/* Whether all records before position are on disk. */
bool book_is_durable(const struct book *book, uint64_t position);
/* Ask the writer to sync at once and to wake us when it did. */
void book_want_durable(struct book *book);
/* Ask the writer to wake us when the ring has room again. */
void book_want_room(struct book *book);
/* Bytes in the ring not yet taken. */
uint64_t book_lag(const struct book *book);
/* Cells in use and cells there are. */
uint32_t book_cells_used(const struct book *book);
uint32_t book_cells(const struct book *book);

/* --- writer ------------------------------------------------------------- */

/*
 * The writer believes nothing that a book says without checking it: whoever
 * keeps it parses bytes from outside.
 *
 * Nothing is lost and nothing is written twice when the writer dies: before the
 * lines of a run of records are written, book_run() notes in the book which
 * place in the log the first of them gets; a successor, told by book_resume()
 * how long the log is, passes over those whose lines are there.  It does so in
 * all books before it writes a line of its own: its lines would be taken for
 * those of the predecessor by the next one.
 */

/* One record out of a book; bytes are the reader's own copy and stay good until
 * the next call of book_next() or book_leftover() on the same book. */
struct book_entry {
	struct exchange_id id;
	enum record_kind kind;
	uint64_t mono_us;	/* clock_mono_us() when it was pushed */
	uint64_t wall_us;
	const unsigned char *bytes;
	size_t length;
	uint64_t start;		/* ring position where it begins */
	uint64_t end;		/* and behind it */
};

/* Map it for reading by the writer. NULL with errno, EPROTO if it is not a
 * book of this layout and incarnation. */
struct book *book_read(int fd, uint64_t incarnation);
/* The log as a predecessor left it holds the lines below sequence: pass over
 * what they tell, and forget the marks.  Once, before the log gets any more
 * lines. */
void book_resume(struct book *book, uint64_t sequence);
/* The next record not yet seen by this reader; false if there is none, or if
 * the book is spoilt there (book_spoilt). */
bool book_next(struct book *book, struct book_entry *entry);
/* Where the next record of book_next() begins, and where the ring ends now. */
uint64_t book_position(const struct book *book);
uint64_t book_tail(const struct book *book);
/* Whether the ring holds something that no keeper of ours writes.  If so the
 * rest of it is passed over: *end is its end, for book_release(). */
bool book_spoilt(struct book *book, uint64_t *end);
/* The records from start to end are about to be written as lines of their own,
 * one after the other from this sequence on. */
void book_run(struct book *book, uint64_t start, uint64_t end,
    uint64_t sequence);
/* Everything before end is written (not yet synced): the space is free. */
void book_release(struct book *book, uint64_t end);
/* How many lines the log had when records of this book were last released, 0 if
 * none were: should it be found with fewer, the disk has lost lines. */
void book_set_log_end(struct book *book, uint64_t sequence);
uint64_t book_log_end(const struct book *book);
/* Go back to the last record released: what came after is not written. */
void book_rewind(struct book *book);
/* Everything before end is on disk. */
void book_set_durable(struct book *book, uint64_t end);
/* Say that the writer is about to sleep; true if nothing came meanwhile and it
 * may. */
bool book_sleep(struct book *book);
/* Say that the writer looks again soon by itself: wake it only for somebody who
 * waits or when the ring is more than half full.  True if neither is so. */
bool book_doze(struct book *book);
void book_awake(struct book *book);
/* What the keeper asked for since the last call. */
bool book_wants_durable(struct book *book);
bool book_wants_room(struct book *book);
/* Only when the keeper is dead and the ring is empty: the next exchange it left
 * running, with its live counters; *cursor starts at 0.  false at the end. */
bool book_leftover(struct book *book, uint32_t *cursor,
    struct book_entry *entry, uint64_t *from_client, uint64_t *from_origin);
/* A leftover's line is about to be written at this sequence. */
void book_leftover_run(struct book *book, uint32_t cursor, uint64_t sequence);
/* It is written: free its slot. */
void book_leftover_done(struct book *book, uint32_t cursor);

#endif
