/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_lines.c - the lines, one after the other.  Each must stand at the place
 * it states and have the hash that was kept when it was written; where one does
 * not, both trees are grown, with the line as it is and with the hash that was
 * kept, and the signed heads tell later which of them is the log's.
 */
#include "logging/verify_parts.h"

#include "logging/leaves.h"
#include "logging/line_read.h"
#include "logging/recover.h"
#include "logging/segments.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM (1024 * 1024)		/* of a file at a time */
#define BEAT (16 * 1024 * 1024)
#define HEAD_BYTES 2560			/* of a line, with its place and kind */

struct file {
	uint64_t number;
	bool newest;
	uint64_t lines;
	const char *next;		/* what follows the line at hand */
	size_t next_length;		/* as far as it is read */
	int fd;
	char *bytes;
	size_t have;
	uint64_t read;			/* bytes of the file so far */
	uint64_t size;
};

static const unsigned char unknown[TREE_HASH];

/* The hash kept for a line; NULL if there is none. */
static const unsigned char *
kept(struct verify *v, uint64_t leaf)
{
	if (leaf < v->hash_at || leaf >= v->hash_at + v->hash_count) {
		v->hash_at = leaf;
		v->hash_count = leaves_read(v->request->folder, leaf,
		    v->hash[0], VERIFY_STORED);
	}
	return v->hash_count == 0 ? NULL : v->hash[leaf - v->hash_at];
}

static bool
is_kept(struct verify *v, uint64_t leaf, const unsigned char hash[TREE_HASH])
{
	const unsigned char *there = kept(v, leaf);

	if (there != NULL && memcmp(there, hash, TREE_HASH) == 0)
		return true;
	/* It may have been written since this block was read. */
	v->hash_count = 0;
	there = kept(v, leaf);
	return there != NULL && memcmp(there, hash, TREE_HASH) == 0;
}

static void
fork_trees(struct verify *v)
{
	if (!v->forked)
		tree_copy(&v->stored, &v->lines);
	v->forked = true;
}

static void
grow(struct verify *v, const unsigned char line[TREE_HASH],
    const unsigned char *stored)
{
	if (v->forked)
		tree_append(v->hasher, &v->stored,
		    stored == NULL ? line : stored);
	tree_append(v->hasher, &v->lines, line);
	verify_pass_heads(v);
}

/* Go on to a place with the hashes that were kept of lines that are not there.
 * How many of them nobody knows any more. */
static uint64_t
go_without_lines(struct verify *v, uint64_t to)
{
	uint64_t nobody = 0;
	const unsigned char *there;

	while (v->lines.size < to) {
		there = kept(v, v->lines.size);
		if (there == NULL || leaves_is_unknown(there))
			nobody++;
		if (there == NULL)
			v->no_hashes = true;
		grow(v, there == NULL ? unknown : there, there);
	}
	return nobody;
}

static void
missing(struct verify *v, uint64_t to)
{
	uint64_t from = v->lines.size;

	if (to == from + 1)
		verify_say(v, VERIFY_FAULT, "Record %" PRIu64 " is missing.",
		    from);
	else
		verify_say(v, VERIFY_FAULT, "Records %" PRIu64 " to %" PRIu64
		    " are missing.", from, to - 1);
	(void)go_without_lines(v, to);
}

/* What the log says about itself, for the reader of the verdict. */
static void
look_at_own(struct verify *v, const char *line, size_t length,
    const char *action, size_t n)
{
	char words[300], cause[40] = "";
	struct line_value value;
	int64_t number;

	if (n == 14 && memcmp(action, "segment-delete", n) == 0 &&
	    line_find(line, length, "gatebook.segment.id", &value) &&
	    line_number(&value, &number)) {
		if (v->deleted_first == 0 ||
		    (uint64_t)number != v->deleted_last + 1)
			v->deleted_first = (uint64_t)number;
		v->deleted_last = (uint64_t)number;
		return;
	}
	if ((n != 3 || memcmp(action, "gap", n) != 0) &&
	    (n != 9 || memcmp(action, "recovered", n) != 0))
		return;
	if (line_find(line, length, "gatebook.gap.cause", &value))
		(void)line_text(&value, cause, sizeof(cause));
	if (line_find(line, length, "event.reason", &value) ||
	    line_find(line, length, "message", &value))
		(void)line_text(&value, words, sizeof(words));
	else
		words[0] = '\0';
	verify_say(v, VERIFY_NOTE, "Record %" PRIu64 " tells of a break "
	    "(%s): %s", v->lines.size, cause, words);
}

/* Whether the first line there is says that nothing in its file was before. */
static void
look_at_first(struct verify *v, const struct file *file, const char *line,
    size_t length, uint64_t sequence)
{
	struct line_value value;
	int64_t before;

	if (file->lines > 1 || file->number != v->first_file)
		return;
	if (line_find(line, length, "gatebook.log.size", &value) &&
	    line_number(&value, &before) && (uint64_t)before == sequence)
		v->first_file_whole = true;
	else if (line_find(line, length, "event.action", &value) &&
	    (line_equal(&value, "start") || line_equal(&value,
	    "segment-open")) && !line_find(line, length,
	    "gatebook.log.key_id", &value))
		v->first_file_whole = true;	/* from before there was a tree */
}

static void
changed(struct verify *v, uint64_t place)
{
	if (v->changed_count < VERIFY_CHANGED)
		v->changed[v->changed_count] = place;
	v->changed_count++;
}

/* Whether a line may stand so far on: there are hashes or a head up to it. */
static bool
can_be(struct verify *v, uint64_t sequence)
{
	size_t i;

	for (i = 0; i < v->head_count; i++)
		if (sequence < v->head[i].head.size)
			return true;
	return kept(v, sequence) != NULL;
}

static void
begin(struct verify *v, struct file *file, uint64_t sequence)
{
	v->began = true;
	v->first_file = file->number;
	v->result->first = sequence;
	if (go_without_lines(v, sequence) > 0)
		verify_say(v, VERIFY_NOTE, "Some of the records before %"
		    PRIu64 " were deleted before the log had a tree; it holds "
		    "no hash of them.", sequence);
}

/* The word of event.action, if it is one of those that tell of the log. */
static const char *
own_action(const char *line, size_t length, size_t *n)
{
	static const char before[] = ",\"event.action\":\"";
	const char *kind, *quote;

	kind = memmem(line, length, before, sizeof(before) - 1);
	if (kind == NULL)
		return NULL;
	kind += sizeof(before) - 1;
	quote = memchr(kind, '"', (size_t)(line + length - kind));
	if (quote == NULL)
		return NULL;
	*n = (size_t)(quote - kind);
	return kind;
}

static void
misplaced(struct verify *v, const struct file *file, uint64_t sequence)
{
	verify_say(v, VERIFY_FAULT, "Record %" PRIu64 " stands again, or in "
	    "the wrong place: line %" PRIu64 " of file %08" PRIu64 ".jsonl.",
	    sequence, file->lines, file->number);
}

/* The line belongs further on.  Are those before it missing, or is it the one
 * that is out of place?  The line behind it tells. */
static bool
find_place_ahead(struct verify *v, const struct file *file, uint64_t sequence)
{
	uint64_t place = v->lines.size, next;

	if (sequence > place + 1 && recover_line_sequence(file->next,
	    file->next_length < HEAD_BYTES ? file->next_length : HEAD_BYTES,
	    &next) && (next == place || next == place + 1)) {
		misplaced(v, file, sequence);
		if (next == place + 1)
			missing(v, next);
		return false;
	}
	missing(v, sequence);
	return true;
}

/* Go to the place of a line; false if it belongs to another one. */
static bool
find_place(struct verify *v, const struct file *file, uint64_t sequence,
    const unsigned char hash[TREE_HASH])
{
	uint64_t place = v->lines.size;

	if (sequence == place)
		return true;
	if (!is_kept(v, sequence, hash) && (kept(v, sequence) != NULL ||
	    sequence < place || !can_be(v, sequence)))
		return true;		/* what it states cannot be right */
	if (sequence > place)
		return find_place_ahead(v, file, sequence);
	misplaced(v, file, sequence);
	return false;
}

static void
take_line(struct verify *v, struct file *file, const char *line, size_t length)
{
	size_t head = length < HEAD_BYTES ? length : HEAD_BYTES, n;
	unsigned char hash[TREE_HASH];
	const unsigned char *there;
	const char *action;
	uint64_t sequence, place;
	bool says;

	file->lines++;
	says = recover_line_sequence(line, head, &sequence);
	tree_leaf(v->hasher, line, length, hash);
	if (!v->began)
		begin(v, file, says && (is_kept(v, sequence, hash) ||
		    file->number > 1) && can_be(v, sequence) ? sequence : 0);
	if (says && !find_place(v, file, sequence, hash))
		return;
	place = v->lines.size;
	if (says && sequence == place) {
		look_at_first(v, file, line, length, sequence);
		action = own_action(line, head, &n);
		if (action != NULL)
			look_at_own(v, line, length, action, n);
	}
	there = is_kept(v, place, hash) ? hash : kept(v, place);
	if (there == NULL)
		v->no_hashes = true;
	else if (there != hash) {
		fork_trees(v);
		changed(v, place);
	}
	if (there == hash && (!says || sequence != place))
		verify_say(v, VERIFY_FAULT, "The record at place %" PRIu64
		    " states another place.", place);
	grow(v, hash, there);
}

/* Whether there is nothing but zeros from here on. */
static bool
only_zeros(const struct file *file, size_t from)
{
	static const char zeros[4096];
	char bytes[4096];
	uint64_t at;
	ssize_t n;
	size_t i;

	for (i = from; i < file->have; i++)
		if (file->bytes[i] != '\0')
			return false;
	for (at = file->read; at < file->size; at += (uint64_t)n) {
		n = pread(file->fd, bytes, sizeof(bytes), (off_t)at);
		if (n <= 0)
			return true;	/* cut meanwhile */
		if (memcmp(bytes, zeros, (size_t)n) != 0)
			return false;
	}
	return true;
}

static void
beat(struct verify *v, size_t n)
{
	v->result->bytes += n;
	if (v->result->bytes < v->beat)
		return;
	v->beat = v->result->bytes + BEAT;
	if (v->request->progress != NULL)
		v->request->progress(v->request->arg, v->result->bytes,
		    v->total);
}

/* Fill the block; false at the end of the file. */
static int
fill(struct verify *v, struct file *file)
{
	ssize_t n;

	if (file->read >= file->size)
		return 0;
	do {
		uint64_t left = file->size - file->read;

		n = pread(file->fd, file->bytes + file->have,
		    left < ROOM - file->have ? (size_t)left :
		    ROOM - file->have, (off_t)file->read);
	} while (n == -1 && errno == EINTR);
	if (n <= 0)
		return n == 0 ? 0 : -1;
	file->have += (size_t)n;
	file->read += (uint64_t)n;
	beat(v, (size_t)n);
	return 1;
}

/* Whether a writer has the log. */
static bool
is_live(const struct verify *v)
{
	int fd = openat(v->request->folder, "lock", O_RDONLY | O_CLOEXEC |
	    O_NOFOLLOW | O_NONBLOCK);
	bool live = fd != -1 && flock(fd, LOCK_SH | LOCK_NB) == -1;

	if (fd != -1)
		(void)close(fd);
	return live;
}

/* In the newest file zeros end the lines, if no head says that there are more;
 * what comes behind them was written since. */
static bool
may_end(const struct verify *v, const struct file *file)
{
	return file->newest && (!v->result->has_head ||
	    v->lines.size >= v->result->head.size);
}

/* What stands behind the last newline. */
static void
take_rest(struct verify *v, struct file *file)
{
	if (file->have == 0 || (file->newest && is_live(v)))
		return;
	if (!file->newest) {
		take_line(v, file, file->bytes, file->have);
		verify_say(v, VERIFY_FAULT, "File %08" PRIu64 ".jsonl ends "
		    "without the end of a line.", file->number);
		return;
	}
	verify_say(v, VERIFY_NOTE, "%zu bytes behind the last record in file "
	    "%08" PRIu64 ".jsonl are no record; a crash leaves such, and the "
	    "next start sets them aside.", file->have, file->number);
}

static int
take_lines(struct verify *v, struct file *file)
{
	char *at, *end, *newline;
	int got;

	while ((got = fill(v, file)) > 0) {
		at = file->bytes;
		end = at + file->have;
		while (at < end && *at != '\0' &&
		    (newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
			file->next = newline + 1;
			file->next_length = (size_t)(end - file->next);
			take_line(v, file, at, (size_t)(newline - at));
			at = newline + 1;
		}
		file->next_length = 0;
		if (at < end && *at == '\0' && (may_end(v, file) ||
		    only_zeros(file, (size_t)(at - file->bytes)))) {
			if (!file->newest)
				verify_say(v, VERIFY_NOTE, "File %08" PRIu64
				    ".jsonl has zeros behind its last record.",
				    file->number);
			file->have = 0;
			return 0;
		}
		if (at < end && *at == '\0' && (newline = memchr(at, '\n',
		    (size_t)(end - at))) != NULL) {
			take_line(v, file, at, (size_t)(newline - at));
			at = newline + 1;
		}
		file->have = (size_t)(end - at);
		memmove(file->bytes, at, file->have);
		if (file->have == ROOM) {
			take_line(v, file, file->bytes, file->have);
			file->have = 0;
		}
	}
	return got;
}

static int
take_file(struct verify *v, struct file *file)
{
	char name[SEGMENTS_NAME];
	struct stat st;
	int result = -1, error;

	segments_name(file->number, name);
	file->lines = file->read = file->have = 0;
	file->fd = openat(v->request->folder, name,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (file->fd == -1)
		/* Its time was over since the folder was read. */
		return errno == ENOENT && !v->began ? 0 : -1;
	if (fstat(file->fd, &st) == 0 && S_ISREG(st.st_mode)) {
		file->size = (uint64_t)st.st_size;
		v->result->files++;
		while ((result = take_lines(v, file)) > 0)
			;
		take_rest(v, file);
	}
	error = errno;
	(void)close(file->fd);
	errno = error;
	return result;
}

static uint64_t
size_of(const struct verify *v, uint64_t number)
{
	char name[SEGMENTS_NAME];
	struct stat st;

	segments_name(number, name);
	return fstatat(v->request->folder, name, &st, AT_SYMLINK_NOFOLLOW) ==
	    0 ? (uint64_t)st.st_size : 0;
}

int
verify_lines(struct verify *v)
{
	struct file file = { .bytes = malloc(ROOM) };
	uint64_t *numbers = NULL;
	size_t count = 0, i;
	int result = -1;

	if (file.bytes != NULL && segments_list(v->request->folder, &numbers,
	    &count) == 0) {
		result = 0;
		for (i = 0; i < count; i++)
			v->total += size_of(v, numbers[i]);
		for (i = 0; i < count && result == 0; i++) {
			file.number = numbers[i];
			file.newest = i + 1 == count;
			result = take_file(v, &file);
		}
	}
	free(numbers);
	free(file.bytes);
	return result;
}
