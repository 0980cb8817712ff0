/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line_full.c - all of a record in plain words: one table says under which
 * heading and by which words each field is shown; what has no row stands at the
 * end by its own name, so that nothing in a record stays unseen.
 */
#include "ctl/line_show.h"

#include "ctl/paint.h"
#include "lib/macros.h"
#include "logging/line_read.h"
#include "logging/log_query.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum group {
	GROUP_WHAT, GROUP_WHO, GROUP_ASKED, GROUP_DECISION, GROUP_COURSE,
	GROUP_CONNECTION, GROUP_RECORD, GROUPS
};

static const char *const group_names[GROUPS] = {
	"What happened", "Who", "What was asked for",
	"What the policy said", "How it went", "The connection",
	"About this record"
};

enum how { AS_IT_IS, AS_TIME, AS_BYTES, AS_NS, AS_US };

static const struct row {
	const char *name;
	enum group group;
	enum how how;
	const char *words;
} rows[] = {
	{ "message", GROUP_WHAT, AS_IT_IS, "in short" },
	{ "event.action", GROUP_WHAT, AS_IT_IS, "kind" },
	{ "@timestamp", GROUP_WHAT, AS_TIME, "when" },
	{ "event.start", GROUP_WHAT, AS_TIME, "from" },
	{ "event.end", GROUP_WHAT, AS_TIME, "to" },
	{ "event.duration", GROUP_WHAT, AS_NS, "took" },
	{ "event.outcome", GROUP_WHAT, AS_IT_IS, "result" },
	{ "gatebook.outcome", GROUP_WHAT, AS_IT_IS, "how it ended" },
	{ "event.reason", GROUP_WHAT, AS_IT_IS, "why" },
	{ "event.code", GROUP_WHAT, AS_IT_IS, "message shown" },
	{ "gatebook.reference", GROUP_WHAT, AS_IT_IS, "reference" },
	{ "error.code", GROUP_WHAT, AS_IT_IS, "fault" },
	{ "error.message", GROUP_WHAT, AS_IT_IS, "words of the fault" },

	{ "user.name", GROUP_WHO, AS_IT_IS, "person" },
	{ "user.hash", GROUP_WHO, AS_IT_IS, "pseudonym" },
	{ "user.roles", GROUP_WHO, AS_IT_IS, "groups" },
	{ "gatebook.identity.method", GROUP_WHO, AS_IT_IS, "identified by" },
	{ "gatebook.identity.confidence", GROUP_WHO, AS_IT_IS, "how surely" },
	{ "source.ip", GROUP_WHO, AS_IT_IS, "client address" },
	{ "source.port", GROUP_WHO, AS_IT_IS, "client port" },
	{ "gatebook.proxy_protocol.peer", GROUP_WHO, AS_IT_IS, "passed on by" },
	{ "gatebook.listener", GROUP_WHO, AS_IT_IS, "listener" },
	{ "user_agent.original", GROUP_WHO, AS_IT_IS, "program" },
	{ "user_agent.name", GROUP_WHO, AS_IT_IS, "that is" },
	{ "user_agent.version", GROUP_WHO, AS_IT_IS, "its version" },
	{ "gatebook.client.kind", GROUP_WHO, AS_IT_IS, "kind of client" },
	{ "gatebook.navigation", GROUP_ASKED, AS_IT_IS, "navigation" },
	{ "gatebook.navigation_by", GROUP_ASKED, AS_IT_IS, "as told by" },

	{ "http.request.method", GROUP_ASKED, AS_IT_IS, "method" },
	{ "url.scheme", GROUP_ASKED, AS_IT_IS, "scheme" },
	{ "url.domain", GROUP_ASKED, AS_IT_IS, "host of the URL" },
	{ "url.port", GROUP_ASKED, AS_IT_IS, "port of the URL" },
	{ "url.path", GROUP_ASKED, AS_IT_IS, "path" },
	{ "url.query", GROUP_ASKED, AS_IT_IS, "query" },
	{ "http.request.referrer", GROUP_ASKED, AS_IT_IS, "coming from" },
	{ "http.request.body.bytes", GROUP_ASKED, AS_BYTES, "content sent" },
	{ "http.version", GROUP_ASKED, AS_IT_IS, "HTTP version" },
	{ "destination.domain", GROUP_ASKED, AS_IT_IS, "host" },
	{ "destination.port", GROUP_ASKED, AS_IT_IS, "port" },

	{ "gatebook.decision", GROUP_DECISION, AS_IT_IS, "verdict" },
	{ "rule.id", GROUP_DECISION, AS_IT_IS, "rule" },
	{ "gatebook.rule.file", GROUP_DECISION, AS_IT_IS, "in file" },
	{ "gatebook.rule.line", GROUP_DECISION, AS_IT_IS, "line" },
	{ "rule.category", GROUP_DECISION, AS_IT_IS, "category" },
	{ "gatebook.list.file", GROUP_DECISION, AS_IT_IS, "list" },
	{ "gatebook.list.line", GROUP_DECISION, AS_IT_IS, "line of the list" },
	{ "gatebook.list.entry", GROUP_DECISION, AS_IT_IS, "entry" },
	{ "gatebook.stage", GROUP_DECISION, AS_IT_IS, "decided when known" },
	{ "gatebook.address_kind", GROUP_DECISION, AS_IT_IS, "kind of address" },
	{ "gatebook.report_only", GROUP_DECISION, AS_IT_IS, "would have" },
	{ "gatebook.report_only.count", GROUP_DECISION, AS_IT_IS,
	    "such rules" },
	{ "rule.ruleset", GROUP_DECISION, AS_IT_IS, "policy" },
	{ "rule.version", GROUP_DECISION, AS_IT_IS, "policy version" },

	{ "http.response.status_code", GROUP_COURSE, AS_IT_IS, "status" },
	{ "http.response.mime_type", GROUP_COURSE, AS_IT_IS, "type" },
	{ "http.response.body.bytes", GROUP_COURSE, AS_BYTES, "content" },
	{ "destination.bytes", GROUP_COURSE, AS_BYTES, "read from the site" },
	{ "source.bytes", GROUP_COURSE, AS_BYTES, "read from the client" },
	{ "gatebook.time.dns_us", GROUP_COURSE, AS_US, "name found in" },
	{ "gatebook.time.connect_us", GROUP_COURSE, AS_US, "connected in" },
	{ "gatebook.time.first_byte_us", GROUP_COURSE, AS_US,
	    "first byte after" },
	{ "gatebook.interim", GROUP_COURSE, AS_IT_IS, "interim record" },
	{ "gatebook.upgrade", GROUP_COURSE, AS_IT_IS, "switched to" },

	{ "destination.ip", GROUP_CONNECTION, AS_IT_IS, "address used" },
	{ "destination.geo.country_iso_code", GROUP_CONNECTION, AS_IT_IS,
	    "country" },
	{ "destination.as.number", GROUP_CONNECTION, AS_IT_IS, "network (AS)" },
	{ "gatebook.dns.answers", GROUP_CONNECTION, AS_IT_IS,
	    "addresses found" },
	{ "gatebook.dns.security", GROUP_CONNECTION, AS_IT_IS, "DNSSEC" },
	{ "gatebook.upstream.attempts", GROUP_CONNECTION, AS_IT_IS,
	    "addresses tried" },
	{ "gatebook.upstream.reused", GROUP_CONNECTION, AS_IT_IS,
	    "kept connection" },
	{ "gatebook.parent", GROUP_CONNECTION, AS_IT_IS, "parent proxy" },
	{ "network.protocol", GROUP_CONNECTION, AS_IT_IS, "carried" },
	{ "network.transport", GROUP_CONNECTION, AS_IT_IS, "over" },
	{ "gatebook.tls.inspection", GROUP_CONNECTION, AS_IT_IS,
	    "TLS inspection" },
	{ "tls.client.server_name", GROUP_CONNECTION, AS_IT_IS,
	    "server name" },
	{ "gatebook.tls.name_mismatch", GROUP_CONNECTION, AS_IT_IS,
	    "name differs" },
	{ "gatebook.tls.ech", GROUP_CONNECTION, AS_IT_IS, "encrypted hello" },
	{ "tls.client.supported_versions", GROUP_CONNECTION, AS_IT_IS,
	    "TLS versions" },
	{ "tls.client.alpn", GROUP_CONNECTION, AS_IT_IS, "protocols" },
	{ "tls.client.ja4", GROUP_CONNECTION, AS_IT_IS, "JA4" },

	{ "gatebook.privacy.depth", GROUP_RECORD, AS_IT_IS, "kept to depth" },
	{ "gatebook.privacy.as", GROUP_RECORD, AS_IT_IS, "person kept as" },
	{ "gatebook.privacy.redacted", GROUP_RECORD, AS_IT_IS, "left out" },
	{ "gatebook.purpose", GROUP_RECORD, AS_IT_IS, "purpose" },
	{ "event.sequence", GROUP_RECORD, AS_IT_IS, "place in the log" },
	{ "event.provider", GROUP_RECORD, AS_IT_IS, "noticed by" },
	{ "observer.name", GROUP_RECORD, AS_IT_IS, "node" },
	{ "transaction.id", GROUP_RECORD, AS_IT_IS, "exchange" },
	{ "trace.id", GROUP_RECORD, AS_IT_IS, "connection" },
	{ "gatebook.console.query", GROUP_RECORD, AS_IT_IS, "looked for" },
	{ "gatebook.console.reason", GROUP_RECORD, AS_IT_IS, "because" },
	{ "gatebook.console.result_count", GROUP_RECORD, AS_IT_IS,
	    "records shown" },

	/* The same in every line: shown only by --json. */
	{ "log.level", GROUPS, AS_IT_IS, "" },
	{ "ecs.version", GROUPS, AS_IT_IS, "" },
	{ "event.kind", GROUPS, AS_IT_IS, "" },
	{ "event.category", GROUPS, AS_IT_IS, "" },
	{ "event.type", GROUPS, AS_IT_IS, "" },
	{ "event.dataset", GROUPS, AS_IT_IS, "" },
	{ "event.module", GROUPS, AS_IT_IS, "" },
	{ "gatebook.clock.boottime_us", GROUPS, AS_IT_IS, "" },
	{ "gatebook.salt", GROUPS, AS_IT_IS, "" }
};

static const struct row *
row_of(const struct line_field *field)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (line_field_is(field, rows[i].name))
			return &rows[i];
	return NULL;
}

static void
put_time(FILE *out, const char *text)
{
	char local[64] = "";
	uint64_t us;
	time_t seconds;
	struct tm tm;

	if (log_time_read(text, strlen(text), &us)) {
		seconds = (time_t)(us / 1000000);
		if (localtime_r(&seconds, &tm) != NULL)
			(void)strftime(local, sizeof(local),
			    "%A %d %B %Y, %H:%M:%S %Z", &tm);
	}
	if (local[0] != '\0')
		(void)fprintf(out, "%s  (%s)", local, text);
	else
		paint_text(out, text, strlen(text));
}

static void
put_value(FILE *out, const struct line_value *value, enum how how)
{
	char text[8192], words[24];
	struct line_value item;
	size_t at = 0;
	int64_t n;

	if (value->type == LINE_ARRAY) {
		for (bool more = false; line_item(value, &at, &item);
		    more = true) {
			size_t length = line_text(&item, text, sizeof(text));

			if (more)
				(void)fputs(", ", out);
			paint_text(out, text, length);
		}
		return;
	}
	(void)line_text(value, text, sizeof(text));
	if (how == AS_TIME) {
		put_time(out, text);
		return;
	}
	if (value->type == LINE_BOOL) {
		(void)fputs(value->length == 4 ? "yes" : "no", out);
		return;
	}
	if (how == AS_IT_IS || !line_number(value, &n) || n < 0) {
		paint_text(out, text, strlen(text));
		return;
	}
	if (how == AS_BYTES) {
		paint_bytes((uint64_t)n, words);
		if (n >= 1000)
			(void)fprintf(out, "%s (%" PRId64 " bytes)", words, n);
		else
			(void)fprintf(out, "%" PRId64 " bytes", n);
		return;
	}
	paint_duration((uint64_t)n / (how == AS_NS ? 1000 : 1), words);
	(void)fputs(words, out);
}

static void
put_field(FILE *out, bool colours, const char *words,
    const struct line_value *value, enum how how)
{
	char label[80];

	(void)snprintf(label, sizeof(label), "%-20s", words);
	(void)fputs("  ", out);
	paint(out, colours, PAINT_DIM, label);
	(void)fputc(' ', out);
	put_value(out, value, how);
	(void)fputc('\n', out);
}

/* The fields of one group in the order of the table. */
static void
put_group(FILE *out, bool colours, enum group group, const char *line,
    size_t length)
{
	bool begun = false;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct line_value value;

		if (rows[i].group != group ||
		    !line_find(line, length, rows[i].name, &value))
			continue;
		if (!begun)
			paint(out, colours, PAINT_BOLD, group_names[group]);
		if (!begun)
			(void)fputc('\n', out);
		begun = true;
		put_field(out, colours, rows[i].words, &value, rows[i].how);
	}
}

void
line_show_full(FILE *out, bool colours, const char *line, size_t length)
{
	struct line_walk walk;
	struct line_field field;
	bool begun = false;

	for (int group = 0; group < GROUPS; group++)
		put_group(out, colours, (enum group)group, line, length);
	line_walk_init(&walk, line, length);
	while (line_walk_next(&walk, &field)) {
		char name[80];

		if (row_of(&field) != NULL)
			continue;
		if (!begun)
			paint(out, colours, PAINT_BOLD, "Also recorded");
		if (!begun)
			(void)fputc('\n', out);
		begun = true;
		(void)snprintf(name, sizeof(name), "%.*s",
		    (int)field.name_length, field.name);
		put_field(out, colours, name, &field.value, AS_IT_IS);
	}
}
