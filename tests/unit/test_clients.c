/* SPDX-License-Identifier: Apache-2.0 */
/* test_clients.c - connections by address, refusals by the second, summaries; the
 * clock is moved by hand. */
#include "proxy/clients.h"

#include "lib/clock.h"

#include <sys/mman.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)

static struct worker worker;
static struct settings settings;
static struct stats stats;
static struct clients *clients;
static struct book *reader;
static int64_t offset;
static int book_fd;

static void
pass(int64_t us)
{
	offset += us;
	clock_set_offset(0, offset);
}

/* Just after a second of the clock began. */
static void
begin_second(void)
{
	pass(SECOND - (int64_t)(clock_mono_us() % SECOND));
}

static struct address
address(unsigned number)
{
	struct address a = { .family = 6, .bytes = { 0x20, 1, [10] = 0 } };

	a.bytes[12] = (uint8_t)(number >> 24);
	a.bytes[13] = (uint8_t)(number >> 16);
	a.bytes[14] = (uint8_t)(number >> 8);
	a.bytes[15] = (uint8_t)number;
	return a;
}

static int
setup(void **state)
{
	(void)state;
	memset(&worker, 0, sizeof(worker));
	settings.client_max_address = 3;
	worker.settings = &settings;
	worker.stats = &stats;
	worker.base = event_base_new();
	worker.wheel = deadlines_new(worker.base);
	worker.record_bytes = malloc(RECORD_MAX);
	book_fd = memfd_create("book", MFD_CLOEXEC);
	if (book_create(book_fd, 7, 64, 1) != 0)
		return -1;
	worker.book = book_keep(book_fd, -1);
	reader = book_read(book_fd, 7);
	if (worker.book == NULL || reader == NULL)
		return -1;
	book_resume(reader, 0);
	clients = clients_new(&worker);
	begin_second();
	return clients == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	clients_free(&clients);
	deadlines_free(&worker.wheel);
	event_base_free(worker.base);
	book_free(&worker.book);
	book_free(&reader);
	free(worker.record_bytes);
	close(book_fd);
	return 0;
}

static void
test_so_many_an_address(void **state)
{
	struct address a = address(1), b = address(2);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		a.port = (uint16_t)(1000 + i);
		assert_true(clients_enter(clients, &a));
	}
	assert_false(clients_enter(clients, &a));
	assert_true(clients_enter(clients, &b));
	clients_leave(clients, &a);
	assert_true(clients_enter(clients, &a));
	assert_false(clients_enter(clients, &a));
	settings.client_max_address = 0;	/* no limit */
	for (unsigned i = 0; i < 100; i++)
		assert_true(clients_enter(clients, &a));
}

static void
test_leaving_twice_does_no_harm(void **state)
{
	struct address a = address(1);

	(void)state;
	clients_leave(clients, &a);
	assert_true(clients_enter(clients, &a));
	clients_leave(clients, &a);
	clients_leave(clients, &a);
	for (unsigned i = 0; i < 3; i++)
		assert_true(clients_enter(clients, &a));
	assert_false(clients_enter(clients, &a));
}

static unsigned
recorded_of(unsigned number, unsigned refusals)
{
	struct address a = address(number);
	unsigned n = 0;

	for (unsigned i = 0; i < refusals; i++)
		n += clients_record_singly(clients, &a, OUTCOME_BAD_REQUEST);
	return n;
}

static void
test_so_many_a_second_are_recorded(void **state)
{
	struct address a = address(1);

	(void)state;
	assert_int_equal(recorded_of(1, 50), CLIENTS_SINGLY);
	assert_int_equal(recorded_of(2, 50), CLIENTS_SINGLY);
	/* To come and go does not change that. */
	assert_true(clients_enter(clients, &a));
	clients_leave(clients, &a);
	assert_int_equal(recorded_of(1, 50), 0);
	pass(SECOND);
	assert_int_equal(recorded_of(1, 50), CLIENTS_SINGLY);
}

static void
test_rows_come_free_again(void **state)
{
	/* More addresses than there are rows come, are refused and go, then
	 * again: those who come after them are counted all the same. */
	struct address a = address(UINT32_MAX);

	(void)state;
	for (unsigned i = 0; i < CLIENTS_MAX + 1000; i++) {
		struct address b = address(i);

		assert_true(clients_enter(clients, &b));
		assert_int_equal(recorded_of(i, 1), 1);
		clients_leave(clients, &b);
		if (i % 1000 == 0)
			begin_second();
	}
	begin_second();
	pass(2 * SECOND);
	for (unsigned i = 0; i < 3; i++)
		assert_true(clients_enter(clients, &a));
	assert_false(clients_enter(clients, &a));
	assert_int_equal(recorded_of(UINT32_MAX, 50), CLIENTS_SINGLY);
}

static void
test_a_full_table_of_one_second(void **state)
{
	struct address a = address(UINT32_MAX);

	(void)state;
	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		(void)recorded_of(i, 1);
	/* Unless the loop took longer than the second. */
	if (clock_mono_us() % SECOND < 900000)
		(void)recorded_of(UINT32_MAX, 1);
	pass(2 * SECOND);
	for (unsigned i = 0; i < 3; i++)
		assert_true(clients_enter(clients, &a));
	assert_false(clients_enter(clients, &a));
}

struct told {
	unsigned rows;
	uint64_t count;
	char network[64];
};

/* Read what was written so far. */
static struct told
read_summaries(void)
{
	struct told told = { 0 };
	struct book_entry entry;

	while (book_next(reader, &entry)) {
		size_t at = 0, length;
		enum record_field field;
		const unsigned char *value;

		assert_int_equal(entry.kind, RECORD_KIND_REFUSED_SUMMARY);
		told.rows++;
		while (record_next(entry.bytes, entry.length, &at, &field,
		    &value, &length)) {
			if (field == RECORD_SUMMARY_COUNT_F) {
				uint64_t n = 0;

				memcpy(&n, value, length < 8 ? length : 8);
				told.count += n;
			}
			if (field == RECORD_SUMMARY_NETWORK_F &&
			    length < sizeof(told.network)) {
				memcpy(told.network, value, length);
				told.network[length] = '\0';
			}
		}
		book_release(reader, entry.end);
	}
	return told;
}

static void
test_one_summary_a_network_and_reason(void **state)
{
	struct told told;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		struct address a = address(i);

		clients_count(clients, &a, OUTCOME_TOO_MANY);
	}
	assert_true(clients_flush(clients));
	told = read_summaries();
	assert_int_equal(told.rows, 1);
	assert_int_equal(told.count, 1000);
	assert_string_equal(told.network, "2001::/64");
	assert_true(clients_flush(clients));
	assert_int_equal(read_summaries().rows, 0);
}

static void
test_more_networks_than_rows_lose_no_count(void **state)
{
	uint64_t count = 0;
	unsigned most = CLIENTS_SUMMARIES + 500;

	(void)state;
	for (unsigned i = 0; i < most; i++) {
		struct address a = { .family = 4, .bytes = {
		    10, (uint8_t)(i >> 8), (uint8_t)i, 1 } };

		clients_count(clients, &a, OUTCOME_TOO_MANY);
	}
	/* The ring may be too small for all at once. */
	for (unsigned i = 0; i < 50 && count < most; i++) {
		(void)clients_flush(clients);
		count += read_summaries().count;
	}
	assert_int_equal(count, most);
}

static void
test_what_finds_no_room_stays(void **state)
{
	struct record record;
	uint64_t position;
	struct address a = address(1);
	struct book_entry entry;
	struct told told;

	(void)state;
	record_init(&record, worker.record_bytes, RECORD_MAX);
	memset(worker.record_bytes, 0, RECORD_MAX);
	record.length = 30000;
	while (book_push(worker.book, BOOK_NO_SLOT, RECORD_KIND_REFUSED,
	    &record, &position) == 0)
		;
	record.length = 0;
	while (book_push(worker.book, BOOK_NO_SLOT, RECORD_KIND_REFUSED,
	    &record, &position) == 0)
		;
	clients_count(clients, &a, OUTCOME_TOO_MANY);
	assert_false(clients_flush(clients));
	while (book_next(reader, &entry)) {
		assert_int_equal(entry.kind, RECORD_KIND_REFUSED);
		book_release(reader, entry.end);
	}
	clients_count(clients, &a, OUTCOME_TOO_MANY);
	assert_true(clients_flush(clients));
	told = read_summaries();
	assert_int_equal(told.rows, 1);
	assert_int_equal(told.count, 2);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_so_many_an_address),
		CASE(test_leaving_twice_does_no_harm),
		CASE(test_so_many_a_second_are_recorded),
		CASE(test_rows_come_free_again),
		CASE(test_a_full_table_of_one_second),
		CASE(test_one_summary_a_network_and_reason),
		CASE(test_more_networks_than_rows_lose_no_count),
		CASE(test_what_finds_no_room_stays)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
