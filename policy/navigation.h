/* SPDX-License-Identifier: Apache-2.0 */
/*
 * navigation.h - whether a request is a person going to a page, and of which
 * page it is a part otherwise.  Judged by what browsers say by themselves; a
 * script cannot set Sec-Fetch-*, another program can.
 */
#ifndef POLICY_NAVIGATION_H
#define POLICY_NAVIGATION_H

#include "policy/facts.h"

#include <stdbool.h>
#include <stddef.h>

/* "unknown" "no" "likely" "yes". */
const char *navigation_name(enum navigation navigation);
bool navigation_by_name(const char *name, enum navigation *navigation);

/* Values of fields; text NULL where a field did not come. */
struct navigation_words {
	struct fact_string method;
	struct fact_string fetch_mode;		/* Sec-Fetch-Mode */
	struct fact_string fetch_dest;
	struct fact_string fetch_user;
	struct fact_string fetch_site;
	struct fact_string purpose;		/* Sec-Purpose */
	struct fact_string upgrade_insecure;	/* Upgrade-Insecure-Requests */
	struct fact_string requested_with;	/* X-Requested-With */
	struct fact_string accept;
	struct fact_string referer;
	struct fact_string origin;
};

/* What it is; by gets the name of the field that decided, in lower case, or
 * NULL if nothing did. */
enum navigation navigation_judge(const struct navigation_words *words,
    const char **by);

#define EMBEDDED_IN_MAX 256
/* The host of the page that the request is a part of, settled, into out; false
 * if it is a page itself or nothing says which.  host is the one asked for. */
bool navigation_embedded_in(const struct navigation_words *words,
    enum navigation navigation, const struct fact_string *host,
    char out[EMBEDDED_IN_MAX], size_t *length);

#endif
