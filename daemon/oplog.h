/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oplog.h - the operator's log as a file (report.file): the children's standard
 * error comes in by pipes, line by line and at most so many a second each, and
 * the file is turned over once at its size, so it can never fill a disk.  The
 * parent's own standard error is the file itself.
 */
#ifndef DAEMON_OPLOG_H
#define DAEMON_OPLOG_H

#include <stdbool.h>
#include <stdint.h>

#define OPLOG_LINES_A_SECOND 50

struct event_base;
struct oplog;
struct oplog_source;

/* Open path for appending and make it our standard error.  NULL after a
 * report. */
struct oplog *oplog_open(struct event_base *base, const char *path,
    uint64_t size);
/* A new size, and the file again if it was moved away. */
void oplog_set_size(struct oplog *oplog, uint64_t size);
/* Take what comes from fd (now ours) until it ends; name is for the line that
 * counts what was held back. */
struct oplog_source *oplog_listen(struct oplog *oplog, int fd,
    const char *name);
/* Take what is left and stop. */
void oplog_forget(struct oplog_source **source);
/* Turn the file over if it has grown past its size: our own lines go straight
 * to it. */
void oplog_check(struct oplog *oplog);
void oplog_close(struct oplog **oplog);

/* Whether one more line may pass this second; counts those that may not.  On
 * the first of a new second *held is how many did not pass in the last.  Pure. */
struct oplog_gate {
	uint64_t second;
	unsigned passed;
	uint64_t held;
};
bool oplog_gate(struct oplog_gate *gate, uint64_t mono_us, uint64_t *held);

#endif
