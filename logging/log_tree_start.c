/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_tree_start.c - what a starting writer does about the tree.
 *
 * Hashes of lines in closed files were made durable with them; those of the
 * newest file may be missing or half written after a crash and are made again
 * from its lines.  The tree must pass through the newest signed head on its way.
 * If it does not, or hashes are missing (a log from before there was a tree),
 * all of it is made again from all lines there are.  If it still does not, the
 * lines are not those that were signed, and nothing is written any more.
 */
#include "logging/log_tree_parts.h"

#include "lib/clock.h"
#include "lib/report.h"
#include "logging/log_key.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 4096			/* hashes read at a time */

enum passing { PASSING_NOT_YET, PASSING_FITS, PASSING_DIFFERS };

/* One way through all leaves. */
struct pass {
	struct log_tree *tree;
	const struct recovery *found;
	bool all;		/* from all lines, trusting no hash */
	bool write;		/* else only look */
	bool differs;		/* hashes in their files are not those */
	bool missing;		/* a hash of a deleted line is not there */
	enum passing passing;	/* the signed head */
	unsigned char (*stored)[TREE_HASH];	/* BLOCK of them */
	uint64_t stored_at;
	size_t stored_count;
};

static void
look_at_head(struct pass *pass)
{
	struct log_tree *tree = pass->tree;
	unsigned char root[TREE_HASH];

	if (!tree->has_head || tree->frontier.size != tree->head.size)
		return;
	tree_root(tree->hasher, &tree->frontier, root);
	pass->passing = memcmp(root, tree->head.root, TREE_HASH) == 0 ?
	    PASSING_FITS : PASSING_DIFFERS;
}

/* The hash that its file has for a leaf; NULL if it has none. */
static const unsigned char *
stored(struct pass *pass, uint64_t leaf)
{
	if (leaf < pass->stored_at ||
	    leaf >= pass->stored_at + pass->stored_count) {
		pass->stored_at = leaf;
		pass->stored_count = leaves_read(pass->tree->place.log_folder,
		    leaf, pass->stored[0], BLOCK);
	}
	return pass->stored_count == 0 ? NULL :
	    pass->stored[leaf - pass->stored_at];
}

static enum segments_result
take(struct pass *pass, const unsigned char leaf[TREE_HASH], bool known)
{
	struct log_tree *tree = pass->tree;
	const unsigned char *there;
	enum segments_result result = SEGMENTS_OK;

	/* All of a large log may take minutes; the parent is to see us alive. */
	if (tree->frontier.size % BLOCK == 0)
		stats_set(&tree->place.stats->heartbeat_us, clock_mono_us());
	if (!known && !pass->write) {
		there = stored(pass, tree->frontier.size);
		if (there == NULL || memcmp(there, leaf, TREE_HASH) != 0)
			pass->differs = true;
	}
	if (pass->write) {
		memcpy(tree->fresh + tree->fresh_count * TREE_HASH, leaf,
		    TREE_HASH);
		tree->fresh_count++;
	}
	log_tree_grow(tree, leaf, pass->write);
	if (tree->fresh_count == LOG_TREE_FRESH)
		result = log_tree_flush(tree);
	look_at_head(pass);
	return result;
}

/* Those below `end`, from their files. */
static enum segments_result
take_stored(struct pass *pass, uint64_t end)
{
	static const unsigned char unknown[TREE_HASH];
	struct log_tree *tree = pass->tree;
	enum segments_result result = SEGMENTS_OK;
	unsigned char root[TREE_HASH];
	const unsigned char *leaf;
	uint64_t at;

	while (result == SEGMENTS_OK && (at = tree->frontier.size) < end) {
		if (!pass->all && at % LEAVES_IN_FILE == 0 &&
		    at + LEAVES_IN_FILE <= end && (!tree->has_head ||
		    tree->head.size <= at ||
		    tree->head.size >= at + LEAVES_IN_FILE) &&
		    leaves_read_root(tree->place.log_folder,
		    at >> LEAVES_LEVEL, root)) {
			tree_append_subtree(tree->hasher, &tree->frontier,
			    root, LEAVES_LEVEL);
			look_at_head(pass);
			continue;
		}
		leaf = stored(pass, at);
		if (leaf == NULL) {
			pass->missing = true;
			if (!pass->all)
				return SEGMENTS_OK;
			leaf = unknown;
		}
		result = take(pass, leaf, leaf != unknown);
	}
	return result;
}

/* The lines of one file.  A line that does not say its place has the next. */
static enum segments_result
take_lines(struct pass *pass, const char *text, size_t size)
{
	static const unsigned char unknown[TREE_HASH];
	struct log_tree *tree = pass->tree;
	enum segments_result result = SEGMENTS_OK;
	unsigned char leaf[TREE_HASH];
	const char *at = text, *end = text + size, *newline;
	uint64_t sequence;

	while (result == SEGMENTS_OK && at < end &&
	    tree->frontier.size < pass->found->sequence &&
	    (newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		if (recover_line_sequence(at, (size_t)(newline - at),
		    &sequence) && sequence < pass->found->sequence)
			while (result == SEGMENTS_OK &&
			    tree->frontier.size < sequence)
				result = take(pass, unknown, false);
		tree_leaf(tree->hasher, at, (size_t)(newline - at), leaf);
		if (result == SEGMENTS_OK)
			result = take(pass, leaf, false);
		at = newline + 1;
	}
	return result;
}

/* The lines of file `number`; those before its first come from hashes. */
static enum segments_result
take_file(struct pass *pass, uint64_t number)
{
	enum segments_result result = SEGMENTS_BROKEN;
	const char *text = NULL, *newline;
	uint64_t first = 0;
	char name[SEGMENTS_NAME];
	struct stat st;
	size_t size = 0;
	int fd, error;

	segments_name(number, name);
	fd = openat(pass->tree->place.log_folder, name,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1 || fstat(fd, &st) == -1)
		goto out;
	size = (size_t)st.st_size;
	result = SEGMENTS_OK;
	if (size == 0)
		goto out;
	text = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (text == MAP_FAILED) {
		text = NULL;
		result = SEGMENTS_BROKEN;
		goto out;
	}
	newline = memchr(text, '\n', size);
	if (newline != NULL && recover_line_sequence(text,
	    (size_t)(newline - text), &first) &&
	    first <= pass->found->sequence)
		result = take_stored(pass, first);
	if (result == SEGMENTS_OK && (!pass->missing || pass->all))
		result = take_lines(pass, text, size);
out:
	error = errno;
	if (text != NULL)
		(void)munmap((void *)(uintptr_t)text, size);
	if (fd != -1)
		(void)close(fd);
	errno = error;
	return result;
}

static enum segments_result
walk(struct pass *pass, bool all, bool write)
{
	enum segments_result result = SEGMENTS_OK;
	struct log_tree *tree = pass->tree;
	uint64_t *numbers = NULL;
	size_t count = 0, i;

	memset(&tree->frontier, 0, sizeof(tree->frontier));
	tree->fresh_count = 0;
	pass->all = all;
	pass->write = write;
	pass->passing = PASSING_NOT_YET;
	pass->stored_count = 0;
	pass->missing = false;
	look_at_head(pass);
	if (segments_list(tree->place.log_folder, &numbers, &count) == -1)
		return SEGMENTS_BROKEN;
	for (i = 0; i < count && result == SEGMENTS_OK; i++)
		if (numbers[i] <= pass->found->number &&
		    (all || numbers[i] == pass->found->number))
			result = take_file(pass, numbers[i]);
	free(numbers);
	if (result == SEGMENTS_OK && (!pass->missing || all))
		result = take_stored(pass, pass->found->sequence);
	if (result == SEGMENTS_OK && write)
		result = log_tree_flush(tree);
	return result;
}

/* Words of why nothing is written; errno says nothing. */
static enum segments_result
refuse(char why[LOG_TREE_WHY], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static enum segments_result
refuse(char why[LOG_TREE_WHY], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(why, LOG_TREE_WHY, fmt, args);
	va_end(args);
	errno = 0;
	return SEGMENTS_BROKEN;
}

static bool
is_good(const struct pass *pass)
{
	return pass->passing == PASSING_FITS || !pass->tree->has_head;
}

/* Make the frontier over all lines found, and their hashes whole. */
static enum segments_result
rebuild(struct log_tree *tree, const struct recovery *found,
    char why[LOG_TREE_WHY])
{
	struct pass pass = { .tree = tree, .found = found };
	enum segments_result result;
	bool all = false;

	pass.stored = calloc(BLOCK, TREE_HASH);
	if (pass.stored == NULL)
		return SEGMENTS_BROKEN;
	result = walk(&pass, false, false);
	if (result == SEGMENTS_OK && (pass.missing || !is_good(&pass))) {
		all = true;
		report(REPORT_INFO, "the hashes of the audit log are made "
		    "again from all its records");
		pass.differs = false;
		result = walk(&pass, true, false);
	}
	if (result == SEGMENTS_OK && !is_good(&pass)) {
		result = refuse(why, "The log was rewritten since its head of "
		    "%" PRIu64 " records was signed: entries that were there "
		    "have been changed or removed. Keep %s/log as it is and "
		    "call your auditor; gatebook log verify says which",
		    tree->head.size, tree->place.data_name);
	} else if (result == SEGMENTS_OK && (pass.differs || all))
		result = walk(&pass, all, true);
	if (result == SEGMENTS_OK && (pass.differs || all) &&
	    leaves_sync(&tree->leaves) != SEGMENTS_OK)
		result = SEGMENTS_BROKEN;
	free(pass.stored);
	return result;
}

/* --- key and head ---------------------------------------------------------------- */

static enum segments_result
result_of(int error)
{
	errno = error;
	return error == ENOSPC || error == EDQUOT ? SEGMENTS_FULL :
	    SEGMENTS_BROKEN;
}

static enum segments_result
find_key(struct log_tree *tree, bool was_signed, char why[LOG_TREE_WHY])
{
	const struct log_tree_place *place = &tree->place;
	char origin[NOTE_NAME];

	if (tree->signer != NULL)
		return SEGMENTS_OK;
	tree->signer = log_key_read(place->key_folder);
	if (tree->signer == NULL && errno == EACCES)
		return refuse(why, "The key of the log, %s/keys/log.key, must "
		    "belong to the log's user and be readable by nobody else "
		    "(mode 0600). Someone may have copied it: ask your auditor "
		    "before you put it right", place->data_name);
	if (tree->signer == NULL && errno != ENOENT)
		return refuse(why, "The key of the log, %s/keys/log.key, "
		    "cannot be read or is damaged. Put it back from a backup",
		    place->data_name);
	if (tree->signer == NULL && was_signed)
		return refuse(why, "The key of the log, %s/keys/log.key, is "
		    "missing. Put it back from a backup; or move the log's "
		    "folder away and begin a new log with a new key",
		    place->data_name);
	if (tree->signer == NULL) {
		log_key_origin(place->origin, origin);
		tree->signer = log_key_make(place->key_folder, origin);
		if (tree->signer == NULL)
			return result_of(errno);
	}
	note_key_print_id(note_signer_key(tree->signer), tree->key_id);
	return SEGMENTS_OK;
}

/* Read the newest head that was signed; none is found where none was. */
static enum segments_result
find_head(struct log_tree *tree, const struct recovery *found,
    char why[LOG_TREE_WHY])
{
	const char *folder = tree->place.data_name;
	struct head_slot slot[HEAD_SLOTS];
	int best;

	if (head_file_read(tree->place.log_folder,
	    note_signer_key(tree->signer), slot) == -1) {
		if (errno != ENOENT)
			return SEGMENTS_BROKEN;
		if (found->is_signed)
			return refuse(why, "The signed head of the log, "
			    "%s/log/head, is missing. It may have been taken "
			    "away to hide that records were changed: put it "
			    "back, or call your auditor", folder);
		return SEGMENTS_OK;
	}
	best = head_file_newest(slot);
	if (best == -1)
		return refuse(why, "The signed head of the log, %s/log/head, "
		    "is damaged, or signed by another key than that in keys/. "
		    "The log head may be forged: call your auditor", folder);
	if (slot[0].result == NOTE_GOOD && slot[1].result == NOTE_GOOD &&
	    !slot[0].empty && !slot[1].empty &&
	    slot[0].head.size == slot[1].head.size && memcmp(slot[0].head.root,
	    slot[1].head.root, TREE_HASH) != 0)
		return refuse(why, "Two different versions of the log exist: "
		    "see %s/log/head. Keep both files and call your auditor",
		    folder);
	tree->head = slot[best].head;
	tree->slot = best;
	tree->has_head = true;
	if (tree->head.size <= found->sequence)
		return SEGMENTS_OK;
	return refuse(why, "The log is shorter than it was: it holds %" PRIu64
	    " records, and a head of %" PRIu64 " was signed. It was rolled "
	    "back, or its newest files are missing. Put %s/log back as it was, "
	    "or call your auditor", found->sequence, tree->head.size, folder);
}

static bool
has_head_file(const struct log_tree *tree)
{
	return faccessat(tree->place.log_folder, HEAD_FILE, F_OK,
	    AT_EACCESS) == 0 || errno != ENOENT;
}

static enum segments_result
open_head(struct log_tree *tree)
{
	char note[NOTE_HEAD];
	size_t n;

	if (tree->head_fd != -1)
		return SEGMENTS_OK;
	if (tree->has_head)
		tree->head_fd = head_file_open(tree->place.log_folder);
	else {
		n = log_tree_make_head(tree, &tree->frontier, &tree->head,
		    note);
		tree->head_fd = head_file_create(tree->place.log_folder, note,
		    n);
		tree->has_head = tree->head_fd != -1;
		tree->slot = 0;
	}
	return tree->head_fd == -1 ? result_of(errno) : SEGMENTS_OK;
}

enum segments_result
log_tree_open(struct log_tree *tree, const struct recovery *found,
    char why[LOG_TREE_WHY])
{
	enum segments_result result = SEGMENTS_OK;

	why[0] = '\0';
	tree->has_head = false;
	if (tree->head_fd != -1)
		(void)close(tree->head_fd);
	tree->head_fd = -1;
	if (tree->place.key_folder != -1) {
		result = find_key(tree, found->is_signed ||
		    has_head_file(tree), why);
		if (result == SEGMENTS_OK)
			result = find_head(tree, found, why);
	}
	if (result == SEGMENTS_OK)
		result = rebuild(tree, found, why);
	if (result != SEGMENTS_OK || tree->signer == NULL)
		return result;
	if (log_key_publish(tree->place.log_folder, tree->signer) == -1)
		return result_of(errno);
	tree_copy(&tree->durable, &tree->frontier);
	return open_head(tree);
}
