/* SPDX-License-Identifier: Apache-2.0 */
/* test_recover.c - what a starting writer makes of the files it finds, and which
 * of them may be deleted. */
#include "logging/recover.h"

#include "lib/macros.h"
#include "logging/retain.h"
#include "tests/unit/log_helper.h"

#include <sys/stat.h>

#define LINE(n, action) "{\"@timestamp\":\"2026-03-02T09:00:0" #n \
	".000007Z\",\"log.level\":\"info\",\"message\":\"m\",\"ecs.version\":" \
	"\"9.4.0\",\"event.sequence\":" #n ",\"event.action\":\"" action \
	"\",\"host.boot.id\":\"boot-" #n "\",\"gatebook.salt\":\"x\"}\n"
#define ONE LINE(4, "segment-open")
#define TWO LINE(5, "request")
#define STOP LINE(6, "stop")

static const struct {
	const char *name;
	const char *text;
	size_t zeros;
	const char *after;	/* what stands behind the zeros */
	size_t keep;
	uint64_t sequence;
	uint64_t discarded;
	bool stopped;
} cases[] = {
	{ "whole", ONE TWO, 0, "", sizeof(ONE TWO) - 1, 6, 0, false },
	{ "stopped", ONE STOP, 0, "", sizeof(ONE STOP) - 1, 7, 0, true },
	{ "zeros behind", ONE TWO, 5000, "", sizeof(ONE TWO) - 1, 6, 0,
	    false },
	{ "torn", ONE TWO "{\"@timestamp\":\"20", 0, "",
	    sizeof(ONE TWO) - 1, 6, 17, false },
	{ "torn with zeros", ONE TWO "{\"@timestamp\":\"20", 300, "",
	    sizeof(ONE TWO) - 1, 6, 17, false },
	{ "torn in the first", "{\"@ti", 300, "", 0, 0, 5, false },
	{ "stop, then torn", ONE STOP "{", 9, "", sizeof(ONE STOP) - 1, 7, 1,
	    true },
	{ "garbage", ONE TWO "garbage\nmore of it\n", 0, "",
	    sizeof(ONE TWO) - 1, 6, 19, false },
	{ "a line without a number", ONE "{\"@timestamp\":\"\"}\n", 0, "",
	    sizeof(ONE) - 1, 5, 18, false },
	{ "half a batch behind a hole", ONE, 4096, TWO, sizeof(ONE) - 1, 5,
	    4096 + sizeof(TWO) - 1, false },
	{ "only zeros", "", 4096, "", 0, 0, 0, false },
	{ "empty", "", 0, "", 0, 0, 0, false },
};

static uint64_t
torn_bytes(const struct log_place *log)
{
	DIR *dir = opendir(log->path);
	struct dirent *entry;
	uint64_t sum = 0;
	struct stat st;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, "torn-", 5) == 0) {
			assert_int_equal(fstatat(log->folder, entry->d_name,
			    &st, 0), 0);
			sum += (uint64_t)st.st_size;
		}
	closedir(dir);
	return sum;
}

static void
make(struct log_place *log, size_t i, const char *name)
{
	size_t n = strlen(cases[i].text), after = strlen(cases[i].after);
	char *bytes = calloc(1, n + cases[i].zeros + after + 1);

	assert_non_null(bytes);
	memcpy(bytes, cases[i].text, n);
	memcpy(bytes + n + cases[i].zeros, cases[i].after, after);
	log_write_file(log, name, bytes, n + cases[i].zeros + after, 0);
	free(bytes);
}

static void
test_cases(void **state)
{
	struct recovery recovery;
	struct log_place log;
	size_t i, size;
	char *text;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		print_message("%s\n", cases[i].name);
		log_place_open(&log, "/tmp");
		make(&log, i, "00000003.jsonl");
		assert_int_equal(recover(log.folder, &recovery), 0);
		assert_int_equal(recovery.sequence, cases[i].sequence);
		assert_int_equal(recovery.discarded, cases[i].discarded);
		assert_int_equal(torn_bytes(&log), cases[i].discarded);
		assert_int_equal(recovery.stopped, cases[i].stopped);
		text = log_read_file(&log, "00000003.jsonl", &size);
		if (cases[i].keep == 0) {
			assert_null(text);
			assert_int_equal(recovery.number, 0);
		} else {
			assert_int_equal(recovery.number, 3);
			assert_int_equal(size, cases[i].keep);
			assert_memory_equal(text, cases[i].text,
			    cases[i].keep);
			assert_string_equal(recovery.boot_id, "boot-4");
		}
		free(text);
		/* Again is the same, but nothing more is set aside. */
		assert_int_equal(recover(log.folder, &recovery), 0);
		assert_int_equal(recovery.sequence, cases[i].sequence);
		assert_int_equal(recovery.discarded, 0);
		log_place_close(&log);
	}
}

/* A file that was opened and never written, or whose only line is torn, sends
 * us to the one before. */
static void
test_before(void **state)
{
	struct recovery recovery;
	struct log_place log;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		if (cases[i].keep != 0)
			continue;
		log_place_open(&log, "/tmp");
		log_write_file(&log, "00000009.jsonl", ONE STOP,
		    sizeof(ONE STOP) - 1, 0);
		make(&log, i, "00000010.jsonl");
		log_write_file(&log, "00000011.jsonl", "", 0, 4096);
		log_write_file(&log, "11.jsonl", "x", 1, 0);
		assert_int_equal(recover(log.folder, &recovery), 0);
		assert_int_equal(recovery.number, 9);
		assert_int_equal(recovery.sequence, 7);
		assert_true(recovery.stopped);
		assert_int_equal(recovery.discarded, cases[i].discarded);
		assert_int_equal(strlen(recovery.hash), 64);
		assert_int_equal(faccessat(log.folder, "00000010.jsonl", F_OK,
		    0), -1);
		log_place_close(&log);
	}
}

static void
test_hash(void **state)
{
	struct recovery recovery;
	struct log_place log;

	(void)state;
	log_place_open(&log, "/tmp");
	log_write_file(&log, "00000001.jsonl", ONE, sizeof(ONE) - 1, 100);
	assert_int_equal(recover(log.folder, &recovery), 0);
	/* sha256sum of that line */
	assert_string_equal(recovery.hash, 
	    "3cd39f85eb4caceab91b47819c3402e56e93785b19d374ecfb00fb0e3be5d873");
	log_place_close(&log);
}

static void
test_time(void **state)
{
	static const struct { const char *line; uint64_t us; } times[] = {
		{ ONE, UINT64_C(1772442004000007) },
		{ "{\"@timestamp\":\"1970-01-01T00:00:00.000001Z\"", 1 },
		{ "{\"@timestamp\":\"2024-02-29T23:59:59.999999Z\"",
		    UINT64_C(1709251199999999) },
		{ "{\"@timestamp\":\"2024-13-29T23:59:59.999999Z\"", 0 },
		{ "{\"@timestamp\":\"2024-1x-29T23:59:59.999999Z\"", 0 },
		{ "{\"@timestamp\":\"2024", 0 }, { "", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(times); i++)
		assert_int_equal(recover_line_time(times[i].line,
		    strlen(times[i].line)), times[i].us);
}

#define DAY (UINT64_C(86400) * 1000000)

static void
test_retain(void **state)
{
	static const struct {
		uint64_t now_days;	/* after the last line of the oldest */
		uint64_t keep_min, keep_max, keep_size;
		const char *hold;
		bool goes, by_age;
	} cases_retain[] = {
		{ 400, 180, 730, 0, NULL, false, false },
		{ 731, 180, 730, 0, NULL, true, true },
		{ 731, 180, 730, 0, "hold.case-7", false, false },
		{ 731, 180, 0, 0, NULL, false, false },
		{ 731, 800, 730, 0, NULL, false, false },
		{ 181, 180, 730, 100, NULL, true, false },
		{ 179, 180, 730, 100, NULL, false, false },
		{ 181, 180, 730, 100000, NULL, false, false },
		{ 181, 180, 730, 100, "hold", false, false },
	};
	struct retain_choice choice;
	struct log_place log;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases_retain); i++) {
		uint64_t now = UINT64_C(1772442006000007) +
		    cases_retain[i].now_days * DAY;

		log_place_open(&log, "/tmp");
		log_write_file(&log, "00000002.jsonl", ONE STOP,
		    sizeof(ONE STOP) - 1, 0);
		log_write_file(&log, "00000003.jsonl", TWO, sizeof(TWO) - 1,
		    0);
		log_write_file(&log, "00000004.jsonl", TWO, sizeof(TWO) - 1,
		    4000);
		if (cases_retain[i].hold != NULL)
			log_write_file(&log, cases_retain[i].hold, "", 0, 0);
		log.settings->log_keep_min = cases_retain[i].keep_min * DAY;
		log.settings->log_keep_max = cases_retain[i].keep_max * DAY;
		log.settings->log_keep_size = cases_retain[i].keep_size;
		assert_int_equal(retain_choose(log.folder, log.settings, 4,
		    now, &choice), cases_retain[i].goes);
		if (cases_retain[i].goes) {
			assert_int_equal(choice.number, 2);
			assert_int_equal(choice.by_age,
			    cases_retain[i].by_age);
			assert_int_equal(choice.last_us,
			    UINT64_C(1772442006000007));
		}
		/* The open one never goes; a clock before the line neither. */
		assert_false(retain_choose(log.folder, log.settings, 2, now,
		    &choice));
		assert_false(retain_choose(log.folder, log.settings, 4,
		    UINT64_C(1772442005000000), &choice));
		log_place_close(&log);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_before),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_retain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
