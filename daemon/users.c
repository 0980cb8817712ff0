/* SPDX-License-Identifier: Apache-2.0 */
/*
 * users.c - names of the settings to uids and gids.
 */
#include "daemon/users.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

/* For a machine on which nobody has made the system users yet (a checkout):
 * above what Debian hands out, below 65534. */
enum {
	FALLBACK_WORKER = 61801,
	FALLBACK_LOG,
	FALLBACK_LOADER,
	FALLBACK_ADMIN
};

static void
find_one(const char *name, uid_t fallback, struct user *user)
{
	const struct passwd *pw;

	*user = (struct user){ .uid = getuid(), .gid = getgid() };
	if (geteuid() != 0) {
		pw = getpwuid(user->uid);
		if (pw != NULL)
			(void)snprintf(user->name, sizeof(user->name), "%s",
			    pw->pw_name);
		else
			(void)snprintf(user->name, sizeof(user->name), "%u",
			    (unsigned)user->uid);
		return;
	}
	user->change = true;
	pw = name[0] != '\0' ? getpwnam(name) : NULL;
	if (pw != NULL && pw->pw_uid != 0) {
		user->uid = pw->pw_uid;
		user->gid = pw->pw_gid;
		(void)snprintf(user->name, sizeof(user->name), "%s", name);
		return;
	}
	user->by_number = true;
	user->uid = fallback;
	user->gid = fallback;
	(void)snprintf(user->name, sizeof(user->name), "%u",
	    (unsigned)fallback);
}

void
users_find(const struct settings *settings, struct users *users)
{
	find_one(settings->user_worker, FALLBACK_WORKER, &users->worker);
	find_one(settings->user_log, FALLBACK_LOG, &users->log);
	find_one(settings->user_loader, FALLBACK_LOADER, &users->loader);
	find_one(settings->user_admin, FALLBACK_ADMIN, &users->admin);
}

bool
users_in_group(const char *group, const gid_t *groups, size_t count)
{
	const struct group *gr = group[0] != '\0' ? getgrnam(group) : NULL;

	for (size_t i = 0; gr != NULL && i < count; i++)
		if (groups[i] == gr->gr_gid)
			return true;
	return false;
}

bool
users_group_exists(const char *group)
{
	return group[0] != '\0' && getgrnam(group) != NULL;
}
