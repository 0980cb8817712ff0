/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_client.c - the connections of the reader.  A client asks once.  It is
 * refused, answered, or cut off when it takes no bytes for half a minute; what
 * waits for it is bounded, since lines are read only as it takes them.
 */
#include "logging/reader.h"

#include "lib/macros.h"
#include "lib/report.h"
#include "logging/logstate.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <jansson.h>

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct timeval ask_time = { 10, 0 };
static const struct timeval take_time = { 30, 0 };
static const struct timeval record_time = { 5, 0 };
static const struct timeval follow_time = { 0, 50000 };
static const struct timeval no_time = { 0, 0 };

static void
set_state(struct reader_client *c, enum client_state state)
{
	static const unsigned allowed[] = {
		[CLIENT_ASKING] = 1u << CLIENT_SCANNING | 1u << CLIENT_ENDING,
		[CLIENT_SCANNING] = 1u << CLIENT_RECORDING |
		    1u << CLIENT_SENDING | 1u << CLIENT_STREAMING |
		    1u << CLIENT_ENDING,
		[CLIENT_RECORDING] = 1u << CLIENT_SENDING |
		    1u << CLIENT_STREAMING | 1u << CLIENT_ENDING,
		[CLIENT_SENDING] = 1u << CLIENT_ENDING,
		[CLIENT_STREAMING] = 1u << CLIENT_ENDING,
		[CLIENT_ENDING] = 0
	};

	assert(allowed[c->state] & 1u << state);
	c->state = state;
}

static void
want_work(struct reader *r)
{
	if (!evtimer_pending(r->on_work, NULL))
		(void)evtimer_add(r->on_work, &no_time);
}

static void
set_follower(struct reader_client *c, bool follows)
{
	struct reader *r = c->reader;

	if (follows && r->followers++ == 0)
		(void)evtimer_add(r->on_follow, &follow_time);
	else if (!follows && --r->followers == 0)
		(void)evtimer_del(r->on_follow);
}

/* The only function that ends a client. */
static void
client_free(struct reader_client **client)
{
	struct reader_client *c = *client, **at;

	*client = NULL;
	for (at = &c->reader->clients; *at != c; at = &(*at)->next)
		;
	*at = c->next;
	c->reader->client_count--;
	if (c->state == CLIENT_STREAMING)
		set_follower(c, false);
	reader_search_clear(c);
	if (c->deadline != NULL)
		event_free(c->deadline);
	bufferevent_free(c->bev);
	free(c);
}

/* Say the last line; the connection closes when it is taken. */
static void
say_last(struct reader_client *c, const char *result, const char *message)
{
	json_t *line = json_pack("{s:s, s:s, s:I}", "result", result,
	    "message", message, "count", (json_int_t)c->sent);
	char *text = line == NULL ? NULL : json_dumps(line,
	    JSON_COMPACT | JSON_ENSURE_ASCII);

	if (c->state == CLIENT_STREAMING)
		set_follower(c, false);
	set_state(c, CLIENT_ENDING);
	reader_search_clear(c);
	bufferevent_setwatermark(c->bev, EV_WRITE, 0, 0);
	if (text == NULL)
		text = strdup("{\"result\":\"failed\","
		    "\"message\":\"out of memory\",\"count\":0}");
	if (text != NULL) {
		(void)bufferevent_write(c->bev, text, strlen(text));
		(void)bufferevent_write(c->bev, "\n", 1);
	}
	free(text);
	json_decref(line);
}

static void
fail(struct reader_client *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
fail(struct reader_client *c, const char *fmt, ...)
{
	char message[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	say_last(c, "failed", message);
}

static void
say_done(struct reader_client *c)
{
	char message[256];

	if (c->request.command == COMMAND_SHOW && c->sent == 0) {
		fail(c, "there is no such record; it may have been deleted when "
		    "its time was over, or belong to another node");
		return;
	}
	(void)snprintf(message, sizeof(message), "%llu %s%s%s%s",
	    (unsigned long long)c->sent, c->request.command ==
	    COMMAND_COUNT_RULES ? "rule" : "record", c->sent == 1 ? "" : "s",
	    c->note != NULL ? "; " : "", c->note != NULL ? c->note : "");
	say_last(c, "ok", message);
}

static void
start_sending(struct reader_client *c)
{
	if (!reader_send_begin(c)) {
		fail(c, "the reader is out of memory; try again");
		return;
	}
	if (c->request.command == COMMAND_TAIL) {
		set_state(c, CLIENT_STREAMING);
		set_follower(c, true);
	} else {
		set_state(c, CLIENT_SENDING);
	}
	want_work(c->reader);
}

/* The question cannot be recorded. */
static void
on_unrecorded(struct reader_client *c)
{
	if (c->request.personal) {
		fail(c, "a question about a person is recorded before it is "
		    "answered, and the audit log cannot take the record now; "
		    "see \"gatebook status\" for the state of the log");
		return;
	}
	c->note = "this question could not be recorded, since the audit log "
	    "cannot be written now";
	start_sending(c);
}

static void
on_record_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	on_unrecorded(arg);
}

static void
record_question(struct reader_client *c)
{
	struct reader *r = c->reader;
	uint64_t count = c->request.command == COMMAND_COUNT_RULES ?
	    reader_count_rules(c) : c->place_count;
	uint32_t condition = r->state == NULL ? LOGSTATE_BROKEN :
	    atomic_load(&r->state->condition);

	set_state(c, CLIENT_RECORDING);
	if (condition == LOGSTATE_FULL || condition == LOGSTATE_BROKEN ||
	    reader_event_send(r, &c->person, &c->request, count,
	    &c->event_id) != 0) {
		on_unrecorded(c);
		return;
	}
	(void)evtimer_add(c->deadline, &record_time);
}

static void
on_recorded(struct reader *r, uint64_t id)
{
	for (struct reader_client *c = r->clients; c != NULL; c = c->next) {
		if (c->state != CLIENT_RECORDING || c->event_id != id)
			continue;
		(void)evtimer_del(c->deadline);
		start_sending(c);
		return;
	}
}

/* --- work ------------------------------------------------------------------ */

static bool
is_runnable(const struct reader_client *c)
{
	switch (c->state) {
	case CLIENT_SCANNING:
		return true;
	case CLIENT_SENDING:
	case CLIENT_STREAMING:
		return !c->waiting;
	case CLIENT_ASKING:
	case CLIENT_RECORDING:
	case CLIENT_ENDING:
		return false;
	}
	return false;
}

static void
send_slice(struct reader_client *c)
{
	switch (reader_send_slice(c)) {
	case SEND_MORE:
		c->waiting = evbuffer_get_length(
		    bufferevent_get_output(c->bev)) >= READER_OUTPUT_HIGH;
		break;
	case SEND_LATER:
		c->waiting = true;
		break;
	case SEND_DONE:
		say_done(c);
		break;
	case SEND_FAILED:
		fail(c, "the reader is out of memory; try again");
		break;
	}
}

/* One slice for everybody who has work. */
static void
on_work(evutil_socket_t fd, short what, void *arg)
{
	struct reader *r = arg;
	bool more = false;

	(void)fd;
	(void)what;
	for (struct reader_client *c = r->clients; c != NULL; c = c->next) {
		if (!is_runnable(c))
			continue;
		if (c->state != CLIENT_SCANNING)
			send_slice(c);
		else if (reader_search_slice(c))
			record_question(c);
		more = more || is_runnable(c);
	}
	if (more)
		want_work(r);
}

/* The log may have grown. */
static void
on_follow(evutil_socket_t fd, short what, void *arg)
{
	struct reader *r = arg;

	(void)fd;
	(void)what;
	for (struct reader_client *c = r->clients; c != NULL; c = c->next)
		if (c->state == CLIENT_STREAMING && evbuffer_get_length(
		    bufferevent_get_output(c->bev)) < READER_OUTPUT_HIGH)
			c->waiting = false;
	want_work(r);
}

/* --- input and output -------------------------------------------------------- */

static void
on_request(struct reader_client *c, const char *text, size_t length)
{
	char why[256];

	(void)bufferevent_set_timeouts(c->bev, NULL, &take_time);
	if (!reader_request_read(text, length, &c->request, why,
	    sizeof(why))) {
		fail(c, "%s", why);
		return;
	}
	set_state(c, CLIENT_SCANNING);
	if (!reader_search_begin(c)) {
		fail(c, "the reader is out of memory; try again");
		return;
	}
	want_work(c->reader);
}

static void
on_client_read(struct bufferevent *bev, void *arg)
{
	struct reader_client *c = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t length;
	char *line;

	if (c->state != CLIENT_ASKING) {
		/* A client asks once; the rest is only read to see it go. */
		(void)evbuffer_drain(in, evbuffer_get_length(in));
		return;
	}
	line = evbuffer_readln(in, &length, EVBUFFER_EOL_LF);
	if (line != NULL && length <= READER_REQUEST_MAX)
		on_request(c, line, length);
	else if (line != NULL || evbuffer_get_length(in) > READER_REQUEST_MAX)
		fail(c, "the request is too long");
	free(line);
}

static void
on_client_taken(struct bufferevent *bev, void *arg)
{
	struct reader_client *c = arg;

	if (c->state == CLIENT_ENDING) {
		if (evbuffer_get_length(bufferevent_get_output(bev)) == 0)
			client_free(&c);
		return;
	}
	if (c->state == CLIENT_SENDING || c->state == CLIENT_STREAMING) {
		c->waiting = false;
		want_work(c->reader);
	}
}

static void
on_client_event(struct bufferevent *bev, short what, void *arg)
{
	struct reader_client *c = arg;

	(void)bev;
	(void)what;	/* closed, broken or too slow: it goes */
	client_free(&c);
}

static void
refuse(struct reader_client *c)
{
	const struct settings *s = c->reader->settings;

	fail(c, "%s may not read the audit log: that is for root, for the "
	    "groups %s (all) and %s (cause and host), and for whom gatebook "
	    "runs as; ask your administrator", c->person.name,
	    s->group_auditor, s->group_desk);
}

/* Take a connection over; it owns fd. */
static void
client_new(struct reader *r, int fd)
{
	struct reader_client *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		(void)close(fd);
		return;
	}
	c->reader = r;
	c->fd = -1;
	c->deadline = evtimer_new(r->base, on_record_deadline, c);
	c->bev = bufferevent_socket_new(r->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (c->bev == NULL || c->deadline == NULL) {
		if (c->deadline != NULL)
			event_free(c->deadline);
		if (c->bev != NULL)
			bufferevent_free(c->bev);
		else
			(void)close(fd);
		free(c);
		return;
	}
	c->next = r->clients;
	r->clients = c;
	r->client_count++;
	reader_identify(&r->access, fd, &c->person);
	bufferevent_setcb(c->bev, on_client_read, on_client_taken,
	    on_client_event, c);
	bufferevent_setwatermark(c->bev, EV_WRITE, READER_OUTPUT_LOW, 0);
	bufferevent_setwatermark(c->bev, EV_READ, 0, READER_REQUEST_MAX * 2);
	(void)bufferevent_set_timeouts(c->bev, &ask_time, &take_time);
	(void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	if (c->person.rights == RIGHTS_NONE)
		refuse(c);
}

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	static const char busy[] = "{\"result\":\"failed\",\"message\":\""
	    "too many people read the log at once; try again in a moment\","
	    "\"count\":0}\n";
	struct reader *r = arg;
	int client;

	(void)what;
	for (int i = 0; i < 8; i++) {
		client = accept4((int)fd, NULL, NULL,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (client < 0)
			return;
		if (r->client_count < READER_CLIENTS) {
			client_new(r, client);
			continue;
		}
		(void)send(client, busy, sizeof(busy) - 1,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		(void)close(client);
	}
}

int
reader_listen(struct reader *r, int fd)
{
	(void)evutil_make_socket_nonblocking(fd);
	r->on_work = evtimer_new(r->base, on_work, r);
	r->on_follow = event_new(r->base, -1, EV_PERSIST, on_follow, r);
	r->on_accept = event_new(r->base, fd, EV_READ | EV_PERSIST, on_accept,
	    r);
	if (r->on_work == NULL || r->on_follow == NULL || r->on_accept == NULL)
		return -1;
	return event_add(r->on_accept, NULL);
}

/* --- the writer --------------------------------------------------------------- */

static void
lose_writer(struct reader *r)
{
	if (r->on_writer != NULL)
		event_free(r->on_writer);
	r->on_writer = NULL;
	if (r->writer >= 0)
		(void)close(r->writer);
	r->writer = -1;
	for (struct reader_client *c = r->clients; c != NULL; c = c->next) {
		if (c->state != CLIENT_RECORDING)
			continue;
		(void)evtimer_del(c->deadline);
		on_unrecorded(c);
	}
}

static void
on_writer(evutil_socket_t fd, short what, void *arg)
{
	struct reader *r = arg;
	uint64_t id;
	int got;

	(void)fd;
	(void)what;
	while ((got = reader_event_done(r, &id)) > 0)
		on_recorded(r, id);
	if (got < 0)
		lose_writer(r);	/* the parent brings another */
}

void
reader_set_writer(struct reader *r, int fd)
{
	lose_writer(r);
	(void)evutil_make_socket_nonblocking(fd);
	r->writer = fd;
	r->on_writer = event_new(r->base, fd, EV_READ | EV_PERSIST, on_writer,
	    r);
	if (r->on_writer == NULL || event_add(r->on_writer, NULL) != 0)
		lose_writer(r);
}

void
reader_close(struct reader *r)
{
	while (r->clients != NULL) {
		struct reader_client *c = r->clients;

		client_free(&c);
	}
	lose_writer(r);
	if (r->on_accept != NULL)
		event_free(r->on_accept);
	if (r->on_follow != NULL)
		event_free(r->on_follow);
	if (r->on_work != NULL)
		event_free(r->on_work);
	r->on_accept = r->on_follow = r->on_work = NULL;
}
