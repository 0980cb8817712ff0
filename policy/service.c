/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.c - which service a host belongs to, and what was done there.  The
 * activities of a service are tried in order, as rules are: the first whose
 * lines all hold counts; where one before it is not known yet, nothing is
 * settled but the set of what it may be.
 */
#include "policy/service.h"

#include "policy/snapshot.h"

#include <string.h>
#include <strings.h>

const char *
service_role_name(enum service_role role)
{
	static const char *const words[] = {
#define ROLE(id, word) word,
		SERVICE_ROLES(ROLE)
#undef ROLE
	};

	return words[role];
}

static const char *const activity_words[ACTIVITY_KINDS] = {
#define ACTIVITY(id, word) word,
	ACTIVITIES(ACTIVITY)
#undef ACTIVITY
};

const char *
activity_name(enum activity_kind kind)
{
	return activity_words[kind];
}

bool
activity_by_name(const char *name, enum activity_kind *kind)
{
	for (int i = 0; i < ACTIVITY_KINDS; i++)
		if (strcmp(activity_words[i], name) == 0) {
			*kind = (enum activity_kind)i;
			return true;
		}
	return false;
}

/* --- what was done ----------------------------------------------------------- */
#define DONE_NOTHING (UINT32_C(1) << ACTIVITY_KINDS)

static enum truth
activity_holds(struct eval *e, const struct snap_activity *a,
    bool server_name)
{
	enum truth all = TRUTH_TRUE;

	for (uint32_t i = 0; i < a->line_count; i++) {
		enum truth t = eval_condition(e,
		    &e->policy->LINES[a->first_line + i], server_name);

		if (t == TRUTH_FALSE)
			return t;
		if (t < all)
			all = t;
	}
	return all;
}

/* Walk the activities of all candidates; open: one before was not known. */
static void
settle_activity(struct eval *e, struct serving *s, bool server_name)
{
	const struct policy *p = e->policy;
	bool open = false;

	s->may = 0;
	s->activity = UINT32_MAX;
	for (uint32_t c = 0; c < s->hits.count; c++) {
		uint32_t service = p->SETS[s->hits.hit[c].set].service - 1;
		const struct snap_service *from = &p->SERVICES[service];

		for (uint32_t i = 0; i < from->activity_count; i++) {
			uint32_t number = from->first_activity + i;
			const struct snap_activity *a =
			    &p->ACTIVITIES[number];
			enum truth t = activity_holds(e, a, server_name);

			if (t == TRUTH_FALSE)
				continue;
			s->may |= UINT32_C(1) << a->kind;
			if (t == TRUTH_UNKNOWN) {
				open = true;
				continue;
			}
			if (!open) {
				s->activity = number;
				s->told = c;
			}
			s->activity_open = open;
			return;
		}
	}
	s->may |= DONE_NOTHING;
	s->activity_open = open;
}

/* A request is known as far as a shared host needs it. */
static bool
request_came(const struct facts *f)
{
	return (f->known & FACT_BIT(FACT_PATH)) != 0;
}

void
service_settle(struct eval *e, bool server_name, bool activity)
{
	const struct fact_string *name = server_name ?
	    &e->facts->server_name : &e->facts->host;
	struct serving *s = server_name ? &e->by_server_name : &e->by_host;
	uint64_t unknown;

	if (!s->have_hits) {
		names_service(e->policy, name->text, name->length, &s->hits,
		    &s->shared);
		s->have_hits = true;
		s->have_activity = false;
		s->told = 0;
	}
	if ((!activity && !s->shared) || s->have_activity)
		return;
	s->have_activity = true;
	/* what waits is told as the activity or the service, not by its parts */
	unknown = e->unknown;
	settle_activity(e, s, server_name);
	e->unknown = unknown;
}

/* --- lines ----------------------------------------------------------------------- */
static bool
is_service_text(const struct policy *p, const struct fact_string *stated,
    uint32_t text)
{
	const char *t = p->TEXT + text;

	return strlen(t) == stated->length &&
	    memcmp(t, stated->text, stated->length) == 0;
}

/* A service that a tester states by name; -1: none of the catalogue. */
static int64_t
stated_service(const struct policy *p, const struct fact_string *stated)
{
	for (size_t i = 0; i < p->count[PART_SERVICES]; i++)
		if (is_service_text(p, stated, p->SERVICES[i].name))
			return (int64_t)i;
	return -1;
}

/* The service, or -1 for none; UNKNOWN if a shared host leaves it open. */
static enum truth
which_service(struct eval *e, bool server_name, int64_t *service)
{
	const struct policy *p = e->policy;
	const struct facts *f = e->facts;
	struct serving *s = server_name ? &e->by_server_name : &e->by_host;

	if ((f->known & FACT_BIT(FACT_SERVICE)) != 0) {
		*service = (f->present & FACT_BIT(FACT_SERVICE)) == 0 ? -1 :
		    stated_service(p, &f->service);
		return TRUTH_TRUE;
	}
	*service = -1;
	service_settle(e, server_name, false);
	if (s->hits.count == 0)
		return TRUTH_TRUE;
	if (s->shared && s->activity == UINT32_MAX)
		return s->activity_open || !request_came(f) ? TRUTH_UNKNOWN :
		    TRUTH_TRUE;
	*service = (int64_t)p->SETS[s->hits.hit[s->told].set].service - 1;
	return TRUTH_TRUE;
}

static bool
is_part_of(const struct policy *p, int64_t service, uint32_t whole)
{
	for (int i = 0; i <= SERVICE_WALK_MAX && service >= 0; i++) {
		if (service == (int64_t)whole)
			return true;
		service = (int64_t)p->SERVICES[service].parent - 1;
	}
	return false;
}

static enum truth
line_service(struct eval *e, const struct snap_line *line, bool server_name)
{
	const struct policy *p = e->policy;
	const struct facts *f = e->facts;
	bool stated_class = line->fact == FACT_SERVICE_CLASS &&
	    (f->known & FACT_BIT(FACT_SERVICE_CLASS)) != 0;
	int64_t service = -1;

	if (stated_class) {
		if ((f->present & FACT_BIT(FACT_SERVICE_CLASS)) == 0)
			return TRUTH_FALSE;
	} else if (which_service(e, server_name, &service) == TRUTH_UNKNOWN) {
		return TRUTH_UNKNOWN;
	}
	for (uint32_t i = 0; i < line->value_count; i++) {
		const struct snap_value *v = &p->VALUES[line->first_value + i];

		if (stated_class ? v->op == OP_CLASS &&
		    is_service_text(p, &f->service_class, v->a) :
		    v->op == OP_CLASS ? service >= 0 &&
		    p->SERVICES[service].klass == v->a :
		    v->op == OP_SERVICE && is_part_of(p, service, v->a))
			return TRUTH_TRUE;
	}
	return TRUTH_FALSE;
}

static uint32_t
stated_activity(const struct facts *f)
{
	for (int i = 0; i < ACTIVITY_KINDS; i++)
		if ((f->present & FACT_BIT(FACT_ACTIVITY)) != 0 &&
		    strlen(activity_words[i]) == f->activity.length &&
		    memcmp(activity_words[i], f->activity.text,
		    f->activity.length) == 0)
			return UINT32_C(1) << i;
	return DONE_NOTHING;
}

/* The activities that it may be: one if it is known. */
static uint32_t
which_activities(struct eval *e, bool server_name)
{
	struct serving *s = server_name ? &e->by_server_name : &e->by_host;

	if ((e->facts->known & FACT_BIT(FACT_ACTIVITY)) != 0)
		return stated_activity(e->facts);
	service_settle(e, server_name, true);
	return s->may;
}

static enum truth
line_activity(struct eval *e, const struct snap_line *line, bool server_name)
{
	uint32_t may = which_activities(e, server_name);
	uint32_t wanted = 0;

	for (uint32_t i = 0; i < line->value_count; i++) {
		const struct snap_value *v =
		    &e->policy->VALUES[line->first_value + i];

		if (v->op == OP_ACTIVITY)
			wanted |= UINT32_C(1) << v->a;
	}
	return (may & wanted) == 0 ? TRUTH_FALSE :
	    (may & ~wanted) == 0 ? TRUTH_TRUE : TRUTH_UNKNOWN;
}

enum truth
service_line(struct eval *e, const struct snap_line *line, bool server_name)
{
	return line->fact == FACT_ACTIVITY ?
	    line_activity(e, line, server_name) :
	    line_service(e, line, server_name);
}

/* --- pairs ------------------------------------------------------------------------ */
static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ?
	    c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decode up to PAIR_MAX bytes. */
static size_t
decode(const char *text, size_t length, char out[PAIR_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < length && n < PAIR_MAX; i++) {
		if (text[i] == '%' && i + 2 < length &&
		    hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
			out[n++] = (char)(hex(text[i + 1]) * 16 +
			    hex(text[i + 2]));
			i += 2;
		} else {
			out[n++] = text[i] == '+' ? ' ' : text[i];
		}
	}
	return n;
}

bool
pair_matches(const char *wanted, size_t wanted_length, const char *text,
    size_t length)
{
	const char *equals = memchr(wanted, '=', wanted_length);
	size_t name = equals == NULL ? wanted_length :
	    (size_t)(equals - wanted);
	char room[PAIR_MAX];

	while (length > 0) {
		const char *end = memchr(text, '&', length);
		size_t n = end == NULL ? length : (size_t)(end - text);
		const char *is = memchr(text, '=', n);
		size_t key = is == NULL ? n : (size_t)(is - text);
		size_t decoded = decode(text, key, room);

		if (decoded == name && memcmp(room, wanted, name) == 0) {
			if (equals == NULL)
				return true;
			decoded = is == NULL ? 0 : decode(is + 1, n - key - 1,
			    room);
			if (glob_match(equals + 1, wanted_length - name - 1,
			    room, decoded))
				return true;
		}
		if (end == NULL)
			return false;
		text = end + 1;
		length -= n + 1;
	}
	return false;
}

bool
type_matches(const char *wanted, size_t wanted_length, const char *text,
    size_t length)
{
	const char *end = memchr(text, ';', length);
	char room[TYPE_MAX];
	size_t n = end == NULL ? length : (size_t)(end - text);

	while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
		n--;
	if (n > sizeof(room))
		n = sizeof(room);
	for (size_t i = 0; i < n; i++)
		room[i] = text[i] >= 'A' && text[i] <= 'Z' ?
		    (char)(text[i] - 'A' + 'a') : text[i];
	return glob_match(wanted, wanted_length, room, n);
}

/* --- what records and explain say ------------------------------------------------- */
static void
tell_service(struct eval *e, bool server_name, struct policy_service *out)
{
	const struct policy *p = e->policy;
	const struct serving *s = server_name ? &e->by_server_name :
	    &e->by_host;
	const struct hit *hit = &s->hits.hit[s->told];
	const struct snap_service *service =
	    &p->SERVICES[p->SETS[hit->set].service - 1];
	const unsigned char *entry = p->ENTRIES + p->REFS[hit->slot];

	out->name = snap_text(p, service->name);
	out->title = snap_text(p, service->title);
	out->klass = snap_text(p, service->klass);
	out->role = (enum service_role)((entry[5] & ENTRY_ROLE) >>
	    ENTRY_ROLE_SHIFT);
	out->shared = s->shared;
	out->by = s->shared ? FACT_ACTIVITY : server_name ?
	    FACT_SERVER_NAME : FACT_HOST;
	out->entry.text = (const char *)entry + ENTRY_HEAD;
	out->entry.length = entry[4];
	memcpy(&out->line, entry, sizeof(out->line));
	out->file = snap_text(p, p->SOURCES[SLOT_SOURCE(
	    p->SLOTS[hit->slot])].file);
	if (s->activity != UINT32_MAX) {
		const struct snap_activity *a = &p->ACTIVITIES[s->activity];

		out->activity = activity_words[a->kind];
		out->activity_file = snap_text(p, a->file);
		out->activity_line = a->line;
		out->first_matched = a->first_line;
		out->matched_count = a->line_count;
	}
}

bool
policy_service(const struct policy *policy, const struct facts *facts,
    struct policy_service *out)
{
	static const enum fact names[] = { FACT_HOST, FACT_SERVER_NAME };
	struct eval e;

	memset(out, 0, sizeof(*out));
	if (policy->count[PART_SERVICES] == 0)
		return false;
	eval_init(&e, policy, facts);
	for (int i = 0; i < 2; i++) {
		bool server_name = names[i] == FACT_SERVER_NAME;
		const struct serving *s = server_name ? &e.by_server_name :
		    &e.by_host;

		if ((facts->known & facts->present & FACT_BIT(names[i])) == 0)
			continue;
		service_settle(&e, server_name, true);
		if (s->hits.count == 0 ||
		    (s->shared && s->activity == UINT32_MAX))
			continue;
		tell_service(&e, server_name, out);
		return true;
	}
	return false;
}

const char *
policy_service_matched(const struct policy *policy,
    const struct policy_service *service, uint32_t i)
{
	return snap_text(policy,
	    policy->LINES[service->first_matched + i].text);
}
