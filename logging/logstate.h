/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logstate.h - one page of shared memory by which the writer tells everybody
 * how the log is, and everybody counts what found no room.
 */
#ifndef LOGGING_LOGSTATE_H
#define LOGGING_LOGSTATE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define LOGSTATE_LAYOUT 1

enum logstate_condition {
	LOGSTATE_STARTING,	/* the writer is not ready; wait */
	LOGSTATE_GOOD,
	LOGSTATE_FULL,		/* no room; heals by itself */
	LOGSTATE_BROKEN		/* write or sync failed, or no writer: a person
				 * is needed */
};

struct logstate {
	_Atomic uint32_t layout;
	_Atomic uint32_t condition;	/* enum logstate_condition */
	_Atomic uint64_t since_us;	/* wall clock of the last change */
	/* Reply references are drawn by fetch-add below reference_limit, in
	 * blocks; the writer moves the limit only after it is on disk. */
	_Atomic uint64_t reference_next;
	_Atomic uint64_t reference_limit;
	/* What happened while the condition was not good; the writer's gap
	 * record takes and resets them. */
	_Atomic uint64_t refused;	/* requests refused */
	_Atomic uint64_t uncounted;	/* exchanges let through unrecorded */
	/* Where the log stands. */
	_Atomic uint64_t sequence;	/* of the next record */
	_Atomic uint64_t segment;	/* number of the open file */
	_Atomic uint64_t offset;	/* bytes written in it */
	_Atomic uint64_t synced;	/* sequence below which all is on disk */
};

/* Lay out the page in a fresh file: size, layout, condition STARTING.  0, or -1
 * with errno. */
int logstate_create(int fd);
/* Map the page.  NULL with errno, EPROTO for another layout. */
struct logstate *logstate_map(int fd);

#define REFERENCE_BLOCK 256
#define REFERENCE_SPAN UINT64_C(26439622160671)	/* 31^9: how many there are */
#define REFERENCE_TEXT 13	/* "7KQM-4TP-X2C" and NUL */

/* A process's lease of reference numbers. */
struct reference_lease {
	uint64_t next;
	uint64_t end;
};

/* Draw a reference: permuted by the fixed permutation, written in 31 letters and
 * digits (no 0 O 1 I L) with a check character, grouped to be read aloud.
 * -1 if the writer has not made more numbers durable yet. */
int reference_draw(struct logstate *state, struct reference_lease *lease,
    char out[REFERENCE_TEXT]);
/* Settle what a person typed (case, spaces, hyphens).  0, or -1 if it is no
 * reference or the check character does not fit. */
int reference_settle(const char *typed, char out[REFERENCE_TEXT]);

#endif
