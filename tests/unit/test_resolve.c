/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_resolve.c - names to addresses, against a small DNS server in here.
 *
 * The server runs on the same event base.  The first label of a name says how it
 * is answered; see the table of cases.
 */
#include "proxy/resolve.h"

#include "lib/clock.h"
#include "lib/confine.h"
#include "lib/macros.h"
#include "proxy/dns_packet.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_S 8

enum reply {
	REPLY_ADDRESSES,
	REPLY_NODATA,
	REPLY_NXDOMAIN,
	REPLY_SERVFAIL,
	REPLY_REFUSED,
	REPLY_SILENCE,
	REPLY_SLOW		/* addresses, after SLOW_MS */
};
#define SLOW_MS 300

struct behaviour {
	const char *label;
	enum reply a;
	unsigned a_count;
	enum reply aaaa;
	unsigned aaaa_count;
	bool alias;		/* by way of a CNAME */
	bool stream;		/* cut short unless asked over TCP */
};

static const struct behaviour behaviours[] = {
	{ "both", REPLY_ADDRESSES, 2, REPLY_ADDRESSES, 2, false, false },
	{ "four", REPLY_ADDRESSES, 1, REPLY_NODATA, 0, false, false },
	{ "six", REPLY_NODATA, 0, REPLY_ADDRESSES, 1, false, false },
	{ "alias", REPLY_ADDRESSES, 2, REPLY_ADDRESSES, 1, true, false },
	{ "many", REPLY_ADDRESSES, 30, REPLY_ADDRESSES, 3, false, false },
	{ "gone", REPLY_NXDOMAIN, 0, REPLY_NXDOMAIN, 0, false, false },
	{ "empty", REPLY_NODATA, 0, REPLY_NODATA, 0, false, false },
	{ "broken", REPLY_SERVFAIL, 0, REPLY_SERVFAIL, 0, false, false },
	{ "refused", REPLY_REFUSED, 0, REPLY_REFUSED, 0, false, false },
	{ "lame6", REPLY_ADDRESSES, 1, REPLY_NXDOMAIN, 0, false, false },
	{ "half", REPLY_ADDRESSES, 1, REPLY_SERVFAIL, 0, false, false },
	{ "silent", REPLY_SILENCE, 0, REPLY_SILENCE, 0, false, false },
	{ "slow6", REPLY_ADDRESSES, 1, REPLY_SLOW, 1, false, false },
	{ "never6", REPLY_ADDRESSES, 1, REPLY_SILENCE, 0, false, false },
	{ "long", REPLY_ADDRESSES, 20, REPLY_NODATA, 0, false, true },
	{ "never4", REPLY_SILENCE, 0, REPLY_ADDRESSES, 1, false, false },
};

/* --- the server ------------------------------------------------------------ */

struct server {
	struct event_base *base;
	struct event *event;
	struct event *stream_event;
	int fd;
	int stream_fd;		/* the same port over TCP */
	uint16_t port;
	unsigned questions;
	unsigned streams;
	bool dead;
	struct late *late;	/* the one slow answer on its way */
	struct event *late_event;
};

struct packet {
	uint8_t bytes[1232];
	size_t length;
};

struct late {
	struct server *server;
	struct sockaddr_storage to;
	socklen_t to_length;
	struct packet packet;
};

static void
put16(struct packet *p, unsigned value)
{
	assert_true(p->length + 2 <= sizeof(p->bytes));
	p->bytes[p->length++] = (uint8_t)(value >> 8);
	p->bytes[p->length++] = (uint8_t)value;
}

static void
put_record(struct packet *p, unsigned name, unsigned type, unsigned length)
{
	put16(p, name);
	put16(p, type);
	put16(p, DNS_CLASS_IN);
	put16(p, 0);
	put16(p, 60);
	put16(p, length);
}

/* Answer the question in query, whose name ends at name_end. */
static void
make_reply(struct packet *out, const uint8_t *query, size_t name_end,
    unsigned type, const struct behaviour *b, enum reply reply, unsigned count)
{
	size_t question_end = name_end + 4;
	unsigned owner = 0xc00c, i, j, answers = 0;
	unsigned rcode = reply == REPLY_NXDOMAIN ? DNS_RCODE_NXDOMAIN :
	    reply == REPLY_SERVFAIL ? DNS_RCODE_SERVFAIL :
	    reply == REPLY_REFUSED ? DNS_RCODE_REFUSED : DNS_RCODE_OK;

	memcpy(out->bytes, query, question_end);
	out->bytes[2] = 0x81;		/* an answer, recursion desired */
	out->bytes[3] = (uint8_t)(0x80 | rcode);
	memset(out->bytes + 4, 0, 8);
	out->bytes[5] = 1;
	out->length = question_end;
	if (b->alias && count > 0) {
		/* alias.example -> x.example, the suffix pointed to */
		put_record(out, owner, 5, 4);
		owner = 0xc000 | (unsigned)out->length;
		out->bytes[out->length++] = 1;
		out->bytes[out->length++] = 'x';
		put16(out, 0xc00c + 1 + (unsigned)strlen(b->label));
		answers++;
	}
	for (i = 0; i < count; i++) {
		put_record(out, owner, type, type == DNS_TYPE_A ? 4 : 16);
		if (type == DNS_TYPE_A) {
			put16(out, 0xc633);	/* 198.51.100.x */
			put16(out, 0x6400 | (i + 1));
		} else {
			put16(out, 0x2001);
			put16(out, 0x0db8);
			for (j = 0; j < 5; j++)
				put16(out, 0);
			put16(out, i + 1);
		}
		answers++;
	}
	out->bytes[7] = (uint8_t)answers;
}

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	struct late *late = arg;

	(void)fd;
	(void)what;
	(void)sendto(late->server->fd, late->packet.bytes, late->packet.length,
	    0, (struct sockaddr *)&late->to, late->to_length);
	if (late == late->server->late)
		late->server->late = NULL;
	free(late);
}

static const struct behaviour *
find_behaviour(const uint8_t *label)
{
	size_t i;

	for (i = 0; i < COUNT_OF(behaviours); i++) {
		if (label[0] == strlen(behaviours[i].label) &&
		    memcmp(label + 1, behaviours[i].label, label[0]) == 0)
			return &behaviours[i];
	}
	return NULL;
}

/* Make the answer to a question; what is to be done with it. */
static enum reply
answer(struct server *s, const uint8_t *query, struct packet *out,
    bool is_stream)
{
	const struct behaviour *b;
	enum reply reply;
	unsigned type, count;
	size_t end = 12;

	s->questions++;
	while (query[end] != 0)
		end += 1 + (size_t)query[end];
	end++;
	type = (unsigned)query[end + 1];
	b = find_behaviour(query + 12);
	if (b == NULL) {
		make_reply(out, query, end, type, &behaviours[0],
		    REPLY_ADDRESSES, 1);
		return REPLY_ADDRESSES;
	}
	reply = type == DNS_TYPE_A ? b->a : b->aaaa;
	count = type == DNS_TYPE_A ? b->a_count : b->aaaa_count;
	make_reply(out, query, end, type, b, reply,
	    b->stream && !is_stream ? 0 : count);
	if (b->stream && !is_stream)
		out->bytes[2] |= 0x02;	/* there is more */
	return reply;
}

static void
on_query(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;
	const struct timeval slow = { 0, SLOW_MS * 1000 };
	struct late *late = calloc(1, sizeof(*late));
	uint8_t query[1232];
	enum reply reply;
	ssize_t n;

	(void)what;
	assert_non_null(late);
	late->server = s;
	late->to_length = sizeof(late->to);
	n = recvfrom(fd, query, sizeof(query), 0,
	    (struct sockaddr *)&late->to, &late->to_length);
	if (n < 17 || s->dead) {
		free(late);
		return;
	}
	reply = answer(s, query, &late->packet, false);
	if (reply == REPLY_SLOW && s->late == NULL) {
		s->late = late;
		s->late_event = evtimer_new(s->base, on_late, late);
		event_add(s->late_event, &slow);
	} else if (reply == REPLY_SILENCE) {
		free(late);
	} else {
		on_late(fd, 0, late);
	}
}

/* One question a connection, and small: both come in one piece. */
static void
on_stream_query(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;
	struct packet packet;
	uint8_t query[1232], head[2];
	ssize_t n = recv(fd, query, sizeof(query), 0);

	(void)what;
	if (n > 19) {
		s->streams++;
		(void)answer(s, query + 2, &packet, true);
		head[0] = (uint8_t)(packet.length >> 8);
		head[1] = (uint8_t)packet.length;
		(void)send(fd, head, 2, MSG_MORE);
		(void)send(fd, packet.bytes, packet.length, 0);
	}
	close(fd);
}

static void
on_stream(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;
	int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)what;
	if (client != -1)
		event_base_once(s->base, client, EV_READ, on_stream_query, s,
		    NULL);
}

static void
server_open(struct server *s, struct event_base *base)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t length = sizeof(sin);

	memset(s, 0, sizeof(*s));
	s->base = base;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&sin, &length),
	    0);
	s->port = ntohs(sin.sin_port);
	/* Without the same port over TCP one test has to do without. */
	s->stream_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (bind(s->stream_fd, (struct sockaddr *)&sin, sizeof(sin)) == 0 &&
	    listen(s->stream_fd, 8) == 0) {
		s->stream_event = event_new(base, s->stream_fd,
		    EV_READ | EV_PERSIST, on_stream, s);
		event_add(s->stream_event, NULL);
	}
	s->event = event_new(base, s->fd, EV_READ | EV_PERSIST, on_query, s);
	event_add(s->event, NULL);
}

/* --- the fixture ----------------------------------------------------------- */

struct fixture {
	struct event_base *base;
	struct server server;
	struct settings settings;
	char forward[32];
	char *forwards[1];
	struct resolver *resolver;
	unsigned calls;
	struct resolve_answer answer;
	uint64_t at_us;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->base = event_base_new();
	server_open(&f->server, f->base);
	snprintf(f->forward, sizeof(f->forward), "127.0.0.1@%u",
	    f->server.port);
	f->forwards[0] = f->forward;
	f->settings.dns_forward.item = f->forwards;
	f->settings.dns_forward.count = 1;
	f->settings.dns_timeout = 4000000;
	f->settings.dns_ipv6 = true;
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	resolver_free(&f->resolver);
	event_free(f->server.event);
	if (f->server.late_event != NULL)
		event_free(f->server.late_event);
	free(f->server.late);
	if (f->server.stream_event != NULL)
		event_free(f->server.stream_event);
	close(f->server.fd);
	close(f->server.stream_fd);
	event_base_free(f->base);
	free(f);
	return 0;
}

static void
make_resolver(struct fixture *f)
{
	f->resolver = resolver_new(f->base, &f->settings);
	assert_non_null(f->resolver);
}

static void
on_answer(void *arg, const struct resolve_answer *answer)
{
	struct fixture *f = arg;

	f->calls++;
	f->answer = *answer;
	f->at_us = clock_mono_us();
	event_base_loopbreak(f->base);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	fail_msg("nothing happened in time");
}

static void
ask(struct fixture *f, const char *name)
{
	struct timeval tv = { PATIENCE_S, 0 };
	struct event *deadline = event_new(f->base, -1, 0, on_deadline, NULL);
	struct resolve *q;

	f->calls = 0;
	q = resolve_start(f->resolver, name, on_answer, f);
	assert_int_equal(q == NULL, f->calls == 1);
	event_add(deadline, &tv);
	while (f->calls == 0)
		event_base_dispatch(f->base);
	event_free(deadline);
	assert_int_equal(f->calls, 1);
}

static void
run_for(struct fixture *f, unsigned ms)
{
	struct timeval tv = { ms / 1000, (suseconds_t)(ms % 1000) * 1000 };

	event_base_loopexit(f->base, &tv);
	event_base_dispatch(f->base);
}

/* --- tests ----------------------------------------------------------------- */

static void
test_answers(void **state)
{
	static const struct {
		const char *name;
		enum resolve_status status;
		unsigned count, count6;
	} cases[] = {
		{ "both.example", RESOLVE_OK, 4, 2 },
		{ "four.example", RESOLVE_OK, 1, 0 },
		{ "six.example", RESOLVE_OK, 1, 1 },
		/* the library asks for the alias by itself */
		{ "alias.example", RESOLVE_OK, 2, 1 },
		{ "many.example", RESOLVE_OK, RESOLVE_MAX, 3 },
		{ "gone.example", RESOLVE_NO_NAME, 0, 0 },
		{ "empty.example", RESOLVE_NO_ADDRESS, 0, 0 },
		{ "broken.example", RESOLVE_FAILED, 0, 0 },
		{ "refused.example", RESOLVE_FAILED, 0, 0 },
		{ "half.example", RESOLVE_OK, 1, 0 },
		{ "lame6.example", RESOLVE_OK, 1, 0 },
		{ "localhost", RESOLVE_OK, 2, 1 },
	};
	struct fixture *f = *state;
	unsigned n6, j, again;
	size_t i;

	make_resolver(f);
	for (i = 0; i < COUNT_OF(cases) * 2; i++) {
		again = i % 2;
		ask(f, cases[i / 2].name);
		if (f->answer.status != cases[i / 2].status ||
		    f->answer.count != cases[i / 2].count)
			fail_msg("%s: status %d, %u addresses, %s",
			    cases[i / 2].name, (int)f->answer.status,
			    f->answer.count, f->answer.detail);
		for (n6 = j = 0; j < f->answer.count; j++) {
			assert_int_equal(f->answer.address[j].port, 0);
			n6 += f->answer.address[j].family == 6;
		}
		assert_int_equal(n6, cases[i / 2].count6);
		assert_int_equal(f->answer.security, RESOLVE_UNCHECKED);
		/* what was found is answered at once the second time */
		if (again && cases[i / 2].status == RESOLVE_OK &&
		    strncmp(cases[i / 2].name, "half", 4) != 0)
			assert_null(resolve_start(f->resolver,
			    cases[i / 2].name, on_answer, f));
	}
}

/* What does not fit a datagram is asked for again over TCP. */
static void
test_stream(void **state)
{
	struct fixture *f = *state;

	if (f->server.stream_event == NULL)
		skip();
	make_resolver(f);
	ask(f, "long.example");
	assert_int_equal(f->answer.status, RESOLVE_OK);
	assert_int_equal(f->answer.count, RESOLVE_MAX);
	assert_true(f->server.streams >= 1);
}

/* As in a worker: confined once the resolver stands, where any call that is
 * not on the list kills. */
static void
test_confined(void **state)
{
	static const char *const names[] = { "both.example", "alias.example",
	    "gone.example", "silent.example", "localhost" };
	struct fixture *f = *state;
	char words[256];
	pid_t child;
	int status;
	size_t i;

	if (getenv("GATEBOOK_VALGRIND") != NULL)
		skip();		/* valgrind knows no seccomp */
	f->settings.dns_timeout = 500000;
	f->settings.dns_hosts = (char[]){ "/etc/hosts" };
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		event_reinit(f->base);
		make_resolver(f);
		(void)setenv("GATEBOOK_CONFINE", "kill", 1);
		if (confine(CONFINE_WORKER, NULL, 0, NULL, words,
		    sizeof(words)) == -1)
			_exit(7);
		for (i = 0; i < COUNT_OF(names); i++)
			ask(f, names[i]);
		if (f->server.stream_event != NULL)
			ask(f, "long.example");
		_exit(f->answer.status == RESOLVE_OK ? 0 : 8);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status))
		fail_msg("killed by signal %d", WTERMSIG(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Families come in turn, whichever is first on this machine. */
static void
test_order(void **state)
{
	struct fixture *f = *state;
	unsigned i;

	make_resolver(f);
	ask(f, "both.example");
	for (i = 1; i < f->answer.count; i++)
		assert_int_not_equal(f->answer.address[i].family,
		    f->answer.address[i - 1].family);
}

static void
test_ipv6_off(void **state)
{
	struct fixture *f = *state;

	f->settings.dns_ipv6 = false;
	make_resolver(f);
	ask(f, "both.example");
	assert_int_equal(f->answer.count, 2);
	assert_int_equal(f->server.questions, 1);
	ask(f, "six.example");
	assert_int_equal(f->answer.status, RESOLVE_NO_ADDRESS);
}

/* IPv4 does not wait long for an IPv6 that is late or never comes. */
static void
test_resolution_delay(void **state)
{
	static const char *const names[] = { "slow6.example",
	    "never6.example" };
	struct fixture *f = *state;
	uint64_t began;
	size_t i;

	make_resolver(f);
	for (i = 0; i < COUNT_OF(names); i++) {
		began = clock_mono_us();
		ask(f, names[i]);
		assert_int_equal(f->answer.status, RESOLVE_OK);
		assert_int_equal(f->answer.count, 1);
		assert_int_equal(f->answer.address[0].family, 4);
		assert_true(f->at_us - began < SLOW_MS * 1000);
	}
}

/* IPv6 alone is an answer too, at the latest when patience ends. */
static void
test_only_ipv6_came(void **state)
{
	struct fixture *f = *state;

	f->settings.dns_timeout = 300000;
	make_resolver(f);
	ask(f, "never4.example");
	assert_int_equal(f->answer.status, RESOLVE_OK);
	assert_int_equal(f->answer.count, 1);
	assert_int_equal(f->answer.address[0].family, 6);
}

static void
test_timeout(void **state)
{
	struct fixture *f = *state;
	uint64_t began = clock_mono_us();

	f->settings.dns_timeout = 200000;
	make_resolver(f);
	ask(f, "silent.example");
	assert_int_equal(f->answer.status, RESOLVE_TIMEOUT);
	assert_int_not_equal(f->answer.detail[0], '\0');
	assert_true(f->at_us - began >= 190000);
	assert_true(f->at_us - began < 2000000);
	/* others are not held up by it */
	ask(f, "both.example");
	assert_int_equal(f->answer.status, RESOLVE_OK);
}

/* A resolver that was away is used again soon after it is back. */
static void
test_resolver_comes_back(void **state)
{
	struct fixture *f = *state;
	char name[32];
	unsigned i;

	f->settings.dns_timeout = 300000;
	make_resolver(f);
	f->server.dead = true;
	for (i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		ask(f, name);
		assert_int_not_equal(f->answer.status, RESOLVE_OK);
	}
	f->server.dead = false;
	for (i = 0; i < 25; i++) {
		snprintf(name, sizeof(name), "m%u.example", i);
		ask(f, name);
		if (f->answer.status == RESOLVE_OK)
			return;
	}
	fail_msg("the resolver stays out of use");
}

static void
test_cancel(void **state)
{
	struct fixture *f = *state;
	struct resolve *q;

	make_resolver(f);
	q = resolve_start(f->resolver, "both.example", on_answer, f);
	assert_non_null(q);
	resolve_cancel(&q);
	assert_null(q);
	resolve_cancel(&q);
	/* one that the library never lets go of by itself in time */
	q = resolve_start(f->resolver, "silent.example", on_answer, f);
	assert_non_null(q);
	resolve_cancel(&q);
	run_for(f, 50);
	assert_int_equal(f->calls, 0);
	/* the answer that nobody waited for is in the cache */
	assert_null(resolve_start(f->resolver, "both.example", on_answer, f));
	assert_int_equal(f->calls, 1);
}

/* Many names at once; too many are refused, and nobody is forgotten. */
struct crowd {
	struct fixture *f;
	unsigned done, ok, refused;
};

static void
on_crowd(void *arg, const struct resolve_answer *answer)
{
	struct crowd *c = arg;

	c->done++;
	c->ok += answer->status == RESOLVE_OK;
	c->refused += strcmp(answer->detail, "too many questions") == 0;
}

static void
test_too_many(void **state)
{
	struct fixture *f = *state;
	struct crowd c = { f, 0, 0, 0 };
	char name[32];
	unsigned i;

	f->settings.dns_timeout = 400000;
	make_resolver(f);
	f->server.dead = true;
	for (i = 0; i < 4100; i++) {
		snprintf(name, sizeof(name), "c%u.example", i);
		(void)resolve_start(f->resolver, name, on_crowd, &c);
	}
	assert_int_equal(c.refused, 4);
	assert_int_equal(c.done, 4);
	for (i = 0; i < 40 && c.done < 4100; i++)
		run_for(f, 50);
	assert_int_equal(c.done, 4100);
	assert_int_equal(c.ok, 0);
}

static void
test_many_at_once(void **state)
{
	struct fixture *f = *state;
	struct crowd c = { f, 0, 0, 0 };
	char name[32];
	unsigned i;

	make_resolver(f);
	for (i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "d%u.example", i % 250);
		(void)resolve_start(f->resolver, name, on_crowd, &c);
	}
	for (i = 0; i < 60 && c.done < 500; i++)
		run_for(f, 50);
	assert_int_equal(c.ok, 500);
	/* Twice the same question at once goes out once; some again where the
	 * machine is too busy to answer in time. */
	assert_true(f->server.questions <= 3 * 250);
}

/* From inside the answer: ask the same and another, and give up a third. */
struct nest {
	struct fixture *f;
	unsigned done;
	struct resolve *victim;
};

static void
on_nest(void *arg, const struct resolve_answer *answer)
{
	struct nest *n = arg;
	static const char *const names[] = { "both.example", "alias.example",
	    "gone.example", "many.example", "n1.example", "n2.example" };

	(void)answer;
	resolve_cancel(&n->victim);
	if (n->done < COUNT_OF(names))
		(void)resolve_start(n->f->resolver, names[n->done++], on_nest,
		    n);
	else
		event_base_loopbreak(n->f->base);
}

static void
test_from_inside(void **state)
{
	struct fixture *f = *state;
	struct nest n = { f, 0, NULL };

	make_resolver(f);
	n.victim = resolve_start(f->resolver, "silent.example", on_answer, f);
	(void)resolve_start(f->resolver, "both.example", on_nest, &n);
	run_for(f, 2000);
	assert_int_equal(n.done, 6);
	assert_int_equal(f->calls, 0);
}

static char *
write_file(const char *text)
{
	static char path[] = "/tmp/gatebook-test-XXXXXX";
	int fd;

	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	fd = mkstemp(path);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

static void
test_local(void **state)
{
	char *zones[] = { (char[]){ "ads.example always_nxdomain" },
	    (char[]){ "test. nodefault" } };
	char *data[] = {
	    (char[]){ "intranet.example A 10.0.0.7" } };
	struct fixture *f = *state;

	f->settings.dns_zone.item = zones;
	f->settings.dns_zone.count = COUNT_OF(zones);
	f->settings.dns_data.item = data;
	f->settings.dns_data.count = COUNT_OF(data);
	f->settings.dns_hosts = write_file("127.0.0.1 localhost\n"
	    "# a comment\n192.0.2.9 wiki.example wiki\n2001:db8::9 wiki6\n");
	make_resolver(f);
	unlink(f->settings.dns_hosts);
	ask(f, "wiki.example");
	assert_int_equal(f->answer.status, RESOLVE_OK);
	assert_int_equal(f->answer.count, 1);
	assert_int_equal(f->answer.address[0].bytes[3], 9);
	ask(f, "wiki");
	assert_int_equal(f->answer.count, 1);
	ask(f, "wiki6");
	assert_int_equal(f->answer.address[0].family, 6);
	ask(f, "www.ads.example");
	assert_int_equal(f->answer.status, RESOLVE_NO_NAME);
	ask(f, "intranet.example");
	assert_int_equal(f->answer.status, RESOLVE_OK);
	assert_int_equal(f->answer.address[0].bytes[0], 10);
	ask(f, "www.invalid");
	assert_int_equal(f->answer.status, RESOLVE_NO_NAME);
	assert_int_equal(f->server.questions, 0);
	/* taken out of the built-in zones above, so it is asked */
	ask(f, "both.test");
	assert_int_equal(f->answer.status, RESOLVE_OK);
}

/* With an anchor that fits nothing, no answer is believed. */
static void
test_bogus(void **state)
{
	struct fixture *f = *state;

	f->settings.dns_dnssec = true;
	f->settings.dns_anchor = write_file(". IN DS 20326 8 2 "
	    "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC"
	    "8D\n");
	make_resolver(f);
	unlink(f->settings.dns_anchor);
	ask(f, "both.example");
	assert_int_equal(f->answer.status, RESOLVE_BOGUS);
	assert_int_equal(f->answer.security, RESOLVE_IS_BOGUS);
	assert_int_equal(f->answer.count, 0);
	assert_int_not_equal(f->answer.detail[0], '\0');
}

static void
test_bad_settings(void **state)
{
	struct fixture *f = *state;
	char *zone[] = { (char[]){ "ads.example" } };
	char *type[] = { (char[]){ "ads.example sometimes" } };
	char *data[] = { (char[]){ "intranet.example A ten" } };
	char *forward[] = { (char[]){ "resolver.example" } };
	struct settings_list keep = f->settings.dns_forward;

	f->settings.dns_zone = (struct settings_list){ zone, 1 };
	assert_null(resolver_new(f->base, &f->settings));
	f->settings.dns_zone.item = type;
	assert_null(resolver_new(f->base, &f->settings));
	f->settings.dns_zone.count = 0;
	f->settings.dns_data = (struct settings_list){ data, 1 };
	assert_null(resolver_new(f->base, &f->settings));
	f->settings.dns_data.count = 0;
	f->settings.dns_forward = (struct settings_list){ forward, 1 };
	assert_null(resolver_new(f->base, &f->settings));
	f->settings.dns_forward = keep;
	f->settings.dns_hosts = (char[]){ "/nonexistent/hosts" };
	assert_null(resolver_new(f->base, &f->settings));
	f->settings.dns_hosts = NULL;
	f->settings.dns_dnssec = true;
	f->settings.dns_anchor = (char[]){ "/nonexistent/key" };
	assert_null(resolver_new(f->base, &f->settings));
}

/* The packet reader, on what a library of ours would never write. */
static void
test_packets(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		int result;
		unsigned count;
	} cases[] = {
#define P(text, result, count) { text, sizeof(text) - 1, result, count }
#define HEAD(an) "\0\1\x81\x80\0\1\0" an "\0\0\0\0\1x\0\0\1\0\1"
		P("", -1, 0),
		P("\0\1\x81\x80\0\0\0\0\0\0\0", -1, 0),
		P("\0\1\x81\x80\0\0\0\0\0\0\0\0", 0, 0),
		P(HEAD("\1") "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\1\2\3\4", 0, 1),
		P(HEAD("\1") "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\1\2\3", -1, 0),
		P(HEAD("\1") "\xc0\x0c\0\1\0\1\0\0\0\0\0\3\1\2\3", -1, 0),
		P(HEAD("\2") "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\1\2\3\4", -1, 1),
		P(HEAD("\1") "\xc0", -1, 0),
		P(HEAD("\1") "\x41", -1, 0),
		P(HEAD("\1") "\5ab", -1, 0),
		/* another class, another type */
		P(HEAD("\1") "\xc0\x0c\0\1\0\3\0\0\0\0\0\4\1\2\3\4", 0, 0),
		P(HEAD("\1") "\xc0\x0c\0\x1c\0\1\0\0\0\0\0\4\1\2\3\4", 0, 0),
#undef HEAD
#undef P
	};
	struct address out[2];
	uint8_t *copy;
	unsigned count;
	size_t i;
	int rcode;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		/* on the heap, for the sanitizer to watch its end */
		copy = malloc(cases[i].length + 1);
		assert_non_null(copy);
		memcpy(copy, cases[i].bytes, cases[i].length);
		copy = realloc(copy, cases[i].length > 0 ? cases[i].length :
		    1);
		assert_non_null(copy);
		assert_int_equal(dns_packet_addresses(copy, cases[i].length,
		    DNS_TYPE_A, out, COUNT_OF(out), &count, &rcode),
		    cases[i].result);
		assert_int_equal(count, cases[i].count);
		free(copy);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_answers),
		TEST(test_stream),
		TEST(test_confined),
		TEST(test_order),
		TEST(test_ipv6_off),
		TEST(test_resolution_delay),
		TEST(test_only_ipv6_came),
		TEST(test_timeout),
		TEST(test_resolver_comes_back),
		TEST(test_cancel),
		TEST(test_too_many),
		TEST(test_many_at_once),
		TEST(test_from_inside),
		TEST(test_local),
		TEST(test_bogus),
		TEST(test_bad_settings),
		cmocka_unit_test(test_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
