/* SPDX-License-Identifier: Apache-2.0 */
/* settings_values.c - values of settings as people write them. */
#include "lib/macros.h"
#include "lib/settings_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *word;
	uint64_t times;
};

/* Largest first: printing takes the first that divides. */
static const struct unit size_units[] = {
	{ "G", UINT64_C(1) << 30 },
	{ "M", UINT64_C(1) << 20 },
	{ "K", UINT64_C(1) << 10 },
	{ "", 1 },
};

static const struct unit duration_units[] = {
	{ "d", UINT64_C(86400000000) },
	{ "h", UINT64_C(3600000000) },
	{ "m", UINT64_C(60000000) },
	{ "s", UINT64_C(1000000) },
	{ "ms", 1000 },
	{ "us", 1 },
};

static const struct unit number_units[] = { { "", 1 } };

static const struct unit *
units_of(enum settings_type type, size_t *count)
{
	if (type == SETTINGS_SIZE) {
		*count = COUNT_OF(size_units);
		return size_units;
	}
	if (type == SETTINGS_DURATION) {
		*count = COUNT_OF(duration_units);
		return duration_units;
	}
	*count = COUNT_OF(number_units);
	return number_units;
}

void
settings_format_number(enum settings_type type, uint64_t value, char *out,
    size_t size)
{
	const struct unit *units;
	size_t count, i = 0;

	if (value == 0) {
		(void)snprintf(out, size, "0");
		return;
	}
	units = units_of(type, &count);
	while (value % units[i].times != 0)
		i++;
	(void)snprintf(out, size, "%llu%s",
	    (unsigned long long)(value / units[i].times), units[i].word);
}

/* Digits and a unit; a bare 0 needs no unit. */
static bool
parse_number(enum settings_type type, const char *text, uint64_t *value)
{
	const struct unit *units;
	const char *p = text;
	size_t count;

	*value = 0;
	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		if (*value > (UINT64_MAX - digit) / 10)
			return false;
		*value = *value * 10 + digit;
	}
	if (p == text)
		return false;
	if (*p == '\0' && *value == 0)
		return true;
	units = units_of(type, &count);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(units[i].word, p) != 0)
			continue;
		if (*value > UINT64_MAX / units[i].times)
			return false;
		*value *= units[i].times;
		return true;
	}
	return false;
}

__attribute__((format(printf, 3, 4)))
static bool
refuse(char *why, size_t why_size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, why_size, fmt, ap);
	va_end(ap);
	return false;
}

static bool
set_number(const struct settings_row *row, void *field, const char *value,
    char *why, size_t why_size)
{
	static const char *const hints[] = {
		[SETTINGS_NUMBER] = "a whole number",
		[SETTINGS_SIZE] = "a size such as 64K, 8M or 1G",
		[SETTINGS_DURATION] =
		    "a time with its unit (us, ms, s, m, h or d), such as 30s",
	};
	char low[32], high[32];
	uint64_t number;

	if (parse_number(row->type, value, &number) && number >= row->low &&
	    number <= row->high) {
		memcpy(field, &number, sizeof(number));
		return true;
	}
	settings_format_number(row->type, row->low, low, sizeof(low));
	if (row->high == UINT64_MAX)
		return refuse(why, why_size, "it takes %s, %s or more",
		    hints[row->type], low);
	settings_format_number(row->type, row->high, high, sizeof(high));
	return refuse(why, why_size, "it takes %s, from %s to %s",
	    hints[row->type], low, high);
}

static bool
set_bool(void *field, const char *value, char *why, size_t why_size)
{
	bool on = strcmp(value, "on") == 0 || strcmp(value, "yes") == 0;

	if (!on && strcmp(value, "off") != 0 && strcmp(value, "no") != 0)
		return refuse(why, why_size, "it takes on or off");
	memcpy(field, &on, sizeof(on));
	return true;
}

static bool
set_choice(const struct settings_row *row, void *field, const char *value,
    char *why, size_t why_size)
{
	size_t at;

	for (unsigned i = 0; i < row->choice_count; i++) {
		if (strcmp(row->choices[i], value) == 0) {
			memcpy(field, &i, sizeof(i));
			return true;
		}
	}
	at = (size_t)snprintf(why, why_size, "it takes one of:");
	for (size_t i = 0; i < row->choice_count && at < why_size; i++)
		at += (size_t)snprintf(why + at, why_size - at, " %s",
		    row->choices[i]);
	return false;
}

static bool
set_path(char **field, const char *value, const char *folder, char *why,
    size_t why_size)
{
	char path[SETTINGS_VALUE_MAX];
	int n;

	/* "auto" is the one word that is not a path. */
	if (value[0] == '\0' || value[0] == '/' || strcmp(value, "auto") == 0)
		n = snprintf(path, sizeof(path), "%s", value);
	else
		n = snprintf(path, sizeof(path), "%s/%s",
		    strcmp(folder, "/") == 0 ? "" : folder, value);
	if (n < 0 || (size_t)n >= sizeof(path))
		return refuse(why, why_size, "the path is too long");
	*field = settings_copy(path);
	return true;
}

bool
settings_set(struct settings *settings, enum settings_id id, const char *value,
    const char *folder, char *why, size_t why_size)
{
	const struct settings_row *row = &settings_rows[id];
	void *field = (char *)settings + row->offset;

	switch (row->type) {
	case SETTINGS_STRING:
		settings_clear(settings, id);
		*settings_text(settings, id) = settings_copy(value);
		return true;
	case SETTINGS_PATH:
		settings_clear(settings, id);
		return set_path(settings_text(settings, id), value, folder,
		    why, why_size);
	case SETTINGS_BOOL:
		return set_bool(field, value, why, why_size);
	case SETTINGS_NUMBER:
	case SETTINGS_SIZE:
	case SETTINGS_DURATION:
		return set_number(row, field, value, why, why_size);
	case SETTINGS_CHOICE:
		return set_choice(row, field, value, why, why_size);
	case SETTINGS_LIST:
		if (value[0] == '\0')
			return true;
		if (settings_list(settings, id)->count == SETTINGS_LIST_MAX)
			return refuse(why, why_size,
			    "there are at most %d lines of it",
			    SETTINGS_LIST_MAX);
		settings_add(settings_list(settings, id), value);
		return true;
	}
	return refuse(why, why_size, "it has no type");
}
