/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watched.h - whether a file that was loaded has changed since.  It counts only
 * when it rests: the same at two looks, so that nobody is just writing it.
 */
#ifndef DAEMON_WATCHED_H
#define DAEMON_WATCHED_H

#include <sys/stat.h>

#include <stdbool.h>

struct watched {
	struct stat seen;	/* at the last look */
	struct stat loaded;	/* when it was last loaded */
};

/* It is loaded now, as it is.  path may be empty: then nothing ever changes. */
void watched_loaded(struct watched *watched, const char *path);
/* Look: has it changed since, and does it rest? */
bool watched_changed(struct watched *watched, const char *path);

#endif
