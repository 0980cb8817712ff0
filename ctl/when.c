/* SPDX-License-Identifier: Apache-2.0 */
/* when.c - see when.h. */
#include "ctl/when.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND UINT64_C(1000000)

/* A time being read: its parts, the smallest unit named and the zone. */
struct parts {
	struct tm tm;
	uint64_t fraction_us;
	uint64_t unit_us;	/* a day, a minute, a second, 1 */
	bool has_zone;
	long zone_s;		/* east of Greenwich */
};

/* Read so many digits; false if they are not there. */
static bool
digits(const char **at, int count, int *out)
{
	*out = 0;
	for (int i = 0; i < count; i++) {
		if (!isdigit((unsigned char)(*at)[i]))
			return false;
		*out = *out * 10 + ((*at)[i] - '0');
	}
	*at += count;
	return true;
}

static bool
literal(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool
read_date(const char **at, struct parts *p)
{
	int year, month, day;

	if (!digits(at, 4, &year) || !literal(at, '-') ||
	    !digits(at, 2, &month) || !literal(at, '-') || !digits(at, 2, &day))
		return false;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	p->tm.tm_year = year - 1900;
	p->tm.tm_mon = month - 1;
	p->tm.tm_mday = day;
	return true;
}

static bool
read_fraction(const char **at, struct parts *p)
{
	uint64_t scale = SECOND;

	if (!literal(at, '.'))
		return true;
	if (!isdigit((unsigned char)**at))
		return false;
	while (isdigit((unsigned char)**at)) {
		scale /= 10;
		p->fraction_us += (uint64_t)(**at - '0') * scale;
		(*at)++;
	}
	p->unit_us = 1;
	return true;
}

/* HH:MM, HH:MM:SS or HH:MM:SS.ffffff; an hour may have one digit. */
static bool
read_clock(const char **at, struct parts *p)
{
	int hour, minute, second = 0;
	int wide = isdigit((unsigned char)(*at)[0]) &&
	    isdigit((unsigned char)(*at)[1]) ? 2 : 1;

	if (!digits(at, wide, &hour) || !literal(at, ':') ||
	    !digits(at, 2, &minute))
		return false;
	p->unit_us = 60 * SECOND;
	if (literal(at, ':')) {
		if (!digits(at, 2, &second))
			return false;
		p->unit_us = SECOND;
		if (!read_fraction(at, p))
			return false;
	}
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	p->tm.tm_hour = hour;
	p->tm.tm_min = minute;
	p->tm.tm_sec = second;
	return true;
}

static bool
read_zone(const char **at, struct parts *p)
{
	int hour, minute = 0;
	bool west = **at == '-';

	if (literal(at, 'Z') || literal(at, 'z')) {
		p->has_zone = true;
		return true;
	}
	if (**at != '+' && **at != '-')
		return true;
	(*at)++;
	if (!digits(at, 2, &hour))
		return false;
	(void)literal(at, ':');
	if (**at != '\0' && !digits(at, 2, &minute))
		return false;
	if (hour > 14 || minute > 59)
		return false;
	p->has_zone = true;
	p->zone_s = (hour * 60L + minute) * (west ? -60 : 60);
	return true;
}

static bool
settle(struct parts *p, bool ends, uint64_t *us)
{
	struct tm tm = p->tm, check = p->tm;
	time_t seconds;
	bool day = p->unit_us == 86400 * SECOND;

	/* timegm() would turn February 30 into March 2. */
	check.tm_isdst = 0;
	if (timegm(&check) < 0 || check.tm_mday != p->tm.tm_mday)
		return false;
	/* The end of a day is the beginning of the next: days with a change of
	 * clocks are shorter or longer. */
	if (ends && day)
		tm.tm_mday++;
	tm.tm_isdst = -1;
	seconds = p->has_zone ? timegm(&tm) - p->zone_s : mktime(&tm);
	if (seconds < 0)
		return false;
	*us = (uint64_t)seconds * SECOND + p->fraction_us;
	if (ends)
		*us += (day ? 0 : p->unit_us) - 1;
	return true;
}

/* "2h", "30m", "45s", "3d", "2w", with or without "ago". */
static bool
read_ago(const char *text, uint64_t now_us, uint64_t *us)
{
	static const struct { const char *word; uint64_t seconds; } units[] = {
		{ "s", 1 }, { "sec", 1 }, { "second", 1 }, { "seconds", 1 },
		{ "m", 60 }, { "min", 60 }, { "minute", 60 },
		{ "minutes", 60 }, { "h", 3600 }, { "hour", 3600 },
		{ "hours", 3600 }, { "d", 86400 }, { "day", 86400 },
		{ "days", 86400 }, { "w", 604800 }, { "week", 604800 },
		{ "weeks", 604800 }
	};
	uint64_t n = 0;
	size_t length;

	if (!isdigit((unsigned char)*text))
		return false;
	while (isdigit((unsigned char)*text) && n < 1000000)
		n = n * 10 + (uint64_t)(*text++ - '0');
	while (*text == ' ')
		text++;
	length = strcspn(text, " ");
	if (text[length] != '\0' && strcmp(text + length, " ago") != 0)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].word) != length ||
		    strncmp(units[i].word, text, length) != 0)
			continue;
		n *= units[i].seconds * SECOND;
		*us = n < now_us ? now_us - n : 0;
		return true;
	}
	return false;
}

/* Take "today" or "yesterday" off the front. */
static bool
read_day_word(const char **at, const struct tm *now, struct parts *p)
{
	static const char *const words[] = { "today", "yesterday" };

	for (int i = 0; i < 2; i++) {
		size_t n = strlen(words[i]);

		if (strncmp(*at, words[i], n) != 0)
			continue;
		*at += n;
		p->tm.tm_year = now->tm_year;
		p->tm.tm_mon = now->tm_mon;
		p->tm.tm_mday = now->tm_mday - i;
		/* Let the first of a month become the last before it. */
		p->tm.tm_hour = 12;
		p->tm.tm_isdst = -1;
		(void)mktime(&p->tm);
		p->tm.tm_hour = 0;
		return true;
	}
	return false;
}

bool
when_read(const char *text, uint64_t now_us, bool ends, uint64_t *us)
{
	struct parts p = { .unit_us = 86400 * SECOND };
	time_t seconds = (time_t)(now_us / SECOND);
	const char *at = text;
	struct tm now;
	bool day;

	if (strcmp(text, "now") == 0) {
		*us = now_us;
		return true;
	}
	if (localtime_r(&seconds, &now) == NULL)
		return false;
	if (read_ago(text, now_us, us))
		return true;
	day = read_day_word(&at, &now, &p);
	if (!day && strlen(text) >= 10 && text[4] == '-') {
		if (!read_date(&at, &p))
			return false;
		day = true;
	}
	if (day && (*at == ' ' || *at == 'T' || *at == 't'))
		at++;
	else if (day && *at != '\0' && *at != 'Z' && *at != '+')
		return false;
	if (*at != '\0' && isdigit((unsigned char)*at) && !read_clock(&at, &p))
		return false;
	if (p.unit_us == 86400 * SECOND && !day)
		return false;
	if (!read_zone(&at, &p) || *at != '\0')
		return false;
	if (day)
		return settle(&p, ends, us);
	p.tm.tm_year = now.tm_year;
	p.tm.tm_mon = now.tm_mon;
	p.tm.tm_mday = now.tm_mday;
	if (!settle(&p, false, us))
		return false;
	if (*us > now_us) {
		/* Through noon, so that no change of clocks is in the way. */
		struct parts before = p;

		before.tm.tm_mday--;
		before.tm.tm_hour = 12;
		before.tm.tm_isdst = -1;
		(void)mktime(&before.tm);
		before.tm.tm_hour = p.tm.tm_hour;
		p = before;
	}
	return settle(&p, ends, us);
}
