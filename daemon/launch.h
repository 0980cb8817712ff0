/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.h - from nothing to a process: fork, become its user, keep nothing
 * but the channel, exec.
 */
#ifndef DAEMON_LAUNCH_H
#define DAEMON_LAUNCH_H

#include "daemon/users.h"

#include <sys/types.h>

struct launch {
	const char *folder;	/* of the programs */
	const char *program;
	const struct user *user;
	bool pipe_words;	/* standard error to a pipe */
	/* results */
	pid_t pid;
	int channel;
	int words;		/* read end of that pipe, or -1 */
};

/* Start it.  0, or -1 after a report. */
int launch(struct launch *launch);
/* The folder that holds the other programs: beside our own executable, or
 * lib/gatebook beside the bin or sbin that holds it.  0 or -1. */
int launch_folder(char *out, size_t size);

#endif
