/* SPDX-License-Identifier: Apache-2.0 */
/*
 * navigation.c - is it a navigation?  Browsers say so themselves by Sec-Fetch-*
 * where the connection is trustworthy; elsewhere Upgrade-Insecure-Requests and
 * Accept tell it, but not a frame inside a page from a page.
 */
#include "policy/navigation.h"

#include "lib/macros.h"
#include "lib/name.h"

#include <string.h>

static const char *const names[NAVIGATIONS] = {
	[NAVIGATION_UNKNOWN] = "unknown",
	[NAVIGATION_NO] = "no",
	[NAVIGATION_LIKELY] = "likely",
	[NAVIGATION_YES] = "yes",
};

const char *
navigation_name(enum navigation navigation)
{
	return names[navigation];
}

bool
navigation_by_name(const char *name, enum navigation *navigation)
{
	for (int i = 0; i < NAVIGATIONS; i++)
		if (strcmp(names[i], name) == 0) {
			*navigation = (enum navigation)i;
			return true;
		}
	return false;
}

static bool
is(const struct fact_string *s, const char *word)
{
	return s->text != NULL && s->length == strlen(word) &&
	    strncasecmp(s->text, word, s->length) == 0;
}

static bool
is_one_of(const struct fact_string *s, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is(s, words[i]))
			return true;
	return false;
}

/* Whether word stands in a list, without case. */
static bool
holds(const struct fact_string *s, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; s->text != NULL && i + n <= s->length; i++)
		if (strncasecmp(s->text + i, word, n) == 0)
			return true;
	return false;
}

/* By the browser's own words about the request. */
static enum navigation
by_fetch(const struct navigation_words *w, const char **by)
{
	static const char *const frames[] = { "iframe", "frame", "object",
	    "embed", "fencedframe" };

	if (w->fetch_mode.text != NULL && !is(&w->fetch_mode, "navigate")) {
		*by = "sec-fetch-mode";
		return NAVIGATION_NO;
	}
	if (is_one_of(&w->fetch_dest, frames, COUNT_OF(frames)) ||
	    (w->fetch_dest.text != NULL && !is(&w->fetch_dest, "document"))) {
		*by = "sec-fetch-dest";
		return NAVIGATION_NO;
	}
	if (is(&w->fetch_user, "?1")) {
		*by = "sec-fetch-user";
		return NAVIGATION_YES;
	}
	if (w->fetch_dest.text != NULL) {
		/* a page, but no click: a redirection, a script, a reload */
		*by = "sec-fetch-dest";
		return NAVIGATION_YES;
	}
	*by = "sec-fetch-mode";
	return NAVIGATION_LIKELY;
}

enum navigation
navigation_judge(const struct navigation_words *w, const char **by)
{
	static const char *const methods[] = { "GET", "HEAD", "POST" };

	if (!is_one_of(&w->method, methods, COUNT_OF(methods))) {
		*by = "method";
		return NAVIGATION_NO;
	}
	if (holds(&w->purpose, "prefetch")) {
		*by = "sec-purpose";
		return NAVIGATION_NO;
	}
	if (w->fetch_mode.text != NULL || w->fetch_dest.text != NULL)
		return by_fetch(w, by);
	if (is(&w->requested_with, "XMLHttpRequest")) {
		*by = "x-requested-with";
		return NAVIGATION_NO;
	}
	if (is(&w->upgrade_insecure, "1")) {
		*by = "upgrade-insecure-requests";
		return NAVIGATION_LIKELY;
	}
	if (holds(&w->accept, "text/html") ||
	    holds(&w->accept, "application/xhtml+xml")) {
		*by = "accept";
		return NAVIGATION_LIKELY;
	}
	if (w->accept.text != NULL) {
		*by = "accept";
		return NAVIGATION_NO;
	}
	*by = NULL;
	return NAVIGATION_UNKNOWN;
}

/* The host of a URL or origin, settled. */
static bool
host_of(const struct fact_string *url, char *out, size_t *length)
{
	char name[NAME_MAX_BYTES + 1];
	struct address address;
	const char *at, *end, *stop;

	if (url->text == NULL)
		return false;
	at = memmem(url->text, url->length, "://", 3);
	if (at == NULL)
		return false;	/* "null", "about:client" */
	at += 3;
	end = url->text + url->length;
	for (stop = at; stop < end && *stop != '/' && *stop != '?' &&
	    *stop != '#'; stop++)
		if (*stop == '@')
			at = stop + 1;
	if (at < stop && *at == '[') {
		const char *close = memchr(at, ']', (size_t)(stop - at));

		if (close == NULL)
			return false;
		at++;
		stop = close;
	} else {
		const char *colon = memchr(at, ':', (size_t)(stop - at));

		if (colon != NULL)
			stop = colon;
	}
	if (at == stop || name_settle(at, (size_t)(stop - at), name, length,
	    &address) == NAME_BAD || *length >= EMBEDDED_IN_MAX)
		return false;
	memcpy(out, name, *length);
	out[*length] = '\0';
	return true;
}

bool
navigation_embedded_in(const struct navigation_words *w,
    enum navigation navigation, const struct fact_string *host,
    char out[EMBEDDED_IN_MAX], size_t *length)
{
	if (navigation == NAVIGATION_YES || navigation == NAVIGATION_LIKELY ||
	    is(&w->fetch_site, "none"))
		return false;
	if (host_of(&w->referer, out, length) ||
	    host_of(&w->origin, out, length))
		return true;
	/* Without a Referer the browser still says whose page it is. */
	if (!is(&w->fetch_site, "same-origin") ||
	    host->length >= EMBEDDED_IN_MAX || host->length == 0)
		return false;
	memcpy(out, host->text, host->length);
	out[host->length] = '\0';
	*length = host->length;
	return true;
}
