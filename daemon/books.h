/* SPDX-License-Identifier: Apache-2.0 */
/*
 * books.h - the in-flight tables as files of the run folder.  Each process that
 * records gets a fresh one, named after its incarnation, a number that is never
 * given twice.  A file is removed only when the writer has said that all it
 * held is in the log; whatever an earlier life left behind is found at start
 * and goes to the writer first.
 */
#ifndef DAEMON_BOOKS_H
#define DAEMON_BOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More books than seats: those of the dead wait for the writer. */
#define BOOKS_MAX 4096

struct book_file {
	struct book_file *next;
	uint64_t incarnation;
	int fd;
	int wake_keeper;	/* eventfd; -1 if it has no living keeper */
	bool alive;
	char how[96];		/* how its keeper died; empty if that was in
				 * an earlier life */
};

struct books {
	struct book_file *first;
	size_t count;
	uint64_t next;		/* incarnation to give next */
	uint64_t reserved;	/* below it all may be given: it is on disk */
	int run_fd;
	int data_fd;
};

/* The next incarnation: above the last and above what the wall clock allows.
 * Pure. */
uint64_t books_number_after(uint64_t last, uint64_t wall_us);
/* Read "book.N"; false if the name is not one. */
bool books_number_of(const char *name, uint64_t *incarnation);
/* Write "book.N". */
void books_name(uint64_t incarnation, char out[32]);

/* Find what an earlier life left in the run folder (as dead books) and settle
 * where the numbers go on.  NULL after a report. */
struct books *books_open(int run_fd, int data_fd);
/* Make a fresh book for a new process; NULL after a report. */
struct book_file *books_new(struct books *books, uint64_t cells,
    uint64_t ring);
struct book_file *books_find(struct books *books, uint64_t incarnation);
/* The writer is done with it: remove file and entry. */
void books_remove(struct books *books, uint64_t incarnation);
void books_close(struct books **books);

#endif
