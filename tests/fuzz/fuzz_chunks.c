/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_chunks.c - chunked bodies: whole and byte by byte must be alike. */
#include "proxy/http1.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) do { if (!(condition)) abort(); } while (0)

static void
on_content(void *arg, const char *bytes, size_t length)
{
	uint64_t *sum = arg;
	size_t i;

	for (i = 0; i < length; i++)
		*sum = *sum * 31 + (unsigned char)bytes[i] + 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http1_chunks whole = { 0 }, pieces = { 0 };
	enum http1_error error = HTTP1_NONE, late = HTTP1_NONE;
	enum http1_result result, step = HTTP1_MORE;
	uint64_t sum = 0, sums = 0;
	size_t used = 0, one, at;

	result = http1_chunks_take(&whole, (const char *)data, size, &used,
	    on_content, &sum, &error);
	MUST(used <= size);
	for (at = 0; at < size && step == HTTP1_MORE; at += one)
		step = http1_chunks_take(&pieces, (const char *)data + at, 1,
		    &one, on_content, &sums, &late);
	MUST(step == result && at == used && sum == sums && late == error);
	MUST(whole.content == pieces.content);
	return 0;
}
