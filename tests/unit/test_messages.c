/* SPDX-License-Identifier: Apache-2.0 */
/* test_messages.c - messages arrive whole, or their channel is broken. */
#include "lib/messages.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct message in, out;
static int pair[2];

static int
setup(void **state)
{
	(void)state;
	/* Blocking, as a child inherits its end: nothing here waits all the
	 * same. */
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int
teardown(void **state)
{
	(void)state;
	if (pair[0] >= 0)
		(void)close(pair[0]);
	(void)close(pair[1]);
	return 0;
}

static void
test_round_trip(void **state)
{
	size_t n;

	(void)state;
	assert_int_equal(message_receive(pair[1], &in), 0);
	message_init(&out, MESSAGE_LISTENER, STDIN_FILENO);
	message_add_u32(&out, 7);
	message_add_string(&out, "main");
	message_add_u64(&out, UINT64_MAX);
	message_add_bytes(&out, "\0\1", 2);
	message_add_string(&out, "");
	message_add_bytes(&out, NULL, 0);
	assert_int_equal(message_send(pair[0], &out), 0);

	assert_int_equal(message_receive(pair[1], &in), 1);
	assert_int_equal(in.type, MESSAGE_LISTENER);
	assert_true(in.fd > STDERR_FILENO);
	assert_true(fcntl(in.fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(message_get_u32(&in), 7);
	assert_string_equal(message_get_string(&in), "main");
	assert_int_equal(message_get_u64(&in), UINT64_MAX);
	assert_memory_equal(message_get_bytes(&in, &n), "\0\1", 2);
	assert_int_equal(n, 2);
	assert_false(message_end(&in));
	assert_string_equal(message_get_string(&in), "");
	assert_non_null(message_get_bytes(&in, &n));
	assert_int_equal(n, 0);
	assert_true(message_end(&in));
	assert_int_equal(message_get_u32(&in), 0);	/* over the end */
	assert_false(message_end(&in));
	message_drop(&in);
	message_drop(&in);
}

static void
test_wrong_field(void **state)
{
	(void)state;
	message_init(&out, MESSAGE_DRAIN, -1);
	message_add_u64(&out, 5);
	message_add_string(&out, "words");
	assert_int_equal(message_send(pair[0], &out), 0);
	assert_int_equal(message_receive(pair[1], &in), 1);
	assert_string_equal(message_get_string(&in), "");
	assert_true(in.bad);
	assert_int_equal(message_get_u64(&in), 0);	/* once bad, always */

	message_init(&out, MESSAGE_DRAIN, -1);
	message_add_bytes(&out, "a\0b", 4);
	out.data[0] = 's';		/* a string with a NUL inside */
	assert_int_equal(message_send(pair[0], &out), 0);
	assert_int_equal(message_receive(pair[1], &in), 1);
	assert_string_equal(message_get_string(&in), "");
	assert_true(in.bad);
}

static void
test_largest(void **state)
{
	static char big[MESSAGE_MAX];
	size_t n;

	(void)state;
	memset(big, 'x', sizeof(big));
	message_init(&out, MESSAGE_EVENT, -1);
	message_add_bytes(&out, big, sizeof(out.data) - 5);
	assert_int_equal(message_send(pair[0], &out), 0);
	assert_int_equal(message_receive(pair[1], &in), 1);
	assert_memory_equal(message_get_bytes(&in, &n), big,
	    sizeof(out.data) - 5);
	assert_true(message_end(&in));

	message_init(&out, MESSAGE_EVENT, -1);
	message_add_bytes(&out, big, sizeof(out.data) - 4);
	assert_int_equal(message_send(pair[0], &out), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(message_receive(pair[1], &in), 0);
}

/* Send raw bytes with so many descriptors. */
static void
send_raw(const void *bytes, size_t n, unsigned fds)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(8 * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = (void *)(uintptr_t)bytes,
		.iov_len = n };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };

	memset(&control, 0, sizeof(control));
	if (fds > 0) {
		hdr.msg_control = &control;
		hdr.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		CMSG_FIRSTHDR(&hdr)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&hdr)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&hdr)->cmsg_len = CMSG_LEN(fds * sizeof(int));
	}
	assert_int_equal(sendmsg(pair[0], &hdr, 0), n);
}

static int
lowest_free_fd(void)
{
	int fd = dup(STDIN_FILENO);

	(void)close(fd);
	return fd;
}

static void
test_broken(void **state)
{
	static unsigned char huge[MESSAGE_MAX + 1];
	const uint32_t good[2] = { MESSAGE_START, 0 };
	const uint32_t long_one[2] = { MESSAGE_START, 4 };
	const uint32_t no_type[2] = { 0, 0 };
	const uint32_t new_type[2] = { MESSAGE_LAST + 1, 0 };
	const uint32_t all[2] = { MESSAGE_START, MESSAGE_MAX - 7 };
	const struct {
		const void *bytes;
		size_t n;
		unsigned fds;
	} cases[] = {
		{ "short", 5, 0 },
		{ "short", 5, 1 },
		{ long_one, sizeof(long_one), 1 },
		{ no_type, sizeof(no_type), 1 },
		{ new_type, sizeof(new_type), 1 },
		{ huge, sizeof(huge), 1 },
		{ good, sizeof(good), 2 },
		{ good, sizeof(good), 4 },
		{ good, sizeof(good), 5 },
		{ good, sizeof(good), 8 },
	};
	int before = lowest_free_fd();

	(void)state;
	memcpy(huge, all, sizeof(all));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		send_raw(cases[i].bytes, cases[i].n, cases[i].fds);
		errno = 0;
		if (message_receive(pair[1], &in) != -1 || errno != EPROTO)
			fail_msg("case %zu", i);
		assert_int_equal(in.fd, -1);
		assert_int_equal(lowest_free_fd(), before);	/* no leak */
	}
	send_raw(good, sizeof(good), 0);
	assert_int_equal(message_receive(pair[1], &in), 1);
	assert_int_equal(in.type, MESSAGE_START);
}

static void
test_full_and_closed(void **state)
{
	(void)state;
	message_init(&out, MESSAGE_START, -1);
	while (message_send(pair[0], &out) == 0)
		;
	assert_int_equal(errno, EAGAIN);
	(void)close(pair[0]);
	pair[0] = -1;
	while (message_receive(pair[1], &in) == 1)
		;
	assert_int_equal(errno, 0);
	assert_int_equal(message_receive(pair[1], &in), -1);
	assert_int_equal(message_send(pair[1], &out), -1);
	assert_int_equal(errno, EPIPE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_wrong_field, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_largest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_and_closed, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
