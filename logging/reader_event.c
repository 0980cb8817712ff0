/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_event.c - the reader's channel to the writer: a question about the log
 * goes into the log, and only the writer puts it there.
 */
#include "logging/reader.h"

#include "lib/messages.h"
#include "logging/record.h"

#include <string.h>

static void
fill(struct record *record, const struct reader_person *person,
    const struct reader_request *request, uint64_t count)
{
	record_text(record, RECORD_PROVIDER_F, "reader");
	record_text(record, RECORD_OUTCOME_F, "success");
	record_text(record, RECORD_USER_NAME_F, person->name);
	record_text(record, RECORD_USER_GROUPS_F, person->as);
	record_text(record, RECORD_CONSOLE_QUERY_F, request->asked);
	record_number(record, RECORD_CONSOLE_COUNT_F, count);
	if (request->because[0] != '\0')
		record_text(record, RECORD_CONSOLE_REASON_F,
		    request->because);
}

int
reader_event_send(struct reader *reader, const struct reader_person *person,
    const struct reader_request *request, uint64_t count, uint64_t *id)
{
	/* 64 KiB each would be much on a stack, and there is one at a time. */
	static struct message message;
	unsigned char bytes[4096];
	struct record record;

	if (reader->writer < 0)
		return -1;
	record_init(&record, bytes, sizeof(bytes));
	fill(&record, person, request, count);
	*id = ++reader->next_event;
	message_init(&message, MESSAGE_EVENT, -1);
	message_add_u64(&message, *id);
	message_add_u32(&message, RECORD_KIND_SEARCH);
	message_add_bytes(&message, record.bytes, record.length);
	return message_send(reader->writer, &message);
}

int
reader_event_done(struct reader *reader, uint64_t *id)
{
	static struct message message;
	int got = message_receive(reader->writer, &message);

	if (got <= 0)
		return got;
	if (message.type != MESSAGE_EVENT_DONE) {
		message_drop(&message);
		return -1;
	}
	*id = message_get_u64(&message);
	return message_end(&message) ? 1 : -1;
}
