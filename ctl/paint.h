/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paint.h - words onto a terminal: colours where somebody looks, and never a
 * byte from outside that a terminal would obey.
 */
#ifndef CTL_PAINT_H
#define CTL_PAINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum paint {
	PAINT_PLAIN,
	PAINT_GOOD,		/* green */
	PAINT_BAD,		/* red */
	PAINT_WARN,		/* yellow */
	PAINT_DIM,
	PAINT_BOLD
};

/* Whether out takes colours: a terminal, and the person did not say NO_COLOR. */
bool paint_wanted(FILE *out);
/* Write text from outside: control characters, characters that turn the writing
 * direction and bytes that are no UTF-8 become visible or '?'. */
void paint_text(FILE *out, const char *text, size_t length);
/* The same into a buffer, with NUL; cut to size.  Returns the length. */
size_t paint_clean(const char *text, size_t length, char *out, size_t size);
/* Write text from outside in a colour, if colours are on. */
void paint(FILE *out, bool colours, enum paint how, const char *text);
/* Write a line of JSON; what a terminal would obey is escaped if out is one. */
void paint_json(FILE *out, const char *line, size_t length);

/* "512", "48.2 KB", "1.3 GB" (powers of 1000). */
void paint_bytes(uint64_t bytes, char out[16]);
/* "850 us", "35 ms", "12.4 s", "3 min", "2 h 10 min", "3 days". */
void paint_duration(uint64_t us, char out[24]);

#endif
