/* SPDX-License-Identifier: Apache-2.0 */
/* test_line_read.c - our own lines are read, nothing else is. */
#include "lib/macros.h"
#include "logging/line_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
test_whole(void **state)
{
	static const struct { const char *line; bool whole; } cases[] = {
		{ "{\"a\":1}", true },
		{ "{\"a\":\"\",\"b\":[],\"c\":true,\"d\":false,\"e\":-7}",
		    true },
		{ "{\"a\":[\"x\",\"y\"]}", true },
		{ "{\"a\":\"\\u001f\\\"\\\\\\b\\f\\n\\r\\t\"}", true },
		{ "{\"a\":\"\xc3\xa9\"}", true },
		{ "{\"a\":9007199254740991}", true },
		{ "", false },
		{ "{}", false },		/* a record has a time */
		{ "{", false },
		{ "{\"a\":1", false },
		{ "{\"a\":1}x", false },
		{ "{\"a\":1}}", false },
		{ " {\"a\":1}", false },
		{ "{ \"a\":1}", false },
		{ "{\"a\" :1}", false },
		{ "{\"a\": 1}", false },
		{ "{\"a\":1,}", false },
		{ "{\"a\":1 ,\"b\":2}", false },
		{ "{,\"a\":1}", false },
		{ "{\"a\":null}", false },
		{ "{\"a\":1.5}", false },
		{ "{\"a\":1e5}", false },
		{ "{\"a\":01}", false },
		{ "{\"a\":+1}", false },
		{ "{\"a\":-}", false },
		{ "{\"a\":12345678901234567}", false },
		{ "{\"a\":{\"b\":1}}", false },
		{ "{\"a\":[1]}", false },
		{ "{\"a\":[\"x\",]}", false },
		{ "{\"a\":[\"x\"", false },
		{ "{\"a\":[[]]}", false },
		{ "{\"a\":\"x}", false },
		{ "{\"a\":\"\t\"}", false },
		{ "{\"a\":\"\x7f\"}", false },
		{ "{\"a\":\"\\/\"}", false },
		{ "{\"a\":\"\\x\"}", false },
		{ "{\"a\":\"\\u12\"}", false },
		{ "{\"a\":\"\\u001F\"}", false },
		{ "{\"a\":\"\\ud800\"}", false },
		{ "{\"\":1}", false },
		{ "{\"a b\":1}", false },
		{ "{\"a\\n\":1}", false },
		{ "[\"a\"]", false },
		{ "{a:1}", false },
		{ "{\"a\":tru}", false }
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		if (line_is_whole(cases[i].line, strlen(cases[i].line)) !=
		    cases[i].whole)
			fail_msg("%s", cases[i].line);
	}
}

static void
test_text(void **state)
{
	static const char line[] = "{\"@timestamp\":\"T\",\"s\":\"a\\\"b\\\\"
	    "\\n\\u00e9\\u2028\xc3\xa9\",\"n\":-42,\"b\":true,"
	    "\"l\":[\"one\",\"\",\"th\\tree\"]}";
	struct line_value value, item;
	char text[64];
	int64_t number;
	size_t at = 0;

	(void)state;
	assert_true(line_find(line, sizeof(line) - 1, "s", &value));
	assert_int_equal(line_text(&value, text, sizeof(text)), 12);
	assert_string_equal(text, "a\"b\\\n\xc3\xa9\xe2\x80\xa8\xc3\xa9");
	assert_true(line_equal(&value, text));
	assert_false(line_equal(&value, "a\"b"));
	assert_false(line_equal(&value, ""));
	/* A cut falls between characters. */
	assert_int_equal(line_text(&value, text, 7), 5);
	assert_string_equal(text, "a\"b\\\n");
	assert_true(line_find(line, sizeof(line) - 1, "n", &value));
	assert_true(line_number(&value, &number));
	assert_int_equal(number, -42);
	assert_true(line_find(line, sizeof(line) - 1, "b", &value));
	assert_int_equal(value.type, LINE_BOOL);
	assert_false(line_number(&value, &number));
	assert_true(line_find(line, sizeof(line) - 1, "l", &value));
	assert_true(line_item(&value, &at, &item) && line_equal(&item, "one"));
	assert_true(line_item(&value, &at, &item) && line_equal(&item, ""));
	assert_true(line_item(&value, &at, &item) &&
	    line_equal(&item, "th\tree"));
	assert_false(line_item(&value, &at, &item));
	assert_false(line_find(line, sizeof(line) - 1, "time", &value));
	/* Text inside a value is no field. */
	assert_false(line_find("{\"a\":\"\\\"b\\\":1\"}", 15, "b", &value));
}

/* Every cut of a line is refused, and none is read beyond. */
static void
test_cuts(void **state)
{
	static const char line[] = "{\"@timestamp\":\"2026\",\"a\":[\"x\","
	    "\"\\u00ff\"],\"b\":-1,\"c\":false}";

	(void)state;
	assert_true(line_is_whole(line, sizeof(line) - 1));
	for (size_t n = 0; n < sizeof(line) - 1; n++) {
		char *copy = test_malloc(n + 1);

		memcpy(copy, line, n);
		assert_false(line_is_whole(copy, n));
		test_free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_cuts)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
