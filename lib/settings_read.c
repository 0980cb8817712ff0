/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings_read.c - a file of settings, line by line.  Nothing stops at the
 * first fault: each is complained about with its line, and only a file without
 * any becomes settings.
 */
#include "lib/report.h"
#include "lib/settings_table.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reading {
	struct settings *settings;
	const char *folder;		/* relative paths start here */
	const char *file;		/* as the person named it */
	settings_complaint *complain;
	void *arg;
	unsigned complaints;
	unsigned line;			/* being read */
	unsigned given[SETTINGS_IDS];	/* line of the first, 0 for none */
	bool wrong[SETTINGS_IDS];	/* complained about */
	bool judge;			/* look beyond the form of values */
	bool loose;			/* faults are left at the default */
};

__attribute__((format(printf, 3, 4)))
static void
complain(struct reading *r, unsigned line, const char *fmt, ...)
{
	char message[1024];
	va_list ap;

	r->complaints++;
	if (r->complain == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	r->complain(r->arg, r->file, line, message);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Take the quotes off a value in place.  NULL, and a complaint, if they do not
 * match or something stands behind them. */
static char *
unquote(struct reading *r, char *value)
{
	char *in = value + 1, *out = value;

	for (; *in != '\0' && *in != '"'; in++) {
		if (*in == '\\') {
			in++;
			if (*in != '"' && *in != '\\') {
				complain(r, r->line, "Inside double quotes a "
				    "backslash stands only before \" or \\; "
				    "write \\\\ for a backslash.");
				return NULL;
			}
		}
		*out++ = *in;
	}
	if (*in == '\0') {
		complain(r, r->line, "The closing double quote is missing.");
		return NULL;
	}
	in++;
	while (is_blank(*in))
		in++;
	if (*in != '\0' && *in != '#') {
		complain(r, r->line, "After the closing double quote comes "
		    "\"%.40s\"; put the whole value into the quotes.", in);
		return NULL;
	}
	*out = '\0';
	return value;
}

/* A value without quotes ends at a # after a space, or at the end. */
static char *
trim(char *value)
{
	size_t n = 0;

	while (value[n] != '\0' &&
	    !(value[n] == '#' && (n == 0 || is_blank(value[n - 1]))))
		n++;
	while (n > 0 && is_blank(value[n - 1]))
		n--;
	value[n] = '\0';
	return value;
}

static void
take_value(struct reading *r, enum settings_id id, const char *value)
{
	const struct settings_row *row = &settings_rows[id];
	char why[SETTINGS_WHY_MAX];

	if (r->given[id] != 0 && row->type != SETTINGS_LIST) {
		complain(r, r->line, "%s is given on line %u already; remove "
		    "one of the two.", row->name, r->given[id]);
		return;
	}
	/* What is given replaces a default list as a whole. */
	if (r->given[id] == 0) {
		r->given[id] = r->line;
		if (row->type == SETTINGS_LIST)
			settings_clear(r->settings, id);
	}
	if (!settings_set(r->settings, id, value, r->folder, why,
	    sizeof(why))) {
		complain(r, r->line, "%s cannot be \"%.100s\": %s.", row->name,
		    value, why);
		r->wrong[id] = true;
		settings_fill(r->settings, id, r->folder);
		return;
	}
	if (!r->judge || (row->type == SETTINGS_LIST && value[0] == '\0'))
		return;
	if (!settings_check_value(r->settings, id, value, why, sizeof(why))) {
		complain(r, r->line, "%s cannot be \"%.100s\": %s.", row->name,
		    value, why);
		r->wrong[id] = true;
	}
}

static void
unknown(struct reading *r, const char *name, size_t length)
{
	enum settings_id near = settings_nearest(name, length);

	if (near != SETTINGS_IDS)
		complain(r, r->line, "There is no setting \"%.*s\". Did you "
		    "mean %s?", (int)length, name, settings_rows[near].name);
	else
		complain(r, r->line, "There is no setting \"%.*s\". See "
		    "proxy.conf.example for all there are.",
		    (int)(length < 60 ? length : 60), name);
}

static void
take_line(struct reading *r, char *line)
{
	enum settings_id id;
	size_t length;
	char *value;

	while (is_blank(*line))
		line++;
	if (*line == '\0' || *line == '#')
		return;
	length = strcspn(line, " \t\r");
	id = settings_find(line, length);
	if (id == SETTINGS_IDS) {
		unknown(r, line, length);
		return;
	}
	value = line + length;
	while (is_blank(*value))
		value++;
	if (*value == '\0' || *value == '#') {
		complain(r, r->line, "%s has no value. %s (Write \"\" for an "
		    "empty one.)", settings_rows[id].name,
		    settings_rows[id].sentence);
		return;
	}
	value = *value == '"' ? unquote(r, value) : trim(value);
	if (value != NULL)
		take_value(r, id, value);
}

/* Whether the line is text; a complaint if not. */
static bool
is_text(struct reading *r, const char *line, size_t length)
{
	/* What we printed has room for the escapes of a longest value. */
	size_t most = r->judge ? SETTINGS_VALUE_MAX : SETTINGS_LINE_MAX;

	if (length >= most) {
		complain(r, r->line, "The line is longer than %zu bytes.",
		    most - 1);
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < 0x20 && !is_blank(line[i])) || c == 0x7f) {
			complain(r, r->line, "Byte %zu of the line is a control"
			    " character; this is not a text file, or was "
			    "damaged.", i + 1);
			return false;
		}
	}
	return true;
}

static void
take_text(struct reading *r, const char *text, size_t length)
{
	size_t at = 0;

	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		at = 3;		/* a byte order mark, from some editors */
	for (r->line = 1; at < length; r->line++) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t n = end != NULL ? (size_t)(end - text) - at :
		    length - at;
		char line[SETTINGS_LINE_MAX];

		if (is_text(r, text + at, n)) {
			memcpy(line, text + at, n);
			line[n] = '\0';
			take_line(r, line);
		}
		at += n + 1;
	}
}

static void
on_together(void *arg, enum settings_id id, enum settings_id other,
    const char *why)
{
	struct reading *r = arg;

	/* What is wrong by itself may agree once it is put right. */
	if (r->wrong[id] || r->wrong[other])
		return;
	complain(r, r->given[id], "%s", why);
}

/* Defaults are judged like what is given: a policy that is not where the default
 * says is a fault too. */
static void
judge_rest(struct reading *r)
{
	char why[SETTINGS_WHY_MAX];

	for (unsigned i = 0; i < SETTINGS_IDS; i++) {
		enum settings_id id = (enum settings_id)i;

		if (r->given[id] != 0 ||
		    settings_rows[id].type == SETTINGS_LIST ||
		    settings_check_value(r->settings, id,
		    settings_rows[id].dflt, why, sizeof(why)))
			continue;
		complain(r, 0, "%s is not set, and its default \"%s\" will not"
		    " do: %s.", settings_rows[id].name, settings_rows[id].dflt,
		    why);
	}
	settings_check_together(r->settings, on_together, r);
}

static struct settings *
read_into(struct reading *r, const char *text, size_t length)
{
	r->settings = settings_defaults(r->folder);
	take_text(r, text, length);
	if (r->judge)
		judge_rest(r);
	if (r->complaints > 0 && !r->loose)
		settings_free(&r->settings);
	return r->settings;
}

struct settings *
settings_from_text(const char *text, size_t length, const char *folder,
    const char *file, bool judge, settings_complaint *on_complaint, void *arg)
{
	struct reading r = {
		.folder = folder,
		.file = file,
		.complain = on_complaint,
		.arg = arg,
		.judge = judge,
	};

	return read_into(&r, text, length);
}

/* All of a file, or NULL with errno; EFBIG beyond SETTINGS_FILE_MAX.  The
 * descriptor's position is shared with other processes and left alone. */
static char *
read_all(int fd, size_t *length)
{
	char *text = malloc(SETTINGS_FILE_MAX + 1);
	size_t at = 0;
	ssize_t n;

	if (text == NULL)
		return NULL;
	while (at <= SETTINGS_FILE_MAX) {
		n = pread(fd, text + at, SETTINGS_FILE_MAX + 1 - at,
		    (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	if (n < 0 || at > SETTINGS_FILE_MAX) {
		if (n >= 0)
			errno = EFBIG;
		free(text);
		return NULL;
	}
	*length = at;
	return text;
}

static const char *
advice(int error)
{
	switch (error) {
	case ENOENT:
		return "name another file with -c, or copy proxy.conf.example "
		    "there";
	case EACCES:
		return "let the user you are read it, or become another";
	case EISDIR:
		return "name the file in it";
	case EILSEQ:
		return "there is a control character in its path; rename the "
		    "file or folder";
	case EFBIG:
		return "a file of settings has at most 1 MiB";
	default:
		return "name another file with -c";
	}
}

static char *
read_file(const char *path, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int error;
	char *text;

	if (fd < 0)
		return NULL;
	text = read_all(fd, length);
	error = errno;
	(void)close(fd);
	errno = error;
	return text;
}

/* Where the control characters in a path would end up in lines of text. */
static bool
is_plain(const char *path)
{
	for (; *path != '\0'; path++) {
		if ((unsigned char)*path < 0x20 || *path == 0x7f)
			return false;
	}
	return true;
}

/* Read a file by a reading that says how.  NULL with errno if it cannot be
 * read, NULL with errno 0 if there were complaints. */
static struct settings *
read_path(struct reading *r, const char *path)
{
	char *file = realpath(path, NULL), *text, *folder;
	size_t length = 0;

	if (file == NULL)
		return NULL;
	text = is_plain(file) ? read_file(file, &length) : NULL;
	if (text == NULL) {
		if (!is_plain(file))
			errno = EILSEQ;
		free(file);
		return NULL;
	}
	folder = settings_copy(file);
	folder[strrchr(folder, '/') == folder ? 1 :
	    strrchr(folder, '/') - folder] = '\0';
	r->folder = folder;
	r->file = path;
	if (read_into(r, text, length) != NULL) {
		r->settings->file = file;
		file = NULL;
	}
	free(folder);
	free(text);
	free(file);
	errno = 0;
	return r->settings;
}

struct settings *
settings_read(const char *path, settings_complaint *on_complaint, void *arg)
{
	struct reading r = { .complain = on_complaint, .arg = arg,
		.judge = true };
	struct settings *settings = read_path(&r, path);
	int error = errno;

	if (settings == NULL && error != 0) {
		r.file = path;
		complain(&r, 0, "It cannot be read: %s; %s.", strerror(error),
		    advice(error));
	}
	return settings;
}

struct settings *
settings_read_loose(const char *path)
{
	struct reading r = { .loose = true };

	return read_path(&r, path);
}

struct settings *
settings_read_fd(int fd)
{
	const size_t mark = strlen(SETTINGS_FILE_COMMENT);
	struct settings *settings;
	size_t length = 0;
	char *text = read_all(fd, &length);
	const char *end;

	if (text == NULL)
		return NULL;
	settings = settings_from_text(text, length, "/", "settings", false,
	    NULL, NULL);
	end = memchr(text, '\n', length);
	if (settings != NULL && end != NULL &&
	    (size_t)(end - text) > mark &&
	    memcmp(text, SETTINGS_FILE_COMMENT, mark) == 0)
		settings->file = strndup(text + mark,
		    (size_t)(end - text) - mark);
	free(text);
	return settings;
}
