/* SPDX-License-Identifier: Apache-2.0 */
/* test_paint.c - nothing that a terminal would obey comes out of a record. */
#include "ctl/line_show.h"
#include "ctl/paint.h"
#include "lib/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
test_clean(void **state)
{
	static const struct { const char *in, *out; } cases[] = {
		{ "plain", "plain" },
		{ "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xb1",
		    "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xb1" },
		{ "\033[2J", "?[2J" },
		{ "a\nb\rc\td\be", "a?b?c?d?e" },
		{ "\x7f", "?" },
		{ "\xc2\x9b" "2J", "?2J" },		/* C1 control */
		{ "\x9b" "2J", "?2J" },			/* not UTF-8 */
		{ "a\xe2\x80\xae" "b", "a?b" },		/* right to left */
		{ "a\xe2\x81\xa6" "b", "a?b" },
		{ "\xef\xbb\xbf" "a", "?a" },
		{ "\xe2\x80\xa8", "?" },
		{ "\xc0\xaf", "??" },			/* overlong */
		{ "\xed\xa0\x80", "???" },		/* surrogate */
		{ "\xf4\x90\x80\x80", "????" },		/* too large */
		{ "\xe2\x82", "??" },			/* cut */
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		(void)paint_clean(cases[i].in, strlen(cases[i].in), out,
		    sizeof(out));
		assert_string_equal(out, cases[i].out);
	}
	assert_int_equal(paint_clean("a\xe2\x82\xac", 4, out, 4), 1);
	assert_string_equal(out, "a");
}

static void
test_numbers(void **state)
{
	char bytes[16], time[24];

	(void)state;
	paint_bytes(0, bytes);
	assert_string_equal(bytes, "0 B");
	paint_bytes(999, bytes);
	assert_string_equal(bytes, "999 B");
	paint_bytes(48211, bytes);
	assert_string_equal(bytes, "48 KB");
	paint_bytes(1300000, bytes);
	assert_string_equal(bytes, "1.3 MB");
	paint_bytes(999999, bytes);
	assert_string_equal(bytes, "1.0 MB");
	paint_bytes(UINT64_MAX, bytes);
	assert_string_equal(bytes, "18 EB");
	paint_duration(850, time);
	assert_string_equal(time, "850 us");
	paint_duration(35000, time);
	assert_string_equal(time, "35 ms");
	paint_duration(12400000, time);
	assert_string_equal(time, "12.4 s");
	paint_duration(UINT64_C(7800000000), time);
	assert_string_equal(time, "2 h 10 min");
	paint_duration(UINT64_MAX, time);
}

/* Both forms of a record made of hostile values. */
static void
test_records(void **state)
{
	static const char line[] = "{\"@timestamp\":\"2026-03-02T09:00:00."
	    "000007Z\",\"message\":\"\\u001b[2J\",\"event.action\":\"request\""
	    ",\"source.ip\":\"\\u001b]0;x\\u0007\",\"url.scheme\":\"http\","
	    "\"url.domain\":\"a\xc2\x9b" "b\",\"url.path\":\"/\\r\\n\xe2\x80"
	    "\xae\",\"http.request.method\":\"G\\u001bT\",\"rule.id\":\"r\\n\""
	    ",\"gatebook.decision\":\"audit\",\"x.new\":\"\\u001b[1m\","
	    "\"gatebook.report_only\":[\"\\u001b\"]}";
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	line_show_brief(out, false, line, sizeof(line) - 1);
	line_show_full(out, false, line, sizeof(line) - 1);
	assert_int_equal(fclose(out), 0);
	for (size_t i = 0; i < size; i++)
		assert_true(text[i] == '\n' || (unsigned char)text[i] >= 0x20);
	assert_null(strstr(text, "\xc2\x9b"));
	assert_null(strstr(text, "\xe2\x80\xae"));
	assert_non_null(strstr(text, "Also recorded\n  x.new"));
	/* The short form is one line. */
	assert_ptr_equal(strchr(text, '\n'),
	    strstr(text, "\nWhat happened"));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_records)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
