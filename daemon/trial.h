/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trial.h - settings, sockets and a snapshot that are tried, or that were in
 * force before: all that a reload exchanges, in one piece.
 */
#ifndef DAEMON_TRIAL_H
#define DAEMON_TRIAL_H

#include "daemon/parent.h"

struct trial {
	struct settings *settings;
	int settings_fd;
	int policy_fd;
	struct listeners *listeners;
	unsigned workers;
	unsigned touches;
	struct snapshot snapshot;
};

void trial_init(struct trial *trial);
/* Free and close what it holds. */
void trial_clear(struct trial *trial);
/* trial->settings and touches are set: open what they need.  0, or -1 after
 * complaining. */
int trial_prepare(struct trial *trial, const struct parent *parent,
    settings_complaint *complain, void *arg);
/* Exchange what it holds with what is in force. */
void trial_swap(struct trial *trial, struct parent *parent);
/* Start those again that read a touched setting at their start (all but
 * workers), and take over what the parent itself reads. */
void trial_restart_others(unsigned touches, struct parent *parent);

/* A sealed memfd of all settings for the children; -1 with errno. */
int settings_seal(const struct settings *settings);
/* The folder of the policy; -1 with errno. */
int policy_folder_open(const struct settings *settings);

#endif
