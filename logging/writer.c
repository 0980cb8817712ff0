/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer.c - one turn: gather a batch, fair to all books; write it; release what
 * is written; sync when it is due or somebody waits.
 *
 * Before lines are written each book is told which of its records they are
 * (book_run), after that they are released: a writer killed anywhere between
 * leaves its successor to find out from the log itself how far it came.
 *
 * After a turn with work the writer does not sleep but looks again some
 * milliseconds later, so that busy workers never need to wake it.
 */
#include "logging/writer.h"

#include "lib/clock.h"
#include "lib/messages.h"
#include "lib/report.h"
#include "logging/book.h"
#include "logging/outcomes.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DOZE_US 8000
#define RESTLESS_US 1000
#define RETRY_US 200000
#define SECOND_US 1000000
#define BOOK_SHARE (192 * 1024)	/* encoded bytes of one book in a batch */
#define LEFTOVERS 512		/* in a batch */
#define EVENTS_MAX 4096
#define HOW_MAX 160
#define SPOILT_MAX 3		/* then its ring is not read any more */

struct shelf {
	struct book *book;
	uint64_t incarnation;
	int wake;
	bool resumed;		/* what a predecessor wrote is passed over */
	bool asked;
	bool dead;
	bool done;			/* all of a dead one is gathered */
	unsigned spoilt;		/* how often its ring was */
	char how[HOW_MAX];
	bool wants;			/* somebody waits for a sync */
	uint64_t wanted;		/* of all before this */
	uint64_t durable;		/* what it was told last */
	uint64_t released;
	/* in the batch at hand */
	bool in_run;
	uint64_t start;
	uint64_t end;			/* of the run */
	uint64_t release;		/* what to release with it */
	uint64_t sequence;		/* of its first line */
	/* leftovers */
	uint32_t cursor;
	uint32_t *left;			/* cursors of those in the batch */
	size_t left_count;
};

struct waiting {
	struct waiting *next;
	enum writer_channel channel;
	uint64_t id;
	enum record_kind kind;
	size_t length;
	unsigned char bytes[];
};

struct writer {
	struct journal *journal;
	struct stats *stats;
	struct shelf *shelf;
	size_t count;
	size_t room;
	size_t first;			/* whose turn it is to be first */
	int channel[WRITER_CHANNELS];
	struct waiting *events;		/* to be written */
	struct waiting **events_end;
	struct waiting *written;	/* in a batch, to be synced */
	struct waiting **written_end;
	size_t event_count;
	bool open;
	bool tried;
	uint64_t tick_us;
	unsigned restless;
	struct report_limit limit;
	unsigned char combined[2 * RECORD_MAX + 4096];
	struct message message;
};

struct writer *
writer_new(struct journal *journal, struct stats *stats)
{
	struct writer *writer = calloc(1, sizeof(*writer));

	if (writer == NULL)
		return NULL;
	writer->journal = journal;
	writer->stats = stats;
	writer->channel[WRITER_PARENT] = -1;
	writer->channel[WRITER_READER] = -1;
	writer->events_end = &writer->events;
	writer->written_end = &writer->written;
	return writer;
}

static void
free_events(struct waiting *event)
{
	struct waiting *next;

	for (; event != NULL; event = next) {
		next = event->next;
		free(event);
	}
}

static void
clear_shelf(struct shelf *shelf)
{
	book_free(&shelf->book);
	if (shelf->wake != -1)
		(void)close(shelf->wake);
	free(shelf->left);
}

void
writer_free(struct writer **writer)
{
	struct writer *w = *writer;
	size_t i;

	if (w == NULL)
		return;
	*writer = NULL;
	for (i = 0; i < w->count; i++)
		clear_shelf(&w->shelf[i]);
	free(w->shelf);
	free_events(w->events);
	free_events(w->written);
	free(w);
}

bool
writer_tried(const struct writer *writer)
{
	return writer->tried;
}

void
writer_set_channel(struct writer *writer, enum writer_channel channel,
    int fd)
{
	writer->channel[channel] = fd;
}

/* --- books ------------------------------------------------------------------ */

static struct shelf *
shelf_of(struct writer *writer, uint64_t incarnation)
{
	size_t i;

	for (i = 0; i < writer->count; i++)
		if (writer->shelf[i].incarnation == incarnation)
			return &writer->shelf[i];
	return NULL;
}

/* Whether a file was made and never laid out: its maker died. */
static bool
is_blank(int fd)
{
	uint64_t magic;
	ssize_t n = pread(fd, &magic, sizeof(magic), 0);

	return n == 0 || (n == sizeof(magic) && magic == 0);
}

static void
say_done(struct writer *writer, uint64_t incarnation)
{
	message_init(&writer->message, MESSAGE_BOOK_DONE, -1);
	message_add_u64(&writer->message, incarnation);
	if (writer->channel[WRITER_PARENT] != -1 &&
	    message_send(writer->channel[WRITER_PARENT],
	    &writer->message) == -1)
		report_limited(&writer->limit, REPORT_WARNING, "the parent "
		    "cannot be told that a table is done: %s",
		    strerror(errno));
}

void
writer_add_book(struct writer *writer, int fd, uint64_t incarnation,
    const char *dead)
{
	struct shelf *more, *shelf;
	struct book *book;

	if (shelf_of(writer, incarnation) != NULL)
		return;
	book = book_read(fd, incarnation);
	if (book == NULL) {
		if (errno == EPROTO && dead != NULL && is_blank(fd)) {
			say_done(writer, incarnation);
			return;
		}
		report(REPORT_ERROR, "the table of process %" PRIu64 " cannot "
		    "be read (%s); what it holds stays in its file",
		    incarnation, strerror(errno));
		return;
	}
	if (writer->count == writer->room) {
		writer->room = writer->room == 0 ? 16 : 2 * writer->room;
		more = realloc(writer->shelf, writer->room * sizeof(*more));
		if (more == NULL)
			report_bug("out of memory");
		writer->shelf = more;
	}
	shelf = &writer->shelf[writer->count++];
	memset(shelf, 0, sizeof(*shelf));
	shelf->book = book;
	shelf->incarnation = incarnation;
	shelf->wake = -1;
	shelf->released = book_position(book);
	if (dead != NULL) {
		shelf->dead = true;
		(void)snprintf(shelf->how, sizeof(shelf->how), "%s", dead);
	}
}

void
writer_add_wake(struct writer *writer, uint64_t incarnation, int fd)
{
	struct shelf *shelf = shelf_of(writer, incarnation);

	if (shelf == NULL) {
		(void)close(fd);
		return;
	}
	if (shelf->wake != -1)
		(void)close(shelf->wake);
	shelf->wake = fd;
}

void
writer_book_dead(struct writer *writer, uint64_t incarnation,
    const char *how)
{
	struct shelf *shelf = shelf_of(writer, incarnation);

	if (shelf == NULL || shelf->dead)
		return;
	shelf->dead = true;
	(void)snprintf(shelf->how, sizeof(shelf->how), "%s", how);
}

static void
wake_keeper(struct shelf *shelf)
{
	uint64_t one = 1;

	if (shelf->wake != -1 && !shelf->dead)
		while (write(shelf->wake, &one, sizeof(one)) == -1 &&
		    errno == EINTR)
			;
}

/* --- events ----------------------------------------------------------------- */

bool
writer_add_event(struct writer *writer, enum writer_channel channel,
    uint64_t id, uint32_t kind, const void *bytes, size_t length)
{
	struct waiting *event;

	if (kind >= RECORD_KIND_COUNT || length > RECORD_MAX ||
	    format_source((enum record_kind)kind) != (channel ==
	    WRITER_PARENT ? FORMAT_FROM_PARENT : FORMAT_FROM_READER))
		return false;
	if (writer->event_count >= EVENTS_MAX) {
		report_limited(&writer->limit, REPORT_ERROR, "too many events "
		    "wait for the log; one is left out");
		return true;
	}
	event = malloc(sizeof(*event) + length);
	if (event == NULL)
		report_bug("out of memory");
	event->next = NULL;
	event->channel = channel;
	event->id = id;
	event->kind = (enum record_kind)kind;
	event->length = length;
	if (length > 0)
		memcpy(event->bytes, bytes, length);
	*writer->events_end = event;
	writer->events_end = &event->next;
	writer->event_count++;
	return true;
}

static void
gather_events(struct writer *writer)
{
	struct format_event line;
	struct waiting *event;

	while (writer->events != NULL &&
	    journal_has_room(writer->journal, true)) {
		event = writer->events;
		writer->events = event->next;
		if (writer->events == NULL)
			writer->events_end = &writer->events;
		event->next = NULL;
		*writer->written_end = event;
		writer->written_end = &event->next;
		line = (struct format_event){ event->kind, NULL,
		    clock_wall_us(), clock_boot_us(), event->bytes,
		    event->length };
		journal_add(writer->journal, &line);
	}
}

/* They are durable: say so.  What the channel cannot take now stays. */
static void
answer_events(struct writer *writer)
{
	struct waiting *event;
	int channel;

	while ((event = writer->written) != NULL) {
		channel = writer->channel[event->channel];
		message_init(&writer->message, MESSAGE_EVENT_DONE, -1);
		message_add_u64(&writer->message, event->id);
		if (channel != -1 && message_send(channel, &writer->message)
		    == -1 && errno == EAGAIN)
			return;
		writer->written = event->next;
		if (writer->written == NULL)
			writer->written_end = &writer->written;
		writer->event_count--;
		free(event);
	}
}

/* --- gathering --------------------------------------------------------------- */

static void
add_entry(struct writer *writer, const struct book_entry *entry)
{
	struct format_event event = { entry->kind, &entry->id, entry->wall_us,
	    journal_boot_us(writer->journal, entry->mono_us), entry->bytes,
	    entry->length };
	enum format_source source = format_source(entry->kind);
	struct record note;

	/* A line for each record, also where it is not what a book may hold:
	 * the count of lines is how a successor finds its place. */
	if (source != FORMAT_FROM_KEEPER && source != FORMAT_FROM_READER) {
		record_init(&note, writer->combined, sizeof(writer->combined));
		record_text(&note, RECORD_REASON_F, "its process sent a record "
		    "of a kind that it may not send");
		event.kind = RECORD_KIND_REFUSED;
		event.bytes = note.bytes;
		event.length = note.length;
	}
	journal_add(writer->journal, &event);
}

/* The rest of a ring is not what a keeper of ours writes. */
static void
add_spoilt(struct writer *writer, struct shelf *shelf)
{
	struct record record;
	char reason[200];

	(void)snprintf(reason, sizeof(reason), "The records of process %" PRIu64
	    " on their way to the log were damaged; those that waited then are "
	    "lost%s", shelf->incarnation, shelf->spoilt < SPOILT_MAX ? "" :
	    ", and no more are taken from it");
	report(REPORT_ERROR, "%s. That process may have been taken over",
	    reason);
	record_init(&record, writer->combined, sizeof(writer->combined));
	record_text(&record, RECORD_REASON_F, reason);
	record_text(&record, RECORD_GAP_CAUSE_F, "crash");
	record_number(&record, RECORD_GAP_LOST_F, 0);
	record_number(&record, RECORD_GAP_KNOWN_F, 0);
	journal_add_own(writer->journal, RECORD_KIND_GAP, &record);
}

static void
gather_ring(struct writer *writer, struct shelf *shelf)
{
	struct book *book = shelf->book;
	struct book_entry entry;
	size_t taken = 0;
	uint64_t end;

	if (!shelf->asked) {
		shelf->asked = true;
		/* What it asked a predecessor for may be forgotten. */
		shelf->wants = true;
		shelf->wanted = book_tail(book);
	}
	while (taken < BOOK_SHARE && shelf->spoilt < SPOILT_MAX &&
	    journal_has_room(writer->journal, false)) {
		/* First, because passing over old ones moves the place. */
		if (!book_next(book, &entry)) {
			if (!book_spoilt(book, &end)) {
				if (!shelf->in_run)
					shelf->released = book_position(book);
				return;
			}
			shelf->spoilt++;
			add_spoilt(writer, shelf);
			if (!shelf->in_run) {
				shelf->in_run = true;
				shelf->start = shelf->end = end;
				shelf->sequence =
				    journal_sequence(writer->journal);
			}
			shelf->release = end;
			return;
		}
		if (!shelf->in_run) {
			shelf->in_run = true;
			shelf->start = entry.start;
			shelf->sequence = journal_sequence(writer->journal);
		}
		shelf->end = shelf->release = entry.end;
		add_entry(writer, &entry);
		taken += entry.length;
	}
}

static void
add_leftover(struct writer *writer, struct shelf *shelf,
    const struct book_entry *entry, uint64_t from_client,
    uint64_t from_origin)
{
	struct format_event event = { RECORD_KIND_WORKER_DIED, &entry->id,
	    clock_wall_us(), clock_boot_us(), NULL, 0 };
	struct record record;
	char reason[HOW_MAX + 64];

	record_init(&record, writer->combined, sizeof(writer->combined));
	/* First, so that what it said itself counts. */
	record_number(&record, RECORD_START_F, entry->wall_us);
	memcpy(record.bytes + record.length, entry->bytes, entry->length);
	record.length += entry->length;
	(void)snprintf(reason, sizeof(reason), "the process that carried it "
	    "ended: %s", shelf->how);
	record_text(&record, RECORD_REASON_F, reason);
	record_text(&record, RECORD_FAILURE_F, OUTCOME_WORKER_DIED_NAME);
	record_text(&record, RECORD_OUTCOME_F, "failure");
	record_number(&record, RECORD_SOURCE_BYTES_F, from_client);
	record_number(&record, RECORD_DEST_BYTES_F, from_origin);
	event.bytes = record.bytes;
	event.length = record.length;
	journal_add(writer->journal, &event);
}

/* Close what a dead keeper left running. */
static void
gather_leftovers(struct writer *writer, struct shelf *shelf)
{
	uint64_t from_client, from_origin;
	struct book_entry entry;

	if (shelf->left == NULL) {
		shelf->left = calloc(LEFTOVERS, sizeof(*shelf->left));
		if (shelf->left == NULL)
			report_bug("out of memory");
	}
	while (shelf->left_count < LEFTOVERS &&
	    journal_has_room(writer->journal, false)) {
		if (!book_leftover(shelf->book, &shelf->cursor, &entry,
		    &from_client, &from_origin)) {
			shelf->done = true;
			return;
		}
		book_leftover_run(shelf->book, shelf->cursor,
		    journal_sequence(writer->journal));
		shelf->left[shelf->left_count++] = shelf->cursor;
		add_leftover(writer, shelf, &entry, from_client, from_origin);
	}
}

static void
gather(struct writer *writer)
{
	struct shelf *shelf;
	size_t i;

	gather_events(writer);
	for (i = 0; i < writer->count; i++) {
		shelf = &writer->shelf[(writer->first + i) % writer->count];
		/* Before the ring is read: what it asked for is in there. */
		if (book_wants_durable(shelf->book)) {
			shelf->wants = true;
			shelf->wanted = book_tail(shelf->book);
		}
		gather_ring(writer, shelf);
		if (shelf->dead && !shelf->in_run && !shelf->done &&
		    (shelf->spoilt == SPOILT_MAX ||
		    book_position(shelf->book) == book_tail(shelf->book)))
			gather_leftovers(writer, shelf);
	}
	if (writer->count > 0)
		writer->first = (writer->first + 1) % writer->count;
	for (i = 0; i < writer->count; i++) {
		shelf = &writer->shelf[i];
		if (shelf->in_run)
			book_run(shelf->book, shelf->start, shelf->end,
			    shelf->sequence);
	}
}

/* --- after writing ------------------------------------------------------------ */

/* Forget a book whose last line is written. */
static void
put_away(struct writer *writer, size_t i)
{
	uint64_t incarnation = writer->shelf[i].incarnation;

	clear_shelf(&writer->shelf[i]);
	writer->shelf[i] = writer->shelf[--writer->count];
	writer->first = 0;
	say_done(writer, incarnation);
}

/* The batch is in the file. */
static void
release(struct writer *writer)
{
	struct shelf *shelf;
	uint64_t lag = 0;
	size_t i, left;

	for (i = 0; i < writer->count; i++) {
		shelf = &writer->shelf[i];
		if (shelf->in_run) {
			book_release(shelf->book, shelf->release);
			shelf->released = shelf->release;
			shelf->in_run = false;
			book_set_log_end(shelf->book,
			    journal_sequence(writer->journal));
		}
		if (book_wants_room(shelf->book))
			wake_keeper(shelf);
		for (left = 0; left < shelf->left_count; left++)
			book_leftover_done(shelf->book, shelf->left[left]);
		shelf->left_count = 0;
		lag += book_tail(shelf->book) - shelf->released;
	}
	stats_set(&writer->stats->log_lag_records, lag);
	for (i = writer->count; i > 0; i--)
		if (writer->shelf[i - 1].done)
			put_away(writer, i - 1);
}

static bool
is_waited_for(const struct writer *writer)
{
	size_t i;

	if (writer->written != NULL)
		return true;
	for (i = 0; i < writer->count; i++)
		if (writer->shelf[i].wants)
			return true;
	return false;
}

static void
tell_durable(struct writer *writer)
{
	struct shelf *shelf;
	size_t i;

	for (i = 0; i < writer->count; i++) {
		shelf = &writer->shelf[i];
		if (shelf->durable != shelf->released) {
			shelf->durable = shelf->released;
			book_set_durable(shelf->book, shelf->durable);
		}
		if (!shelf->wants)
			continue;
		/* Each time: some of those who wait may go. */
		wake_keeper(shelf);
		if (shelf->durable >= shelf->wanted)
			shelf->wants = false;
	}
	answer_events(writer);
}

/* --- turns -------------------------------------------------------------------- */

static int
write_and_sync(struct writer *writer)
{
	if (journal_flush(writer->journal) != SEGMENTS_OK)
		return -1;
	release(writer);
	if (is_waited_for(writer) ||
	    journal_sync_due(writer->journal) <= clock_mono_us()) {
		if (journal_sync(writer->journal) != SEGMENTS_OK)
			return -1;
		tell_durable(writer);
	}
	return 0;
}

/* One batch; 1 if there was work, 0 if there was none, -1 if the log does not
 * take it. */
static int
batch(struct writer *writer)
{
	bool work;

	/* What a full disk held up goes first, as it is. */
	if (journal_pending(writer->journal) > 0 &&
	    write_and_sync(writer) == -1)
		return -1;
	if (journal_ready(writer->journal) != SEGMENTS_OK) {
		/* There is room for what people ask. */
		gather_events(writer);
		(void)write_and_sync(writer);
		return -1;
	}
	gather(writer);
	work = journal_pending(writer->journal) > 0;
	if (write_and_sync(writer) == -1)
		return -1;
	return work;
}

static bool
may_rest(struct writer *writer, bool (*rest)(struct book *))
{
	bool may = true;
	size_t i;

	for (i = 0; i < writer->count; i++)
		if (writer->shelf[i].spoilt < SPOILT_MAX &&
		    !rest(writer->shelf[i].book))
			may = false;
	return may;
}

static void
awake(struct writer *writer)
{
	size_t i;

	for (i = 0; i < writer->count; i++)
		book_awake(writer->shelf[i].book);
}

/* How long to wait after a turn with or without work. */
static uint64_t
wait_after(struct writer *writer, bool work)
{
	uint64_t now, due, wait;
	bool more = journal_idle(writer->journal);

	wait = work || more || writer->written != NULL ? DOZE_US : SECOND_US;
	if (!may_rest(writer, wait == DOZE_US ? book_doze : book_sleep)) {
		/* A keeper that always wants something gets it, but not all of
		 * a processor. */
		return ++writer->restless % 16 != 0 || work ? 0 : RESTLESS_US;
	}
	writer->restless = 0;
	due = journal_sync_due(writer->journal);
	now = clock_mono_us();
	if (due != WRITER_NEVER && due < now + wait)
		wait = due > now ? due - now : 0;
	return wait;
}

/* See what is there of each book's last run before a line of ours makes the
 * log longer. */
static void
resume(struct writer *writer)
{
	uint64_t found = journal_recovered(writer->journal), end;
	struct shelf *shelf;
	size_t i;

	for (i = 0; i < writer->count; i++) {
		shelf = &writer->shelf[i];
		if (shelf->resumed)
			continue;
		shelf->resumed = true;
		end = book_log_end(shelf->book);
		if (end > found)
			journal_missing(writer->journal, end - found);
		book_resume(shelf->book, found);
		shelf->released = book_position(shelf->book);
	}
}

/* What a disk lost is said once. */
static void
forget_ends(struct writer *writer)
{
	size_t i;

	for (i = 0; i < writer->count; i++)
		book_set_log_end(writer->shelf[i].book, 0);
}

uint64_t
writer_turn(struct writer *writer)
{
	uint64_t now = clock_mono_us();
	int did;

	stats_set(&writer->stats->heartbeat_us, now);
	if (!writer->open) {
		writer->tried = true;
		if (journal_find(writer->journal) != SEGMENTS_OK)
			return RETRY_US;
		resume(writer);
		if (journal_open(writer->journal) != SEGMENTS_OK)
			return RETRY_US;
		forget_ends(writer);
		writer->open = true;
	}
	awake(writer);
	if (now - writer->tick_us >= SECOND_US &&
	    journal_pending(writer->journal) == 0) {
		journal_tick(writer->journal);
		writer->tick_us = now;
	}
	did = batch(writer);
	if (did == -1)
		return RETRY_US;
	return wait_after(writer, did > 0);
}

int
writer_drain(struct writer *writer, unsigned batches)
{
	int did;

	if (!writer->open)
		return -1;
	do
		did = batch(writer);
	while (did > 0 && --batches > 0);
	if (did == -1 || journal_sync(writer->journal) != SEGMENTS_OK)
		return -1;
	tell_durable(writer);
	return 0;
}
