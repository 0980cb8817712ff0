/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings.c - the table made of settings.def, and how values get into and out
 * of a struct settings.
 */
#include "lib/settings.h"
#include "lib/macros.h"
#include "lib/report.h"
#include "lib/settings_table.h"

#include <stdlib.h>
#include <string.h>

#define SECTION(title)
#define SETTING(field, name, type, dflt, low, high, sentence)
#define CHOICES(field, ...) \
	static const char *const choices_##field[] = { __VA_ARGS__ };
#include "lib/settings.def"
#undef SETTING
#undef CHOICES

#define CHOICES_OF_STRING(field)
#define CHOICES_OF_PATH(field)
#define CHOICES_OF_BOOL(field)
#define CHOICES_OF_NUMBER(field)
#define CHOICES_OF_SIZE(field)
#define CHOICES_OF_DURATION(field)
#define CHOICES_OF_LIST(field)
#define CHOICES_OF_CHOICE(field) \
	.choices = choices_##field, .choice_count = COUNT_OF(choices_##field),

const struct settings_row settings_rows[SETTINGS_IDS] = {
#define SETTING(field, name_, type_, dflt_, low_, high_, sentence_) { \
	.type = SETTINGS_##type_, .name = name_, \
	.offset = offsetof(struct settings, field), .dflt = dflt_, \
	.low = low_, .high = high_, .sentence = sentence_, \
	CHOICES_OF_##type_(field) },
#define CHOICES(field, ...)
#include "lib/settings.def"
#undef SECTION
#undef SETTING
#undef CHOICES
};

enum settings_id
settings_find(const char *name, size_t length)
{
	for (unsigned id = 0; id < SETTINGS_IDS; id++) {
		if (strlen(settings_rows[id].name) == length &&
		    memcmp(settings_rows[id].name, name, length) == 0)
			return (enum settings_id)id;
	}
	return SETTINGS_IDS;
}

/* Levenshtein distance of two words of at most 63 bytes. */
static unsigned
distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned row[64];

	for (unsigned j = 0; j <= b_length; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a_length; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= b_length; j++) {
			unsigned least = diagonal +
			    (a[i - 1] != b[j - 1] ? 1 : 0);

			diagonal = row[j];
			if (row[j] + 1 < least)
				least = row[j] + 1;
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			row[j] = least;
		}
	}
	return row[b_length];
}

enum settings_id
settings_nearest(const char *name, size_t length)
{
	enum settings_id best = SETTINGS_IDS;
	unsigned least = length / 3 > 2 ? (unsigned)length / 3 + 1 : 3;

	if (length >= 64)
		return SETTINGS_IDS;
	for (unsigned id = 0; id < SETTINGS_IDS; id++) {
		const char *other = settings_rows[id].name;
		unsigned d = distance(name, length, other, strlen(other));

		if (d < least) {
			least = d;
			best = (enum settings_id)id;
		}
	}
	return best;
}

char **
settings_text(struct settings *settings, enum settings_id id)
{
	return (char **)(void *)((char *)settings + settings_rows[id].offset);
}

struct settings_list *
settings_list(struct settings *settings, enum settings_id id)
{
	return (struct settings_list *)(void *)((char *)settings +
	    settings_rows[id].offset);
}

static void *
allocate(size_t size)
{
	void *p = calloc(1, size);

	if (p == NULL)
		report_bug("out of memory for settings");
	return p;
}

struct settings *
settings_new(void)
{
	return allocate(sizeof(struct settings));
}

char *
settings_copy(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(allocate(size), text, size);
}

void
settings_add(struct settings_list *list, const char *item)
{
	if (list->item == NULL)
		list->item = allocate(SETTINGS_LIST_MAX * sizeof(char *));
	list->item[list->count++] = settings_copy(item);
}

void
settings_clear(struct settings *settings, enum settings_id id)
{
	switch (settings_rows[id].type) {
	case SETTINGS_STRING:
	case SETTINGS_PATH: {
		char **text = settings_text(settings, id);

		free(*text);
		*text = NULL;
		break;
	}
	case SETTINGS_LIST: {
		struct settings_list *list = settings_list(settings, id);

		for (size_t i = 0; i < list->count; i++)
			free(list->item[i]);
		free(list->item);
		list->item = NULL;
		list->count = 0;
		break;
	}
	case SETTINGS_BOOL:
	case SETTINGS_NUMBER:
	case SETTINGS_SIZE:
	case SETTINGS_DURATION:
	case SETTINGS_CHOICE:
		break;
	}
}

void
settings_fill(struct settings *settings, enum settings_id id,
    const char *folder)
{
	char why[SETTINGS_WHY_MAX];

	settings_clear(settings, id);
	if (!settings_set(settings, id, settings_rows[id].dflt, folder, why,
	    sizeof(why)))
		report_bug("the default of %s: %s", settings_rows[id].name,
		    why);
}

struct settings *
settings_defaults(const char *folder)
{
	struct settings *settings = settings_new();

	for (unsigned id = 0; id < SETTINGS_IDS; id++)
		settings_fill(settings, (enum settings_id)id, folder);
	return settings;
}

void
settings_free(struct settings **settings)
{
	if (*settings == NULL)
		return;
	for (unsigned id = 0; id < SETTINGS_IDS; id++)
		settings_clear(*settings, (enum settings_id)id);
	free((*settings)->file);
	free(*settings);
	*settings = NULL;
}
