/* SPDX-License-Identifier: Apache-2.0 */
/* course_text.c - how an exchange would go, told. */
#include "ctl/course.h"

#include "ctl/paint.h"
#include "lib/address.h"
#include "policy/explain.h"

#include <jansson.h>

#include <stdlib.h>

/* What gatebook refuses by itself, whatever the list says; NULL if nothing. */
static const char *
own_refusal(const struct course *course, char *words, size_t size)
{
	switch (course->end) {
	case COURSE_PORT:
		(void)snprintf(words, size, "gatebook opens tunnels to ports "
		    "443 and 80 only, and this is port %u; a rule that names "
		    "the port and lets it through lifts this",
		    (unsigned)course->facts.port);
		return words;
	case COURSE_ADDRESS:
		(void)snprintf(words, size, "the address is %s, and gatebook "
		    "goes to public ones only; a rule that names address-kind "
		    "or destination and lets it through lifts this",
		    address_kind_name(course->kind));
		return words;
	case COURSE_PASSES:
	case COURSE_DENIED:
		break;
	}
	return NULL;
}

static const char *
depth_words(enum record_depth depth)
{
	switch (depth) {
	case DEPTH_CATEGORY:
		return "the category alone: no host, no address, no URL";
	case DEPTH_HOST:
		return "host, port and address; no path";
	case DEPTH_PATH:
		return "host and path, secrets taken out; no query";
	case DEPTH_URL:
		return "the URL (secrets and search terms taken out) and the "
		    "User-Agent";
	case DEPTH_ACTIVITY:
		return "the URL (secrets and search terms taken out), the "
		    "User-Agent and what was done there";
	}
	return "";
}

static const char *
as_words(enum record_as as)
{
	switch (as) {
	case AS_NAME:
		return "with the client's address and name";
	case AS_PSEUDONYM:
		return "with a pseudonym for the client";
	case AS_COUNT_ONLY:
		return "with nothing that leads to a person";
	}
	return "";
}

/* What the person meets. */
static const char *
seen_words(const struct course *course)
{
	bool tunnel = course->facts.is_tunnel;

	if (course->end == COURSE_PASSES)
		return "nothing of gatebook: the site answers, unless it "
		    "cannot be reached";
	if (!tunnel)
		return "a page with status 403 that says why, whom to ask, and "
		    "a reference to read out";
	if (course->end == COURSE_DENIED &&
	    course->decision.stage == STAGE_HELLO)
		return "the connection ends when its first bytes come; the "
		    "browser shows an error of its own";
	return "the browser's own error page, since browsers do not show what "
	    "a proxy says to a CONNECT; tools see status 403, why, and a "
	    "reference.  The helpdesk finds it by client and minute";
}

static void
tell_consequences(const struct course *course, FILE *out)
{
	(void)fprintf(out, "\nThe record keeps: %s,\n  %s%s.\n",
	    depth_words(course->decision.depth),
	    as_words(course->decision.as), course->facts.is_tunnel &&
	    course->decision.depth >= DEPTH_PATH ?
	    "; of a tunnel no more than the host is ever known" : "");
	if (course->decision.forward)
		(void)fputs("  It is on disk before anything leaves.\n", out);
	(void)fprintf(out, "The person sees: %s.\n", seen_words(course));
	if (course->end == COURSE_PASSES &&
	    (course->facts.known & FACT_BIT(FACT_DESTINATION)) == 0 &&
	    !(course->decision.lifts & LIFTS_ADDRESS))
		(void)fputs("If the name leads to an address that is not "
		    "public (loopback, private, ...), it is\nrefused then: no "
		    "rule here names one.\n", out);
	if (course->early && course->end != COURSE_PASSES)
		(void)fputs("This falls before the later facts you gave are "
		    "known.\n", out);
}

int
course_text(const struct course *course, const struct policy *policy,
    bool trace, bool colours, FILE *out)
{
	char words[256];

	if (own_refusal(course, words, sizeof(words)) != NULL) {
		paint(out, colours, PAINT_BAD, "Refused by gatebook itself");
		(void)fprintf(out, ": %s.\n\nBut for that: ", words);
	}
	if (policy_explain_text(policy, &course->facts, trace, out) != 0)
		return -1;
	tell_consequences(course, out);
	return ferror(out) ? -1 : 0;
}

/* What policy_explain_json() says, as an object. */
static json_t *
explained(const struct course *course, const struct policy *policy)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	json_t *json = NULL;

	if (out == NULL)
		return NULL;
	if (policy_explain_json(policy, &course->facts, out) == 0 &&
	    fclose(out) == 0)
		json = json_loadb(text, size, 0, NULL);
	free(text);
	return json;
}

int
course_json(const struct course *course, const struct policy *policy,
    FILE *out)
{
	static const char *const outcomes[] = {
		[COURSE_PASSES] = "passes", [COURSE_DENIED] = "denied",
		[COURSE_PORT] = "port-not-allowed",
		[COURSE_ADDRESS] = "special-address"
	};
	json_t *json = explained(course, policy);
	char words[256];
	int result;

	if (json == NULL)
		return -1;
	(void)json_object_set_new(json, "outcome",
	    json_string(outcomes[course->end]));
	if (own_refusal(course, words, sizeof(words)) != NULL)
		(void)json_object_set_new(json, "refusal", json_string(words));
	(void)json_object_set_new(json, "record_keeps",
	    json_sprintf("%s, %s", depth_words(course->decision.depth),
	    as_words(course->decision.as)));
	(void)json_object_set_new(json, "person_sees",
	    json_string(seen_words(course)));
	result = json_dumpf(json, out, JSON_COMPACT);
	json_decref(json);
	(void)fputc('\n', out);
	return result;
}
