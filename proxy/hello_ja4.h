/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hello_ja4.h - JA4, the fingerprint of a ClientHello published by FoxIO
 * (technical_details/JA4.md): what kind of program is speaking.
 */
#ifndef PROXY_HELLO_JA4_H
#define PROXY_HELLO_JA4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More suites or extensions than this no program sends. */
#define HELLO_LIST_MAX 512

/* Values in the order in which they came, GREASE left out. */
struct hello_list {
	uint16_t value[HELLO_LIST_MAX];
	size_t count;
};

struct hello_ja4 {
	uint16_t version;	/* highest that was offered */
	bool has_server_name;
	const unsigned char *alpn; /* the first one, or NULL */
	size_t alpn_length;
	struct hello_list ciphers;
	struct hello_list extensions;
	struct hello_list signatures;
};

/* Write 36 characters and NUL.  Sorts the lists of ciphers and extensions. */
void hello_ja4_write(struct hello_ja4 *ja4, char out[40]);

#endif
