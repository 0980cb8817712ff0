/* SPDX-License-Identifier: Apache-2.0 */
/* test_connect.c - staggered connects against listeners on loopback. */
#include "proxy/connect.h"

#include "lib/clock.h"
#include "lib/macros.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MS 1000
#define PATIENCE_US (5000 * (uint64_t)MS)

/* A listener that accepts in the kernel, or one whose queue is full, so that
 * the kernel drops what knocks: a black hole without a firewall. */
struct place {
	struct address address;
	int fd;
	int filler[3];
};

struct outcome {
	struct event_base *base;
	unsigned calls;
	struct connect_result result;
	uint64_t at_us;
	struct address asked[16];
	uint64_t asked_us[16];
	unsigned asked_count;
	const struct address *forbidden;
	struct connect **cancel_when_asked;
};

static const struct connect_times quick = { 30 * MS, 2000 * MS };

static struct address
loopback(const char *text, uint16_t port)
{
	struct address a;

	assert_true(address_parse(text, strlen(text), &a));
	a.port = port;
	return a;
}

static void
place_open(struct place *p, const char *text, int backlog)
{
	struct sockaddr_storage ss;
	socklen_t length;
	int one = 1;

	memset(p->filler, -1, sizeof(p->filler));
	p->address = loopback(text, 0);
	length = address_to_sockaddr(&p->address, &ss);
	p->fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	assert_int_not_equal(p->fd, -1);
	setsockopt(p->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(p->fd, (struct sockaddr *)&ss, length), 0);
	length = sizeof(ss);
	assert_int_equal(getsockname(p->fd, (struct sockaddr *)&ss, &length),
	    0);
	assert_true(address_from_sockaddr((struct sockaddr *)&ss,
	    &p->address));
	if (backlog >= 0)
		assert_int_equal(listen(p->fd, backlog), 0);
}

static void
place_close(struct place *p)
{
	size_t i;

	for (i = 0; i < COUNT_OF(p->filler); i++) {
		if (p->filler[i] != -1)
			close(p->filler[i]);
	}
	close(p->fd);
}

/* Bound, not listening: refuses, and nobody else can take the port. */
static void
place_refusing(struct place *p, const char *text)
{
	place_open(p, text, -1);
}

static void
place_black_hole(struct place *p, const char *text)
{
	struct sockaddr_storage ss;
	socklen_t length;
	size_t i;

	place_open(p, text, 0);
	for (i = 0; i < COUNT_OF(p->filler); i++) {
		length = address_to_sockaddr(&p->address, &ss);
		p->filler[i] = socket(ss.ss_family, SOCK_STREAM |
		    SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(p->filler[i], (struct sockaddr *)&ss, length);
	}
}

static void
on_done(void *arg, const struct connect_result *result)
{
	struct outcome *o = arg;

	o->calls++;
	o->result = *result;
	o->at_us = clock_mono_us();
	event_base_loopbreak(o->base);
}

static bool
is_allowed(void *arg, const struct address *address)
{
	struct outcome *o = arg;

	if (o->asked_count < COUNT_OF(o->asked)) {
		o->asked[o->asked_count] = *address;
		o->asked_us[o->asked_count++] = clock_mono_us();
	}
	if (o->cancel_when_asked != NULL && *o->cancel_when_asked != NULL)
		connect_cancel(o->cancel_when_asked);
	return o->forbidden == NULL || !address_equal(o->forbidden, address);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	fail_msg("nothing happened in time");
}

/* Run the loop until done was called. */
static void
run(struct outcome *o)
{
	struct timeval tv = { PATIENCE_US / 1000000, 0 };
	struct event *deadline = event_new(o->base, -1, 0, on_deadline, NULL);

	event_add(deadline, &tv);
	if (o->calls == 0)
		event_base_dispatch(o->base);
	event_free(deadline);
}

/* Run the loop once more for a while to see that nothing else comes. */
static void
run_for(struct outcome *o, unsigned ms)
{
	struct timeval tv = { 0, (suseconds_t)ms * MS };

	event_base_loopexit(o->base, &tv);
	event_base_dispatch(o->base);
}

static unsigned
open_files(void)
{
	unsigned n = 0;
	int fd;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static int
set_up(void **state)
{
	static struct outcome o;

	memset(&o, 0, sizeof(o));
	o.base = event_base_new();
	*state = &o;
	return o.base == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	struct outcome *o = *state;

	event_base_free(o->base);
	return 0;
}

static void
start(struct outcome *o, const struct address *addresses, unsigned count,
    const struct connect_times *times)
{
	(void)connect_start(o->base, addresses, count, times, is_allowed,
	    on_done, o);
	run(o);
}

static void
test_connects(void **state)
{
	static const char *const texts[] = { "127.0.0.1", "::1" };
	struct outcome *o = *state;
	struct place p;
	int value;
	socklen_t length;
	size_t i;

	for (i = 0; i < COUNT_OF(texts); i++) {
		o->calls = 0;
		place_open(&p, texts[i], 8);
		start(o, &p.address, 1, &quick);
		assert_int_equal(o->calls, 1);
		assert_int_equal(o->result.status, CONNECT_OK);
		assert_int_equal(o->result.attempts, 1);
		assert_int_equal(o->result.error, 0);
		assert_true(address_equal(&o->result.address, &p.address));
		assert_int_equal(o->result.address.port, p.address.port);
		assert_true(fcntl(o->result.fd, F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(o->result.fd, F_GETFD) & FD_CLOEXEC);
		length = sizeof(value);
		assert_int_equal(getsockopt(o->result.fd, IPPROTO_TCP,
		    TCP_NODELAY, &value, &length), 0);
		assert_int_not_equal(value, 0);
		close(o->result.fd);
		place_close(&p);
	}
}

static void
test_refused(void **state)
{
	struct outcome *o = *state;
	struct place p;

	place_refusing(&p, "127.0.0.1");
	start(o, &p.address, 1, &quick);
	assert_int_equal(o->result.status, CONNECT_REFUSED);
	assert_int_equal(o->result.error, ECONNREFUSED);
	assert_int_equal(o->result.fd, -1);
	place_close(&p);
}

/* A failure starts the next at once, whatever the head start. */
static void
test_next_at_once(void **state)
{
	static const struct connect_times slow = { 4000 * MS, 4500 * MS };
	struct outcome *o = *state;
	struct address list[2];
	struct place bad, good;
	uint64_t began = clock_mono_us();

	place_refusing(&bad, "127.0.0.1");
	place_open(&good, "127.0.0.2", 8);
	list[0] = bad.address;
	list[1] = good.address;
	start(o, list, 2, &slow);
	assert_int_equal(o->result.status, CONNECT_OK);
	assert_int_equal(o->result.attempts, 2);
	assert_true(address_equal(&o->result.address, &good.address));
	assert_true(o->at_us - began < 2000 * MS);
	close(o->result.fd);
	place_close(&bad);
	place_close(&good);
}

/* One that says nothing is overtaken by the next after its head start. */
static void
test_stagger(void **state)
{
	struct outcome *o = *state;
	struct address list[3];
	struct place hole, hole2, good;
	unsigned before = open_files(), i;

	place_black_hole(&hole, "127.0.0.1");
	place_black_hole(&hole2, "127.0.0.3");
	place_open(&good, "127.0.0.2", 8);
	list[0] = hole.address;
	list[1] = hole2.address;
	list[2] = good.address;
	start(o, list, 3, &quick);
	assert_int_equal(o->result.status, CONNECT_OK);
	assert_int_equal(o->result.attempts, 3);
	assert_true(address_equal(&o->result.address, &good.address));
	assert_int_equal(o->asked_count, 3);
	for (i = 0; i < 3; i++)
		assert_true(address_equal(&o->asked[i], &list[i]));
	for (i = 1; i < 3; i++)
		assert_true(o->asked_us[i] - o->asked_us[i - 1] >= 29 * MS);
	close(o->result.fd);
	place_close(&hole);
	place_close(&hole2);
	place_close(&good);
	/* the losers are closed */
	assert_int_equal(open_files(), before);
}

static void
test_timeout(void **state)
{
	static const struct connect_times times = { 20 * MS, 100 * MS };
	struct outcome *o = *state;
	struct address list[2];
	struct place hole, hole2;
	uint64_t began = clock_mono_us();
	unsigned before = open_files();

	place_black_hole(&hole, "127.0.0.1");
	place_black_hole(&hole2, "127.0.0.3");
	list[0] = hole.address;
	list[1] = hole2.address;
	start(o, list, 2, &times);
	assert_int_equal(o->result.status, CONNECT_TIMEOUT);
	assert_int_equal(o->result.attempts, 2);
	assert_true(o->at_us - began >= 100 * MS);
	place_close(&hole);
	place_close(&hole2);
	assert_int_equal(open_files(), before);
}

/* A refusal says more than the missing route of another family. */
static void
test_telling_failure(void **state)
{
	struct outcome *o = *state;
	struct address list[2];
	struct place bad;

	place_refusing(&bad, "127.0.0.1");
	list[0] = bad.address;
	/* broadcast: the kernel refuses it at once, with another error */
	list[1] = loopback("255.255.255.255", 80);
	start(o, list, 2, &quick);
	assert_int_equal(o->result.status, CONNECT_REFUSED);
	assert_true(address_equal(&o->result.address, &bad.address));
	assert_int_equal(o->result.attempts, 2);
	place_close(&bad);
}

static void
test_forbidden(void **state)
{
	struct outcome *o = *state;
	struct address list[2];
	struct place bad, good;

	place_open(&bad, "127.0.0.1", 8);
	place_open(&good, "127.0.0.2", 8);
	list[0] = bad.address;
	list[1] = good.address;
	o->forbidden = &list[0];
	start(o, list, 2, &quick);
	assert_int_equal(o->result.status, CONNECT_OK);
	assert_int_equal(o->result.attempts, 1);
	assert_true(address_equal(&o->result.address, &good.address));
	close(o->result.fd);
	/* not one packet went to the forbidden one */
	assert_int_equal(accept(bad.fd, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);

	o->calls = 0;
	assert_null(connect_start(o->base, list, 1, &quick, is_allowed,
	    on_done, o));
	assert_int_equal(o->calls, 1);
	assert_int_equal(o->result.status, CONNECT_FORBIDDEN);
	assert_int_equal(o->result.attempts, 0);
	place_close(&bad);
	place_close(&good);
}

static void
test_no_descriptor(void **state)
{
	struct outcome *o = *state;
	struct rlimit old, none;
	struct place p;

	place_open(&p, "127.0.0.1", 8);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	(void)connect_start(o->base, &p.address, 1, &quick, NULL, on_done, o);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(o->calls, 1);
	assert_int_equal(o->result.status, CONNECT_NO_DESCRIPTOR);
	assert_int_equal(o->result.error, EMFILE);
	place_close(&p);
}

static void
test_cancel(void **state)
{
	struct outcome *o = *state;
	struct address list[2];
	struct place hole, good;
	struct connect *c;
	unsigned before = open_files();

	place_black_hole(&hole, "127.0.0.1");
	place_open(&good, "127.0.0.2", 8);
	list[0] = hole.address;
	list[1] = good.address;
	c = connect_start(o->base, list, 2, &quick, is_allowed, on_done, o);
	assert_non_null(c);
	connect_cancel(&c);
	assert_null(c);
	connect_cancel(&c);

	/* ... and from inside the question about the second address */
	c = connect_start(o->base, list, 2, &quick, is_allowed, on_done, o);
	assert_non_null(c);
	o->cancel_when_asked = &c;
	run_for(o, 80);
	assert_null(c);
	assert_int_equal(o->calls, 0);
	place_close(&hole);
	place_close(&good);
	assert_int_equal(open_files(), before);
}

/* The answer may start the next connection from inside. */
static void
on_done_again(void *arg, const struct connect_result *result)
{
	struct outcome *o = arg;

	assert_int_equal(result->status, CONNECT_REFUSED);
	if (o->calls++ < 3)
		(void)connect_start(o->base, &result->address, 1, &quick,
		    NULL, on_done_again, o);
	else
		event_base_loopbreak(o->base);
}

static void
test_again_from_inside(void **state)
{
	struct outcome *o = *state;
	struct place p;

	place_refusing(&p, "127.0.0.1");
	(void)connect_start(o->base, &p.address, 1, &quick, NULL,
	    on_done_again, o);
	run_for(o, 200);
	assert_int_equal(o->calls, 4);
	place_close(&p);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_connects),
		TEST(test_refused),
		TEST(test_next_at_once),
		TEST(test_stagger),
		TEST(test_timeout),
		TEST(test_telling_failure),
		TEST(test_forbidden),
		TEST(test_no_descriptor),
		TEST(test_cancel),
		TEST(test_again_from_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
