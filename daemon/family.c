/* SPDX-License-Identifier: Apache-2.0 */
/*
 * family.c - who is started when, and what happens when one dies.
 *
 *   loader ends well -> writer READY -> reader, admin, workers READY -> running
 *
 * Until all run, any failure ends everything: a family starts whole or not at
 * all.  From then on whoever dies is started again.
 */
#include "daemon/family.h"

#include "daemon/announce.h"
#include "daemon/oplog.h"
#include "daemon/reload.h"
#include "lib/clock.h"
#include "lib/report.h"

#include <event2/event.h>

#include <sys/wait.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND_US UINT64_C(1000000)
#define HEARTBEAT_US (5 * SECOND_US)
/* After so many starts in vain the log counts as broken. */
#define WRITER_FAILED_STARTS 3

unsigned
family_workers_wanted(const struct settings *settings)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (settings->worker_count > 0)
		return (unsigned)settings->worker_count;
	return cores < 1 ? 1 : cores > WORKERS_MAX ? WORKERS_MAX :
	    (unsigned)cores;
}

/* --- starting ------------------------------------------------------------ */

void
family_start(struct parent *parent)
{
	parent->phase = PHASE_LOADING;
	reload_first(parent);
}

void
family_loaded(struct parent *parent)
{
	if (parent->phase != PHASE_LOADING)
		return;
	parent->phase = PHASE_WRITER;
	seat_fill(&parent->writer);
}

void
family_fail(struct parent *parent, const char *why)
{
	if (is_stopping(parent))
		return;
	report(REPORT_ERROR, "not started: %s", why);
	parent->exit_status = 1;
	stop_begin(parent, 0);
}

static void
fill_others(struct parent *parent)
{
	parent->phase = PHASE_WORKERS;
	seat_fill(&parent->reader);
	if (parent->listeners->admin.fds > 0)
		seat_fill(&parent->admin);
	for (unsigned i = 0; i < parent->worker_count &&
	    !is_stopping(parent); i++)
		seat_fill(&parent->worker[i]);
}

static bool
seat_is_filled(const struct seat *seat)
{
	return seat->current != NULL && seat->current->was_ready &&
	    seat->successor == NULL;
}

bool
family_complete(const struct parent *parent)
{
	for (unsigned i = 0; i < parent->worker_count; i++)
		if (!seat_is_filled(&parent->worker[i]))
			return false;
	return seat_is_filled(&parent->writer) &&
	    seat_is_filled(&parent->reader) &&
	    (parent->listeners->admin.fds == 0 ||
	    seat_is_filled(&parent->admin));
}

static void
go_on_starting(struct parent *parent)
{
	if (parent->phase == PHASE_WRITER && seat_is_filled(&parent->writer))
		fill_others(parent);
	if (parent->phase == PHASE_WORKERS && family_complete(parent)) {
		parent->phase = PHASE_RUNNING;
		announce_running(parent);
	}
}

static void
set_log_condition(struct parent *parent, enum logstate_condition condition)
{
	atomic_store(&parent->logstate->since_us, clock_wall_us());
	atomic_store(&parent->logstate->condition, (uint32_t)condition);
}

static void
on_seat_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	seat_fill(arg);
}

static void
fill_later(struct seat *seat, uint64_t us)
{
	struct timeval tv = {
		.tv_sec = (time_t)(us / SECOND_US),
		.tv_usec = (suseconds_t)(us % SECOND_US)
	};

	if (seat->timer == NULL)
		seat->timer = evtimer_new(seat->parent->base, on_seat_timer,
		    seat);
	if (seat->timer == NULL || evtimer_add(seat->timer, &tv) != 0)
		report_bug("out of memory");
}

void
seat_fill(struct seat *seat)
{
	struct parent *parent = seat->parent;

	if (seat->current != NULL)
		return;
	/* What it needs may have gone meanwhile. */
	if (seat->kind == CHILD_ADMIN && parent->listeners->admin.fds == 0)
		return;
	seat->current = child_start(parent, seat->kind, seat->number, seat);
	if (seat->current != NULL)
		return;
	if (parent->phase < PHASE_RUNNING)
		family_fail(parent, "a process could not be started");
	else
		fill_later(seat, supervise_delay(&seat->supervise, 0,
		    SUPERVISE_LONGEST_US));
}

void
seat_cancel(struct seat *seat)
{
	if (seat->timer != NULL)
		(void)evtimer_del(seat->timer);
}

void
seat_leave(struct seat *seat, uint64_t us)
{
	seat_cancel(seat);
	if (seat->current == NULL)
		return;
	seat->current->seat = NULL;
	child_drain(seat->current, us);
	seat->current = NULL;
}

/* --- messages ------------------------------------------------------------ */

static void
took_ready(struct child *child, struct message *message)
{
	struct parent *parent = child->parent;
	const char *words = message_get_string(message);

	if (!message_end(message) || !child->started ||
	    child->state != CHILD_STARTING) {
		child_kill(child, "it said READY out of turn");
		return;
	}
	(void)snprintf(child->confinement, sizeof(child->confinement), "%s",
	    words);
	child->state = CHILD_RUNNING;
	child->was_ready = true;
	/* A loader's deadline is for its result. */
	if (child->kind == CHILD_LOADER)
		return;
	child_deadline(child, 0, NULL);
	if (child->kind == CHILD_WRITER)
		events_resend(parent->events);
	if (child->kind == CHILD_WORKER)
		reload_worker_ready(child);
	go_on_starting(parent);
}

static void
took_book_done(struct child *child, struct message *message)
{
	struct parent *parent = child->parent;
	uint64_t incarnation = message_get_u64(message);
	struct book_file *file;

	if (!message_end(message)) {
		child_kill(child, "it sent a broken message");
		return;
	}
	file = books_find(parent->books, incarnation);
	if (file == NULL)
		return;
	if (file->alive) {
		child_kill(child, "it gave up the table of a living process");
		return;
	}
	books_remove(parent->books, incarnation);
	stop_step(parent);
}

static bool
is_writers(enum message_type type)
{
	return type == MESSAGE_BOOK_DONE || type == MESSAGE_EVENT_DONE;
}

static bool
is_loaders(enum message_type type)
{
	return type == MESSAGE_LOADED || type == MESSAGE_LOAD_MESSAGE ||
	    type == MESSAGE_LOAD_FAILED;
}

void
family_took(struct child *child, struct message *message)
{
	enum message_type type = message->type;

	if (type == MESSAGE_READY) {
		took_ready(child, message);
	} else if (is_writers(type) && child->kind == CHILD_WRITER) {
		if (type == MESSAGE_BOOK_DONE)
			took_book_done(child, message);
		else
			events_done(child->parent->events,
			    message_get_u64(message));
	} else if ((is_loaders(type) && child->kind == CHILD_LOADER) ||
	    ((type == MESSAGE_SNAPSHOT_READY ||
	    type == MESSAGE_SNAPSHOT_REFUSED) &&
	    child->kind == CHILD_WORKER)) {
		reload_took(child, message);
	} else if (type != MESSAGE_DRAINED) {
		child_kill(child, "it sent a message it may not send");
	}
	message_drop(message);
}

void
family_lost(struct child *child, const char *why)
{
	/* Usually it has just ended; waitpid() will tell. */
	if (child->state == CHILD_DRAINING)
		return;
	child_deadline(child, 2 * SECOND_US, why);
}

/* --- deaths -------------------------------------------------------------- */

static void
close_book(struct child *child, const char *how)
{
	struct parent *parent = child->parent;
	struct book_file *file = books_find(parent->books, child->incarnation);
	struct child *writer = parent->writer.current;

	if (child->incarnation == 0 || file == NULL)
		return;
	file->alive = false;
	(void)snprintf(file->how, sizeof(file->how), "%s", how);
	if (file->wake_keeper >= 0)
		(void)close(file->wake_keeper);
	file->wake_keeper = -1;
	if (writer != NULL && writer->channel != NULL)
		child_tell_dead(writer, file);
}

static void
record_death(const struct child *child, const char *how)
{
	struct parent *parent = child->parent;
	struct record *record = events_begin(parent->events);
	char who[64], why[256];

	(void)snprintf(why, sizeof(why), "%s: %s%s%s",
	    child_words(child, who), how,
	    child->killed_why != NULL ? ": " : "",
	    child->killed_why != NULL ? child->killed_why : "");
	record_text(record, RECORD_REASON_F, why);
	record_number(record, RECORD_PID_F, (uint64_t)child->pid);
	record_text(record, RECORD_ERROR_MESSAGE_F, how);
	events_send(parent->events, RECORD_KIND_PROCESS_DIED);
}

/* While it waits for its restart somebody else takes what its listeners
 * get. */
static void
find_helper(struct seat *seat)
{
	struct parent *parent = seat->parent;

	for (unsigned i = 1; i < parent->worker_count; i++) {
		struct child *other = parent->worker[(seat->number + i) %
		    parent->worker_count].current;

		if (other == NULL || other->state != CHILD_RUNNING ||
		    other->channel == NULL)
			continue;
		if (seat->helper != other->pid)
			child_give_listeners(other, seat->number);
		seat->helper = other->pid;
		return;
	}
}

static bool
is_needed(const struct seat *seat)
{
	const struct parent *parent = seat->parent;

	if (seat->kind == CHILD_WRITER)
		return true;
	for (unsigned i = 0; i < parent->worker_count; i++)
		if (parent->worker[i].current != NULL &&
		    parent->worker[i].current->state == CHILD_RUNNING)
			return false;
	return seat->kind == CHILD_WORKER;
}

static void
writer_died(struct parent *parent, bool in_vain)
{
	struct seat *seat = &parent->writer;

	seat->failed_starts = in_vain ? seat->failed_starts + 1 : 0;
	if (seat->failed_starts >= WRITER_FAILED_STARTS) {
		set_log_condition(parent, LOGSTATE_BROKEN);
		report(REPORT_ERROR, "the log writer ended %u times in a row "
		    "as soon as it was started: the audit log counts as "
		    "failed", seat->failed_starts);
	} else if (atomic_load(&parent->logstate->condition) !=
	    LOGSTATE_BROKEN) {
		set_log_condition(parent, LOGSTATE_STARTING);
	}
}

static void
start_again(struct seat *seat, const struct child *dead, const char *how)
{
	struct parent *parent = seat->parent;
	uint64_t lived = clock_mono_us() - dead->born_us;
	uint64_t delay = supervise_delay(&seat->supervise, lived,
	    is_needed(seat) ? SUPERVISE_NEEDED_US : SUPERVISE_LONGEST_US);
	char who[64];

	seat->restarts++;
	report(REPORT_ERROR, "%s: %s after %" PRIu64 " s; starting it "
	    "again%s%s", child_words(dead, who), how, lived / SECOND_US,
	    delay > 0 ? " soon: it keeps dying" : "",
	    dead->was_ready ? "" : " (it never was ready)");
	if (seat->kind == CHILD_WRITER)
		writer_died(parent, !dead->was_ready || lived < SECOND_US);
	record_death(dead, how);
	if (delay == 0) {
		seat_fill(seat);
		return;
	}
	if (seat->kind == CHILD_WORKER)
		find_helper(seat);
	fill_later(seat, delay);
}

static bool
may_start_again(const struct parent *parent, const struct seat *seat)
{
	if (!is_stopping(parent))
		return true;
	/* What the workers leave must still be written. */
	return seat->kind == CHILD_WRITER && parent->exit_status == 0 &&
	    (parent->phase == PHASE_STOP_WORKERS ||
	    parent->phase == PHASE_STOP_BOOKS);
}

static void
child_died(struct child *child, int status)
{
	struct parent *parent = child->parent;
	struct seat *seat = child->seat;
	bool expected = child->state == CHILD_DRAINING;
	char how[96], who[64], why[200];

	/* Its last words may still wait in the channel. */
	while (child->channel != NULL && channel_take(child->channel) > 0)
		;
	supervise_words(status, how, sizeof(how));
	close_book(child, expected && status == 0 ? "stopped" : how);
	if (child->kind == CHILD_LOADER) {
		reload_loader_ended(child, how);
	} else if (seat == NULL || expected) {
		if (status != 0)
			report(REPORT_WARNING, "%s: %s while it ended",
			    child_words(child, who), how);
		if (seat != NULL && seat->current == child) {
			seat->current = NULL;
			if (may_start_again(parent, seat)) {
				if (seat->kind == CHILD_WRITER)
					set_log_condition(parent,
					    LOGSTATE_STARTING);
				seat_fill(seat);
			}
		}
	} else if (seat->successor == child) {
		reload_successor_gone(child);
	} else if (parent->phase < PHASE_RUNNING && !child->was_ready) {
		seat->current = NULL;
		(void)snprintf(why, sizeof(why), "%s: %s before it was "
		    "ready", child_words(child, who), how);
		family_fail(parent, why);
	} else if (seat->current == child) {
		seat->current = NULL;
		if (may_start_again(parent, seat))
			start_again(seat, child, how);
		else
			report(REPORT_WARNING, "%s: %s",
			    child_words(child, who), how);
	}
	child_gone(&child);
}

void
family_reap(struct parent *parent)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct child *child = parent->children;

		while (child != NULL && child->pid != pid)
			child = child->next;
		if (child != NULL)
			child_died(child, status);
	}
	oplog_check(parent->oplog);
	stop_step(parent);
}

/* --- the clock ----------------------------------------------------------- */

static void
check_child(struct child *child, uint64_t now, bool we_slept)
{
	struct parent *parent = child->parent;

	if (child->state == CHILD_KILLED)
		return;
	if (child->deadline_us != 0 && now >= child->deadline_us) {
		child_kill(child, child->deadline_why);
		return;
	}
	if (child->kind == CHILD_WORKER && child->state == CHILD_RUNNING &&
	    !we_slept && atomic_load(&parent->stats->slot[
	    child->slot].heartbeat_us) + HEARTBEAT_US < now)
		child_kill(child, "no heartbeat for 5 s");
}

void
family_tick(struct parent *parent)
{
	uint64_t now = clock_mono_us();
	/* If we were stopped ourselves, so were they perhaps. */
	bool we_slept = now - parent->last_tick_us > 3 * SECOND_US;

	parent->last_tick_us = now;
	for (struct child *child = parent->children; child != NULL;
	    child = child->next)
		check_child(child, now, we_slept);
	stop_step(parent);
}
