/* SPDX-License-Identifier: Apache-2.0 */
/* test_address.c - addresses: their spellings, kinds and networks. */
#include "lib/address.h"
#include "lib/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void
test_spellings(void **state)
{
	static const struct {
		const char *text;
		const char *canonical;	/* NULL: refused */
	} cases[] = {
		{ "1.2.3.4", "1.2.3.4" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "256.1.1.1", NULL },
		{ "1.2.3", NULL },
		{ "1.2.3.4.", NULL },
		{ "01.2.3.4", NULL },
		{ "0x1.2.3.4", NULL },
		{ "1.2.3.4 ", NULL },
		{ " 1.2.3.4", NULL },
		{ "", NULL },
		{ "::", "::" },
		{ "::1", "::1" },
		{ "1::", "1::" },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "1:2:3:4:5:6:0:0", "1:2:3:4:5:6::" },
		{ "0:0:3:4:5:6:7:8", "::3:4:5:6:7:8" },
		{ "::ffff:10.1.2.3", "10.1.2.3" },
		{ "::ffff:a01:203", "10.1.2.3" },
		{ "::1.2.3.4", "::102:304" },
		{ "64:ff9b::8.8.8.8", "64:ff9b::808:808" },
		{ "fe80::1%eth0", NULL },
		{ "[::1]", NULL },
		{ ":::", NULL },
		{ "1:2:3:4:5:6:7:8:9", NULL },
		{ "12345::", NULL },
		{ "::ffff:1.2.3.04", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char out[ADDRESS_TEXT_MAX];
		size_t length;
		struct address address;
		bool ok = address_parse(cases[i].text, strlen(cases[i].text),
		    &address);

		if (ok != (cases[i].canonical != NULL))
			fail_msg("%s: %d", cases[i].text, ok);
		if (!ok)
			continue;
		length = address_print(&address, out);
		assert_int_equal(length, strlen(out));
		assert_string_equal(out, cases[i].canonical);
		assert_int_equal(address.port, 0);
	}
	{
		struct address address;

		assert_false(address_parse("1.2.3.4\0x", 9, &address));
		assert_true(address_parse("1.2.3.45", 7, &address));
		assert_int_equal(address.bytes[3], 4);
	}
}

static void
test_ports(void **state)
{
	static const struct {
		const char *text;
		const char *canonical;
	} cases[] = {
		{ "127.0.0.1:3128", "127.0.0.1:3128" },
		{ "127.0.0.1:0", "127.0.0.1:0" },
		{ "127.0.0.1:65535", "127.0.0.1:65535" },
		{ "127.0.0.1:65536", NULL },
		{ "127.0.0.1:080", NULL },
		{ "127.0.0.1:-1", NULL },
		{ "127.0.0.1:+1", NULL },
		{ "127.0.0.1: 1", NULL },
		{ "127.0.0.1:99999999999999999999", NULL },
		{ "127.0.0.1:", NULL },
		{ "127.0.0.1", NULL },
		{ "[::1]:80", "[::1]:80" },
		{ "[::ffff:1.2.3.4]:80", "1.2.3.4:80" },
		{ "[1.2.3.4]:80", NULL },
		{ "::1:80", NULL },
		{ "[::1]", NULL },
		{ "[]:80", NULL },
		{ "[:80", NULL },
		{ ":80", NULL },
		{ "localhost:80", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char out[ADDRESS_TEXT_MAX];
		size_t length;
		struct address address;
		bool ok = address_parse_port(cases[i].text, &address);

		if (ok != (cases[i].canonical != NULL))
			fail_msg("%s: %d", cases[i].text, ok);
		if (!ok)
			continue;
		length = address_print_port(&address, out);
		assert_int_equal(length, strlen(out));
		assert_string_equal(out, cases[i].canonical);
	}
}

static void
test_kinds(void **state)
{
	static const struct {
		const char *text;
		const char *kind;
	} cases[] = {
		{ "8.8.8.8", "public" },
		{ "0.0.0.0", "unspecified" },
		{ "0.1.2.3", "unspecified" },
		{ "10.255.255.255", "private" },
		{ "11.0.0.0", "public" },
		{ "100.63.255.255", "public" },
		{ "100.64.0.0", "shared" },
		{ "100.127.255.255", "shared" },
		{ "100.128.0.0", "public" },
		{ "127.0.0.1", "loopback" },
		{ "127.255.255.255", "loopback" },
		{ "169.254.169.254", "link-local" },
		{ "172.15.255.255", "public" },
		{ "172.16.0.0", "private" },
		{ "172.31.255.255", "private" },
		{ "172.32.0.0", "public" },
		{ "192.0.0.170", "reserved" },
		{ "192.0.2.1", "documentation" },
		{ "192.88.99.1", "reserved" },
		{ "192.168.0.1", "private" },
		{ "198.17.255.255", "public" },
		{ "198.19.255.255", "reserved" },
		{ "198.51.100.7", "documentation" },
		{ "203.0.113.7", "documentation" },
		{ "223.255.255.255", "public" },
		{ "224.0.0.1", "multicast" },
		{ "239.255.255.255", "multicast" },
		{ "240.0.0.1", "reserved" },
		{ "255.255.255.255", "reserved" },
		{ "::", "unspecified" },
		{ "::1", "loopback" },
		{ "::2", "reserved" },
		{ "::ffff:127.0.0.1", "loopback" },
		{ "::ffff:8.8.8.8", "public" },
		{ "::127.0.0.1", "loopback" },
		{ "::8.8.8.8", "reserved" },
		{ "::ffff:0:10.0.0.1", "private" },
		{ "::ffff:0:8.8.8.8", "reserved" },
		{ "64:ff9b::10.0.0.1", "private" },
		{ "64:ff9b::169.254.169.254", "link-local" },
		{ "64:ff9b::8.8.8.8", "public" },
		{ "64:ff9b:1::10.0.0.1", "private" },
		{ "64:ff9b:1::8.8.8.8", "reserved" },
		{ "64:ff9b:1:a00:0:100::", "private" },	/* 10.0.0.1, /48 */
		{ "64:ff9b:2::1", "reserved" },
		{ "2002:7f00:1::", "loopback" },
		{ "2002:0808:0808::1", "public" },
		{ "2001:0:808:808::f5ff:fffe", "private" },
		{ "2001:0:a00:1::f7f7:f7f7", "private" },
		{ "2001:0:808:808::f7f7:f7f7", "public" },
		{ "2001:2::1", "reserved" },
		{ "2001:200::1", "public" },
		{ "2001:db8::1", "documentation" },
		{ "2001:4860:4860::8888", "public" },
		{ "2620:4f:8000::1", "reserved" },
		{ "3fff:fff::1", "documentation" },
		{ "3fff:1000::1", "public" },
		{ "4000::1", "reserved" },
		{ "5f00::1", "reserved" },
		{ "100::1", "reserved" },
		{ "fc00::1", "private" },
		{ "fdff::1", "private" },
		{ "fe80::1", "link-local" },
		{ "febf::1", "link-local" },
		{ "fec0::1", "private" },
		{ "ff02::1", "multicast" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct address address;
		const char *kind;

		assert_true(address_parse(cases[i].text,
		    strlen(cases[i].text), &address));
		kind = address_kind_name(address_kind(&address));
		if (strcmp(kind, cases[i].kind) != 0)
			fail_msg("%s is %s", cases[i].text, kind);
	}
	for (unsigned i = 0; i < ADDRESS_KINDS; i++) {
		enum address_kind kind;

		assert_true(address_kind_by_name(
		    address_kind_name((enum address_kind)i), &kind));
		assert_int_equal(kind, i);
	}
}

static void
test_networks(void **state)
{
	static const struct {
		const char *network;	/* NULL address: must not parse */
		const char *address;
		bool inside;
	} cases[] = {
		{ "10.0.0.0/8", "10.255.0.1", true },
		{ "10.0.0.0/8", "11.0.0.1", false },
		{ "10.1.0.0/15", NULL, false },
		{ "10.0.0.0/33", NULL, false },
		{ "10.0.0.0/", NULL, false },
		{ "10.0.0.0/08", NULL, false },
		{ "10.0.0.0/8x", NULL, false },
		{ "10.0.0.7", "10.0.0.7", true },
		{ "10.0.0.7", "10.0.0.6", false },
		{ "0.0.0.0/0", "1.2.3.4", true },
		{ "0.0.0.0/0", "::1", false },
		{ "::/0", "1.2.3.4", false },
		{ "::/0", "2001:db8::1", true },
		{ "::ffff:0:0/96", "1.2.3.4", true },
		{ "::ffff:10.0.0.0/104", "10.9.9.9", true },
		{ "::ffff:10.0.0.0/104", "11.9.9.9", false },
		{ "2001:db8:20::/48", "2001:db8:20:1::1", true },
		{ "2001:db8:20::/48", "2001:db8:21::1", false },
		{ "2001:db8::/29", "2001:dbf::1", true },
		{ "2001:db8::/29", "2001:dc0::1", false },
		{ "2001:db8::1/64", NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct network network;
		struct address address;

		if (cases[i].address == NULL) {
			if (network_parse(cases[i].network, &network))
				fail_msg("%s parsed", cases[i].network);
			continue;
		}
		assert_true(network_parse(cases[i].network, &network));
		assert_true(address_parse(cases[i].address,
		    strlen(cases[i].address), &address));
		if (network_contains(&network, &address) != cases[i].inside)
			fail_msg("%s in %s", cases[i].address,
			    cases[i].network);
	}
}

static void
test_sockaddr(void **state)
{
	static const char *const cases[] = { "1.2.3.4:80", "[2001:db8::1]:443" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct sockaddr_storage sa;
		struct address a, b;

		assert_true(address_parse_port(cases[i], &a));
		assert_true(address_to_sockaddr(&a, &sa) > 0);
		assert_true(address_from_sockaddr((struct sockaddr *)&sa, &b));
		assert_true(address_equal(&a, &b));
		assert_int_equal(a.port, b.port);
	}
	{
		struct sockaddr_storage sa = { .ss_family = AF_UNIX };
		struct address a;

		assert_false(address_from_sockaddr((struct sockaddr *)&sa,
		    &a));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_sockaddr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
