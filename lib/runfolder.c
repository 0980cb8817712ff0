/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runfolder.c - from a settings file to the run folder of its instance.  Only
 * the path of the file counts, not who asks, so that an auditor's command
 * finds what root started.
 */
#include "lib/runfolder.h"

#include <sys/un.h>

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest name of a file that stands in it, with its slash and NUL. */
#define LONGEST_NAME 24

static uint64_t
hash_text(const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return hash;
}

int
run_folder(const struct settings *settings, char *out, size_t size)
{
	char real[PATH_MAX];
	const char *file = settings->file != NULL ? settings->file : "";
	int n;

	if (realpath(file, real) != NULL)
		file = real;
	if (strcmp(settings->run_folder, "auto") != 0)
		n = snprintf(out, size, "%s", settings->run_folder);
	else if (strncmp(file, "/etc/", 5) == 0)
		n = snprintf(out, size, "/run/gatebook");
	else
		n = snprintf(out, size, "/dev/shm/gatebook-%016llx",
		    (unsigned long long)hash_text(file));
	if (n < 0 || (size_t)n >= size ||
	    (size_t)n + LONGEST_NAME > sizeof(((struct sockaddr_un *)0)->sun_path))
		return -1;
	return 0;
}
