/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.c - clock_gettime(2) through the vDSO, and the calendar by arithmetic:
 * gmtime_r() takes a lock and reads the zone files.
 */
#include "lib/clock.h"

#include <time.h>

static int64_t wall_offset_us;
static int64_t mono_offset_us;

static uint64_t
now_us(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);	/* cannot fail for these clocks */
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t
clock_wall_us(void)
{
	return now_us(CLOCK_REALTIME) + (uint64_t)wall_offset_us;
}

uint64_t
clock_mono_us(void)
{
	return now_us(CLOCK_MONOTONIC) + (uint64_t)mono_offset_us;
}

uint64_t
clock_boot_us(void)
{
	return now_us(CLOCK_BOOTTIME) + (uint64_t)mono_offset_us;
}

void
clock_set_offset(int64_t wall_us, int64_t mono_us)
{
	wall_offset_us = wall_us;
	mono_offset_us = mono_us;
}

static char *
put_digits(char *out, unsigned value, unsigned digits)
{
	for (unsigned i = digits; i > 0; i--) {
		out[i - 1] = (char)('0' + value % 10);
		value /= 10;
	}
	return out + digits;
}

void
clock_format_utc(uint64_t wall_us, char out[28])
{
	uint64_t seconds = wall_us / 1000000;
	unsigned us = (unsigned)(wall_us % 1000000);
	unsigned of_day = (unsigned)(seconds % 86400);
	/* Days since 0000-03-01 of the Gregorian calendar, in eras of 400
	 * years, so that a leap day is always the last day of a year. */
	uint64_t days = seconds / 86400 + 719468;
	uint64_t era = days / 146097;
	unsigned doe = (unsigned)(days % 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned month = (5 * doy + 2) / 153;	/* 0 is March */
	unsigned day = doy - (153 * month + 2) / 5 + 1;
	uint64_t year = era * 400 + yoe + (month >= 10 ? 1 : 0);
	char *p = out;

	if (year > 9999)
		year = 9999;
	p = put_digits(p, (unsigned)year, 4);
	*p++ = '-';
	p = put_digits(p, month < 10 ? month + 3 : month - 9, 2);
	*p++ = '-';
	p = put_digits(p, day, 2);
	*p++ = 'T';
	p = put_digits(p, of_day / 3600, 2);
	*p++ = ':';
	p = put_digits(p, of_day / 60 % 60, 2);
	*p++ = ':';
	p = put_digits(p, of_day % 60, 2);
	*p++ = '.';
	p = put_digits(p, us, 6);
	*p++ = 'Z';
	*p = '\0';
}
