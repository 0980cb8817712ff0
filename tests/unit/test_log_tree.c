/* SPDX-License-Identifier: Apache-2.0 */
/* test_log_tree.c - the tree across stops, crashes and old logs, and what makes
 * a writer refuse to go on. */
#include "logging/log_tree.h"

#include "lib/clock.h"
#include "lib/macros.h"
#include "logging/log_key.h"
#include "logging/writer.h"
#include "tests/unit/log_helper.h"

#include <sys/stat.h>

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
}

enum ending { STOPPED, KILLED, KILLED_AFTER_HEAD };

static void
run(struct log_place *log, unsigned count, enum ending ending)
{
	struct journal *journal = journal_new(&log->place);

	assert_non_null(journal);
	assert_int_equal(journal_open(journal), SEGMENTS_OK);
	add(journal, count);
	if (ending == KILLED_AFTER_HEAD)
		journal_tick(journal);
	if (ending == STOPPED)
		assert_int_equal(journal_stop(journal), SEGMENTS_OK);
	journal_free(&journal);
}

/* A start that must not write anything. */
static void
run_refused(struct log_place *log)
{
	struct journal *journal = journal_new(&log->place);

	assert_non_null(journal);
	assert_int_equal(journal_open(journal), SEGMENTS_BROKEN);
	assert_int_equal(atomic_load(&log->state->condition),
	    LOGSTATE_BROKEN);
	assert_int_equal(journal_open(journal), SEGMENTS_BROKEN);
	journal_free(&journal);
	/* A person put it right. */
	atomic_store(&log->state->condition, LOGSTATE_STARTING);
}

static uint64_t
lines(const struct log_place *log)
{
	return log_walk(log, 0, NULL, NULL);
}

static void
test_stops_and_crashes(void **state)
{
	static const struct { unsigned count; enum ending ending; } runs[] = {
		{ 0, STOPPED }, { 3, STOPPED }, { 1000, STOPPED },
		{ 10, KILLED }, { 10, KILLED_AFTER_HEAD }, { 0, KILLED },
		{ 2000, KILLED }, { 2500, KILLED_AFTER_HEAD }, { 5, STOPPED },
	};
	struct note_head heads[COUNT_OF(runs)];
	struct head_slot slot[HEAD_SLOTS];
	struct log_place log;
	uint64_t newest = 0;
	size_t i;

	(void)state;
	log_place_open(&log, "/tmp");
	for (i = 0; i < COUNT_OF(runs); i++) {
		run(&log, runs[i].count, runs[i].ending);
		newest = log_check_tree(&log, heads, i);
		if (runs[i].ending != KILLED)
			assert_int_equal(newest, lines(&log));
		else
			assert_true(newest < lines(&log));
		log_read_heads(&log, slot);
		heads[i] = slot[head_file_newest(slot)].head;
		if (heads[i].size == 0)
			fail_msg("nothing signed");
		/* The same head again is no other one. */
		if (i > 0 && heads[i].size == heads[i - 1].size)
			assert_memory_equal(heads[i].root, heads[i - 1].root,
			    TREE_HASH);
	}
	log_place_close(&log);
}

static void
remove_file(const struct log_place *log, const char *name)
{
	assert_int_equal(unlinkat(log->folder, name, 0), 0);
}

/* Written by a version that had no tree. */
static void
test_old_log(void **state)
{
	struct log_place log;

	(void)state;
	log_place_open(&log, "/tmp");
	log.place.key_folder = -1;
	run(&log, 2000, STOPPED);
	run(&log, 100, KILLED);
	remove_file(&log, "hashes-00000000");
	log.place.key_folder = log.folder;
	run(&log, 10, STOPPED);
	assert_int_equal(log_check_tree(&log, NULL, 0), lines(&log));
	log_place_close(&log);
}

/* Its first file was deleted before there was a tree. */
static void
test_old_log_without_beginning(void **state)
{
	struct head_slot slot[HEAD_SLOTS];
	unsigned char leaf[TREE_HASH];
	struct log_place log;
	uint64_t all;

	(void)state;
	log_place_open(&log, "/tmp");
	log.place.key_folder = -1;
	run(&log, 3000, STOPPED);
	all = lines(&log);
	remove_file(&log, "00000001.jsonl");
	remove_file(&log, "hashes-00000000");
	log.place.key_folder = log.folder;
	run(&log, 10, STOPPED);
	run(&log, 10, KILLED);
	run(&log, 10, STOPPED);
	log_read_heads(&log, slot);
	assert_true(slot[head_file_newest(slot)].head.size > all + 30);
	assert_int_equal(leaves_read(log.folder, 5, leaf, 1), 1);
	assert_true(leaves_is_unknown(leaf));
	log_place_close(&log);
}

/* Hashes are only a copy: lost or damaged they are made again. */
static void
test_hashes_damaged(void **state)
{
	struct log_place log;
	char *bytes;
	size_t size;

	(void)state;
	log_place_open(&log, "/tmp");
	run(&log, 3000, STOPPED);
	remove_file(&log, "hashes-00000000");
	run(&log, 3, STOPPED);
	assert_int_equal(log_check_tree(&log, NULL, 0), lines(&log));
	bytes = log_read_file(&log, "hashes-00000000", &size);
	assert_non_null(bytes);
	bytes[70] ^= 4;
	log_write_file(&log, "hashes-00000000", bytes, size, 0);
	run(&log, 3, KILLED);
	assert_true(log_check_tree(&log, NULL, 0) < lines(&log));
	log_write_file(&log, "hashes-00000000", bytes, 20000, 0);
	free(bytes);
	run(&log, 3, STOPPED);
	assert_int_equal(log_check_tree(&log, NULL, 0), lines(&log));
	log_place_close(&log);
}

static void
change_byte(const struct log_place *log, const char *name, size_t at)
{
	size_t size;
	char *bytes = log_read_file(log, name, &size);

	assert_non_null(bytes);
	assert_true(at < size);
	bytes[at] ^= 1;
	log_write_file(log, name, bytes, size, 0);
	free(bytes);
}

static void
test_changed_lines(void **state)
{
	struct log_place log;

	(void)state;
	log_place_open(&log, "/tmp");
	run(&log, 50, STOPPED);
	change_byte(&log, "00000001.jsonl", 100);
	run_refused(&log);
	change_byte(&log, "00000001.jsonl", 100);
	run(&log, 1, STOPPED);
	assert_int_equal(log_check_tree(&log, NULL, 0), lines(&log));
	log_place_close(&log);
}

static void
test_rolled_back(void **state)
{
	struct log_place log;

	(void)state;
	log_place_open(&log, "/tmp");
	run(&log, 5, STOPPED);
	run(&log, 5, STOPPED);
	remove_file(&log, "00000002.jsonl");
	run_refused(&log);
	remove_file(&log, "00000001.jsonl");
	run_refused(&log);
	log_place_close(&log);
}

static void
test_head_and_key(void **state)
{
	struct log_place log;
	char *bytes, *key;
	size_t size, key_size;

	(void)state;
	log_place_open(&log, "/tmp");
	run(&log, 5, STOPPED);
	bytes = log_read_file(&log, HEAD_FILE, &size);
	key = log_read_file(&log, LOG_KEY_FILE, &key_size);
	assert_non_null(bytes);
	assert_int_equal(size, HEAD_SLOTS * HEAD_SLOT);
	remove_file(&log, HEAD_FILE);
	run_refused(&log);
	log_write_file(&log, HEAD_FILE, bytes, 0, size);
	run_refused(&log);
	log_write_file(&log, HEAD_FILE, bytes, size, 0);
	assert_int_equal(fchmodat(log.folder, LOG_KEY_FILE, 0640, 0), 0);
	run_refused(&log);
	assert_int_equal(fchmodat(log.folder, LOG_KEY_FILE, 0600, 0), 0);
	change_byte(&log, LOG_KEY_FILE, 20);
	run_refused(&log);
	remove_file(&log, LOG_KEY_FILE);
	run_refused(&log);
	log_write_file(&log, LOG_KEY_FILE, key, key_size, 0);
	/* One spoilt slot of two: the other is good. */
	run(&log, 5, STOPPED);
	free(bytes);
	bytes = log_read_file(&log, HEAD_FILE, &size);
	assert_non_null(bytes);
	assert_int_not_equal(bytes[0], 0);
	assert_int_not_equal(bytes[HEAD_SLOT], 0);
	bytes[5] ^= 1;
	log_write_file(&log, HEAD_FILE, bytes, size, 0);
	run(&log, 5, STOPPED);
	assert_int_equal(log_check_tree(&log, NULL, 0), lines(&log));
	free(bytes);
	free(key);
	log_place_close(&log);
}

/* Across the end of a file of hashes. */
static void
test_many(void **state)
{
	struct recovery found = { .sequence = 0 };
	uint64_t count = LEAVES_IN_FILE + 9000, i;
	unsigned char root[TREE_HASH], want[TREE_HASH], leaf[TREE_HASH];
	struct tree_frontier plain = { .size = 0 };
	struct tree_hasher *hasher;
	struct head_slot slot[HEAD_SLOTS];
	struct log_tree_place place;
	struct log_tree *tree;
	struct log_place log;
	char why[LOG_TREE_WHY];

	(void)state;
	if (getenv("GATEBOOK_VALGRIND") != NULL)
		skip();
	hasher = tree_hasher_new();
	assert_non_null(hasher);
	log_place_open(&log, "/tmp");
	place = (struct log_tree_place){ .log_folder = log.folder,
	    .key_folder = log.folder, .origin = "two words", .data_name = "d",
	    .stats = log.stats };
	tree = log_tree_new(&place);
	assert_non_null(tree);
	assert_int_equal(log_tree_open(tree, &found, why), SEGMENTS_OK);
	assert_string_equal(log_tree_origin(tree), "two-words");
	for (i = 0; i < count; i++) {
		if (i % 8000 == 0) {
			assert_int_equal(log_tree_flush(tree), SEGMENTS_OK);
			assert_int_equal(log_tree_reserve(tree), SEGMENTS_OK);
		}
		log_tree_add(tree, (const char *)&i, sizeof(i));
		tree_leaf(hasher, &i, sizeof(i), leaf);
		tree_append(hasher, &plain, leaf);
	}
	assert_int_equal(log_tree_flush(tree), SEGMENTS_OK);
	log_tree_settled(tree);
	assert_int_equal(log_tree_close(tree, true), SEGMENTS_OK);
	log_tree_free(&tree);
	tree_root(hasher, &plain, want);
	log_read_heads(&log, slot);
	assert_int_equal(slot[head_file_newest(slot)].head.size, count);
	assert_memory_equal(slot[head_file_newest(slot)].head.root, want,
	    TREE_HASH);
	assert_true(leaves_read_root(log.folder, 0, root));
	/* Opened again it is where it was, with the root of the file alone. */
	found.sequence = count;
	tree = log_tree_new(&place);
	assert_int_equal(log_tree_open(tree, &found, why), SEGMENTS_OK);
	assert_int_equal(log_tree_reserve(tree), SEGMENTS_OK);
	log_tree_add(tree, "x", 1);
	tree_leaf(hasher, "x", 1, leaf);
	tree_append(hasher, &plain, leaf);
	assert_int_equal(log_tree_flush(tree), SEGMENTS_OK);
	log_tree_settled(tree);
	assert_int_equal(log_tree_close(tree, true), SEGMENTS_OK);
	log_tree_free(&tree);
	tree_root(hasher, &plain, want);
	log_read_heads(&log, slot);
	assert_memory_equal(slot[head_file_newest(slot)].head.root, want,
	    TREE_HASH);
	/* One less than was signed. */
	tree = log_tree_new(&place);
	assert_int_equal(log_tree_open(tree, &found, why), SEGMENTS_BROKEN);
	assert_non_null(strstr(why, "The log is shorter than it was"));
	log_tree_free(&tree);
	tree_hasher_free(&hasher);
	log_place_close(&log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stops_and_crashes),
		cmocka_unit_test(test_old_log),
		cmocka_unit_test(test_old_log_without_beginning),
		cmocka_unit_test(test_hashes_damaged),
		cmocka_unit_test(test_changed_lines),
		cmocka_unit_test(test_rolled_back),
		cmocka_unit_test(test_head_and_key),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
