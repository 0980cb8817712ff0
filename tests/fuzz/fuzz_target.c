/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_target.c - request targets; the first byte chooses the method. */
#include "proxy/target.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) do { if (!(condition)) abort(); } while (0)

static void
check(const struct target *target)
{
	char again[NAME_MAX_BYTES + 1];
	struct address address;
	size_t length;
	enum name_kind kind;

	MUST(target->host_length == strlen(target->host));
	MUST(target->host_length > 0 &&
	    target->host_length <= NAME_MAX_BYTES);
	/* A settled host settles to itself. */
	kind = name_settle(target->host, target->host_length, again, &length,
	    &address);
	MUST(kind == (target->host_is_address ? NAME_ADDRESS : NAME_DNS));
	MUST(strcmp(again, target->host) == 0);
	MUST(!target->host_is_address ||
	    address_equal(&address, &target->address));
}

static void
check_path(struct http1_text path)
{
	char *out = malloc(path.length + 1), *twice;
	size_t length, again;

	MUST(out != NULL);
	length = target_normal_path(path.at, path.length, out);
	MUST(length > 0 && length <= path.length + 1);
	twice = malloc(length + 1);
	MUST(twice != NULL);
	again = target_normal_path(out, length, twice);
	/* Twice changes nothing, unless decoding made a new escape. */
	if (memchr(out, '%', length) == NULL)
		MUST(again == length && memcmp(out, twice, length) == 0);
	free(twice);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const methods[] = { "GET", "CONNECT", "OPTIONS" };
	struct http1_head head = { .is_request = true, .minor = 1 };
	struct target target;
	const uint8_t *space;

	if (size < 1)
		return 0;
	head.method.at = methods[data[0] % 3];
	head.method.length = strlen(head.method.at);
	head.target = (struct http1_text){ (const char *)data + 1, size - 1 };
	/* What follows a space is the Host field. */
	space = memchr(data + 1, ' ', size - 1);
	if (space != NULL) {
		head.target.length = (size_t)(space - data) - 1;
		head.host = (struct http1_text){ (const char *)space + 1,
		    size - head.target.length - 2 };
		head.present = UINT64_C(1) << HTTP1_HOST;
	}
	if (target_parse(&head, 80, &target) == HTTP1_NONE) {
		check(&target);
		check_path(target.path);
	}
	return 0;
}
