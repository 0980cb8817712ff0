/* SPDX-License-Identifier: Apache-2.0 */
/* finding.c - see finding.h. */
#include "ctl/finding.h"

#include "lib/macros.h"
#include "logging/line_read.h"
#include "logging/log_query.h"

#include <stdio.h>
#include <string.h>

#define TEXT(name, field) \
	{ name, offsetof(struct finding, field), \
	    sizeof(((struct finding *)0)->field) }
#define NUMBER(name, field) { name, offsetof(struct finding, field), 0 }

/* What is read; where two names lead to one field, the first that is there. */
static const struct {
	const char *name;
	size_t at;
	size_t size;		/* 0: an int64_t */
} fields[] = {
	TEXT("@timestamp", time),
	TEXT("event.action", action),
	TEXT("event.code", code),
	TEXT("event.reason", reason),
	TEXT("destination.domain", host),
	TEXT("url.domain", host),
	TEXT("destination.ip", address),
	TEXT("http.request.method", method),
	TEXT("rule.id", rule),
	TEXT("rule.category", category),
	TEXT("error.message", error),
	TEXT("error.code", error),
	TEXT("gatebook.reference", reference),
	TEXT("gatebook.decision", decision),
	TEXT("gatebook.rule.file", rule_file),
	TEXT("gatebook.list.file", list_file),
	TEXT("gatebook.list.entry", list_entry),
	TEXT("gatebook.outcome", outcome),
	TEXT("gatebook.parent", parent),
	TEXT("gatebook.address_kind", address_kind),
	NUMBER("destination.port", port),
	NUMBER("url.port", port),
	NUMBER("http.response.status_code", status),
	NUMBER("gatebook.rule.line", rule_line),
	NUMBER("gatebook.list.line", list_line),
	NUMBER("gatebook.upstream.attempts", attempts),
	NUMBER("event.duration", duration_us),
	NUMBER("gatebook.time.dns_us", dns_us),
	NUMBER("gatebook.time.connect_us", connect_us),
};

static void
take(struct finding *f, const struct line_field *field)
{
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		char *at = (char *)f + fields[i].at;

		if (!line_field_is(field, fields[i].name))
			continue;
		if (fields[i].size > 0) {
			if (at[0] == '\0' && field->value.type == LINE_STRING)
				(void)line_text(&field->value, at,
				    fields[i].size);
		} else {
			int64_t number;

			if (line_number(&field->value, &number) && number > 0)
				memcpy(at, &number, sizeof(number));
		}
		return;
	}
}

static void
take_answers(struct finding *f, const struct line_value *array)
{
	struct line_value item;
	size_t at = 0, used = 0;
	char text[72];

	while (line_item(array, &at, &item) && used + 80 < sizeof(f->answers)) {
		(void)line_text(&item, text, sizeof(text));
		used += (size_t)snprintf(f->answers + used,
		    sizeof(f->answers) - used, "%s%s", used > 0 ? ", " : "",
		    text);
	}
}

static void
take_start(struct finding *f, const struct line_value *value)
{
	if (!log_time_read(value->at, value->length, &f->start_us))
		f->start_us = 0;
}

bool
finding_read(const char *line, size_t length, struct finding *f)
{
	struct line_walk walk;
	struct line_field field;
	size_t at;

	memset(f, 0, sizeof(*f));
	line_walk_init(&walk, line, length);
	while (line_walk_next(&walk, &field)) {
		struct line_value item;

		take(f, &field);
		at = 0;
		if (line_field_is(&field, "event.start"))
			take_start(f, &field.value);
		else if (line_field_is(&field, "gatebook.dns.answers"))
			take_answers(f, &field.value);
		else if (line_field_is(&field, "gatebook.report_only") &&
		    line_item(&field.value, &at, &item))
			(void)line_text(&item, f->would, sizeof(f->would));
	}
	f->duration_us /= 1000;		/* nanoseconds in the record */
	f->is_tunnel = strncmp(f->action, "tunnel", 6) == 0 ||
	    strcmp(f->method, "CONNECT") == 0;
	return walk.whole && log_time_read(f->time, strlen(f->time),
	    &f->time_us);
}

bool
finding_is_exchange(const struct finding *f)
{
	return strncmp(f->action, "request", 7) == 0 ||
	    strncmp(f->action, "tunnel", 6) == 0 ||
	    strcmp(f->action, "refused") == 0 || f->outcome[0] != '\0';
}

bool
finding_is_open(const struct finding *f)
{
	return f->outcome[0] == '\0';
}

bool
finding_is_good(const struct finding *f)
{
	if (finding_is_open(f))
		return true;
	if (strcmp(f->outcome, "complete") == 0)
		return f->status < 400;
	/* The caller left, or nobody said anything for hours. */
	return strcmp(f->outcome, "client-closed") == 0 ||
	    strcmp(f->outcome, "tunnel-idle") == 0;
}
