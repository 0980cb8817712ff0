/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_redact.c - any bytes as a path and as a query: what comes out is no
 * longer, holds no @ in a path, and redacting it again changes nothing.
 */
#include "logging/redact.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char keep[] = "page lang q x-amz-date a";
	const char *text = (const char *)data;
	char *once = malloc(size + 1), *twice = malloc(size + 1);
	unsigned redacted = 0;
	size_t n, again;

	if (once == NULL || twice == NULL)
		abort();
	n = redact_path(text, size, once, &redacted);
	if (n > size || (redacted & ~(unsigned)REDACTED_PATH) != 0 ||
	    (n > 0 && memchr(once, '@', n) != NULL))
		abort();
	if (redacted == 0 && (n != size || memcmp(once, text, n) != 0))
		abort();
	again = redact_path(once, n, twice, &redacted);
	if (again != n || memcmp(once, twice, n) != 0)
		abort();
	redacted = 0;
	n = redact_query(text, size, keep, once, &redacted);
	if (n > size || (redacted & ~(unsigned)REDACTED_QUERY_VALUE) != 0)
		abort();
	if (redacted == 0 && (n != size || memcmp(once, text, n) != 0))
		abort();
	again = redact_query(once, n, keep, twice, &redacted);
	if (again != n || memcmp(once, twice, n) != 0)
		abort();
	free(once);
	free(twice);
	return 0;
}
