/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sentence.h - the one sentence of a record that a helpdesk can read aloud, made
 * only from fields of the same line.
 */
#ifndef LOGGING_SENTENCE_H
#define LOGGING_SENTENCE_H

#include "logging/fields.h"

#define SENTENCE_MAX 1024

/* Write it (no NUL) to out; returns its length. */
size_t sentence_make(const struct fields *fields, enum record_kind kind,
    const char *node, char out[SENTENCE_MAX]);

#endif
