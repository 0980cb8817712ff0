/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_http1_request.c - request heads, and the targets of those that pass. */
#include "proxy/target.h"
#include "tests/fuzz/fuzz_http1.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_done(const struct http1_head *head)
{
	struct target target;

	(void)target_parse(head, 80, &target);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_head(http1_parse_request, (const char *)data, size, on_done);
	return 0;
}
