/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_tree.c - growing, signing.  The hashes of lines go to their files before
 * the lines go to theirs, so that there is a hash for each line that a reader
 * can see; what a crash leaves is put right by log_tree_start.c.
 */
#include "logging/log_tree_parts.h"

#include "lib/report.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLACK 64		/* lines that the log writes of itself */

struct log_tree *
log_tree_new(const struct log_tree_place *place)
{
	struct log_tree *tree = calloc(1, sizeof(*tree));

	if (tree == NULL)
		return NULL;
	tree->place = *place;
	tree->head_fd = -1;
	leaves_init(&tree->leaves, place->log_folder);
	tree->hasher = tree_hasher_new();
	tree->fresh = malloc((size_t)LOG_TREE_FRESH * TREE_HASH);
	if (tree->hasher == NULL || tree->fresh == NULL)
		log_tree_free(&tree);
	return tree;
}

void
log_tree_free(struct log_tree **tree)
{
	struct log_tree *t = *tree;

	if (t == NULL)
		return;
	*tree = NULL;
	if (t->head_fd != -1)
		(void)close(t->head_fd);
	leaves_clear(&t->leaves);
	note_signer_free(&t->signer);
	tree_hasher_free(&t->hasher);
	free(t->fresh);
	free(t);
}

const char *
log_tree_key_id(const struct log_tree *tree)
{
	return tree->signer == NULL ? NULL : tree->key_id;
}

const char *
log_tree_origin(const struct log_tree *tree)
{
	return tree->signer == NULL ? NULL :
	    note_signer_key(tree->signer)->name;
}

/* Append to the frontier; the root of a file of hashes that is now full is
 * found on the way. */
void
log_tree_grow(struct log_tree *tree, const unsigned char leaf[TREE_HASH],
    bool write)
{
	struct tree_frontier *frontier = &tree->frontier;
	unsigned char root[TREE_HASH];
	uint64_t number = frontier->size >> LEAVES_LEVEL;
	unsigned level;

	if ((frontier->size + 1) % LEAVES_IN_FILE != 0) {
		tree_append(tree->hasher, frontier, leaf);
		return;
	}
	memcpy(root, leaf, TREE_HASH);
	for (level = 0; level < LEAVES_LEVEL; level++)
		tree_node(tree->hasher, frontier->node[--frontier->count],
		    root, root);
	frontier->size -= LEAVES_IN_FILE - 1;
	tree_append_subtree(tree->hasher, frontier, root, LEAVES_LEVEL);
	if (write)
		leaves_write_root(&tree->leaves, number, root);
}

enum segments_result
log_tree_reserve(struct log_tree *tree)
{
	return leaves_reserve(&tree->leaves, tree->frontier.size,
	    LOG_TREE_FRESH);
}

bool
log_tree_has_room(const struct log_tree *tree)
{
	return tree->fresh_count + SLACK < LOG_TREE_FRESH;
}

void
log_tree_add(struct log_tree *tree, const char *bytes, size_t n)
{
	unsigned char *leaf = tree->fresh + tree->fresh_count * TREE_HASH;

	assert(tree->fresh_count < LOG_TREE_FRESH);
	tree_leaf(tree->hasher, bytes, n, leaf);
	tree->fresh_count++;
	log_tree_grow(tree, leaf, true);
}

enum segments_result
log_tree_flush(struct log_tree *tree)
{
	enum segments_result result;

	result = leaves_write(&tree->leaves,
	    tree->frontier.size - tree->fresh_count, tree->fresh,
	    tree->fresh_count);
	if (result == SEGMENTS_OK)
		tree->fresh_count = 0;
	return result;
}

void
log_tree_settled(struct log_tree *tree)
{
	assert(tree->fresh_count == 0);
	tree_copy(&tree->durable, &tree->frontier);
}

size_t
log_tree_make_head(struct log_tree *tree, const struct tree_frontier *frontier,
    struct note_head *head, char out[NOTE_HEAD])
{
	char text[NOTE_HEAD];
	size_t n;

	memcpy(head->origin, note_signer_key(tree->signer)->name,
	    sizeof(head->origin));
	head->size = frontier->size;
	tree_root(tree->hasher, frontier, head->root);
	n = note_head_print(head, text, sizeof(text));
	n = n == 0 ? 0 : note_sign(tree->signer, text, n, out, NOTE_HEAD);
	if (n == 0)
		report_bug("a head of the log cannot be signed");
	return n;
}

enum segments_result
log_tree_sign(struct log_tree *tree)
{
	struct note_head head;
	char note[NOTE_HEAD];
	size_t n;

	if (tree->signer == NULL || tree->durable.size == tree->head.size)
		return SEGMENTS_OK;
	assert(tree->durable.size > tree->head.size);
	n = log_tree_make_head(tree, &tree->durable, &head, note);
	if (head_file_write(tree->head_fd, 1 - tree->slot, note, n) == -1)
		return SEGMENTS_BROKEN;
	tree->head = head;
	tree->slot = 1 - tree->slot;
	return SEGMENTS_OK;
}

enum segments_result
log_tree_close(struct log_tree *tree, bool stop)
{
	enum segments_result result;

	if (stop)
		leaves_trim(&tree->leaves, tree->frontier.size);
	result = leaves_sync(&tree->leaves);
	return result == SEGMENTS_OK ? log_tree_sign(tree) : result;
}
