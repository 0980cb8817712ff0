/* SPDX-License-Identifier: Apache-2.0 */
/* test_json_line.c - the canonical form, case by case. */
#include "logging/json_line.h"

#include "lib/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char bytes[1024];

static struct json_line
fresh(void)
{
	struct json_line line = { .bytes = bytes, .size = sizeof(bytes) };

	return line;
}

static void
is(const struct json_line *line, const char *want)
{
	bytes[line->length] = '\0';
	assert_string_equal(bytes, want);
}

static void
test_strings(void **state)
{
	static const struct { const char *in; size_t n; const char *out; }
	    cases[] = {
#define CASE(in, out) { in, sizeof(in) - 1, "\"" out "\"" }
		CASE("", ""),
		CASE("GET https://social.example/", "GET https://social.example/"),
		CASE("/a\"b\\c/d", "/a\\\"b\\\\c/d"),
		CASE("a\tb\001c\177d\r\ne", "a\\tb\\u0001c\\u007fd\\r\\ne"),
		CASE("\b\f\037", "\\b\\f\\u001f"),
		CASE("\0x", "\\u0000x"),
		CASE("a\xe2\x80\xa8" "b\xe2\x80\xa9" "c", "a\\u2028b\\u2029c"),
		CASE("b\xc3\xbc" "cher", "b\xc3\xbc" "cher"),
		CASE("\xe6\x9d\xb1\xe4\xba\xac \xf0\x9f\x98\x80",
		    "\xe6\x9d\xb1\xe4\xba\xac \xf0\x9f\x98\x80"),
#define BAD "\xef\xbf\xbd"
		CASE("/caf\xe9/x", "/caf" BAD "/x"),
		CASE("\xc0\xaf", BAD BAD),	/* overlong */
		CASE("\xf0\x9f\x98", BAD),	/* cut off: one part */
		CASE("\xf0\x9f\x98/", BAD "/"),
		CASE("\xed\xa0\x80", BAD BAD BAD),	/* surrogate */
		CASE("\xe2\x80", BAD), CASE("\x80\x80", BAD BAD),
		CASE("\xf4\x90\x80\x80", BAD BAD BAD BAD),
		CASE("\xff\xfe", BAD BAD), CASE("\xe0\x80\x80", BAD BAD BAD),
		CASE("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"),
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		struct json_line line = fresh();

		json_put_string(&line, (const unsigned char *)cases[i].in,
		    cases[i].n);
		is(&line, cases[i].out);
	}
}

static void
test_numbers(void **state)
{
	static const struct { uint64_t in; const char *out; } cases[] = {
		{ 0, "0" }, { 7, "7" }, { 10, "10" }, { 99, "99" },
		{ 100, "100" }, { 12345, "12345" },
		{ UINT64_C(9007199254740991), "9007199254740991" },
		{ UINT64_C(9007199254740992), "9007199254740991" },
		{ UINT64_MAX, "9007199254740991" },
	};
	struct json_line line;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		line = fresh();
		json_put_number(&line, cases[i].in);
		is(&line, cases[i].out);
	}
	line = fresh();
	json_put_signed(&line, -3600000000);
	is(&line, "-3600000000");
	line = fresh();
	json_put_signed(&line, INT64_MIN);
	is(&line, "-9007199254740991");
}

static void
test_dates(void **state)
{
	static const struct { uint64_t in; const char *out; } cases[] = {
		{ 0, "\"1970-01-01T00:00:00.000000Z\"" },
		{ 999999, "\"1970-01-01T00:00:00.999999Z\"" },
		{ UINT64_C(1772442000123456), "\"2026-03-02T09:00:00.123456Z\"" },
		{ UINT64_C(1772442000000007), "\"2026-03-02T09:00:00.000007Z\"" },
		{ UINT64_C(1709164800000000), "\"2024-02-29T00:00:00.000000Z\"" },
	};
	struct json_line line = fresh();
	size_t i, round;

	(void)state;
	for (round = 0; round < 2; round++)
		for (i = 0; i < COUNT_OF(cases); i++) {
			line.length = 0;
			json_put_date(&line, cases[i].in);
			is(&line, cases[i].out);
		}
}

static void
test_addresses(void **state)
{
	struct address four = { .family = 4, .bytes = { 192, 0, 2, 17 } };
	struct address six = { .family = 6, .bytes = { 0x20, 1, 0xd, 0xb8,
	    [15] = 1 } };
	struct json_line line = fresh();

	(void)state;
	json_put_address(&line, &four);
	json_put_address(&line, &six);
	is(&line, "\"192.0.2.17\"\"2001:db8::1\"");
}

static void
test_full(void **state)
{
	struct json_line line = fresh();

	(void)state;
	line.size = 10;
	json_put_string(&line, (const unsigned char *)"ab", 2);
	assert_true(line.full);	/* six each it could have become */
	assert_int_equal(line.length, 0);
	line.full = false;
	json_put_raw(&line, "0123456789", 10);
	assert_false(line.full);
	json_put_number(&line, 1);
	json_put_date(&line, 1);
	assert_true(line.full);
	assert_int_equal(line.length, 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
