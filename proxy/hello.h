/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hello.h - reading a TLS ClientHello as it passes (RFC 8446 section 4.1.2): the
 * bytes may come one at a time and in several records.  Nothing is answered and
 * nothing is changed; what is read are facts for policy and record.
 */
#ifndef PROXY_HELLO_H
#define PROXY_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HELLO_MAX 32768		/* bytes looked at; more is HELLO_NOT_TLS */
#define HELLO_ALPN_MAX 8
#define HELLO_VERSIONS_MAX 8

struct hello {
	char server_name[256];	/* lower case; empty if none */
	bool has_server_name;
	bool ech;		/* encrypted_client_hello was offered */
	char alpn[HELLO_ALPN_MAX][32];
	unsigned alpn_count;
	uint16_t versions[HELLO_VERSIONS_MAX];	/* newest first, no GREASE */
	unsigned version_count;
	char ja4[40];		/* JA4 (FoxIO), t... for TCP */
};

enum hello_result {
	HELLO_MORE,		/* so far it looks like one */
	HELLO_DONE,
	HELLO_NOT_TLS,		/* it is something else */
	HELLO_BAD		/* TLS record, but not a well-formed hello */
};

/* Look at the first bytes of a connection, all of them from the start at every
 * call.  DONE fills hello. */
enum hello_result hello_parse(const unsigned char *bytes, size_t length,
    struct hello *hello);

#endif
