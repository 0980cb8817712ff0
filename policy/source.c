/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.c - the files of a policy and the faults found in them.  Relative
 * paths are opened below the policy's folder, by descriptor, because the
 * loader's user may be unable to walk there itself.
 */
#include "policy/source.h"

#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FAULTS_MAX 1000

struct one_fault {
	enum policy_severity severity;
	struct place at;
	const char *message;
	size_t group;		/* the fault a note belongs to */
	size_t order;
};

struct sources {
	struct arena *arena;
	int folder;
	bool own_folder;
	bool may_read;
	const char *prefix;	/* "etc/" of "etc/a.policy" */
	const char **shown;
	size_t shown_count;
	struct one_fault *faults;
	size_t fault_count;
	unsigned errors;
	unsigned untold;
};

struct sources *
sources_new(struct arena *arena, const char *path,
    const struct policy_options *options)
{
	struct sources *s = arena_alloc(arena, sizeof(*s));
	const char *slash = strrchr(path, '/');
	size_t length = slash == NULL ? 0 : (size_t)(slash - path) + 1;

	s->arena = arena;
	s->prefix = arena_text(arena, path, length);
	s->may_read = !options->no_files;
	s->folder = options->folder;
	if (s->folder < 0 && s->may_read) {
		s->folder = open(length == 0 ? "." : s->prefix,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		s->own_folder = true;
	}
	return s;
}

static int
compare_faults(const void *va, const void *vb)
{
	const struct one_fault *a = va;
	const struct one_fault *b = vb;

#define BY(field) if (a->field != b->field) \
	return a->field < b->field ? -1 : 1
	BY(group);
	BY(order);
#undef BY
	return 0;
}

/* Faults are told in the order of the text; a note follows its fault. */
static void
order_faults(struct sources *s)
{
	size_t *rank = arena_alloc(s->arena, (s->fault_count + 1) *
	    sizeof(*rank));

	for (size_t i = 0; i < s->fault_count; i++) {
		const struct one_fault *a = &s->faults[i];

		if (a->severity == POLICY_NOTE && i > 0) {
			rank[i] = rank[i - 1];
			continue;
		}
		for (size_t j = 0; j < s->fault_count; j++) {
			const struct one_fault *b = &s->faults[j];
			bool before;

			if (b->severity == POLICY_NOTE)
				continue;
			if (b->at.file != a->at.file)
				before = b->at.file < a->at.file;
			else if (b->at.line != a->at.line)
				before = b->at.line < a->at.line;
			else if (b->at.column != a->at.column)
				before = b->at.column < a->at.column;
			else
				before = j < i;
			rank[i] += before;
		}
	}
	for (size_t i = 0; i < s->fault_count; i++) {
		s->faults[i].group = rank[i];
		s->faults[i].order = i;
	}
	if (s->fault_count > 1)
		qsort(s->faults, s->fault_count, sizeof(*s->faults),
		    compare_faults);
}

void
sources_free(struct sources **sources, policy_complain *complain, void *arg)
{
	struct sources *s = *sources;

	if (s == NULL)
		return;
	*sources = NULL;
	if (s->own_folder && s->folder >= 0)
		(void)close(s->folder);
	if (complain == NULL)
		return;
	order_faults(s);
	for (size_t i = 0; i < s->fault_count; i++) {
		const struct one_fault *f = &s->faults[i];
		struct policy_complaint c = {
			.severity = f->severity,
			.file = s->shown[f->at.file],
			.line = f->at.line,
			.column = f->at.column,
			.message = f->message,
		};

		complain(arg, &c);
	}
	if (s->untold > 0) {
		struct policy_complaint c = {
			.severity = POLICY_NOTE,
			.file = s->shown_count > 0 ? s->shown[0] : "",
			.message = arena_format(s->arena, "%u more faults are "
			    "not shown; correct these first", s->untold),
		};

		complain(arg, &c);
	}
}

int
policy_complaint_print(const struct policy_complaint *c, char *out,
    size_t size)
{
	static const char *const words[] = { "error", "warning", "note" };
	const char *word = words[c->severity];

	if (c->line == 0)
		return snprintf(out, size, "%s: %s: %s", c->file, word,
		    c->message);
	if (c->column == 0)
		return snprintf(out, size, "%s:%u: %s: %s", c->file, c->line,
		    word, c->message);
	return snprintf(out, size, "%s:%u:%u: %s: %s", c->file, c->line,
	    c->column, word, c->message);
}

uint32_t
sources_file(struct sources *s, const char *shown)
{
	const char **slot;

	for (size_t i = 0; i < s->shown_count; i++)
		if (strcmp(s->shown[i], shown) == 0)
			return (uint32_t)i;
	slot = ARENA_ADD(s->arena, s->shown, s->shown_count);
	*slot = arena_text(s->arena, shown, strlen(shown));
	return (uint32_t)(s->shown_count - 1);
}

const char *
sources_shown(const struct sources *s, uint32_t file)
{
	assert(file < s->shown_count);
	return s->shown[file];
}

const char *
sources_show(struct sources *s, const char *path)
{
	if (path[0] == '/')
		return path;
	return arena_format(s->arena, "%s%s", s->prefix, path);
}

bool
sources_may_read(const struct sources *s)
{
	return s->may_read;
}

int
sources_open(struct sources *s, const char *path)
{
	if (!s->may_read) {
		errno = EACCES;
		return -1;
	}
	if (path[0] == '/')
		return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
		    O_NOCTTY);
	if (s->folder < 0) {
		errno = ENOENT;
		return -1;
	}
	return openat(s->folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
	    O_NOCTTY);
}

const char *
sources_why(struct sources *s, int error)
{
	if (error == ENOENT || error == ENOTDIR)
		return "there is no such file; check the name (it is taken "
		    "from the folder of the file that names it)";
	if (error == EACCES || error == EPERM)
		return arena_format(s->arena, "the user that loads the policy "
		    "(number %u) may not read it; let others read the file and "
		    "enter every folder above it (chmod o+r FILE, chmod o+x "
		    "FOLDER)", (unsigned)geteuid());
	if (error == EFBIG)
		return "it is too large";
	if (error == EISDIR || error == EINVAL)
		return "it is not a plain file";
	return arena_text(s->arena, strerror(error), strlen(strerror(error)));
}

unsigned
sources_errors(const struct sources *s)
{
	return s->errors;
}

void
fault(struct sources *s, enum policy_severity severity,
    const struct place *at, const char *fmt, ...)
{
	struct one_fault *f;
	char words[2048];
	va_list ap;

	if (severity == POLICY_ERROR)
		s->errors++;
	if (s->fault_count >= FAULTS_MAX) {
		s->untold += severity != POLICY_NOTE;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	f = ARENA_ADD(s->arena, s->faults, s->fault_count);
	*f = (struct one_fault){
		.severity = severity,
		.at = *at,
		.message = arena_text(s->arena, words, strlen(words)),
	};
}

char *
sources_read(struct sources *s, struct arena *arena, const char *path,
    size_t max, size_t *length)
{
	int fd = sources_open(s, path);
	struct stat st;
	char *text;
	size_t got = 0;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (size_t)st.st_size > max) {
		int error = !S_ISREG(st.st_mode) ? EISDIR : EFBIG;

		(void)close(fd);
		errno = error;
		return NULL;
	}
	text = arena_alloc(arena, (size_t)st.st_size + 1);
	while (got < (size_t)st.st_size) {
		ssize_t n = read(fd, text + got, (size_t)st.st_size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int error = errno;

			(void)close(fd);
			errno = error;
			return NULL;
		}
		if (n == 0)
			break;
		got += (size_t)n;
	}
	(void)close(fd);
	text[got] = '\0';
	*length = got;
	return text;
}

/* Edit distance with swaps, given up above 3. */
static unsigned
distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned row[3][66];

	if (la > 64 || lb > 64 || (la > lb ? la - lb : lb - la) > 3)
		return 99;
	for (size_t j = 0; j <= lb; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned *now = row[i % 3];
		const unsigned *last = row[(i + 2) % 3];
		const unsigned *before = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned d = last[j - 1] + (a[i - 1] != b[j - 1]);

			if (last[j] + 1 < d)
				d = last[j] + 1;
			if (now[j - 1] + 1 < d)
				d = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && before[j - 2] + 1 < d)
				d = before[j - 2] + 1;
			now[j] = d;
		}
	}
	return row[la % 3][lb];
}

void
nearest_try(struct nearest *nearest, const char *candidate)
{
	size_t length = strlen(nearest->word);
	unsigned allowed = length <= 3 ? 1 : length <= 7 ? 2 : 3;
	unsigned d = distance(nearest->word, candidate);

	if (d <= allowed && (nearest->best == NULL || d < nearest->distance)) {
		nearest->best = candidate;
		nearest->distance = d;
	}
}
