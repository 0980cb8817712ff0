/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_proxy_protocol.c - headers of both versions, good and bad, at every cut.
 * The lines are written after haproxy's proxy-protocol.txt; the CRC-32C is the
 * published check value E3069283 of "123456789" carried into a header by an
 * implementation of its own here.
 */
#include "proxy/proxy_protocol.h"
#include "lib/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define B(text) text, sizeof(text) - 1
#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

struct header_case {
	const char *bytes;
	size_t length;
	enum proxy_protocol_result result;
	const char *client;	/* with port */
};

static const struct header_case cases[] = {
	{ B("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"),
	    PROXY_PROTOCOL_DONE, "192.0.2.1:56324" },
	{ B("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n"),
	    PROXY_PROTOCOL_DONE, "[2001:db8::1]:1" },
	{ B("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 2\r\n"),
	    PROXY_PROTOCOL_DONE, "192.0.2.1:1" },
	{ B("PROXY UNKNOWN\r\n"), PROXY_PROTOCOL_LOCAL, NULL },
	{ B("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), PROXY_PROTOCOL_LOCAL,
	    NULL },
	{ B("PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n"), PROXY_PROTOCOL_BAD,
	    NULL },
	{ B("PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n"), PROXY_PROTOCOL_BAD,
	    NULL },
	{ B("PROXY TCP4 192.0.2.1 198.51.100.2 1 2 3\r\n"),
	    PROXY_PROTOCOL_BAD, NULL },
	{ B("PROXY TCP4 192.0.2.1 198.51.100.2 1 2 \r\n"),
	    PROXY_PROTOCOL_BAD, NULL },
	{ B("PROXY TCP4  192.0.2.1 198.51.100.2 1 2\r\n"),
	    PROXY_PROTOCOL_BAD, NULL },
	{ B("PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n"),
	    PROXY_PROTOCOL_BAD, NULL },
	{ B("PROXY TCP4 192.0.2.1 198.51.100.2 65536 2\r\n"),
	    PROXY_PROTOCOL_BAD, NULL },
	{ B("PROXY TCP4 192.0.2.1 198.51.100.2 1 x\r\n"),
	    PROXY_PROTOCOL_BAD, NULL },
	{ B("PROXY TCP4 192.0.2 198.51.100.2 1 2\r\n"), PROXY_PROTOCOL_BAD,
	    NULL },
	{ B("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n"),
	    PROXY_PROTOCOL_BAD, NULL },
	{ B("PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n"), PROXY_PROTOCOL_BAD,
	    NULL },
	{ B("PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n"), PROXY_PROTOCOL_BAD,
	    NULL },
	{ B("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n"), PROXY_PROTOCOL_BAD,
	    NULL },
	{ B("PROXY TCP4\r192.0.2.1 192.0.2.2 1 2\r\n"), PROXY_PROTOCOL_BAD,
	    NULL },
	{ B("PROXY \r\n"), PROXY_PROTOCOL_BAD, NULL },
	{ B("PROXY\r\n"), PROXY_PROTOCOL_BAD, NULL },
	{ B("proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n"), PROXY_PROTOCOL_BAD,
	    NULL },
	{ B("GET / HTTP/1.1\r\n"), PROXY_PROTOCOL_BAD, NULL },
	{ B("PROXY UNKNOWN aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
	    PROXY_PROTOCOL_BAD, NULL },
	/* version 2 */
	{ B(SIGNATURE "\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x02\xdc\x04"
	    "\x01\xbb"), PROXY_PROTOCOL_DONE, "192.0.2.1:56324" },
	{ B(SIGNATURE "\x21\x21\0\x24\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
	    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\0\x01\xff\xff"),
	    PROXY_PROTOCOL_DONE, "[2001:db8::1]:1" },
	{ B(SIGNATURE "\x21\x21\0\x24\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\x02\x01"
	    "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\x02\x02\0\x01\xff\xff"),
	    PROXY_PROTOCOL_DONE, "192.0.2.1:1" },
	{ B(SIGNATURE "\x20\0\0\0"), PROXY_PROTOCOL_LOCAL, NULL },
	{ B(SIGNATURE "\x20\x11\0\x03" "abc"), PROXY_PROTOCOL_LOCAL, NULL },
	{ B(SIGNATURE "\x21\0\0\x03" "abc"), PROXY_PROTOCOL_LOCAL, NULL },
	/* with a field we do not know, and one that does not fit */
	{ B(SIGNATURE "\x21\x11\0\x11\xc0\0\x02\x01\xc6\x33\x64\x02\xdc\x04"
	    "\x01\xbb\x04\0\x02xx"), PROXY_PROTOCOL_DONE, "192.0.2.1:56324" },
	{ B(SIGNATURE "\x21\x11\0\x11\xc0\0\x02\x01\xc6\x33\x64\x02\xdc\x04"
	    "\x01\xbb\x04\0\x03xx"), PROXY_PROTOCOL_BAD, NULL },
	{ B(SIGNATURE "\x21\x11\0\x0e\xc0\0\x02\x01\xc6\x33\x64\x02\xdc\x04"
	    "\x01\xbb\x04\0"), PROXY_PROTOCOL_BAD, NULL },
	/* a checksum that cannot fit */
	{ B(SIGNATURE "\x21\x11\0\x13\xc0\0\x02\x01\xc6\x33\x64\x02\xdc\x04"
	    "\x01\xbb\x03\0\x04\0\0\0\0"), PROXY_PROTOCOL_BAD, NULL },
	{ B(SIGNATURE "\x21\x11\0\x0b\xc0\0\x02\x01\xc6\x33\x64\x02\xdc\x04"
	    "\x01"), PROXY_PROTOCOL_BAD, NULL },
	{ B(SIGNATURE "\x21\x12\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x02\xdc\x04"
	    "\x01\xbb"), PROXY_PROTOCOL_BAD, NULL },
	{ B(SIGNATURE "\x22\x11\0\x0c"), PROXY_PROTOCOL_BAD, NULL },
	{ B(SIGNATURE "\x11\x11\0\x0c"), PROXY_PROTOCOL_BAD, NULL },
	{ B(SIGNATURE "\x21\x11\x10\x01"), PROXY_PROTOCOL_BAD, NULL },
	{ B("\r\n\r\n\0\r\nQUIT\r"), PROXY_PROTOCOL_BAD, NULL },
};

static enum proxy_protocol_result
parse_copy(const char *bytes, size_t length, struct address *client,
    size_t *used)
{
	unsigned char *copy = malloc(length > 0 ? length : 1);
	enum proxy_protocol_result result;

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	result = proxy_protocol_parse(copy, length, client, used);
	free(copy);
	return result;
}

static void
test_cases(void **state)
{
	struct address client;
	char text[ADDRESS_TEXT_MAX], more[300];
	size_t i, n, used;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		const struct header_case *c = &cases[i];
		enum proxy_protocol_result result = PROXY_PROTOCOL_MORE;

		/* the first answer that is not MORE is the answer */
		for (n = 0; n <= c->length && result == PROXY_PROTOCOL_MORE;
		    n++)
			result = parse_copy(c->bytes, n, &client, &used);
		if (result != c->result)
			fail_msg("case %zu: %d", i, result);
		if (result == PROXY_PROTOCOL_BAD)
			continue;
		assert_int_equal(used, c->length);
		assert_int_equal(n, c->length + 1);
		memcpy(more, c->bytes, c->length);
		memcpy(more + c->length, "GET ", 4);
		assert_int_equal(parse_copy(more, c->length + 4, &client,
		    &used), c->result);
		assert_int_equal(used, c->length);
		if (c->client != NULL) {
			(void)address_print_port(&client, text);
			assert_string_equal(text, c->client);
		}
	}
}

/* By polynomial division, bit by bit from the definition. */
static uint32_t
crc32c(const char *bytes, size_t length)
{
	uint32_t crc = 0xffffffff;
	size_t i;

	for (i = 0; i < length * 8; i++) {
		uint32_t bit = (uint32_t)((unsigned char)bytes[i / 8] >>
		    i % 8 & 1);

		crc = ((crc ^ bit) & 1) != 0 ? crc >> 1 ^ 0x82f63b78 :
		    crc >> 1;
	}
	return ~crc;
}

static void
test_crc(void **state)
{
	char bytes[] = SIGNATURE "\x21\x11\0\x16\xc0\0\x02\x01\xc6\x33\x64\x02"
	    "\xdc\x04\x01\xbb\x03\0\x04\0\0\0\0\x04\0\0";
	size_t length = sizeof(bytes) - 1, used;
	struct address client;
	uint32_t crc;

	(void)state;
	assert_int_equal(crc32c("123456789", 9), 0xe3069283);
	crc = crc32c(bytes, length);
	bytes[31] = (char)(crc >> 24);
	bytes[32] = (char)(crc >> 16);
	bytes[33] = (char)(crc >> 8);
	bytes[34] = (char)crc;
	assert_int_equal(parse_copy(bytes, length, &client, &used),
	    PROXY_PROTOCOL_DONE);
	bytes[17]++;
	assert_int_equal(parse_copy(bytes, length, &client, &used),
	    PROXY_PROTOCOL_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_crc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
