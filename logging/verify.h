/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.h - reads a log again from its first line to its last and compares it
 * with its signed heads.  Needs the folder (a copy will do) and the public key;
 * never writes.  Of hashes kept beside the lines nothing is believed that a head
 * does not confirm; they are for telling which line was changed.
 */
#ifndef LOGGING_VERIFY_H
#define LOGGING_VERIFY_H

#include "lib/macros.h"
#include "logging/note.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VERIFY_WORDS 512

/* What is said of the log. */
enum verify_weight {
	VERIFY_FAULT,		/* the log is not proved */
	VERIFY_NOTE		/* what a reader of the verdict should know */
};

struct verify_request {
	int folder;			/* with the files of the log */
	const struct note_key *key;
	const char *since;		/* an earlier head, or NULL */
	size_t since_length;
	/* Called for each thing found, in no order; and now and then. */
	void (*say)(void *arg, enum verify_weight weight, const char *words);
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *arg;
};

struct verify_result {
	bool proved;
	uint64_t records;		/* from the first line to the last */
	uint64_t bytes;
	uint64_t files;
	uint64_t first;			/* sequence of the first line there is */
	uint64_t covered;		/* records under the newest good head */
	uint64_t faults;
	bool has_head;
	struct note_head head;		/* the newest good one */
};

/* 0, or -1 with errno where it could not be done (a file that cannot be read,
 * no memory); the words are said. */
MUST_USE int verify_log(const struct verify_request *request,
    struct verify_result *result);

#endif
