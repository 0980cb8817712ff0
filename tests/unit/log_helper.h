/* SPDX-License-Identifier: Apache-2.0 */
/* log_helper.h - a log in a folder of its own, for the tests of logging/. */
#ifndef TESTS_UNIT_LOG_HELPER_H
#define TESTS_UNIT_LOG_HELPER_H

#include "lib/settings.h"
#include "logging/head_file.h"
#include "logging/journal.h"
#include "logging/leaves.h"
#include "logging/segments.h"

#include <sys/mman.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct log_place {
	char path[64];
	int folder;
	int state_fd;
	struct logstate *state;
	struct settings *settings;
	struct stats *stats;		/* shared with what is forked */
	struct journal_place place;
};

static inline void
log_place_open(struct log_place *log, const char *inside)
{
	memset(log, 0, sizeof(*log));
	(void)snprintf(log->path, sizeof(log->path), "%s/gatebook-XXXXXX",
	    inside);
	assert_non_null(mkdtemp(log->path));
	log->folder = open(log->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_not_equal(log->folder, -1);
	log->state_fd = memfd_create("logstate", MFD_CLOEXEC);
	assert_int_equal(logstate_create(log->state_fd), 0);
	log->state = logstate_map(log->state_fd);
	assert_non_null(log->state);
	log->settings = settings_defaults(log->path);
	assert_non_null(log->settings);
	log->settings->log_segment_size = 256 * 1024;
	log->settings->log_segment_hash = true;
	log->stats = mmap(NULL, sizeof(*log->stats), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(log->stats, MAP_FAILED);
	log->place = (struct journal_place){ .settings = log->settings,
	    .log_folder = log->folder, .key_folder = log->folder,
	    .state = log->state, .stats = log->stats, .node = "edge-1",
	    .origin = "log.example/edge-1",
	    .boot_id = "boot-1", .clock_sync = "unknown" };
}

static inline void
log_place_close(struct log_place *log)
{
	struct dirent *entry;
	DIR *dir = fdopendir(log->folder);

	assert_non_null(dir);
	rewinddir(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	(void)closedir(dir);
	assert_int_equal(rmdir(log->path), 0);
	munmap(log->state, sizeof(*log->state));
	munmap(log->stats, sizeof(*log->stats));
	close(log->state_fd);
	settings_free(&log->settings);
}

/* A whole file, with a NUL behind it; the caller frees it. */
static inline char *
log_read_file(const struct log_place *log, const char *name, size_t *size)
{
	int fd = openat(log->folder, name, O_RDONLY | O_CLOEXEC);
	off_t end;
	char *text;

	*size = 0;
	if (fd == -1)
		return NULL;
	end = lseek(fd, 0, SEEK_END);
	text = malloc((size_t)end + 1);
	assert_non_null(text);
	assert_int_equal(pread(fd, text, (size_t)end, 0), end);
	text[end] = '\0';
	*size = (size_t)end;
	close(fd);
	return text;
}

static inline void
log_write_file(const struct log_place *log, const char *name,
    const char *bytes, size_t n, size_t zeros)
{
	int fd = openat(log->folder, name, O_WRONLY | O_CREAT | O_TRUNC |
	    O_CLOEXEC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, bytes, n), n);
	if (zeros > 0)
		assert_int_equal(ftruncate(fd, (off_t)(n + zeros)), 0);
	close(fd);
}

typedef void log_line(void *arg, const char *line, size_t length);

/* Each line of the log in its order; sequence numbers must be without a gap
 * from `first` on.  Returns how many lines there are. */
static inline uint64_t
log_walk(const struct log_place *log, uint64_t first, log_line *take,
    void *arg)
{
	uint64_t *numbers = NULL, sequence = first;
	size_t count = 0, i, size;
	char name[SEGMENTS_NAME], want[64], *text, *at, *end;

	assert_int_equal(segments_list(log->folder, &numbers, &count), 0);
	for (i = 0; i < count; i++) {
		segments_name(numbers[i], name);
		text = log_read_file(log, name, &size);
		assert_non_null(text);
		for (at = text; *at != '\0'; at = end + 1) {
			end = strchr(at, '\n');
			if (end == NULL)
				fail_msg("%s: a line without end", name);
			*end = '\0';
			(void)snprintf(want, sizeof(want),
			    ",\"event.sequence\":%" PRIu64 ",", sequence++);
			if (strstr(at, want) == NULL)
				fail_msg("%s instead of%.300s", want, at);
			if (take != NULL)
				take(arg, at, (size_t)(end - at));
		}
		/* Only the last may still have zeros behind its lines. */
		if (i + 1 < count)
			assert_int_equal(strlen(text) + (size_t)(at - text) >
			    0 ? at - text : 0, size);
		free(text);
	}
	free(numbers);
	return sequence - first;
}

struct log_count {
	const char *what;
	uint64_t n;
	char last[FORMAT_LINE_MAX + 1];
};

static inline void
log_count_line(void *arg, const char *line, size_t length)
{
	struct log_count *count = arg;

	if (strstr(line, count->what) == NULL)
		return;
	count->n++;
	assert_true(length <= FORMAT_LINE_MAX);
	memcpy(count->last, line, length + 1);
}

/* How many lines hold these words; the last of them in *count. */
static inline uint64_t
log_count(const struct log_place *log, const char *what,
    struct log_count *count)
{
	count->what = what;
	count->n = 0;
	count->last[0] = '\0';
	(void)log_walk(log, 0, log_count_line, count);
	return count->n;
}

/* The tree over all lines, made anew, against hashes and heads. */
struct log_tree_check {
	const struct log_place *log;
	struct tree_hasher *hasher;
	struct tree_frontier frontier;
	const struct note_head *heads;
	size_t head_count;
	size_t fitting;
};

static inline void
log_look_at_heads(struct log_tree_check *check)
{
	unsigned char root[TREE_HASH];
	size_t i;

	for (i = 0; i < check->head_count; i++) {
		if (check->heads[i].size != check->frontier.size)
			continue;
		tree_root(check->hasher, &check->frontier, root);
		assert_memory_equal(root, check->heads[i].root, TREE_HASH);
		check->fitting++;
	}
}

static inline void
log_check_line(void *arg, const char *line, size_t length)
{
	struct log_tree_check *check = arg;
	unsigned char leaf[TREE_HASH], there[TREE_HASH];

	tree_leaf(check->hasher, line, length, leaf);
	assert_int_equal(leaves_read(check->log->folder,
	    check->frontier.size, there, 1), 1);
	assert_memory_equal(leaf, there, TREE_HASH);
	tree_append(check->hasher, &check->frontier, leaf);
	log_look_at_heads(check);
}

/* Both heads in the file; at least one is good. */
static inline void
log_read_heads(const struct log_place *log,
    struct head_slot slot[HEAD_SLOTS])
{
	struct note_key key;
	size_t size;
	char *vkey = log_read_file(log, HEAD_VKEY_FILE, &size);

	assert_non_null(vkey);
	assert_true(note_key_read(vkey, size, &key));
	free(vkey);
	assert_int_equal(head_file_read(log->folder, &key, slot), 0);
	assert_int_not_equal(head_file_newest(slot), -1);
}

/* The log holds these heads (size > 0) and those in its file; the size of the
 * newest. */
static inline uint64_t
log_check_tree(const struct log_place *log, const struct note_head *heads,
    size_t count)
{
	struct log_tree_check check = { .log = log, .heads = heads,
		.head_count = count, .hasher = tree_hasher_new() };
	struct head_slot slot[HEAD_SLOTS];
	struct note_head both[HEAD_SLOTS];
	size_t i, n = 0;

	assert_non_null(check.hasher);
	(void)log_walk(log, 0, log_check_line, &check);
	assert_int_equal(check.fitting, count);
	log_read_heads(log, slot);
	for (i = 0; i < HEAD_SLOTS; i++)
		if (!slot[i].empty && slot[i].result == NOTE_GOOD &&
		    slot[i].head.size > 0)
			both[n++] = slot[i].head;
	check.heads = both;
	check.head_count = n;
	check.fitting = 0;
	memset(&check.frontier, 0, sizeof(check.frontier));
	(void)log_walk(log, 0, log_check_line, &check);
	assert_int_equal(check.fitting, n);
	tree_hasher_free(&check.hasher);
	return slot[head_file_newest(slot)].head.size;
}

#endif
