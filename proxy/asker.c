/* SPDX-License-Identifier: Apache-2.0 */
/* asker.c - see asker.h; the judging is done in policy/. */
#include "proxy/asker.h"

#include "policy/browser.h"
#include "policy/navigation.h"
#include "proxy/worker.h"

#include <stdio.h>
#include <string.h>

#define BRANDS_MAX 512

/* The first field of that kind; NULL text if there is none. */
static struct fact_string
field(const struct http1_head *head, enum http1_known known)
{
	struct fact_string none = { NULL, 0 };

	if ((head->present & (UINT64_C(1) << known)) == 0)
		return none;
	for (size_t i = 0; i < head->field_count; i++)
		if (head->fields[i].known == known)
			return (struct fact_string){
				head->fields[i].value.at,
				head->fields[i].value.length };
	return none;
}

static size_t
at_most(size_t length, size_t most)
{
	return length < most ? length : most;
}

size_t
asker_room(const struct http1_head *head)
{
	return at_most(field(head, HTTP1_USER_AGENT).length, USER_AGENT_MAX) +
	    at_most(field(head, HTTP1_SEC_CH_UA).length, BRANDS_MAX) +
	    EMBEDDED_IN_MAX;
}

static char *
keep(struct fact_string *s, struct fact_string value, size_t most, char *at)
{
	s->length = at_most(value.length, most);
	s->text = at;
	if (s->length > 0)
		memcpy(at, value.text, s->length);
	return at + s->length;
}

static void
set_or_absent(struct facts *facts, enum fact fact, bool is_there)
{
	if (is_there)
		fact_set(facts, fact);
	else
		fact_set_absent(facts, fact);
}

static char *
set_navigation(struct exchange *x, const struct http1_head *head, char *at)
{
	struct navigation_words words = {
		.method = { head->method.at, head->method.length },
		.fetch_mode = field(head, HTTP1_SEC_FETCH_MODE),
		.fetch_dest = field(head, HTTP1_SEC_FETCH_DEST),
		.fetch_user = field(head, HTTP1_SEC_FETCH_USER),
		.fetch_site = field(head, HTTP1_SEC_FETCH_SITE),
		.purpose = field(head, HTTP1_SEC_PURPOSE),
		.upgrade_insecure = field(head,
		    HTTP1_UPGRADE_INSECURE_REQUESTS),
		.requested_with = field(head, HTTP1_X_REQUESTED_WITH),
		.accept = field(head, HTTP1_ACCEPT),
		.referer = field(head, HTTP1_REFERER),
		.origin = field(head, HTTP1_ORIGIN),
	};
	struct facts *f = &x->facts;
	bool embedded;
	size_t length = 0;

	f->navigation = navigation_judge(&words, &x->navigation_by);
	set_or_absent(f, FACT_NAVIGATION,
	    f->navigation != NAVIGATION_UNKNOWN);
	embedded = navigation_embedded_in(&words, f->navigation, &f->host, at,
	    &length);
	set_or_absent(f, FACT_EMBEDDED_IN, embedded);
	if (!embedded)
		return at;
	f->embedded_in = (struct fact_string){ at, length };
	return at + length + 1;
}

char *
asker_set(struct exchange *x, const struct http1_head *head, char *at)
{
	struct client_words *words = &x->facts.browser;

	at = keep(&words->user_agent, field(head, HTTP1_USER_AGENT),
	    USER_AGENT_MAX, at);
	at = keep(&words->brands, field(head, HTTP1_SEC_CH_UA), BRANDS_MAX,
	    at);
	set_or_absent(&x->facts, FACT_BROWSER,
	    words->user_agent.length > 0 || words->brands.length > 0);
	/* Inside a tunnel nobody sees what is a navigation. */
	return x->is_connect ? at : set_navigation(x, head, at);
}

void
asker_record(const struct exchange *x, struct record *record)
{
	const struct facts *f = &x->facts;
	uint64_t has = f->known & f->present;
	struct browser b;
	char version[16];

	if ((has & FACT_BIT(FACT_BROWSER)) != 0) {
		browser_read(x->worker->policy, &f->browser, &b);
		if (b.name.length > 0)
			record_string(record, RECORD_BROWSER_NAME_F,
			    b.name.text, b.name.length);
		if (b.has_major) {
			(void)snprintf(version, sizeof(version), "%u",
			    b.major);
			record_text(record, RECORD_BROWSER_VERSION_F,
			    version);
		}
		if (b.kind != CLIENT_UNKNOWN)
			record_text(record, RECORD_CLIENT_KIND_F,
			    client_kind_name(b.kind));
	}
	if ((has & FACT_BIT(FACT_NAVIGATION)) != 0) {
		record_text(record, RECORD_NAVIGATION_F,
		    navigation_name(f->navigation));
		record_text(record, RECORD_NAVIGATION_BY_F,
		    x->navigation_by);
	}
}
