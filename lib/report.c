/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.c - one line a message, made in a buffer on the stack and written with
 * one write(2), so that lines of several processes never mix and nothing is
 * allocated.  A process has one name and one level, which is why they are the
 * only state here.
 */
#include "lib/report.h"
#include "lib/clock.h"
#include "lib/macros.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1000
#define LIMIT_US UINT64_C(60000000)

static char process_name[64];
static enum report_level least_level = REPORT_INFO;
static bool journal;	/* systemd reads our lines and takes <N> as a level */

static const struct {
	int priority;		/* as syslog numbers them */
	const char *word;
} levels[] = {
	[REPORT_ERROR] = { 3, "error: " },
	[REPORT_WARNING] = { 4, "warning: " },
	[REPORT_INFO] = { 6, "" },
	[REPORT_DEBUG] = { 7, "debug: " },
};

void
report_init(const char *name, enum report_level least)
{
	snprintf(process_name, sizeof(process_name), "%s", name);
	least_level = least;
	journal = getenv("JOURNAL_STREAM") != NULL;
}

void
report_set_level(enum report_level least)
{
	least_level = least;
}

/* Length of the UTF-8 sequence at p, or 0 if it is none or a control. */
static size_t
text_length(const unsigned char *p, size_t left)
{
	size_t n;

	if (p[0] < 0x80)
		return p[0] >= 0x20 && p[0] != 0x7f ? 1 : 0;
	if (p[0] >= 0xc2 && p[0] < 0xe0)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] < 0xf0)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] < 0xf5)
		n = 4;
	else
		return 0;
	if (n > left)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if (p[0] == 0xc2 && p[1] < 0xa0)
		return 0;	/* a C1 control */
	return n;
}

static void
replace_controls(char *text, size_t length)
{
	unsigned char *p = (unsigned char *)text;

	for (size_t i = 0; i < length;) {
		size_t n = text_length(p + i, length - i);

		if (n == 0) {
			p[i] = '?';
			n = 1;
		}
		i += n;
	}
}

__attribute__((format(printf, 3, 0)))
static size_t
append(char *line, size_t at, const char *fmt, va_list ap)
{
	int n = vsnprintf(line + at, LINE_MAX_BYTES - at, fmt, ap);

	if (n < 0)
		return at;
	at += (size_t)n;
	return at < LINE_MAX_BYTES ? at : LINE_MAX_BYTES - 1;
}

__attribute__((format(printf, 3, 0)))
static void
write_line(enum report_level level, uint64_t held, const char *fmt, va_list ap)
{
	char line[LINE_MAX_BYTES + 64];
	char name[80];
	size_t at, start;
	ssize_t done;
	int n;

	/* At most 14 bytes and the name, 64: always within LINE_MAX_BYTES. */
	snprintf(name, sizeof(name), "gatebook%s%s",
	    process_name[0] != '\0' ? " " : "", process_name);
	n = journal ? snprintf(line, sizeof(line), "<%d>", levels[level].priority)
	    : 0;
	start = n > 0 ? (size_t)n : 0;
	n = snprintf(line + start, sizeof(line) - start, "%s: %s", name,
	    levels[level].word);
	at = start + (n > 0 ? (size_t)n : 0);
	at = append(line, at, fmt, ap);
	if (held > 0) {
		n = snprintf(line + at, sizeof(line) - at,
		    " (%llu more like this were held back)",
		    (unsigned long long)held);
		if (n > 0)
			at += (size_t)n;
		if (at > sizeof(line) - 1)
			at = sizeof(line) - 1;
	}
	replace_controls(line, at);
	line[at++] = '\n';
	do {
		done = write(STDERR_FILENO, line, at);
	} while (done < 0 && errno == EINTR);
}

void
report(enum report_level level, const char *fmt, ...)
{
	int error = errno;
	va_list ap;

	if (level > least_level)
		return;
	va_start(ap, fmt);
	write_line(level, 0, fmt, ap);
	va_end(ap);
	errno = error;
}

void
report_limited(struct report_limit *limit, enum report_level level,
    const char *fmt, ...)
{
	uint64_t now = clock_mono_us();
	int error = errno;
	va_list ap;

	if (level > least_level)
		return;
	if (now < limit->next_us) {
		limit->held++;
		return;
	}
	va_start(ap, fmt);
	write_line(level, limit->held, fmt, ap);
	va_end(ap);
	limit->held = 0;
	limit->next_us = now + LIMIT_US;
	errno = error;
}

void
report_bug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_line(REPORT_ERROR, 0, fmt, ap);
	va_end(ap);
	abort();
}
