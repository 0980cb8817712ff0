/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line_show.h - a record of the log for people: one line of it, or all of it in
 * plain words.
 */
#ifndef CTL_LINE_SHOW_H
#define CTL_LINE_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* One readable line: local time, client, verdict, what was asked for, status,
 * bytes, duration, rule, reference. */
void line_show_brief(FILE *out, bool colours, const char *line, size_t length);
/* All fields, grouped. */
void line_show_full(FILE *out, bool colours, const char *line, size_t length);

#endif
