/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_proxy_protocol.c - PROXY headers: what was said of a beginning stands. */
#include "proxy/proxy_protocol.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) do { if (!(condition)) abort(); } while (0)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct address client = { 0 }, early;
	size_t used = 0, used_early, n;
	enum proxy_protocol_result result, before;

	result = proxy_protocol_parse(data, size, &client, &used);
	if (result == PROXY_PROTOCOL_DONE || result == PROXY_PROTOCOL_LOCAL)
		MUST(used > 0 && used <= size && used <= PROXY_PROTOCOL_MAX);
	if (result == PROXY_PROTOCOL_DONE)
		MUST(client.family == 4 || client.family == 6);
	for (n = 0; n < size && n < 400; n++) {
		unsigned char *copy = malloc(n > 0 ? n : 1);

		MUST(copy != NULL);
		memcpy(copy, data, n);
		used_early = 0;
		before = proxy_protocol_parse(copy, n, &early, &used_early);
		free(copy);
		if (before == PROXY_PROTOCOL_MORE)
			continue;
		MUST(before == result && used_early == used);
		break;
	}
	return 0;
}
