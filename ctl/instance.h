/* SPDX-License-Identifier: Apache-2.0 */
/*
 * instance.h - which gatebook a command means, and the way to talk to it.  Only
 * the path of the settings file and its line run.folder are needed for that, so
 * an auditor who may not read the settings, and an operator who has just broken
 * them, still reach the instance.
 */
#ifndef CTL_INSTANCE_H
#define CTL_INSTANCE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct instance {
	char file[PATH_MAX];	/* of settings */
	char run[PATH_MAX];	/* run folder */
};

/* Find the settings file: given by -c (may be NULL), else the environment
 * GATEBOOK_CONF, else the first that exists of proxy.conf and
 * proxy.conf.example here, in the folder above this program's, and
 * /etc/gatebook/proxy.conf; with running, the first of them whose instance
 * answers goes before.  0, or -1 after saying why. */
int instance_find(const char *given, bool running, struct instance *instance);
/* Connect to a socket of it ("control" or "log").  The descriptor; -1 after
 * saying that nothing runs there and how to start it. */
int instance_connect(const struct instance *instance, const char *name);
/* The value that a settings file gives a word, without judging the file; false
 * if it gives none or cannot be read. */
bool instance_setting(const char *file, const char *word, char *out,
    size_t size);
/* The folder that this program stands in. */
bool instance_program_folder(char out[PATH_MAX]);

/* A conversation of JSON lines. */
struct talk {
	int fd;
	char *line;		/* the last line received, NUL at its end */
	size_t size;
	size_t have;		/* bytes received */
	size_t used;		/* of them taken as lines */
};
void talk_init(struct talk *talk, int fd);
void talk_close(struct talk *talk);
/* Send one line (without newline).  0, or -1 with errno. */
int talk_send(struct talk *talk, const char *line);
/* The next line, not over a megabyte, and its length; NULL when the other end
 * is gone or says nothing for so many seconds (0: no limit). */
char *talk_line(struct talk *talk, unsigned seconds, size_t *length);
/* Whether a line is waiting already. */
bool talk_has_line(const struct talk *talk);

#endif
