/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_hello.c - ClientHellos: what was more must not have been an answer. */
#include "proxy/hello.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) do { if (!(condition)) abort(); } while (0)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hello hello, early;
	enum hello_result result = hello_parse(data, size, &hello), before;
	size_t n;

	if (result == HELLO_DONE) {
		MUST(strlen(hello.ja4) == 36);
		MUST(hello.version_count > 0 &&
		    hello.version_count <= HELLO_VERSIONS_MAX);
		MUST(hello.alpn_count <= HELLO_ALPN_MAX);
		MUST(hello.has_server_name == (hello.server_name[0] != '\0'));
	}
	/* A refusal of a beginning is never taken back. */
	for (n = 0; n < size && n < 600; n++) {
		unsigned char *copy = malloc(n + 1);

		MUST(copy != NULL);
		memcpy(copy, data, n);
		copy = realloc(copy, n > 0 ? n : 1);
		before = hello_parse(copy, n, &early);
		free(copy);
		if (before == HELLO_DONE)
			break;	/* what follows is another message */
		MUST(before == HELLO_MORE || result != HELLO_DONE);
		MUST(before == HELLO_MORE || result != HELLO_MORE);
	}
	return 0;
}
