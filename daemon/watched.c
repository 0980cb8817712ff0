/* SPDX-License-Identifier: Apache-2.0 */
/* watched.c - see watched.h. */
#include "daemon/watched.h"

#include <string.h>

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void
look(const char *path, struct stat *st)
{
	if (path == NULL || path[0] == '\0' || stat(path, st) != 0)
		memset(st, 0, sizeof(*st));
}

void
watched_loaded(struct watched *watched, const char *path)
{
	look(path, &watched->loaded);
	watched->seen = watched->loaded;
}

bool
watched_changed(struct watched *watched, const char *path)
{
	struct stat now;
	bool rests;

	look(path, &now);
	rests = same_file(&now, &watched->seen);
	watched->seen = now;
	return rests && now.st_ino != 0 && !same_file(&now, &watched->loaded);
}
