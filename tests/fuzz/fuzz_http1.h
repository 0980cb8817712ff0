/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_http1.h - what the fuzz targets of heads share: the same bytes whole, and
 * byte by byte in exact copies, must be judged alike; what is taken must keep
 * the promises of http1.h.
 */
#ifndef TESTS_FUZZ_HTTP1_H
#define TESTS_FUZZ_HTTP1_H

#include "proxy/http1.h"

#include <stdlib.h>
#include <string.h>

#define FUZZ_FIELDS 50

typedef enum http1_result fuzz_parser(const char *, size_t,
    const struct http1_limits *, struct http1_scan *, struct http1_field *,
    struct http1_head *, enum http1_error *);

static const struct http1_limits fuzz_limits = {
	.head = 4000, .field = 1000, .fields = FUZZ_FIELDS, .target = 500
};

#define MUST(condition) do { if (!(condition)) abort(); } while (0)

static inline void
check_text(struct http1_text text, const char *bytes, size_t length)
{
	if (text.at == NULL) {
		MUST(text.length == 0);
		return;
	}
	MUST(text.at >= bytes && text.length <= length &&
	    (size_t)(text.at - bytes) <= length - text.length);
	MUST(text.length == 0 || (memchr(text.at, '\r', text.length) == NULL &&
	    memchr(text.at, '\n', text.length) == NULL &&
	    memchr(text.at, '\0', text.length) == NULL));
}

static inline void
check_head(const struct http1_head *head, const char *bytes)
{
	size_t i, lengths = 0, codings = 0;

	MUST(head->length >= 4 && head->length <= fuzz_limits.head);
	MUST(memcmp(bytes + head->length - 4, "\r\n\r\n", 4) == 0);
	check_text(head->method, bytes, head->length);
	check_text(head->target, bytes, head->length);
	check_text(head->phrase, bytes, head->length);
	MUST(head->minor <= 1);
	for (i = 0; i < head->field_count; i++) {
		const struct http1_field *field = &head->fields[i];

		check_text(field->name, bytes, head->length);
		check_text(field->value, bytes, head->length);
		MUST(field->name.length > 0);
		MUST(field->line.at == field->name.at);
		MUST(memcmp(field->line.at + field->line.length - 2, "\r\n",
		    2) == 0);
		(void)http1_is_hop_by_hop(head, field);
		lengths += field->known == HTTP1_CONTENT_LENGTH;
		codings += field->known == HTTP1_TRANSFER_ENCODING;
	}
	MUST(lengths + codings <= 1);
	MUST(head->framing != HTTP1_CHUNKED || codings == 1);
	MUST(head->framing != HTTP1_LENGTH || lengths == 1);
	MUST(codings == 0 || head->minor == 1);
}

static inline void
fuzz_head(fuzz_parser *parse, const char *bytes, size_t length,
    void (*on_done)(const struct http1_head *head))
{
	struct http1_field fields[FUZZ_FIELDS];
	struct http1_head head, again;
	struct http1_scan scan = { 0 };
	enum http1_error error = HTTP1_NONE, late = HTTP1_NONE;
	enum http1_result result, pieces = HTTP1_MORE;
	size_t n;

	result = parse(bytes, length, &fuzz_limits, &scan, fields, &head,
	    &error);
	if (result == HTTP1_DONE) {
		check_head(&head, bytes);
		if (on_done != NULL)
			on_done(&head);
	} else if (result == HTTP1_ERROR) {
		MUST(error > HTTP1_NONE && error < HTTP1_ERROR_COUNT);
	}
	/* The rest is quadratic: not for long inputs. */
	if (length > 1500)
		return;
	scan = (struct http1_scan){ 0 };
	for (n = 1; n <= length && pieces == HTTP1_MORE; n++) {
		char *copy = malloc(n);

		MUST(copy != NULL);
		memcpy(copy, bytes, n);
		pieces = parse(copy, n, &fuzz_limits, &scan, fields, &again,
		    &late);
		free(copy);
	}
	/* Pieces may leave a fault to be seen when the head is complete. */
	if (pieces == HTTP1_MORE && result == HTTP1_ERROR)
		return;
	MUST(pieces == result);
	if (result == HTTP1_ERROR)
		MUST(late == error);
	if (result == HTTP1_DONE)
		MUST(again.length == head.length &&
		    again.field_count == head.field_count &&
		    again.framing == head.framing &&
		    again.content_length == head.content_length);
}

#endif
