/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.c - somebody watching the walk of decide.c.  Nothing is judged here;
 * the words only say what the walk saw.
 */
#include "policy/explain.h"
#include "policy/navigation.h"
#include "policy/snapshot.h"

#include <string.h>

struct watcher {
	const struct policy *policy;
	step_seen *seen;
	void *arg;
};

const char *
step_outcome_name(enum step_outcome outcome)
{
	switch (outcome) {
	case STEP_DECIDED:
		return "decided";
	case STEP_NOTED:
		return "noted";
	case STEP_FALSE:
		return "false";
	case STEP_UNKNOWN:
		return "unknown";
	case STEP_ENDED:
		return "ended";
	case STEP_SETTLED:
		return "settled";
	}
	return "unknown";
}

/* --- words ---------------------------------------------------------------------- */
static void
say_unknown(const struct eval *e, enum fact fact, char *why, size_t size)
{
	const char *says = fact_says(fact);
	const char *reason = "";

	if (e->pattern_limit && fact == FACT_URL &&
	    (e->facts->known & FACT_BIT(fact)) != 0) {
		(void)snprintf(why, size, "the regular expression met its "
		    "limit before it came to an end");
		return;
	}
	if ((fact == FACT_COUNTRY && e->policy->header->has_country == 0) ||
	    (fact == FACT_ASN && e->policy->header->has_asn == 0))
		reason = ": no database is set";
	else if ((fact == FACT_SERVICE || fact == FACT_SERVICE_CLASS) &&
	    (e->facts->known & FACT_BIT(FACT_HOST)) != 0)
		reason = ": several services share this host, and what is "
		    "asked of it is not seen";
	else if (fact == FACT_ACTIVITY && !e->facts->is_tunnel)
		reason = ": the request's content would tell it";
	else if (fact_stage(fact) >= STAGE_REQUEST && e->facts->is_tunnel)
		reason = ": it is inside the tunnel, which is not opened";
	else if (fact_stage(fact) == STAGE_ADDRESS)
		reason = " before the name is resolved";
	else if (fact_stage(fact) == STAGE_HELLO)
		reason = " before the client's first bytes";
	(void)snprintf(why, size, "%s is not known%s", says, reason);
}

static void
say_names(struct eval *e, const struct snap_line *line, char *why,
    size_t size)
{
	const struct facts *f = e->facts;
	bool has_sni = (f->known & f->present &
	    FACT_BIT(FACT_SERVER_NAME)) != 0;
	bool has_host = (f->known & f->present & FACT_BIT(FACT_HOST)) != 0;
	struct name_entry entry;

	for (uint32_t i = 0; line->unless && i < line->value_count; i++) {
		const struct snap_value *v =
		    &e->policy->VALUES[line->first_value + i];
		const char *set;

		if (v->op != OP_SET || !has_host || !names_entry(e->policy,
		    f->host.text, f->host.length, v->a, &entry))
			continue;
		set = snap_text(e->policy, e->policy->SETS[v->a].name);
		(void)snprintf(why, size, "the host %.*s is %s%s%s(%.*s, "
		    "%s:%u)", (int)f->host.length, f->host.text, set == NULL ?
		    "one of them " : "in the category ", set == NULL ? "" :
		    set, set == NULL ? "" : " ", (int)entry.text.length,
		    entry.text.text, entry.file, entry.line);
		return;
	}
	if (has_host && has_sni && line->fact != FACT_SERVER_NAME)
		(void)snprintf(why, size, "the host is %.*s and the server "
		    "name %.*s", (int)f->host.length, f->host.text,
		    (int)f->server_name.length, f->server_name.text);
	else if (line->fact == FACT_SERVER_NAME ? has_sni : has_host)
		(void)snprintf(why, size, "%s is %.*s",
		    line->fact == FACT_SERVER_NAME ? "the server name" :
		    "the host", line->fact == FACT_SERVER_NAME ?
		    (int)f->server_name.length : (int)f->host.length,
		    line->fact == FACT_SERVER_NAME ? f->server_name.text :
		    f->host.text);
	else
		(void)snprintf(why, size, "there is none");
}

static void
say_time(struct eval *e, enum fact fact, char *why, size_t size)
{
	static const char *const days[] = { "Monday", "Tuesday", "Wednesday",
	    "Thursday", "Friday", "Saturday", "Sunday" };
	const char *zone = snap_text(e->policy, e->policy->header->timezone);

	if (!eval_time(e)) {
		(void)snprintf(why, size, "no time is stated");
		return;
	}
	(void)snprintf(why, size, "it is %s %02u:%02u%s in the time zone %s",
	    days[e->week_minute / 1440], e->week_minute % 1440 / 60,
	    e->week_minute % 60, fact == FACT_DATE ? " of another date" : "",
	    zone == NULL ? "UTC" : zone);
}

static void
say_text(enum fact fact, const struct fact_string *s, char *why, size_t size)
{
	(void)snprintf(why, size, "%s is %.*s%s", fact_says(fact),
	    (int)(s->length < 200 ? s->length : 200), s->text,
	    s->length < 200 ? "" : "...");
}

static void
say_address(enum fact fact, const struct address *address, char *why,
    size_t size)
{
	char text[ADDRESS_TEXT_MAX];

	(void)address_print(address, text);
	(void)snprintf(why, size, "%s is %s", fact_says(fact), text);
}

/* "the browser is Firefox 115, which is old" */
static void
say_browser(struct eval *e, char *why, size_t size)
{
	const struct browser *b = eval_browser(e);
	char version[16] = "";

	if (b->has_major)
		(void)snprintf(version, sizeof(version), " %u", b->major);
	if (b->name.length == 0)
		(void)snprintf(why, size, "the User-Agent names no browser "
		    "that the list knows%s", b->old ? ", but an old one" : "");
	else
		(void)snprintf(why, size, "the %s is %.*s%s%s",
		    b->kind == CLIENT_BROWSER ? "browser" : "program",
		    (int)b->name.length, b->name.text, version,
		    b->old ? ", which is old" : "");
}

static void
say_kind(struct eval *e, char *why, size_t size)
{
	enum client_kind kind = (e->facts->known &
	    FACT_BIT(FACT_CLIENT_KIND)) != 0 ? e->facts->client_kind :
	    eval_browser(e)->kind;

	(void)snprintf(why, size, "the client is %s%s", kind == CLIENT_APP ?
	    "an " : kind == CLIENT_SYSTEM ? "the " : kind == CLIENT_UNKNOWN ?
	    "of " : "a ", kind == CLIENT_SYSTEM ? "system itself" :
	    kind == CLIENT_UNKNOWN ? "no kind that the User-Agent tells" :
	    client_kind_name(kind));
}

/* What the catalogue says; facts that are stated speak for themselves. */
static void
say_service(struct eval *e, enum fact fact, char *why, size_t size)
{
	const struct facts *f = e->facts;
	struct policy_service s;

	if ((f->known & FACT_BIT(fact)) != 0) {
		say_text(fact, fact == FACT_SERVICE ? &f->service :
		    fact == FACT_ACTIVITY ? &f->activity : &f->service_class,
		    why, size);
		return;
	}
	if (!policy_service(e->policy, f, &s)) {
		(void)snprintf(why, size, "the catalogue names no service for "
		    "this host");
		return;
	}
	if (fact != FACT_ACTIVITY)
		(void)snprintf(why, size, "the service is %s, of the class %s "
		    "(%s:%u)", s.name, s.klass, s.file, s.line);
	else if (s.activity != NULL)
		(void)snprintf(why, size, "what was done at %s is %s (%s:%u)",
		    s.name, s.activity, s.activity_file, s.activity_line);
	else
		(void)snprintf(why, size, "no activity of %s that this could "
		    "be is asked for", s.name);
}

/* Why a known fact made the line false. */
static void
say_known(struct eval *e, const struct snap_line *line, char *why,
    size_t size)
{
	const struct facts *f = e->facts;
	enum fact fact = (enum fact)line->fact;
	char country[3] = "";
	uint32_t asn = 0;
	bool known;

	switch (fact) {
	case FACT_HOST:
	case FACT_CATEGORY:
	case FACT_SERVER_NAME:
		say_names(e, line, why, size);
		return;
	case FACT_HOURS:
	case FACT_DATE:
		say_time(e, fact, why, size);
		return;
	case FACT_CLIENT:
		say_address(fact, &f->client, why, size);
		return;
	case FACT_DESTINATION:
		say_address(fact, &f->destination, why, size);
		return;
	case FACT_ADDRESS_KIND:
		(void)snprintf(why, size, "the address is %s",
		    address_kind_name((f->known & FACT_BIT(fact)) != 0 ?
		    f->address_kind : address_kind(&f->destination)));
		return;
	case FACT_COUNTRY:
		if (eval_country(e, country, &known))
			(void)snprintf(why, size, "the country is %s",
			    country);
		else
			(void)snprintf(why, size, "the database knows no "
			    "country for this address");
		return;
	case FACT_ASN:
		if (eval_asn(e, &asn, &known))
			(void)snprintf(why, size, "the network is AS%u", asn);
		else
			(void)snprintf(why, size, "the database knows no "
			    "network for this address");
		return;
	case FACT_PORT:
		(void)snprintf(why, size, "the port is %u", f->port);
		return;
	case FACT_REQUEST_SIZE:
		(void)snprintf(why, size, "the content has %llu bytes%s",
		    (unsigned long long)f->request_size,
		    f->request_size_final ? "" : " so far");
		return;
	case FACT_LISTENER:
		say_text(fact, &f->listener, why, size);
		return;
	case FACT_PROTOCOL:
		say_text(fact, &f->protocol, why, size);
		return;
	case FACT_METHOD:
		say_text(fact, &f->method, why, size);
		return;
	case FACT_SCHEME:
		say_text(fact, &f->scheme, why, size);
		return;
	case FACT_PATH:
		say_text(fact, &f->path, why, size);
		return;
	case FACT_URL:
		say_text(fact, &f->url, why, size);
		return;
	case FACT_BROWSER:
		say_browser(e, why, size);
		return;
	case FACT_CLIENT_KIND:
		say_kind(e, why, size);
		return;
	case FACT_NAVIGATION:
		(void)snprintf(why, size, "whether it is a navigation: %s",
		    navigation_name(f->navigation));
		return;
	case FACT_EMBEDDED_IN:
		say_text(fact, &f->embedded_in, why, size);
		return;
	case FACT_SERVICE:
	case FACT_SERVICE_CLASS:
	case FACT_ACTIVITY:
		say_service(e, fact, why, size);
		return;
	case FACT_QUERY:
		say_text(FACT_URL, &f->url, why, size);
		return;
	case FACT_CONTENT_TYPE:
		say_text(fact, &f->content_type, why, size);
		return;
	case FACT_OPERATION:
		say_text(fact, &f->operation, why, size);
		return;
	case FACT_FIELD:
		(void)snprintf(why, size, "no field of the content is like "
		    "that");
		return;
	case FACTS:
		break;
	}
}

static void
say_why(struct eval *e, const struct snap_line *line, bool known, char *why,
    size_t size)
{
	const struct facts *f = e->facts;
	uint64_t bit = FACT_BIT(line->fact);

	why[0] = '\0';
	if (!known)
		say_unknown(e, (enum fact)line->fact, why, size);
	else if ((f->known & bit) != 0 && (f->present & bit) == 0)
		(void)snprintf(why, size, "there is none");
	else
		say_known(e, line, why, size);
}

/* --- the walk ---------------------------------------------------------------------- */
static void
on_rule(void *arg, struct eval *e, const struct snap_rule *rule,
    enum walk_outcome outcome, const struct snap_line *line)
{
	struct watcher *w = arg;
	struct step step = {
		.outcome = (enum step_outcome)outcome,
		.verdict = (enum verdict)rule->verdict,
	};
	struct name_entry entry;
	uint32_t set;

	rule_describe(w->policy, rule, &step.rule);
	if (line != NULL) {
		step.text = snap_text(w->policy, line->text);
		step.file = snap_text(w->policy, line->file);
		step.line = line->line;
		step.fact = (enum fact)line->fact;
		say_why(e, line, outcome == WALK_FALSE, step.why,
		    sizeof(step.why));
	} else if (outcome != WALK_ENDED && outcome != WALK_SETTLED &&
	    rule_category(e, rule, &set, &entry)) {
		step.category = snap_text(w->policy,
		    w->policy->SETS[set].name);
		step.list_file = entry.file;
		step.list_line = entry.line;
		step.list_entry = entry.text;
	}
	if (w->seen != NULL)
		w->seen(w->arg, &step);
}

void
policy_explain_in(const struct policy *policy, enum section section,
    const struct facts *facts, struct decision *decision, step_seen *seen,
    void *arg)
{
	struct watcher w = { .policy = policy, .seen = seen, .arg = arg };

	policy_walk(policy, section, facts, decision, on_rule, &w);
}

unsigned
policy_explain_fields(const struct policy *policy, const struct facts *facts,
    struct policy_field out[POLICY_FIELDS_MAX], step_seen *seen, void *arg)
{
	struct watcher w = { .policy = policy, .seen = seen, .arg = arg };

	return policy_walk_fields(policy, facts, out, on_rule, &w);
}

void
policy_explain(const struct policy *policy, const struct facts *facts,
    struct decision *decision, step_seen *seen, void *arg)
{
	policy_explain_in(policy, SECTION_ACCESS, facts, decision, seen, arg);
}
