/* SPDX-License-Identifier: Apache-2.0 */
/* settings_manual.c - the manual page proxy.conf(5), made of the table. */
#include "lib/settings_table.h"

#include <errno.h>
#include <string.h>

static const char head[] =
    ".\\\" SPDX-License-Identifier: Apache-2.0\n"
    ".\\\" Made of lib/settings.def; change that, then see "
    "tests/unit/test_settings.c.\n"
    ".Dd November 23, 2026\n"
    ".Dt PROXY.CONF 5\n"
    ".Os gatebook\n"
    ".Sh NAME\n"
    ".Nm proxy.conf\n"
    ".Nd settings of gatebook\n"
    ".Sh DESCRIPTION\n"
    "The file says where gatebook listens, where it keeps its log and how long"
    " it\nwaits; what people may do stands in the policy.\n"
    "It has one setting a line: its name, a space, its value.\n"
    "Blank lines are skipped, and so is everything from a\n"
    ".Sq #\n"
    "at the start of a line or after a space to the end of the line.\n"
    ".Pp\n"
    "A value may stand in double quotes; inside them a backslash stands before"
    " a\ndouble quote or another backslash.\n"
    "Two double quotes are an empty value.\n"
    "A setting may be given once; those marked\n"
    ".Sq list\n"
    "may be given on up to 256 lines, which together replace the default.\n"
    ".Pp\n"
    "There are these kinds of values:\n"
    ".Bl -tag -width duration\n"
    ".It number\n"
    "a whole number\n"
    ".It size\n"
    "a number of bytes, or a number and K, M or G (of 1024)\n"
    ".It duration\n"
    "a number and its unit: us, ms, s, m, h or d; 0 needs none\n"
    ".It switch\n"
    "on or off; yes and no are taken too\n"
    ".It path\n"
    "a file or folder; relative to the folder of the file of settings\n"
    ".It word\n"
    "one of the words given\n"
    ".It text\n"
    "any text of the form described\n"
    ".El\n"
    ".Pp\n"
    "An unknown name, a bad value or a file that cannot be read is an error;"
    " all\nerrors are reported at once, each with its line, and gatebook does "
    "not start\nor goes on with the settings it has.\n"
    ".Ql gatebook check\n"
    "judges the file,\n"
    ".Ql gatebook settings\n"
    "prints what is in force,\n"
    ".Ql gatebook reload\n"
    "puts changes in force.\n"
    ".Sh SETTINGS\n";

static const char tail[] =
    ".Sh FILES\n"
    ".Bl -tag -width Ds\n"
    ".It Pa /etc/gatebook/proxy.conf\n"
    "the settings of an installed gatebook\n"
    ".It Pa proxy.conf.example\n"
    "every setting with its default and a sentence\n"
    ".El\n"
    ".Sh SEE ALSO\n"
    ".Xr gatebook 1\n";

/* Text of a sentence: no line may begin with a control character. */
static void
put_text(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		(void)fputs("\\&", out);
	for (; *text != '\0'; text++) {
		if (*text == '\\') {
			(void)fputs("\\e", out);
		} else if (text[0] == '.' && text[1] == ' ') {
			(void)fputs(".\n", out);	/* a sentence, a line */
			text++;
		} else {
			(void)fputc(*text, out);
		}
	}
}

static void
put_default(FILE *out, const struct settings_row *row)
{
	if (row->dflt[0] == '\0')
		return;
	(void)fputs("Default: ", out);
	put_text(out, row->dflt);
	(void)fputs(".\n", out);
}

static void
put_range(FILE *out, const struct settings_row *row)
{
	char low[32], high[32];

	settings_format_number(row->type, row->low, low, sizeof(low));
	settings_format_number(row->type, row->high, high, sizeof(high));
	if (row->high == UINT64_MAX)
		(void)fprintf(out, "From %s.\n", low);
	else
		(void)fprintf(out, "From %s to %s.\n", low, high);
}

static void
put_setting(FILE *out, enum settings_id id)
{
	static const char *const kinds[] = {
		[SETTINGS_STRING] = "text",
		[SETTINGS_PATH] = "path",
		[SETTINGS_BOOL] = "switch",
		[SETTINGS_NUMBER] = "number",
		[SETTINGS_SIZE] = "size",
		[SETTINGS_DURATION] = "duration",
		[SETTINGS_CHOICE] = "word",
		[SETTINGS_LIST] = "list",
	};
	const struct settings_row *row = &settings_rows[id];

	(void)fprintf(out, ".It Ic %s Ar %s\n", row->name, kinds[row->type]);
	put_text(out, row->sentence);
	(void)fputc('\n', out);
	switch (row->type) {
	case SETTINGS_NUMBER:
	case SETTINGS_SIZE:
	case SETTINGS_DURATION:
		put_range(out, row);
		break;
	case SETTINGS_CHOICE:
		(void)fputs("One of:", out);
		for (size_t i = 0; i < row->choice_count; i++)
			(void)fprintf(out, " %s%s", row->choices[i],
			    i + 1 < row->choice_count ? "," : ".\n");
		break;
	case SETTINGS_STRING:
	case SETTINGS_PATH:
	case SETTINGS_BOOL:
	case SETTINGS_LIST:
		break;
	}
	put_default(out, row);
}

int
settings_print_manual(FILE *out)
{
	bool open = false;

	(void)fputs(head, out);
#define SECTION(title) \
	(void)fprintf(out, "%s.Ss %s\n.Bl -tag -width Ds\n", \
	    open ? ".El\n" : "", title); \
	open = true;
#define SETTING(field, name, type, dflt, low, high, sentence) \
	put_setting(out, SETTINGS_ID_##field);
#define CHOICES(field, ...)
#include "lib/settings.def"
#undef SECTION
#undef SETTING
#undef CHOICES
	(void)fputs(".El\n", out);
	(void)fputs(tail, out);
	if (fflush(out) != 0)
		return -1;
	if (ferror(out)) {
		errno = EIO;
		return -1;
	}
	return 0;
}
