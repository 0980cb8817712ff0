/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - see names.h. */
#include "daemon/names.h"

#include <fcntl.h>
#include <unistd.h>

/* More of a file is not looked at. */
#define FILE_MAX (4 * 1024 * 1024)

/* FNV-1a; nobody gains by making two of these files look alike. */
static uint64_t
add_file(uint64_t digest, const char *path)
{
	unsigned char bytes[4096];
	size_t left = FILE_MAX;
	ssize_t n;
	int fd;

	digest = (digest ^ 0x100) * UINT64_C(1099511628211);
	if (path == NULL || path[0] == '\0')
		return digest;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return digest;
	while (left > 0 && (n = read(fd, bytes, sizeof(bytes))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			digest = (digest ^ bytes[i]) *
			    UINT64_C(1099511628211);
		left -= (size_t)n < left ? (size_t)n : left;
	}
	(void)close(fd);
	return digest;
}

static uint64_t
digest_of(const struct settings *settings)
{
	uint64_t digest = UINT64_C(14695981039346656037);

	digest = add_file(digest, settings->dns_forward.count == 0 ?
	    "/etc/resolv.conf" : NULL);
	digest = add_file(digest, settings->dns_hosts);
	return add_file(digest, settings->dns_dnssec ? settings->dns_anchor :
	    NULL);
}

void
names_loaded(struct names *names, const struct settings *settings)
{
	names->loaded = names->seen = digest_of(settings);
}

bool
names_differ(const struct names *names, const struct settings *settings)
{
	return digest_of(settings) != names->loaded;
}

bool
names_changed(struct names *names, const struct settings *settings)
{
	uint64_t now = digest_of(settings);
	bool rests = now == names->seen;

	names->seen = now;
	return rests && now != names->loaded;
}
