/* SPDX-License-Identifier: Apache-2.0 */
/* read_words.h - lines, dates and depths of a policy as pieces of sentences. */
#ifndef POLICY_READ_WORDS_H
#define POLICY_READ_WORDS_H

#include "policy/tree.h"

#include <stdio.h>

/* "the port asked for is 8443 or between 8000 and 8099" */
void read_line(FILE *out, const struct line *line);
/* One host as it stands in a category: "every site below example.org (not that
 * itself)" */
void read_host(FILE *out, const struct value *value);
/* "Monday to Friday from 08:00 to 18:30" */
void read_hours_entry(FILE *out, const char *text);
/* "30 September 2027" */
void read_date(FILE *out, int64_t day);
/* "the name of the site, but not which page" */
const char *read_depth(enum record_depth depth);
const char *read_as(enum record_as as);
/* What stands between the items of a list: "", ", " or last. */
const char *read_between(size_t at, size_t count, const char *last);

#endif
