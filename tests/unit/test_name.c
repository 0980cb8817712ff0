/* SPDX-License-Identifier: Apache-2.0 */
/* test_name.c - every spelling of a host settles to one form or to none. */
#include "lib/macros.h"
#include "lib/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define L63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123"

static void
test_settle(void **state)
{
	static const struct {
		const char *text;
		enum name_kind kind;
		const char *out;
	} cases[] = {
		{ "example.org", NAME_DNS, "example.org" },
		{ "EXAMPLE.Org.", NAME_DNS, "example.org" },
		{ "localhost", NAME_DNS, "localhost" },
		{ "_dmarc.example.org", NAME_DNS, "_dmarc.example.org" },
		{ "r3---sn-x.example", NAME_DNS, "r3---sn-x.example" },
		{ "-a-.example", NAME_DNS, "-a-.example" },
		{ "", NAME_BAD, "" },
		{ ".", NAME_BAD, "" },
		{ "..", NAME_BAD, "" },
		{ "a..b", NAME_BAD, "" },
		{ ".a", NAME_BAD, "" },
		{ "a..", NAME_BAD, "" },
		{ "a b", NAME_BAD, "" },
		{ "a%2eb", NAME_BAD, "" },
		{ "a/b", NAME_BAD, "" },
		{ "a@b", NAME_BAD, "" },
		{ "a\tb", NAME_BAD, "" },
		{ "a\x7f", NAME_BAD, "" },
		{ "*.example", NAME_BAD, "" },
		{ "[::1]", NAME_BAD, "" },
		{ L63 ".example", NAME_DNS, L63 ".example" },
		{ L63 "4.example", NAME_BAD, "" },
		{ L63 "." L63 "." L63 ".aaaaaaaaaabbbbbbbbbbccccccccccddddddd"
		    "dddeeeeeeeeeeffffffffffg", NAME_DNS, NULL },
		{ L63 "." L63 "." L63 ".aaaaaaaaaabbbbbbbbbbccccccccccddddddd"
		    "dddeeeeeeeeeeffffffffffgg", NAME_BAD, "" },
		/* IPv4 in all its spellings */
		{ "127.0.0.1", NAME_ADDRESS, "127.0.0.1" },
		{ "127.0.0.1.", NAME_ADDRESS, "127.0.0.1" },
		{ "127.1", NAME_ADDRESS, "127.0.0.1" },
		{ "127.0.1", NAME_ADDRESS, "127.0.0.1" },
		{ "2130706433", NAME_ADDRESS, "127.0.0.1" },
		{ "0x7f000001", NAME_ADDRESS, "127.0.0.1" },
		{ "0X7F.1", NAME_ADDRESS, "127.0.0.1" },
		{ "0177.0.0.1", NAME_ADDRESS, "127.0.0.1" },
		{ "0177.0x0.1", NAME_ADDRESS, "127.0.0.1" },
		{ "017700000001", NAME_ADDRESS, "127.0.0.1" },
		{ "00000000000000000000000177.1", NAME_ADDRESS, "127.0.0.1" },
		{ "127.65535", NAME_ADDRESS, "127.0.255.255" },
		{ "0", NAME_ADDRESS, "0.0.0.0" },
		{ "0x", NAME_ADDRESS, "0.0.0.0" },
		{ "4294967295", NAME_ADDRESS, "255.255.255.255" },
		{ "4294967296", NAME_BAD, "" },
		{ "99999999999999999999999999", NAME_BAD, "" },
		{ "256.0.0.1", NAME_BAD, "" },
		{ "1.2.3.256", NAME_BAD, "" },
		{ "1.2.65536", NAME_BAD, "" },
		{ "1.16777216", NAME_BAD, "" },
		{ "1.2.3.4.5", NAME_BAD, "" },
		{ "08.1.1.1", NAME_BAD, "" },
		{ "1.2.3.09", NAME_BAD, "" },
		{ "example.1", NAME_BAD, "" },
		{ "example.0x1f", NAME_BAD, "" },
		{ "example.0x1g", NAME_DNS, "example.0x1g" },
		{ "1.example", NAME_DNS, "1.example" },
		{ "1.2.3.4a", NAME_DNS, "1.2.3.4a" },
		/* IPv6 */
		{ "::1", NAME_ADDRESS, "::1" },
		{ "2001:DB8::0001", NAME_ADDRESS, "2001:db8::1" },
		{ "::ffff:127.0.0.1", NAME_ADDRESS, "127.0.0.1" },
		{ "::ffff:127.1", NAME_BAD, "" },
		{ "fe80::1%25eth0", NAME_BAD, "" },
		{ "example:80", NAME_BAD, "" },
		/* other scripts */
		{ "b\xc3\xbc" "cher.example", NAME_DNS,
		    "xn--bcher-kva.example" },
		{ "B\xc3\x9c" "CHER.example", NAME_DNS,
		    "xn--bcher-kva.example" },
		{ "bu\xcc\x88" "cher.example", NAME_DNS,	/* u + umlaut */
		    "xn--bcher-kva.example" },
		{ "stra\xc3\x9f" "e.de", NAME_DNS, "xn--strae-oqa.de" },
		{ "XN--BCHER-KVA.example", NAME_DNS, "xn--bcher-kva.example" },
		{ "_x.b\xc3\xbc" "cher.example", NAME_DNS,
		    "_x.xn--bcher-kva.example" },
		{ "r3---sn-x.b\xc3\xbc" "cher.example", NAME_DNS,
		    "r3---sn-x.xn--bcher-kva.example" },
		{ "example\xe3\x80\x82org", NAME_DNS, "example.org" },
		{ "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.1", NAME_ADDRESS,
		    "127.0.0.1" },		/* full-width 127 */
		{ "\xe2\x91\xa0.1", NAME_ADDRESS, "1.0.0.1" }, /* circled 1 */
		{ "go\xc2\xad" "ogle.example", NAME_DNS,
		    "google.example" },		/* soft hyphen */
		{ "a\xe2\x84\x80" "b.example", NAME_BAD, "" }, /* a/c */
		{ "a\xef\xbc\x85.example", NAME_BAD, "" },	/* full-width % */
		{ "\xef\xbc\x9a\xef\xbc\x9a" "1", NAME_BAD, "" }, /* :: */
		{ "\xff\xfe.example", NAME_BAD, "" },
		{ "a\xc3", NAME_BAD, "" },
		{ "\xed\xa0\x80.example", NAME_BAD, "" },	/* surrogate */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char out[NAME_MAX_BYTES + 1];
		struct address address;
		size_t length;
		enum name_kind kind = name_settle(cases[i].text,
		    strlen(cases[i].text), out, &length, &address);

		if (kind != cases[i].kind)
			fail_msg("%s: kind %d, %s", cases[i].text, kind, out);
		assert_int_equal(length, strlen(out));
		if (cases[i].out != NULL)
			assert_string_equal(out, cases[i].out);
		else
			assert_int_equal(length, NAME_MAX_BYTES);
		assert_int_equal(address.family != 0, kind == NAME_ADDRESS);
	}
}

static void
test_settle_length(void **state)
{
	char out[NAME_MAX_BYTES + 1];
	struct address address;
	size_t length;

	(void)state;
	assert_int_equal(name_settle("abc", 2, out, &length, &address),
	    NAME_DNS);
	assert_string_equal(out, "ab");
	assert_int_equal(name_settle("ab\0cd", 5, out, &length, &address),
	    NAME_BAD);
	assert_int_equal(name_settle("b\xc3\xbc\0cd", 6, out, &length,
	    &address), NAME_BAD);
}

static void
test_suffix(void **state)
{
	static const struct {
		const char *name, *suffix;
		bool has;
	} cases[] = {
		{ "example.org", "example.org", true },
		{ "www.example.org", "example.org", true },
		{ "notexample.org", "example.org", false },
		{ "org", "example.org", false },
		{ "www.example.org", "org", true },
		{ "a.b", ".b", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(name_has_suffix(cases[i].name,
		    strlen(cases[i].name), cases[i].suffix,
		    strlen(cases[i].suffix)), cases[i].has);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settle),
		cmocka_unit_test(test_settle_length),
		cmocka_unit_test(test_suffix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
