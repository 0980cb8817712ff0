/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.c - records about traffic.  Depth and redaction are settled here,
 * before a byte enters the book.  When the ring has no room an ended exchange
 * keeps its slot, and its last fields wait in memory; there are never more of
 * those than slots.
 */
#include "proxy/asker.h"
#include "proxy/journal.h"

#include "lib/clock.h"
#include "lib/report.h"
#include "logging/redact.h"
#include "policy/service.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define DECISIONS_KEPT 4	/* in the slot, beside the first */

struct unrecorded {
	struct unrecorded *next;
	uint32_t slot;
	enum record_kind kind;
	size_t length;
	unsigned char bytes[];
};

struct record
journal_record(struct worker *w)
{
	struct record record;

	record_init(&record, w->record_bytes, RECORD_MAX);
	return record;
}

static void
text_field(struct record *record, enum record_field field,
    struct http1_text text)
{
	if (text.length > 0)
		record_string(record, field, text.at, text.length);
}

enum outcome
journal_state(struct worker *w)
{
	switch ((enum logstate_condition)atomic_load_explicit(
	    &w->log->condition, memory_order_relaxed)) {
	case LOGSTATE_STARTING:		/* the ring keeps what comes */
	case LOGSTATE_GOOD:
		return OUTCOME_COMPLETE;
	case LOGSTATE_FULL:
		return w->settings->log_failure == LOG_FAILURE_REFUSE ?
		    OUTCOME_LOG_FULL : OUTCOME_COMPLETE;
	case LOGSTATE_BROKEN:
		return w->settings->log_failure == LOG_FAILURE_REFUSE ?
		    OUTCOME_LOG_BROKEN : OUTCOME_COMPLETE;
	}
	return OUTCOME_LOG_BROKEN;
}

bool
journal_waits(struct worker *w)
{
	enum logstate_condition now = (enum logstate_condition)
	    atomic_load_explicit(&w->log->condition, memory_order_relaxed);

	return w->settings->log_failure == LOG_FAILURE_REFUSE ||
	    now == LOGSTATE_STARTING || now == LOGSTATE_GOOD;
}

/* --- the decision --------------------------------------------------------- */

static void
add_would(struct record *record, const struct decision *d)
{
	char line[256];
	uint32_t n = d->would_count < POLICY_WOULD_MAX ? d->would_count :
	    POLICY_WOULD_MAX;

	for (uint32_t i = 0; i < n; i++) {
		const struct policy_would *would = &d->would[i];
		int length = snprintf(line, sizeof(line), "%s %s %s:%u",
		    verdict_name(would->verdict), would->rule.name,
		    would->rule.file, would->rule.line);

		if (length > (int)sizeof(line) - 1)
			length = (int)sizeof(line) - 1;
		record_string(record, RECORD_WOULD_F, line, (size_t)length);
	}
	if (d->would_count > 0)
		record_number(record, RECORD_WOULD_COUNT_F, d->would_count);
}

static void
add_decision(struct record *record, const struct exchange *x,
    const struct decision *d)
{
	const struct policy *policy = x->worker->policy;

	record_text(record, RECORD_RULE_F, d->rule.name);
	record_text(record, RECORD_RULESET_F, policy_name(policy));
	record_text(record, RECORD_RULE_VERSION_F, policy_version(policy));
	record_text(record, RECORD_DECISION_F, verdict_name(d->verdict));
	record_text(record, RECORD_STAGE_F, stage_name(d->stage));
	if (d->rule.file != NULL)
		record_text(record, RECORD_RULE_FILE_F, d->rule.file);
	if (d->rule.line != 0)
		record_number(record, RECORD_RULE_LINE_F, d->rule.line);
	if (d->category != NULL) {
		record_text(record, RECORD_RULE_CATEGORY_F, d->category);
		if (d->list_file != NULL) {
			record_text(record, RECORD_LIST_FILE_F, d->list_file);
			record_number(record, RECORD_LIST_LINE_F,
			    d->list_line);
		}
		if (d->list_entry.length > 0)
			record_string(record, RECORD_LIST_ENTRY_F,
			    d->list_entry.text, d->list_entry.length);
	}
	if (d->rule.purpose != NULL)
		record_text(record, RECORD_PURPOSE_F, d->rule.purpose);
	if (d->rule.because != NULL)
		record_text(record, RECORD_REASON_F, d->rule.because);
	add_would(record, d);
	record_text(record, RECORD_DEPTH_F, record_depth_name(d->depth));
	record_text(record, RECORD_AS_F, record_as_name(d->as));
}

/* What the catalogue says about the host and the request. */
static void
add_service(struct record *record, const struct exchange *x)
{
	const struct policy *policy = x->worker->policy;
	struct policy_service s;
	char entry[300];
	int n;

	if (!policy_service(policy, &x->facts, &s))
		return;
	record_text(record, RECORD_SERVICE_F, s.name);
	record_text(record, RECORD_SERVICE_CLASS_F, s.klass);
	record_text(record, RECORD_SERVICE_FACT_F, s.by == FACT_HOST ?
	    "host" : s.by == FACT_SERVER_NAME ? "server-name" : "activity");
	n = snprintf(entry, sizeof(entry), "%s %.*s",
	    service_role_name(s.role), (int)s.entry.length, s.entry.text);
	if (n > 0 && n < (int)sizeof(entry))
		record_string(record, RECORD_SERVICE_ENTRY_F, entry,
		    (size_t)n);
	record_text(record, RECORD_SERVICE_FILE_F, s.file);
	record_number(record, RECORD_SERVICE_LINE_F, s.line);
	if (s.activity == NULL)
		return;
	record_text(record, RECORD_ACTIVITY_F, s.activity);
	record_number(record, RECORD_ACTIVITY_LINE_F, s.activity_line);
	for (uint32_t i = 0; i < s.matched_count; i++)
		record_text(record, RECORD_ACTIVITY_MATCHED_F,
		    policy_service_matched(policy, &s, i));
}

uint64_t
journal_rule_key(const struct worker *w, const struct decision *d)
{
	/* Texts of one policy lie in one place as long as it is in force. */
	uint64_t h = w->policy_serial * UINT64_C(0x9e3779b97f4a7c15) +
	    (uintptr_t)d->rule.name;

	h = (h ^ (h >> 29)) * UINT64_C(0xbf58476d1ce4e5b9) +
	    (uintptr_t)d->category;
	h = (h ^ (h >> 31)) * UINT64_C(0x94d049bb133111eb) +
	    d->would_count * 128u + (unsigned)d->verdict * 8u +
	    (unsigned)d->depth + 1u;
	return h ^ (h >> 30);
}

static void
remember_decision(struct exchange *x, const struct decision *d)
{
	x->verdict = d->verdict;
	x->lifts = d->lifts;
	x->depth = d->depth;
	x->as = d->as;
	/* A rule that may still hold is obeyed at once: what has left cannot
	 * wait any more. */
	x->forward = d->forward || d->may_forward ||
	    x->worker->settings->log_commit == LOG_COMMIT_FORWARD;
	x->would = d->would_count > 0;
	x->waiting = d->waiting;
	x->rule_key = journal_rule_key(x->worker, d);
}

/* --- the URL -------------------------------------------------------------- */

static void
add_url(struct record *record, struct exchange *x, const struct target *target,
    const char *keep_query)
{
	char *room = x->worker->scratch;
	size_t size = x->worker->scratch_size;
	unsigned redacted = 0;
	size_t n;

	if (x->depth >= DEPTH_PATH && target->path.length <= size) {
		n = redact_path(target->path.at, target->path.length, room,
		    &redacted);
		if (n == 0)
			record_text(record, RECORD_URL_PATH_F, "/");
		else
			record_string(record, RECORD_URL_PATH_F, room, n);
	}
	if (x->depth >= DEPTH_URL && target->has_query &&
	    target->query.length <= size) {
		n = redact_query(target->query.at, target->query.length,
		    keep_query, room, &redacted);
		record_string(record, RECORD_URL_QUERY_F, room, n);
	} else if (target->has_query && x->depth < DEPTH_URL) {
		record_text(record, RECORD_REDACTED_F, "query");
	}
	if (redacted & REDACTED_PATH)
		record_text(record, RECORD_REDACTED_F, "path-segment");
	if (redacted & REDACTED_QUERY_VALUE)
		record_text(record, RECORD_REDACTED_F, "query-value");
	if (target->has_userinfo)
		record_text(record, RECORD_REDACTED_F, "userinfo");
}

static const struct http1_field *
find_field(const struct http1_head *head, enum http1_known known)
{
	if (!(head->present & (UINT64_C(1) << known)))
		return NULL;
	for (size_t i = 0; i < head->field_count; i++)
		if (head->fields[i].known == known)
			return &head->fields[i];
	return NULL;
}

/* Scheme and host of a Referer, nothing else of it. */
static void
add_referrer(struct record *record, const struct http1_field *field)
{
	const char *at = field->value.at, *end = at + field->value.length;
	const char *slashes = memmem(at, field->value.length, "://", 3);
	const char *stop, *user;

	if (slashes == NULL)
		return;
	stop = slashes + 3;
	while (stop < end && *stop != '/' && *stop != '?' && *stop != '#')
		stop++;
	user = memchr(slashes + 3, '@', (size_t)(stop - slashes - 3));
	if (user != NULL)
		return;
	record_string(record, RECORD_REFERRER_F, at, (size_t)(stop - at));
}

static void
add_target(struct record *record, struct exchange *x,
    const struct http1_head *head, const struct target *target,
    const char *keep_query)
{
	const struct http1_field *field;
	static const struct http1_text http = { "http", 4 };

	record_string(record, RECORD_DEST_DOMAIN_F, x->host, x->host_length);
	record_number(record, RECORD_DEST_PORT_F, x->port);
	if (x->is_connect)
		return;
	text_field(record, RECORD_URL_SCHEME_F, http);
	record_string(record, RECORD_URL_DOMAIN_F, target->host,
	    target->host_length);
	if (target->port != 80)
		record_number(record, RECORD_URL_PORT_F, target->port);
	add_url(record, x, target, keep_query);
	if (x->depth >= DEPTH_URL &&
	    (field = find_field(head, HTTP1_USER_AGENT)) != NULL)
		text_field(record, RECORD_USER_AGENT_F, field->value);
	if (x->depth >= DEPTH_PATH &&
	    (field = find_field(head, HTTP1_REFERER)) != NULL)
		add_referrer(record, field);
}

/* --- entering, adding ----------------------------------------------------- */

static void
add_client(struct record *record, const struct exchange *x)
{
	const struct session *s = x->session;
	char trace[33];
	static const char hex[] = "0123456789abcdef";

	record_number(record, RECORD_START_F, s->first_wall_us);
	for (unsigned i = 0; i < 32; i++)
		trace[i] = hex[(s->trace[i / 16] >> (4 * (i % 16))) & 15];
	record_string(record, RECORD_TRACE_F, trace, 32);
	record_address(record, RECORD_SOURCE_IP_F, &s->address);
	record_number(record, RECORD_SOURCE_PORT_F, s->address.port);
	record_text(record, RECORD_LISTENER_F, s->listener->name);
	if (s->by_proxy_header) {
		record_address(record, RECORD_VIA_PEER_F, &s->peer);
		record_text(record, RECORD_IDENTIFIED_BY_F, "proxy-protocol");
	} else {
		record_text(record, RECORD_IDENTIFIED_BY_F, "address");
	}
	record_text(record, RECORD_CONFIDENCE_F, "unknown");
	record_text(record, RECORD_TRANSPORT_F, "tcp");
	if (x->reference[0] != '\0')
		record_text(record, RECORD_REFERENCE_F, x->reference);
}

enum outcome
journal_enter(struct exchange *x, const struct http1_head *head,
    const struct target *target, const struct decision *d)
{
	struct worker *w = x->worker;
	struct record record = journal_record(w);

	if (reference_draw(w->log, &w->lease, x->reference) != 0)
		x->reference[0] = '\0';
	if (d != NULL)
		remember_decision(x, d);
	add_client(&record, x);
	text_field(&record, RECORD_METHOD_F, head->method);
	/* Of a head that was refused it is known if it came to the fields. */
	if (head->is_request && (!x->refused || head->field_count > 0))
		record_text(&record, RECORD_HTTP_VERSION_F,
		    head->minor == 0 ? "1.0" : "1.1");
	if (d != NULL) {
		add_decision(&record, x, d);
		add_service(&record, x);
	}
	if (target != NULL)
		add_target(&record, x, head, target,
		    d != NULL ? d->rule.keep_query : NULL);
	asker_record(x, &record);
	record_limit(&record, x->depth, x->as);
	if (book_enter(w->book, &record, &x->slot, &x->id) == 0)
		return OUTCOME_COMPLETE;
	x->slot = BOOK_NO_SLOT;
	if (w->settings->log_failure == LOG_FAILURE_COUNT) {
		(void)atomic_fetch_add(&w->log->uncounted, 1);
		stats_add(&w->stats->log_gap, 1);
		return OUTCOME_COMPLETE;
	}
	return OUTCOME_LOG_BUSY;
}

/* A table without room costs the record detail, never the exchange: its closing
 * record still comes. */
void
journal_append(struct exchange *x, struct record *record)
{
	static struct report_limit limit;

	if (x->slot == BOOK_NO_SLOT || record->length == 0)
		return;
	record_limit(record, x->depth, x->as);
	if (book_append(x->worker->book, x->slot, record) != 0)
		report_limited(&limit, REPORT_WARNING,
		    "the table of running exchanges is full: a record lost "
		    "detail; raise log.inflight.cells");
}

void
journal_decision(struct exchange *x, const struct decision *d)
{
	struct record record = journal_record(x->worker);

	remember_decision(x, d);
	add_decision(&record, x, d);
	if (x->changes < DECISIONS_KEPT) {
		x->changes++;
		journal_append(x, &record);
		return;
	}
	/* A tunnel that outlives many policies: its slot does not grow on,
	 * the last decision waits for the closing record. */
	record_limit(&record, x->depth, x->as);
	free(x->late);
	x->late = malloc(record.length);
	x->late_length = 0;
	if (x->late == NULL)
		return;
	memcpy(x->late, record.bytes, record.length);
	x->late_length = record.length;
}

bool
journal_begin(struct exchange *x)
{
	struct record record = journal_record(x->worker);

	if (x->slot == BOOK_NO_SLOT)
		return true;
	if (book_push(x->worker->book, x->slot, x->is_connect ?
	    RECORD_KIND_TUNNEL_OPEN : RECORD_KIND_REQUEST_OPEN, &record,
	    &x->durable_at) != 0)
		return false;
	book_want_durable(x->worker->book);
	return true;
}

void
journal_answers(struct exchange *x, const struct resolve_answer *answer)
{
	static const char *const security[] = {
		[RESOLVE_UNCHECKED] = NULL,
		[RESOLVE_INSECURE] = "insecure",
		[RESOLVE_SECURE] = "secure",
		[RESOLVE_IS_BOGUS] = "bogus"
	};
	struct record record = journal_record(x->worker);
	char text[ADDRESS_TEXT_MAX];

	for (unsigned i = 0; i < answer->count; i++) {
		size_t n = address_print(&answer->address[i], text);

		record_string(&record, RECORD_DNS_ANSWERS_F, text, n);
	}
	if (security[answer->security] != NULL)
		record_text(&record, RECORD_DNS_SECURITY_F,
		    security[answer->security]);
	journal_append(x, &record);
}

void
journal_address(struct exchange *x)
{
	struct record record = journal_record(x->worker);
	enum address_kind kind = address_kind(&x->address);
	char country[3];
	uint32_t asn = 0;

	record_address(&record, RECORD_DEST_IP_F, &x->address);
	if (kind != ADDRESS_PUBLIC)
		record_text(&record, RECORD_ADDRESS_KIND_F,
		    address_kind_name(kind));
	if (policy_geo(x->worker->policy, &x->address, country, &asn)) {
		if (country[0] != '\0')
			record_text(&record, RECORD_DEST_COUNTRY_F, country);
		if (asn != 0)
			record_number(&record, RECORD_DEST_ASN_F, asn);
	}
	journal_append(x, &record);
}

void
journal_hello(struct exchange *x, const struct hello *hello)
{
	struct record record = journal_record(x->worker);

	record_text(&record, RECORD_PROTOCOL_F, "tls");
	if (hello->has_server_name) {
		record_text(&record, RECORD_SERVER_NAME_F,
		    hello->server_name);
		if (strlen(hello->server_name) != x->host_length ||
		    memcmp(hello->server_name, x->host, x->host_length) != 0)
			record_number(&record, RECORD_NAME_MISMATCH_F, 1);
	}
	if (hello->ech)
		record_text(&record, RECORD_ECH_F, "offered");
	if (hello->ja4[0] != '\0')
		record_text(&record, RECORD_JA4_F, hello->ja4);
	for (unsigned i = 0; i < hello->version_count; i++) {
		static const char *const names[] = {
			"1.0", "1.1", "1.2", "1.3"
		};
		unsigned v = hello->versions[i];

		if (v >= 0x0301 && v <= 0x0304)
			record_text(&record, RECORD_TLS_VERSIONS_F,
			    names[v - 0x0301]);
	}
	for (unsigned i = 0; i < hello->alpn_count; i++)
		record_text(&record, RECORD_ALPN_F, hello->alpn[i]);
	journal_append(x, &record);
}

void
journal_text(struct exchange *x, enum record_field field, const char *text,
    size_t length)
{
	struct record record = journal_record(x->worker);

	record_string(&record, field, text, length);
	journal_append(x, &record);
}

/* --- interim and closing -------------------------------------------------- */

static void
add_counts(struct record *record, const struct exchange *x)
{
	record_number(record, RECORD_SOURCE_BYTES_F, x->from_client);
	record_number(record, RECORD_DEST_BYTES_F, x->from_origin);
	record_number(record, RECORD_DURATION_F,
	    (clock_mono_us() - x->start_mono_us) * 1000);
}

static bool
is_tunnel(const struct exchange *x)
{
	return x->is_connect || x->upgraded;
}

void
journal_interim(struct exchange *x)
{
	struct record record = journal_record(x->worker);
	uint64_t position;

	if (x->slot == BOOK_NO_SLOT)
		return;
	x->interims++;
	add_counts(&record, x);
	record_number(&record, RECORD_INTERIM_F, x->interims);
	record_limit(&record, x->depth, x->as);
	if (book_push(x->worker->book, x->slot, is_tunnel(x) ?
	    RECORD_KIND_TUNNEL_INTERIM : RECORD_KIND_REQUEST_INTERIM,
	    &record, &position) != 0)
		x->interims--;	/* no room: the next one tells as much */
}

static bool
is_built_in(enum outcome outcome)
{
	return outcome == OUTCOME_DENIED_ADDRESS ||
	    outcome == OUTCOME_DENIED_PORT || outcome == OUTCOME_LOOP;
}

static void
add_times(struct record *record, const struct exchange *x)
{
	if (x->dns_us > 0)
		record_number(record, RECORD_TIME_DNS_F, x->dns_us);
	if (x->connect_us > 0)
		record_number(record, RECORD_TIME_CONNECT_F, x->connect_us);
	if (x->first_us > 0)
		record_number(record, RECORD_TIME_FIRST_F, x->first_us);
}

static void
add_end(struct record *record, const struct exchange *x, enum outcome outcome,
    const char *detail)
{
	const struct outcome_words *words = outcome_words(outcome);
	static const char *const results[] = {
		[OUTCOME_CLASS_OK] = "success",
		[OUTCOME_CLASS_FAULT] = "failure",
		[OUTCOME_CLASS_REFUSED] = "failure"
	};

	if (is_built_in(outcome)) {
		/* No rule refused it: gatebook does by itself. */
		record_text(record, RECORD_DECISION_F,
		    verdict_name(VERDICT_DENY));
		record_text(record, RECORD_RULE_F, "built-in");
		record_text(record, RECORD_RULE_FILE_F, "");
		record_text(record, RECORD_REASON_F, words->cause);
	}
	record_text(record, RECORD_OUTCOME_F, results[words->class]);
	record_text(record, RECORD_FAILURE_F, words->name);
	if (words->code[0] != '\0')
		record_text(record, RECORD_CODE_F, words->code);
	if (detail != NULL)
		record_text(record, RECORD_ERROR_CODE_F, detail);
	if (x->status != 0)
		record_number(record, RECORD_STATUS_F, x->status);
	record_number(record, RECORD_END_F, clock_wall_us());
	add_counts(record, x);
	if (is_tunnel(x)) {
		record_text(record, RECORD_TLS_INSPECTION_F, "none");
		if (x->tls_asked)
			record_text(record, RECORD_TLS_REASON_F,
			    policy_tls_reason(x->tls_verdict,
			    x->tls_by_rule));
	} else {
		record_number(record, RECORD_REQUEST_BODY_F, x->request_body);
		record_number(record, RECORD_RESPONSE_BODY_F, x->answer_body);
		record_text(record, RECORD_PROTOCOL_F, "http");
	}
	if (x->attempts > 1)
		record_number(record, RECORD_ATTEMPTS_F, x->attempts);
	if (x->reused)
		record_number(record, RECORD_REUSED_F, 1);
	add_times(record, x);
}

static void
count(struct exchange *x, enum outcome outcome)
{
	struct stats *stats = x->worker->stats;
	uint64_t took = clock_mono_us() - x->start_mono_us;
	unsigned bucket = 0;

	stats_add(&stats->requests, 1);
	if (x->verdict == VERDICT_DENY || is_built_in(outcome))
		stats_add(&stats->verdict_deny, 1);
	else
		stats_add(&stats->verdict_audit, 1);
	if (x->would)
		stats_add(&stats->verdict_would, 1);
	switch (outcome_words(outcome)->class) {
	case OUTCOME_CLASS_OK:
		stats_add(&stats->outcome_success, 1);
		break;
	case OUTCOME_CLASS_FAULT:
		stats_add(&stats->outcome_failure, 1);
		break;
	case OUTCOME_CLASS_REFUSED:
		stats_add(&stats->outcome_denied, 1);
		break;
	}
	if (is_tunnel(x))
		return;
	while (bucket < STATS_BUCKETS - 1 && took >= (UINT64_C(250) << bucket))
		bucket++;
	stats_add(&stats->latency[bucket], 1);
	stats_add(&stats->latency_us, took);
}

static void
keep_unrecorded(struct worker *w, uint32_t slot, enum record_kind kind,
    const struct record *record)
{
	struct unrecorded *u;

	if (w->settings->log_failure == LOG_FAILURE_COUNT) {
		(void)atomic_fetch_add(&w->log->uncounted, 1);
		stats_add(&w->stats->log_gap, 1);
		book_abandon(w->book, slot);
		return;
	}
	u = malloc(sizeof(*u) + record->length);
	if (u == NULL)
		report_bug("no memory to keep a record");
	u->slot = slot;
	u->kind = kind;
	u->length = record->length;
	memcpy(u->bytes, record->bytes, record->length);
	u->next = w->unrecorded;
	w->unrecorded = u;
	book_want_room(w->book);
}

void
journal_close(struct exchange *x, enum outcome outcome, const char *detail)
{
	struct worker *w = x->worker;
	struct record record = journal_record(w);
	enum record_kind kind = x->refused ? RECORD_KIND_REFUSED :
	    is_tunnel(x) ? RECORD_KIND_TUNNEL : RECORD_KIND_REQUEST;

	count(x, outcome);
	if (x->slot == BOOK_NO_SLOT)
		return;
	if (x->late != NULL) {
		memcpy(record.bytes, x->late, x->late_length);
		record.length = x->late_length;
	}
	add_end(&record, x, outcome, detail);
	record_limit(&record, x->depth, x->as);
	if (w->unrecorded != NULL ||
	    book_close(w->book, x->slot, kind, &record) != 0)
		keep_unrecorded(w, x->slot, kind, &record);
	x->slot = BOOK_NO_SLOT;
}

bool
journal_catch_up(struct worker *w)
{
	while (w->unrecorded != NULL) {
		struct unrecorded *u = w->unrecorded;
		struct record record = { .bytes = u->bytes,
			.length = u->length, .size = u->length };

		if (book_close(w->book, u->slot, u->kind, &record) != 0) {
			book_want_room(w->book);
			return false;
		}
		w->unrecorded = u->next;
		free(u);
	}
	return true;
}
