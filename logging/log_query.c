/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_query.c - see log_query.h.  A line that fails the quick tests (its time,
 * the needle) is not walked at all; one that passes is walked once.
 */
#include "logging/log_query.h"

#include "lib/clock.h"
#include "logging/line_read.h"
#include "logging/outcomes.h"
#include "logging/record.h"
#include "logging/segment_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

bool
log_time_read(const char *text, size_t length, uint64_t *wall_us)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.ddddddZ";
	struct tm tm = { 0 };
	long part[7] = { 0 };
	time_t seconds;
	size_t at = 0;

	if (length != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (form[i] != 'd') {
			if (text[i] != form[i])
				return false;
			at++;
			continue;
		}
		if (text[i] < '0' || text[i] > '9')
			return false;
		part[at] = part[at] * 10 + (text[i] - '0');
	}
	tm.tm_year = (int)part[0] - 1900;
	tm.tm_mon = (int)part[1] - 1;
	tm.tm_mday = (int)part[2];
	tm.tm_hour = (int)part[3];
	tm.tm_min = (int)part[4];
	tm.tm_sec = (int)part[5];
	if (part[0] < 1970 || part[1] < 1 || part[1] > 12 || part[2] < 1 ||
	    part[2] > 31 || part[3] > 23 || part[4] > 59 || part[5] > 59)
		return false;
	seconds = timegm(&tm);
	if (seconds < 0)
		return false;
	*wall_us = (uint64_t)seconds * 1000000 + (uint64_t)part[6];
	return true;
}

static bool
say(char *why, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool
say(char *why, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, size, fmt, ap);
	va_end(ap);
	return false;
}

static bool
set_host(struct log_query *q, const char *value, char *why, size_t size)
{
	struct address address;
	size_t length;

	/* ".gov.uk" and "*.gov.uk" mean what they look like they mean. */
	if (strncmp(value, "*.", 2) == 0)
		value += 2;
	else if (value[0] == '.')
		value++;
	if (name_settle(value, strlen(value), q->host, &length, &address) ==
	    NAME_BAD) {
		q->host[0] = '\0';
		return say(why, size, "\"%.100s\" is not a host name; give a "
		    "name such as example.org", value);
	}
	return true;
}

static bool
set_client(struct log_query *q, const char *value, char *why, size_t size)
{
	if (!network_parse(value, &q->client))
		return say(why, size, "\"%.100s\" is not an address or a "
		    "network; give one such as 10.1.2.3 or 10.1.0.0/16", value);
	q->has_client = true;
	return true;
}

static bool
set_time(char out[LOG_TIME], const char *value, char *why, size_t size)
{
	uint64_t us;

	if (!log_time_read(value, strlen(value), &us))
		return say(why, size, "\"%.100s\" is not a time such as "
		    "2026-03-02T09:00:00.000000Z", value);
	memcpy(out, value, LOG_TIME);
	return true;
}

static bool
set_status(struct log_query *q, const char *value, char *why, size_t size)
{
	bool class = strlen(value) == 3 && value[0] >= '1' &&
	    value[0] <= '5' && strcmp(value + 1, "xx") == 0;

	if (class) {
		q->status_low = (value[0] - '0') * 100;
		q->status_high = q->status_low + 99;
		return true;
	}
	if (strlen(value) != 3 || strspn(value, "0123456789") != 3)
		return say(why, size, "\"%.100s\" is not a status such as 404 "
		    "or 5xx", value);
	q->status_low = (value[0] - '0') * 100 + (value[1] - '0') * 10 +
	    (value[2] - '0');
	q->status_high = q->status_low;
	return true;
}

static bool
set_text(char *out, size_t out_size, const char *word, const char *value,
    char *why, size_t size)
{
	size_t length = strlen(value);

	if (length == 0 || length >= out_size)
		return say(why, size, "the %s is empty or too long", word);
	memcpy(out, value, length + 1);
	return true;
}

static bool
set_reference(struct log_query *q, const char *value, char *why, size_t size)
{
	if (reference_settle(value, q->reference) != 0)
		return say(why, size, "\"%.40s\" is not a reference: a letter "
		    "or digit in it is wrong or missing; it looks like "
		    "7KQM-4TP-X2C", value);
	return true;
}

static bool
set_verdict(struct log_query *q, const char *value, char *why, size_t size)
{
	static const char *const known[] = { "audit", "deny", "none",
		"report-only" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], value) == 0)
			return set_text(q->verdict, sizeof(q->verdict),
			    "verdict", value, why, size);
	return say(why, size, "\"%.40s\" is not a verdict; give audit, deny, "
	    "none or report-only", value);
}

static bool
set_outcome(struct log_query *q, const char *value, char *why, size_t size)
{
	static const char *const known[] = { "success", "failure", "unknown",
#define OUTCOME(id, name, code, status, error, class) name,
		OUTCOMES(OUTCOME)
#undef OUTCOME
		OUTCOME_WORKER_DIED_NAME };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], value) == 0)
			return set_text(q->outcome, sizeof(q->outcome),
			    "outcome", value, why, size);
	return say(why, size, "no record has the outcome \"%.40s\"; give "
	    "success, failure or a name such as denied, dns-failed or "
	    "client-closed (docs/record-reference.md has them all)", value);
}

static bool
set_action(struct log_query *q, const char *value, char *why, size_t size)
{
	for (int i = 0; i < RECORD_KIND_COUNT; i++)
		if (strcmp(record_kind_action((enum record_kind)i), value) == 0)
			return set_text(q->action, sizeof(q->action), "action",
			    value, why, size);
	return say(why, size, "no record has the action \"%.40s\"; give one "
	    "such as request, tunnel-close, refused or policy-load "
	    "(docs/record-reference.md has them all)", value);
}

bool
log_query_set(struct log_query *q, const char *word, const char *value,
    char *why, size_t size)
{
	if (strcmp(word, "host") == 0)
		return set_host(q, value, why, size);
	if (strcmp(word, "client") == 0)
		return set_client(q, value, why, size);
	if (strcmp(word, "since") == 0)
		return set_time(q->since, value, why, size);
	if (strcmp(word, "until") == 0)
		return set_time(q->until, value, why, size);
	if (strcmp(word, "status") == 0)
		return set_status(q, value, why, size);
	if (strcmp(word, "reference") == 0)
		return set_reference(q, value, why, size);
	if (strcmp(word, "verdict") == 0)
		return set_verdict(q, value, why, size);
	if (strcmp(word, "outcome") == 0)
		return set_outcome(q, value, why, size);
	if (strcmp(word, "rule") == 0)
		return set_text(q->rule, sizeof(q->rule), word, value, why,
		    size);
	if (strcmp(word, "method") == 0)
		return set_text(q->method, sizeof(q->method), word, value, why,
		    size);
	if (strcmp(word, "action") == 0)
		return set_action(q, value, why, size);
	if (strcmp(word, "transaction") == 0)
		return set_text(q->transaction, sizeof(q->transaction), word,
		    value, why, size);
	return say(why, size, "there is no filter \"%.40s\"", word);
}

/* Whether text stands in a line as it is, without escapes. */
static bool
is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == '"' ||
		    *text == '\\' || (unsigned char)*text >= 0x7f)
			return false;
	return true;
}

void
log_query_settle(struct log_query *q)
{
	const char *best = "";

	/* With both, either is enough, so neither must be there. */
	if (q->transaction[0] != '\0' && q->reference[0] == '\0')
		best = q->transaction;
	else if (q->reference[0] != '\0' && q->transaction[0] == '\0')
		best = q->reference;
	else if (q->host[0] != '\0')
		best = q->host;
	else if (q->rule[0] != '\0' && is_plain(q->rule))
		best = q->rule;
	else if (q->action[0] != '\0' && is_plain(q->action))
		best = q->action;
	(void)snprintf(q->needle, sizeof(q->needle), "%s", best);
}

static void
add(char out[LOG_QUERY_TEXT], const char *word, const char *value)
{
	size_t n = strlen(out);

	if (value[0] != '\0')
		(void)snprintf(out + n, LOG_QUERY_TEXT - n, "%s%s=%s",
		    n > 0 ? " " : "", word, value);
}

void
log_query_print(const struct log_query *q, char out[LOG_QUERY_TEXT])
{
	char text[ADDRESS_TEXT_MAX + 8];

	out[0] = '\0';
	add(out, "reference", q->reference);
	add(out, "transaction", q->transaction);
	add(out, "host", q->host);
	if (q->has_client) {
		size_t n = address_print(&q->client.base, text);

		(void)snprintf(text + n, sizeof(text) - n, "/%u",
		    q->client.prefix);
		add(out, "client", text);
	}
	add(out, "since", q->since);
	add(out, "until", q->until);
	add(out, "outcome", q->outcome);
	add(out, "verdict", q->verdict);
	add(out, "rule", q->rule);
	add(out, "method", q->method);
	add(out, "action", q->action);
	if (q->status_low != 0) {
		(void)snprintf(text, sizeof(text), "%d-%d", q->status_low,
		    q->status_high);
		add(out, "status", text);
	}
}

/* Each filter that a walk can meet. */
enum {
	MET_HOST = 1, MET_CLIENT = 2, MET_OUTCOME = 4, MET_VERDICT = 8,
	MET_RULE = 16, MET_METHOD = 32, MET_ACTION = 64, MET_STATUS = 128,
	MET_EXCHANGE = 256
};

static unsigned
wanted(const struct log_query *q)
{
	unsigned want = 0;

	want |= q->host[0] != '\0' ? MET_HOST : 0u;
	want |= q->has_client ? MET_CLIENT : 0u;
	want |= q->outcome[0] != '\0' ? MET_OUTCOME : 0u;
	want |= q->verdict[0] != '\0' ? MET_VERDICT : 0u;
	want |= q->rule[0] != '\0' ? MET_RULE : 0u;
	want |= q->method[0] != '\0' ? MET_METHOD : 0u;
	want |= q->action[0] != '\0' ? MET_ACTION : 0u;
	want |= q->status_low != 0 ? MET_STATUS : 0u;
	want |= q->reference[0] != '\0' || q->transaction[0] != '\0' ?
	    MET_EXCHANGE : 0u;
	return want;
}

bool
log_query_is_span(const struct log_query *q)
{
	return wanted(q) == 0;
}

static bool
host_fits(const struct log_query *q, const struct line_value *v)
{
	return v->type == LINE_STRING && name_has_suffix(v->at, v->length,
	    q->host, strlen(q->host));
}

static bool
client_fits(const struct log_query *q, const struct line_value *v)
{
	struct address address;

	return v->type == LINE_STRING && address_parse(v->at, v->length,
	    &address) && network_contains(&q->client, &address);
}

static bool
status_fits(const struct log_query *q, const struct line_value *v)
{
	int64_t n;

	return line_number(v, &n) && n >= q->status_low && n <= q->status_high;
}

/* Which filters this field meets. */
static unsigned
field_meets(const struct log_query *q, const struct line_field *f)
{
	const struct line_value *v = &f->value;

	/* The length first: most fields are not asked for. */
	switch (f->name_length) {
	case 7:
		if (line_field_is(f, "rule.id"))
			return line_equal(v, q->rule) ? MET_RULE : 0;
		break;
	case 9:
		if (line_field_is(f, "source.ip"))
			return client_fits(q, v) ? MET_CLIENT : 0;
		break;
	case 10:
		if (line_field_is(f, "url.domain"))
			return host_fits(q, v) ? MET_HOST : 0;
		break;
	case 12:
		if (line_field_is(f, "event.action"))
			return line_equal(v, q->action) ? MET_ACTION : 0;
		break;
	case 13:
		if (line_field_is(f, "event.outcome"))
			return line_equal(v, q->outcome) ? MET_OUTCOME : 0;
		break;
	case 14:
		if (line_field_is(f, "transaction.id"))
			return line_equal(v, q->transaction) ? MET_EXCHANGE : 0;
		break;
	case 16:
		if (line_field_is(f, "gatebook.outcome"))
			return line_equal(v, q->outcome) ? MET_OUTCOME : 0;
		break;
	case 17:
		if (line_field_is(f, "gatebook.decision"))
			return line_equal(v, q->verdict) ? MET_VERDICT : 0;
		break;
	case 18:
		if (line_field_is(f, "destination.domain"))
			return host_fits(q, v) ? MET_HOST : 0;
		if (line_field_is(f, "gatebook.reference"))
			return line_equal(v, q->reference) ? MET_EXCHANGE : 0;
		break;
	case 19:
		if (line_field_is(f, "http.request.method"))
			return line_equal(v, q->method) ? MET_METHOD : 0;
		break;
	case 20:
		if (line_field_is(f, "gatebook.report_only"))
			return strcmp(q->verdict, "report-only") == 0 ?
			    MET_VERDICT : 0;
		break;
	case 22:
		if (line_field_is(f, "tls.client.server_name"))
			return host_fits(q, v) ? MET_HOST : 0;
		break;
	case 25:
		if (line_field_is(f, "http.response.status_code"))
			return status_fits(q, v) ? MET_STATUS : 0;
		break;
	default:
		break;
	}
	return 0;
}

bool
log_query_match(const struct log_query *q, const char *line, size_t length)
{
	const char *time = segment_line_time(line, length);
	unsigned want = wanted(q), met = 0;
	struct line_walk walk;
	struct line_field field;

	if (time == NULL)
		return false;	/* an erased line's stub, or damage */
	if (q->since[0] != '\0' && memcmp(time, q->since, SEGMENT_TIME) < 0)
		return false;
	if (q->until[0] != '\0' && memcmp(time, q->until, SEGMENT_TIME) > 0)
		return false;
	if (q->needle[0] != '\0' && memmem(line, length, q->needle,
	    strlen(q->needle)) == NULL)
		return false;
	line_walk_init(&walk, line, length);
	while (line_walk_next(&walk, &field))
		met |= field_meets(q, &field);
	return walk.whole && (met & want) == want;
}
