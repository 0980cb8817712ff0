/* SPDX-License-Identifier: Apache-2.0 */
/*
 * book.c - the keeper's side.  See book_layout.h for what lies where.
 *
 * The list of free cells is the keeper's own memory: last freed is first used,
 * so a busy worker goes round in a few hot cells, and a cell never used is a
 * page never touched.  It dies with the keeper, and nobody needs it then.
 *
 * SIGKILL may strike between any two instructions.  The order of stores decides
 * what is seen after: an exchange exists from the store of `state`, a field from
 * the store of `length`, a ring record from the store of `tail`.  book_close()
 * notes in the cell where its record will end before it moves the tail, so that
 * an exchange found in both places is known to be closed.
 */
#include "logging/book.h"

#include "lib/clock.h"
#include "logging/book_layout.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* At least four of the longest records, so that one always fits, wherever the
 * lap ends. */
static uint64_t
round_up_power(uint64_t n)
{
	uint64_t power = BOOK_RING_MIN;

	while (power < n && power < (UINT64_C(1) << 40))
		power *= 2;
	return power;
}

static uint64_t
cells_bytes(uint64_t cells)
{
	return (cells * BOOK_CELL + 4095) / 4096 * 4096;
}

size_t
book_size(uint64_t cells, uint64_t ring)
{
	return (size_t)(BOOK_HEADER + cells_bytes(cells) +
	    round_up_power(ring));
}

int
book_create(int fd, uint64_t incarnation, uint64_t cells, uint64_t ring)
{
	struct book_header *header;

	if (cells == 0 || cells >= BOOK_NO_SLOT - 1 || ring > BOOK_RING_MAX) {
		errno = EINVAL;
		return -1;
	}
	if (ftruncate(fd, 0) == -1 ||
	    ftruncate(fd, (off_t)book_size(cells, ring)) == -1)
		return -1;
	header = mmap(NULL, BOOK_HEADER, PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	if (header == MAP_FAILED)
		return -1;
	header->incarnation = incarnation;
	header->cells = cells;
	header->ring = round_up_power(ring);
	header->layout = BOOK_LAYOUT;
	atomic_store_explicit(&header->magic, BOOK_MAGIC,
	    memory_order_release);
	return munmap(header, BOOK_HEADER);
}

/* Map and check what never changes; shared by keeper and writer. */
struct book *
book_map(int fd, int wake)
{
	struct book *book;
	struct stat st;
	void *base;

	if (fstat(fd, &st) == -1)
		return NULL;
	if (st.st_size < BOOK_HEADER) {
		errno = EPROTO;
		return NULL;
	}
	book = calloc(1, sizeof(*book));
	if (book == NULL)
		return NULL;
	base = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	if (base == MAP_FAILED) {
		free(book);
		return NULL;
	}
	book->header = base;
	book->size = (size_t)st.st_size;
	book->wake = wake;
	/* Copies: the header may be changed under us by a hostile keeper. */
	book->incarnation = book->header->incarnation;
	book->cells = book->header->cells;
	book->ring = book->header->ring;
	if (atomic_load_explicit(&book->header->magic, memory_order_acquire) !=
	    BOOK_MAGIC || book->header->layout != BOOK_LAYOUT ||
	    book->cells == 0 || book->cells >= BOOK_NO_SLOT - 1 ||
	    book->ring < BOOK_RING_MIN || book->ring > BOOK_RING_MAX ||
	    (book->ring & (book->ring - 1)) != 0 ||
	    book_size(book->cells, book->ring) != book->size) {
		book_free(&book);
		errno = EPROTO;
		return NULL;
	}
	book->cell = (struct book_cell *)(void *)
	    ((unsigned char *)base + BOOK_HEADER);
	book->bytes = (unsigned char *)base + BOOK_HEADER +
	    cells_bytes(book->cells);
	return book;
}

struct book *
book_keep(int fd, int wake_writer)
{
	struct book *book;
	uint32_t fresh = 0;

	book = book_map(fd, wake_writer);
	if (book == NULL)
		return NULL;
	if (!atomic_compare_exchange_strong(&book->header->kept, &fresh, 1)) {
		book_free(&book);
		errno = EBUSY;
		return NULL;
	}
	/* Mapped, not touched: costs memory only as cells are used. */
	book->free_list = mmap(NULL, book->cells * sizeof(uint32_t),
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (book->free_list == MAP_FAILED) {
		book->free_list = NULL;
		book_free(&book);
		return NULL;
	}
	return book;
}

void
book_free(struct book **book)
{
	struct book *b = *book;

	if (b == NULL)
		return;
	*book = NULL;
	if (b->free_list != NULL)
		munmap(b->free_list, b->cells * sizeof(uint32_t));
	munmap(b->header, b->size);
	free(b->copy);
	free(b);
}

uint64_t
book_incarnation(const struct book *book)
{
	return book->incarnation;
}

uint32_t
book_cells_used(const struct book *book)
{
	return (uint32_t)(book->high - book->free_count);
}

uint32_t
book_cells(const struct book *book)
{
	return (uint32_t)book->cells;
}

uint64_t
book_lag(const struct book *book)
{
	return atomic_load_explicit(&book->header->tail,
	    memory_order_relaxed) - atomic_load_explicit(&book->header->head,
	    memory_order_relaxed);
}

/* --- cells ---------------------------------------------------------------- */

static uint64_t
cells_free(const struct book *book)
{
	return book->cells - book->high + book->free_count;
}

static uint32_t
take_cell(struct book *book)
{
	uint32_t index;

	if (book->free_count > 0)
		index = book->free_list[--book->free_count];
	else {
		assert(book->high < book->cells);
		index = (uint32_t)book->high++;
		/* Before the cell can be seen running. */
		atomic_store_explicit(&book->header->high, book->high,
		    memory_order_release);
	}
	book->cell[index].next = 0;
	return index;
}

/* How many cells so many bytes of record need. */
static size_t
cells_for(size_t length)
{
	if (length <= BOOK_FIRST)
		return 1;
	return 1 + (length - BOOK_FIRST + BOOK_REST - 1) / BOOK_REST;
}

/* Write bytes behind the `at` that the chain holds; makes cells as needed
 * (they are there: the caller looked).  Not seen until length is stored. */
static void
write_chain(struct book *book, uint32_t index, size_t at,
    const unsigned char *bytes, size_t n)
{
	struct book_cell *cell = &book->cell[index];
	size_t room = BOOK_FIRST, take;
	unsigned char *to = cell->first.bytes;

	for (;;) {
		if (at < room) {
			take = room - at < n ? room - at : n;
			if (take > 0)
				memcpy(to + at, bytes, take);
			bytes += take;
			n -= take;
			at = room;
		}
		if (n == 0)
			return;
		at -= room;
		if (cell->next == 0)
			cell->next = take_cell(book) + 1;
		cell = &book->cell[cell->next - 1];
		to = cell->rest;
		room = BOOK_REST;
	}
}

/* Copy a chain's bytes out. */
static void
read_chain(const struct book *book, uint32_t index, unsigned char *out,
    size_t n)
{
	const struct book_cell *cell = &book->cell[index];
	size_t take = n < BOOK_FIRST ? n : BOOK_FIRST;

	memcpy(out, cell->first.bytes, take);
	while (n > take) {
		out += take;
		n -= take;
		cell = &book->cell[cell->next - 1];
		take = n < BOOK_REST ? n : BOOK_REST;
		memcpy(out, cell->rest, take);
	}
}

/* Give an exchange's cells back; it is seen no more from the first store on. */
static void
free_chain(struct book *book, uint32_t index)
{
	struct book_cell *cell = &book->cell[index];

	atomic_store_explicit(&cell->state, BOOK_CELL_FREE,
	    memory_order_release);
	for (;;) {
		book->free_list[book->free_count++] = index;
		if (cell->next == 0)
			return;
		index = cell->next - 1;
		cell = &book->cell[index];
	}
}

static struct book_cell *
running(struct book *book, uint32_t slot)
{
	struct book_cell *cell;

	assert(slot < book->high);
	cell = &book->cell[slot];
	assert(atomic_load_explicit(&cell->state, memory_order_relaxed) ==
	    BOOK_CELL_RUNNING);
	return cell;
}

int
book_enter(struct book *book, const struct record *opening,
    uint32_t *slot, struct exchange_id *id)
{
	struct book_cell *cell;
	uint32_t index;

	if (opening->length > RECORD_MAX ||
	    cells_for(opening->length) > cells_free(book))
		return -1;
	index = take_cell(book);
	cell = &book->cell[index];
	id->incarnation = book->incarnation;
	id->counter = ++book->counter;
	cell->first.counter = id->counter;
	cell->first.wall_us = clock_wall_us();
	cell->first.mono_us = clock_mono_us();
	cell->first.close_end = 0;
	cell->first.died = 0;
	atomic_store_explicit(&cell->first.from_client, 0,
	    memory_order_relaxed);
	atomic_store_explicit(&cell->first.from_origin, 0,
	    memory_order_relaxed);
	write_chain(book, index, 0, opening->bytes, opening->length);
	atomic_store_explicit(&cell->length, (uint32_t)opening->length,
	    memory_order_relaxed);
	atomic_store_explicit(&cell->state, BOOK_CELL_RUNNING,
	    memory_order_release);
	*slot = index;
	return 0;
}

int
book_append(struct book *book, uint32_t slot, const struct record *more)
{
	struct book_cell *cell = running(book, slot);
	size_t length = atomic_load_explicit(&cell->length,
	    memory_order_relaxed);

	if (more->length > RECORD_MAX - length ||
	    cells_for(length + more->length) - cells_for(length) >
	    cells_free(book))
		return -1;
	write_chain(book, slot, length, more->bytes, more->length);
	atomic_store_explicit(&cell->length,
	    (uint32_t)(length + more->length), memory_order_release);
	return 0;
}

void
book_count(struct book *book, uint32_t slot, uint64_t from_client,
    uint64_t from_origin)
{
	struct book_cell *cell = running(book, slot);

	atomic_store_explicit(&cell->first.from_client, from_client,
	    memory_order_relaxed);
	atomic_store_explicit(&cell->first.from_origin, from_origin,
	    memory_order_relaxed);
}

void
book_abandon(struct book *book, uint32_t slot)
{
	(void)running(book, slot);
	free_chain(book, slot);
}

/* --- ring ------------------------------------------------------------------ */

static void
wake(struct book *book)
{
	uint64_t one = 1;

	if (atomic_exchange(&book->header->sleeping, BOOK_AWAKE) ==
	    BOOK_AWAKE || book->wake == -1)
		return;
	while (write(book->wake, &one, sizeof(one)) == -1 && errno == EINTR)
		;
}

/* After the tail moved: the other side stores `sleeping` and then looks at the
 * tail, so with a fence between on both sides one of the two sees the other. */
static void
wake_if_asleep(struct book *book)
{
	uint32_t sleeping;

	atomic_thread_fence(memory_order_seq_cst);
	sleeping = atomic_load_explicit(&book->header->sleeping,
	    memory_order_relaxed);
	if (sleeping == BOOK_ASLEEP ||
	    (sleeping == BOOK_DOZING && book_lag(book) > book->ring / 2))
		wake(book);
}

/* Make room for one record of n bytes and write its head; NULL if there is no
 * room.  *end is where the tail will be. */
static unsigned char *
ring_begin(struct book *book, const struct book_ring_head *head, size_t n,
    uint64_t *end)
{
	uint64_t tail = book->tail, need, to_end, total;
	struct book_ring_head mark = { 0 };
	unsigned char *at;

	need = (sizeof(*head) + n + BOOK_ALIGN - 1) & ~(uint64_t)
	    (BOOK_ALIGN - 1);
	to_end = book->ring - (tail & (book->ring - 1));
	total = need <= to_end ? need : to_end + need;
	if (total > book->ring - (tail - book->head_seen)) {
		book->head_seen = atomic_load_explicit(&book->header->head,
		    memory_order_acquire);
		if (total > book->ring - (tail - book->head_seen))
			return NULL;
	}
	if (need > to_end) {
		mark.length = BOOK_WRAP;
		memcpy(book->bytes + (tail & (book->ring - 1)), &mark.length,
		    sizeof(mark.length));
		tail += to_end;
	}
	at = book->bytes + (tail & (book->ring - 1));
	memcpy(at, head, sizeof(*head));
	*end = tail + need;
	return at + sizeof(*head);
}

static void
ring_commit(struct book *book, uint64_t end)
{
	book->tail = end;
	atomic_store_explicit(&book->header->tail, end, memory_order_release);
	wake_if_asleep(book);
}

/* What the cells of slot hold, then more; the caller commits. */
static int
push(struct book *book, uint32_t slot, enum record_kind kind,
    const struct record *more, uint64_t *end)
{
	struct book_ring_head head = { 0 };
	struct book_cell *cell = NULL;
	size_t held = 0, added = more == NULL ? 0 : more->length;
	unsigned char *at;

	assert((unsigned)kind < RECORD_KIND_COUNT);
	if (slot != BOOK_NO_SLOT) {
		cell = running(book, slot);
		held = atomic_load_explicit(&cell->length,
		    memory_order_relaxed);
		head.counter = cell->first.counter;
	}
	if (added > RECORD_MAX)
		return -1;
	head.length = (uint32_t)(held + added);
	head.kind = (uint32_t)kind;
	head.wall_us = clock_wall_us();
	head.mono_us = clock_mono_us();
	if (cell == NULL)
		head.counter = book->counter + 1;
	at = ring_begin(book, &head, held + added, end);
	if (at == NULL)
		return -1;
	if (cell == NULL)
		book->counter++;
	if (held > 0)
		read_chain(book, slot, at, held);
	if (added > 0)
		memcpy(at + held, more->bytes, added);
	return 0;
}

int
book_close(struct book *book, uint32_t slot,
    enum record_kind kind, const struct record *closing)
{
	uint64_t end;

	if (push(book, slot, kind, closing, &end) == -1)
		return -1;
	atomic_store_explicit(&book->cell[slot].first.close_end, end,
	    memory_order_release);
	ring_commit(book, end);
	free_chain(book, slot);
	return 0;
}

int
book_push(struct book *book, uint32_t slot,
    enum record_kind kind, const struct record *more, uint64_t *position)
{
	uint64_t end;

	if (push(book, slot, kind, more, &end) == -1)
		return -1;
	ring_commit(book, end);
	if (position != NULL)
		*position = end;
	return 0;
}

bool
book_is_durable(const struct book *book, uint64_t position)
{
	return atomic_load_explicit(&book->header->durable,
	    memory_order_acquire) >= position;
}

void
book_want_durable(struct book *book)
{
	atomic_store(&book->header->want_durable, 1);
	if (atomic_load(&book->header->sleeping) != BOOK_AWAKE)
		wake(book);
}

void
book_want_room(struct book *book)
{
	atomic_store(&book->header->want_room, 1);
	if (atomic_load(&book->header->sleeping) != BOOK_AWAKE)
		wake(book);
}
