/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_log_full.c - the disk of the log is full: nothing is lost, what people
 * ask is still recorded, and when there is room again the log says what happened
 * meanwhile.  Needs root for a small file system of its own.
 */
#include "logging/writer.h"

#include "logging/book.h"
#include "tests/unit/log_helper.h"

#include <sys/mount.h>

#include <sched.h>

static char disk[] = "/tmp/gatebook-disk-XXXXXX";
static bool mounted;
static struct log_count *count;

static int
set_up(void **state)
{
	(void)state;
	count = calloc(1, sizeof(*count));
	if (count == NULL || mkdtemp(disk) == NULL)
		return -1;
	/* In a namespace of our own: gone with us, whatever happens. */
	mounted = unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("tmpfs", disk, "tmpfs", 0, "size=8m") == 0;
	if (!mounted)
		print_message("no file system of our own (%s): run as root\n",
		    strerror(errno));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	free(count);
	if (mounted)
		(void)umount(disk);
	return rmdir(disk);
}

static void
fill(const char *name, size_t leave)
{
	char path[128], block[4096] = "x";
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", disk, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	while (write(fd, block, sizeof(block)) == sizeof(block))
		;
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(ftruncate(fd, lseek(fd, 0, SEEK_END) -
	    (off_t)leave), 0);
	close(fd);
}

static void
make_room(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", disk, name);
	assert_int_equal(unlink(path), 0);
}

static int
push(struct book *book)
{
	unsigned char bytes[1024];
	struct record record;

	record_init(&record, bytes, sizeof(bytes));
	record_text(&record, RECORD_METHOD_F, "GET");
	record_text(&record, RECORD_URL_DOMAIN_F, "a.example");
	record_text(&record, RECORD_URL_PATH_F, "/each");
	return book_push(book, BOOK_NO_SLOT, RECORD_KIND_REFUSED, &record,
	    NULL);
}

static void
test_full(void **state)
{
	unsigned char bytes[256];
	struct log_place log;
	struct journal *journal;
	struct writer *writer;
	struct record record;
	struct book *book;
	uint64_t pushed = 0, at_full;
	int fd, i;

	(void)state;
	if (!mounted)
		skip();
	log_place_open(&log, disk);
	journal = journal_new(&log.place);
	writer = writer_new(journal, log.stats);
	assert_non_null(writer);
	fd = memfd_create("book", MFD_CLOEXEC);
	assert_int_equal(book_create(fd, 1, 256, 0), 0);
	book = book_keep(fd, -1);
	writer_add_book(writer, fd, 1, NULL);
	(void)writer_turn(writer);
	fill("filler", 300 * 1024);

	/* One file more is prepared, then no more. */
	for (i = 0; i < 3000 && atomic_load(&log.state->condition) !=
	    LOGSTATE_FULL; i++) {
		if (push(book) == 0)
			pushed++;
		(void)writer_turn(writer);
	}
	assert_int_equal(atomic_load(&log.state->condition), LOGSTATE_FULL);
	assert_int_equal(atomic_load(&log.stats->log_failed), 1);
	/* The ring keeps what comes now. */
	while (push(book) == 0)
		pushed++;
	for (i = 0; i < 3; i++)
		(void)writer_turn(writer);
	assert_int_equal(push(book), -1);
	atomic_fetch_add(&log.state->refused, 5);
	atomic_fetch_add(&log.state->uncounted, 3);
	/* A search finds room all the same. */
	record_init(&record, bytes, sizeof(bytes));
	record_text(&record, RECORD_CONSOLE_QUERY_F, "what happens?");
	at_full = atomic_load(&log.state->sequence);
	assert_true(writer_add_event(writer, WRITER_READER, 1,
	    RECORD_KIND_SEARCH, bytes, record.length));
	(void)writer_turn(writer);
	assert_int_equal(atomic_load(&log.state->sequence), at_full + 1);
	assert_int_equal(atomic_load(&log.state->condition), LOGSTATE_FULL);

	make_room("filler");
	for (i = 0; i < 30; i++)
		(void)writer_turn(writer);
	assert_int_equal(atomic_load(&log.state->condition), LOGSTATE_GOOD);
	assert_int_equal(atomic_load(&log.stats->log_failed), 0);
	assert_int_equal(book_lag(book), 0);
	assert_int_equal(writer_drain(writer, 10000), 0);
	assert_int_equal(journal_stop(journal), SEGMENTS_OK);
	assert_int_equal(log_count(&log, "\"url.path\":\"/each\"", count),
	    pushed);
	assert_int_equal(log_count(&log, "\"event.action\":\"search\"",
	    count), 1);
	assert_int_equal(log_count(&log, "\"event.action\":\"gap\"", count),
	    1);
	assert_non_null(strstr(count->last,
	    "\"gatebook.gap.cause\":\"disk-full\",\"gatebook.gap.events_lost\""
	    ":3,\"gatebook.gap.events_lost_known\":true,"
	    "\"gatebook.gap.refused\":5,"));
	assert_int_equal(atomic_load(&log.state->refused), 0);
	writer_free(&writer);
	journal_free(&journal);
	book_free(&book);
	close(fd);
	log_place_close(&log);
}

/* Full from the beginning, a torn line to be set aside, stopped while full. */
static void
test_full_at_start(void **state)
{
	struct log_place log;
	struct journal *journal;
	struct writer *writer;
	int i;

	(void)state;
	if (!mounted)
		skip();
	log_place_open(&log, disk);
	log_write_file(&log, "00000001.jsonl", "{\"@timestamp\":\"", 15, 0);
	fill("filler", 0);
	journal = journal_new(&log.place);
	writer = writer_new(journal, log.stats);
	assert_non_null(writer);
	for (i = 0; i < 3; i++) {
		(void)writer_turn(writer);
		assert_int_equal(atomic_load(&log.state->condition),
		    LOGSTATE_FULL);
	}
	assert_int_equal(writer_drain(writer, 10000), -1);
	make_room("filler");
	(void)writer_turn(writer);
	assert_int_equal(atomic_load(&log.state->condition), LOGSTATE_GOOD);
	fill("filler", 0);
	assert_int_equal(writer_drain(writer, 10000), 0);
	assert_int_equal(journal_stop(journal), SEGMENTS_OK);
	make_room("filler");
	assert_int_equal(log_count(&log, "\"event.action\":\"stop\"", count),
	    1);
	writer_free(&writer);
	journal_free(&journal);
	log_place_close(&log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_full_at_start),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
