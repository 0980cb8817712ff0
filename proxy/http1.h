/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http1.h - the strict parser of HTTP/1 heads and chunked bodies (RFC 9112).
 *
 * Whatever two readers could understand differently is an error with a name,
 * never a guess.  A head is parsed where it lies, in one piece, without
 * copying: fields are pairs of pointers into the caller's buffer, in the order,
 * case and number in which they came.
 */
#ifndef PROXY_HTTP1_H
#define PROXY_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP1_FIELDS_MAX 2000
#define HTTP1_METHOD_MAX 64
/* Fields that Connection may name, beside close, keep-alive, upgrade and te. */
#define HTTP1_OPTIONS_MAX 16

/* Why a head or body was refused; words for records: http1_error_name(). */
#define HTTP1_ERRORS(E) \
E(NONE, "none") \
E(START_LINE, "malformed-start-line") \
E(METHOD, "malformed-method") \
E(TARGET, "malformed-target") \
E(TARGET_LONG, "target-too-long") \
E(VERSION, "bad-version") \
E(STATUS, "malformed-status") \
E(BARE_LF, "bare-lf") \
E(BARE_CR, "bare-cr") \
E(NUL, "nul-byte") \
E(CONTROL, "control-byte") \
E(FIELD_NAME, "malformed-field-name") \
E(FIELD_SPACE, "space-before-colon") \
E(FIELD_FOLD, "folded-field") \
E(FIELD_LONG, "field-too-long") \
E(FIELDS_MANY, "too-many-fields") \
E(HEAD_LONG, "head-too-long") \
E(HOST_MISSING, "host-missing") \
E(HOST_MANY, "several-hosts") \
E(HOST_BAD, "malformed-host") \
E(LENGTH_BAD, "malformed-content-length") \
E(LENGTH_MANY, "several-content-lengths") \
E(LENGTH_AND_CODING, "content-length-with-transfer-encoding") \
E(CODING_BAD, "unsupported-transfer-encoding") \
E(CODING_OLD, "transfer-encoding-in-http-1.0") \
E(OPTIONS_MANY, "too-many-connection-options") \
E(CHUNK_SIZE, "malformed-chunk-size") \
E(CHUNK_OVERFLOW, "chunk-size-overflow") \
E(CHUNK_EXTENSION, "malformed-chunk-extension") \
E(CHUNK_END, "malformed-chunk-end") \
E(TRAILER_BAD, "malformed-trailer") \
E(TRAILER_LONG, "trailer-too-long") \
E(NOT_HTTP, "not-http")

enum http1_error {
#define E(id, words) HTTP1_##id,
	HTTP1_ERRORS(E)
#undef E
	HTTP1_ERROR_COUNT
};
const char *http1_error_name(enum http1_error error);

enum http1_result {
	HTTP1_MORE,
	HTTP1_DONE,
	HTTP1_ERROR
};

struct http1_limits {
	size_t head;		/* bytes of a head */
	size_t field;		/* bytes of one field line */
	size_t fields;		/* field lines, at most HTTP1_FIELDS_MAX */
	size_t target;		/* bytes of the request target */
};

struct http1_text {
	const char *at;
	size_t length;
};

/* Fields gatebook itself looks at; all others are HTTP1_OTHER. */
enum http1_known {
	HTTP1_OTHER,
	HTTP1_HOST,
	HTTP1_CONTENT_LENGTH,
	HTTP1_TRANSFER_ENCODING,
	HTTP1_CONNECTION,
	HTTP1_PROXY_CONNECTION,
	HTTP1_KEEP_ALIVE,
	HTTP1_TE,
	HTTP1_TRAILER,
	HTTP1_UPGRADE,
	HTTP1_VIA,
	HTTP1_EXPECT,
	HTTP1_MAX_FORWARDS,
	HTTP1_PROXY_AUTHORIZATION,
	HTTP1_PROXY_AUTHENTICATE,
	HTTP1_PROXY_AUTHENTICATION_INFO,
	HTTP1_WWW_AUTHENTICATE,
	HTTP1_AUTHORIZATION,
	HTTP1_USER_AGENT,
	HTTP1_REFERER,
	HTTP1_ACCEPT,
	HTTP1_CONTENT_TYPE,
	HTTP1_SEC_FETCH_DEST,
	HTTP1_SEC_FETCH_MODE,
	HTTP1_SEC_FETCH_USER,
	HTTP1_SEC_FETCH_SITE,
	HTTP1_SEC_CH_UA,
	HTTP1_SEC_PURPOSE,
	HTTP1_ORIGIN,
	HTTP1_UPGRADE_INSECURE_REQUESTS,
	HTTP1_X_REQUESTED_WITH
};

struct http1_field {
	struct http1_text name;
	struct http1_text value;	/* without surrounding white space */
	struct http1_text line;		/* name to CRLF, both included */
	enum http1_known known;
};

/* How the content is framed (RFC 9112 section 6.3). */
enum http1_framing {
	HTTP1_NO_BODY,
	HTTP1_LENGTH,
	HTTP1_CHUNKED,
	HTTP1_UNTIL_CLOSE	/* answers only */
};

struct http1_head {
	bool is_request;
	unsigned minor;			/* HTTP/1.minor: 0 or 1 */
	struct http1_text method;	/* requests */
	struct http1_text target;
	unsigned status;		/* answers: 100 to 999 */
	struct http1_text phrase;
	size_t length;			/* bytes of the head, blank line too */
	size_t field_count;
	struct http1_field *fields;	/* the caller's array */
	uint64_t present;		/* 1 << enum http1_known: came */
	/* What the head says about itself.  A CONNECT never has a body: one that
	 * announces one is an error.  Content-Length: 0 is HTTP1_NO_BODY. */
	enum http1_framing framing;	/* an answer's is for a GET; see
					 * http1_answer_framing() */
	uint64_t content_length;	/* HTTP1_LENGTH */
	bool has_length;		/* Content-Length was there (HEAD) */
	bool close;			/* Connection: close, or 1.0 without
					 * keep-alive */
	bool keep_alive;		/* said keep-alive */
	bool upgrade;			/* Upgrade, and Connection names it */
	bool te_trailers;		/* TE: trailers */
	bool expect_continue;
	struct http1_text host;		/* value of Host */
	size_t option_count;		/* names of fields in Connection */
	struct http1_text option[HTTP1_OPTIONS_MAX];
};

/* A scan that can go on where it stopped: begin with all zero. */
struct http1_scan {
	size_t at;			/* bytes searched for line ends */
	size_t line;			/* where the current line began */
};

/* Parse a request head at bytes.  One leading empty line (CRLF) is skipped and
 * counts into head->length.  MORE: call again with more bytes and the same
 * scan.  DONE: head is filled.  ERROR: *error says why; head->method and
 * head->target are set if they were read (for the record).  fields has room for
 * limits->fields. */
enum http1_result http1_parse_request(const char *bytes, size_t length,
    const struct http1_limits *limits, struct http1_scan *scan,
    struct http1_field *fields, struct http1_head *head,
    enum http1_error *error);
/* The same for an answer.  Both CL and TE, TE in 1.0 and the like are errors. */
enum http1_result http1_parse_answer(const char *bytes, size_t length,
    const struct http1_limits *limits, struct http1_scan *scan,
    struct http1_field *fields, struct http1_head *head,
    enum http1_error *error);
/* How the content of an answer is framed, given the request's method: HEAD,
 * 1xx, 204 and 304 have none, nor has 2xx to CONNECT. */
enum http1_framing http1_answer_framing(const struct http1_head *answer,
    struct http1_text method);
/* Whether field is hop-by-hop here: one of the known list or named in a
 * Connection field of head (RFC 9110 section 7.6.1).  Host, Content-Length and
 * Transfer-Encoding never are, whatever Connection names: they frame what is
 * passed on unchanged.  The last two end here only in an answer that has no
 * content by its status (1xx, 204; 304 for Transfer-Encoding). */
bool http1_is_hop_by_hop(const struct http1_head *head,
    const struct http1_field *field);
/* Whether a comma-separated list holds a token, without case. */
bool http1_has_token(struct http1_text list, const char *token);

/* A chunked body in passing.  Begin with all zero. */
struct http1_chunks {
	uint64_t left;		/* bytes of the chunk still to come */
	uint64_t content;	/* bytes of content so far */
	uint32_t line;		/* bytes of the line or trailer section so far */
	uint32_t names;		/* forbidden trailer names that still fit */
	uint8_t digits;		/* of the chunk size */
	uint8_t name_at;	/* bytes of the trailer's name */
	uint8_t state;
};

/* Take bytes; *used of them are well-formed and may be forwarded as they are.
 * Calls content (may be NULL) for each piece of content among them.  MORE: all
 * were used.  DONE: the body ended after *used.  ERROR: *used were good, then
 * *error. */
enum http1_result http1_chunks_take(struct http1_chunks *chunks,
    const char *bytes, size_t length, size_t *used,
    void (*content)(void *arg, const char *bytes, size_t length), void *arg,
    enum http1_error *error);

#endif
