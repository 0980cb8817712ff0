/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervise.c - the delay of a restart, and a death in words.  Pure: the clock
 * is the caller's.
 */
#include "daemon/supervise.h"

#include <sys/wait.h>

#include <stdio.h>
#include <string.h>

uint64_t
supervise_delay(struct supervise *supervise, uint64_t lived_us,
    uint64_t longest_us)
{
	uint64_t delay = 0;
	unsigned deaths;

	if (lived_us >= SUPERVISE_WELL_US)
		supervise->young_deaths = 0;
	deaths = supervise->young_deaths;
	if (deaths > 0) {
		delay = longest_us;
		if (deaths < 20 && SUPERVISE_FIRST_US << (deaths - 1) < delay)
			delay = SUPERVISE_FIRST_US << (deaths - 1);
	}
	if (deaths < 1000)
		supervise->young_deaths++;
	return delay;
}

void
supervise_words(int status, char *out, size_t size)
{
	if (WIFSIGNALED(status))
		(void)snprintf(out, size, "killed by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		(void)snprintf(out, size, "ended with status %d",
		    WEXITSTATUS(status));
}
