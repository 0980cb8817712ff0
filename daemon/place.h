/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.h - making the place ready: one instance, its folders with their
 * owners, enough open files, and nobody left from an earlier life.
 */
#ifndef DAEMON_PLACE_H
#define DAEMON_PLACE_H

#include "daemon/parent.h"

/* Make and open the run folder, take its lock.  Fills run_path, run_fd and
 * pid_fd.  0, or -1 after a report (another instance lives, or no folder). */
int place_run_folder(struct parent *parent);
/* Make data/, data/log/, data/keys/ with the right owners and open them. */
int place_data_folder(struct parent *parent);
/* Raise the limit of open files to what is allowed, and say what it is. */
void place_raise_files(struct parent *parent);
/* End the processes that an earlier parent left when it was killed: they are
 * listed in the run folder.  Their tables are safe there. */
void place_end_leftovers(struct parent *parent);
/* Write that list for a later life. */
void place_list_family(struct parent *parent);
/* Take our names out of the run folder, and the folder if it is empty. */
void place_leave(struct parent *parent);

#endif
