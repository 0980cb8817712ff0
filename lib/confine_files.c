/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine_files.c - Landlock by raw system calls, best effort: each ABI
 * version of the kernel adds rights, and a right that the kernel does not know
 * must not be asked for.  The numbers stand here because the headers of the
 * machine that builds are often older than the kernel of the one that runs.
 */
#include "lib/confine_files.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define CREATE_RULESET_VERSION 1U
#define RULE_PATH_BENEATH 1

#define FS_EXECUTE (UINT64_C(1) << 0)
#define FS_WRITE_FILE (UINT64_C(1) << 1)
#define FS_READ_FILE (UINT64_C(1) << 2)
#define FS_READ_DIR (UINT64_C(1) << 3)
#define FS_REMOVE_DIR (UINT64_C(1) << 4)
#define FS_REMOVE_FILE (UINT64_C(1) << 5)
#define FS_MAKE_DIR (UINT64_C(1) << 7)
#define FS_MAKE_REG (UINT64_C(1) << 8)
#define FS_ABI_1 ((UINT64_C(1) << 13) - 1)
#define FS_REFER (UINT64_C(1) << 13)		/* ABI 2 */
#define FS_TRUNCATE (UINT64_C(1) << 14)		/* ABI 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15)	/* ABI 5 */
#define NET_BIND_TCP (UINT64_C(1) << 0)		/* ABI 4 */
#define NET_CONNECT_TCP (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT_UNIX (UINT64_C(1) << 0)	/* ABI 6 */
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

#define FS_READING (FS_READ_FILE | FS_READ_DIR)
#define FS_WRITING (FS_READING | FS_WRITE_FILE | FS_REMOVE_DIR | \
	FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG | FS_REFER | FS_TRUNCATE)

struct ruleset {
	uint64_t fs, net, scoped;
};

struct beneath {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

static uint64_t
known_fs(long abi)
{
	uint64_t fs = FS_ABI_1;

	if (abi >= 2)
		fs |= FS_REFER;
	if (abi >= 3)
		fs |= FS_TRUNCATE;
	if (abi >= 5)
		fs |= FS_IOCTL_DEV;
	return fs;
}

static int
add_folder(int rules, int fd, uint64_t allowed)
{
	struct beneath beneath = { .allowed = allowed, .fd = fd };

	return (int)syscall(SYS_landlock_add_rule, rules, RULE_PATH_BENEATH,
	    &beneath, 0);
}

static int
add_path(int rules, const char *path, uint64_t allowed)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return 0;	/* is not there: nothing to allow */
	rc = add_folder(rules, fd, allowed);
	(void)close(fd);
	return rc;
}

static int
add_folders(int rules, uint64_t known, enum confine_profile profile,
    const struct confine_folder *folders, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t allowed = folders[i].writable ? FS_WRITING :
		    FS_READING;

		if (add_folder(rules, folders[i].fd, allowed & known) < 0)
			return -1;
	}
	/* A policy may name lists anywhere. */
	if (profile == CONFINE_LOADER && count == 0 &&
	    add_path(rules, "/", FS_READING) < 0)
		return -1;
#ifdef GATEBOOK_SANITIZED
	if (add_path(rules, "/proc", FS_READING) < 0)
		return -1;
#endif
	return 0;
}

int
confine_files(enum confine_profile profile,
    const struct confine_folder *folders, size_t count)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    CREATE_RULESET_VERSION);
	struct ruleset wanted = { 0 };
	size_t size = sizeof(uint64_t);
	int rules, rc, error;

	if (abi <= 0)
		return 0;
	wanted.fs = known_fs(abi);
	if (abi >= 4) {
		size = 2 * sizeof(uint64_t);
		wanted.net = NET_BIND_TCP;
		if (profile != CONFINE_WORKER)
			wanted.net |= NET_CONNECT_TCP;
	}
	if (abi >= 6) {
		size = 3 * sizeof(uint64_t);
		wanted.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
	}
	rules = (int)syscall(SYS_landlock_create_ruleset, &wanted, size, 0);
	if (rules < 0)
		return -1;
	rc = add_folders(rules, wanted.fs, profile, folders, count);
	if (rc == 0)
		rc = (int)syscall(SYS_landlock_restrict_self, rules, 0);
	error = errno;
	(void)close(rules);
	errno = error;
	return rc == 0 ? (int)abi : -1;
}
