/* SPDX-License-Identifier: Apache-2.0 */
/* base64.h - RFC 4648 section 4, with padding, one spelling for each value. */
#ifndef LOGGING_BASE64_H
#define LOGGING_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Room for n bytes written so, with NUL. */
#define BASE64_ROOM(n) (((n) + 2) / 3 * 4 + 1)

/* Write with NUL; out has BASE64_ROOM(n).  Returns the length. */
size_t base64_write(const unsigned char *bytes, size_t n, char *out);
/* Read all of text; false if it is not exactly that, or more than size bytes. */
bool base64_read(const char *text, size_t length, unsigned char *out,
    size_t size, size_t *n);

#endif
