/* SPDX-License-Identifier: Apache-2.0 */
/* trial.c - see trial.h. */
#include "daemon/trial.h"

#include "daemon/family.h"
#include "daemon/oplog.h"
#include "daemon/reload.h"
#include "lib/report.h"

#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
settings_seal(const struct settings *settings)
{
	int fd = memfd_create("settings", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
	bool good = out != NULL && settings_print(settings, out) == 0;

	if (out != NULL && fclose(out) != 0)
		good = false;
	if (good && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK |
	    F_SEAL_GROW | F_SEAL_SEAL) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

int
policy_folder_open(const struct settings *settings)
{
	char folder[4096];
	char *slash;

	if (snprintf(folder, sizeof(folder), "%s", settings->policy_file) >=
	    (int)sizeof(folder)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	slash = strrchr(folder, '/');
	if (slash == NULL)
		(void)snprintf(folder, sizeof(folder), ".");
	else
		slash[slash == folder ? 1 : 0] = '\0';
	return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void
trial_init(struct trial *trial)
{
	*trial = (struct trial){ .settings_fd = -1, .policy_fd = -1,
	    .snapshot.fd = -1 };
}

void
trial_clear(struct trial *trial)
{
	settings_free(&trial->settings);
	listeners_close(&trial->listeners);
	if (trial->settings_fd >= 0)
		(void)close(trial->settings_fd);
	if (trial->policy_fd >= 0)
		(void)close(trial->policy_fd);
	if (trial->snapshot.fd >= 0)
		(void)close(trial->snapshot.fd);
	trial_init(trial);
}

int
trial_prepare(struct trial *trial, const struct parent *parent,
    settings_complaint *complain, void *arg)
{
	const struct settings *settings = trial->settings;
	struct handed none = { .count = 0 };

	trial->workers = family_workers_wanted(settings);
	/* The machine may have got more cores. */
	if (trial->workers != parent->worker_count)
		trial->touches |= TOUCHES_WORKERS;
	trial->settings_fd = settings_seal(settings);
	if (trial->settings_fd < 0) {
		complain(arg, settings->file, 0, "no memory for settings");
		return -1;
	}
	trial->policy_fd = policy_folder_open(settings);
	if (trial->policy_fd < 0) {
		complain(arg, settings->file, 0, "policy.file: its folder "
		    "cannot be opened");
		return -1;
	}
	trial->listeners = listeners_open(settings, trial->workers,
	    parent->listeners, &none, complain, arg);
	return trial->listeners != NULL ? 0 : -1;
}

#define SWAP(type, a, b) do { \
	type swapped = (a); \
	(a) = (b); \
	(b) = swapped; \
} while (0)

void
trial_swap(struct trial *trial, struct parent *parent)
{
	SWAP(struct settings *, trial->settings, parent->settings);
	SWAP(struct listeners *, trial->listeners, parent->listeners);
	SWAP(int, trial->settings_fd, parent->settings_fd);
	SWAP(int, trial->policy_fd, parent->policy_fd);
	SWAP(unsigned, trial->workers, parent->worker_count);
	SWAP(struct snapshot, trial->snapshot, parent->snapshot);
	/* The loader's work is done, or undone. */
	parent->try_settings_fd = -1;
	parent->try_policy_fd = -1;
}

static void
restart(struct seat *seat)
{
	if (seat->current != NULL)
		child_drain(seat->current, 0);
	else
		seat_fill(seat);
}

void
trial_restart_others(unsigned touches, struct parent *parent)
{
	const struct settings *settings = parent->settings;

	if ((touches & TOUCHES_PARENT) != 0) {
		report_set_level((enum report_level)settings->report_level);
		if (parent->oplog != NULL)
			oplog_set_size(parent->oplog,
			    settings->report_file_size);
		parent_name_node(parent);
	}
	if ((touches & TOUCHES_WRITER) != 0)
		restart(&parent->writer);
	if ((touches & TOUCHES_READER) != 0)
		restart(&parent->reader);
	if ((touches & TOUCHES_ADMIN) != 0)
		restart(&parent->admin);
}
