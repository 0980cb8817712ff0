/* SPDX-License-Identifier: Apache-2.0 */
/*
 * books.c - see books.h.  The numbers: wall clock in milliseconds times 65,536,
 * or one more than the last, whichever is greater.  So that a clock set back
 * cannot bring a number again, numbers are reserved in blocks in the data
 * folder's file "incarnation" before they are given.
 */
#include "daemon/books.h"

#include "lib/clock.h"
#include "lib/report.h"
#include "logging/book.h"

#include <sys/eventfd.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESERVE_FILE "incarnation"
#define RESERVE_NEW "incarnation.new"
/* An hour of the wall clock. */
#define RESERVE_BLOCK (UINT64_C(3600000) << 16)

uint64_t
books_number_after(uint64_t last, uint64_t wall_us)
{
	uint64_t by_clock = (wall_us / 1000) << 16;

	return by_clock > last ? by_clock : last + 1;
}

bool
books_number_of(const char *name, uint64_t *incarnation)
{
	const char *digits = name + 5;
	char *end;

	if (strncmp(name, "book.", 5) != 0 || *digits < '1' || *digits > '9' ||
	    strlen(digits) > 20)
		return false;
	errno = 0;
	*incarnation = strtoull(digits, &end, 10);
	return errno == 0 && *end == '\0';
}

void
books_name(uint64_t incarnation, char out[32])
{
	(void)snprintf(out, 32, "book.%" PRIu64, incarnation);
}

static uint64_t
read_reserved(int data_fd)
{
	char text[32] = "";
	int fd = openat(data_fd, RESERVE_FILE, O_RDONLY | O_CLOEXEC |
	    O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	return n > 0 ? strtoull(text, NULL, 10) : 0;
}

static int
write_reserved(int data_fd, uint64_t value)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%" PRIu64 "\n", value);
	int fd = openat(data_fd, RESERVE_NEW,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool good;

	if (fd < 0)
		return -1;
	good = write(fd, text, (size_t)n) == n && fsync(fd) == 0;
	if (close(fd) != 0 || !good)
		return -1;
	if (renameat(data_fd, RESERVE_NEW, data_fd, RESERVE_FILE) != 0)
		return -1;
	return fsync(data_fd);
}

/* A full disk must not stop a worker from starting: the numbers are only
 * reserved against a clock set back. */
static uint64_t
take_number(struct books *books)
{
	uint64_t number = books_number_after(books->next, clock_wall_us());
	static struct report_limit limit;

	if (number >= books->reserved) {
		uint64_t reserve = number + RESERVE_BLOCK;

		if (write_reserved(books->data_fd, reserve) == 0)
			books->reserved = reserve;
		else
			report_limited(&limit, REPORT_WARNING, "cannot write "
			    "the file " RESERVE_FILE " in the data folder: %s",
			    strerror(errno));
	}
	books->next = number;
	return number;
}

static struct book_file *
add_file(struct books *books, uint64_t incarnation, int fd)
{
	struct book_file *file = calloc(1, sizeof(*file));

	if (file == NULL)
		report_bug("out of memory");
	file->incarnation = incarnation;
	file->fd = fd;
	file->wake_keeper = -1;
	file->next = books->first;
	books->first = file;
	books->count++;
	return file;
}

static void
find_one(struct books *books, const char *name)
{
	struct stat st;
	uint64_t number;
	int fd;

	if (!books_number_of(name, &number))
		return;
	if (number > books->next)
		books->next = number;
	fd = openat(books->run_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		report(REPORT_ERROR, "cannot open %s, which an earlier life "
		    "left in the run folder: %s", name, strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	if (st.st_size == 0) {
		/* The parent died before it laid it out. */
		(void)unlinkat(books->run_fd, name, 0);
		(void)close(fd);
		return;
	}
	(void)add_file(books, number, fd);
}

struct books *
books_open(int run_fd, int data_fd)
{
	struct books *books = calloc(1, sizeof(*books));
	struct dirent *entry;
	int copy = openat(run_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = copy < 0 ? NULL : fdopendir(copy);

	if (books == NULL)
		report_bug("out of memory");
	if (folder == NULL) {
		report(REPORT_ERROR, "cannot read the run folder: %s",
		    strerror(errno));
		free(books);
		return NULL;
	}
	books->run_fd = run_fd;
	books->data_fd = data_fd;
	/* What was reserved may have been given. */
	books->next = read_reserved(data_fd);
	while ((entry = readdir(folder)) != NULL)
		find_one(books, entry->d_name);
	(void)closedir(folder);
	return books;
}

struct book_file *
books_new(struct books *books, uint64_t cells, uint64_t ring)
{
	uint64_t number = take_number(books);
	struct book_file *file;
	char name[32];
	int problem, fd;

	if (books->count >= BOOKS_MAX) {
		report(REPORT_ERROR, "%zu in-flight tables wait for the log "
		    "writer: no process is started before it takes some",
		    books->count);
		return NULL;
	}
	books_name(number, name);
	fd = openat(books->run_fd, name,
	    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		report(REPORT_ERROR, "cannot make %s in the run folder: %s",
		    name, strerror(errno));
		return NULL;
	}
	/* Room is taken now: a page that tmpfs cannot give later would be a
	 * SIGBUS in the middle of an exchange. */
	problem = book_create(fd, number, cells, ring) != 0 ? errno :
	    posix_fallocate(fd, 0, (off_t)book_size(cells, ring));
	if (problem != 0) {
		report(REPORT_ERROR, "cannot make an in-flight table of %zu "
		    "bytes in the run folder: %s", book_size(cells, ring),
		    strerror(problem));
		(void)unlinkat(books->run_fd, name, 0);
		(void)close(fd);
		return NULL;
	}
	file = add_file(books, number, fd);
	file->alive = true;
	file->wake_keeper = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return file;
}

struct book_file *
books_find(struct books *books, uint64_t incarnation)
{
	for (struct book_file *file = books->first; file != NULL;
	    file = file->next)
		if (file->incarnation == incarnation)
			return file;
	return NULL;
}

static void
free_file(struct book_file *file)
{
	(void)close(file->fd);
	if (file->wake_keeper >= 0)
		(void)close(file->wake_keeper);
	free(file);
}

void
books_remove(struct books *books, uint64_t incarnation)
{
	char name[32];

	for (struct book_file **at = &books->first; *at != NULL;
	    at = &(*at)->next) {
		struct book_file *gone = *at;

		if (gone->incarnation != incarnation)
			continue;
		*at = gone->next;
		books->count--;
		books_name(incarnation, name);
		(void)unlinkat(books->run_fd, name, 0);
		free_file(gone);
		return;
	}
}

void
books_close(struct books **books)
{
	struct books *gone = *books;

	if (gone == NULL)
		return;
	*books = NULL;
	while (gone->first != NULL) {
		struct book_file *file = gone->first;

		gone->first = file->next;
		free_file(file);
	}
	free(gone);
}
