/* SPDX-License-Identifier: Apache-2.0 */
/* stats.c - mapping the shared page of counters. */
#include "lib/stats.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <stddef.h>

struct stats_page *
stats_map(int fd, int writable)
{
	struct stats_page *page;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return NULL;
	/* A page shorter than the struct would be SIGBUS at first use. */
	if (st.st_size < (off_t)sizeof(*page)) {
		errno = EPROTO;
		return NULL;
	}
	page = mmap(NULL, sizeof(*page),
	    writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return NULL;
	if (writable && page->layout == 0) {	/* fresh: the parent's first */
		page->slots = STATS_SLOTS;
		page->layout = STATS_LAYOUT;
	}
	if (page->layout != STATS_LAYOUT || page->slots != STATS_SLOTS) {
		(void)munmap(page, sizeof(*page));
		errno = EPROTO;
		return NULL;
	}
	return page;
}
