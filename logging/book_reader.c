/* SPDX-License-Identifier: Apache-2.0 */
/*
 * book_reader.c - the writer's side of a book.  Every number read from it is
 * copied once, checked, and only then used: the memory is shared with a process
 * that may have been taken over.  A record is copied out before anybody looks at
 * it.  Whatever a hostile keeper does, it can spoil its own records only.
 */
#include "logging/book.h"

#include "logging/book_layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct book *
book_read(int fd, uint64_t incarnation)
{
	struct book *book;

	book = book_map(fd, -1);
	if (book == NULL)
		return NULL;
	if (book->incarnation != incarnation) {
		book_free(&book);
		errno = EPROTO;
		return NULL;
	}
	book->copy = malloc(BOOK_ENTRY_MAX);
	if (book->copy == NULL) {
		book_free(&book);
		return NULL;
	}
	book->seen = atomic_load_explicit(&book->header->head,
	    memory_order_acquire);
	if (book->seen % BOOK_ALIGN != 0) {
		book->seen = 0;
		book->spoilt = true;
	}
	book->released = book->seen;
	return book;
}

/* The record at seen, which moves behind it. */
static bool
take(struct book *book, struct book_entry *entry)
{
	struct book_ring_head head;
	uint64_t start = book->seen, tail, offset, to_end, need;

	tail = atomic_load_explicit(&book->header->tail, memory_order_acquire);
	if (tail == book->seen)
		return false;
	if (tail - book->seen > book->ring || tail % BOOK_ALIGN != 0)
		goto spoilt;
	offset = book->seen & (book->ring - 1);
	to_end = book->ring - offset;
	memcpy(&head.length, book->bytes + offset, sizeof(head.length));
	if (head.length == BOOK_WRAP) {
		/* A lap ends only where another record follows. */
		if (tail - book->seen <= to_end)
			goto spoilt;
		book->seen += to_end;
		offset = 0;
		to_end = book->ring;
	}
	if (tail - book->seen < sizeof(head) || to_end < sizeof(head))
		goto spoilt;
	memcpy(&head, book->bytes + offset, sizeof(head));
	if (head.length > BOOK_ENTRY_MAX || head.kind >= RECORD_KIND_COUNT)
		goto spoilt;
	need = (sizeof(head) + head.length + BOOK_ALIGN - 1) &
	    ~(uint64_t)(BOOK_ALIGN - 1);
	if (need > to_end || need > tail - book->seen)
		goto spoilt;
	memcpy(book->copy, book->bytes + offset + sizeof(head), head.length);
	entry->id.incarnation = book->incarnation;
	entry->id.counter = head.counter;
	entry->kind = (enum record_kind)head.kind;
	entry->mono_us = head.mono_us;
	entry->wall_us = head.wall_us;
	entry->bytes = book->copy;
	entry->length = head.length;
	entry->start = start;
	book->seen += need;
	entry->end = book->seen;
	return true;

spoilt:
	book->spoilt = true;
	return false;
}

/* Pass over the records of a predecessor's last run whose lines are there. */
static void
settle_ring(struct book *book, uint64_t sequence)
{
	struct book_header *header = book->header;
	struct book_entry entry;
	uint64_t run, written, end;

	run = atomic_load_explicit(&header->run_sequence, memory_order_acquire);
	end = atomic_load_explicit(&header->run_end, memory_order_relaxed);
	if (run != 0 && sequence > run - 1 && book->seen ==
	    atomic_load_explicit(&header->run_start, memory_order_relaxed)) {
		written = sequence - (run - 1);
		while (written > 0 && book->seen < end && take(book, &entry))
			written--;
		/* In one step: with the head moved the mark means nothing. */
		book_release(book, book->seen);
	}
	atomic_store_explicit(&header->run_sequence, 0, memory_order_release);
}

/* The same for exchanges that it closed for a dead keeper. */
static void
settle_cells(struct book *book, uint64_t sequence)
{
	uint64_t high = atomic_load_explicit(&book->header->high,
	    memory_order_acquire), died, i;
	struct book_cell *cell;

	for (i = 0; i < high && i < book->cells; i++) {
		cell = &book->cell[i];
		if (atomic_load_explicit(&cell->state, memory_order_acquire) !=
		    BOOK_CELL_RUNNING)
			continue;
		died = atomic_load_explicit(&cell->first.died,
		    memory_order_relaxed);
		if (died == 0)
			continue;
		if (died - 1 < sequence)
			atomic_store_explicit(&cell->state, BOOK_CELL_FREE,
			    memory_order_release);
		else
			atomic_store_explicit(&cell->first.died, 0,
			    memory_order_release);
	}
}

void
book_resume(struct book *book, uint64_t sequence)
{
	settle_ring(book, sequence);
	settle_cells(book, sequence);
}

bool
book_next(struct book *book, struct book_entry *entry)
{
	return !book->spoilt && take(book, entry);
}

uint64_t
book_position(const struct book *book)
{
	return book->seen;
}

uint64_t
book_tail(const struct book *book)
{
	return atomic_load_explicit(&book->header->tail, memory_order_acquire);
}

bool
book_spoilt(struct book *book, uint64_t *end)
{
	uint64_t tail;

	if (!book->spoilt)
		return false;
	tail = book_tail(book);
	/* A position is a multiple of 16 and never goes back. */
	book->seen = tail % BOOK_ALIGN == 0 ? tail :
	    tail - tail % BOOK_ALIGN + BOOK_ALIGN;
	book->spoilt = false;
	*end = book->seen;
	return true;
}

void
book_run(struct book *book, uint64_t start, uint64_t end, uint64_t sequence)
{
	struct book_header *header = book->header;

	atomic_store_explicit(&header->run_sequence, 0, memory_order_release);
	atomic_store_explicit(&header->run_start, start, memory_order_release);
	atomic_store_explicit(&header->run_end, end, memory_order_release);
	atomic_store_explicit(&header->run_sequence, sequence + 1,
	    memory_order_release);
}

void
book_release(struct book *book, uint64_t end)
{
	book->released = end;
	atomic_store_explicit(&book->header->head, end, memory_order_release);
}

void
book_set_log_end(struct book *book, uint64_t sequence)
{
	atomic_store_explicit(&book->header->log_end, sequence,
	    memory_order_release);
}

uint64_t
book_log_end(const struct book *book)
{
	return atomic_load_explicit(&book->header->log_end,
	    memory_order_acquire);
}

void
book_rewind(struct book *book)
{
	book->seen = book->released;
}

void
book_set_durable(struct book *book, uint64_t end)
{
	atomic_store_explicit(&book->header->durable, end,
	    memory_order_release);
}

static bool
rest(struct book *book, uint32_t how)
{
	struct book_header *header = book->header;
	uint64_t lag;

	atomic_store(&header->sleeping, how);
	atomic_thread_fence(memory_order_seq_cst);
	lag = atomic_load(&header->tail) - book->seen;
	if (lag <= (how == BOOK_ASLEEP ? 0 : book->ring / 2) &&
	    atomic_load(&header->want_durable) == 0 &&
	    atomic_load(&header->want_room) == 0)
		return true;
	atomic_store(&header->sleeping, BOOK_AWAKE);
	return false;
}

bool
book_sleep(struct book *book)
{
	return rest(book, BOOK_ASLEEP);
}

bool
book_doze(struct book *book)
{
	return rest(book, BOOK_DOZING);
}

void
book_awake(struct book *book)
{
	if (atomic_load_explicit(&book->header->sleeping,
	    memory_order_relaxed) != BOOK_AWAKE)
		atomic_store(&book->header->sleeping, BOOK_AWAKE);
}

bool
book_wants_durable(struct book *book)
{
	return atomic_load_explicit(&book->header->want_durable,
	    memory_order_relaxed) != 0 &&
	    atomic_exchange(&book->header->want_durable, 0) != 0;
}

bool
book_wants_room(struct book *book)
{
	return atomic_load_explicit(&book->header->want_room,
	    memory_order_relaxed) != 0 &&
	    atomic_exchange(&book->header->want_room, 0) != 0;
}

/* Copy out a chain; false if it leads out of the table. */
static bool
copy_chain(struct book *book, uint32_t index, size_t length)
{
	const struct book_cell *cell = &book->cell[index];
	unsigned char *to = book->copy;
	size_t take = length < BOOK_FIRST ? length : BOOK_FIRST;
	uint32_t next;

	memcpy(to, cell->first.bytes, take);
	while (length > take) {
		to += take;
		length -= take;
		next = *(const volatile uint32_t *)&cell->next;
		if (next == 0 || next > book->cells)
			return false;
		cell = &book->cell[next - 1];
		take = length < BOOK_REST ? length : BOOK_REST;
		memcpy(to, cell->rest, take);
	}
	return true;
}

/* Whether the exchange in this cell still wants a line. */
static bool
is_left(struct book *book, struct book_cell *cell)
{
	uint64_t closed;

	if (atomic_load_explicit(&cell->state, memory_order_acquire) !=
	    BOOK_CELL_RUNNING)
		return false;
	closed = atomic_load_explicit(&cell->first.close_end,
	    memory_order_relaxed);
	return closed == 0 || closed > book->seen;
}

bool
book_leftover(struct book *book, uint32_t *cursor,
    struct book_entry *entry, uint64_t *from_client, uint64_t *from_origin)
{
	uint64_t high = atomic_load_explicit(&book->header->high,
	    memory_order_acquire);
	struct book_cell *cell;
	size_t length;

	if (high > book->cells)
		high = book->cells;
	for (; *cursor < high; (*cursor)++) {
		cell = &book->cell[*cursor];
		if (!is_left(book, cell))
			continue;
		length = atomic_load_explicit(&cell->length,
		    memory_order_acquire);
		/* What cannot be read is still an exchange that happened. */
		if (length > RECORD_MAX || !copy_chain(book, *cursor, length))
			length = 0;
		entry->id.incarnation = book->incarnation;
		entry->id.counter = cell->first.counter;
		entry->kind = RECORD_KIND_WORKER_DIED;
		entry->mono_us = cell->first.mono_us;
		entry->wall_us = cell->first.wall_us;
		entry->bytes = book->copy;
		entry->length = length;
		entry->start = entry->end = 0;
		*from_client = atomic_load_explicit(&cell->first.from_client,
		    memory_order_relaxed);
		*from_origin = atomic_load_explicit(&cell->first.from_origin,
		    memory_order_relaxed);
		(*cursor)++;
		return true;
	}
	return false;
}

void
book_leftover_run(struct book *book, uint32_t cursor, uint64_t sequence)
{
	atomic_store_explicit(&book->cell[cursor - 1].first.died, sequence + 1,
	    memory_order_release);
}

void
book_leftover_done(struct book *book, uint32_t cursor)
{
	atomic_store_explicit(&book->cell[cursor - 1].state, BOOK_CELL_FREE,
	    memory_order_release);
}
