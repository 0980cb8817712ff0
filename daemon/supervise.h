/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervise.h - how soon a process that died is started again.  The first time
 * at once; a process that keeps dying young waits 100 ms, 200 ms ... 30 s.  A
 * life of a minute makes all well again.
 */
#ifndef DAEMON_SUPERVISE_H
#define DAEMON_SUPERVISE_H

#include <stddef.h>
#include <stdint.h>

#define SUPERVISE_FIRST_US UINT64_C(100000)
#define SUPERVISE_LONGEST_US UINT64_C(30000000)
/* For the one that everybody waits for: the writer, or the last worker. */
#define SUPERVISE_NEEDED_US UINT64_C(2000000)
#define SUPERVISE_WELL_US UINT64_C(60000000)

struct supervise {
	unsigned young_deaths;	/* in a row */
};

/* It died after so long a life: how long to wait before the next, at most
 * longest_us. */
uint64_t supervise_delay(struct supervise *supervise, uint64_t lived_us,
    uint64_t longest_us);
/* What waitpid() told, in words: "killed by signal 9 (Killed)", "ended with
 * status 1". */
void supervise_words(int status, char *out, size_t size);

#endif
