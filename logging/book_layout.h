/* SPDX-License-Identifier: Apache-2.0 */
/*
 * book_layout.h - what lies where in a book; only book.c and book_reader.c look
 * at it.  A file is a header page, the cells, the ring.  Words that two
 * processes write stand in cache lines of their own.
 */
#ifndef LOGGING_BOOK_LAYOUT_H
#define LOGGING_BOOK_LAYOUT_H

#include "logging/book.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define BOOK_MAGIC UINT64_C(0x31304b4f4f424247)	/* "GBBOOK01" */
#define BOOK_HEADER 4096
#define BOOK_CELL 256
#define BOOK_RING_MAX (UINT64_C(1) << 30)
#define BOOK_RING_MIN (UINT64_C(1) << 18)
#define BOOK_ALIGN 16
#define BOOK_WRAP UINT32_MAX	/* length of the mark that ends a lap */
/* The longest record in a ring: what cells hold and what is added. */
#define BOOK_ENTRY_MAX (2 * RECORD_MAX)

enum { BOOK_CELL_FREE, BOOK_CELL_RUNNING };
enum { BOOK_AWAKE, BOOK_ASLEEP, BOOK_DOZING };

struct book_header {
	/* written once */
	_Atomic uint64_t magic;
	uint64_t layout;
	uint64_t incarnation;
	uint64_t cells;
	uint64_t ring;
	_Atomic uint32_t kept;
	/* the keeper's */
	_Alignas(64) _Atomic uint64_t tail;
	_Atomic uint64_t high;		/* cells ever used */
	/* the writer's */
	_Alignas(64) _Atomic uint64_t head;
	_Atomic uint64_t durable;
	_Atomic uint64_t run_start;	/* see book_run() */
	_Atomic uint64_t run_end;
	_Atomic uint64_t run_sequence;	/* plus 1; 0 for none */
	_Atomic uint64_t log_end;	/* see book_set_log_end() */
	/* both */
	_Alignas(64) _Atomic uint32_t sleeping;
	_Alignas(64) _Atomic uint32_t want_durable;
	_Atomic uint32_t want_room;
};

/* The first cell of a chain; in the others state stays BOOK_CELL_FREE. */
struct book_first {
	uint64_t counter;
	uint64_t wall_us;
	uint64_t mono_us;
	_Atomic uint64_t from_client;
	_Atomic uint64_t from_origin;
	_Atomic uint64_t close_end;	/* where its closing record ends */
	_Atomic uint64_t died;		/* writer: sequence plus 1 of its line */
	unsigned char bytes[BOOK_CELL - 16 - 7 * 8];
};

struct book_cell {
	_Atomic uint32_t state;
	uint32_t next;			/* index plus 1; 0 ends the chain */
	_Atomic uint32_t length;	/* of the whole record */
	uint32_t unused;
	union {
		struct book_first first;
		unsigned char rest[BOOK_CELL - 16];
	};
};

#define BOOK_FIRST sizeof(((struct book_first *)0)->bytes)
#define BOOK_REST (BOOK_CELL - 16)

struct book_ring_head {
	uint32_t length;		/* of the record behind this */
	uint32_t kind;
	uint64_t counter;
	uint64_t mono_us;
	uint64_t wall_us;
};

_Static_assert(4 * BOOK_ENTRY_MAX <= BOOK_RING_MIN, "ring too small");
_Static_assert(sizeof(struct book_header) <= BOOK_HEADER, "header too large");
_Static_assert(sizeof(struct book_cell) == BOOK_CELL, "cell has a wrong size");
_Static_assert(sizeof(struct book_ring_head) == 32, "head has a wrong size");

struct book {
	struct book_header *header;
	struct book_cell *cell;
	unsigned char *bytes;		/* the ring */
	size_t size;
	uint64_t incarnation;
	uint64_t cells;
	uint64_t ring;
	int wake;
	/* keeper */
	uint32_t *free_list;
	uint64_t free_count;
	uint64_t high;
	uint64_t counter;
	uint64_t tail;
	uint64_t head_seen;
	/* writer */
	uint64_t seen;			/* where the next record begins */
	uint64_t released;
	bool spoilt;
	unsigned char *copy;		/* of the record handed out */
};

/* Map a book and check what never changes; NULL with errno. */
struct book *book_map(int fd, int wake);

#endif
