/* SPDX-License-Identifier: Apache-2.0 */
/*
 * family.h - the life of the family: who is started when, what each is given,
 * what happens when one dies, and the orderly end.
 */
#ifndef DAEMON_FAMILY_H
#define DAEMON_FAMILY_H

#include "daemon/parent.h"

/* --- child.c: one process ------------------------------------------------ */

/* Start a process of this kind and give it what it needs up to START (a worker:
 * up to the snapshot).  seat may be NULL for a loader.  NULL after a report. */
struct child *child_start(struct parent *parent, enum child_kind kind,
    unsigned number, struct seat *seat);
/* SIGKILL, with the reason for the log. */
void child_kill(struct child *child, const char *why);
/* Kill it if it does not do what is awaited in so many microseconds; 0: no
 * deadline any more. */
void child_deadline(struct child *child, uint64_t us, const char *why);
/* Tell it to end: in so much time, or now if 0. */
void child_drain(struct child *child, uint64_t us);
/* "worker 2 (process 4711)" */
const char *child_words(const struct child *child, char out[64]);
/* waitpid() has told its end: take it out of the list and free it. */
void child_gone(struct child **child);
/* Offer the parent's current snapshot. */
void child_offer_snapshot(struct child *child, int fd, uint64_t number);
void child_use_snapshot(struct child *child, uint64_t number);
/* Give one listener's socket of a seat to a worker. */
void child_give_listeners(struct child *child, unsigned number);
/* Hand a book to the writer. */
void child_give_book(struct child *writer, const struct book_file *file);
/* Tell the writer that the keeper of a book is dead, and how it died. */
void child_tell_dead(struct child *writer, const struct book_file *file);
/* Connect reader and writer. */
void child_join(struct child *writer, struct child *reader);

/* --- family.c ------------------------------------------------------------ */

/* Everything is prepared and the event loop is about to run: begin. */
void family_start(struct parent *parent);
/* A message of a child that is not about a snapshot being tried. */
void family_took(struct child *child, struct message *message);
/* Its channel is gone. */
void family_lost(struct child *child, const char *why);
/* SIGCHLD: take every child that ended. */
void family_reap(struct parent *parent);
/* Once a second: deadlines and heartbeats. */
void family_tick(struct parent *parent);
/* Fill a seat now; used by timers and replacement. */
void seat_fill(struct seat *seat);
/* Forget a delayed start. */
void seat_cancel(struct seat *seat);
/* The seat is no longer there: its child drains. */
void seat_leave(struct seat *seat, uint64_t us);
/* Count of worker seats the settings ask for. */
unsigned family_workers_wanted(const struct settings *settings);
/* The first snapshot is there: go on starting. */
void family_loaded(struct parent *parent);
/* The start failed: end everybody and exit with 1. */
void family_fail(struct parent *parent, const char *why);
/* Whether all workers are READY and have no successor pending. */
bool family_complete(const struct parent *parent);

/* --- stop.c ---------------------------------------------------------------*/

/* End in order: workers in at most so much time, then what they left is
 * written, then the writer.  Called again, it shortens the time. */
void stop_begin(struct parent *parent, uint64_t us);
/* Go on with ending, if it is time for the next step. */
void stop_step(struct parent *parent);
bool is_stopping(const struct parent *parent);

/* --- event records ------------------------------------------------------- */

/* Records of the parent on their way to the writer: kept until it says that
 * they are durable, sent again to its successor. */
struct events;
struct events *events_new(struct parent *parent);
/* Build with this, then events_send(). */
struct record *events_begin(struct events *events);
void events_send(struct events *events, enum record_kind kind);
void events_done(struct events *events, uint64_t id);
void events_resend(struct events *events);
bool events_waiting(const struct events *events);
void events_free(struct events **events);

#endif
