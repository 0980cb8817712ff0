/* SPDX-License-Identifier: Apache-2.0 */
/* test_when.c - the times that people type, in a zone with summer time. */
#include "ctl/when.h"
#include "lib/clock.h"
#include "lib/macros.h"
#include "logging/log_query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* Sunday in London; summer time began at 01:00 UTC that night. */
#define NOW "2026-03-29T13:30:15.500000Z"	/* 14:30:15.5 there */

static void
test_read(void **state)
{
	static const struct { const char *text, *since, *until; } cases[] = {
		{ "now", NOW, NOW },
		{ "2h", "2026-03-29T11:30:15.500000Z",
		    "2026-03-29T11:30:15.500000Z" },
		{ "90 min ago", "2026-03-29T12:00:15.500000Z",
		    "2026-03-29T12:00:15.500000Z" },
		{ "30m", "2026-03-29T13:00:15.500000Z",
		    "2026-03-29T13:00:15.500000Z" },
		{ "1 day", "2026-03-28T13:30:15.500000Z",
		    "2026-03-28T13:30:15.500000Z" },
		{ "10:15", "2026-03-29T09:15:00.000000Z",
		    "2026-03-29T09:15:59.999999Z" },
		{ "9:05", "2026-03-29T08:05:00.000000Z",
		    "2026-03-29T08:05:59.999999Z" },
		{ "10:15:30", "2026-03-29T09:15:30.000000Z",
		    "2026-03-29T09:15:30.999999Z" },
		/* still to come: yesterday's, before the clocks changed */
		{ "23:50", "2026-03-28T23:50:00.000000Z",
		    "2026-03-28T23:50:59.999999Z" },
		/* a day of 23 hours */
		{ "today", "2026-03-29T00:00:00.000000Z",
		    "2026-03-29T22:59:59.999999Z" },
		{ "yesterday", "2026-03-28T00:00:00.000000Z",
		    "2026-03-28T23:59:59.999999Z" },
		{ "yesterday 14:00", "2026-03-28T14:00:00.000000Z",
		    "2026-03-28T14:00:59.999999Z" },
		{ "2026-03-02", "2026-03-02T00:00:00.000000Z",
		    "2026-03-02T23:59:59.999999Z" },
		{ "2026-03-02 10:15", "2026-03-02T10:15:00.000000Z",
		    "2026-03-02T10:15:59.999999Z" },
		{ "2026-07-02T10:15", "2026-07-02T09:15:00.000000Z",
		    "2026-07-02T09:15:59.999999Z" },
		{ "2026-07-02T10:15:00Z", "2026-07-02T10:15:00.000000Z",
		    "2026-07-02T10:15:00.999999Z" },
		{ "2026-07-02T10:15:00.25+02:00",
		    "2026-07-02T08:15:00.250000Z",
		    "2026-07-02T08:15:00.250000Z" },
		{ "2026-07-02 10:15-0430", "2026-07-02T14:45:00.000000Z",
		    "2026-07-02T14:45:59.999999Z" },
		{ "2024-02-29", "2024-02-29T00:00:00.000000Z",
		    "2024-02-29T23:59:59.999999Z" }
	};
	uint64_t now, us;
	char text[LOG_TIME];

	(void)state;
	assert_true(log_time_read(NOW, strlen(NOW), &now));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		if (!when_read(cases[i].text, now, false, &us))
			fail_msg("%s", cases[i].text);
		clock_format_utc(us, text);
		assert_string_equal(text, cases[i].since);
		assert_true(when_read(cases[i].text, now, true, &us));
		clock_format_utc(us, text);
		assert_string_equal(text, cases[i].until);
	}
}

static void
test_refused(void **state)
{
	static const char *const cases[] = { "", "x", "10", "10:", "10:5",
		"24:00", "10:60", "tomorrow", "2h30", "h", "-2h", "2026",
		"2026-13-01", "2026-02-30", "2026-02-29", "2026-3-2",
		"2026-03-02x", "2026-03-02 10", "2026-03-02 10:15 x",
		"yesterdayx", "10:15:30.", "10:15+99", "2 fortnights" };
	uint64_t us;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		if (when_read(cases[i], UINT64_C(1774791015500000), false,
		    &us) || when_read(cases[i], UINT64_C(1774791015500000),
		    true, &us))
			fail_msg("%s", cases[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_refused)
	};

	(void)setenv("TZ", "Europe/London", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
