/* SPDX-License-Identifier: Apache-2.0 */
/* test_format.c - whole lines, checked by hand, and the limits of a line. */
#include "logging/format.h"

#include "lib/macros.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

static char out[FORMAT_ROOM + 1];
static unsigned char raw[2 * RECORD_MAX];
static struct pseudonyms *pseudonyms;
static struct format *format;
static char keys[] = "/tmp/gatebook-keys-XXXXXX";

static int
set_up(void **state)
{
	(void)state;
	pseudonyms = pseudonyms_new(-1);
	format = format_new("edge-1", pseudonyms);
	return format == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	format_free(&format);
	pseudonyms_free(&pseudonyms);
	return 0;
}

static struct record
fresh(void)
{
	struct record record;

	record_init(&record, raw, sizeof(raw));
	return record;
}

/* The line of that record, with its salt made a constant. */
static const char *
line_of(enum record_kind kind, const struct record *record, uint64_t sequence)
{
	static const struct exchange_id id = { 1, 2 };
	struct format_event event = { kind, &id, UINT64_C(1772442000123456),
	    4711000123, record->bytes, record->length };
	struct json_line line = { .bytes = out, .size = FORMAT_ROOM };
	char *salt;
	json_t *json;

	format_line(format, &event, sequence, &line);
	assert_int_equal(out[line.length - 1], '\n');
	assert_true(line.length - 1 <= FORMAT_LINE_MAX);
	assert_null(memchr(out, '\n', line.length - 1));
	out[line.length - 1] = '\0';
	assert_int_equal(strlen(out), line.length - 1);
	json = json_loads(out, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	if (json == NULL)
		fail_msg("not JSON: %s", out);
	json_decref(json);
	salt = strstr(out, ",\"gatebook.salt\":\"");
	assert_non_null(salt);
	assert_int_equal(strlen(salt), 18 + 24 + 2);
	memcpy(salt + 18, "SALT", 4);
	memmove(salt + 22, salt + 18 + 24, 3);
	return out;
}

static void
test_request(void **state)
{
	struct address client = { .family = 4, .bytes = { 192, 0, 2, 17 } };
	struct address origin = { .family = 6, .bytes = { 0x20, 1, 0xd, 0xb8,
	    [15] = 9 } };
	struct record r = fresh();

	(void)state;
	/* In no order at all. */
	record_number(&r, RECORD_STATUS_F, 200);
	record_text(&r, RECORD_METHOD_F, "GET");
	record_text(&r, RECORD_URL_SCHEME_F, "http");
	record_text(&r, RECORD_URL_DOMAIN_F, "social.example");
	record_text(&r, RECORD_URL_PATH_F, "/a\"b");
	record_text(&r, RECORD_URL_QUERY_F, "");
	record_text(&r, RECORD_DECISION_F, "audit");
	record_text(&r, RECORD_RULE_F, "social");
	record_text(&r, RECORD_RULE_FILE_F, "/etc/gatebook/dept.policy");
	record_number(&r, RECORD_RULE_LINE_F, 12);
	record_address(&r, RECORD_SOURCE_IP_F, &client);
	record_number(&r, RECORD_SOURCE_PORT_F, 50412);
	record_address(&r, RECORD_DEST_IP_F, &origin);
	record_number(&r, RECORD_START_F, UINT64_C(1772442000001002));
	record_text(&r, RECORD_OUTCOME_F, "success");
	record_text(&r, RECORD_DNS_ANSWERS_F, "2001:db8::9");
	record_text(&r, RECORD_DNS_ANSWERS_F, "192.0.2.1");
	record_number(&r, RECORD_REUSED_F, 1);
	record_text(&r, RECORD_DEPTH_F, "url");
	record_text(&r, RECORD_AS_F, "name");
	record_number(&r, RECORD_STATUS_F, 204);	/* the last counts */
	assert_string_equal(line_of(RECORD_KIND_REQUEST, &r, 257),
	    "{\"@timestamp\":\"2026-03-02T09:00:00.123456Z\","
	    "\"log.level\":\"info\",\"message\":\"GET http://social.example/"
	    "a\\\"b audited by rule social (dept.policy:12), answered 204\","
	    "\"ecs.version\":\"9.4.0\",\"event.sequence\":257,"
	    "\"event.kind\":\"event\",\"event.category\":[\"web\",\"network\"],"
	    "\"event.type\":[\"access\",\"allowed\"],"
	    "\"event.action\":\"request\",\"event.outcome\":\"success\","
	    "\"event.dataset\":\"gatebook.audit\","
	    "\"event.module\":\"gatebook\",\"event.provider\":\"proxy\","
	    "\"event.start\":\"2026-03-02T09:00:00.001002Z\","
	    "\"transaction.id\":\"0000000000000G000000000002\","
	    "\"source.ip\":\"192.0.2.17\",\"source.port\":50412,"
	    "\"destination.ip\":\"2001:db8::9\",\"url.scheme\":\"http\","
	    "\"url.domain\":\"social.example\",\"url.path\":\"/a\\\"b\","
	    "\"url.query\":\"\",\"http.request.method\":\"GET\","
	    "\"http.response.status_code\":204,\"rule.id\":\"social\","
	    "\"observer.name\":\"edge-1\",\"gatebook.decision\":\"audit\","
	    "\"gatebook.rule.file\":\"/etc/gatebook/dept.policy\","
	    "\"gatebook.rule.line\":12,\"gatebook.privacy.depth\":\"url\","
	    "\"gatebook.privacy.as\":\"name\",\"gatebook.dns.answers\":"
	    "[\"2001:db8::9\",\"192.0.2.1\"],"
	    "\"gatebook.upstream.reused\":true,"
	    "\"gatebook.clock.boottime_us\":4711000123,"
	    "\"gatebook.salt\":\"SALT\"}");
}

static void
test_denied(void **state)
{
	struct record r = fresh();
	const char *line;

	(void)state;
	record_text(&r, RECORD_METHOD_F, "CONNECT");
	record_text(&r, RECORD_DEST_DOMAIN_F, "x.example");
	record_number(&r, RECORD_DEST_PORT_F, 443);
	record_text(&r, RECORD_DECISION_F, "deny");
	record_text(&r, RECORD_RULE_F, "default");
	record_number(&r, RECORD_STATUS_F, 403);
	record_number(&r, RECORD_DURATION_F, 1000000);
	line = line_of(RECORD_KIND_TUNNEL, &r, 0);
	assert_non_null(strstr(line, "\"Tunnel to x.example:443 denied by "
	    "default, not opened, answered 403\""));
	assert_non_null(strstr(line, "[\"connection\",\"denied\"]"));
}

/* A sentence holds only what the line holds; ours is ours. */
static void
test_forged(void **state)
{
	struct record r = fresh();
	const char *line;

	(void)state;
	record_text(&r, RECORD_MESSAGE_F, "forged");
	record_number(&r, RECORD_SEQUENCE_F, 7);
	record_text(&r, RECORD_ACTION_F, "stop");
	record_text(&r, RECORD_PROVIDER_F, "writer");
	record_text(&r, RECORD_TRANSACTION_F, "forged");
	record_text(&r, RECORD_OBSERVER_NAME_F, "forged");
	record_text(&r, RECORD_USER_HASH_F, "forged");
	record_text(&r, RECORD_SALT_F, "forged");
	record_text(&r, RECORD_OUTCOME_F, "forged");
	record_text(&r, RECORD_LEVEL_F, "error");
	line = line_of(RECORD_KIND_REQUEST, &r, 1);
	assert_null(strstr(line, "forged"));
	assert_non_null(strstr(line, "\"event.sequence\":1,"));
	assert_non_null(strstr(line, "\"event.action\":\"request\","
	    "\"event.outcome\":\"unknown\""));
	assert_non_null(strstr(line, "\"event.provider\":\"proxy\""));
	assert_non_null(strstr(line, "\"log.level\":\"error\""));
}

static void
test_depth(void **state)
{
	static const struct { const char *depth; bool host, path, query; }
	    cases[] = {
		{ "category", false, false, false },
		{ "host", true, false, false },
		{ "path", true, true, false },
		{ "url", true, true, true },
		{ "activity", true, true, true },
	};
	const char *line;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		struct record r = fresh();

		record_text(&r, RECORD_METHOD_F, "GET");
		record_text(&r, RECORD_URL_DOMAIN_F, "clinic.example");
		record_text(&r, RECORD_DEST_DOMAIN_F, "clinic.example");
		record_text(&r, RECORD_URL_PATH_F, "/hiv");
		record_text(&r, RECORD_URL_QUERY_F, "a=*");
		record_text(&r, RECORD_RULE_CATEGORY_F, "health");
		record_text(&r, RECORD_DEPTH_F, cases[i].depth);
		line = line_of(RECORD_KIND_REQUEST, &r, 0);
		assert_int_equal(strstr(line, "clinic") != NULL,
		    cases[i].host);
		assert_int_equal(strstr(line, "/hiv") != NULL, cases[i].path);
		assert_int_equal(strstr(line, "a=*") != NULL, cases[i].query);
		if (!cases[i].host)
			assert_non_null(strstr(line,
			    "\"GET a site of category health\""));
	}
}

static void
test_count_only(void **state)
{
	struct address client = { .family = 4, .bytes = { 192, 0, 2, 17 } };
	struct record r = fresh();
	const char *line;

	(void)state;
	record_address(&r, RECORD_SOURCE_IP_F, &client);
	record_text(&r, RECORD_USER_NAME_F, "a.smith");
	record_text(&r, RECORD_TRACE_F, "4bf92f");
	record_text(&r, RECORD_REFERENCE_F, "7KQM-4TP-X2C");
	record_text(&r, RECORD_AS_F, "count-only");
	line = line_of(RECORD_KIND_REQUEST, &r, 0);
	assert_null(strstr(line, "192.0.2.17"));
	assert_null(strstr(line, "a.smith"));
	assert_null(strstr(line, "4bf92f"));
	assert_null(strstr(line, "7KQM"));
	assert_null(strstr(line, "transaction.id"));
	assert_non_null(strstr(line, "[\"identity\"]"));
}

static void
test_pseudonym(void **state)
{
	/* HMAC-SHA256 under 32 bytes of 0x0b, of "ip" 0 "192.0.2.17" and of
	 * "user" 0 "a.smith", computed elsewhere. */
	static const char *const hash[] = {
		"\"user.hash\":\"0c595ccc955ca227a612358b7a239f1a\"",
		"\"user.hash\":\"c8baf606dab85315a3a1264d288b484c\""
	};
	struct address client = { .family = 4, .bytes = { 192, 0, 2, 17 } };
	unsigned char key[32];
	char name[96];
	const char *line;
	int i, folder;
	FILE *file;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct record r = fresh();

		if (i == 1) {
			/* A key appears; the first time there was none. */
			assert_non_null(mkdtemp(keys));
			(void)snprintf(name, sizeof(name),
			    "%s/pseudonym-2026-03.key", keys);
			file = fopen(name, "w");
			memset(key, 0x0b, sizeof(key));
			assert_int_equal(fwrite(key, 1, 32, file), 32);
			fclose(file);
			assert_int_equal(chmod(name, 0600), 0);
			folder = open(keys, O_RDONLY | O_DIRECTORY);
			format_free(&format);
			pseudonyms_free(&pseudonyms);
			pseudonyms = pseudonyms_new(folder);
			format = format_new("edge-1", pseudonyms);
			assert_int_equal(pseudonyms_month(pseudonyms,
			    UINT64_C(1772442000123456)), 0);
		}
		record_address(&r, RECORD_SOURCE_IP_F, &client);
		record_number(&r, RECORD_SOURCE_PORT_F, 50412);
		if (i == 2)
			record_text(&r, RECORD_USER_NAME_F, "a.smith");
		record_text(&r, RECORD_AS_F, "pseudonym");
		line = line_of(RECORD_KIND_REQUEST, &r, 0);
		assert_null(strstr(line, "192.0.2.17"));
		assert_null(strstr(line, "50412"));
		assert_null(strstr(line, "a.smith"));
		assert_non_null(strstr(line, "transaction.id"));
		assert_non_null(strstr(line, "[\"identity\"]"));
		if (i == 0) {
			assert_null(strstr(line, "user.hash"));
			continue;
		}
		if (strstr(line, hash[i - 1]) == NULL)
			fail_msg("%s", strstr(line, "\"user.hash"));
		assert_non_null(strstr(line,
		    "\"gatebook.pseudonym.epoch\":\"2026-03\""));
	}
	/* Another month makes its own key; one that others can read is none. */
	assert_int_equal(pseudonyms_month(pseudonyms,
	    UINT64_C(1782442000123456)), 0);
	assert_string_equal(pseudonyms_epoch(pseudonyms), "2026-06");
	assert_int_equal(chmod(name, 0644), 0);
	assert_int_equal(pseudonyms_month(pseudonyms,
	    UINT64_C(1772442000123456)), -1);
	assert_null(pseudonyms_epoch(pseudonyms));
	(void)unlink(name);
	(void)snprintf(name, sizeof(name), "%s/pseudonym-2026-06.key", keys);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(rmdir(keys), 0);
}

/* Each field at its longest, of bytes that become six each: still a line. */
static void
test_longest(void **state)
{
	static unsigned char worst[4096];
	unsigned char byte[] = { 'a', 1, 0xff, '"' };
	const char *line;
	size_t i, n;
	int field;

	(void)state;
	for (i = 0; i < sizeof(byte); i++) {
		struct record r = fresh();

		memset(worst, byte[i], sizeof(worst));
		for (field = 0; field < RECORD_FIELDS; field++) {
			const struct record_row *row = &record_rows[field];

			if (row->type != RECORD_STRING &&
			    row->type != RECORD_ARRAY)
				continue;
			for (n = row->type == RECORD_ARRAY ? 40 : 1; n > 0; n--)
				record_string(&r, (enum record_field)field,
				    (const char *)worst, row->max);
		}
		line = line_of(RECORD_KIND_WORKER_DIED, &r, 0);
		if (byte[i] == 1 && strstr(line, "too-long") == NULL)
			fail_msg("%zu bytes: %.900s", strlen(line), line);
	}
}

static void
test_damaged(void **state)
{
	static const unsigned char bytes[] = { 1, 0, 200, 0, 'x' };
	struct record r = fresh();
	uint16_t head[2] = { RECORD_STATUS_F, 3 };
	const char *line;

	(void)state;
	record_text(&r, RECORD_METHOD_F, "GET");
	memcpy(r.bytes + r.length, head, 4);
	memcpy(r.bytes + r.length + 4, "xyz", 3);
	r.length += 7;
	memcpy(r.bytes + r.length, bytes, sizeof(bytes));
	r.length += sizeof(bytes);
	line = line_of(RECORD_KIND_REQUEST, &r, 0);
	assert_non_null(strstr(line, "\"error.code\":\"record-damaged\""));
	assert_non_null(strstr(line, "\"http.request.method\":\"GET\""));
	assert_null(strstr(line, "status_code"));
}

/* Every kind, without any field and with all of them, is a line. */
static void
test_kinds(void **state)
{
	const char *line;
	char want[64];
	int kind, field;

	(void)state;
	for (kind = 0; kind < RECORD_KIND_COUNT; kind++) {
		struct record r = fresh();

		line = line_of((enum record_kind)kind, &r, 3);
		(void)snprintf(want, sizeof(want), "\"event.action\":\"%s\"",
		    record_kind_action((enum record_kind)kind));
		assert_non_null(strstr(line, want));
		assert_null(strstr(line, "\"message\":\"\""));
		assert_int_equal(strstr(line, "transaction.id") != NULL,
		    format_is_exchange((enum record_kind)kind));
		for (field = 0; field < RECORD_FIELDS; field++) {
			enum record_field f = (enum record_field)field;
			struct address a = { .family = 6 };

			switch (record_rows[field].type) {
			case RECORD_STRING:
			case RECORD_ARRAY:
				record_text(&r, f, "words");
				break;
			case RECORD_NUMBER:
			case RECORD_SIGNED:
			case RECORD_DATE:
			case RECORD_BOOL:
				record_number(&r, f, UINT64_MAX);
				break;
			case RECORD_ADDRESS:
				record_address(&r, f, &a);
				break;
			}
		}
		(void)line_of((enum record_kind)kind, &r, 3);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_denied),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_count_only),
		cmocka_unit_test(test_pseudonym),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
