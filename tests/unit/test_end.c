/* SPDX-License-Identifier: Apache-2.0 */
/* test_end.c - one socket: what it does not take at once goes out later, in order
 * and whole. */
#include "proxy/end.h"

#include <sys/socket.h>
#include <netinet/in.h>

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct event_base *base;
static struct end end;
static int peer;
static unsigned writes;
static enum end_result flushed;

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	writes++;
	flushed = end_flush(arg);
}

static int
setup(void **state)
{
	int pair[2], small = 4096;

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0)
		return -1;
	(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	end_open(&end, base, pair[0], on_read, on_write, &end);
	peer = pair[1];
	writes = 0;
	flushed = END_GONE;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	end_close(&end, false);
	end_close(&end, false);		/* once more does nothing */
	if (peer >= 0)
		close(peer);
	event_base_free(base);
	return 0;
}

static unsigned char
byte_at(size_t i)
{
	return (unsigned char)(i * 31 + i / 251);
}

/* Read what is there; it must be the bytes from *at on. */
static void
drain(size_t *at)
{
	unsigned char bytes[4096];
	ssize_t n;

	while ((n = recv(peer, bytes, sizeof(bytes), 0)) > 0)
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(bytes[i], byte_at((*at)++));
}

static void
test_all_at_once(void **state)
{
	char bytes[8];

	(void)state;
	assert_int_equal(end_send_bytes(&end, "12345678", 8), END_ALL);
	assert_int_equal(end_waiting(&end), 0);
	assert_null(end.out);
	assert_false(end.writing);
	assert_int_equal(recv(peer, bytes, 8, 0), 8);
	assert_int_equal(end_send_bytes(&end, "", 0), END_ALL);
}

static void
test_in_pieces_and_in_order(void **state)
{
	static unsigned char bytes[300000];
	size_t sent = 0, got = 0, sizes[] = { 1, 7, 100000, 3, 50000, 0, 60000,
		89989 };
	enum end_result result = END_ALL;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = byte_at(i);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t n = sizes[i], half = n / 2;
		struct iovec parts[2] = { { bytes + sent, half },
			{ bytes + sent + half, n - half } };

		result = end_send(&end, parts, 2);
		assert_int_not_equal(result, END_GONE);
		sent += n;
		if (i == 3) {		/* some of it goes meanwhile */
			drain(&got);
			(void)event_base_loop(base, EVLOOP_NONBLOCK);
			assert_true(end_waiting(&end) > 0);
		}
	}
	assert_int_equal(result, END_LATER);
	assert_true(end.writing);
	assert_int_equal(end_send_bytes(&end, "", 0), END_LATER);
	while (got < sent) {
		drain(&got);
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
	}
	assert_int_equal(got, 300000);
	assert_int_equal(flushed, END_ALL);
	assert_int_equal(end_waiting(&end), 0);
	assert_null(end.out);
	assert_false(end.writing);
	writes = 0;
	(void)event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(writes, 0);
}

static void
test_the_peer_is_gone(void **state)
{
	static char bytes[100000];

	(void)state;
	assert_int_equal(end_send_bytes(&end, bytes, sizeof(bytes)),
	    END_LATER);
	close(peer);
	peer = -1;
	assert_int_equal(end_flush(&end), END_GONE);
	end_close(&end, false);
	assert_int_equal(end_send_bytes(&end, bytes, 1), END_GONE);
	assert_int_equal(end_flush(&end), END_GONE);
	end_read(&end, true);		/* of a closed one: nothing */
	end_want_write(&end, true);
	assert_false(end.reading);
	assert_false(end.writing);
}

static void
test_released(void **state)
{
	int fd;

	(void)state;
	end_read(&end, true);
	fd = end_release(&end);
	assert_true(fd >= 0);
	assert_int_equal(end.fd, -1);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	close(fd);
}

static void
test_reset_or_not(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	char byte;

	(void)state;
	for (int reset = 0; reset < 2; reset++) {
		int listener = socket(AF_INET, SOCK_STREAM, 0);
		int client = socket(AF_INET, SOCK_STREAM, 0);
		struct end tcp;
		ssize_t n;

		at.sin_port = 0;
		assert_int_equal(bind(listener, (struct sockaddr *)&at,
		    sizeof(at)), 0);
		assert_int_equal(listen(listener, 1), 0);
		assert_int_equal(getsockname(listener, (struct sockaddr *)&at,
		    &size), 0);
		assert_int_equal(connect(client, (struct sockaddr *)&at,
		    sizeof(at)), 0);
		end_open(&tcp, base, accept(listener, NULL, NULL), on_read,
		    on_write, &tcp);
		end_close(&tcp, reset == 1);
		n = recv(client, &byte, 1, 0);
		if (reset == 1) {
			assert_int_equal(n, -1);
			assert_int_equal(errno, ECONNRESET);
		} else {
			assert_int_equal(n, 0);
		}
		close(client);
		close(listener);
	}
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_all_at_once),
		CASE(test_in_pieces_and_in_order),
		CASE(test_the_peer_is_gone),
		CASE(test_released),
		CASE(test_reset_or_not)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
