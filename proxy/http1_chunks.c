/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http1_chunks.c - a chunked body in passing (RFC 9112 section 7.1).
 *
 * One byte at a time outside the data, so that pieces of any size are the same.
 * White space around the parts of a chunk's line is where implementations
 * disagree; it is refused.
 */
#include "proxy/http1.h"
#include "proxy/http1_bytes.h"

#include <assert.h>

#define LINE_MAX_BYTES 4096	/* a chunk's line with its extensions */
#define TRAILER_MAX_BYTES 16384	/* all trailer fields together */
#define SIZE_DIGITS_MAX 16

enum state {
	SIZE,			/* at or in the hex digits; the first state */
	EXTENSION,		/* after ';': a name must begin */
	EXTENSION_NAME,
	EXTENSION_EQUALS,	/* after '=': a value must begin */
	EXTENSION_TOKEN,
	EXTENSION_QUOTED,
	EXTENSION_ESCAPE,	/* after '\' */
	EXTENSION_END,		/* after the closing quote */
	LINE_LF,
	DATA,
	DATA_CR,
	DATA_LF,
	FIELD,			/* a trailer field or the blank line */
	FIELD_NAME,
	FIELD_VALUE,
	FIELD_LF,
	LAST_LF,
	END
};

/* Fields that frame, route or authenticate the message, or say how to read its
 * content, come too late in a trailer (RFC 9110 section 6.5.1). */
static const char *const forbidden[] = {
	"content-length", "transfer-encoding", "host", "connection",
	"proxy-connection", "keep-alive", "te", "trailer", "upgrade", "via",
	"expect", "max-forwards", "authorization", "proxy-authorization",
	"proxy-authenticate", "www-authenticate", "content-type",
	"content-encoding", "content-range", "cookie", "set-cookie",
	"cache-control", "location", "range"
};
#define FORBIDDEN_ALL ((UINT32_C(1) << sizeof(forbidden) / sizeof(*forbidden)) - 1)

/* Strike the names out that c does not continue. */
static void
narrow_names(struct http1_chunks *chunks, char c)
{
	uint32_t bits = chunks->names;
	unsigned i;

	while (bits != 0) {
		i = (unsigned)__builtin_ctz(bits);
		bits &= bits - 1;
		/* A struck name is never read beyond its NUL. */
		if (forbidden[i][chunks->name_at] != http1_lower(c))
			chunks->names &= ~(UINT32_C(1) << i);
	}
	if (chunks->names != 0)
		chunks->name_at++;
}

static bool
is_forbidden_name(const struct http1_chunks *chunks)
{
	uint32_t bits = chunks->names;

	for (; bits != 0; bits &= bits - 1)
		if (forbidden[__builtin_ctz(bits)][chunks->name_at] == '\0')
			return true;
	return false;
}

static unsigned
hex_value(char c)
{
	return c <= '9' ? (unsigned)(c - '0') :
	    (unsigned)(http1_lower(c) - 'a' + 10);
}

static enum http1_error
take_digit(struct http1_chunks *chunks, char c)
{
	if (chunks->digits == SIZE_DIGITS_MAX)
		return HTTP1_CHUNK_OVERFLOW;
	chunks->digits++;
	chunks->left = chunks->left << 4 | hex_value(c);
	/* No sum of chunks may pass what a length can be. */
	if (chunks->left > INT64_MAX - chunks->content)
		return HTTP1_CHUNK_OVERFLOW;
	return HTTP1_NONE;
}

static enum http1_error
wrong(char c, enum http1_error other)
{
	if (c == '\n')
		return HTTP1_BARE_LF;
	return c == '\0' ? HTTP1_NUL : other;
}

/* After a complete part of the chunk's line: another one, or the end. */
static enum http1_error
take_line_part(struct http1_chunks *chunks, char c, enum http1_error other)
{
	if (c == ';')
		chunks->state = EXTENSION;
	else if (c == '\r')
		chunks->state = LINE_LF;
	else
		return wrong(c, other);
	return HTTP1_NONE;
}

static enum http1_error
take_size(struct http1_chunks *chunks, char c)
{
	if (http1_byte_is(c, BYTE_HEX))
		return take_digit(chunks, c);
	if (chunks->digits == 0)
		return wrong(c, HTTP1_CHUNK_SIZE);
	return take_line_part(chunks, c, HTTP1_CHUNK_SIZE);
}

static enum http1_error
take_extension(struct http1_chunks *chunks, char c)
{
	const enum http1_error bad = wrong(c, HTTP1_CHUNK_EXTENSION);

	switch ((enum state)chunks->state) {
	case EXTENSION:
	case EXTENSION_EQUALS:
		if (chunks->state == EXTENSION_EQUALS && c == '"')
			chunks->state = EXTENSION_QUOTED;
		else if (!http1_byte_is(c, BYTE_TOKEN))
			return bad;
		else
			chunks->state++;
		return HTTP1_NONE;
	case EXTENSION_NAME:
		if (c == '=') {
			chunks->state = EXTENSION_EQUALS;
			return HTTP1_NONE;
		}
		/* fall through */
	case EXTENSION_TOKEN:
		if (http1_byte_is(c, BYTE_TOKEN))
			return HTTP1_NONE;
		/* fall through */
	case EXTENSION_END:
		return take_line_part(chunks, c, HTTP1_CHUNK_EXTENSION);
	case EXTENSION_QUOTED:
		if (c == '"')
			chunks->state = EXTENSION_END;
		else if (c == '\\')
			chunks->state = EXTENSION_ESCAPE;
		else if (!http1_byte_is(c, BYTE_VALUE))
			return bad;
		return HTTP1_NONE;
	case EXTENSION_ESCAPE:
		if (!http1_byte_is(c, BYTE_VALUE))
			return bad;
		chunks->state = EXTENSION_QUOTED;
		return HTTP1_NONE;
	default:
		assert(0);
		return bad;
	}
}

static void
begin_line(struct http1_chunks *chunks, enum state state)
{
	chunks->state = (uint8_t)state;
	chunks->line = 0;
	chunks->digits = 0;
	chunks->left = 0;
}

static enum http1_error
take_lf(struct http1_chunks *chunks, char c)
{
	if (c != '\n')
		return HTTP1_BARE_CR;
	if (chunks->state == LINE_LF) {
		if (chunks->left > 0)
			chunks->state = DATA;
		else
			begin_line(chunks, FIELD);
	} else if (chunks->state == DATA_LF) {
		begin_line(chunks, SIZE);
	} else if (chunks->state == FIELD_LF) {
		chunks->state = FIELD;
	} else {
		chunks->state = END;
	}
	return HTTP1_NONE;
}

static enum http1_error
take_trailer(struct http1_chunks *chunks, char c)
{
	switch ((enum state)chunks->state) {
	case FIELD:
		if (c == '\r') {
			chunks->state = LAST_LF;
			return HTTP1_NONE;
		}
		if (!http1_byte_is(c, BYTE_TOKEN))
			return wrong(c, HTTP1_TRAILER_BAD);
		chunks->names = FORBIDDEN_ALL;
		chunks->name_at = 0;
		narrow_names(chunks, c);
		chunks->state = FIELD_NAME;
		return HTTP1_NONE;
	case FIELD_NAME:
		if (c == ':') {
			if (is_forbidden_name(chunks))
				return HTTP1_TRAILER_BAD;
			chunks->state = FIELD_VALUE;
			return HTTP1_NONE;
		}
		if (!http1_byte_is(c, BYTE_TOKEN))
			return wrong(c, HTTP1_TRAILER_BAD);
		narrow_names(chunks, c);
		return HTTP1_NONE;
	case FIELD_VALUE:
		if (c == '\r')
			chunks->state = FIELD_LF;
		else if (!http1_byte_is(c, BYTE_VALUE))
			return wrong(c, HTTP1_TRAILER_BAD);
		return HTTP1_NONE;
	default:
		assert(0);
		return HTTP1_TRAILER_BAD;
	}
}

/* One byte that is not data. */
static enum http1_error
take_byte(struct http1_chunks *chunks, char c)
{
	enum state state = (enum state)chunks->state;

	if (state >= FIELD) {
		if (++chunks->line > TRAILER_MAX_BYTES)
			return HTTP1_TRAILER_LONG;
	} else if (state <= LINE_LF && ++chunks->line > LINE_MAX_BYTES) {
		return HTTP1_CHUNK_EXTENSION;
	}
	switch (state) {
	case SIZE:
		return take_size(chunks, c);
	case EXTENSION:
	case EXTENSION_NAME:
	case EXTENSION_EQUALS:
	case EXTENSION_TOKEN:
	case EXTENSION_QUOTED:
	case EXTENSION_ESCAPE:
	case EXTENSION_END:
		return take_extension(chunks, c);
	case LINE_LF:
	case DATA_LF:
	case FIELD_LF:
	case LAST_LF:
		return take_lf(chunks, c);
	case DATA_CR:
		if (c != '\r')
			return HTTP1_CHUNK_END;
		chunks->state = DATA_LF;
		return HTTP1_NONE;
	case FIELD:
	case FIELD_NAME:
	case FIELD_VALUE:
		return take_trailer(chunks, c);
	case DATA:
	case END:
		break;
	}
	assert(0);
	return HTTP1_CHUNK_END;
}

enum http1_result
http1_chunks_take(struct http1_chunks *chunks, const char *bytes,
    size_t length, size_t *used,
    void (*content)(void *arg, const char *bytes, size_t length), void *arg,
    enum http1_error *error)
{
	size_t at = 0;

	while (chunks->state != END && at < length) {
		if (chunks->state == DATA) {
			size_t n = length - at;

			if (n > chunks->left)
				n = (size_t)chunks->left;
			if (content != NULL)
				content(arg, bytes + at, n);
			at += n;
			chunks->left -= n;
			chunks->content += n;
			if (chunks->left == 0)
				chunks->state = DATA_CR;
			continue;
		}
		*error = take_byte(chunks, bytes[at]);
		if (*error != HTTP1_NONE) {
			*used = at;
			return HTTP1_ERROR;
		}
		at++;
	}
	*used = at;
	return chunks->state == END ? HTTP1_DONE : HTTP1_MORE;
}
