/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_verify.c - a real log is proved, and each way to tamper with a copy of it
 * is found and named.  GATEBOOK_TAMPERINGS=N in the environment says how many
 * (400).
 */
#include "logging/verify.h"

#include "lib/clock.h"
#include "lib/macros.h"
#include "tests/unit/log_helper.h"

#include <sys/stat.h>

struct heard {
	uint64_t faults;
	uint64_t notes;
	char words[8][VERIFY_WORDS];	/* of the first faults */
	char note[8][VERIFY_WORDS];
};

static void
hear(void *arg, enum verify_weight weight, const char *words)
{
	struct heard *heard = arg;

	if (weight == VERIFY_FAULT) {
		if (heard->faults < COUNT_OF(heard->words))
			(void)snprintf(heard->words[heard->faults],
			    VERIFY_WORDS, "%s", words);
		heard->faults++;
	} else {
		if (heard->notes < COUNT_OF(heard->note))
			(void)snprintf(heard->note[heard->notes],
			    VERIFY_WORDS, "%s", words);
		heard->notes++;
	}
}

static bool
said(const struct heard *heard, const char *what)
{
	size_t i;

	for (i = 0; i < COUNT_OF(heard->words); i++)
		if (strstr(heard->words[i], what) != NULL ||
		    strstr(heard->note[i], what) != NULL)
			return true;
	return false;
}

static void
read_key(const struct log_place *log, struct note_key *key)
{
	size_t size;
	char *vkey = log_read_file(log, HEAD_VKEY_FILE, &size);

	assert_non_null(vkey);
	assert_true(note_key_read(vkey, size, key));
	free(vkey);
}

static bool
verify(const struct log_place *log, const char *since, struct heard *heard,
    struct verify_result *result)
{
	struct note_key key;
	struct verify_request request = { .folder = log->folder, .key = &key,
		.since = since, .say = hear, .arg = heard,
		.since_length = since == NULL ? 0 : strlen(since) };

	read_key(log, &key);
	memset(heard, 0, sizeof(*heard));
	assert_int_equal(verify_log(&request, result), 0);
	assert_int_equal(result->faults, heard->faults);
	return result->proved;
}

static void
add(struct journal *journal, unsigned count)
{
	unsigned char bytes[1024];
	struct record record;
	char path[64];
	unsigned i;

	assert_int_equal(journal_ready(journal), SEGMENTS_OK);
	for (i = 0; i < count; i++) {
		if (!journal_has_room(journal, false)) {
			assert_int_equal(journal_flush(journal), SEGMENTS_OK);
			assert_int_equal(journal_ready(journal), SEGMENTS_OK);
		}
		(void)snprintf(path, sizeof(path), "/page/%u", i);
		record_init(&record, bytes, sizeof(bytes));
		record_text(&record, RECORD_METHOD_F, "GET");
		record_text(&record, RECORD_URL_DOMAIN_F, "a.example");
		record_text(&record, RECORD_URL_PATH_F, path);
		journal_add_own(journal, RECORD_KIND_REFUSED, &record);
	}
	assert_int_equal(journal_flush(journal), SEGMENTS_OK);
	assert_int_equal(journal_sync(journal), SEGMENTS_OK);
	journal_tick(journal);
	assert_int_equal(journal_flush(journal), SEGMENTS_OK);
}

static void
run(struct log_place *log, unsigned count, bool stop)
{
	struct journal *journal = journal_new(&log->place);

	assert_non_null(journal);
	assert_int_equal(journal_open(journal), SEGMENTS_OK);
	add(journal, count);
	if (stop)
		assert_int_equal(journal_stop(journal), SEGMENTS_OK);
	journal_free(&journal);
}

static void
prove(const struct log_place *log, uint64_t covered)
{
	struct verify_result result;
	struct heard heard;

	if (!verify(log, NULL, &heard, &result))
		fail_msg("not proved: %s", heard.words[0]);
	assert_int_equal(result.covered, covered);
	assert_int_equal(result.records + result.first,
	    log_walk(log, result.first, NULL, NULL) + result.first);
}

static void
test_good(void **state)
{
	struct verify_result result;
	struct log_place log;
	struct heard heard;

	(void)state;
	log_place_open(&log, "/tmp");
	run(&log, 3, true);
	prove(&log, 6);
	run(&log, 900, true);
	run(&log, 10, false);
	assert_true(verify(&log, NULL, &heard, &result));
	assert_int_equal(result.files, 5);
	run(&log, 10, true);
	assert_true(verify(&log, NULL, &heard, &result));
	assert_true(said(&heard, "tells of a break (crash)"));
	prove(&log, log_walk(&log, 0, NULL, NULL));
	log_place_close(&log);
}

static char *
newest_note(const struct log_place *log)
{
	struct head_slot slot[HEAD_SLOTS];
	int newest;
	char *note;

	log_read_heads(log, slot);
	newest = head_file_newest(slot);
	note = strndup(slot[newest].note, slot[newest].length);
	assert_non_null(note);
	return note;
}

static void
test_since(void **state)
{
	struct verify_result result;
	struct log_place log, other;
	struct heard heard;
	char *early, *late, *foreign;

	(void)state;
	log_place_open(&log, "/tmp");
	log_place_open(&other, "/tmp");
	run(&log, 5, true);
	early = newest_note(&log);
	run(&log, 5, true);
	late = newest_note(&log);
	assert_true(verify(&log, early, &heard, &result));
	assert_true(verify(&log, late, &heard, &result));
	run(&other, 5, true);
	foreign = newest_note(&other);
	assert_false(verify(&log, foreign, &heard, &result));
	assert_true(said(&heard, "signature is missing or wrong"));
	assert_false(verify(&log, "nothing\n", &heard, &result));
	assert_true(said(&heard, "not a signed log head"));
	/* The whole folder put back as it was earlier. */
	early[strlen(early) - 3] ^= 1;
	assert_false(verify(&log, early, &heard, &result));
	assert_int_equal(unlinkat(log.folder, "00000002.jsonl", 0), 0);
	assert_false(verify(&log, late, &heard, &result));
	assert_true(said(&heard, "The log is shorter than it was"));
	free(early);
	free(late);
	free(foreign);
	log_place_close(&log);
	log_place_close(&other);
}

/* Another log of the same key and size. */
static void
test_two_versions(void **state)
{
	struct verify_result result;
	struct log_place log;
	struct heard heard;
	char *key, *one, name[32];
	size_t size;
	int i;

	(void)state;
	log_place_open(&log, "/tmp");
	run(&log, 5, true);
	key = log_read_file(&log, "log.key", &size);
	one = newest_note(&log);
	for (i = 0; i < 4; i++) {
		static const char *const names[] = { "00000001.jsonl", "head",
			"hashes-00000000", "reference" };

		(void)snprintf(name, sizeof(name), "%s", names[i]);
		assert_int_equal(unlinkat(log.folder, name, 0), 0);
	}
	log_write_file(&log, "log.key", key, size, 0);
	/* The journal removes nothing it did not make. */
	assert_int_equal(unlinkat(log.folder, "log.vkey", 0), 0);
	run(&log, 5, true);
	assert_false(verify(&log, one, &heard, &result));
	assert_true(said(&heard, "Two different versions of the log exist"));
	free(key);
	free(one);
	log_place_close(&log);
}

static void
test_deleted_files(void **state)
{
	struct verify_result result;
	struct log_place log;
	struct journal *journal;
	struct heard heard;
	char *text, *second;
	size_t size;
	int i;

	(void)state;
	log_place_open(&log, "/tmp");
	run(&log, 2000, true);
	log.settings->log_keep_size = 4 * 256 * 1024;
	log.settings->log_keep_min = 0;
	journal = journal_new(&log.place);
	assert_int_equal(journal_open(journal), SEGMENTS_OK);
	for (i = 0; i < 6; i++)
		add(journal, 500);
	add(journal, 1);
	assert_int_equal(journal_stop(journal), SEGMENTS_OK);
	journal_free(&journal);
	assert_null(log_read_file(&log, "00000001.jsonl", &size));
	assert_true(verify(&log, NULL, &heard, &result));
	assert_true(said(&heard, "were deleted because of their age or size"));
	assert_true(result.first > 0);
	/* The first line of the first file there is goes too. */
	for (i = 2; i < 20; i++) {
		char name[SEGMENTS_NAME];

		segments_name((uint64_t)i, name);
		text = log_read_file(&log, name, &size);
		if (text == NULL)
			continue;
		second = strchr(text, '\n') + 1;
		log_write_file(&log, name, second,
		    size - (size_t)(second - text), 0);
		assert_false(verify(&log, NULL, &heard, &result));
		assert_true(said(&heard, "are missing"));
		/* Now all of that file. */
		assert_int_equal(unlinkat(log.folder, name, 0), 0);
		assert_false(verify(&log, NULL, &heard, &result));
		assert_true(said(&heard, "are missing"));
		free(text);
		break;
	}
	assert_true(i < 20);
	log_place_close(&log);
}

/* Without the hashes beside it a log is proved, and what is wrong is seen. */
static void
test_without_hashes(void **state)
{
	struct verify_result result;
	struct log_place log;
	struct heard heard;
	size_t size;
	char *text;

	(void)state;
	log_place_open(&log, "/tmp");
	run(&log, 40, true);
	text = log_read_file(&log, "hashes-00000000", &size);
	assert_non_null(text);
	text[35] ^= 1;
	log_write_file(&log, "hashes-00000000", text, size, 0);
	free(text);
	assert_true(verify(&log, NULL, &heard, &result));
	assert_true(said(&heard, "are damaged, but the records are whole"));
	assert_int_equal(unlinkat(log.folder, "hashes-00000000", 0), 0);
	assert_true(verify(&log, NULL, &heard, &result));
	text = log_read_file(&log, "00000001.jsonl", &size);
	text[200] ^= 1;
	log_write_file(&log, "00000001.jsonl", text, size, 0);
	free(text);
	assert_false(verify(&log, NULL, &heard, &result));
	assert_true(said(&heard, "cannot be told which"));
	log_place_close(&log);
}

/* --- tampering ---------------------------------------------------------------------- */

static uint32_t seed = 20260302;

static uint32_t
dice(size_t sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % (uint32_t)sides;
}

struct text {
	char *bytes;
	size_t size;
	char *line[4000];	/* where each begins */
	size_t length[4000];	/* with its newline */
	size_t count;
};

static void
cut_lines(struct text *text)
{
	char *at = text->bytes, *end = at + text->size, *newline;

	for (text->count = 0; at < end; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		assert_non_null(newline);
		assert_true(text->count < COUNT_OF(text->line));
		text->line[text->count] = at;
		text->length[text->count++] = (size_t)(newline + 1 - at);
	}
}

static char *
put(char *to, const struct text *text, size_t line)
{
	memcpy(to, text->line[line], text->length[line]);
	return to + text->length[line];
}

enum tampering { FLIP, DROP, SWAP, DUPLICATE, TRUNCATE, INSERT_ZERO,
	DROP_MANY, TAMPERINGS };
static const char *const names[TAMPERINGS] = { "flip", "drop", "swap",
	"duplicate", "truncate", "zero", "drop many" };

/* Write the file anew with one thing done to it; the lines it is about. */
static void
tamper(const struct log_place *log, const char *name, enum tampering how,
    size_t *first, size_t *last)
{
	static struct text text;
	char *out, *to;
	size_t i, at = 0, a, b;

	text.bytes = log_read_file(log, name, &text.size);
	assert_non_null(text.bytes);
	cut_lines(&text);
	out = malloc(text.size + 65536);
	assert_non_null(out);
	a = dice(text.count);
	b = dice(text.count);
	if (how == SWAP && a == b)
		b = (a + 1) % text.count;
	if (how == SWAP && a > b) {
		size_t c = a;

		a = b;
		b = c;
	}
	*first = a;
	*last = how == SWAP ? b : a;
	if (how == FLIP || how == INSERT_ZERO) {
		at = dice(text.length[a]);
		if (how == FLIP)
			text.line[a][at] = (char)(text.line[a][at] ^
			    (1 << dice(8)));
		else
			text.line[a][at] = '\0';
	}
	for (i = 0, to = out; i < text.count; i++) {
		if (how == DROP && i == a)
			continue;
		if (how == DROP_MANY && i >= a && i < a + 20) {
			*last = i;
			continue;
		}
		if (how == TRUNCATE && i == a) {
			*last = text.count - 1;
			at = dice(text.length[a]);
			memcpy(to, text.line[a], at);
			to += at;
			break;
		}
		to = put(to, &text, how == SWAP && i == a ? b :
		    how == SWAP && i == b ? a : i);
		if (how == DUPLICATE && i == b)
			to = put(to, &text, a);
	}
	log_write_file(log, name, out, (size_t)(to - out), 0);
	free(out);
	free(text.bytes);
}

/* A number of those named in what was said lies in [first, last]. */
static bool
names_one(const struct heard *heard, uint64_t first, uint64_t last)
{
	uint64_t a, b;
	const char *at;
	size_t i;

	for (i = 0; i < COUNT_OF(heard->words); i++) {
		at = heard->words[i];
		while ((at = strpbrk(at, "0123456789")) != NULL) {
			a = b = strtoull(at, (char **)(uintptr_t)&at, 10);
			if (strncmp(at, " to ", 4) == 0)
				b = strtoull(at + 4,
				    (char **)(uintptr_t)&at, 10);
			if (a <= last && b >= first)
				return true;
		}
	}
	return false;
}

static uint64_t
first_of(const struct log_place *log, const char *name)
{
	size_t size;
	char *text = log_read_file(log, name, &size), *at;
	uint64_t first;

	assert_non_null(text);
	at = strstr(text, "\"event.sequence\":");
	assert_non_null(at);
	first = strtoull(at + 17, NULL, 10);
	free(text);
	return first;
}

static void
test_tampering(void **state)
{
	const char *wanted = getenv("GATEBOOK_TAMPERINGS");
	int count = wanted != NULL ? atoi(wanted) :
	    getenv("GATEBOOK_VALGRIND") != NULL ? 20 : 400, i;
	uint64_t *numbers = NULL, start;
	unsigned done[TAMPERINGS] = { 0 };
	size_t files = 0, first, last, size, k;
	struct verify_result result;
	char name[SEGMENTS_NAME], *whole;
	struct log_place log;
	struct heard heard;
	enum tampering how;

	(void)state;
	log_place_open(&log, "/tmp");
	run(&log, 500, true);
	run(&log, 700, false);
	run(&log, 0, true);
	assert_true(verify(&log, NULL, &heard, &result));
	assert_int_equal(segments_list(log.folder, &numbers, &files), 0);
	assert_true(files >= 5);
	for (i = 0; i < count; i++) {
		how = (enum tampering)(i % TAMPERINGS);
		segments_name(numbers[dice(files)], name);
		start = first_of(&log, name);
		whole = log_read_file(&log, name, &size);
		tamper(&log, name, how, &first, &last);
		if (verify(&log, NULL, &heard, &result))
			fail_msg("%s in %s (%zu to %zu) was not found",
			    names[how], name, first, last);
		if (!names_one(&heard, start + first, start + last))
			fail_msg("%s in %s (%zu to %zu) was not named: %s",
			    names[how], name, (size_t)start + first,
			    (size_t)start + last, heard.words[0]);
		done[how]++;
		log_write_file(&log, name, whole, size, 0);
		free(whole);
	}
	assert_true(verify(&log, NULL, &heard, &result));
	for (k = 0; k < TAMPERINGS; k++)
		print_message("%s: %u\n", names[k], done[k]);
	free(numbers);
	log_place_close(&log);
}

/* Both slots, each bit of the notes: a head is what was signed or is nothing. */
static void
test_tampered_heads(void **state)
{
	struct verify_result result;
	struct log_place log;
	struct heard heard;
	size_t size, at, length;
	char *bytes;
	int i;

	(void)state;
	log_place_open(&log, "/tmp");
	run(&log, 5, true);
	run(&log, 5, true);
	bytes = log_read_file(&log, HEAD_FILE, &size);
	assert_int_equal(size, HEAD_SLOTS * HEAD_SLOT);
	for (i = 0; i < 200; i++) {
		at = dice(2) * HEAD_SLOT;
		length = strnlen(bytes + at, HEAD_SLOT);
		assert_true(length > 100);
		at += dice(length);
		length = dice(8);
		bytes[at] = (char)(bytes[at] ^ (1 << length));
		log_write_file(&log, HEAD_FILE, bytes, size, 0);
		if (verify(&log, NULL, &heard, &result))
			fail_msg("bit %zu of byte %zu of the heads", length,
			    at);
		assert_true(said(&heard, "Slot "));
		bytes[at] = (char)(bytes[at] ^ (1 << length));
	}
	/* One slot copied over the other is an older head alone. */
	assert_int_equal(unlinkat(log.folder, HEAD_FILE, 0), 0);
	assert_false(verify(&log, NULL, &heard, &result));
	assert_true(said(&heard, "There is no signed log head"));
	log_write_file(&log, HEAD_FILE, bytes, 0, size);
	assert_false(verify(&log, NULL, &heard, &result));
	log_write_file(&log, HEAD_FILE, bytes, size, 0);
	assert_true(verify(&log, NULL, &heard, &result));
	free(bytes);
	log_place_close(&log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_two_versions),
		cmocka_unit_test(test_deleted_files),
		cmocka_unit_test(test_without_hashes),
		cmocka_unit_test(test_tampering),
		cmocka_unit_test(test_tampered_heads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
