/* SPDX-License-Identifier: Apache-2.0 */
/* test_http1_chunks.c - chunked bodies: content, end and faults, whole, cut in
 * two everywhere, and byte by byte. */
#include "proxy/http1.h"
#include "lib/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define B(text) text, sizeof(text) - 1

struct content {
	char bytes[20000];
	size_t length;
};

static void
on_content(void *arg, const char *bytes, size_t length)
{
	struct content *content = arg;

	assert_true(length > 0);
	assert_true(length <= sizeof(content->bytes) - content->length);
	memcpy(content->bytes + content->length, bytes, length);
	content->length += length;
}

struct run {
	enum http1_result result;
	enum http1_error error;
	size_t used;
	struct content content;
};

/* Feed pieces of step bytes, the first of cut bytes. */
static void
feed(const char *bytes, size_t length, size_t cut, size_t step,
    struct run *run)
{
	struct http1_chunks chunks = { 0 };
	size_t at = 0, n = cut, used;

	run->used = 0;
	run->content.length = 0;
	run->result = HTTP1_MORE;
	while (run->result == HTTP1_MORE && at < length) {
		char *copy;

		if (n > length - at)
			n = length - at;
		copy = malloc(n > 0 ? n : 1);
		assert_non_null(copy);
		memcpy(copy, bytes + at, n);
		run->result = http1_chunks_take(&chunks, copy, n, &used,
		    on_content, &run->content, &run->error);
		free(copy);
		assert_true(used <= n);
		if (run->result == HTTP1_MORE)
			assert_int_equal(used, n);
		run->used += used;
		at += n;
		n = step;
	}
	assert_int_equal(chunks.content, run->content.length);
}

static void
same_run(const struct run *a, const struct run *b)
{
	assert_int_equal(a->result, b->result);
	if (a->result == HTTP1_ERROR)
		assert_int_equal(a->error, b->error);
	assert_int_equal(a->used, b->used);
	assert_int_equal(a->content.length, b->content.length);
	assert_memory_equal(a->content.bytes, b->content.bytes,
	    a->content.length);
}

static void
run_all(const char *bytes, size_t length, struct run *run)
{
	struct run *other = malloc(sizeof(*other));
	size_t at;

	assert_non_null(other);
	feed(bytes, length, length, 1, run);
	for (at = 0; at < length; at++) {
		feed(bytes, length, at, length, other);
		same_run(run, other);
	}
	feed(bytes, length, 1, 1, other);
	same_run(run, other);
	free(other);
}

struct good_case {
	const char *bytes;
	size_t length;
	const char *content;
	size_t after;		/* bytes that no longer belong */
};

static const struct good_case good[] = {
	{ B("0\r\n\r\n"), "", 0 },
	{ B("5\r\nhello\r\n0\r\n\r\nGET /"), "hello", 5 },
	{ B("5\r\nhello\r\n00006\r\n world\r\n0\r\n\r\n"), "hello world", 0 },
	{ B("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"),
	    "01234567890123456789", 0 },
	{ B("2\r\n\r\n\r\n0\r\n\r\n"), "\r\n", 0 },
	{ B("1;a;b=c;d=\"e;\\\"\t f\xe9\"\r\nx\r\n0;q=\"\"\r\n\r\n"), "x", 0 },
	{ B("0\r\nDigest: abc\r\nX:\r\n\r\n!"), "", 1 },
	{ B("0\r\nHosts: abc\r\nContent-Length2: 5\r\nT: x\r\n\r\n"), "", 0 },
	{ B("0000000000000000\r\n\r\n"), "", 0 },
};

static void
test_good(void **state)
{
	struct run *run = malloc(sizeof(*run));
	size_t i;

	(void)state;
	assert_non_null(run);
	for (i = 0; i < COUNT_OF(good); i++) {
		run_all(good[i].bytes, good[i].length, run);
		if (run->result != HTTP1_DONE)
			fail_msg("case %zu: %d %s", i, run->result,
			    http1_error_name(run->error));
		assert_int_equal(run->used, good[i].length - good[i].after);
		assert_int_equal(run->content.length, strlen(good[i].content));
		assert_memory_equal(run->content.bytes, good[i].content,
		    run->content.length);
	}
	free(run);
}

struct bad_case {
	const char *bytes;
	size_t length;
	enum http1_error error;
	size_t used;
};

static const struct bad_case bad[] = {
	{ B("\r\n"), HTTP1_CHUNK_SIZE, 0 },
	{ B(" 5\r\n"), HTTP1_CHUNK_SIZE, 0 },
	{ B("5 \r\nhello"), HTTP1_CHUNK_SIZE, 1 },
	{ B("+5\r\n"), HTTP1_CHUNK_SIZE, 0 },
	{ B("-5\r\n"), HTTP1_CHUNK_SIZE, 0 },
	{ B("0x5\r\n"), HTTP1_CHUNK_SIZE, 1 },
	{ B("5g\r\n"), HTTP1_CHUNK_SIZE, 1 },
	{ B(";a\r\n"), HTTP1_CHUNK_SIZE, 0 },
	{ B("5,5\r\n"), HTTP1_CHUNK_SIZE, 1 },
	{ B("5\nhello\r\n"), HTTP1_BARE_LF, 1 },
	{ B("5\rhello"), HTTP1_BARE_CR, 2 },
	{ B("5\r\r\nhello"), HTTP1_BARE_CR, 2 },
	{ B("5\0\r\n"), HTTP1_NUL, 1 },
	{ B("8000000000000000\r\n"), HTTP1_CHUNK_OVERFLOW, 15 },
	{ B("ffffffffffffffff\r\n"), HTTP1_CHUNK_OVERFLOW, 15 },
	{ B("00000000000000005\r\n"), HTTP1_CHUNK_OVERFLOW, 16 },
	{ B("10000000000000005\r\n"), HTTP1_CHUNK_OVERFLOW, 16 },
	{ B("1\r\nx\r\n7fffffffffffffff\r\n"), HTTP1_CHUNK_OVERFLOW, 21 },
	/* data that does not end where it says */
	{ B("5\r\nhello0\r\n\r\n"), HTTP1_CHUNK_END, 8 },
	{ B("5\r\nhelloo\r\n0\r\n\r\n"), HTTP1_CHUNK_END, 8 },
	{ B("5\r\nhello\n0\r\n\r\n"), HTTP1_CHUNK_END, 8 },
	{ B("5\r\nhello\r0\r\n\r\n"), HTTP1_BARE_CR, 9 },
	{ B("5\r\nhell\r\n0\r\n\r\n"), HTTP1_CHUNK_END, 8 },
	/* extensions */
	{ B("5;\r\nhello"), HTTP1_CHUNK_EXTENSION, 2 },
	{ B("5; a\r\nhello"), HTTP1_CHUNK_EXTENSION, 2 },
	{ B("5;a \r\nhello"), HTTP1_CHUNK_EXTENSION, 3 },
	{ B("5;a=\r\nhello"), HTTP1_CHUNK_EXTENSION, 4 },
	{ B("5;a=b=c\r\nhello"), HTTP1_CHUNK_EXTENSION, 5 },
	{ B("5;a=\"b\r\nhello"), HTTP1_CHUNK_EXTENSION, 6 },
	{ B("5;a=\"b\"c\r\nhello"), HTTP1_CHUNK_EXTENSION, 7 },
	{ B("5;a=\"\\\r\nhello"), HTTP1_CHUNK_EXTENSION, 6 },
	{ B("5;a=\"b\r c\"\r\n"), HTTP1_CHUNK_EXTENSION, 6 },
	{ B("5;a\nhello"), HTTP1_BARE_LF, 3 },
	{ B("5;a=\"\nhello"), HTTP1_BARE_LF, 5 },
	{ B("5;a\rx"), HTTP1_BARE_CR, 4 },
	{ B("5;\0"), HTTP1_NUL, 2 },
	/* trailers */
	{ B("0\r\n: x\r\n\r\n"), HTTP1_TRAILER_BAD, 3 },
	{ B("0\r\nX\r\n\r\n"), HTTP1_TRAILER_BAD, 4 },
	{ B("0\r\nX : y\r\n\r\n"), HTTP1_TRAILER_BAD, 4 },
	{ B("0\r\nX: y\r\n z\r\n\r\n"), HTTP1_TRAILER_BAD, 9 },
	{ B("0\r\nX: y\x01\r\n\r\n"), HTTP1_TRAILER_BAD, 7 },
	{ B("0\r\nX: y\n\r\n"), HTTP1_BARE_LF, 7 },
	{ B("0\r\nX: y\rz\r\n\r\n"), HTTP1_BARE_CR, 8 },
	{ B("0\r\n\n"), HTTP1_BARE_LF, 3 },
	{ B("0\r\n\rX"), HTTP1_BARE_CR, 4 },
	{ B("0\r\nX: \0\r\n\r\n"), HTTP1_NUL, 6 },
	{ B("0\r\nContent-Length: 5\r\n\r\n"), HTTP1_TRAILER_BAD, 17 },
	{ B("0\r\nX: y\r\ntransfer-encoding: x\r\n\r\n"), HTTP1_TRAILER_BAD,
	    26 },
	{ B("0\r\nhOST: x\r\n\r\n"), HTTP1_TRAILER_BAD, 7 },
	{ B("0\r\nSet-Cookie: x\r\n\r\n"), HTTP1_TRAILER_BAD, 13 },
};

static void
test_bad(void **state)
{
	struct run *run = malloc(sizeof(*run));
	size_t i;

	(void)state;
	assert_non_null(run);
	for (i = 0; i < COUNT_OF(bad); i++) {
		run_all(bad[i].bytes, bad[i].length, run);
		if (run->result != HTTP1_ERROR || run->error != bad[i].error ||
		    run->used != bad[i].used)
			fail_msg("case %zu: %d %s, used %zu, not %s: %s", i,
			    run->result, http1_error_name(run->error),
			    run->used, http1_error_name(bad[i].error),
			    bad[i].bytes);
	}
	free(run);
}

static void
check_long(const char *before, size_t n, const char *after,
    enum http1_error error)
{
	size_t b = strlen(before), a = strlen(after);
	char *bytes = malloc(b + n + a);
	struct run *run = malloc(sizeof(*run));

	assert_non_null(bytes);
	assert_non_null(run);
	memcpy(bytes, before, b);
	memset(bytes + b, 'x', n);
	memcpy(bytes + b + n, after, a);
	feed(bytes, b + n + a, 1, 7, run);
	assert_int_equal(run->result,
	    error == HTTP1_NONE ? HTTP1_DONE : HTTP1_ERROR);
	if (error != HTTP1_NONE)
		assert_int_equal(run->error, error);
	free(run);
	free(bytes);
}

static void
test_limits(void **state)
{
	(void)state;
	/* "0;" + x + CRLF: 4,096 bytes of line */
	check_long("0;", 4092, "\r\n\r\n", HTTP1_NONE);
	check_long("0;", 4093, "\r\n\r\n", HTTP1_CHUNK_EXTENSION);
	/* "X:" + x + CRLF CRLF: 16,384 bytes of trailers */
	check_long("0\r\nX:", 16378, "\r\n\r\n", HTTP1_NONE);
	check_long("0\r\nX:", 16379, "\r\n\r\n", HTTP1_TRAILER_LONG);
	check_long("0\r\n", 16379, ":\r\n\r\n", HTTP1_NONE);
}

static void
test_done_stays(void **state)
{
	struct http1_chunks chunks = { 0 };
	enum http1_error error;
	size_t used;

	(void)state;
	assert_int_equal(http1_chunks_take(&chunks, B("0\r\n\r\nx"), &used,
	    NULL, NULL, &error), HTTP1_DONE);
	assert_int_equal(used, 5);
	assert_int_equal(http1_chunks_take(&chunks, B("x"), &used, NULL, NULL,
	    &error), HTTP1_DONE);
	assert_int_equal(used, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_done_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
