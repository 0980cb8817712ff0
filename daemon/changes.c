/* SPDX-License-Identifier: Apache-2.0 */
/*
 * changes.c - what a change of a setting touches.  The first name or prefix
 * that fits counts; a setting that stands in no row touches the workers, so
 * that a new one cannot be forgotten and silently not take effect.
 */
#include "daemon/reload.h"

#include "lib/macros.h"

#include <string.h>

static const struct {
	const char *prefix;
	unsigned touches;
} rows[] = {
	{ "admin.listen", TOUCHES_ADMIN },
	{ "data.folder", TOUCHES_FIXED },
	{ "drain.max", TOUCHES_PARENT },
	{ "geoip.", TOUCHES_POLICY },
	{ "group.", TOUCHES_PARENT | TOUCHES_READER },
	{ "log.", TOUCHES_WRITER | TOUCHES_READER | TOUCHES_WORKERS },
	{ "node.name", TOUCHES_WRITER | TOUCHES_READER | TOUCHES_WORKERS |
	    TOUCHES_PARENT },
	{ "policy.", TOUCHES_POLICY },
	{ "report.file.size", TOUCHES_PARENT },
	{ "report.file", TOUCHES_FIXED },
	{ "report.level", TOUCHES_PARENT | TOUCHES_WRITER | TOUCHES_READER |
	    TOUCHES_WORKERS | TOUCHES_ADMIN },
	{ "run.folder", TOUCHES_FIXED },
	{ "stop.max", TOUCHES_PARENT },
	{ "user.", TOUCHES_FIXED },
};

static unsigned
touched_by(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (strncmp(name, rows[i].prefix, strlen(rows[i].prefix)) == 0)
			return rows[i].touches;
	return TOUCHES_WORKERS;
}

static bool
same_text(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static bool
same_list(const struct settings_list *a, const struct settings_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->item[i], b->item[i]) != 0)
			return false;
	return true;
}

#define SAME_STRING(field) same_text(old->field, new_one->field)
#define SAME_PATH(field) same_text(old->field, new_one->field)
#define SAME_BOOL(field) (old->field == new_one->field)
#define SAME_NUMBER(field) (old->field == new_one->field)
#define SAME_SIZE(field) (old->field == new_one->field)
#define SAME_DURATION(field) (old->field == new_one->field)
#define SAME_CHOICE(field) (old->field == new_one->field)
#define SAME_LIST(field) same_list(&old->field, &new_one->field)

unsigned
settings_compare(const struct settings *old, const struct settings *new_one,
    const char **fixed)
{
	unsigned touches = 0;

	*fixed = NULL;
#define SECTION(title)
#define CHOICES(field, ...)
#define SETTING(field, name, type, dflt, low, high, sentence) \
	if (!SAME_##type(field)) { \
		unsigned touched = touched_by(name); \
		if ((touched & TOUCHES_FIXED) != 0 && *fixed == NULL) \
			*fixed = name; \
		touches |= touched; \
	}
#include "lib/settings.def"
#undef SECTION
#undef CHOICES
#undef SETTING
	return touches;
}
