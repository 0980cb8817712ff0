/* SPDX-License-Identifier: Apache-2.0 */
/* verify_parts.h - what verify.c and verify_lines.c share; for them alone. */
#ifndef LOGGING_VERIFY_PARTS_H
#define LOGGING_VERIFY_PARTS_H

#include "logging/head_file.h"
#include "logging/tree.h"
#include "logging/verify.h"

#define VERIFY_HEADS (HEAD_SLOTS + 1)
#define VERIFY_STORED 4096		/* hashes read at a time */
#define VERIFY_CHANGED 256		/* changed lines that are named */
#define VERIFY_SAID 200			/* things that are said */

/* A head that the lines must pass through. */
struct verify_head {
	struct note_head head;
	char name[64];			/* "the newest head" */
	bool passed;
	bool by_lines;			/* the lines give its root */
	bool by_stored;			/* the hashes in their files do */
};

struct verify {
	const struct verify_request *request;
	struct verify_result *result;
	struct tree_hasher *hasher;
	struct tree_frontier lines;	/* of the lines as they are */
	struct tree_frontier stored;	/* of their hashes as kept */
	bool forked;			/* the two differ */
	bool no_hashes;			/* some are not there */
	struct verify_head head[VERIFY_HEADS];
	size_t head_count;
	unsigned char (*hash)[TREE_HASH];	/* from their files */
	uint64_t hash_at;
	size_t hash_count;
	uint64_t changed[VERIFY_CHANGED];	/* unlike their stored hash */
	uint64_t changed_count;
	/* missing lines before the first there is */
	uint64_t first_file;
	bool first_file_whole;		/* says itself where it begins */
	uint64_t deleted_first;		/* files whose deletion is recorded */
	uint64_t deleted_last;
	uint64_t said;
	uint64_t total;
	uint64_t beat;
	bool began;
};

void verify_say(struct verify *v, enum verify_weight weight, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
/* Look at heads of the size reached. */
void verify_pass_heads(struct verify *v);
/* All files of the log.  0 or -1 with errno. */
int verify_lines(struct verify *v);

#endif
