/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stop.c - the orderly end: workers first, then what they left is written, the
 * writer last.  Each step has its longest time.
 */
#include "daemon/family.h"

#include "daemon/announce.h"
#include "daemon/reload.h"
#include "lib/clock.h"
#include "lib/report.h"

#include <event2/event.h>

#include <inttypes.h>
#include <stdio.h>

#define SECOND_US UINT64_C(1000000)
#define BOOKS_US (20 * SECOND_US)
#define WRITER_US (15 * SECOND_US)

bool
is_stopping(const struct parent *parent)
{
	return parent->phase >= PHASE_STOP_WORKERS;
}

static void
end_kind(struct parent *parent, enum child_kind kind, uint64_t us)
{
	for (struct child *child = parent->children; child != NULL;
	    child = child->next)
		if (child->kind == kind)
			child_drain(child, us);
}

static bool
has_kind(const struct parent *parent, enum child_kind kind)
{
	for (const struct child *child = parent->children; child != NULL;
	    child = child->next)
		if (child->kind == kind)
			return true;
	return false;
}

void
stop_begin(struct parent *parent, uint64_t us)
{
	if (parent->phase > PHASE_STOP_WORKERS)
		return;
	if (parent->phase < PHASE_STOP_WORKERS) {
		parent->phase = PHASE_STOP_WORKERS;
		announce_stopping(parent);
		reload_abandon(parent);
		seat_cancel(&parent->reader);
		seat_cancel(&parent->admin);
		for (unsigned i = 0; i < parent->worker_count; i++)
			seat_cancel(&parent->worker[i]);
		for (struct child *child = parent->children; child != NULL;
		    child = child->next)
			if (child->kind == CHILD_LOADER &&
			    child->state != CHILD_DRAINING)
				child_kill(child, "gatebook ends");
	}
	end_kind(parent, CHILD_WORKER, us);
	stop_step(parent);
}

static bool
all_is_written(const struct parent *parent)
{
	return parent->books->first == NULL && !events_waiting(parent->events);
}

void
stop_step(struct parent *parent)
{
	uint64_t now = clock_mono_us();

	if (parent->phase == PHASE_STOP_WORKERS &&
	    !has_kind(parent, CHILD_WORKER)) {
		parent->phase = PHASE_STOP_BOOKS;
		parent->stop_deadline_us = now + BOOKS_US;
		end_kind(parent, CHILD_READER, 0);
		end_kind(parent, CHILD_ADMIN, 0);
	}
	if (parent->phase == PHASE_STOP_BOOKS) {
		bool written = all_is_written(parent);
		bool hopeless = !has_kind(parent, CHILD_WRITER) &&
		    parent->exit_status != 0;

		if (!written && !hopeless && now < parent->stop_deadline_us)
			return;
		if (parent->books->first != NULL)
			report(REPORT_WARNING, "%zu tables were not taken by "
			    "the log writer; they stay in %s for the next "
			    "start", parent->books->count, parent->run_path);
		parent->phase = PHASE_STOP_WRITER;
		seat_cancel(&parent->writer);
		end_kind(parent, CHILD_WRITER, 0);
		for (struct child *child = parent->children; child != NULL;
		    child = child->next)
			if (child->kind == CHILD_WRITER)
				child_deadline(child, WRITER_US,
				    "it did not end in time");
	}
	if (parent->phase == PHASE_STOP_WRITER && parent->children == NULL) {
		parent->phase = PHASE_OVER;
		(void)event_base_loopbreak(parent->base);
	}
}
