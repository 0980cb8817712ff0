/* SPDX-License-Identifier: Apache-2.0 */
/* test_upstream.c - the pool of connections that wait: found by host, port and
 * way, bounded, closed by time, by their other end and by words out of turn. */
#include "proxy/upstream.h"

#include "lib/clock.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct worker worker;
static struct settings settings;
static struct stats stats;
static int64_t offset;

static int
setup(void **state)
{
	(void)state;
	memset(&worker, 0, sizeof(worker));
	memset(&stats, 0, sizeof(stats));
	settings.upstream_pool = 5;
	settings.upstream_pool_host = 3;
	settings.upstream_idle = 60000000;
	worker.settings = &settings;
	worker.stats = &stats;
	worker.limits.head = 4096;
	worker.base = event_base_new();
	worker.wheel = deadlines_new(worker.base);
	worker.pool = pool_new(&worker);
	return worker.pool == NULL || worker.wheel == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	pool_free(&worker.pool);
	deadlines_free(&worker.wheel);
	event_base_free(worker.base);
	return 0;
}

/* A connection; *peer is its other end. */
static struct upstream *
connection(const char *host, uint16_t port, bool via_parent, int *peer)
{
	struct address address = { .family = 4, .bytes = { 192, 0, 2, 1 } };
	struct upstream *u;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    pair), 0);
	*peer = pair[1];
	u = upstream_open(&worker, pair[0], &address, host, strlen(host), port,
	    via_parent);
	assert_non_null(u);
	return u;
}

static struct upstream *
take(const char *host, uint16_t port, bool via_parent)
{
	return pool_take(worker.pool, host, strlen(host), port, via_parent);
}

static bool
is_closed(int peer)
{
	char byte;
	bool closed = recv(peer, &byte, 1, MSG_DONTWAIT) == 0;

	return closed;
}

static void
test_found_by_host_port_and_way(void **state)
{
	struct upstream *a, *b, *c;
	int peer[3];

	(void)state;
	pool_give(worker.pool, a = connection("a.example", 80, false, peer));
	pool_give(worker.pool, b = connection("a.example", 81, false,
	    peer + 1));
	pool_give(worker.pool, c = connection("a.example", 80, true, peer + 2));
	assert_int_equal(atomic_load(&stats.upstream_idle), 3);
	assert_null(take("a.exampl", 80, false));
	assert_null(take("b.example", 80, false));
	assert_null(take("a.example", 82, false));
	assert_null(take("a.example", 81, true));
	assert_ptr_equal(take("a.example", 80, true), c);
	assert_ptr_equal(take("a.example", 81, false), b);
	assert_ptr_equal(take("a.example", 80, false), a);
	assert_null(take("a.example", 80, false));
	assert_int_equal(atomic_load(&stats.upstream_idle), 0);
	upstream_close(&a);
	upstream_close(&b);
	upstream_close(&c);
	upstream_close(&c);
	for (int i = 0; i < 3; i++) {
		assert_true(is_closed(peer[i]));
		close(peer[i]);
	}
}

static void
test_the_last_given_is_the_first_taken(void **state)
{
	struct upstream *a, *b;
	int peer[2];

	(void)state;
	pool_give(worker.pool, a = connection("a.example", 80, false, peer));
	pool_give(worker.pool, b = connection("a.example", 80, false,
	    peer + 1));
	assert_ptr_equal(take("a.example", 80, false), b);
	pool_give(worker.pool, b);
	pool_flush(worker.pool);
	assert_true(is_closed(peer[0]) && is_closed(peer[1]));
	close(peer[0]);
	close(peer[1]);
}

static void
test_bounds(void **state)
{
	int peer[20], host[4];
	unsigned open = 0;

	(void)state;
	/* Of one host no more than so many: what is new goes. */
	for (int i = 0; i < 4; i++)
		pool_give(worker.pool, connection("a.example", 80, false,
		    host + i));
	for (int i = 0; i < 4; i++)
		assert_int_equal(is_closed(host[i]), i == 3);
	/* Of all no more than so many: what has waited longest goes. */
	for (int i = 0; i < 20; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "h%d.example", i);
		pool_give(worker.pool, connection(name, 80, false, peer + i));
	}
	for (int i = 0; i < 20; i++) {
		bool closed = is_closed(peer[i]);

		assert_int_equal(closed, i < 15);
		open += !closed;
		close(peer[i]);
	}
	assert_int_equal(open, 5);
	for (int i = 0; i < 4; i++) {
		assert_true(is_closed(host[i]));
		close(host[i]);
	}
	assert_int_equal(atomic_load(&stats.upstream_idle), 5);
}

static void
test_closed_by_time(void **state)
{
	int peer;

	(void)state;
	pool_give(worker.pool, connection("a.example", 80, false, &peer));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(is_closed(peer), i == 2);
		offset += 40000000;
		clock_set_offset(0, offset);
		(void)event_base_loop(worker.base, EVLOOP_ONCE);
	}
	assert_null(take("a.example", 80, false));
	close(peer);
}

static void
test_closed_by_the_other_end(void **state)
{
	int peer[2];

	(void)state;
	pool_give(worker.pool, connection("a.example", 80, false, peer));
	pool_give(worker.pool, connection("b.example", 80, false, peer + 1));
	close(peer[0]);
	assert_int_equal(send(peer[1], "HTTP/1.1 408", 12, 0), 12);
	(void)event_base_loop(worker.base, EVLOOP_NONBLOCK);
	assert_null(take("a.example", 80, false));
	assert_null(take("b.example", 80, false));
	assert_int_equal(atomic_load(&stats.upstream_idle), 0);
	close(peer[1]);
}

static void
test_not_fit_to_wait(void **state)
{
	static char bytes[1000000];
	struct upstream *u;
	int peer;

	(void)state;
	/* Bytes that nobody asked for, or that did not go out. */
	u = connection("a.example", 80, false, &peer);
	assert_true(upstream_keep(u, "left", 4));
	pool_give(worker.pool, u);
	assert_true(is_closed(peer));
	close(peer);
	u = connection("a.example", 80, false, &peer);
	assert_int_equal(end_send_bytes(&u->end, bytes, sizeof(bytes)),
	    END_LATER);
	pool_give(worker.pool, u);
	assert_null(take("a.example", 80, false));
	close(peer);
	/* No pool at all. */
	settings.upstream_pool = 0;
	pool_give(worker.pool, connection("a.example", 80, false, &peer));
	assert_true(is_closed(peer));
	close(peer);
	settings.upstream_pool = 5;
	worker.draining = true;
	pool_give(worker.pool, connection("a.example", 80, false, &peer));
	assert_true(is_closed(peer));
	close(peer);
}

static void
test_what_waits_holds_no_head(void **state)
{
	static char bytes[4096 + WORKER_READ + 1];
	struct upstream *u;
	int peer;

	(void)state;
	u = connection("a.example", 80, false, &peer);
	assert_true(upstream_keep(u, bytes, 4096));
	assert_true(upstream_keep(u, bytes, WORKER_READ));
	assert_false(upstream_keep(u, bytes, 1));
	assert_false(upstream_keep(u, bytes, sizeof(bytes)));
	u->in_length = 0;
	pool_give(worker.pool, u);
	assert_null(u->in);
	assert_ptr_equal(take("a.example", 80, false), u);
	assert_true(upstream_keep(u, bytes, 10));
	upstream_close(&u);
	close(peer);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_found_by_host_port_and_way),
		CASE(test_the_last_given_is_the_first_taken),
		CASE(test_bounds),
		CASE(test_closed_by_time),
		CASE(test_closed_by_the_other_end),
		CASE(test_not_fit_to_wait),
		CASE(test_what_waits_holds_no_head)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
