/* SPDX-License-Identifier: Apache-2.0 */
/* test_record.c - records, what depth and identity take out of them, ids. */
#include "logging/record.h"

#include "lib/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static bool
has(const struct record *record, enum record_field field, const char *text)
{
	const unsigned char *value;
	enum record_field found;
	size_t at = 0, n;

	while (record_next(record->bytes, record->length, &at, &found, &value,
	    &n))
		if (found == field && (text == NULL || (n == strlen(text) &&
		    memcmp(value, text, n) == 0)))
			return true;
	assert_int_equal(at, record->length);
	return false;
}

static void
test_build(void **state)
{
	unsigned char bytes[256];
	struct record record;
	struct address address = { .family = 6, .bytes = { 0x20, 1 } };

	(void)state;
	record_init(&record, bytes, sizeof(bytes));
	record_text(&record, RECORD_METHOD_F, "GET");
	record_number(&record, RECORD_STATUS_F, 200);
	record_address(&record, RECORD_SOURCE_IP_F, &address);
	record_string(&record, RECORD_URL_QUERY_F, "", 0);
	assert_true(has(&record, RECORD_METHOD_F, "GET"));
	assert_true(has(&record, RECORD_STATUS_F, NULL));
	assert_true(has(&record, RECORD_SOURCE_IP_F, NULL));
	assert_true(has(&record, RECORD_URL_QUERY_F, ""));
	assert_int_equal(record.length, 4 + 3 + 4 + 8 + 4 + 17 + 4);
	assert_false(record.full);
}

static void
test_full(void **state)
{
	unsigned char bytes[20];
	struct record record;

	(void)state;
	record_init(&record, bytes, sizeof(bytes));
	record_text(&record, RECORD_REASON_F, "12345678901234567");
	assert_true(record.full);
	assert_int_equal(record.length, 0);
	record_text(&record, RECORD_REASON_F, "1234567890123456");
	assert_int_equal(record.length, 20);
}

static void
test_cut(void **state)
{
	static const struct {
		const char *end;	/* from byte 14 of 16 allowed */
		size_t kept;
	} cases[] = {
		{ "ab", 16 }, { "abc", 16 },
		{ "\xc3\xa9x", 16 },
		{ "a\xc3\xa9", 15 },
		{ "a\xe2\x82\xac", 15 },
		{ "\xe2\x82\xac", 14 },
		{ "\xf0\x9f\x98\x80", 14 },
		{ "\x80\x80\x80\x80\x80", 16 },
	};
	unsigned char bytes[128];
	struct record record;
	const unsigned char *value;
	enum record_field field;
	char text[64];
	size_t i, n, at;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		memset(text, i == 7 ? '\x80' : 'x', 14);
		memcpy(text + 14, cases[i].end, strlen(cases[i].end) + 1);
		record_init(&record, bytes, sizeof(bytes));
		/* observer.type holds 16 bytes */
		record_text(&record, RECORD_OBSERVER_TYPE_F, text);
		assert_int_equal(has(&record, RECORD_REDACTED_F, "too-long"),
		    strlen(text) > 16);
		at = 0;
		do
			assert_true(record_next(record.bytes, record.length,
			    &at, &field, &value, &n));
		while (field != RECORD_OBSERVER_TYPE_F);
		assert_int_equal(n, cases[i].kept);
	}
}

/* Row by row: what is kept at which depth and as whom. */
static void
test_allowed(void **state)
{
	int field, depth;

	(void)state;
	for (field = 0; field < RECORD_FIELDS; field++) {
		const struct record_row *row = &record_rows[field];
		enum record_field f = (enum record_field)field;

		for (depth = DEPTH_CATEGORY; depth <= DEPTH_ACTIVITY; depth++) {
			enum record_depth d = (enum record_depth)depth;
			bool deep = (unsigned)depth >= row->depth;

			assert_int_equal(record_allowed(f, d, AS_NAME), deep);
			assert_int_equal(record_allowed(f, d, AS_PSEUDONYM),
			    deep);
			assert_int_equal(record_allowed(f, d, AS_COUNT_ONLY),
			    deep && !row->identity);
		}
	}
	assert_false(record_allowed(RECORD_URL_DOMAIN_F, DEPTH_CATEGORY,
	    AS_NAME));
	assert_true(record_allowed(RECORD_URL_DOMAIN_F, DEPTH_HOST, AS_NAME));
	assert_false(record_allowed(RECORD_URL_PATH_F, DEPTH_HOST, AS_NAME));
	assert_false(record_allowed(RECORD_URL_QUERY_F, DEPTH_PATH, AS_NAME));
	assert_false(record_allowed(RECORD_SERVER_NAME_F, DEPTH_CATEGORY,
	    AS_NAME));
	assert_false(record_allowed(RECORD_TRANSACTION_F, DEPTH_URL,
	    AS_COUNT_ONLY));
	assert_false(record_allowed(RECORD_REFERENCE_F, DEPTH_URL,
	    AS_COUNT_ONLY));
}

static void
test_limit(void **state)
{
	unsigned char bytes[512];
	struct record record;
	struct address address = { .family = 4, .bytes = { 192, 0, 2, 1 } };
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		record_init(&record, bytes, sizeof(bytes));
		record_address(&record, RECORD_SOURCE_IP_F, &address);
		record_text(&record, RECORD_URL_DOMAIN_F, "a.example");
		record_text(&record, RECORD_URL_PATH_F, "/x");
		record_text(&record, RECORD_URL_QUERY_F, "a=b");
		record_text(&record, RECORD_RULE_F, "r");
		record_limit(&record, DEPTH_PATH, (enum record_as)i);
		assert_int_equal(has(&record, RECORD_SOURCE_IP_F, NULL),
		    i != AS_COUNT_ONLY);
		assert_int_equal(has(&record, RECORD_REDACTED_F, "identity"),
		    i == AS_COUNT_ONLY);
		assert_true(has(&record, RECORD_URL_PATH_F, "/x"));
		assert_false(has(&record, RECORD_URL_QUERY_F, NULL));
		assert_true(has(&record, RECORD_REDACTED_F, "query"));
		assert_true(has(&record, RECORD_RULE_F, "r"));
	}
	record_limit(&record, DEPTH_CATEGORY, AS_NAME);
	assert_false(has(&record, RECORD_URL_DOMAIN_F, NULL));
	assert_true(has(&record, RECORD_RULE_F, "r"));
}

static void
test_bad_bytes(void **state)
{
	static const unsigned char short_head[] = { 1, 0, 0 };
	static const unsigned char short_value[] = { 1, 0, 5, 0, 'x' };
	static const unsigned char bad_field[] = { 0xff, 0xff, 0, 0 };
	const unsigned char *value;
	enum record_field field;
	size_t at = 0, n;

	(void)state;
	assert_false(record_next(short_head, 3, &at, &field, &value, &n));
	assert_false(record_next(short_value, 5, &at, &field, &value, &n));
	assert_false(record_next(bad_field, 4, &at, &field, &value, &n));
	at = 9;
	assert_false(record_next(bad_field, 4, &at, &field, &value, &n));
}

static void
test_id(void **state)
{
	static const struct {
		struct exchange_id id;
		const char *text;
	} cases[] = {
		{ { 0, 0 }, "00000000000000000000000000" },
		{ { 0, 31 }, "0000000000000000000000000Z" },
		{ { 0, 32 }, "00000000000000000000000010" },
		{ { 1, 0 }, "0000000000000G000000000000" },
		{ { UINT64_MAX, UINT64_MAX }, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ" },
	};
	char text[27];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		exchange_id_print(&cases[i].id, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void
test_kinds(void **state)
{
	enum record_kind kind;
	int i;

	(void)state;
	for (i = 0; i < RECORD_KIND_COUNT; i++) {
		const char *action = record_kind_action((enum record_kind)i);

		assert_true(record_kind_by_action(action, strlen(action),
		    &kind));
		assert_int_equal(kind, i);
	}
	assert_false(record_kind_by_action("reques", 6, &kind));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_bad_bytes),
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
