/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.c - answers in gatebook's own name: the head, and the content for tools.
 * The page for browsers is in answer_page.c, the words of each case in
 * answer_words.c.
 */
#include "proxy/answer.h"
#include "proxy/answer_text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define HEAD_MAX 1536
#define QUOTED_MAX 100

static void
put_bytes(struct answer_text *text, const char *bytes, size_t n)
{
	if (n > text->size - text->length) {
		text->full = true;
		return;
	}
	memcpy(text->at + text->length, bytes, n);
	text->length += n;
}

void
answer_put(struct answer_text *text, const char *words)
{
	put_bytes(text, words, strlen(words));
}

/* Bytes that steer a terminal: C0, DEL, and C1 as UTF-8 writes it. */
static bool
is_control(const char *p)
{
	unsigned char c = (unsigned char)*p;

	return c < 0x20 || c == 0x7f ||
	    (c == 0xc2 && (p[1] & 0xe0) == 0x80);
}

void
answer_put_html(struct answer_text *text, const char *words)
{
	for (; *words != '\0'; words++) {
		switch (*words) {
		case '&':
			answer_put(text, "&amp;");
			break;
		case '<':
			answer_put(text, "&lt;");
			break;
		case '>':
			answer_put(text, "&gt;");
			break;
		case '"':
			answer_put(text, "&quot;");
			break;
		case '\'':
			answer_put(text, "&#39;");
			break;
		default:
			put_bytes(text, is_control(words) ? " " : words, 1);
			if (is_control(words) && words[0] == '\xc2')
				words++;
		}
	}
}

void
answer_put_plain(struct answer_text *text, const char *words)
{
	for (; *words != '\0'; words++) {
		put_bytes(text, is_control(words) ? "?" : words, 1);
		if (is_control(words) && words[0] == '\xc2')
			words++;
	}
}

void
answer_put_quoted(struct answer_text *text, const char *words)
{
	size_t n;

	for (n = 0; *words != '\0' && n < QUOTED_MAX; words++, n++) {
		if (*words == '"' || *words == '\\')
			put_bytes(text, "\\", 1);
		put_bytes(text, *words < 0x20 || *words > 0x7e ? "?" : words,
		    1);
	}
}

const char *
answer_ground(const struct answer_facts *facts)
{
	const char *ground;

	if (facts->decision == NULL ||
	    (ground = facts->decision->rule.ground) == NULL)
		return NULL;
	if (strcmp(ground, "security") == 0)
		return "Security: to protect people, systems and information";
	if (strcmp(ground, "technical") == 0)
		return "Technical: our network or equipment cannot support it";
	if (strcmp(ground, "business") == 0)
		return "Business: it is not part of the work this connection "
		    "is for";
	return ground;
}

static void
broken_down(const struct answer_facts *facts, struct tm *tm)
{
	time_t seconds = (time_t)(facts->wall_us / 1000000);

	if (gmtime_r(&seconds, tm) == NULL)
		memset(tm, 0, sizeof(*tm));
}

void
answer_time(const struct answer_facts *facts, char out[ANSWER_TIME_MAX])
{
	static const char *const months[] = {
		"January", "February", "March", "April", "May", "June", "July",
		"August", "September", "October", "November", "December"
	};
	struct tm tm;

	broken_down(facts, &tm);
	(void)snprintf(out, ANSWER_TIME_MAX, "%d %s %d, %02d:%02d:%02d UTC",
	    tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
}

static const char *
status_phrase(unsigned status)
{
	switch (status) {
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 408:
		return "Request Timeout";
	case 414:
		return "URI Too Long";
	case 417:
		return "Expectation Failed";
	case 431:
		return "Request Header Fields Too Large";
	case 501:
		return "Not Implemented";
	case 502:
		return "Bad Gateway";
	case 503:
		return "Service Unavailable";
	case 504:
		return "Gateway Timeout";
	case 505:
		return "HTTP Version Not Supported";
	case 508:
		return "Loop Detected";
	default:
		return "Error";
	}
}

/* One line "Label: value" of the plain text, if there is a value. */
static void
put_line(struct answer_text *text, const char *label, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	answer_put(text, label);
	answer_put_plain(text, value);
	answer_put(text, "\n");
}

static void
write_plain(const struct answer_facts *facts, struct answer_text *text)
{
	const struct outcome_words *words = outcome_words(facts->outcome);
	const struct decision *decision = facts->decision;
	char when[ANSWER_TIME_MAX];

	answer_time(facts, when);
	answer_put(text, words->title);
	answer_put(text, ".\n\n");
	/* What identifies the case comes first: it must survive a cut. */
	put_line(text, "Reference:   ", facts->reference);
	put_line(text, "Code:        ", words->code);
	put_line(text, "Time:        ", when);
	put_line(text, "Site:        ", facts->host);
	put_line(text, "Detail:      ", facts->detail);
	if (decision != NULL && decision->verdict == VERDICT_DENY) {
		put_line(text, "Rule:        ", decision->rule.name);
		put_line(text, "Reason:      ", decision->rule.because);
		put_line(text, "Ground:      ", answer_ground(facts));
		put_line(text, "Rule owner:  ", decision->rule.owner);
	}
	put_line(text, "Contact:     ", facts->contact);
	answer_put(text, "\n");
	answer_put(text, words->cause);
	answer_put(text, "\n");
	answer_put(text, words->consequence);
	answer_put(text, "\n");
	answer_put(text, words->next);
	answer_put(text, "\n");
}

/* For the answer to CONNECT, which browsers do not show. */
static void
write_short(const struct answer_facts *facts, struct answer_text *text)
{
	const struct outcome_words *words = outcome_words(facts->outcome);
	const struct decision *decision = facts->decision;

	answer_put(text, words->title);
	answer_put(text, ".\n");
	put_line(text, "Reference: ", facts->reference);
	put_line(text, "Code: ", words->code);
	if (decision != NULL && decision->verdict == VERDICT_DENY) {
		put_line(text, "Reason: ", decision->rule.because);
		put_line(text, "Rule owner: ", decision->rule.owner);
	}
}

/* RFC 9209: who said this, and why. */
static void
put_proxy_status(struct answer_text *text, const struct answer_facts *facts,
    const struct outcome_words *words)
{
	answer_put(text, "Proxy-Status: \"");
	answer_put_quoted(text, facts->node != NULL && facts->node[0] != '\0' ?
	    facts->node : "gatebook");
	answer_put(text, "\"");
	if (words->proxy_status[0] != '\0') {
		answer_put(text, "; error=");
		answer_put(text, words->proxy_status);
	}
	if (words->code[0] != '\0') {
		answer_put(text, "; details=\"");
		answer_put(text, words->code);
		if (facts->reference != NULL && facts->reference[0] != '\0') {
			answer_put(text, " ");
			answer_put_quoted(text, facts->reference);
		}
		answer_put(text, "\"");
	}
	answer_put(text, "\r\n");
}

static void
put_retry_after(struct answer_text *text, enum outcome outcome)
{
	if (outcome == OUTCOME_LOG_FULL || outcome == OUTCOME_LOG_BROKEN)
		answer_put(text, "Retry-After: 60\r\n");
	else if (outcome_words(outcome)->status == 503)
		answer_put(text, "Retry-After: 10\r\n");
}

static void
write_head(const struct answer_facts *facts, bool html, size_t content,
    struct answer_text *text)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const struct outcome_words *words = outcome_words(facts->outcome);
	/* Whoever asks for an answer where none is possible gets some. */
	unsigned status = words->status != 0 ? words->status : 502;
	char line[160];
	struct tm tm;

	broken_down(facts, &tm);
	(void)snprintf(line, sizeof(line), "HTTP/1.1 %u %s\r\n"
	    "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n", status,
	    status_phrase(status), days + tm.tm_wday * 3, tm.tm_mday,
	    months + tm.tm_mon * 3, tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
	    tm.tm_sec);
	answer_put(text, line);
	(void)snprintf(line, sizeof(line), "Content-Type: text/%s; "
	    "charset=utf-8\r\nContent-Length: %zu\r\n",
	    html ? "html" : "plain", content);
	answer_put(text, line);
	answer_put(text, "Content-Language: en-GB\r\n"
	    "Cache-Control: no-store\r\n");
	put_proxy_status(text, facts, words);
	put_retry_after(text, facts->outcome);
	answer_put(text, "X-Content-Type-Options: nosniff\r\n"
	    "Content-Security-Policy: default-src 'none'; "
	    "style-src 'unsafe-inline'; base-uri 'none'; "
	    "form-action 'none'\r\n"
	    "Referrer-Policy: no-referrer\r\n");
	answer_put(text, facts->close ? "Connection: close\r\n\r\n" :
	    "Connection: keep-alive\r\n\r\n");
}

size_t
answer_write(const struct answer_facts *facts, char *out, size_t size)
{
	struct answer_text head = { .at = out, .size = HEAD_MAX };
	struct answer_text body = { .at = out + HEAD_MAX };
	bool html = facts->wants_html && !facts->is_connect;

	assert(size >= 2 * HEAD_MAX);
	body.size = size - HEAD_MAX;
	if (html) {
		answer_page(facts, &body);
		html = !body.full;
		if (body.full)
			body.full = false, body.length = 0;
	}
	if (facts->is_connect)
		write_short(facts, &body);
	else if (!html)
		write_plain(facts, &body);
	write_head(facts, html, body.length, &head);
	assert(!head.full);
	if (facts->head_only)
		return head.length;
	memmove(out + head.length, body.at, body.length);
	return head.length + body.length;
}
