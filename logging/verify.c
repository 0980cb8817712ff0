/* SPDX-License-Identifier: Apache-2.0 */
/* verify.c - heads first, then all lines, then what follows from both. */
#include "logging/verify_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRIES 5			/* a slot may be written while we read */

void
verify_say(struct verify *v, enum verify_weight weight, const char *fmt, ...)
{
	char words[VERIFY_WORDS];
	va_list args;

	if (weight == VERIFY_FAULT)
		v->result->faults++;
	if (++v->said > VERIFY_SAID && weight == VERIFY_NOTE)
		return;
	if (v->said == VERIFY_SAID + 1)
		(void)snprintf(words, sizeof(words), "More was found and is "
		    "only counted from here on.");
	else if (v->said > VERIFY_SAID)
		return;
	else {
		va_start(args, fmt);
		(void)vsnprintf(words, sizeof(words), fmt, args);
		va_end(args);
	}
	v->request->say(v->request->arg, weight, words);
}

/* --- heads ----------------------------------------------------------------------- */

static const char *
what_is_wrong(enum note_result result)
{
	switch (result) {
	case NOTE_MALFORMED:
		return "This is not a signed log head.";
	case NOTE_OTHER_LOG:
		return "This head belongs to another log.";
	case NOTE_UNSIGNED:
	case NOTE_FORGED:
		return "The log's signature is missing or wrong. The log head "
		    "may be forged.";
	case NOTE_GOOD:
		break;
	}
	return "";
}

static void
add_head(struct verify *v, const struct note_head *head, const char *name)
{
	struct verify_head *entry = &v->head[v->head_count++];

	memset(entry, 0, sizeof(*entry));
	entry->head = *head;
	(void)snprintf(entry->name, sizeof(entry->name), "%s", name);
}

static bool
is_spoilt(const struct head_slot slot[HEAD_SLOTS])
{
	int i;

	for (i = 0; i < HEAD_SLOTS; i++)
		if (!slot[i].empty && slot[i].result != NOTE_GOOD)
			return true;
	return false;
}

static void
find_heads(struct verify *v)
{
	struct timespec moment = { 0, 2000000 };
	struct head_slot slot[HEAD_SLOTS];
	int i, tries = 0, newest;

	do {
		if (tries > 0)
			(void)nanosleep(&moment, NULL);
		if (head_file_read(v->request->folder, v->request->key, slot)
		    == -1) {
			verify_say(v, VERIFY_FAULT, "There is no signed log "
			    "head (file %s: %s). Nothing vouches for this "
			    "log.", HEAD_FILE, strerror(errno));
			return;
		}
	} while (is_spoilt(slot) && ++tries < TRIES);
	newest = head_file_newest(slot);
	for (i = 0; i < HEAD_SLOTS; i++) {
		if (slot[i].empty)
			continue;
		if (slot[i].result != NOTE_GOOD)
			verify_say(v, VERIFY_FAULT, "Slot %d of the file %s: "
			    "%s", i + 1, HEAD_FILE,
			    what_is_wrong(slot[i].result));
		else
			add_head(v, &slot[i].head, i == newest ?
			    "the newest head" : "the head before it");
	}
	if (newest == -1) {
		verify_say(v, VERIFY_FAULT, "There is no signed log head by "
		    "this key. Nothing vouches for this log.");
		return;
	}
	v->result->has_head = true;
	v->result->head = slot[newest].head;
}

static void
find_since(struct verify *v)
{
	const struct verify_request *request = v->request;
	enum note_result result;
	struct note_head head;

	if (request->since == NULL)
		return;
	result = note_head_open(request->since, request->since_length,
	    request->key, &head);
	if (result != NOTE_GOOD)
		verify_say(v, VERIFY_FAULT, "The earlier head: %s",
		    what_is_wrong(result));
	else if (head.size == 0)
		verify_say(v, VERIFY_FAULT, "The earlier head is of an empty "
		    "log: it proves nothing.");
	else
		add_head(v, &head, "the earlier head");
}

static void
compare_heads(struct verify *v)
{
	size_t i, j;

	for (i = 0; i < v->head_count; i++)
		for (j = 0; j < i; j++)
			if (v->head[i].head.size == v->head[j].head.size &&
			    memcmp(v->head[i].head.root, v->head[j].head.root,
			    TREE_HASH) != 0)
				verify_say(v, VERIFY_FAULT, "Two different "
				    "versions of the log exist, both of %"
				    PRIu64 " records. Keep both files and call "
				    "your auditor.", v->head[i].head.size);
}

void
verify_pass_heads(struct verify *v)
{
	unsigned char root[TREE_HASH];
	struct verify_head *head;
	size_t i;

	for (i = 0; i < v->head_count; i++) {
		head = &v->head[i];
		if (head->head.size != v->lines.size)
			continue;
		head->passed = true;
		tree_root(v->hasher, &v->lines, root);
		head->by_lines = memcmp(root, head->head.root, TREE_HASH) == 0;
		head->by_stored = head->by_lines;
		if (!v->forked)
			continue;
		tree_root(v->hasher, &v->stored, root);
		head->by_stored = memcmp(root, head->head.root, TREE_HASH) ==
		    0;
	}
}

/* --- what follows ------------------------------------------------------------------- */

/* Lines before the first there is: deleted as recorded, or missing. */
static void
judge_beginning(struct verify *v)
{
	uint64_t first = v->result->first;

	if (!v->began || first == 0)
		return;
	if (v->first_file > 1 && v->deleted_last >= v->first_file - 1 &&
	    v->deleted_first <= v->first_file - 1 && v->first_file_whole)
		verify_say(v, VERIFY_NOTE, "Records 0 to %" PRIu64 " (files 1 "
		    "to %" PRIu64 ") were deleted because of their age or "
		    "size, as the log itself records. Their hashes are intact.",
		    first - 1, v->first_file - 1);
	else
		verify_say(v, VERIFY_FAULT, "Records 0 to %" PRIu64 " are "
		    "missing, and no record orders their deletion.", first - 1);
}

/* Which of the two trees a line that differs from its kept hash belongs to is
 * what the first head behind it says. */
static void
judge_changed(struct verify *v)
{
	const struct verify_head *head, *over;
	uint64_t i, damaged = 0;
	size_t j;

	for (i = 0; i < v->changed_count && i < VERIFY_CHANGED; i++) {
		over = NULL;
		for (j = 0; j < v->head_count; j++) {
			head = &v->head[j];
			if (head->passed && head->head.size > v->changed[i] &&
			    (over == NULL || head->by_lines))
				over = head;
		}
		if (over != NULL && over->by_lines)
			damaged++;
		else
			verify_say(v, VERIFY_FAULT, "Record %" PRIu64 " was "
			    "changed on disk.", v->changed[i]);
	}
	if (v->changed_count > VERIFY_CHANGED)
		verify_say(v, VERIFY_FAULT, "%" PRIu64 " more records were "
		    "changed on disk.", v->changed_count - VERIFY_CHANGED);
	if (damaged > 0)
		verify_say(v, VERIFY_NOTE, "The hashes kept for %" PRIu64
		    " records are damaged, but the records are whole; the next "
		    "start makes the hashes again.", damaged);
}

static void
judge_heads(struct verify *v)
{
	const struct verify_head *head;
	size_t i;

	for (i = 0; i < v->head_count; i++) {
		head = &v->head[i];
		if (!head->passed) {
			verify_say(v, VERIFY_FAULT, "The log is shorter than "
			    "it was: it ends before record %" PRIu64 ", and %s "
			    "is of %" PRIu64 " records. It was rolled back, or "
			    "records %" PRIu64 " to %" PRIu64 " are missing.",
			    v->lines.size, head->name, head->head.size,
			    v->lines.size, head->head.size - 1);
			continue;
		}
		if (head->by_lines)
			continue;
		verify_say(v, VERIFY_FAULT, "The log was rewritten since %s "
		    "of %" PRIu64 " records was signed: entries that were "
		    "there have been changed or removed.%s", head->name,
		    head->head.size, head->by_stored ? "" : v->no_hashes ?
		    " Hashes are missing too, so it cannot be told which." :
		    " Their hashes were changed too.");
	}
	if (v->result->has_head && v->lines.size > v->result->head.size)
		verify_say(v, VERIFY_NOTE, "The last %" PRIu64 " records were "
		    "written after the newest head and are not under a "
		    "signature yet.", v->lines.size - v->result->head.size);
}

int
verify_log(const struct verify_request *request,
    struct verify_result *result)
{
	struct verify *v = calloc(1, sizeof(*v));
	int done = -1;

	memset(result, 0, sizeof(*result));
	if (v == NULL)
		return -1;
	v->request = request;
	v->result = result;
	v->hasher = tree_hasher_new();
	v->hash = calloc(VERIFY_STORED, TREE_HASH);
	if (v->hasher != NULL && v->hash != NULL) {
		find_heads(v);
		find_since(v);
		compare_heads(v);
		verify_pass_heads(v);
		done = verify_lines(v);
	}
	if (done == 0) {
		result->records = v->lines.size - result->first;
		result->covered = result->has_head ? result->head.size : 0;
		judge_beginning(v);
		judge_changed(v);
		judge_heads(v);
		result->proved = result->faults == 0 && result->has_head;
	}
	tree_hasher_free(&v->hasher);
	free(v->hash);
	free(v);
	return done;
}
