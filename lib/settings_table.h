/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings_table.h - settings.def as rows that code can walk, for the files
 * settings*.c alone.
 */
#ifndef LIB_SETTINGS_TABLE_H
#define LIB_SETTINGS_TABLE_H

#include "lib/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest line of a file, and so longest value, in bytes; and longest line of
 * what settings_print() writes. */
#define SETTINGS_VALUE_MAX 4096
#define SETTINGS_LINE_MAX (3 * SETTINGS_VALUE_MAX)
/* Largest file. */
#define SETTINGS_FILE_MAX (1024 * 1024)
/* Room for why a value will not do. */
#define SETTINGS_WHY_MAX 512
/* In front of the path, in the first line of what settings_print() writes. */
#define SETTINGS_FILE_COMMENT "# gatebook settings of "

enum settings_type {
	SETTINGS_STRING,
	SETTINGS_PATH,
	SETTINGS_BOOL,
	SETTINGS_NUMBER,
	SETTINGS_SIZE,
	SETTINGS_DURATION,
	SETTINGS_CHOICE,
	SETTINGS_LIST
};

struct settings_row {
	enum settings_type type;
	const char *name;
	size_t offset;		/* of the field in struct settings */
	const char *dflt;
	uint64_t low, high;
	const char *sentence;
	const char *const *choices;
	size_t choice_count;
};

/* Positions of settings in the table. */
enum settings_id {
#define SECTION(title)
#define SETTING(field, name, type, dflt, low, high, sentence) \
	SETTINGS_ID_##field,
#define CHOICES(field, ...)
#include "lib/settings.def"
#undef SECTION
#undef SETTING
#undef CHOICES
	SETTINGS_IDS
};

/* In the order of settings.def. */
extern const struct settings_row settings_rows[SETTINGS_IDS];
/* The setting called name (length bytes), or SETTINGS_IDS. */
enum settings_id settings_find(const char *name, size_t length);
/* The setting whose name is most like it, or SETTINGS_IDS if none is near. */
enum settings_id settings_nearest(const char *name, size_t length);

/* Settings with nothing in them, and all defaults into them. */
struct settings *settings_new(void);
void settings_fill(struct settings *settings, enum settings_id id,
    const char *folder);

/* Put a value into its field.  For a LIST it is added, and "" adds nothing.
 * Paths are made absolute by folder.  false, and why is filled with what is
 * allowed, if the value is not of the type. */
bool settings_set(struct settings *settings, enum settings_id id,
    const char *value, const char *folder, char *why, size_t why_size);
/* Copies, and an item more; out of memory ends the process. */
char *settings_copy(const char *text);
void settings_add(struct settings_list *list, const char *item);
/* Forget what is in a field. */
void settings_clear(struct settings *settings, enum settings_id id);
/* Field access by type. */
char **settings_text(struct settings *settings, enum settings_id id);
struct settings_list *settings_list(struct settings *settings,
    enum settings_id id);
/* Write a SIZE or DURATION with the largest unit that loses nothing. */
void settings_format_number(enum settings_type type, uint64_t value, char *out,
    size_t size);

/* Read settings out of text; judge is whether values are held against the rest
 * of the machine too.  file is only for the complaints. */
struct settings *settings_from_text(const char *text, size_t length,
    const char *folder, const char *file, bool judge,
    settings_complaint *on_complaint, void *arg);

/* Judge one value (of a list: one item).  false, and why, if it will not do. */
bool settings_check_value(const struct settings *settings, enum settings_id id,
    const char *value, char *why, size_t why_size);
/* Judge the values against each other; other is the second that is concerned. */
typedef void settings_check_complaint(void *arg, enum settings_id id,
    enum settings_id other, const char *why);
void settings_check_together(const struct settings *settings,
    settings_check_complaint *complain, void *arg);

#endif
