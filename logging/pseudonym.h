/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pseudonym.h - one name for one person within one calendar month: the first 16
 * bytes of an HMAC under that month's key.  Keys are files in a folder of
 * theirs, made when missing, readable by the writer's user alone; old ones stay
 * until a person destroys them.
 */
#ifndef LOGGING_PSEUDONYM_H
#define LOGGING_PSEUDONYM_H

#include <stddef.h>
#include <stdint.h>

#define PSEUDONYM_TEXT 32
#define PSEUDONYM_EPOCH 8	/* "2026-03" and NUL */

struct pseudonyms;

/* folder stays the caller's and must stay open; -1 means that there are no
 * keys. NULL without memory. */
struct pseudonyms *pseudonyms_new(int folder);
void pseudonyms_free(struct pseudonyms **pseudonyms);
/* Which month it is now; call now and then.  0, or -1 after reporting that its
 * key can be neither read nor made. */
int pseudonyms_month(struct pseudonyms *pseudonyms, uint64_t wall_us);
/* The month in use, or NULL where there is no key. */
const char *pseudonyms_epoch(const struct pseudonyms *pseudonyms);
/* Name what is of that sort ("user", "ip"); 0, or -1 without a key. */
int pseudonym_make(struct pseudonyms *pseudonyms, const char *sort,
    const void *what, size_t n, char out[PSEUDONYM_TEXT]);

#endif
