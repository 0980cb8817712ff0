/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_book.c - a book whose keeper has been taken over: any bytes in its words,
 * its ring and its cells.  The writer's side must stay within it, come to an end
 * and make a line of every record it takes for one.
 *
 * Input: 12 bytes that choose words of the header, then the beginning of the
 * ring and, from the middle of the input on, the beginning of the cells.
 */
#include "logging/book.h"

#include "logging/book_layout.h"
#include "logging/format.h"

#include <sys/mman.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CELLS 64
#define PLACES 1000

static char line_bytes[FORMAT_ROOM];
static struct format *format;

static void
write_line(const struct book_entry *entry)
{
	struct format_event event = { entry->kind, &entry->id, entry->wall_us,
	    entry->mono_us, entry->bytes, entry->length };
	struct json_line line = { .bytes = line_bytes, .size = FORMAT_ROOM };
	size_t i;

	format_line(format, &event, entry->id.counter, &line);
	if (line.full || line.length < 2 ||
	    line.length > FORMAT_LINE_MAX + 1 ||
	    line_bytes[line.length - 1] != '\n')
		abort();
	for (i = 0; i + 1 < line.length; i++)
		if ((unsigned char)line_bytes[i] < ' ')
			abort();
}

/* A position: near the beginning, or anywhere at all. */
static uint64_t
position(const uint8_t *two)
{
	return two[1] < 0xf0 ? (uint64_t)two[0] * 16 :
	    UINT64_MAX - (uint64_t)two[0] * (uint64_t)two[1];
}

static void
read_all(struct book *book, uint64_t log_size)
{
	uint64_t end, from_client, from_origin;
	uint32_t cursor = 0;
	struct book_entry entry;
	int i;

	book_resume(book, log_size);
	for (i = 0; i < PLACES; i++) {
		if (book_next(book, &entry))
			write_line(&entry);
		else if (book_spoilt(book, &end))
			book_release(book, end);
		else
			break;
	}
	(void)book_doze(book);
	(void)book_sleep(book);
	book_awake(book);
	(void)book_wants_durable(book);
	(void)book_wants_room(book);
	while (book_leftover(book, &cursor, &entry, &from_client,
	    &from_origin)) {
		write_line(&entry);
		book_leftover_run(book, cursor, log_size);
		book_leftover_done(book, cursor);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct book *keeper, *writer;
	size_t half;
	int fd;

	if (size < 12)
		return 0;
	if (format == NULL)
		format = format_new("node", pseudonyms_new(-1));
	fd = memfd_create("book", MFD_CLOEXEC);
	if (format == NULL || fd == -1 || book_create(fd, 7, CELLS, 0) == -1)
		abort();
	keeper = book_keep(fd, -1);
	if (keeper == NULL)
		abort();
	atomic_store(&keeper->header->head, position(data));
	atomic_store(&keeper->header->tail, position(data + 2));
	atomic_store(&keeper->header->run_start, position(data + 4));
	atomic_store(&keeper->header->run_end, position(data + 6));
	atomic_store(&keeper->header->run_sequence, data[8]);
	atomic_store(&keeper->header->high, data[9] < 0x80 ? data[9] :
	    UINT64_MAX);
	atomic_store(&keeper->header->sleeping, data[10]);
	half = (size - 12) / 2;
	memcpy(keeper->bytes, data + 12, half > keeper->ring ? keeper->ring :
	    half);
	memcpy(keeper->cell, data + 12 + half, size - 12 - half >
	    sizeof(*keeper->cell) * CELLS ? sizeof(*keeper->cell) * CELLS :
	    size - 12 - half);
	writer = book_read(fd, 7);
	if (writer == NULL)
		abort();
	read_all(writer, data[11]);
	book_free(&writer);
	book_free(&keeper);
	close(fd);
	return 0;
}
