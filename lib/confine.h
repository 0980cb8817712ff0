/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.h - what a process gives up before it reads the first outside byte:
 * root, new privileges, the file system (Landlock, where the kernel has it) and
 * every system call not on its list (seccomp).  An unlisted call returns EPERM
 * and is counted; with GATEBOOK_CONFINE=kill in the environment it kills, which
 * is how the tests run.
 */
#ifndef LIB_CONFINE_H
#define LIB_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum confine_profile {
	CONFINE_WORKER,		/* sockets, no files */
	CONFINE_WRITER,		/* files below given folders, no sockets */
	CONFINE_READER,		/* reads below given folders, unix sockets */
	CONFINE_LOADER,		/* reads files */
	CONFINE_ADMIN		/* accepts sockets, no files */
};

struct confine_folder {
	int fd;			/* an open folder */
	bool writable;
};

/* Give up all of it, for good.  unlisted (may be NULL) is counted up by every
 * refused call.  Writes what is in force to words, e.g.
 * "user gatebook-worker, seccomp, landlock 7, no new privileges".
 * 0, or -1 after reporting why. */
int confine(enum confine_profile profile, const struct confine_folder *folders,
    size_t folder_count, uint64_t *unlisted, char *words, size_t words_size);

#endif
