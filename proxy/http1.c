/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http1.c - heads of requests and answers, parsed where they lie.
 *
 * One parser runs from the first byte and stops at the first fault, so that the
 * error of a head depends on its bytes alone and not on the pieces in which they
 * came.  It runs on the first bytes at once, since most heads come whole; if the
 * head is not all there, later calls only look at what is new and run the parser
 * again when the blank line, a control byte or a limit is reached.
 */
#include "proxy/http1.h"
#include "proxy/http1_bytes.h"
#include "proxy/http1_fields.h"

#include <string.h>

struct parse {
	const char *p;
	const char *end;	/* of the bytes looked at */
	bool over;		/* end is where the head must have ended */
	bool stopped;		/* ran into end: not an error yet */
	const struct http1_limits *limits;
	struct http1_field *fields;
	struct http1_head *head;
	/* Found on the way, judged at the end. */
	unsigned hosts;
	unsigned lengths;
	unsigned codings;
	bool length_bad;
	bool coding_bad;
	bool options_many;
	bool said_close;
	bool said_upgrade;
};

/* The bytes are at an end before the head is. */
static enum http1_error
run_out(struct parse *parse)
{
	parse->stopped = !parse->over;
	return HTTP1_HEAD_LONG;
}

/* The error for a byte that may not stand where p is; other is the error for a
 * byte that is no control byte. */
static enum http1_error
wrong_byte(struct parse *parse, const char *p, enum http1_error other)
{
	unsigned char c = (unsigned char)*p;

	switch (c) {
	case '\0':
		return HTTP1_NUL;
	case '\n':
		return HTTP1_BARE_LF;
	case '\r':
		if (p + 1 == parse->end)
			return run_out(parse);
		return p[1] == '\n' ? other : HTTP1_BARE_CR;
	case '\t':
		return other;
	default:
		return c < 0x20 || c == 0x7f ? HTTP1_CONTROL : other;
	}
}

/* Step over CRLF; anything else is other, or the error of its byte. */
static enum http1_error
take_crlf(struct parse *parse, enum http1_error other)
{
	const char *p = parse->p;

	if (p == parse->end)
		return run_out(parse);
	if (*p != '\r')
		return wrong_byte(parse, p, other);
	if (p + 1 == parse->end)
		return run_out(parse);
	if (p[1] != '\n')
		return HTTP1_BARE_CR;
	parse->p = p + 2;
	return HTTP1_NONE;
}

/* "HTTP/1.0" or "HTTP/1.1".  Another version is told from what is none. */
static enum http1_error
take_version(struct parse *parse)
{
	const char *p = parse->p;
	size_t left = (size_t)(parse->end - p);
	size_t i;

	for (i = 0; i < 8; i++) {
		if (i == left)
			return run_out(parse);
		if (i == 5 || i == 7 ? !http1_byte_is(p[i], BYTE_DIGIT) :
		    p[i] != "HTTP/_."[i])
			return wrong_byte(parse, p + i, HTTP1_START_LINE);
	}
	if (left == 8)
		return run_out(parse);
	if (http1_byte_is(p[8], BYTE_DIGIT) || p[8] == '.')
		return HTTP1_START_LINE;
	if (p[5] != '1' || p[7] > '1')
		return HTTP1_VERSION;
	parse->head->minor = (unsigned)(p[7] - '0');
	parse->p = p + 8;
	return HTTP1_NONE;
}

static const char *
at_most(const struct parse *parse, const char *from, size_t length)
{
	return (size_t)(parse->end - from) > length ? from + length :
	    parse->end;
}

static enum http1_error
take_method(struct parse *parse)
{
	const char *stop = at_most(parse, parse->p, HTTP1_METHOD_MAX + 1);
	const char *p = http1_skip_token(parse->p, stop);

	if (p == stop)
		return p - parse->p > HTTP1_METHOD_MAX ? HTTP1_METHOD :
		    run_out(parse);
	if (p == parse->p)
		return wrong_byte(parse, p, *p == ' ' || *p == '\r' ?
		    HTTP1_START_LINE : HTTP1_METHOD);
	if (*p != ' ')
		return wrong_byte(parse, p, *p == '\r' ? HTTP1_START_LINE :
		    HTTP1_METHOD);
	parse->head->method = (struct http1_text){ parse->p,
	    (size_t)(p - parse->p) };
	parse->p = p + 1;
	return HTTP1_NONE;
}

static enum http1_error
take_target(struct parse *parse)
{
	size_t most = parse->limits->target;
	const char *stop = at_most(parse, parse->p, most + 1);
	const char *p = http1_skip_target(parse->p, stop);

	if (p == stop)
		return (size_t)(p - parse->p) > most ? HTTP1_TARGET_LONG :
		    run_out(parse);
	if (p == parse->p)
		return wrong_byte(parse, p, *p == ' ' || *p == '\r' ?
		    HTTP1_START_LINE : HTTP1_TARGET);
	if (*p == '\t')
		return HTTP1_START_LINE;
	if (*p != ' ')	/* two parts would be HTTP/0.9 */
		return wrong_byte(parse, p, *p == '\r' ? HTTP1_START_LINE :
		    HTTP1_TARGET);
	parse->head->target = (struct http1_text){ parse->p,
	    (size_t)(p - parse->p) };
	parse->p = p + 1;
	return HTTP1_NONE;
}

static enum http1_error
take_request_line(struct parse *parse)
{
	enum http1_error error;

	/* One empty line before a request is left over from an older client's
	 * last body (RFC 9112 section 2.2). */
	if (parse->p != parse->end && *parse->p == '\r' &&
	    (error = take_crlf(parse, HTTP1_START_LINE)) != HTTP1_NONE)
		return error;
	if ((error = take_method(parse)) != HTTP1_NONE ||
	    (error = take_target(parse)) != HTTP1_NONE ||
	    (error = take_version(parse)) != HTTP1_NONE)
		return error;
	return take_crlf(parse, HTTP1_START_LINE);
}

static enum http1_error
take_status_line(struct parse *parse)
{
	enum http1_error error = take_version(parse);
	const char *p, *stop;
	size_t i;

	/* What does not begin as HTTP was sent away before. */
	if (error == HTTP1_START_LINE)
		return HTTP1_VERSION;
	if (error != HTTP1_NONE)
		return error;
	p = parse->p;
	for (i = 0; i < 4; i++) {
		if (p + i == parse->end)
			return run_out(parse);
		if (i == 0 ? p[i] != ' ' : !http1_byte_is(p[i], BYTE_DIGIT))
			return wrong_byte(parse, p + i, HTTP1_STATUS);
	}
	parse->head->status = (unsigned)((p[1] - '0') * 100 +
	    (p[2] - '0') * 10 + (p[3] - '0'));
	if (p[1] == '0')
		return HTTP1_STATUS;
	p += 4;
	if (p == parse->end)
		return run_out(parse);
	/* Many origins leave out the space before an empty phrase; nobody can
	 * misread that. */
	if (*p == ' ') {
		stop = at_most(parse, ++p, parse->limits->field + 1);
		parse->head->phrase.at = p;
		p = http1_skip_value(p, stop);
		if (p == stop && stop != parse->end)
			return HTTP1_FIELD_LONG;
		parse->head->phrase.length =
		    (size_t)(p - parse->head->phrase.at);
	}
	parse->p = p;
	return take_crlf(parse, HTTP1_STATUS);
}

/* A tab beside a value is white space for RFC 9110 and part of the value for
 * some; in a field that frames a message it is refused. */
static bool
has_tab(const struct http1_field *field)
{
	return memchr(field->line.at, '\t', field->line.length) != NULL;
}

/* Content-Length: digits alone.  Whatever else a number could be written as is
 * where two readers part. */
static void
note_length(struct parse *parse, const struct http1_field *field)
{
	struct http1_text value = field->value;
	uint64_t length = 0;
	size_t i;

	parse->lengths++;
	if (value.length == 0 || has_tab(field))
		parse->length_bad = true;
	for (i = 0; i < value.length; i++) {
		char c = value.at[i];

		if (!http1_byte_is(c, BYTE_DIGIT) ||
		    length > (INT64_MAX - (uint64_t)(c - '0')) / 10) {
			parse->length_bad = true;
			continue;
		}
		length = length * 10 + (uint64_t)(c - '0');
	}
	parse->head->content_length = length;
	parse->head->has_length = true;
}

static void
note_connection(struct parse *parse, struct http1_text list)
{
	struct http1_head *head = parse->head;
	struct http1_text item;

	while (http1_next_item(&list, &item)) {
		if (http1_same(item, "close"))
			parse->said_close = true;
		else if (http1_same(item, "keep-alive"))
			head->keep_alive = true;
		else if (http1_same(item, "upgrade"))
			parse->said_upgrade = true;
		else if (http1_same(item, "te"))
			continue;
		else if (head->option_count < HTTP1_OPTIONS_MAX)
			head->option[head->option_count++] = item;
		else
			parse->options_many = true;
	}
}

static void
note_field(struct parse *parse, const struct http1_field *field)
{
	struct http1_head *head = parse->head;

	head->present |= UINT64_C(1) << field->known;
	if (field->known == HTTP1_HOST) {
		parse->hosts++;
		head->host = field->value;
	} else if (field->known == HTTP1_CONTENT_LENGTH) {
		note_length(parse, field);
	} else if (field->known == HTTP1_TRANSFER_ENCODING) {
		if (parse->codings++ > 0 || has_tab(field) ||
		    !http1_same(field->value, "chunked"))
			parse->coding_bad = true;
	} else if (field->known == HTTP1_CONNECTION) {
		note_connection(parse, field->value);
	} else if (field->known == HTTP1_TE) {
		if (http1_has_token(field->value, "trailers"))
			head->te_trailers = true;
	} else if (field->known == HTTP1_EXPECT) {
		head->expect_continue =
		    http1_same(field->value, "100-continue");
	}
}

/* A field's line came to p, the end of the bytes or of what it may have. */
static enum http1_error
field_out(struct parse *parse, const char *p)
{
	return (size_t)(p - parse->p) > parse->limits->field ?
	    HTTP1_FIELD_LONG : run_out(parse);
}

/* One field line, up to and with its CRLF. */
static enum http1_error
take_field(struct parse *parse, struct http1_field *field)
{
	const char *line = parse->p;
	const char *stop = at_most(parse, line, parse->limits->field + 1);
	const char *p = http1_skip_token(line, stop), *last;
	enum http1_error error;

	if (p == stop)
		return field_out(parse, p);
	if (*p != ':' || p == line) {
		if (*p == ' ' || *p == '\t')
			return p == line ? HTTP1_FIELD_FOLD :
			    HTTP1_FIELD_SPACE;
		return wrong_byte(parse, p, HTTP1_FIELD_NAME);
	}
	field->name = (struct http1_text){ line, (size_t)(p - line) };
	field->known = http1_known_name(line, field->name.length);
	for (p++; p != stop && (*p == ' ' || *p == '\t'); p++)
		;
	field->value.at = p;
	p = http1_skip_value(p, stop);
	if (p == stop)
		return field_out(parse, p);
	for (last = p; last != field->value.at &&
	    (last[-1] == ' ' || last[-1] == '\t'); last--)
		;
	field->value.length = (size_t)(last - field->value.at);
	parse->p = p;
	error = take_crlf(parse, HTTP1_CONTROL);
	field->line = (struct http1_text){ line, (size_t)(parse->p - line) };
	return error;
}

static enum http1_error
take_fields(struct parse *parse)
{
	struct http1_head *head = parse->head;
	size_t most = parse->limits->fields;
	enum http1_error error;

	if (most > HTTP1_FIELDS_MAX)
		most = HTTP1_FIELDS_MAX;
	for (;;) {
		struct http1_field *field = &parse->fields[head->field_count];

		if (parse->p == parse->end)
			return run_out(parse);
		if (*parse->p == '\r')
			return take_crlf(parse, HTTP1_CONTROL);
		if (head->field_count == most)
			return HTTP1_FIELDS_MANY;
		error = take_field(parse, field);
		if (error != HTTP1_NONE)
			return error;
		note_field(parse, field);
		head->field_count++;
	}
}

/* What Content-Length and Transfer-Encoding come to (RFC 9112 section 6.3).
 * Where that section lets a recipient repair, we refuse. */
static enum http1_error
judge_framing(const struct parse *parse)
{
	struct http1_head *head = parse->head;

	if (parse->codings > 0) {
		if (head->minor == 0)
			return HTTP1_CODING_OLD;
		if (parse->lengths > 0)
			return HTTP1_LENGTH_AND_CODING;
		if (parse->coding_bad)
			return HTTP1_CODING_BAD;
		head->framing = HTTP1_CHUNKED;
	} else if (parse->lengths > 0) {
		if (parse->lengths > 1)
			return HTTP1_LENGTH_MANY;
		if (parse->length_bad)
			return HTTP1_LENGTH_BAD;
		head->framing = head->content_length > 0 ? HTTP1_LENGTH :
		    HTTP1_NO_BODY;
	}
	return HTTP1_NONE;
}

static enum http1_error
judge_common(const struct parse *parse)
{
	struct http1_head *head = parse->head;

	if (parse->options_many)
		return HTTP1_OPTIONS_MANY;
	head->close = parse->said_close ||
	    (head->minor == 0 && !head->keep_alive);
	head->upgrade = parse->said_upgrade && head->minor == 1 &&
	    (head->present & UINT64_C(1) << HTTP1_UPGRADE) != 0;
	return HTTP1_NONE;
}

static bool
is_connect(struct http1_text method)
{
	return method.length == 7 && memcmp(method.at, "CONNECT", 7) == 0;
}

static enum http1_error
judge_request(const struct parse *parse)
{
	struct http1_head *head = parse->head;
	enum http1_error error;

	if (parse->hosts > 1)
		return HTTP1_HOST_MANY;
	if (parse->hosts == 0 && head->minor == 1)
		return HTTP1_HOST_MISSING;
	error = judge_framing(parse);
	if (error != HTTP1_NONE)
		return error;
	/* What follows a CONNECT belongs to the tunnel.  A reader who took it
	 * for a body would disagree. */
	if (head->framing != HTTP1_NO_BODY && is_connect(head->method))
		return head->framing == HTTP1_CHUNKED ? HTTP1_CODING_BAD :
		    HTTP1_LENGTH_BAD;
	return judge_common(parse);
}

static enum http1_error
judge_answer(const struct parse *parse)
{
	struct http1_head *head = parse->head;
	enum http1_error error;

	head->framing = HTTP1_UNTIL_CLOSE;
	error = judge_framing(parse);
	if (error != HTTP1_NONE)
		return error;
	if (head->status < 200 || head->status == 204 || head->status == 304)
		head->framing = HTTP1_NO_BODY;
	return judge_common(parse);
}

/* Look at what came since the last call.  True if the parser can say something:
 * there is a blank line, a byte that may stand nowhere, or a line over its
 * limit. */
static bool
scan_on(struct http1_scan *scan, const char *bytes, size_t length,
    const struct parse *parse)
{
	const struct http1_limits *limits = parse->limits;
	const char *p = bytes + scan->at, *end = bytes + length;
	size_t most = limits->field;

	while ((p = http1_skip_value(p, end)) != end) {
		if (*p != '\r')
			return true;
		if (p + 1 == end)
			break;	/* the CR is looked at again */
		if (p[1] != '\n')
			return true;
		if (p == bytes + scan->line && scan->line > 0)
			return true;
		p += 2;
		scan->line = (size_t)(p - bytes);
	}
	scan->at = (size_t)(p - bytes);
	/* The start line, which may come after an empty one. */
	if (scan->line <= 2 && parse->head->is_request)
		most = limits->target;
	return length - scan->line > most || length >= limits->head;
}

static enum http1_result
parse_head(struct parse *parse, const char *bytes, size_t length,
    struct http1_scan *scan, enum http1_error *error)
{
	struct http1_head *head = parse->head;
	size_t most = parse->limits->head;
	bool again = scan->at > 0;

	if (length == 0 || (again && !scan_on(scan, bytes, length, parse)))
		return HTTP1_MORE;
	parse->over = length >= most;
	parse->p = bytes;
	parse->end = bytes + (parse->over ? most : length);
	*error = head->is_request ? take_request_line(parse) :
	    take_status_line(parse);
	if (*error == HTTP1_NONE)
		*error = take_fields(parse);
	if (parse->stopped) {
		if (!again)
			(void)scan_on(scan, bytes, length, parse);
		return HTTP1_MORE;
	}
	if (*error == HTTP1_NONE)
		*error = head->is_request ? judge_request(parse) :
		    judge_answer(parse);
	if (*error != HTTP1_NONE)
		return HTTP1_ERROR;
	head->length = (size_t)(parse->p - bytes);
	return HTTP1_DONE;
}

static void
begin(struct parse *parse, struct http1_head *head,
    const struct http1_limits *limits, struct http1_field *fields)
{
	memset(head, 0, offsetof(struct http1_head, option));
	head->fields = fields;
	*parse = (struct parse){
		.limits = limits, .fields = fields, .head = head
	};
}

enum http1_result
http1_parse_request(const char *bytes, size_t length,
    const struct http1_limits *limits, struct http1_scan *scan,
    struct http1_field *fields, struct http1_head *head,
    enum http1_error *error)
{
	struct parse parse;

	begin(&parse, head, limits, fields);
	head->is_request = true;
	return parse_head(&parse, bytes, length, scan, error);
}

enum http1_result
http1_parse_answer(const char *bytes, size_t length,
    const struct http1_limits *limits, struct http1_scan *scan,
    struct http1_field *fields, struct http1_head *head,
    enum http1_error *error)
{
	struct parse parse;

	begin(&parse, head, limits, fields);
	/* Another protocol is named at its first byte, not at a limit. */
	if (scan->at < 5 && length > 0 &&
	    memcmp(bytes, "HTTP/", length < 5 ? length : 5) != 0) {
		*error = HTTP1_NOT_HTTP;
		return HTTP1_ERROR;
	}
	return parse_head(&parse, bytes, length, scan, error);
}

enum http1_framing
http1_answer_framing(const struct http1_head *answer, struct http1_text method)
{
	if (method.length == 4 && memcmp(method.at, "HEAD", 4) == 0)
		return HTTP1_NO_BODY;
	if (answer->status / 100 == 2 && is_connect(method))
		return HTTP1_NO_BODY;
	return answer->framing;
}
