/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.c - the parent's own audit records: policy loaded or refused, reload,
 * a process died.  They wait here until the writer says that they are durable.
 */
#include "daemon/family.h"

#include "lib/report.h"

#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX 1024
#define EVENT_BYTES 8192

struct waiting {
	struct waiting *next;
	uint64_t id;
	enum record_kind kind;
	size_t length;
	unsigned char bytes[];
};

struct events {
	struct parent *parent;
	struct waiting *first;
	struct waiting **last;
	size_t count;
	uint64_t next_id;
	struct record record;
	unsigned char bytes[EVENT_BYTES];
};

struct events *
events_new(struct parent *parent)
{
	struct events *events = calloc(1, sizeof(*events));

	if (events == NULL)
		report_bug("out of memory");
	events->parent = parent;
	events->last = &events->first;
	events->next_id = 1;
	return events;
}

struct record *
events_begin(struct events *events)
{
	record_init(&events->record, events->bytes, sizeof(events->bytes));
	record_text(&events->record, RECORD_PROVIDER_F, "parent");
	return &events->record;
}

static void
send_one(struct events *events, const struct waiting *waiting)
{
	struct parent *parent = events->parent;
	struct child *writer = parent->writer.current;

	if (writer == NULL || writer->channel == NULL || !writer->was_ready)
		return;
	message_init(&parent->message, MESSAGE_EVENT, -1);
	message_add_u64(&parent->message, waiting->id);
	message_add_u32(&parent->message, (uint32_t)waiting->kind);
	message_add_bytes(&parent->message, waiting->bytes, waiting->length);
	channel_send(writer->channel, &parent->message);
}

void
events_send(struct events *events, enum record_kind kind)
{
	struct waiting *waiting;
	static struct report_limit limit;

	if (events->count >= EVENTS_MAX) {
		report_limited(&limit, REPORT_ERROR, "the log writer takes no "
		    "records of the parent: one is left out");
		return;
	}
	waiting = malloc(sizeof(*waiting) + events->record.length);
	if (waiting == NULL)
		report_bug("out of memory");
	waiting->next = NULL;
	waiting->id = events->next_id++;
	waiting->kind = kind;
	waiting->length = events->record.length;
	memcpy(waiting->bytes, events->record.bytes, waiting->length);
	*events->last = waiting;
	events->last = &waiting->next;
	events->count++;
	send_one(events, waiting);
}

void
events_done(struct events *events, uint64_t id)
{
	for (struct waiting **at = &events->first; *at != NULL;
	    at = &(*at)->next) {
		struct waiting *done = *at;

		if (done->id != id)
			continue;
		*at = done->next;
		if (events->last == &done->next)
			events->last = at;
		events->count--;
		free(done);
		return;
	}
}

void
events_resend(struct events *events)
{
	for (const struct waiting *waiting = events->first; waiting != NULL;
	    waiting = waiting->next)
		send_one(events, waiting);
}

bool
events_waiting(const struct events *events)
{
	return events->first != NULL;
}

void
events_free(struct events **events)
{
	struct events *gone = *events;

	if (gone == NULL)
		return;
	*events = NULL;
	while (gone->first != NULL) {
		struct waiting *waiting = gone->first;

		gone->first = waiting->next;
		free(waiting);
	}
	free(gone);
}
