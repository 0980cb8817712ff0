/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_list.c - lists of host names as others publish them: one name a line,
 * hosts files, UT1-style folders, lines such as *.example and ||example^.  In
 * a list every name stands for itself and all below it.  Lines that are no
 * host are counted and told once a file, with the first of them.
 */
#include "policy/build.h"

#include "lib/address.h"
#include "lib/name.h"

#include <libpsl.h>

#include <sys/mman.h>
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define LIST_BYTES_MAX (UINT64_C(2) << 30)

struct list {
	struct build *b;
	uint32_t set;
	uint16_t source;
	uint32_t file;
	uint64_t names;
	uint64_t bad;
	uint32_t bad_line;
	char bad_text[80];
	uint64_t whole;		/* public suffixes: refused */
	uint32_t whole_line;
	char whole_text[80];
	bool full;
};

/* Names in most lists are settled already; only others take the long way. */
static bool
is_settled(const char *name, size_t length)
{
	size_t label = 0;
	bool digits = true;
	bool dotted = false;

	if (length == 0 || length > NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = name[i];

		if (c == '.') {
			if (label == 0 || label > 63 || name[i - 1] == '-')
				return false;
			label = 0;
			digits = true;
			dotted = true;
			continue;
		}
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		    (c == '-' && label > 0)))
			return false;
		/* A-labels and the like are checked by those who know. */
		if (c == '-' && label == 3 && name[i - 1] == '-')
			return false;
		digits &= c >= '0' && c <= '9';
		label++;
	}
	/* 0x... could be read as a number too */
	return dotted && label > 0 && label <= 63 && !digits &&
	    name[length - 1] != '-' && name[length - label] != '0';
}

static void
add_name(struct list *list, const char *text, size_t length, uint32_t line,
    enum entry_how how)
{
	char name[NAME_MAX_BYTES + 1];
	struct address address;
	size_t n = length;

	if (!is_settled(text, length)) {
		if (name_settle(text, length, name, &n, &address) ==
		    NAME_BAD) {
			if (list->bad++ == 0) {
				list->bad_line = line;
				(void)snprintf(list->bad_text,
				    sizeof(list->bad_text), "%.*s",
				    (int)(length < 60 ? length : 60), text);
			}
			return;
		}
		text = name;
	}
	if (!build_name(list->b, list->source, text, n, how, line)) {
		list->full = true;
		return;
	}
	list->names++;
}

/* One name in one of the forms that lists have; false if it is an exception or
 * a rule about something else than hosts. */
static void
take_word(struct list *list, const char *text, size_t length, uint32_t line)
{
	enum entry_how how = ENTRY_SUFFIX;
	const char *end;

	if (length > 2 && text[0] == '|' && text[1] == '|') {
		/* ||host^ and ||host^$options that do not narrow it */
		text += 2;
		length -= 2;
		end = memchr(text, '^', length);
		if (end == NULL || (end + 1 < text + length &&
		    memcmp(end, "^$third-party", 2) != 0 &&
		    end[1] != '$')) {
			add_name(list, "", 0, line, how);
			return;
		}
		length = (size_t)(end - text);
	} else if (length > 1 && text[0] == '=') {
		how = ENTRY_EXACT;
		text++;
		length--;
	} else if (length > 2 && text[0] == '*' && text[1] == '.') {
		text += 2;
		length -= 2;
	} else if (length > 1 && text[0] == '.') {
		text++;
		length--;
	}
	add_name(list, text, length, line, how);
}

static size_t
word_end(const char *text, size_t length)
{
	size_t n = 0;

	while (n < length && text[n] != ' ' && text[n] != '\t')
		n++;
	return n;
}

/* Names that hosts files give to the machine itself. */
static bool
is_own_name(const char *text, size_t length)
{
	static const char *const names[] = { "localhost", "local",
	    "localhost.localdomain", "broadcasthost", "ip6-localhost",
	    "ip6-loopback", "ip6-localnet", "ip6-mcastprefix",
	    "ip6-allnodes", "ip6-allrouters", "ip6-allhosts", "0.0.0.0" };

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strlen(names[i]) == length &&
		    strncasecmp(text, names[i], length) == 0)
			return true;
	return false;
}

static void
take_line(struct list *list, const char *text, size_t length, uint32_t line)
{
	struct address address;
	size_t first, hash;

	while (length > 0 && isspace((unsigned char)text[length - 1]))
		length--;
	while (length > 0 && (*text == ' ' || *text == '\t')) {
		text++;
		length--;
	}
	/* Comments: "#", "!" of filter lists, "[Adblock Plus]" */
	if (length == 0 || *text == '#' || *text == '!' || *text == '[' ||
	    *text == ';')
		return;
	for (hash = 1; hash < length; hash++)
		if (text[hash] == '#' && (text[hash - 1] == ' ' ||
		    text[hash - 1] == '\t')) {
			length = hash;
			while (length > 0 &&
			    isspace((unsigned char)text[length - 1]))
				length--;
			break;
		}
	first = word_end(text, length);
	if (first == length) {
		take_word(list, text, length, line);
		return;
	}
	/* A hosts file: an address, then names. */
	if (!address_parse(text, first, &address)) {
		add_name(list, text, length, line, ENTRY_SUFFIX); /* bad */
		return;
	}
	while (first < length) {
		size_t n;

		while (first < length && (text[first] == ' ' ||
		    text[first] == '\t'))
			first++;
		n = word_end(text + first, length - first);
		if (n > 0 && !is_own_name(text + first, n))
			add_name(list, text + first, n, line, ENTRY_SUFFIX);
		first += n;
	}
}

static void
take_text(struct list *list, const char *text, size_t length)
{
	const char *end = text + length;
	uint32_t line = 1;

	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	while (text < end && !list->full) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));

		if (stop == NULL)
			stop = end;
		take_line(list, text, (size_t)(stop - text), line++);
		text = stop + 1;
	}
}

/* A whole public suffix in a list covers every site below it. */
static void
look_for_suffixes(struct list *list, uint64_t from)
{
	const psl_ctx_t *psl = psl_builtin();
	const unsigned char *entries = list->b->part[PART_ENTRIES].data;

	if (psl == NULL)
		return;
	for (uint64_t i = from; i < list->b->name_count; i++) {
		const unsigned char *e = entries + list->b->refs[i];
		char name[NAME_MAX_BYTES + 3];
		unsigned dots = 0;

		for (unsigned k = 0; k < e[4] && dots < 3; k++)
			dots += e[ENTRY_HEAD + k] == '.';
		if (dots >= 2 || e[4] > 24)	/* cheap first */
			continue;
		memcpy(name, e + ENTRY_HEAD, e[4]);
		name[e[4]] = '\0';
		if (!psl_is_public_suffix2(psl, name, PSL_TYPE_ICANN |
		    PSL_TYPE_NO_STAR_RULE))
			continue;
		if (list->whole++ == 0) {
			memcpy(&list->whole_line, e, sizeof(uint32_t));
			(void)snprintf(list->whole_text,
			    sizeof(list->whole_text), "%.60s", name);
		}
	}
}

static void
tell(struct list *list, const struct place *at)
{
	struct sources *s = list->b->sources;
	const char *shown = sources_shown(s, list->file);
	struct place here = { .file = list->file };

	if (list->bad > 0) {
		here.line = list->bad_line;
		warn_at(s, &here, "%llu line%s of this list name%s no host "
		    "and %s left out; the first is \"%s\"",
		    (unsigned long long)list->bad, list->bad == 1 ? "" : "s",
		    list->bad == 1 ? "s" : "", list->bad == 1 ? "is" : "are",
		    list->bad_text);
	}
	if (list->whole > 0) {
		here.line = list->whole_line;
		warn_at(s, &here, "\"%s\" is a whole public suffix: every "
		    "site below it is in this list (%llu such line%s); delete "
		    "it unless that is meant", list->whole_text,
		    (unsigned long long)list->whole,
		    list->whole == 1 ? "" : "s");
	}
	if (list->names == 0)
		warn_at(s, at, "the list \"%s\" has no host names", shown);
	if (list->full)
		error_at(s, at, "the list \"%s\" does not fit: all lists "
		    "together may take 4 GiB", shown);
}

/* Whole file at fd, which is closed. */
static void
read_list(struct build *b, uint32_t set, int fd, const char *path,
    const struct place *at)
{
	struct list list = { .b = b, .set = set };
	const char *shown = sources_show(b->sources, path);
	uint64_t from = b->name_count;
	struct stat st;
	void *map = NULL;

	list.file = sources_file(b->sources, shown);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size > LIST_BYTES_MAX) {
		error_at(b->sources, at, "the list \"%s\" cannot be read: it "
		    "is not a plain file, or larger than 2 GiB", shown);
		(void)close(fd);
		return;
	}
	if (st.st_size > 0) {
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE,
		    fd, 0);
		if (map == MAP_FAILED) {
			error_at(b->sources, at, "the list \"%s\" cannot be "
			    "read: %s", shown, sources_why(b->sources,
			    errno));
			(void)close(fd);
			return;
		}
	}
	(void)close(fd);
	if (build_source(b, set, shown, at, &list.source)) {
		uint64_t size = (uint64_t)st.st_size;

		build_digest(b, &size, sizeof(size));
		if (map != NULL) {
			build_digest(b, map, (size_t)st.st_size);
			take_text(&list, map, (size_t)st.st_size);
		}
		look_for_suffixes(&list, from);
		tell(&list, at);
	}
	if (map != NULL)
		(void)munmap(map, (size_t)st.st_size);
}

static void
cannot_open(struct build *b, const char *path, const struct place *at)
{
	error_at(b->sources, at, "the list \"%s\" cannot be read: %s",
	    sources_show(b->sources, path), sources_why(b->sources, errno));
}

/* A UT1-style folder: domains, and urls and expressions that need more than
 * the host. */
static void
read_folder(struct build *b, uint32_t set, const char *path,
    const struct place *at)
{
	static const char *const others[] = { "urls", "expressions" };
	const char *file = arena_format(b->tree->arena, "%s/domains", path);
	int fd = sources_open(b->sources, file);

	if (fd < 0) {
		error_at(b->sources, at, "the folder \"%s\" has no readable "
		    "file \"domains\"; name a list file, or a folder as UT1 "
		    "publishes them", sources_show(b->sources, path));
		return;
	}
	read_list(b, set, fd, file, at);
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		struct stat st;
		bool some;

		file = arena_format(b->tree->arena, "%s/%s", path, others[i]);
		fd = sources_open(b->sources, file);
		if (fd < 0)
			continue;
		some = fstat(fd, &st) == 0 && st.st_size > 0;
		(void)close(fd);
		if (some)
			warn_at(b->sources, at, "\"%s\" is left out: a "
			    "category holds hosts, not addresses of single "
			    "pages", sources_show(b->sources, file));
	}
}

void
build_list(struct build *b, uint32_t set, const char *path,
    const struct place *at)
{
	int fd = sources_open(b->sources, path);
	struct stat st;

	if (fd < 0) {
		cannot_open(b, path, at);
		return;
	}
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		(void)close(fd);
		read_folder(b, set, path, at);
		return;
	}
	read_list(b, set, fd, path, at);
}
