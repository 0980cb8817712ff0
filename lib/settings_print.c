/* SPDX-License-Identifier: Apache-2.0 */
/* settings_print.c - settings as text: for the other processes, for people who
 * ask what is in force, and as an example file. */
#include "lib/settings_table.h"

#include <errno.h>
#include <string.h>

#define WIDTH 79

static bool
needs_quotes(const char *value)
{
	size_t length = strlen(value);

	return length == 0 || value[0] == '"' ||
	    strchr(" \t\r", value[0]) != NULL ||
	    strchr(" \t\r", value[length - 1]) != NULL ||
	    strchr(value, '#') != NULL;
}

static void
print_line(FILE *out, const char *prefix, const char *name, const char *value)
{
	(void)fprintf(out, "%s%s ", prefix, name);
	if (!needs_quotes(value)) {
		(void)fprintf(out, "%s\n", value);
		return;
	}
	(void)fputc('"', out);
	for (const char *p = value; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			(void)fputc('\\', out);
		(void)fputc(*p, out);
	}
	(void)fputs("\"\n", out);
}

static void
print_setting(const struct settings *settings, const struct settings_row *row,
    FILE *out)
{
	const void *field = (const char *)settings + row->offset;
	char number[32];

	switch (row->type) {
	case SETTINGS_STRING:
	case SETTINGS_PATH:
		print_line(out, "", row->name, *(char *const *)field);
		break;
	case SETTINGS_BOOL:
		print_line(out, "", row->name,
		    *(const bool *)field ? "on" : "off");
		break;
	case SETTINGS_NUMBER:
	case SETTINGS_SIZE:
	case SETTINGS_DURATION:
		settings_format_number(row->type, *(const uint64_t *)field,
		    number, sizeof(number));
		print_line(out, "", row->name, number);
		break;
	case SETTINGS_CHOICE:
		print_line(out, "", row->name,
		    row->choices[*(const unsigned *)field]);
		break;
	case SETTINGS_LIST: {
		const struct settings_list *list = field;

		/* An empty list must not be taken for the default. */
		if (list->count == 0)
			print_line(out, "", row->name, "");
		for (size_t i = 0; i < list->count; i++)
			print_line(out, "", row->name, list->item[i]);
		break;
	}
	}
}

int
settings_print(const struct settings *settings, FILE *out)
{
	if (settings->file != NULL)
		(void)fprintf(out, SETTINGS_FILE_COMMENT "%s\n",
		    settings->file);
	for (unsigned id = 0; id < SETTINGS_IDS; id++)
		print_setting(settings, &settings_rows[id], out);
	if (fflush(out) != 0)
		return -1;
	if (ferror(out)) {
		errno = EIO;
		return -1;
	}
	return 0;
}

/* Words of a comment, broken at spaces. */
static void
print_wrapped(FILE *out, const char *text)
{
	size_t column = 0;

	while (*text != '\0') {
		size_t word = strcspn(text, " ");

		if (column > 0 && column + 1 + word > WIDTH) {
			(void)fputc('\n', out);
			column = 0;
		}
		if (column == 0) {
			(void)fputc('#', out);
			column = 1;
		}
		(void)fprintf(out, " %.*s", (int)word, text);
		column += 1 + word;
		text += word;
		text += strspn(text, " ");
	}
	(void)fputc('\n', out);
}

static void
print_section(FILE *out, const char *title)
{
	size_t at = strlen(title) + 7;

	(void)fprintf(out, "\n# --- %s ", title);
	for (; at < WIDTH; at++)
		(void)fputc('-', out);
	(void)fputc('\n', out);
}

static void
print_example(FILE *out, enum settings_id id)
{
	const struct settings_row *row = &settings_rows[id];
	char low[32], high[32], range[96] = "";

	(void)fputc('\n', out);
	print_wrapped(out, row->sentence);
	if (row->type == SETTINGS_NUMBER || row->type == SETTINGS_SIZE ||
	    row->type == SETTINGS_DURATION) {
		settings_format_number(row->type, row->low, low, sizeof(low));
		settings_format_number(row->type, row->high, high,
		    sizeof(high));
		if (row->high == UINT64_MAX)
			(void)snprintf(range, sizeof(range), "From %s.", low);
		else
			(void)snprintf(range, sizeof(range), "From %s to %s.",
			    low, high);
		print_wrapped(out, range);
	}
	print_line(out, "#", row->name, row->dflt);
}

int
settings_print_example(FILE *out)
{
	(void)fputs(
	    "# proxy.conf - settings of gatebook.\n"
	    "#\n"
	    "# Every setting stands here with its default behind a #; take the"
	    " # away and\n"
	    "# change the value to set it. One setting a line: its name, a"
	    " space, its value.\n"
	    "# A value may stand in double quotes. Sizes take K, M or G; times"
	    " take us, ms,\n"
	    "# s, m, h or d. Paths are relative to the folder of this file.\n"
	    "# `gatebook check` judges the file, `gatebook reload` puts it in"
	    " force.\n", out);
#define SECTION(title) print_section(out, title);
#define SETTING(field, name, type, dflt, low, high, sentence) \
	print_example(out, SETTINGS_ID_##field);
#define CHOICES(field, ...)
#include "lib/settings.def"
#undef SECTION
#undef SETTING
#undef CHOICES
	if (fflush(out) != 0)
		return -1;
	if (ferror(out)) {
		errno = EIO;
		return -1;
	}
	return 0;
}
