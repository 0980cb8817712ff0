/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_http1.c - heads: what is taken, what is refused and by which name.  Every
 * case runs whole and cut in two at every byte and one byte at a time, and must
 * come out the same.
 */
#include "proxy/http1.h"
#include "proxy/http1_bytes.h"
#include "proxy/http1_fields.h"
#include "lib/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct http1_limits limits = {
	.head = 2000, .field = 600, .fields = 20, .target = 300
};

typedef enum http1_result parser(const char *, size_t,
    const struct http1_limits *, struct http1_scan *, struct http1_field *,
    struct http1_head *, enum http1_error *);

struct outcome {
	enum http1_result result;
	enum http1_error error;
	struct http1_head head;
	struct http1_field fields[20];
	char *copy;
};

/* Feed the first bytes up to cut, then the rest in steps. */
static void
feed(parser *parse, const char *bytes, size_t length, size_t cut, size_t step,
    struct outcome *out)
{
	struct http1_scan scan = { 0 };
	size_t have = cut;

	memset(out, 0, sizeof(*out));
	for (;;) {
		/* an exact copy, so that a read too far is seen */
		char *copy = malloc(have > 0 ? have : 1);

		assert_non_null(copy);
		memcpy(copy, bytes, have);
		out->result = parse(copy, have, &limits, &scan, out->fields,
		    &out->head, &out->error);
		out->copy = copy;
		if (out->result != HTTP1_MORE || have == length)
			return;
		free(copy);
		have = have + step < length ? have + step : length;
	}
}

static void
same_outcome(const struct outcome *a, const struct outcome *b,
    const char *bytes)
{
	if (a->result != b->result ||
	    (a->result == HTTP1_ERROR && a->error != b->error))
		fail_msg("cut differently, judged differently: %d %s, %d %s: %s",
		    a->result, http1_error_name(a->error), b->result,
		    http1_error_name(b->error), bytes);
	if (a->result != HTTP1_DONE)
		return;
	assert_int_equal(a->head.length, b->head.length);
	assert_int_equal(a->head.field_count, b->head.field_count);
	assert_int_equal(a->head.framing, b->head.framing);
	assert_int_equal(a->head.present, b->head.present);
}

static void
run(parser *parse, const char *bytes, size_t length, struct outcome *out)
{
	struct outcome *cut = malloc(sizeof(*cut));
	size_t at;

	assert_non_null(cut);
	feed(parse, bytes, length, length, 1, out);
	for (at = 0; at < length; at++) {
		feed(parse, bytes, length, at, length, cut);
		same_outcome(out, cut, bytes);
		free(cut->copy);
	}
	feed(parse, bytes, length, 0, 1, cut);
	same_outcome(out, cut, bytes);
	free(cut->copy);
	free(cut);
}

#define R(text) text, sizeof(text) - 1
#define GET "GET http://a/ HTTP/1.1\r\n"
#define POST "POST http://a/ HTTP/1.1\r\nHost: a\r\n"
#define OK "HTTP/1.1 200 OK\r\n"

struct bad_case {
	const char *bytes;
	size_t length;
	enum http1_error error;
};

static const struct bad_case bad_requests[] = {
	/* start line */
	{ R("GET  http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP1_START_LINE },
	{ R("GET http://a/  HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP1_START_LINE },
	{ R("GET http://a/ HTTP/1.1 \r\nHost: a\r\n\r\n"), HTTP1_START_LINE },
	{ R(" GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP1_START_LINE },
	{ R("GET\thttp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP1_METHOD },
	{ R("GET http://a/\tHTTP/1.1\r\nHost: a\r\n\r\n"), HTTP1_START_LINE },
	{ R("GET http://a/ x HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP1_START_LINE },
	{ R("GET\r\n\r\n"), HTTP1_START_LINE },
	{ R("\r\n\r\nGET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
	    HTTP1_START_LINE },
	{ R("\nGET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP1_BARE_LF },
	{ R("\rGET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP1_BARE_CR },
	{ R("G(T http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP1_METHOD },
	{ R("G\xc3\x89T http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP1_METHOD },
	{ R("\x16\x03\x01\x02"), HTTP1_CONTROL },
	{ R("GET http://a/\x7f HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP1_CONTROL },
	{ R("GET http://a/\xe9 HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP1_TARGET },
	{ R("GET http://a/\0 HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP1_NUL },
	{ R("GET http://a/ RTSP/1.0\r\nHost: a\r\n\r\n"), HTTP1_START_LINE },
	{ R("GET http://a/ http/1.1\r\nHost: a\r\n\r\n"), HTTP1_START_LINE },
	/* versions */
	{ R("GET http://a/\r\n\r\n"), HTTP1_START_LINE },
	{ R("GET http://a/ HTTP/0.9\r\nHost: a\r\n\r\n"), HTTP1_VERSION },
	{ R("GET http://a/ HTTP/1.2\r\nHost: a\r\n\r\n"), HTTP1_VERSION },
	{ R("GET http://a/ HTTP/2.0\r\nHost: a\r\n\r\n"), HTTP1_VERSION },
	{ R("GET http://a/ HTTP/2\r\nHost: a\r\n\r\n"), HTTP1_START_LINE },
	{ R("GET http://a/ HTTP/1.10\r\nHost: a\r\n\r\n"), HTTP1_START_LINE },
	{ R("GET http://a/ HTTP/11\r\nHost: a\r\n\r\n"), HTTP1_START_LINE },
	{ R("GET http://a/ HTTP/1,1\r\nHost: a\r\n\r\n"), HTTP1_START_LINE },
	{ R("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), HTTP1_VERSION },
	/* line ends */
	{ R("GET http://a/ HTTP/1.1\nHost: a\r\n\r\n"), HTTP1_BARE_LF },
	{ R("GET http://a/ HTTP/1.1\rHost: a\r\n\r\n"), HTTP1_BARE_CR },
	{ R("GET http://a/\nHost: a\r\n\r\n"), HTTP1_BARE_LF },
	{ R(GET "Host: a\n\r\n"), HTTP1_BARE_LF },
	{ R(GET "Host: a\r\n\n"), HTTP1_BARE_LF },
	{ R(GET "Host: a\n\n"), HTTP1_BARE_LF },
	{ R(GET "Host: a\r\n\rX"), HTTP1_BARE_CR },
	{ R(GET "Host: a\rX: y\r\n\r\n"), HTTP1_BARE_CR },
	{ R(GET "Host: a\r\r\n\r\n"), HTTP1_BARE_CR },
	{ R(GET "Host: a\r\nX: y\rGET / HTTP/1.1\r\n\r\n"), HTTP1_BARE_CR },
	/* fields */
	{ R(GET "Host : a\r\n\r\n"), HTTP1_FIELD_SPACE },
	{ R(GET "Host\t: a\r\n\r\n"), HTTP1_FIELD_SPACE },
	{ R(GET "Ho st: a\r\n\r\n"), HTTP1_FIELD_SPACE },
	{ R(GET " Host: a\r\n\r\n"), HTTP1_FIELD_FOLD },
	{ R(GET "Host: a\r\nX: y\r\n z\r\n\r\n"), HTTP1_FIELD_FOLD },
	{ R(GET "Host: a\r\nX: y\r\n\tz\r\n\r\n"), HTTP1_FIELD_FOLD },
	{ R(GET "Host: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n"),
	    HTTP1_FIELD_FOLD },
	{ R(GET "Host: a\r\n: y\r\n\r\n"), HTTP1_FIELD_NAME },
	{ R(GET "Host: a\r\nX\r\n\r\n"), HTTP1_FIELD_NAME },
	{ R(GET "Host: a\r\nX(: y\r\n\r\n"), HTTP1_FIELD_NAME },
	{ R(GET "Host: a\r\n\xc3\xa9: y\r\n\r\n"), HTTP1_FIELD_NAME },
	{ R(GET "Host: a\r\nX\0: y\r\n\r\n"), HTTP1_NUL },
	{ R(GET "Host: a\r\nX: \0y\r\n\r\n"), HTTP1_NUL },
	{ R(GET "Host: a\r\nX: y\x01\r\n\r\n"), HTTP1_CONTROL },
	{ R(GET "Host: a\r\nX: \x7fy\r\n\r\n"), HTTP1_CONTROL },
	{ R(GET "Host: a\r\nX: a long enough value to reach\x0b sixteen\r\n\r\n"),
	    HTTP1_CONTROL },
	{ R(GET "Host: a\r\nX\x02: y\r\n\r\n"), HTTP1_CONTROL },
	/* Host */
	{ R(GET "X: y\r\n\r\n"), HTTP1_HOST_MISSING },
	{ R(GET "\r\n"), HTTP1_HOST_MISSING },
	{ R(GET "Host: a\r\nHost: a\r\n\r\n"), HTTP1_HOST_MANY },
	{ R(GET "Host: a\r\nhOST: b\r\n\r\n"), HTTP1_HOST_MANY },
	{ R("GET http://a/ HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
	    HTTP1_HOST_MANY },
	/* Content-Length */
	{ R(POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"),
	    HTTP1_LENGTH_MANY },
	{ R(POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"),
	    HTTP1_LENGTH_MANY },
	{ R(POST "Content-Length: 5, 5\r\n\r\n"), HTTP1_LENGTH_BAD },
	{ R(POST "Content-Length: +5\r\n\r\n"), HTTP1_LENGTH_BAD },
	{ R(POST "Content-Length: -5\r\n\r\n"), HTTP1_LENGTH_BAD },
	{ R(POST "Content-Length: 0x5\r\n\r\n"), HTTP1_LENGTH_BAD },
	{ R(POST "Content-Length: 5 5\r\n\r\n"), HTTP1_LENGTH_BAD },
	{ R(POST "Content-Length: 5;\r\n\r\n"), HTTP1_LENGTH_BAD },
	{ R(POST "Content-Length:\r\n\r\n"), HTTP1_LENGTH_BAD },
	{ R(POST "Content-Length:\t5\r\n\r\n"), HTTP1_LENGTH_BAD },
	{ R(POST "Content-Length: 5\t\r\n\r\n"), HTTP1_LENGTH_BAD },
	{ R(POST "Content-Length: 18446744073709551621\r\n\r\n"),
	    HTTP1_LENGTH_BAD },
	{ R(POST "Content-Length: 9223372036854775808\r\n\r\n"),
	    HTTP1_LENGTH_BAD },
	{ R(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
	    HTTP1_LENGTH_AND_CODING },
	{ R(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"),
	    HTTP1_LENGTH_AND_CODING },
	{ R(POST "Transfer-Encoding:\r\nContent-Length: 5\r\n\r\n"),
	    HTTP1_LENGTH_AND_CODING },
	/* Transfer-Encoding */
	{ R(POST "Transfer-Encoding:\r\n\r\n"), HTTP1_CODING_BAD },
	{ R(POST "Transfer-Encoding: gzip\r\n\r\n"), HTTP1_CODING_BAD },
	{ R(POST "Transfer-Encoding:\tchunked\r\n\r\n"), HTTP1_CODING_BAD },
	{ R(POST "Transfer-Encoding: chunked\t\r\n\r\n"), HTTP1_CODING_BAD },
	{ R(POST "Transfer-Encoding: identity\r\n\r\n"), HTTP1_CODING_BAD },
	{ R(POST "Transfer-Encoding: gzip, chunked\r\n\r\n"),
	    HTTP1_CODING_BAD },
	{ R(POST "Transfer-Encoding: chunked, identity\r\n\r\n"),
	    HTTP1_CODING_BAD },
	{ R(POST "Transfer-Encoding: chunked, chunked\r\n\r\n"),
	    HTTP1_CODING_BAD },
	{ R(POST "Transfer-Encoding: \"chunked\"\r\n\r\n"), HTTP1_CODING_BAD },
	{ R(POST "Transfer-Encoding: xchunked\r\n\r\n"), HTTP1_CODING_BAD },
	{ R(POST "Transfer-Encoding: chunked;q=1\r\n\r\n"), HTTP1_CODING_BAD },
	{ R(POST "Transfer-Encoding: ,chunked\r\n\r\n"), HTTP1_CODING_BAD },
	{ R(POST "Transfer-Encoding: \x0b" "chunked\r\n\r\n"), HTTP1_CONTROL },
	{ R(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"
	    "\r\n\r\n"), HTTP1_CODING_BAD },
	{ R("POST http://a/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
	    HTTP1_CODING_OLD },
	{ R("POST http://a/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n"
	    "Content-Length: 5\r\n\r\n"), HTTP1_CODING_OLD },
	/* a CONNECT with a body */
	{ R("CONNECT a:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"),
	    HTTP1_LENGTH_BAD },
	{ R("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n"), HTTP1_CODING_BAD },
	{ R(GET "Host: a\r\nConnection: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"
	    "\r\n\r\n"), HTTP1_OPTIONS_MANY },
};

static const struct bad_case bad_answers[] = {
	{ R("SSH-2.0-OpenSSH_9.2p1\r\n"), HTTP1_NOT_HTTP },
	{ R("220 mail ESMTP\r\n"), HTTP1_NOT_HTTP },
	{ R("HTTPS/1.1 200 OK\r\n\r\n"), HTTP1_NOT_HTTP },
	{ R("ICY 200 OK\r\n\r\n"), HTTP1_NOT_HTTP },
	{ R("\r\nHTTP/1.1 200 OK\r\n\r\n"), HTTP1_NOT_HTTP },
	{ R("HTT\r\n"), HTTP1_NOT_HTTP },
	{ R("<html>"), HTTP1_NOT_HTTP },
	{ R("HTTP/2 200\r\n\r\n"), HTTP1_VERSION },
	{ R("HTTP/1.2 200 OK\r\n\r\n"), HTTP1_VERSION },
	{ R("HTTP/0.9 200 OK\r\n\r\n"), HTTP1_VERSION },
	{ R("HTTP/1.1  200 OK\r\n\r\n"), HTTP1_STATUS },
	{ R("HTTP/1.1 20 OK\r\n\r\n"), HTTP1_STATUS },
	{ R("HTTP/1.1 2000 OK\r\n\r\n"), HTTP1_STATUS },
	{ R("HTTP/1.1 099 OK\r\n\r\n"), HTTP1_STATUS },
	{ R("HTTP/1.1 2x0 OK\r\n\r\n"), HTTP1_STATUS },
	{ R("HTTP/1.1 \r\n\r\n"), HTTP1_STATUS },
	{ R("HTTP/1.1\r\n\r\n"), HTTP1_STATUS },
	{ R("HTTP/1.1 200-OK\r\n\r\n"), HTTP1_STATUS },
	{ R("HTTP/1.1 200 O\0K\r\n\r\n"), HTTP1_NUL },
	{ R("HTTP/1.1 200 O\x01K\r\n\r\n"), HTTP1_CONTROL },
	{ R("HTTP/1.1 200 OK\n\r\n"), HTTP1_BARE_LF },
	{ R("HTTP/1.1 200 O\rK\r\n\r\n"), HTTP1_BARE_CR },
	{ R("HTTP/1.1 200 OK\r\n\n"), HTTP1_BARE_LF },
	{ R(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
	    HTTP1_LENGTH_AND_CODING },
	{ R(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"),
	    HTTP1_LENGTH_MANY },
	{ R(OK "Content-Length: 5,6\r\n\r\n"), HTTP1_LENGTH_BAD },
	{ R(OK "Content-Length: 5x\r\n\r\n"), HTTP1_LENGTH_BAD },
	{ R(OK "Transfer-Encoding: chunked, gzip\r\n\r\n"), HTTP1_CODING_BAD },
	{ R(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"
	    "\r\n\r\n"), HTTP1_CODING_BAD },
	{ R("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
	    HTTP1_CODING_OLD },
	{ R(OK "X: y\r\n folded\r\n\r\n"), HTTP1_FIELD_FOLD },
	{ R(OK "X : y\r\n\r\n"), HTTP1_FIELD_SPACE },
	{ R(OK "X\r\n\r\n"), HTTP1_FIELD_NAME },
};

static void
check_bad(parser *parse, const struct bad_case *cases, size_t count)
{
	struct outcome *out = malloc(sizeof(*out));
	size_t i;

	assert_non_null(out);
	for (i = 0; i < count; i++) {
		run(parse, cases[i].bytes, cases[i].length, out);
		if (out->result != HTTP1_ERROR || out->error != cases[i].error)
			fail_msg("case %zu: result %d, %s, not %s:\n%s", i,
			    out->result, http1_error_name(out->error),
			    http1_error_name(cases[i].error), cases[i].bytes);
		free(out->copy);
	}
	free(out);
}

static void
test_smuggling(void **state)
{
	(void)state;
	check_bad(http1_parse_request, bad_requests, COUNT_OF(bad_requests));
	check_bad(http1_parse_answer, bad_answers, COUNT_OF(bad_answers));
}

static bool
is(struct http1_text text, const char *want)
{
	return text.length == strlen(want) &&
	    memcmp(text.at, want, text.length) == 0;
}

static void
test_request(void **state)
{
	static const char bytes[] =
	    "\r\nPOST http://a.example/x?y=%41 HTTP/1.1\r\n"
	    "hOsT:a.example\r\n"
	    "Empty:\r\n"
	    "X-Obs: caf\xc3\xa9\t tab \t\r\n"
	    "Connection: keep-alive, X-Hop ,, te\r\n"
	    "TE: trailers, deflate;q=0.5\r\n"
	    "X-Hop: 1\r\n"
	    "Transfer-Encoding: ChUnKeD\r\n"
	    "Expect: 100-Continue\r\n"
	    "x!#$%&'*+.^_`|~9: y\r\n"
	    "\r\nbody";
	struct outcome out;
	struct http1_head *head = &out.head;

	(void)state;
	run(http1_parse_request, R(bytes), &out);
	assert_int_equal(out.result, HTTP1_DONE);
	assert_int_equal(head->length, sizeof(bytes) - 5);
	assert_true(is(head->method, "POST"));
	assert_true(is(head->target, "http://a.example/x?y=%41"));
	assert_int_equal(head->minor, 1);
	assert_int_equal(head->field_count, 9);
	assert_true(is(head->fields[0].name, "hOsT"));
	assert_true(is(head->host, "a.example"));
	assert_true(is(head->fields[1].value, ""));
	assert_true(is(head->fields[1].line, "Empty:\r\n"));
	assert_true(is(head->fields[2].value, "caf\xc3\xa9\t tab"));
	assert_int_equal(head->framing, HTTP1_CHUNKED);
	assert_true(head->keep_alive);
	assert_false(head->close);
	assert_true(head->te_trailers);
	assert_true(head->expect_continue);
	assert_false(head->upgrade);
	assert_false(http1_is_hop_by_hop(head, &head->fields[0]));
	assert_true(http1_is_hop_by_hop(head, &head->fields[3]));
	assert_true(http1_is_hop_by_hop(head, &head->fields[4]));
	assert_true(http1_is_hop_by_hop(head, &head->fields[5]));
	assert_false(http1_is_hop_by_hop(head, &head->fields[6]));
	assert_true(is(head->fields[8].name, "x!#$%&'*+.^_`|~9"));
	free(out.copy);
}

struct good_case {
	const char *bytes;
	size_t length;
	enum http1_framing framing;
	uint64_t content_length;
	bool close;
	bool upgrade;
};

static const struct good_case good_requests[] = {
	{ R(GET "Host: a\r\n\r\n"), HTTP1_NO_BODY, 0, false, false },
	{ R(GET "Host: a\r\n\r\nGET "), HTTP1_NO_BODY, 0, false, false },
	{ R("GET http://a/ HTTP/1.0\r\n\r\n"), HTTP1_NO_BODY, 0, true, false },
	{ R("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"),
	    HTTP1_NO_BODY, 0, false, false },
	{ R(GET "Host: a\r\nConnection: CLOSE\r\n\r\n"), HTTP1_NO_BODY, 0,
	    true, false },
	{ R(GET "Host: a\r\nConnection: x\r\nConnection: y, close\r\n\r\n"),
	    HTTP1_NO_BODY, 0, true, false },
	{ R(POST "Content-Length: 0\r\n\r\n"), HTTP1_NO_BODY, 0, false, false },
	{ R(POST "Content-Length: 9223372036854775807\r\n\r\n"), HTTP1_LENGTH,
	    INT64_MAX, false, false },
	{ R(POST "Content-Length:  007 \r\n\r\n"), HTTP1_LENGTH, 7, false,
	    false },
	{ R(POST "Transfer-Encoding: chunked \r\n\r\n"), HTTP1_CHUNKED, 0,
	    false, false },
	{ R("M-SEARCH * HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP1_NO_BODY, 0, false,
	    false },
	{ R(GET "Host:\r\n\r\n"), HTTP1_NO_BODY, 0, false, false },
	{ R(GET "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
	    HTTP1_NO_BODY, 0, false, true },
	{ R(GET "Host: a\r\nUpgrade: websocket\r\n\r\n"), HTTP1_NO_BODY, 0,
	    false, false },
	{ R("GET http://a/ HTTP/1.0\r\nUpgrade: x\r\nConnection: Upgrade"
	    "\r\n\r\n"), HTTP1_NO_BODY, 0, true, false },
	{ R("CONNECT a:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
	    HTTP1_NO_BODY, 0, false, false },
	{ R("GET http://a/?a=<b>&c={d}|\\^`\" HTTP/1.1\r\nHost: a\r\n\r\n"),
	    HTTP1_NO_BODY, 0, false, false },
};

static const struct good_case good_answers[] = {
	{ R(OK "\r\n"), HTTP1_UNTIL_CLOSE, 0, false, false },
	{ R("HTTP/1.1 200\r\n\r\n"), HTTP1_UNTIL_CLOSE, 0, false, false },
	{ R("HTTP/1.1 200 \r\n\r\n"), HTTP1_UNTIL_CLOSE, 0, false, false },
	{ R("HTTP/1.1 999 caf\xe9\tx\r\n\r\n"), HTTP1_UNTIL_CLOSE, 0, false,
	    false },
	{ R("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n"), HTTP1_LENGTH, 5,
	    true, false },
	{ R(OK "Transfer-Encoding: chunked\r\n\r\n"), HTTP1_CHUNKED, 0, false,
	    false },
	{ R(OK "Content-Length: 0\r\n\r\n"), HTTP1_NO_BODY, 0, false, false },
	{ R("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n"), HTTP1_NO_BODY, 5,
	    false, false },
	{ R("HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n"),
	    HTTP1_NO_BODY, 0, false, false },
	{ R("HTTP/1.1 100 Continue\r\n\r\n"), HTTP1_NO_BODY, 0, false, false },
	{ R("HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: h\r\n\r\n"),
	    HTTP1_NO_BODY, 0, false, true },
};

static void
check_good(parser *parse, const struct good_case *cases, size_t count)
{
	struct outcome *out = malloc(sizeof(*out));
	size_t i;

	assert_non_null(out);
	for (i = 0; i < count; i++) {
		const struct good_case *c = &cases[i];

		run(parse, c->bytes, c->length, out);
		if (out->result != HTTP1_DONE)
			fail_msg("case %zu: result %d, %s: %s", i, out->result,
			    http1_error_name(out->error), c->bytes);
		assert_int_equal(out->head.framing, c->framing);
		assert_int_equal(out->head.content_length, c->content_length);
		assert_int_equal(out->head.close, c->close);
		assert_int_equal(out->head.upgrade, c->upgrade);
		free(out->copy);
	}
	free(out);
}

static void
test_framing(void **state)
{
	(void)state;
	check_good(http1_parse_request, good_requests,
	    COUNT_OF(good_requests));
	check_good(http1_parse_answer, good_answers, COUNT_OF(good_answers));
}

static void
test_hop_by_hop(void **state)
{
	static const struct {
		unsigned status;
		bool length, coding;
	} cases[] = {
		{ 100, true, true }, { 204, true, true }, { 304, false, true },
		{ 200, false, false }, { 205, false, false },
	};
	const struct http1_field length = { .known = HTTP1_CONTENT_LENGTH };
	const struct http1_field coding = { .known = HTTP1_TRANSFER_ENCODING };
	struct outcome out;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		struct http1_head head = { .status = cases[i].status };

		assert_int_equal(http1_is_hop_by_hop(&head, &length),
		    cases[i].length);
		assert_int_equal(http1_is_hop_by_hop(&head, &coding),
		    cases[i].coding);
	}
	/* nobody takes the framing away by naming it */
	run(http1_parse_request, R(POST "Content-Length: 5\r\nX-A: b\r\n"
	    "Connection: content-length, host, x-a\r\n\r\n"), &out);
	assert_int_equal(out.result, HTTP1_DONE);
	assert_false(http1_is_hop_by_hop(&out.head, &out.fields[0]));
	assert_false(http1_is_hop_by_hop(&out.head, &out.fields[1]));
	assert_true(http1_is_hop_by_hop(&out.head, &out.fields[2]));
	free(out.copy);
}

static void
test_answer_framing(void **state)
{
	const struct http1_text head = { "HEAD", 4 }, get = { "GET", 3 };
	const struct http1_text connect = { "CONNECT", 7 };
	struct http1_head answer = { .status = 200, .framing = HTTP1_LENGTH };

	(void)state;
	assert_int_equal(http1_answer_framing(&answer, get), HTTP1_LENGTH);
	assert_int_equal(http1_answer_framing(&answer, head), HTTP1_NO_BODY);
	assert_int_equal(http1_answer_framing(&answer, connect),
	    HTTP1_NO_BODY);
	answer.status = 407;
	assert_int_equal(http1_answer_framing(&answer, connect), HTTP1_LENGTH);
}

/* Put n times c between before and after and expect error (or DONE). */
static void
check_limit(const char *before, size_t n, char c, const char *after,
    enum http1_error error)
{
	size_t b = strlen(before), a = strlen(after);
	char *bytes = malloc(b + n + a + 1);
	struct outcome out;

	assert_non_null(bytes);
	memcpy(bytes, before, b);
	memset(bytes + b, c, n);
	memcpy(bytes + b + n, after, a + 1);
	run(http1_parse_request, bytes, b + n + a, &out);
	assert_int_equal(out.result,
	    error == HTTP1_NONE ? HTTP1_DONE : HTTP1_ERROR);
	if (error != HTTP1_NONE)
		assert_string_equal(http1_error_name(out.error),
		    http1_error_name(error));
	free(out.copy);
	/* over the limit is over the limit: no end needed */
	if (error != HTTP1_NONE && error != HTTP1_METHOD) {
		feed(http1_parse_request, bytes, b + n, 0, 1, &out);
		assert_int_equal(out.result, HTTP1_ERROR);
		assert_int_equal(out.error, error);
		free(out.copy);
	}
	free(bytes);
}

static void
test_limits(void **state)
{
	char many[2000] = GET "Host: a\r\n";
	size_t at = strlen(many);
	struct outcome out;
	int i;

	(void)state;
	check_limit("GET ", 300, 'x', " HTTP/1.1\r\nHost: a\r\n\r\n",
	    HTTP1_NONE);
	check_limit("GET ", 301, 'x', " HTTP/1.1\r\nHost: a\r\n\r\n",
	    HTTP1_TARGET_LONG);
	check_limit("", HTTP1_METHOD_MAX, 'x', " / HTTP/1.1\r\nHost: a\r\n\r\n",
	    HTTP1_NONE);
	check_limit("", HTTP1_METHOD_MAX + 1, 'x',
	    " / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP1_METHOD);
	check_limit(GET "Host: a\r\nX: ", 597, 'x', "\r\n\r\n", HTTP1_NONE);
	check_limit(GET "Host: a\r\nX: ", 598, 'x', "\r\n\r\n",
	    HTTP1_FIELD_LONG);
	check_limit(GET "Host: a\r\n", 601, 'x', ": y\r\n\r\n",
	    HTTP1_FIELD_LONG);
	check_limit(GET "Host: a\r\nX:", 599, ' ', "\r\n\r\n",
	    HTTP1_FIELD_LONG);
	for (i = 1; i < 20; i++, at += 5)
		memcpy(many + at, "X:y\r\n", 6);
	memcpy(many + at, "\r\n", 3);
	run(http1_parse_request, many, strlen(many), &out);
	assert_int_equal(out.result, HTTP1_DONE);
	assert_int_equal(out.head.field_count, 20);
	free(out.copy);
	memcpy(many + at, "X:y\r\n\r\n", 8);
	run(http1_parse_request, many, strlen(many), &out);
	assert_int_equal(out.result, HTTP1_ERROR);
	assert_int_equal(out.error, HTTP1_FIELDS_MANY);
	free(out.copy);
}

static void
test_head_limit(void **state)
{
	char bytes[2200] = GET "Host: a\r\n";
	size_t at = strlen(bytes), end;
	struct outcome out;

	(void)state;
	for (end = 1999; end <= 2002; end++) {
		size_t p = at;

		while (p + 200 < end - 2) {
			memset(bytes + p, 'x', 198);
			bytes[p + 1] = ':';
			memcpy(bytes + p + 198, "\r\n", 2);
			p += 200;
		}
		memset(bytes + p, 'x', end - p - 4);
		bytes[p + 1] = ':';
		memcpy(bytes + end - 4, "\r\n\r\n", 4);
		run(http1_parse_request, bytes, end, &out);
		assert_int_equal(out.result,
		    end <= 2000 ? HTTP1_DONE : HTTP1_ERROR);
		if (end > 2000)
			assert_int_equal(out.error, HTTP1_HEAD_LONG);
		free(out.copy);
	}
}

static void
test_bytes(void **state)
{
	char pad[40];
	int c, at;

	(void)state;
	for (c = 0; c < 256; c++) {
		bool token = c != 0 && (strchr("!#$%&'*+-.^_`|~", c) != NULL ||
		    (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z'));
		bool value = c == '\t' || (c >= 0x20 && c != 0x7f);
		bool target = c > 0x20 && c < 0x7f;

		/* at each place, so that the fast and the slow way agree */
		for (at = 0; at < 40; at++) {
			memset(pad, 'a', sizeof(pad));
			pad[at] = (char)c;
			assert_int_equal(http1_skip_token(pad, pad + 40) - pad,
			    token ? 40 : at);
			assert_int_equal(http1_skip_value(pad, pad + 40) - pad,
			    value ? 40 : at);
			assert_int_equal(http1_skip_target(pad, pad + 40) - pad,
			    target ? 40 : at);
		}
	}
}

static void
test_known_names(void **state)
{
	static const struct {
		const char *name;
		enum http1_known known;
	} cases[] = {
		{ "Host", HTTP1_HOST }, { "hosT", HTTP1_HOST },
		{ "Hosts", HTTP1_OTHER }, { "Hose", HTTP1_OTHER },
		{ "TE", HTTP1_TE }, { "Via", HTTP1_VIA },
		{ "Content-Length", HTTP1_CONTENT_LENGTH },
		{ "CONTENT-LENGTH", HTTP1_CONTENT_LENGTH },
		{ "Content_Length", HTTP1_OTHER },
		{ "Content-Lengtj", HTTP1_OTHER },
		{ "Transfer-Encoding", HTTP1_TRANSFER_ENCODING },
		{ "Transfer-Encodinc", HTTP1_OTHER },
		{ "Connection", HTTP1_CONNECTION },
		{ "Proxy-Connection", HTTP1_PROXY_CONNECTION },
		{ "Keep-Alive", HTTP1_KEEP_ALIVE },
		{ "Trailer", HTTP1_TRAILER }, { "Upgrade", HTTP1_UPGRADE },
		{ "Expect", HTTP1_EXPECT },
		{ "Max-Forwards", HTTP1_MAX_FORWARDS },
		{ "Proxy-Authorization", HTTP1_PROXY_AUTHORIZATION },
		{ "Proxy-Authenticate", HTTP1_PROXY_AUTHENTICATE },
		{ "Proxy-Authentication-Info",
		    HTTP1_PROXY_AUTHENTICATION_INFO },
		{ "WWW-Authenticate", HTTP1_WWW_AUTHENTICATE },
		{ "Authorization", HTTP1_AUTHORIZATION },
		{ "User-Agent", HTTP1_USER_AGENT },
		{ "Referer", HTTP1_REFERER }, { "Accept", HTTP1_ACCEPT },
		{ "Content-Type", HTTP1_CONTENT_TYPE },
		{ "Sec-Fetch-Dest", HTTP1_SEC_FETCH_DEST },
		{ "Sec-Fetch-Mode", HTTP1_SEC_FETCH_MODE },
		{ "Sec-Fetch-User", HTTP1_SEC_FETCH_USER },
		{ "Sec-Fetch-Site", HTTP1_SEC_FETCH_SITE },
		{ "Sec-CH-UA", HTTP1_SEC_CH_UA },
		{ "Sec-Purpose", HTTP1_SEC_PURPOSE },
		{ "Origin", HTTP1_ORIGIN },
		{ "Upgrade-Insecure-Requests",
		    HTTP1_UPGRADE_INSECURE_REQUESTS },
		{ "X-Requested-With", HTTP1_X_REQUESTED_WITH },
		{ "X", HTTP1_OTHER },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++)
		if (http1_known_name(cases[i].name, strlen(cases[i].name)) !=
		    cases[i].known)
			fail_msg("%s", cases[i].name);
}

static void
test_has_token(void **state)
{
	const struct http1_text list = { R(" a ,b,, Keep-Alive\t,x y") };

	(void)state;
	assert_true(http1_has_token(list, "A"));
	assert_true(http1_has_token(list, "b"));
	assert_true(http1_has_token(list, "keep-alive"));
	assert_false(http1_has_token(list, "keep"));
	assert_false(http1_has_token(list, "x"));
	assert_false(http1_has_token((struct http1_text){ NULL, 0 }, "x"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_smuggling),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_framing),
		cmocka_unit_test(test_hop_by_hop),
		cmocka_unit_test(test_answer_framing),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_head_limit),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_known_names),
		cmocka_unit_test(test_has_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
