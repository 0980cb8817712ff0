/* SPDX-License-Identifier: Apache-2.0 */
/* test_clock.c - the calendar against glibc's, and clocks that tests move. */
#include "lib/clock.h"
#include "lib/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void
test_format(void **state)
{
	static const struct {
		uint64_t us;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000000Z" },
		{ UINT64_C(951782400000001), "2000-02-29T00:00:00.000001Z" },
		{ UINT64_C(1709251199999999), "2024-02-29T23:59:59.999999Z" },
		{ UINT64_C(1735689599123456), "2024-12-31T23:59:59.123456Z" },
		{ UINT64_C(4102444800000000), "2100-01-01T00:00:00.000000Z" },
		{ UINT64_C(253402300799000000), "9999-12-31T23:59:59.000000Z" },
	};
	char out[28];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		clock_format_utc(cases[i].us, out);
		assert_string_equal(out, cases[i].text);
	}
	clock_format_utc(UINT64_MAX, out);	/* stays within its 28 bytes */
	assert_int_equal(strlen(out), 27);
}

static void
test_every_day(void **state)
{
	(void)state;
	for (time_t t = 12345; t < INT64_C(8000000000); t += 86400) {
		char out[28], expected[28];
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		(void)strftime(expected, sizeof(expected),
		    "%Y-%m-%dT%H:%M:%S.000000Z", &tm);
		clock_format_utc((uint64_t)t * 1000000, out);
		assert_string_equal(out, expected);
	}
}

static void
test_offsets(void **state)
{
	const uint64_t hour = UINT64_C(3600000000);
	uint64_t wall = clock_wall_us(), mono = clock_mono_us();

	(void)state;
	assert_true(clock_mono_us() >= mono);
	assert_true(clock_boot_us() + 1000 >= mono);
	clock_set_offset((int64_t)hour, 2 * (int64_t)hour);
	assert_in_range(clock_wall_us() - wall, hour, hour + hour / 2);
	assert_in_range(clock_mono_us() - mono, 2 * hour, 2 * hour + hour / 2);
	clock_set_offset(-(int64_t)hour, 0);
	assert_true(clock_wall_us() < wall);
	clock_set_offset(0, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_every_day),
		cmocka_unit_test(test_offsets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
