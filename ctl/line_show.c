/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line_show.c - the one-line form of a record.  Everything out of a record goes
 * through paint_text(): names and addresses come from outside.
 */
#include "ctl/line_show.h"

#include "ctl/paint.h"
#include "logging/line_read.h"
#include "logging/log_query.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TEXT 4200

struct shown {
	FILE *out;
	bool colours;
	const char *line;
	size_t length;
};

/* The text of a field, "" if the record has none; true if it has. */
static bool
text_of(const struct shown *s, const char *name, char *out, size_t size)
{
	struct line_value value;

	out[0] = '\0';
	if (!line_find(s->line, s->length, name, &value) ||
	    value.type == LINE_ARRAY)
		return false;
	(void)line_text(&value, out, size);
	return true;
}

static bool
number_of(const struct shown *s, const char *name, int64_t *number)
{
	struct line_value value;

	return line_find(s->line, s->length, name, &value) &&
	    line_number(&value, number);
}

static void
put_time(const struct shown *s)
{
	char text[40], local[40] = "?";
	uint64_t us;
	time_t seconds, today = time(NULL);
	struct tm tm, now;
	size_t n = text_of(s, "@timestamp", text, sizeof(text)) ?
	    strlen(text) : 0;

	if (log_time_read(text, n, &us)) {
		seconds = (time_t)(us / 1000000);
		if (localtime_r(&seconds, &tm) != NULL &&
		    localtime_r(&today, &now) != NULL)
			(void)strftime(local, sizeof(local),
			    tm.tm_yday == now.tm_yday &&
			    tm.tm_year == now.tm_year ? "%H:%M:%S" :
			    "%Y-%m-%d %H:%M:%S", &tm);
	}
	paint(s->out, s->colours, PAINT_DIM, local);
}

static void
put_padded(const struct shown *s, enum paint how, const char *text, int width)
{
	size_t n = strlen(text);

	paint(s->out, s->colours, how, text);
	for (; n < (size_t)width; n++)
		(void)fputc(' ', s->out);
}

/* What was asked for, as far as the record keeps it. */
static void
put_target(const struct shown *s)
{
	char scheme[24], host[520], path[TEXT], query[TEXT], category[136];
	int64_t port;
	bool url = text_of(s, "url.domain", host, sizeof(host)) &&
	    text_of(s, "url.scheme", scheme, sizeof(scheme));
	bool has_port = number_of(s, "url.port", &port);

	if (!url) {
		scheme[0] = '\0';
		if (!text_of(s, "destination.domain", host, sizeof(host)) &&
		    !text_of(s, "destination.ip", host, sizeof(host))) {
			bool known = text_of(s, "rule.category", category,
			    sizeof(category));

			char action[40];

			(void)text_of(s, "event.action", action,
			    sizeof(action));
			/* What could not be read had none to keep. */
			paint(s->out, s->colours, PAINT_DIM,
			    known ? category : strcmp(action, "refused") == 0 ?
			    "(no host)" : "(host not kept)");
			return;
		}
		has_port = number_of(s, "destination.port", &port);
	}
	if (scheme[0] != '\0') {
		paint_text(s->out, scheme, strlen(scheme));
		(void)fputs("://", s->out);
	}
	if (strchr(host, ':') != NULL)
		(void)fprintf(s->out, "[");
	paint_text(s->out, host, strlen(host));
	if (strchr(host, ':') != NULL)
		(void)fprintf(s->out, "]");
	if (has_port)
		(void)fprintf(s->out, ":%" PRId64, port);
	(void)text_of(s, "url.path", path, sizeof(path));
	paint_text(s->out, path, strlen(path));
	if (text_of(s, "url.query", query, sizeof(query))) {
		(void)fputc('?', s->out);
		paint_text(s->out, query, strlen(query));
	}
}

static void
put_numbers(const struct shown *s)
{
	int64_t status, ns, up = 0, down = 0;
	bool sized = number_of(s, "destination.bytes", &down);
	char text[24];

	sized = number_of(s, "source.bytes", &up) || sized;
	if (number_of(s, "http.response.status_code", &status)) {
		(void)snprintf(text, sizeof(text), "%" PRId64, status);
		(void)fputs("  ", s->out);
		paint(s->out, s->colours, status >= 500 ? PAINT_BAD :
		    status >= 400 ? PAINT_WARN : PAINT_PLAIN, text);
	}
	if (sized && up >= 0 && down >= 0) {
		paint_bytes((uint64_t)down, text);
		(void)fprintf(s->out, "  %s", text);
		paint_bytes((uint64_t)up, text);
		(void)fprintf(s->out, " down %s up", text);
	}
	if (number_of(s, "event.duration", &ns) && ns >= 0) {
		paint_duration((uint64_t)ns / 1000, text);
		(void)fprintf(s->out, "  %s", text);
	}
}

static void
put_rule(const struct shown *s)
{
	char rule[136], file[520], reference[24], words[800];
	int64_t line;

	if (text_of(s, "rule.id", rule, sizeof(rule))) {
		if (text_of(s, "gatebook.rule.file", file, sizeof(file)) &&
		    number_of(s, "gatebook.rule.line", &line))
			(void)snprintf(words, sizeof(words), "%s (%s:%" PRId64
			    ")", rule, strrchr(file, '/') != NULL ?
			    strrchr(file, '/') + 1 : file, line);
		else
			(void)snprintf(words, sizeof(words), "%s", rule);
		(void)fputs("  ", s->out);
		paint(s->out, s->colours, PAINT_DIM, words);
	}
	if (text_of(s, "gatebook.reference", reference, sizeof(reference))) {
		(void)fputs("  ", s->out);
		paint(s->out, s->colours, PAINT_BOLD, reference);
	}
}

/* How it ended, where that is worth a word. */
static void
put_outcome(const struct shown *s)
{
	char outcome[64], action[40], code[64];

	(void)text_of(s, "event.action", action, sizeof(action));
	if (strcmp(action, "request") != 0 &&
	    strcmp(action, "tunnel-close") != 0) {
		(void)fputs("  ", s->out);
		paint(s->out, s->colours, PAINT_WARN, action);
	}
	if (text_of(s, "gatebook.outcome", outcome, sizeof(outcome)) &&
	    strcmp(outcome, "complete") != 0) {
		(void)fputs("  ", s->out);
		paint(s->out, s->colours, PAINT_WARN, outcome);
		/* "bad-request" alone says little. */
		if (text_of(s, "error.code", code, sizeof(code)) &&
		    strcmp(code, outcome) != 0) {
			(void)fputs(": ", s->out);
			paint(s->out, s->colours, PAINT_WARN, code);
		}
	}
}

static void
put_exchange(const struct shown *s, const char *verdict)
{
	char client[80], method[72], result[16];
	enum paint how = PAINT_WARN;

	if (!text_of(s, "source.ip", client, sizeof(client)) &&
	    !text_of(s, "user.hash", client, 13))
		(void)snprintf(client, sizeof(client), "-");
	(void)text_of(s, "event.outcome", result, sizeof(result));
	if (strcmp(verdict, "deny") == 0)
		how = PAINT_BAD;
	else if (strcmp(result, "failure") != 0)
		how = PAINT_GOOD;	/* else let through, but in vain */
	put_padded(s, PAINT_PLAIN, client, 15);
	(void)fputs("  ", s->out);
	put_padded(s, how, verdict, 5);
	(void)fputs("  ", s->out);
	if (text_of(s, "http.request.method", method, sizeof(method))) {
		paint_text(s->out, method, strlen(method));
		(void)fputc(' ', s->out);
	}
	put_target(s);
	put_numbers(s);
	put_outcome(s);
	put_rule(s);
}

void
line_show_brief(FILE *out, bool colours, const char *line, size_t length)
{
	const struct shown s = { out, colours, line, length };
	char verdict[24], text[1100], level[24], action[40];

	put_time(&s);
	(void)fputs("  ", out);
	if (text_of(&s, "gatebook.decision", verdict, sizeof(verdict))) {
		put_exchange(&s, verdict);
	} else if (text_of(&s, "event.action", action, sizeof(action)) &&
	    strcmp(action, "refused") == 0) {
		put_exchange(&s, "none");	/* no policy was asked */
	} else {
		enum paint how = PAINT_DIM;

		(void)text_of(&s, "log.level", level, sizeof(level));
		if (strcmp(level, "error") == 0 ||
		    strcmp(level, "critical") == 0)
			how = PAINT_BAD;
		else if (strcmp(level, "warning") == 0)
			how = PAINT_WARN;
		if (!text_of(&s, "message", text, sizeof(text)))
			(void)text_of(&s, "event.action", text, sizeof(text));
		paint(out, colours, how, text);
	}
	(void)fputc('\n', out);
}
