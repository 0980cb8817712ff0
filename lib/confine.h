/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.h - what a process gives up before it reads the first outside byte:
 * root, new privileges, the file system (Landlock, where the kernel has it) and
 * every system call not on its list (seccomp).  An unlisted call returns EPERM
 * and is counted and reported once.
 *
 * The user is changed by the parent between fork and exec.  GATEBOOK_CONFINE in
 * the environment changes the rest: "kill" makes an unlisted call kill the
 * process, which is how the tests run; "off" leaves Landlock and seccomp out,
 * for strace and debuggers.
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

/* Give up all of it, for good.  Call it once, before any thread is made, after
 * what opens files late has been used once (OpenSSL digests and TLS, time zones
 * by name).  A LOADER without folders reads everywhere; others open nothing
 * outside theirs.  unlisted (may be NULL) is counted up by every refused call
 * and must live as long as the process.  Writes what is in force to words, e.g.
 * "user gatebook-worker, seccomp, landlock 7, no new privileges".
 * 0, or -1 after reporting why. */
int confine(enum confine_profile profile, const struct confine_folder *folders,
    size_t folder_count, uint64_t *unlisted, char *words, size_t words_size);

#endif
