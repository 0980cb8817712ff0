/* SPDX-License-Identifier: Apache-2.0 */
/* log_tree_parts.h - what log_tree.c and log_tree_start.c share; for them alone. */
#ifndef LOGGING_LOG_TREE_PARTS_H
#define LOGGING_LOG_TREE_PARTS_H

#include "logging/head_file.h"
#include "logging/leaves.h"
#include "logging/log_tree.h"

/* Lines between two flushes: more than a batch has bytes for. */
#define LOG_TREE_FRESH 8192

struct log_tree {
	struct log_tree_place place;
	struct tree_hasher *hasher;
	struct tree_frontier frontier;	/* of all lines added */
	struct tree_frontier durable;	/* of those that are on the disk */
	struct leaves leaves;
	unsigned char *fresh;		/* hashes not yet in their file */
	size_t fresh_count;
	struct note_signer *signer;	/* NULL: nothing is signed */
	char key_id[2 * NOTE_ID + 1];
	struct note_head head;		/* the newest that was signed */
	bool has_head;
	int head_fd;
	int slot;			/* that holds it */
};

/* Append one leaf to the frontier; write: remember the roots of files. */
void log_tree_grow(struct log_tree *tree, const unsigned char leaf[TREE_HASH],
    bool write);
/* Sign a head over a frontier; the length of the note. */
size_t log_tree_make_head(struct log_tree *tree,
    const struct tree_frontier *frontier, struct note_head *head,
    char out[NOTE_HEAD]);

#endif
