/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_hello.c - ClientHellos made by hand and by OpenSSL, whole and in pieces.
 *
 * The expected fingerprints t13d1516h2_8daaf6152771_e5627efa2ab1 and the ALPN
 * characters are those of FoxIO's own description of JA4
 * (technical_details/JA4.md in FoxIO-LLC/ja4), whose lists of ciphers,
 * extensions and signature algorithms the hellos here carry.
 */
#include "proxy/hello.h"
#include "lib/macros.h"

#include <openssl/ssl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct bytes {
	unsigned char at[70000];
	size_t length;
};

static void
add(struct bytes *out, const void *bytes, size_t n)
{
	assert_true(n <= sizeof(out->at) - out->length);
	memcpy(out->at + out->length, bytes, n);
	out->length += n;
}

static void
add16(struct bytes *out, size_t value)
{
	const unsigned char two[2] = {
		(unsigned char)(value >> 8), (unsigned char)value
	};

	add(out, two, 2);
}

/* What a hello is made of; NULL lists are left out. */
struct recipe {
	const uint16_t *ciphers;
	size_t cipher_count;
	const uint16_t *extensions;	/* in order; known ones get content */
	size_t extension_count;
	const char *name;		/* content of server_name, or NULL */
	const char *alpn;		/* with length bytes */
	size_t alpn_length;
	const uint16_t *signatures;
	size_t signature_count;
	const uint16_t *versions;
	size_t version_count;
};

static void
add_list16(struct bytes *out, const uint16_t *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		add16(out, list[i]);
}

static void
add_extension(struct bytes *out, const struct recipe *recipe, uint16_t type)
{
	size_t n;

	add16(out, type);
	switch (type) {
	case 0:
		n = strlen(recipe->name);
		add16(out, n + 5);
		add16(out, n + 3);
		add(out, "", 1);
		add16(out, n);
		add(out, recipe->name, n);
		break;
	case 13:
		add16(out, recipe->signature_count * 2 + 2);
		add16(out, recipe->signature_count * 2);
		add_list16(out, recipe->signatures, recipe->signature_count);
		break;
	case 16:
		add16(out, recipe->alpn_length + 2);
		add16(out, recipe->alpn_length);
		add(out, recipe->alpn, recipe->alpn_length);
		break;
	case 43:
		n = recipe->version_count * 2;
		add16(out, n + 1);
		add(out, (unsigned char[]){ (unsigned char)n }, 1);
		add_list16(out, recipe->versions, recipe->version_count);
		break;
	default:
		add16(out, 3);
		add(out, "\0\0\0", 3);
	}
}

/* The handshake message. */
static void
make_message(const struct recipe *recipe, struct bytes *out)
{
	static const unsigned char zeros[32];
	struct bytes *extensions = calloc(1, sizeof(*extensions));
	size_t i;

	assert_non_null(extensions);
	for (i = 0; i < recipe->extension_count; i++)
		add_extension(extensions, recipe, recipe->extensions[i]);
	out->length = 0;
	add(out, "\x01\0", 2);
	add16(out, 2 + 32 + 1 + 2 + recipe->cipher_count * 2 + 2 +
	    (extensions->length > 0 ? 2 + extensions->length : 0));
	add16(out, 0x0303);
	add(out, zeros, 32);
	add(out, zeros, 1);
	add16(out, recipe->cipher_count * 2);
	add_list16(out, recipe->ciphers, recipe->cipher_count);
	add(out, "\1\0", 2);
	if (extensions->length > 0) {
		add16(out, extensions->length);
		add(out, extensions->at, extensions->length);
	}
	free(extensions);
}

/* Put a message into records of at most size bytes. */
static void
make_records(const struct bytes *message, size_t size, struct bytes *out)
{
	size_t at, n;

	out->length = 0;
	for (at = 0; at < message->length; at += n) {
		n = message->length - at < size ? message->length - at : size;
		add(out, "\x16\x03\x01", 3);
		add16(out, n);
		add(out, message->at + at, n);
	}
}

/* Every beginning of the bytes must be MORE and the whole result. */
static void
check_pieces(const struct bytes *bytes, enum hello_result result,
    struct hello *hello)
{
	size_t n;

	for (n = 0; n <= bytes->length; n++) {
		/* an exact copy, so that a read too far is seen */
		unsigned char *copy = malloc(n > 0 ? n : 1);

		assert_non_null(copy);
		memcpy(copy, bytes->at, n);
		assert_int_equal(hello_parse(copy, n, hello),
		    n == bytes->length ? result : HELLO_MORE);
		free(copy);
	}
}

static const uint16_t chrome_ciphers[] = {
	0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8,
	0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035
};
static const uint16_t chrome_extensions[] = {
	0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005,
	0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015
};
static const uint16_t chrome_signatures[] = {
	0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601
};
static const uint16_t chrome_versions[] = { 0x0303, 0x0304 };

static const struct recipe chrome = {
	.ciphers = chrome_ciphers, .cipher_count = COUNT_OF(chrome_ciphers),
	.extensions = chrome_extensions,
	.extension_count = COUNT_OF(chrome_extensions),
	.name = "WWW.Example.ORG", .alpn = "\x02h2\x08http/1.1",
	.alpn_length = 12, .signatures = chrome_signatures,
	.signature_count = COUNT_OF(chrome_signatures),
	.versions = chrome_versions, .version_count = COUNT_OF(chrome_versions)
};

static void
test_ja4_published(void **state)
{
	struct bytes *message = calloc(2, sizeof(*message));
	struct bytes *records = message + 1;
	struct hello hello;
	size_t size;

	(void)state;
	assert_non_null(message);
	make_message(&chrome, message);
	for (size = 1; size <= 200; size += size < 8 ? 1 : 64) {
		make_records(message, size, records);
		check_pieces(records, HELLO_DONE, &hello);
		assert_string_equal(hello.ja4,
		    "t13d1516h2_8daaf6152771_e5627efa2ab1");
		assert_true(hello.has_server_name);
		assert_string_equal(hello.server_name, "www.example.org");
		assert_int_equal(hello.alpn_count, 2);
		assert_string_equal(hello.alpn[1], "http/1.1");
		assert_int_equal(hello.version_count, 2);
		assert_int_equal(hello.versions[0], 0x0304);
		assert_false(hello.ech);
	}
	free(message);
}

static void
test_ja4_grease(void **state)
{
	const uint16_t ciphers[] = {
		0xfafa, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030,
		0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035
	};
	const uint16_t extensions[] = {
		0x0a0a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d,
		0x000d, 0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a,
		0x0015, 0xbaba
	};
	const uint16_t versions[] = { 0xeaea, 0x0304, 0x0303 };
	struct recipe recipe = chrome;
	struct bytes *message = calloc(2, sizeof(*message));
	struct hello hello;

	(void)state;
	assert_non_null(message);
	recipe.ciphers = ciphers;
	recipe.cipher_count = COUNT_OF(ciphers);
	recipe.extensions = extensions;
	recipe.extension_count = COUNT_OF(extensions);
	recipe.versions = versions;
	recipe.version_count = COUNT_OF(versions);
	make_message(&recipe, message);
	make_records(message, 16384, message + 1);
	check_pieces(message + 1, HELLO_DONE, &hello);
	assert_string_equal(hello.ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	assert_int_equal(hello.version_count, 2);
	free(message);
}

/* Without signature algorithms the hash of the published list is 6d807ffa2a79;
 * 000d itself is in that list, so the hello carries it empty. */
static void
test_ja4_variants(void **state)
{
	static const struct {
		const char *alpn;
		size_t length;
		const char *want;
	} cases[] = {
		{ "\x08http/1.1", 9, "t13d1516h1_" },
		{ "\x01h", 2, "t13d1516hh_" },
		{ "\x01\xab", 2, "t13d1516ab_" },
		{ "\x02\xab\xcd", 3, "t13d1516ad_" },
		{ "\x02\x30\xab", 3, "t13d15163b_" },
		{ "\x04\x30\x31\xab\xcd", 5, "t13d15163d_" },
		{ "\x04\x30\xab\xcd\x31", 5, "t13d151601_" },
		{ "\x02\x0a\x0a\x02h2", 6, "t13d1516h2_" },
	};
	struct recipe recipe = chrome;
	struct bytes *message = calloc(2, sizeof(*message));
	struct hello hello;
	size_t i;

	(void)state;
	assert_non_null(message);
	recipe.signature_count = 0;
	for (i = 0; i < COUNT_OF(cases); i++) {
		recipe.alpn = cases[i].alpn;
		recipe.alpn_length = cases[i].length;
		make_message(&recipe, message);
		make_records(message, 16384, message + 1);
		check_pieces(message + 1, HELLO_DONE, &hello);
		assert_memory_equal(hello.ja4, cases[i].want, 11);
		assert_string_equal(hello.ja4 + 11,
		    "8daaf6152771_6d807ffa2a79");
	}
	recipe.extension_count = 0;
	make_message(&recipe, message);
	make_records(message, 16384, message + 1);
	check_pieces(message + 1, HELLO_DONE, &hello);
	assert_string_equal(hello.ja4, "t12i150000_8daaf6152771_000000000000");
	assert_false(hello.has_server_name);
	free(message);
}

/* What OpenSSL itself says, cut into records of every small size. */
static void
test_openssl(void **state)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	struct bytes *bytes = calloc(3, sizeof(*bytes));
	struct hello hello;
	char name[] = "a.example";	/* the macro casts const away */
	char *data;
	long n;

	(void)state;
	assert_non_null(bytes);
	SSL_set_bio(ssl, in, out);
	assert_int_equal(SSL_set_tlsext_host_name(ssl, name), 1);
	assert_int_equal(SSL_connect(ssl), -1);
	n = BIO_get_mem_data(out, &data);
	assert_true(n > 100);
	add(bytes, data, (size_t)n);
	check_pieces(bytes, HELLO_DONE, &hello);
	assert_string_equal(hello.server_name, "a.example");
	assert_memory_equal(hello.ja4, "t13d", 4);
	add(bytes + 1, data + 5, (size_t)n - 5);
	make_records(bytes + 1, 1, bytes + 2);
	check_pieces(bytes + 2, HELLO_DONE, &hello);
	free(bytes);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

struct raw_case {
	const char *bytes;
	size_t length;
	enum hello_result result;
};
#define B(text) text, sizeof(text) - 1

static void
test_not_tls(void **state)
{
	static const struct raw_case cases[] = {
		{ B("GET / HTTP/1.1\r\n"), HELLO_NOT_TLS },
		{ B("SSH-2.0-x\r\n"), HELLO_NOT_TLS },
		{ B("\x80\x2e\x01\x03\x01"), HELLO_NOT_TLS },	/* SSL 2 */
		{ B("\x15\x03\x01\x00\x02\x02\x28"), HELLO_NOT_TLS },
		{ B("\x16\x02\x00"), HELLO_NOT_TLS },
		{ B("\x16\x03\x05"), HELLO_NOT_TLS },
		{ B("\x16"), HELLO_MORE },
		{ B("\x16\x03\x01\x01\x00"), HELLO_MORE },
		{ B(""), HELLO_MORE },
		{ B("\x16\x03\x01\x00\x00"), HELLO_BAD },
		{ B("\x16\x03\x01\x40\x01"), HELLO_BAD },
		{ B("\x16\x03\x01\x00\x04\x02"), HELLO_BAD },
		{ B("\x16\x03\x01\x00\x01\x01\x15"), HELLO_BAD },
		{ B("\x16\x03\x01\x00\x04\x01\x00\x80\x00"), HELLO_NOT_TLS },
		{ B("\x16\x03\x01\x00\x04\x01\x00\x00\x00"), HELLO_BAD },
		{ B("\x16\x03\x01\x00\x05\x01\x00\x00\x00\x00"), HELLO_BAD },
	};
	struct hello hello;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		unsigned char *copy = malloc(cases[i].length + 1);

		assert_non_null(copy);
		memcpy(copy, cases[i].bytes, cases[i].length);
		copy = realloc(copy, cases[i].length > 0 ? cases[i].length : 1);
		if (hello_parse(copy, cases[i].length, &hello) !=
		    cases[i].result)
			fail_msg("case %zu", i);
		free(copy);
	}
}

/* One extension as raw bytes in an otherwise good hello. */
static enum hello_result
with_extension(const char *extension, size_t length, struct hello *hello)
{
	struct recipe recipe = chrome;
	struct bytes *message = calloc(2, sizeof(*message));
	enum hello_result result;
	size_t size;

	assert_non_null(message);
	recipe.extension_count = 0;
	make_message(&recipe, message);
	add16(message, length);
	add(message, extension, length);
	size = message->length - 4;
	message->at[2] = (unsigned char)(size >> 8);
	message->at[3] = (unsigned char)size;
	make_records(message, 16384, message + 1);
	result = hello_parse(message[1].at, message[1].length, hello);
	free(message);
	return result;
}

static void
test_extensions(void **state)
{
	static const struct raw_case cases[] = {
		{ B("\0\0\0\x06\0\x04\0\0\x01" "A"), HELLO_DONE },
		{ B("\xfe\x0d\0\0"), HELLO_DONE },
		/* several names, none, a wrong list length, a wrong name */
		{ B("\0\0\0\x0a\0\x08\0\0\x01" "a" "\0\0\x01" "b"),
		    HELLO_BAD },
		{ B("\0\0\0\0"), HELLO_BAD },
		{ B("\0\0\0\x02\0\0"), HELLO_BAD },
		{ B("\0\0\0\x05\0\x03\0\0\0"), HELLO_BAD },
		{ B("\0\0\0\x06\0\x05\0\0\x01" "a"), HELLO_BAD },
		{ B("\0\0\0\x06\0\x03\0\0\x01" "a"), HELLO_BAD },
		{ B("\0\0\0\x06\0\x04\0\0\x02" "a"), HELLO_BAD },
		{ B("\0\0\0\x08\0\x06\0\0\x03" "a\0b"), HELLO_BAD },
		{ B("\0\0\0\x08\0\x06\0\0\x03" "a b"), HELLO_BAD },
		{ B("\0\0\0\x08\0\x06\0\0\x03" "a\xc3\xa9"), HELLO_BAD },
		{ B("\0\0\0\x08\0\x06\0\0\x03" "a:b"), HELLO_BAD },
		/* twice the same extension */
		{ B("\0\x17\0\0\0\x17\0\0"), HELLO_BAD },
		{ B("\xfe\x0d\0\0\xfe\x0d\0\0"), HELLO_BAD },
		/* lists that end elsewhere than they say */
		{ B("\0\x10\0\x02\0\0"), HELLO_BAD },
		{ B("\0\x10\0\x03\0\x01\0"), HELLO_BAD },
		{ B("\0\x10\0\x04\0\x02\x02h"), HELLO_BAD },
		{ B("\0\x0d\0\x03\0\x01\x04"), HELLO_BAD },
		{ B("\0\x0d\0\x05\0\x02\x04\x03\0"), HELLO_BAD },
		{ B("\0\x2b\0\x01\0"), HELLO_BAD },
		{ B("\0\x2b\0\x02\x01\x03"), HELLO_BAD },
		{ B("\0\x17\0\x01"), HELLO_BAD },
		{ B("\0\x17\0"), HELLO_BAD },
	};
	struct hello hello;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++)
		if (with_extension(cases[i].bytes, cases[i].length, &hello) !=
		    cases[i].result)
			fail_msg("case %zu", i);
	assert_int_equal(with_extension(B("\xfe\x0d\0\0"), &hello),
	    HELLO_DONE);
	assert_true(hello.ech);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ja4_published),
		cmocka_unit_test(test_ja4_grease),
		cmocka_unit_test(test_ja4_variants),
		cmocka_unit_test(test_openssl),
		cmocka_unit_test(test_not_tls),
		cmocka_unit_test(test_extensions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
