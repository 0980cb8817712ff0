/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_zone.c - local time as a table from 1970 to 2100, so that deciding
 * needs no file.  The C library reads the zone; we ask it day by day and
 * narrow each change down to the second.
 */
#include "policy/build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ZONE_END INT64_C(4102444800)	/* 2100-01-01 */
#define DAY INT64_C(86400)

static int64_t
offset_now(int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		return 0;
	return tm.tm_gmtoff;
}

static void
add_change(struct build *b, int64_t from, int64_t offset)
{
	struct snap_zone *z = build_add(b, PART_ZONE, NULL);

	z->from = from;
	z->offset = offset;
}

static void
walk_zone(struct build *b)
{
	int64_t last = offset_now(0);

	add_change(b, INT64_MIN, last);
	for (int64_t day = DAY; day < ZONE_END; day += DAY) {
		int64_t offset = offset_now(day);
		int64_t low = day - DAY, high = day;

		if (offset == last)
			continue;
		while (high - low > 1) {
			int64_t middle = low + (high - low) / 2;

			if (offset_now(middle) == last)
				low = middle;
			else
				high = middle;
		}
		add_change(b, high, offset);
		last = offset;
	}
}

static bool
zone_exists(const char *name, int *error)
{
	char path[256];
	char magic[4];
	ssize_t n;
	int fd;

	*error = ENOENT;
	if (name[0] == '/' || name[0] == '.' || strstr(name, "..") != NULL ||
	    strlen(name) > 100)
		return false;
	(void)snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		*error = errno;
		return false;
	}
	n = read(fd, magic, sizeof(magic));
	(void)close(fd);
	return n == 4 && memcmp(magic, "TZif", 4) == 0;
}

bool
build_zone(struct build *b, const char *name, const struct place *at)
{
	const char *before = getenv("TZ");
	char *keep = before == NULL ? NULL : arena_text(b->tree->arena,
	    before, strlen(before));
	int error;

	if (name == NULL || strcmp(name, "UTC") == 0) {
		add_change(b, INT64_MIN, 0);
		return true;
	}
	if (!sources_may_read(b->sources) || !zone_exists(name, &error)) {
		bool none = access("/usr/share/zoneinfo", X_OK) != 0;

		add_change(b, INT64_MIN, 0);
		error_at(b->sources, at, "\"%.100s\" is not a time zone here; "
		    "%s", name, none ? "the time zones of the system are "
		    "missing: install the package tzdata, or write UTC" :
		    "write it as Europe/London or UTC");
		return false;
	}
	(void)setenv("TZ", arena_format(b->tree->arena, ":%s", name), 1);
	tzset();
	walk_zone(b);
	if (keep != NULL)
		(void)setenv("TZ", keep, 1);
	else
		(void)unsetenv("TZ");
	tzset();
	return true;
}
