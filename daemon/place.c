/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.c - see place.h.  The run folder may lie in /dev/shm, where anybody
 * can make names: what is found there must be ours before it is used.
 */
#include "daemon/place.h"

#include "lib/report.h"
#include "lib/runfolder.h"

#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <linux/magic.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
open_run_folder(struct parent *parent)
{
	const char *path = parent->run_path;
	struct statfs fs;
	struct stat st;

	if (mkdir(path, 0755) != 0 && errno != EEXIST) {
		report(REPORT_ERROR, "run.folder: cannot make %s: %s", path,
		    strerror(errno));
		return -1;
	}
	parent->run_fd = open(path,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (parent->run_fd < 0 || fstat(parent->run_fd, &st) != 0) {
		report(REPORT_ERROR, "run.folder: cannot open %s: %s", path,
		    strerror(errno));
		return -1;
	}
	if (st.st_uid != geteuid()) {
		report(REPORT_ERROR, "run.folder: %s belongs to user %u, not "
		    "to us (%u): remove it, start as that user, or set "
		    "run.folder", path, (unsigned)st.st_uid,
		    (unsigned)geteuid());
		return -1;
	}
	/* Sockets in it are for groups; the tables are 0600. */
	if (fchmod(parent->run_fd, 0755) != 0) {
		report(REPORT_ERROR, "run.folder: %s: %s", path,
		    strerror(errno));
		return -1;
	}
	if (fstatfs(parent->run_fd, &fs) == 0 &&
	    fs.f_type != TMPFS_MAGIC)
		report(REPORT_WARNING, "run.folder: %s is not on tmpfs: the "
		    "tables of running exchanges will cost disk writes", path);
	return 0;
}

static int
lock_pid_file(struct parent *parent)
{
	struct stat ours, there;
	char text[32];
	int n, fd;

	for (int tries = 0; tries < 10; tries++) {
		fd = openat(parent->run_fd, RUNFOLDER_PID,
		    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (fd < 0)
			break;
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			ssize_t got = read(fd, text, sizeof(text) - 1);

			text[got > 0 ? (size_t)got : 0] = '\0';
			text[strcspn(text, "\n")] = '\0';
			report(REPORT_ERROR, "gatebook already runs with these "
			    "settings (process %s): \"gatebook stop\" ends it",
			    text[0] != '\0' ? text : "unknown");
			(void)close(fd);
			return -1;
		}
		/* An ending instance may have removed the name meanwhile. */
		if (fstat(fd, &ours) == 0 && fstatat(parent->run_fd,
		    RUNFOLDER_PID, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
		    ours.st_ino == there.st_ino) {
			n = snprintf(text, sizeof(text), "%ld\n",
			    (long)getpid());
			if (ftruncate(fd, 0) != 0 ||
			    write(fd, text, (size_t)n) != n)
				break;
			parent->pid_fd = fd;
			return 0;
		}
		(void)close(fd);
	}
	report(REPORT_ERROR, "cannot write %s/%s: %s", parent->run_path,
	    RUNFOLDER_PID, strerror(errno));
	return -1;
}

int
place_run_folder(struct parent *parent)
{
	if (run_folder(parent->settings, parent->run_path,
	    sizeof(parent->run_path)) != 0) {
		report(REPORT_ERROR, "run.folder: the path is too long for a "
		    "socket in it; choose one below 80 bytes");
		return -1;
	}
	if (open_run_folder(parent) != 0)
		return -1;
	return lock_pid_file(parent);
}

/* Files that another user of ours wrote before (the system users were made
 * after the first start) become this one's.  Nothing is followed. */
static void
own_files(int folder, const struct user *user)
{
	struct dirent *entry;
	struct stat st;
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		int fd = openat(folder, entry->d_name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

		if (fd < 0)
			continue;
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		    st.st_nlink == 1 && st.st_uid != user->uid &&
		    fchown(fd, user->uid, user->gid) != 0)
			report(REPORT_WARNING, "data.folder: cannot give %s to "
			    "user %s: %s", entry->d_name, user->name,
			    strerror(errno));
		(void)close(fd);
	}
	if (dir != NULL)
		(void)closedir(dir);
}

/* Open a folder below data/, made if it is missing, owned by user. */
static int
open_part(struct parent *parent, const char *name, const struct user *user)
{
	struct stat st;
	int fd;

	if (mkdirat(parent->data_fd, name, 0700) != 0 && errno != EEXIST)
		goto out;
	fd = openat(parent->data_fd, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		goto out;
	if (fstat(fd, &st) != 0 || fchmod(fd, 0700) != 0) {
		(void)close(fd);
		goto out;
	}
	if (user->change) {
		if (fchown(fd, user->uid, user->gid) != 0) {
			(void)close(fd);
			goto out;
		}
		own_files(fd, user);
	} else if (st.st_uid != geteuid()) {
		(void)close(fd);
		errno = EPERM;
		goto out;
	}
	return fd;
out:
	report(REPORT_ERROR, "data.folder: cannot use %s/%s: %s%s",
	    parent->settings->data_folder, name, strerror(errno),
	    errno == EPERM ? ": it belongs to another user; start as that "
	    "user or as root, or set data.folder" : "");
	return -1;
}

int
place_data_folder(struct parent *parent)
{
	const char *path = parent->settings->data_folder;
	int keys;

	if (mkdir(path, 0755) != 0 && errno != EEXIST) {
		report(REPORT_ERROR, "data.folder: cannot make %s: %s", path,
		    strerror(errno));
		return -1;
	}
	parent->data_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent->data_fd < 0) {
		report(REPORT_ERROR, "data.folder: cannot open %s: %s", path,
		    strerror(errno));
		return -1;
	}
	parent->log_fd = open_part(parent, "log", &parent->users.log);
	keys = open_part(parent, "keys", &parent->users.log);
	if (keys >= 0)
		(void)close(keys);
	return parent->log_fd < 0 || keys < 0 ? -1 : 0;
}

void
place_raise_files(struct parent *parent)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		(void)getrlimit(RLIMIT_NOFILE, &limit);
	parent->nofile = limit.rlim_cur;
	report(limit.rlim_cur < 8192 ? REPORT_WARNING : REPORT_INFO,
	    "each process may have %llu open files%s",
	    (unsigned long long)limit.rlim_cur, limit.rlim_cur < 8192 ?
	    ": few for a proxy; raise the hard limit (LimitNOFILE=)" : "");
}

void
place_leave(struct parent *parent)
{
	if (parent->run_fd < 0 || parent->pid_fd < 0)
		return;
	(void)unlinkat(parent->run_fd, RUNFOLDER_CONTROL, 0);
	(void)unlinkat(parent->run_fd, RUNFOLDER_LOG, 0);
	(void)unlinkat(parent->run_fd, "family", 0);
	(void)unlinkat(parent->run_fd, RUNFOLDER_PID, 0);
	/* Stays if tables wait in it, and if it is not ours to remove. */
	(void)rmdir(parent->run_path);
}
