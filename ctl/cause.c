/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cause.c - from a record to sentences: the row of the table for its outcome,
 * and what this record knows beyond it.
 */
#include "ctl/cause.h"

#include "ctl/paint.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void
add(char *out, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A sentence behind the others; what does not fit is cut. */
static void
add(char *out, size_t size, const char *fmt, ...)
{
	size_t n = strlen(out);
	va_list ap;

	if (n > 0 && n + 1 < size) {
		out[n++] = ' ';
		out[n] = '\0';
	}
	va_start(ap, fmt);
	(void)vsnprintf(out + n, size - n, fmt, ap);
	va_end(ap);
}

#define WHAT(...) add(w->what, sizeof(w->what), __VA_ARGS__)
#define TODO(...) add(w->todo, sizeof(w->todo), __VA_ARGS__)
#define RING(...) add(w->ring, sizeof(w->ring), __VA_ARGS__)

static const char *
host_of(const struct finding *f)
{
	if (f->host[0] != '\0')
		return f->host;
	return f->address[0] != '\0' ? f->address : "a site whose name is not "
	    "kept";
}

static void
say_rule(const struct finding *f, struct cause_words *w)
{
	if (f->rule[0] == '\0')
		return;
	if (f->rule_file[0] != '\0' && f->rule_line > 0)
		WHAT("Rule \"%s\" (%s, line %" PRId64 ") refused %s.", f->rule,
		    f->rule_file, f->rule_line, host_of(f));
	else
		WHAT("Rule \"%s\" refused %s.", f->rule, host_of(f));
	if (f->category[0] != '\0' && f->list_entry[0] != '\0' &&
	    f->list_file[0] != '\0')
		WHAT("The site is in the category \"%s\" by the entry \"%s\" "
		    "(%s, line %" PRId64 ").", f->category, f->list_entry,
		    f->list_file, f->list_line);
	else if (f->category[0] != '\0' && f->list_file[0] != '\0')
		WHAT("The site is in the category \"%s\" by %s, line %" PRId64
		    ".", f->category, f->list_file, f->list_line);
	else if (f->category[0] != '\0')
		WHAT("The site is in the category \"%s\".", f->category);
	if (f->reason[0] != '\0')
		WHAT("The reason that the rule gives: \"%s\"", f->reason);
	if (f->is_tunnel)
		WHAT("It was an encrypted connection, so the caller saw the "
		    "browser's own error and not our page.");
}

static void
say_status(const struct finding *f, struct cause_words *w)
{
	w->kind = "site";
	if (f->status == 407 || f->status == 401 || f->status == 403) {
		(void)snprintf(w->title, sizeof(w->title), "The site itself "
		    "refused (status %" PRId64 ")", f->status);
		w->todo[0] = '\0';
		TODO("The gateway let it through; the site did not. Check "
		    "with the caller whether they are signed in there and "
		    "may see that page.");
	} else if (f->status == 404 || f->status == 410) {
		(void)snprintf(w->title, sizeof(w->title), "The site has no "
		    "such page (status %" PRId64 ")", f->status);
		w->todo[0] = '\0';
		TODO("The gateway let it through. Have the caller start from "
		    "the site's first page.");
	} else {
		(void)snprintf(w->title, sizeof(w->title), "The site itself "
		    "answered with an error (status %" PRId64 ")", f->status);
		w->todo[0] = '\0';
		TODO("The gateway let it through; the fault is with the site. "
		    "Try again later.");
	}
	w->what[0] = '\0';
	WHAT("%s was let through and %s answered with status %" PRId64 ".",
	    f->method[0] != '\0' ? "The request" : "It", host_of(f),
	    f->status);
}

/* What the record knows of the way to the site. */
static void
say_way(const struct finding *f, const char *kind, struct cause_words *w)
{
	char text[24];

	if (strcmp(kind, "dns") == 0) {
		WHAT("The name is %s.", host_of(f));
		if (f->dns_us > 0) {
			paint_duration((uint64_t)f->dns_us, text);
			WHAT("The answer took %s.", text);
		}
	} else if (strcmp(kind, "network") == 0 ||
	    strcmp(kind, "site") == 0) {
		WHAT("The site is %s.", host_of(f));
		if (f->address[0] != '\0' && f->port > 0)
			WHAT("The address tried last was %s, port %" PRId64
			    ".", f->address, f->port);
		if (f->attempts > 1)
			WHAT("%" PRId64 " addresses were tried.", f->attempts);
		if (f->parent[0] != '\0')
			WHAT("The way led through the proxy %s.", f->parent);
	}
	if (strcmp(f->outcome, "special-address") == 0)
		WHAT("The site is %s; its address is %s%s%s.", host_of(f),
		    f->address[0] != '\0' ? f->address : f->answers[0] != '\0'
		    ? f->answers : "not kept", f->address_kind[0] != '\0' ?
		    ", which is " : "", f->address_kind);
	if (strcmp(f->outcome, "port-not-allowed") == 0 && f->port > 0)
		WHAT("It was asked for %s, port %" PRId64 ".", host_of(f),
		    f->port);
	if (f->error[0] != '\0')
		WHAT("The fault is named \"%s\".", f->error);
}

static void
say_owner(const struct finding *f, const struct cause_policy *p,
    struct cause_words *w)
{
	if (!p->read) {
		RING("The owner of the rule; their name stands at the rule "
		    "(%s, line %" PRId64 "), which could not be read from "
		    "here.", f->rule_file[0] != '\0' ? f->rule_file :
		    "in the policy", f->rule_line);
		return;
	}
	if (p->has_rule && p->owner != NULL)
		RING("%s (owner of the rule).", p->owner);
	else if (p->has_rule)
		RING("The rule names no owner.");
	else
		RING("The rule does not stand in the policy any more: have the "
		    "caller try again.");
	if (p->contact != NULL)
		RING("Questions about the policy: %s.", p->contact);
	if (p->has_rule && p->review != NULL)
		WHAT("The rule is to be looked at again by %s.", p->review);
	if (p->moved)
		WHAT("The policy has been changed since, so the rule stands at "
		    "another line now.");
}

static void
say_whom(const struct finding *f, enum cause_ring ring,
    const struct cause_policy *p, struct cause_words *w)
{
	switch (ring) {
	case RING_OWNER:
		say_owner(f, p, w);
		return;
	case RING_GATEWAY:
		RING("Whoever runs the gateway (gatebook).");
		if (strcmp(w->kind, "rule") == 0 && p->contact != NULL)
			RING("Questions about the policy: %s.", p->contact);
		return;
	case RING_NETWORK:
		RING("Whoever looks after the line to the internet and its "
		    "firewall, if other sites fail too.");
		return;
	case RING_RESOLVER:
		RING("Whoever looks after the name servers that the gateway "
		    "asks, if other sites fail too.");
		return;
	case RING_INSIDE:
		RING("Whoever looks after the network between the caller and "
		    "the gateway, if it repeats.");
		return;
	case RING_PARENT:
		RING("Whoever runs the proxy %s.", f->parent[0] != '\0' ?
		    f->parent : "behind this one");
		return;
	case RING_DESKTOP:
		RING("Whoever looks after the caller's computer and its "
		    "programs.");
		return;
	case RING_SITE:
		RING("The owners of the site, if it lasts; nobody here can "
		    "mend it.");
		return;
	case RING_NOBODY:
		RING("Nobody.");
		return;
	}
}

static void
say_open(const struct finding *f, struct cause_words *w)
{
	w->kind = "none";
	(void)snprintf(w->title, sizeof(w->title), "It went through and was "
	    "still open");
	WHAT("The connection to %s was let through and had not ended when this "
	    "was recorded.", host_of(f));
	TODO("Nothing is known to be wrong. If the page does not appear, the "
	    "site is slow or the fault is in the browser.");
}

void
cause_describe(const struct finding *f, const struct cause_policy *policy,
    struct cause_words *w)
{
	const struct cause *cause = cause_find(f->outcome);

	memset(w, 0, sizeof(*w));
	w->kind = cause != NULL ? cause->kind : "none";
	if (finding_is_open(f)) {
		say_open(f, w);
		say_whom(f, RING_NOBODY, policy, w);
		return;
	}
	if (cause == NULL) {
		/* A newer gatebook wrote it. */
		(void)snprintf(w->title, sizeof(w->title), "It ended as \"%s\"",
		    f->outcome);
		WHAT("This command knows no more words for that; the records "
		    "were written by another version.");
		TODO("See \"gatebook log show\" for all that was recorded.");
		say_whom(f, RING_GATEWAY, policy, w);
		return;
	}
	(void)snprintf(w->title, sizeof(w->title), "%s", cause->title);
	if (cause->what[0] != '\0')
		WHAT("%s", cause->what);
	TODO("%s", cause->todo);
	if (cause->ring == RING_OWNER)
		say_rule(f, w);
	else if (strcmp(f->outcome, "complete") == 0 && f->status >= 400)
		say_status(f, w);
	else
		say_way(f, cause->kind, w);
	if (f->would[0] != '\0' && cause->ring != RING_OWNER)
		WHAT("A rule on trial took note of it (%s) and changed "
		    "nothing.", f->would);
	say_whom(f, strcmp(w->kind, "site") == 0 ? RING_SITE : cause->ring,
	    policy, w);
}
