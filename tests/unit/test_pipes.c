/* SPDX-License-Identifier: Apache-2.0 */
/* test_pipes.c - socket to pipe to socket, and what becomes of the pipes. */
#include "proxy/pipes.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct way {
	int in, from;		/* what goes into in comes out of from */
	int to, out;
};

static struct pipes *pipes;
static struct way way;

static int
setup(void **state)
{
	int pair[2];

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	pipes = pipes_new();
	if (pipes == NULL ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0)
		return -1;
	way.in = pair[0];
	way.from = pair[1];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0)
		return -1;
	way.to = pair[0];
	way.out = pair[1];
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	pipes_free(&pipes);
	pipes_free(&pipes);
	close(way.in);
	close(way.from);
	close(way.to);
	close(way.out);
	return 0;
}

static size_t
fill(int fd, size_t most)
{
	static char bytes[65536];
	size_t n = 0;
	ssize_t sent;

	while (n < most && (sent = send(fd, bytes, most - n < sizeof(bytes) ?
	    most - n : sizeof(bytes), 0)) > 0)
		n += (size_t)sent;
	return n;
}

static size_t
drain(int fd)
{
	static char bytes[65536];
	size_t n = 0;
	ssize_t got;

	while ((got = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		n += (size_t)got;
	return n;
}

static void
test_a_turn(void **state)
{
	struct pipe_pair *pair = pipes_take(pipes);
	size_t in = 9, out = 9;

	(void)state;
	assert_non_null(pair);
	assert_int_equal(pipes_move(pair, way.from, way.to, 100, &in, &out),
	    PIPES_EMPTY);
	assert_int_equal(in, 0);
	assert_int_equal(out, 0);
	assert_int_equal(fill(way.in, 1000), 1000);
	/* No more than was asked for. */
	assert_int_equal(pipes_move(pair, way.from, way.to, 600, &in, &out),
	    PIPES_ON);
	assert_int_equal(in, 600);
	assert_int_equal(out, 600);
	assert_int_equal(drain(way.out), 600);
	assert_int_equal(drain(way.from), 400);
	/* The end is told only when the pipe is empty. */
	assert_int_equal(shutdown(way.in, SHUT_WR), 0);
	assert_int_equal(pipes_move(pair, way.from, way.to, 100, &in, &out),
	    PIPES_END);
	pipes_give(pipes, &pair);
	assert_null(pair);
	pipes_give(pipes, &pair);
}

static void
test_a_sink_that_is_slow(void **state)
{
	struct pipe_pair *pair = pipes_take(pipes);
	size_t in, out, before, filled, got;

	(void)state;
	before = fill(way.to, SIZE_MAX);	/* it takes no more */
	filled = fill(way.in, 100000);
	assert_int_equal(pipes_move(pair, way.from, way.to, 50000, &in, &out),
	    PIPES_WAIT);
	assert_true(in > 0 && in <= 50000);
	assert_int_equal(out, 0);
	assert_int_equal(pair->filled, in);
	/* While there is something in it nothing is added. */
	assert_int_equal(pipes_move(pair, way.from, way.to, 50000, &in, &out),
	    PIPES_WAIT);
	assert_int_equal(in, 0);
	got = drain(way.out);
	assert_int_equal(got, before);
	(void)shutdown(way.in, SHUT_WR);
	for (got = 0;; got += drain(way.out)) {
		enum pipes_result result = pipes_move(pair, way.from, way.to,
		    50000, &in, &out);

		if (result == PIPES_END)
			break;
		assert_true(result == PIPES_ON || result == PIPES_WAIT);
	}
	assert_int_equal(got, filled);
	pipes_give(pipes, &pair);
}

static void
test_a_sink_that_is_gone(void **state)
{
	struct pipe_pair *pair = pipes_take(pipes);
	size_t in, out;
	int fd = pair->fd[0];

	(void)state;
	(void)fill(way.in, 100);
	close(way.out);
	way.out = dup(way.in);
	assert_int_equal(pipes_move(pair, way.from, way.to, 100, &in, &out),
	    PIPES_SINK_GONE);
	assert_int_equal(in, 100);
	assert_int_equal(pair->filled, 100);
	/* What is in it is nobody else's: it is not used again. */
	pipes_give(pipes, &pair);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void
test_there_are_so_many(void **state)
{
	struct pipe_pair *pair[PIPES_MAX];
	unsigned open = 0;
	int fd[PIPES_MAX];

	(void)state;
	for (unsigned i = 0; i < PIPES_MAX; i++) {
		pair[i] = pipes_take(pipes);
		assert_non_null(pair[i]);
		fd[i] = pair[i]->fd[0];
	}
	assert_null(pipes_take(pipes));
	for (unsigned i = 0; i < PIPES_MAX; i++)
		pipes_give(pipes, &pair[i]);
	/* Only some stay open while nobody needs them. */
	for (unsigned i = 0; i < PIPES_MAX; i++)
		open += fcntl(fd[i], F_GETFD) != -1;
	assert_true(open > 0 && open < PIPES_MAX / 2);
	for (unsigned i = 0; i < PIPES_MAX; i++)
		assert_non_null(pair[i] = pipes_take(pipes));
	for (unsigned i = 0; i < PIPES_MAX; i++)
		pipes_give(pipes, &pair[i]);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_a_turn),
		CASE(test_a_sink_that_is_slow),
		CASE(test_a_sink_that_is_gone),
		CASE(test_there_are_so_many)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
