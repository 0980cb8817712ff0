/* SPDX-License-Identifier: Apache-2.0 */
/* test_stats.c - the shared page is only mapped when it is one. */
#include "lib/stats.h"

#include <sys/mman.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

static void
test_map(void **state)
{
	int fd = memfd_create("stats", MFD_CLOEXEC);
	struct stats_page *writer, *reader;

	(void)state;
	assert_true(fd >= 0);
	assert_null(stats_map(fd, 1));
	assert_int_equal(errno, EPROTO);	/* too short */
	assert_int_equal(ftruncate(fd, sizeof(struct stats_page)), 0);
	assert_null(stats_map(fd, 0));
	assert_int_equal(errno, EPROTO);	/* nobody laid it out */
	writer = stats_map(fd, 1);
	reader = stats_map(fd, 0);
	assert_non_null(writer);
	assert_non_null(reader);
	stats_add(&writer->slot[STATS_SLOTS - 1].requests, 5);
	stats_sub(&writer->slot[STATS_SLOTS - 1].requests, 2);
	stats_set(&writer->slot[0].log_failed, 1);
	assert_int_equal(atomic_load(&reader->slot[STATS_SLOTS - 1].requests),
	    3);
	assert_int_equal(atomic_load(&reader->slot[0].log_failed), 1);
	writer->layout = STATS_LAYOUT + 1;
	assert_null(stats_map(fd, 1));
	assert_int_equal(errno, EPROTO);
	(void)munmap(writer, sizeof(*writer));
	(void)munmap(reader, sizeof(*reader));
	(void)close(fd);
	assert_null(stats_map(fd, 0));
	assert_int_equal(errno, EBADF);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
