/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_http1_answer.c - heads of answers. */
#include "tests/fuzz/fuzz_http1.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_done(const struct http1_head *head)
{
	const struct http1_text get = { "GET", 3 };

	MUST(head->status >= 100 && head->status <= 999);
	(void)http1_answer_framing(head, get);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_head(http1_parse_answer, (const char *)data, size, on_done);
	return 0;
}
