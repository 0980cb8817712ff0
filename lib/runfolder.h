/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runfolder.h - where a running instance keeps its sockets and in-flight
 * tables, so that the daemon that makes the folder and a command that looks
 * for it come to the same answer from the same settings file.
 *
 * What stands in it: "control" (unix stream socket, JSON lines, daemon/),
 * "log" (the reader's unix stream socket), "gatebookd.pid" (locked while the
 * instance lives), "book.N" (in-flight tables).
 */
#ifndef LIB_RUNFOLDER_H
#define LIB_RUNFOLDER_H

#include "lib/settings.h"

#include <stddef.h>

#define RUNFOLDER_CONTROL "control"
#define RUNFOLDER_LOG "log"
#define RUNFOLDER_PID "gatebookd.pid"

/* Write the run folder's path to out: what run.folder says, or for "auto"
 * /run/gatebook if the settings file lies below /etc, else a folder in
 * /dev/shm named after the settings file.  0, or -1 if it is too long for a
 * socket's name. */
int run_folder(const struct settings *settings, char *out, size_t size);

#endif
