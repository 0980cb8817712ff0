/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_search.c - looking through the log for one client, a slice at a time:
 * backwards from the newest line to find places, then sending what stands
 * there.  Times may step backwards between lines (the order is that of
 * event.sequence), so a search by time passes over a file only if its first
 * line is an hour past the end asked for, and stops only behind a whole file
 * that is too old.
 */
#include "logging/reader.h"

#include "lib/clock.h"
#include "logging/line_read.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOUR_US UINT64_C(3600000000)
#define SLICE_BYTES SEGMENT_BLOCK
#define SLICE_TURNS 16		/* files looked into or passed over */

bool
reader_search_begin(struct reader_client *c)
{
	c->newest[0] = '\0';
	if (c->request.command == COMMAND_COUNT_RULES && !reader_count_begin(c))
		return false;
	if (segment_walk_back_init(&c->walk, &c->reader->folder) != 0)
		return false;
	c->walking = true;
	if (c->request.query.since[0] != '\0' && c->stop_before[0] == '\0')
		memcpy(c->stop_before, c->request.query.since, LOG_TIME);
	return true;
}

static void
end_walk(struct reader_client *c)
{
	if (c->walking)
		segment_walk_clear(&c->walk);
	c->walking = false;
}

void
reader_search_clear(struct reader_client *c)
{
	end_walk(c);
	reader_count_clear(c);
	free(c->places);
	c->places = NULL;
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
}

/* How many results are enough. */
static uint64_t
enough(const struct reader_client *c)
{
	switch (c->request.command) {
	case COMMAND_TAIL:
		return c->request.count == 0 ? 1 : c->request.count;
	case COMMAND_SEARCH:
		return c->request.limit;
	case COMMAND_SHOW:
		return c->found_exchange ? READER_RESULTS_MAX : 1;
	case COMMAND_COUNT_RULES:
		return 1;	/* no places are kept */
	}
	return 0;
}

/* Remember a place; a tail needs only the one furthest back. */
static bool
keep_place(struct reader_client *c, const struct segment_place *place)
{
	size_t at = c->request.command == COMMAND_TAIL ? 0 : c->place_count;

	if (at == c->place_size) {
		size_t size = c->place_size == 0 ? 16 : c->place_size * 2;
		struct segment_place *grown = reallocarray(c->places, size,
		    sizeof(*grown));

		if (grown == NULL)
			return false;
		c->places = grown;
		c->place_size = size;
	}
	c->places[at] = *place;
	c->place_count++;
	return true;
}

/* The first record of an exchange is found: look again for all of them, back to
 * an hour before it began. */
static bool
second_pass(struct reader_client *c, const char *line, size_t length)
{
	const char *time = segment_line_time(line, length);
	struct line_value value;
	uint64_t begin, start;
	char id[27];

	if (!line_find(line, length, "transaction.id", &value) ||
	    line_text(&value, id, sizeof(id)) == 0)
		return false;
	memset(&c->request.query, 0, sizeof(c->request.query));
	memcpy(c->request.query.transaction, id, sizeof(id));
	log_query_settle(&c->request.query);
	if (time == NULL || !log_time_read(time, SEGMENT_TIME, &begin))
		begin = 0;
	if (line_find(line, length, "event.start", &value) &&
	    log_time_read(value.at, value.length, &start) && start < begin)
		begin = start;
	if (begin > HOUR_US)
		clock_format_utc(begin - HOUR_US, c->stop_before);
	c->found_exchange = true;
	c->place_count = 0;
	end_walk(c);
	return reader_search_begin(c);
}

/* A line was met; true if the search is over. */
static bool
on_line(struct reader_client *c, const char *line,
    const struct segment_place *place)
{
	const char *time = segment_line_time(line, place->length);

	if (time != NULL && memcmp(time, c->newest, SEGMENT_TIME) > 0) {
		memcpy(c->newest, time, SEGMENT_TIME);
		c->newest[SEGMENT_TIME] = '\0';
	}
	if (c->request.command == COMMAND_COUNT_RULES) {
		reader_count_line(c, line, place->length);
		return false;
	}
	if (c->place_count >= enough(c))
		return true;
	if (!log_query_match(&c->request.query, line, place->length))
		return false;
	if (!keep_place(c, place))
		return true;
	if (c->request.command == COMMAND_SHOW && !c->found_exchange)
		return !second_pass(c, line, place->length);
	return c->place_count >= enough(c);
}

/* Another file was opened; true if the search is over. */
static bool
on_turn(struct reader_client *c)
{
	const char *until = c->request.query.until;
	char first[SEGMENT_TIME];
	uint64_t first_us, until_us;

	if (c->stop_before[0] != '\0' && c->newest[0] != '\0' &&
	    memcmp(c->newest, c->stop_before, SEGMENT_TIME) < 0)
		return true;
	c->newest[0] = '\0';
	if (until[0] != '\0' &&
	    segment_first_time(&c->reader->folder, c->walk.segment, first) &&
	    log_time_read(first, SEGMENT_TIME, &first_us) &&
	    log_time_read(until, SEGMENT_TIME, &until_us) &&
	    first_us > until_us + HOUR_US)
		segment_walk_skip(&c->walk);
	return false;
}

bool
reader_search_slice(struct reader_client *c)
{
	size_t bytes = 0;
	unsigned turns = 0;

	while (bytes < SLICE_BYTES && turns < SLICE_TURNS) {
		struct segment_place place;
		const char *line;
		bool over;

		switch (segment_walk_back(&c->walk, &line, &place)) {
		case SEGMENT_END:
			over = true;
			break;
		case SEGMENT_TURNED:
			over = on_turn(c);
			turns++;
			break;
		case SEGMENT_LINE:
			bytes += place.length;
			over = on_line(c, line, &place);
			break;
		}
		if (over) {
			end_walk(c);
			return true;
		}
	}
	return false;
}

/* --- sending ---------------------------------------------------------------- */

bool
reader_send_begin(struct reader_client *c)
{
	struct segment_place place = { 0, 0, 0 };

	if (c->request.command != COMMAND_TAIL)
		return true;
	if (c->place_count > 0)
		place = c->places[0];
	if (segment_walk_on_init(&c->walk, &c->reader->folder, &place) != 0)
		return false;
	c->walking = true;
	return true;
}

static bool
has_room(const struct reader_client *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->bev)) <
	    READER_OUTPUT_HIGH;
}

/* Send one line as this person may see it. */
static void
send_line(struct reader_client *c, const char *line, size_t length)
{
	static char narrow[LINE_MAX_BYTES + 2];
	struct evbuffer *out = bufferevent_get_output(c->bev);

	if (c->person.rights == RIGHTS_ALL) {
		(void)evbuffer_add(out, line, length);
		(void)evbuffer_add(out, "\n", 1);
	} else {
		length = reader_desk_line(line, length, narrow);
		if (length == 0)
			return;
		(void)evbuffer_add(out, narrow, length);
	}
	c->sent++;
}

/* Send what stands at a place; nothing if it has gone since. */
static void
send_place(struct reader_client *c, const struct segment_place *place)
{
	static char line[LINE_MAX_BYTES];

	assert(place->length <= sizeof(line));
	if (c->fd < 0 || c->fd_segment != place->segment) {
		if (c->fd >= 0)
			(void)close(c->fd);
		c->fd = segment_open(&c->reader->folder, place->segment);
		c->fd_segment = place->segment;
	}
	if (c->fd < 0 || pread(c->fd, line, place->length,
	    (off_t)place->offset) != (ssize_t)place->length)
		return;
	if (line_is_whole(line, place->length))
		send_line(c, line, place->length);
}

static enum send_step
send_places(struct reader_client *c)
{
	bool reverse = c->request.command == COMMAND_SHOW;

	while (c->place_at < c->place_count) {
		size_t at = reverse ? c->place_count - 1 - c->place_at :
		    c->place_at;

		if (!has_room(c))
			return SEND_MORE;
		send_place(c, &c->places[at]);
		c->place_at++;
	}
	return SEND_DONE;
}

static enum send_step
send_stream(struct reader_client *c)
{
	size_t bytes = 0;

	while (bytes < SLICE_BYTES && has_room(c)) {
		struct segment_place place;
		const char *line;

		if (!c->request.follow && c->sent >= c->request.count)
			return SEND_DONE;
		switch (segment_walk_on(&c->walk, &line, &place)) {
		case SEGMENT_END:
			return c->request.follow ? SEND_LATER : SEND_DONE;
		case SEGMENT_TURNED:
			break;
		case SEGMENT_LINE:
			bytes += place.length;
			/* A tail of nothing begins behind the last line. */
			if (c->request.count == 0 && c->place_count == 1 &&
			    c->places[0].segment == place.segment &&
			    c->places[0].offset == place.offset)
				break;
			if (line_is_whole(line, place.length))
				send_line(c, line, place.length);
			break;
		}
	}
	return SEND_MORE;
}

enum send_step
reader_send_slice(struct reader_client *c)
{
	if (c->request.command == COMMAND_TAIL)
		return send_stream(c);
	if (c->request.command == COMMAND_COUNT_RULES)
		return reader_count_send(c);
	return send_places(c);
}
