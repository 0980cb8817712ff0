/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_tree.h - the tree over the log as the writer keeps it: the frontier, the
 * hashes of all lines in their files, the key, and the heads that it signs.
 *
 * The rule above all others: no head is signed that does not continue the newest
 * one signed before.  So what is found at a start is checked against that head,
 * and where it does not fit nothing is written.
 */
#ifndef LOGGING_LOG_TREE_H
#define LOGGING_LOG_TREE_H

#include "lib/macros.h"
#include "lib/stats.h"
#include "logging/recover.h"
#include "logging/segments.h"
#include "logging/tree.h"

#include <stdbool.h>
#include <stddef.h>

#define LOG_TREE_WHY 512

struct log_tree;

struct log_tree_place {
	int log_folder;
	int key_folder;			/* -1: no heads are signed */
	const char *origin;		/* for a key that is made */
	const char *data_name;		/* data.folder, for messages */
	struct stats *stats;
};

/* NULL without memory. */
struct log_tree *log_tree_new(const struct log_tree_place *place);
void log_tree_free(struct log_tree **tree);

/* Make ready for the line found->sequence.  BROKEN with why empty means errno;
 * with words, that this log must not be written to.  FULL may be tried again. */
MUST_USE enum segments_result log_tree_open(struct log_tree *tree,
    const struct recovery *found, char why[LOG_TREE_WHY]);
/* The key's id, 8 hex digits, and the log's name; NULL without a key. */
const char *log_tree_key_id(const struct log_tree *tree);
const char *log_tree_origin(const struct log_tree *tree);

/* Have room on the disk for the hashes of a batch. */
MUST_USE enum segments_result log_tree_reserve(struct log_tree *tree);
/* Whether another line may be added before log_tree_flush(). */
bool log_tree_has_room(const struct log_tree *tree);
/* A line without its newline. */
void log_tree_add(struct log_tree *tree, const char *bytes, size_t n);
/* Write the hashes of the lines added. */
MUST_USE enum segments_result log_tree_flush(struct log_tree *tree);
/* All lines added are durable. */
void log_tree_settled(struct log_tree *tree);
/* Sign a head over what is durable, if there is more than in the last. */
MUST_USE enum segments_result log_tree_sign(struct log_tree *tree);
/* A file of lines is closed: its hashes are durable, a head is signed. */
MUST_USE enum segments_result log_tree_close(struct log_tree *tree,
    bool stop);

#endif
