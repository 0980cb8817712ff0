/* SPDX-License-Identifier: Apache-2.0 */
/*
 * users.h - as whom each process runs when the parent was started as root: the
 * system user that the settings name, or, where there is none, a number from a
 * fixed table.  Without root everybody runs as the one who started.
 */
#ifndef DAEMON_USERS_H
#define DAEMON_USERS_H

#include "lib/settings.h"

#include <sys/types.h>

#include <stdbool.h>

struct user {
	uid_t uid;
	gid_t gid;
	char name[64];		/* for people */
	bool by_number;		/* no such system user: from our table */
	bool change;		/* false: stay who we are */
};

struct users {
	struct user worker;
	struct user log;	/* writer and reader */
	struct user loader;
	struct user admin;
};

void users_find(const struct settings *settings, struct users *users);
/* Whether a process with these groups is in the named one.  An unknown or
 * empty name has no members. */
bool users_in_group(const char *group, const gid_t *groups, size_t count);
/* Whether there is such a group. */
bool users_group_exists(const char *group);

#endif
