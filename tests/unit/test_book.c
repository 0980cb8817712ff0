/* SPDX-License-Identifier: Apache-2.0 */
/* test_book.c - table and ring, both sides in one process. */
#include "logging/book.h"

#include "lib/macros.h"
#include "logging/book_layout.h"

#include <sys/eventfd.h>
#include <sys/mman.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct pair {
	int fd;
	int wake;
	struct book *keeper;
	struct book *writer;
};

static void
open_pair(struct pair *pair, uint64_t cells, uint64_t ring)
{
	pair->fd = memfd_create("book", MFD_CLOEXEC);
	pair->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_int_equal(book_create(pair->fd, 7, cells, ring), 0);
	pair->keeper = book_keep(pair->fd, pair->wake);
	assert_non_null(pair->keeper);
	pair->writer = book_read(pair->fd, 7);
	assert_non_null(pair->writer);
	book_resume(pair->writer, 0);
}

static void
close_pair(struct pair *pair)
{
	book_free(&pair->keeper);
	book_free(&pair->writer);
	close(pair->fd);
	close(pair->wake);
}

static bool
woken(struct pair *pair)
{
	uint64_t count;

	return read(pair->wake, &count, sizeof(count)) == sizeof(count);
}

/* A record of that many bytes with a pattern by seed. */
static struct record
sample(size_t length, unsigned seed)
{
	static unsigned char bytes[RECORD_MAX];
	struct record record = { bytes, length, sizeof(bytes), false };
	size_t i;

	for (i = 0; i < length; i++)
		bytes[i] = (unsigned char)(seed + i * 7);
	return record;
}

static void
check_sample(const unsigned char *bytes, size_t length, unsigned seed)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (bytes[i] != (unsigned char)(seed + i * 7))
			fail_msg("byte %zu of %zu differs", i, length);
}

static void
test_lengths(void **state)
{
	static const size_t lengths[] = { 0, 1, 183, 184, 185, 423, 424, 425,
		664, 665, 5000, 16000 };
	struct pair pair;
	struct book_entry entry;
	struct exchange_id id;
	struct record record;
	uint32_t slot;
	size_t i, j;

	(void)state;
	open_pair(&pair, 256, 0);
	for (i = 0; i < COUNT_OF(lengths); i++)
		for (j = 0; j < COUNT_OF(lengths); j++) {
			record = sample(lengths[i], 1);
			assert_int_equal(book_enter(pair.keeper, &record,
			    &slot, &id), 0);
			record = sample(lengths[j], 2);
			assert_int_equal(book_append(pair.keeper, slot,
			    &record), 0);
			record = sample(100, 3);
			assert_int_equal(book_close(pair.keeper, slot,
			    RECORD_KIND_REQUEST, &record), 0);
			assert_int_equal(book_cells_used(pair.keeper), 0);
			assert_true(book_next(pair.writer, &entry));
			assert_int_equal(entry.kind, RECORD_KIND_REQUEST);
			assert_int_equal(entry.id.incarnation, 7);
			assert_int_equal(entry.id.counter, id.counter);
			assert_int_equal(entry.length,
			    lengths[i] + lengths[j] + 100);
			check_sample(entry.bytes, lengths[i], 1);
			check_sample(entry.bytes + lengths[i], lengths[j], 2);
			check_sample(entry.bytes + lengths[i] + lengths[j],
			    100, 3);
			assert_false(book_next(pair.writer, &entry));
			book_release(pair.writer, book_position(pair.writer));
			assert_int_equal(book_lag(pair.keeper), 0);
		}
	close_pair(&pair);
}

static void
test_table_full(void **state)
{
	struct pair pair;
	struct exchange_id id;
	struct record record = sample(500, 0), big = sample(2000, 0);
	uint32_t slots[64], slot;
	size_t i, n = 0;

	(void)state;
	open_pair(&pair, 64, 0);
	while (book_enter(pair.keeper, &record, &slot, &id) == 0)
		slots[n++] = slot;
	assert_int_equal(n, 21);	/* three cells each */
	assert_int_equal(book_cells_used(pair.keeper), 63);
	assert_int_equal(book_append(pair.keeper, slots[0], &big), -1);
	for (i = 0; i < 4; i++)
		book_abandon(pair.keeper, slots[i]);
	assert_int_equal(book_append(pair.keeper, slots[5], &big), 0);
	assert_int_equal(book_cells(pair.keeper), 64);
	/* Never more than a record holds. */
	record = sample(RECORD_MAX, 0);
	assert_int_equal(book_append(pair.keeper, slots[5], &record), -1);
	close_pair(&pair);
}

static void
test_ring_full(void **state)
{
	struct pair pair;
	struct book_entry entry;
	struct record record = sample(777, 9);
	uint64_t position, n = 0, got = 0, lap;

	(void)state;
	open_pair(&pair, 64, 0);
	for (lap = 0; lap < 20; lap++) {
		while (book_push(pair.keeper, BOOK_NO_SLOT,
		    RECORD_KIND_REFUSED, &record, &position) == 0)
			n++;
		assert_true(book_lag(pair.keeper) > (1 << 18) - 2000);
		/* Take back a part only, so that the ends move about. */
		while (got < n - lap && book_next(pair.writer, &entry)) {
			got++;
			assert_int_equal(entry.id.counter, got);
			check_sample(entry.bytes, 777, 9);
			book_release(pair.writer, entry.end);
		}
	}
	while (book_next(pair.writer, &entry))
		got++;
	assert_int_equal(got, n);
	assert_int_equal(entry.end, position);
	assert_false(book_is_durable(pair.keeper, position));
	book_set_durable(pair.writer, entry.end);
	assert_true(book_is_durable(pair.keeper, position));
	close_pair(&pair);
}

static void
test_wake(void **state)
{
	struct pair pair;
	struct book_entry entry;
	struct record record = sample(10, 0), big = sample(30000, 0);
	int i;

	(void)state;
	open_pair(&pair, 64, 0);
	assert_int_equal(book_push(pair.keeper, BOOK_NO_SLOT,
	    RECORD_KIND_REFUSED, &record, NULL), 0);
	assert_false(woken(&pair));
	assert_false(book_sleep(pair.writer));
	assert_true(book_next(pair.writer, &entry));
	assert_true(book_sleep(pair.writer));
	assert_int_equal(book_push(pair.keeper, BOOK_NO_SLOT,
	    RECORD_KIND_REFUSED, &record, NULL), 0);
	assert_int_equal(book_push(pair.keeper, BOOK_NO_SLOT,
	    RECORD_KIND_REFUSED, &record, NULL), 0);
	assert_true(woken(&pair));
	while (book_next(pair.writer, &entry))
		;
	book_release(pair.writer, entry.end);
	/* Dozing: only a half full ring or a waiter wakes. */
	assert_true(book_doze(pair.writer));
	for (i = 0; i < 4; i++)
		assert_int_equal(book_push(pair.keeper, BOOK_NO_SLOT,
		    RECORD_KIND_REFUSED, &big, NULL), 0);
	assert_false(woken(&pair));
	assert_int_equal(book_push(pair.keeper, BOOK_NO_SLOT,
	    RECORD_KIND_REFUSED, &big, NULL), 0);
	assert_true(woken(&pair));
	assert_false(book_doze(pair.writer));
	while (book_next(pair.writer, &entry))
		;
	book_release(pair.writer, entry.end);
	assert_true(book_doze(pair.writer));
	book_want_durable(pair.keeper);
	assert_true(woken(&pair));
	assert_false(book_sleep(pair.writer));
	assert_true(book_wants_durable(pair.writer));
	assert_false(book_wants_durable(pair.writer));
	assert_true(book_sleep(pair.writer));
	book_want_room(pair.keeper);
	assert_true(woken(&pair));
	assert_true(book_wants_room(pair.writer));
	close_pair(&pair);
}

static void
test_leftover(void **state)
{
	struct pair pair;
	struct book_entry entry;
	struct exchange_id id;
	struct record record = sample(900, 4), none = sample(0, 0);
	uint64_t from_client, from_origin;
	uint32_t slots[5], cursor = 0;
	size_t i;

	(void)state;
	open_pair(&pair, 64, 0);
	for (i = 0; i < 5; i++)
		assert_int_equal(book_enter(pair.keeper, &record, &slots[i],
		    &id), 0);
	book_count(pair.keeper, slots[1], 11, 22);
	book_abandon(pair.keeper, slots[0]);
	assert_int_equal(book_close(pair.keeper, slots[3],
	    RECORD_KIND_REQUEST, &none), 0);
	/* As if killed between moving the tail and freeing the cells. */
	atomic_store(&pair.keeper->cell[slots[3]].state, BOOK_CELL_RUNNING);
	/* And between noting the end and moving the tail. */
	pair.keeper->cell[slots[4]].first.close_end = pair.keeper->tail + 960;
	book_free(&pair.keeper);
	assert_null(book_keep(pair.fd, -1));
	assert_int_equal(errno, EBUSY);

	assert_true(book_next(pair.writer, &entry));
	assert_int_equal(entry.id.counter, 4);
	assert_false(book_next(pair.writer, &entry));
	assert_true(book_leftover(pair.writer, &cursor, &entry, &from_client,
	    &from_origin));
	assert_int_equal(entry.id.counter, 2);
	assert_int_equal(entry.kind, RECORD_KIND_WORKER_DIED);
	assert_int_equal(from_client, 11);
	assert_int_equal(from_origin, 22);
	assert_int_equal(entry.length, 900);
	check_sample(entry.bytes, 900, 4);
	book_leftover_run(pair.writer, cursor, 50);
	/* The writer dies here, its line is in the log: not again. */
	book_free(&pair.writer);
	pair.writer = book_read(pair.fd, 7);
	book_resume(pair.writer, 51);
	while (book_next(pair.writer, &entry))
		;
	cursor = 0;
	assert_true(book_leftover(pair.writer, &cursor, &entry, &from_client,
	    &from_origin));
	assert_int_equal(entry.id.counter, 3);
	book_leftover_done(pair.writer, cursor);
	assert_true(book_leftover(pair.writer, &cursor, &entry, &from_client,
	    &from_origin));
	assert_int_equal(entry.id.counter, 5);
	book_leftover_done(pair.writer, cursor);
	assert_false(book_leftover(pair.writer, &cursor, &entry, &from_client,
	    &from_origin));
	close_pair(&pair);
}

/* A writer that dies at any place: the successor writes what is missing. */
static void
test_resume(void **state)
{
	struct record record = sample(50, 0);
	struct book_entry entry;
	struct pair pair;
	uint64_t written, start, expect;
	int released;

	(void)state;
	for (written = 0; written <= 4; written++)
		for (released = 0; released <= (written == 4); released++) {
			open_pair(&pair, 64, 0);
			for (expect = 0; expect < 4; expect++)
				assert_int_equal(book_push(pair.keeper,
				    BOOK_NO_SLOT, RECORD_KIND_REFUSED, &record,
				    NULL), 0);
			start = book_position(pair.writer);
			while (book_next(pair.writer, &entry))
				;
			book_run(pair.writer, start, entry.end, 100);
			if (released)
				book_release(pair.writer, entry.end);
			/* Others follow; they are not of the run. */
			assert_int_equal(book_push(pair.keeper, BOOK_NO_SLOT,
			    RECORD_KIND_REFUSED, &record, NULL), 0);
			book_free(&pair.writer);
			pair.writer = book_read(pair.fd, 7);
			assert_non_null(pair.writer);
			book_resume(pair.writer,
			    written == 4 ? 200 : 100 + written);
			for (expect = written + 1; expect <= 5; expect++) {
				assert_true(book_next(pair.writer, &entry));
				assert_int_equal(entry.id.counter, expect);
			}
			assert_false(book_next(pair.writer, &entry));
			close_pair(&pair);
		}
}

/* Two writers die one after the other: the lines that the second wrote for
 * others are not taken for those that the first meant to write. */
static void
test_resume_twice(void **state)
{
	struct record record = sample(50, 0);
	uint64_t from_client, from_origin, start;
	struct book_entry entry;
	struct exchange_id id;
	struct pair pair;
	uint32_t slot, cursor = 0;

	(void)state;
	open_pair(&pair, 64, 0);
	assert_int_equal(book_enter(pair.keeper, &record, &slot, &id), 0);
	assert_int_equal(book_push(pair.keeper, BOOK_NO_SLOT,
	    RECORD_KIND_REFUSED, &record, NULL), 0);
	start = book_position(pair.writer);
	assert_true(book_next(pair.writer, &entry));
	book_run(pair.writer, start, entry.end, 100);
	book_free(&pair.keeper);
	assert_true(book_leftover(pair.writer, &cursor, &entry, &from_client,
	    &from_origin));
	book_leftover_run(pair.writer, cursor, 101);
	/* The first dies before it wrote, the second after 50 other lines. */
	book_free(&pair.writer);
	pair.writer = book_read(pair.fd, 7);
	book_resume(pair.writer, 100);
	book_free(&pair.writer);
	pair.writer = book_read(pair.fd, 7);
	book_resume(pair.writer, 150);

	assert_true(book_next(pair.writer, &entry));
	assert_int_equal(entry.id.counter, 2);
	cursor = 0;
	assert_true(book_leftover(pair.writer, &cursor, &entry, &from_client,
	    &from_origin));
	assert_int_equal(entry.id.counter, 1);
	close_pair(&pair);
}

static void
test_rewind(void **state)
{
	struct record record = sample(50, 0);
	struct book_entry entry;
	struct pair pair;
	int i;

	(void)state;
	open_pair(&pair, 64, 0);
	for (i = 0; i < 3; i++)
		assert_int_equal(book_push(pair.keeper, BOOK_NO_SLOT,
		    RECORD_KIND_REFUSED, &record, NULL), 0);
	assert_true(book_next(pair.writer, &entry));
	book_release(pair.writer, entry.end);
	assert_true(book_next(pair.writer, &entry));
	book_rewind(pair.writer);
	assert_true(book_next(pair.writer, &entry));
	assert_int_equal(entry.id.counter, 2);
	close_pair(&pair);
}

static void
test_spoilt(void **state)
{
	struct record record = sample(50, 0);
	struct book_entry entry;
	struct pair pair;
	uint32_t bad = 70000;
	uint64_t end;

	(void)state;
	open_pair(&pair, 64, 0);
	assert_int_equal(book_push(pair.keeper, BOOK_NO_SLOT,
	    RECORD_KIND_REFUSED, &record, NULL), 0);
	memcpy(pair.keeper->bytes, &bad, sizeof(bad));
	assert_false(book_next(pair.writer, &entry));
	assert_true(book_spoilt(pair.writer, &end));
	assert_false(book_spoilt(pair.writer, &end));
	book_release(pair.writer, end);
	assert_int_equal(book_push(pair.keeper, BOOK_NO_SLOT,
	    RECORD_KIND_REFUSED, &record, NULL), 0);
	assert_true(book_next(pair.writer, &entry));
	assert_int_equal(entry.id.counter, 2);
	/* A tail that leads out of the ring. */
	atomic_store(&pair.keeper->header->tail, UINT64_MAX - 15);
	assert_false(book_next(pair.writer, &entry));
	assert_true(book_spoilt(pair.writer, &end));
	close_pair(&pair);
}

static void
test_layout(void **state)
{
	int fd = memfd_create("book", MFD_CLOEXEC);

	(void)state;
	assert_null(book_keep(fd, -1));
	assert_int_equal(ftruncate(fd, (off_t)book_size(64, 0)), 0);
	assert_null(book_keep(fd, -1));
	assert_int_equal(errno, EPROTO);
	assert_int_equal(book_create(fd, 3, 64, 0), 0);
	assert_null(book_read(fd, 4));
	assert_int_equal(errno, EPROTO);
	assert_int_equal(ftruncate(fd, 8192), 0);
	assert_null(book_read(fd, 3));
	assert_int_equal(book_create(fd, 3, 0, 0), -1);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_table_full),
		cmocka_unit_test(test_ring_full),
		cmocka_unit_test(test_wake),
		cmocka_unit_test(test_leftover),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_resume_twice),
		cmocka_unit_test(test_rewind),
		cmocka_unit_test(test_spoilt),
		cmocka_unit_test(test_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
