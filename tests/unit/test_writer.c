/* SPDX-License-Identifier: Apache-2.0 */
/* test_writer.c - journal and writer together, in one process: starts and stops,
 * files that change, the dead, events, waiters, gaps. */
#include "logging/writer.h"

#include "lib/clock.h"
#include "lib/macros.h"
#include "lib/messages.h"
#include "logging/book.h"
#include "logging/book_layout.h"
#include "tests/unit/log_helper.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <signal.h>

struct run {
	struct journal *journal;
	struct writer *writer;
	int channel[2];
};

static struct log_count *count;	/* 32 KiB: not on the stack */

static int
set_up(void **state)
{
	(void)state;
	count = calloc(1, sizeof(*count));
	return count == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	free(count);
	return 0;
}

static void
run_begin(struct run *run, struct log_place *log)
{
	run->journal = journal_new(&log->place);
	assert_non_null(run->journal);
	run->writer = writer_new(run->journal, log->stats);
	assert_non_null(run->writer);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, run->channel), 0);
	writer_set_channel(run->writer, WRITER_PARENT, run->channel[0]);
	writer_set_channel(run->writer, WRITER_READER, run->channel[0]);
}

/* As after kill -9, but for what the kernel would free. */
static void
run_kill(struct run *run)
{
	writer_free(&run->writer);
	journal_free(&run->journal);
	close(run->channel[0]);
	close(run->channel[1]);
}

static void
run_stop(struct run *run)
{
	(void)writer_turn(run->writer);
	assert_int_equal(writer_drain(run->writer, 10000), 0);
	assert_int_equal(journal_stop(run->journal), SEGMENTS_OK);
	run_kill(run);
}

static struct book *
make_book(struct run *run, uint64_t incarnation, int *fd)
{
	struct book *keeper;

	*fd = memfd_create("book", MFD_CLOEXEC);
	assert_int_equal(book_create(*fd, incarnation, 4096, 0), 0);
	keeper = book_keep(*fd, -1);
	assert_non_null(keeper);
	writer_add_book(run->writer, *fd, incarnation, NULL);
	return keeper;
}

static void
push(struct book *keeper, const char *path)
{
	unsigned char bytes[8192];
	struct record record;

	record_init(&record, bytes, sizeof(bytes));
	record_text(&record, RECORD_METHOD_F, "GET");
	record_text(&record, RECORD_URL_DOMAIN_F, "a.example");
	record_text(&record, RECORD_URL_PATH_F, path);
	assert_int_equal(book_push(keeper, BOOK_NO_SLOT, RECORD_KIND_REFUSED,
	    &record, NULL), 0);
}

static uint32_t
enter(struct book *keeper, const char *path)
{
	unsigned char bytes[8192];
	struct exchange_id id;
	struct record record;
	uint32_t slot;

	record_init(&record, bytes, sizeof(bytes));
	record_text(&record, RECORD_METHOD_F, "GET");
	record_text(&record, RECORD_URL_DOMAIN_F, "a.example");
	record_text(&record, RECORD_URL_PATH_F, path);
	assert_int_equal(book_enter(keeper, &record, &slot, &id), 0);
	return slot;
}

static bool
answered(struct run *run, enum message_type type, uint64_t number)
{
	static struct message message;

	if (message_receive(run->channel[1], &message) != 1)
		return false;
	assert_int_equal(message.type, type);
	assert_int_equal(message_get_u64(&message), number);
	return true;
}

static void
test_start_stop(void **state)
{
	struct log_place log;
	struct run run;
	int i;

	(void)state;
	log_place_open(&log, "/tmp");
	for (i = 0; i < 3; i++) {
		run_begin(&run, &log);
		(void)writer_turn(run.writer);
		assert_int_equal(atomic_load(&log.state->condition),
		    LOGSTATE_GOOD);
		run_stop(&run);
	}
	assert_int_equal(log_count(&log, "\"event.action\":\"start\"", count),
	    3);
	assert_int_equal(log_count(&log, "\"event.action\":\"stop\"", count),
	    3);
	assert_int_equal(log_count(&log, "\"segment-open\"", count), 3);
	assert_int_equal(log_count(&log, "\"segment-close\"", count), 2);
	assert_int_equal(log_count(&log, "\"recovered\"", count), 0);
	assert_int_equal(log_count(&log, "\"event.action\":\"gap\"", count),
	    0);
	/* A start after a crash says so, and whether power was lost. */
	run_begin(&run, &log);
	(void)writer_turn(run.writer);
	run_kill(&run);
	run_begin(&run, &log);
	(void)writer_turn(run.writer);
	assert_int_equal(log_count(&log, "\"recovered\"", count), 1);
	assert_non_null(strstr(count->last,
	    "\"gatebook.gap.cause\":\"crash\""));
	assert_non_null(strstr(count->last, "\"gatebook.gap.window_us\":0"));
	run_kill(&run);
	log.place.boot_id = "boot-2";
	run_begin(&run, &log);
	(void)writer_turn(run.writer);
	assert_int_equal(log_count(&log, "\"recovered\"", count), 2);
	assert_non_null(strstr(count->last,
	    "\"gatebook.gap.cause\":\"power\""));
	assert_non_null(strstr(count->last,
	    "\"gatebook.gap.window_us\":50000"));
	run_stop(&run);
	log_place_close(&log);
}

/* Files change under a flow of records: nothing lost, no line split, and each
 * file has the hash that the log says. */
static void
test_rotation(void **state)
{
	struct log_place log;
	struct run run;
	struct book *keeper;
	char path[600], hash[80];
	uint64_t *numbers;
	size_t files, i;
	int fd;

	(void)state;
	log_place_open(&log, "/tmp");
	run_begin(&run, &log);
	keeper = make_book(&run, 9, &fd);
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	for (i = 0; i < 2000; i++) {
		push(keeper, path);
		if (i % 50 == 0)
			(void)writer_turn(run.writer);
	}
	run_stop(&run);
	assert_int_equal(log_count(&log, "\"event.action\":\"refused\"",
	    count), 2000);
	assert_int_equal(segments_list(log.folder, &numbers, &files), 0);
	free(numbers);
	assert_true(files > 8);
	assert_int_equal(log_count(&log, "\"segment-close\"", count),
	    files - 1);
	/* The second file's hash, by other means. */
	(void)snprintf(path, sizeof(path),
	    "sha256sum %s/00000002.jsonl", log.path);
	{
		FILE *sum = popen(path, "r");

		assert_non_null(sum);
		assert_int_equal(fread(hash, 1, 64, sum), 64);
		hash[64] = '\0';
		pclose(sum);
	}
	assert_int_equal(log_count(&log, hash, count), 1);
	assert_non_null(strstr(count->last, "\"gatebook.segment.id\":2,"));
	book_free(&keeper);
	close(fd);
	log_place_close(&log);
}

static void
test_dead(void **state)
{
	struct log_place log;
	struct run run;
	struct book *keeper;
	uint32_t slot[4];
	int fd, i;

	(void)state;
	log_place_open(&log, "/tmp");
	run_begin(&run, &log);
	keeper = make_book(&run, 5, &fd);
	for (i = 0; i < 4; i++)
		slot[i] = enter(keeper, i == 2 ? "/third" : "/other");
	book_count(keeper, slot[2], 1834, 48211);
	push(keeper, "/pushed");
	(void)writer_turn(run.writer);
	book_abandon(keeper, slot[0]);
	writer_book_dead(run.writer, 5, "killed by signal 9");
	for (i = 0; i < 3; i++)
		(void)writer_turn(run.writer);
	assert_true(answered(&run, MESSAGE_BOOK_DONE, 5));
	assert_false(answered(&run, MESSAGE_BOOK_DONE, 5));
	assert_int_equal(log_count(&log, "\"event.action\":\"worker-died\"",
	    count), 3);
	assert_int_equal(log_count(&log, "\"url.path\":\"/third\"", count), 1);
	assert_non_null(strstr(count->last, "\"source.bytes\":1834"));
	assert_non_null(strstr(count->last, "\"destination.bytes\":48211"));
	assert_non_null(strstr(count->last, "killed by signal 9"));
	assert_non_null(strstr(count->last,
	    "\"transaction.id\":\"0000000000002G000000000003\""));
	assert_non_null(strstr(count->last,
	    "\"gatebook.outcome\":\"worker-died\""));
	run_stop(&run);
	book_free(&keeper);
	close(fd);
	log_place_close(&log);
}

/* A writer that dies after each of its steps, with books of the dead and of the
 * living: each record once. */
static void
test_restart(void **state)
{
	struct log_place log;
	struct run run;
	struct book *keeper, *dead;
	int fd, dead_fd, round;

	(void)state;
	log_place_open(&log, "/tmp");
	run_begin(&run, &log);
	keeper = make_book(&run, 5, &fd);
	dead = make_book(&run, 6, &dead_fd);
	(void)enter(dead, "/left");
	for (round = 0; round < 20; round++) {
		push(keeper, "/each");
		push(dead, "/each");
		if (round % 2 == 1)
			(void)writer_turn(run.writer);
		if (round == 10) {
			writer_book_dead(run.writer, 6, "killed");
			(void)writer_turn(run.writer);
			(void)writer_turn(run.writer);
		}
		run_kill(&run);
		run_begin(&run, &log);
		writer_add_book(run.writer, fd, 5, NULL);
		writer_add_book(run.writer, dead_fd, 6,
		    round >= 10 ? "killed" : NULL);
		if (round % 3 == 1)
			(void)writer_turn(run.writer);
	}
	run_stop(&run);
	assert_int_equal(log_count(&log, "\"url.path\":\"/each\"", count),
	    40);
	assert_int_equal(log_count(&log, "\"url.path\":\"/left\"", count), 1);
	book_free(&keeper);
	book_free(&dead);
	close(fd);
	close(dead_fd);
	log_place_close(&log);
}

/* The line is in the file and its record still in the ring: a writer killed
 * between writing and releasing. */
static void
test_written_not_released(void **state)
{
	struct log_place log;
	struct run run;
	struct book *keeper;
	struct book_header *header;
	int fd, i;

	(void)state;
	log_place_open(&log, "/tmp");
	run_begin(&run, &log);
	keeper = make_book(&run, 5, &fd);
	for (i = 0; i < 10; i++)
		push(keeper, "/each");
	(void)writer_turn(run.writer);
	header = keeper->header;
	assert_int_equal(atomic_load(&header->head),
	    atomic_load(&header->tail));
	atomic_store(&header->head, 0);
	run_kill(&run);
	for (i = 0; i < 10; i++)
		push(keeper, "/each");
	run_begin(&run, &log);
	writer_add_book(run.writer, fd, 5, NULL);
	run_stop(&run);
	assert_int_equal(log_count(&log, "\"url.path\":\"/each\"", count),
	    20);
	book_free(&keeper);
	close(fd);
	log_place_close(&log);
}

static void
test_events(void **state)
{
	unsigned char bytes[256];
	struct log_place log;
	struct record record;
	struct run run;

	(void)state;
	log_place_open(&log, "/tmp");
	run_begin(&run, &log);
	record_init(&record, bytes, sizeof(bytes));
	record_text(&record, RECORD_REASON_F, "worker 2 was killed");
	assert_true(writer_add_event(run.writer, WRITER_PARENT, 77,
	    RECORD_KIND_PROCESS_DIED, bytes, record.length));
	record_init(&record, bytes, sizeof(bytes));
	record_text(&record, RECORD_USER_NAME_F, "d.lee");
	record_text(&record, RECORD_CONSOLE_QUERY_F, "host=a.example");
	assert_true(writer_add_event(run.writer, WRITER_READER, 78,
	    RECORD_KIND_SEARCH, bytes, record.length));
	/* Nobody says what is not his to say. */
	assert_false(writer_add_event(run.writer, WRITER_READER, 1,
	    RECORD_KIND_PROCESS_DIED, bytes, record.length));
	assert_false(writer_add_event(run.writer, WRITER_PARENT, 1,
	    RECORD_KIND_STOP, bytes, record.length));
	assert_false(writer_add_event(run.writer, WRITER_PARENT, 1, 9999,
	    bytes, record.length));
	assert_false(answered(&run, MESSAGE_EVENT_DONE, 77));
	(void)writer_turn(run.writer);
	assert_true(answered(&run, MESSAGE_EVENT_DONE, 77));
	assert_true(answered(&run, MESSAGE_EVENT_DONE, 78));
	assert_int_equal(atomic_load(&log.state->synced),
	    atomic_load(&log.state->sequence));
	assert_int_equal(log_count(&log, "\"message\":\"worker 2 was killed\"",
	    count), 1);
	assert_int_equal(log_count(&log, "\"message\":\"d.lee searched the "
	    "log for host=a.example\"", count), 1);
	run_stop(&run);
	log_place_close(&log);
}

static void
test_durable(void **state)
{
	struct record none = { 0 };
	struct log_place log;
	struct run run;
	struct book *keeper;
	uint64_t position, woken;
	int fd, wake;

	(void)state;
	log_place_open(&log, "/tmp");
	log.settings->log_sync_interval = 3600000000;
	run_begin(&run, &log);
	keeper = make_book(&run, 5, &fd);
	wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	writer_add_wake(run.writer, 5, dup(wake));
	(void)writer_turn(run.writer);
	(void)!read(wake, &woken, sizeof(woken));
	assert_int_equal(book_push(keeper, BOOK_NO_SLOT, RECORD_KIND_REFUSED,
	    &none, &position), 0);
	(void)writer_turn(run.writer);
	assert_false(book_is_durable(keeper, position));
	assert_int_equal(read(wake, &woken, sizeof(woken)), -1);
	book_want_durable(keeper);
	(void)writer_turn(run.writer);
	assert_true(book_is_durable(keeper, position));
	assert_int_equal(read(wake, &woken, sizeof(woken)), sizeof(woken));
	/* Asked of a writer that died: its successor answers. */
	assert_int_equal(book_push(keeper, BOOK_NO_SLOT, RECORD_KIND_REFUSED,
	    &none, &position), 0);
	(void)writer_turn(run.writer);
	assert_false(book_is_durable(keeper, position));
	run_kill(&run);
	run_begin(&run, &log);
	writer_add_book(run.writer, fd, 5, NULL);
	writer_add_wake(run.writer, 5, dup(wake));
	(void)writer_turn(run.writer);
	assert_true(book_is_durable(keeper, position));
	assert_int_equal(read(wake, &woken, sizeof(woken)), sizeof(woken));
	book_want_room(keeper);
	(void)writer_turn(run.writer);
	assert_int_equal(read(wake, &woken, sizeof(woken)), sizeof(woken));
	run_stop(&run);
	book_free(&keeper);
	close(fd);
	close(wake);
	log_place_close(&log);
}

/* What a keeper gone wrong says is told and costs only itself. */
static void
test_hostile(void **state)
{
	struct record none = { 0 };
	struct log_place log;
	struct run run;
	struct book *bad, *good;
	int fd, bad_fd, i;

	(void)state;
	log_place_open(&log, "/tmp");
	run_begin(&run, &log);
	bad = make_book(&run, 5, &bad_fd);
	good = make_book(&run, 6, &fd);
	assert_int_equal(book_push(bad, BOOK_NO_SLOT, RECORD_KIND_STOP,
	    &none, NULL), 0);
	push(good, "/good");
	(void)writer_turn(run.writer);
	memset(bad->bytes + (bad->tail & (bad->ring - 1)), 0xee, 64);
	atomic_store(&bad->header->tail, bad->tail + 64);
	push(good, "/good");
	(void)writer_turn(run.writer);
	atomic_store(&bad->header->tail, UINT64_MAX);
	push(good, "/good");
	for (i = 0; i < 5; i++)
		(void)writer_turn(run.writer);
	push(good, "/good");
	(void)writer_turn(run.writer);
	assert_int_equal(log_count(&log, "\"url.path\":\"/good\"", count), 4);
	assert_int_equal(log_count(&log, "\"event.action\":\"stop\"", count),
	    0);
	assert_int_equal(log_count(&log, "may not send", count), 1);
	assert_int_equal(log_count(&log, "were damaged", count), 3);
	assert_int_equal(log_count(&log, "no more are taken", count), 1);
	run_stop(&run);
	book_free(&bad);
	book_free(&good);
	close(fd);
	close(bad_fd);
	log_place_close(&log);
}

static void
test_clock(void **state)
{
	struct log_place log;
	struct run run;
	const char *step;

	(void)state;
	log_place_open(&log, "/tmp");
	run_begin(&run, &log);
	(void)writer_turn(run.writer);
	clock_set_offset(-3600000000, 0);
	(void)writer_turn(run.writer);
	clock_set_offset(0, 0);
	(void)writer_turn(run.writer);
	(void)writer_turn(run.writer);
	run_stop(&run);
	assert_int_equal(log_count(&log, "\"event.action\":\"clock-change\"",
	    count), 2);
	/* An hour, less or more what the turns took. */
	step = strstr(count->last, "\"gatebook.clock.step_us\":");
	assert_non_null(step);
	assert_in_range(strtoull(step + 25, NULL, 10), 3590000000, 3610000000);
	assert_int_equal(log_count(&log, "back by 3", count), 1);
	log_place_close(&log);
}

/* Old files go, and the log says so first. */
static void
test_deletion(void **state)
{
	struct log_place log;
	struct run run;
	struct book *keeper;
	uint64_t *numbers;
	size_t files, i;
	char path[900];
	int fd;

	(void)state;
	log_place_open(&log, "/tmp");
	log.settings->log_keep_min = 0;
	log.settings->log_keep_max = 0;
	log.settings->log_keep_size = 512 * 1024;
	run_begin(&run, &log);
	keeper = make_book(&run, 9, &fd);
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	for (i = 0; i < 1600; i++) {
		push(keeper, path);
		if (i % 50 == 0)
			(void)writer_turn(run.writer);
	}
	/* Each goes when its record is durable. */
	for (i = 0; i < 40; i++) {
		clock_set_offset((int64_t)(i + 1) * 100000,
		    (int64_t)(i + 1) * 100000);
		(void)writer_turn(run.writer);
	}
	clock_set_offset(0, 0);
	assert_int_equal(segments_list(log.folder, &numbers, &files), 0);
	assert_true(numbers[0] > 2);
	assert_true(files <= 5);
	free(numbers);
	run_kill(&run);
	book_free(&keeper);
	close(fd);
	log_place_close(&log);
}

/* A disk that failed gives back less than it took: the next start says how many
 * lines, once. */
static void
test_disk_lost(void **state)
{
	struct log_place log;
	struct run run;
	struct book *keeper;
	char *bytes, *end;
	size_t size = 0, i;
	int fd;

	(void)state;
	log_place_open(&log, "/tmp");
	run_begin(&run, &log);
	keeper = make_book(&run, 5, &fd);
	for (i = 0; i < 20; i++)
		push(keeper, "/taken");
	for (i = 0; i < 5; i++)
		(void)writer_turn(run.writer);
	assert_int_equal(log_count(&log, "\"url.path\":\"/taken\"", count),
	    20);
	run_kill(&run);
	bytes = log_read_file(&log, "00000001.jsonl", &size);
	end = memrchr(bytes, '\n', size);
	assert_non_null(end);
	for (i = 0; i < 3; i++)		/* the last three lines */
		end = memrchr(bytes, '\n', (size_t)(end - bytes));
	memset(end + 1, 0, size - (size_t)(end + 1 - bytes));
	log_write_file(&log, "00000001.jsonl", bytes, size, 0);
	free(bytes);
	run_begin(&run, &log);
	writer_add_book(run.writer, fd, 5, NULL);
	(void)writer_turn(run.writer);
	assert_int_equal(log_count(&log, "\"recovered\"", count), 1);
	assert_non_null(strstr(count->last,
	    "\"gatebook.gap.cause\":\"write-error\""));
	assert_non_null(strstr(count->last,
	    "\"gatebook.gap.events_lost\":3,"
	    "\"gatebook.gap.events_lost_known\":true"));
	assert_int_equal(log_count(&log, "\"url.path\":\"/taken\"", count),
	    17);
	run_kill(&run);
	run_begin(&run, &log);
	writer_add_book(run.writer, fd, 5, NULL);
	(void)writer_turn(run.writer);
	assert_int_equal(log_count(&log, "\"recovered\"", count), 2);
	assert_null(strstr(count->last, "events_lost"));
	run_stop(&run);
	book_free(&keeper);
	close(fd);
	log_place_close(&log);
}

/* A write that fails is the end until a person restarts it. */
static void
test_broken(void **state)
{
	struct rlimit old, low = { 300 * 1024, 300 * 1024 };
	struct log_place log;
	struct run run;
	struct book *keeper;
	int fd, i;

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	log_place_open(&log, "/tmp");
	log.settings->log_segment_size = 512 * 1024;
	run_begin(&run, &log);
	keeper = make_book(&run, 5, &fd);
	(void)writer_turn(run.writer);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	low.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	for (i = 0; i < 600; i++)
		push(keeper, "/each");
	for (i = 0; i < 5; i++)
		(void)writer_turn(run.writer);
	assert_int_equal(atomic_load(&log.state->condition), LOGSTATE_BROKEN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	/* Not even now. */
	(void)writer_turn(run.writer);
	assert_int_equal(atomic_load(&log.state->condition), LOGSTATE_BROKEN);
	assert_int_equal(writer_drain(run.writer, 10000), -1);
	atomic_fetch_add(&log.state->uncounted, 7);
	run_kill(&run);
	run_begin(&run, &log);
	writer_add_book(run.writer, fd, 5, NULL);
	run_stop(&run);
	assert_int_equal(log_count(&log, "\"url.path\":\"/each\"", count),
	    600);
	assert_int_equal(log_count(&log, "\"event.action\":\"gap\"", count),
	    1);
	assert_non_null(strstr(count->last,
	    "\"gatebook.gap.cause\":\"write-error\""));
	assert_non_null(strstr(count->last,
	    "\"gatebook.gap.events_lost\":7,"));
	book_free(&keeper);
	close(fd);
	log_place_close(&log);
}

static void
test_references(void **state)
{
	struct reference_lease lease = { 0 };
	char drawn[3][REFERENCE_TEXT];
	struct log_place log;
	struct run run;
	uint64_t first = 0;
	int i;

	(void)state;
	log_place_open(&log, "/tmp");
	for (i = 0; i < 3; i++) {
		run_begin(&run, &log);
		(void)writer_turn(run.writer);
		/* Anywhere in the lower half, other than other logs'. */
		if (i == 0)
			first = atomic_load(&log.state->reference_limit) -
			    1000000;
		assert_true(first > 0 && first < REFERENCE_SPAN / 2);
		lease.next = lease.end = 0;
		assert_int_equal(reference_draw(log.state, &lease, drawn[i]),
		    0);
		assert_int_equal(atomic_load(&log.state->reference_limit),
		    first + (uint64_t)(i + 1) * 1000000);
		/* Nearly all drawn: the limit moves. */
		if (i == 2) {
			atomic_store(&log.state->reference_next,
			    first + 2900000);
			clock_set_offset(1100000, 1100000);
			(void)writer_turn(run.writer);
			clock_set_offset(0, 0);
			assert_int_equal(atomic_load(
			    &log.state->reference_limit), first + 4000000);
		}
		run_stop(&run);
	}
	assert_string_not_equal(drawn[0], drawn[1]);
	assert_string_not_equal(drawn[1], drawn[2]);
	/* The file gone: far above, in the upper half. */
	assert_int_equal(unlinkat(log.folder, "reference", 0), 0);
	run_begin(&run, &log);
	(void)writer_turn(run.writer);
	assert_true(atomic_load(&log.state->reference_next) >=
	    REFERENCE_SPAN / 2 + 16000000);
	run_stop(&run);
	log_place_close(&log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_stop),
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_dead),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_written_not_released),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_durable),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_deletion),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_disk_lost),
		cmocka_unit_test(test_references),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
