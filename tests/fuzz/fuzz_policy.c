/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_policy.c - policy text: whatever it is, it is refused with messages or
 * compiles to a snapshot that opens and decides; what prints, prints the same
 * again and has the same version.
 */
#include "policy/compile.h"
#include "policy/read.h"
#include "policy/explain.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
complain(void *arg, const struct policy_complaint *c)
{
	char words[256];

	(void)arg;
	(void)policy_complaint_print(c, words, sizeof(words));
	if (c->message[0] == '\0' || strchr(c->message, '\n') != NULL)
		abort();
}

static char *
print(const char *text, size_t length, const struct policy_options *options)
{
	char *out = NULL;
	size_t n;
	FILE *file = open_memstream(&out, &n);

	if (file == NULL)
		abort();
	if (policy_print_text("f.policy", text, length, options, file, NULL,
	    NULL) != 0)
		abort();
	(void)fclose(file);
	return out;
}

static struct policy *
compile(const char *text, size_t length, const struct policy_options *options)
{
	char why[256];
	struct policy *policy;
	int fd = policy_compile_text("f.policy", text, length, options,
	    complain, NULL);

	if (fd < 0)
		return NULL;
	policy = policy_open(fd, why, sizeof(why));
	if (policy == NULL)
		abort();
	(void)close(fd);
	return policy;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_options options = POLICY_OPTIONS_INIT;
	static struct question q;
	struct policy *policy, *again;
	struct decision d;
	struct policy_field fields[POLICY_FIELDS_MAX];
	char why[128];
	char *first, *second, *said = NULL;
	size_t said_length;
	FILE *file;

	options.no_files = true;
	options.now_us = UINT64_C(1796083200000000);
	if (size > 65536)
		return 0;
	policy = compile((const char *)data, size, &options);
	if (policy == NULL)
		return 0;
	first = print((const char *)data, size, &options);
	second = print(first, strlen(first), &options);
	if (strcmp(first, second) != 0)
		abort();
	file = open_memstream(&said, &said_length);
	if (file == NULL || policy_read_text("f.policy", (const char *)data,
	    size, &options, file, NULL, NULL) != 0)
		abort();
	(void)fclose(file);
	free(said);
	again = compile(first, strlen(first), &options);
	if (again == NULL || strcmp(policy_version(policy),
	    policy_version(again)) != 0)
		abort();
	question_init(&q);
	q.facts.wall_us = options.now_us;
	if (!question_target(&q, "http://www.a.example/b?c", why,
	    sizeof(why)))
		abort();
	policy_explain(policy, &q.facts, &d, NULL, NULL);
	q.facts.is_tunnel = true;
	q.facts.known &= facts_until(STAGE_HELLO);
	policy_decide(policy, &q.facts, &d);
	for (int s = 0; s < SECTIONS; s++)
		policy_decide_in(policy, (enum section)s, &q.facts, &d);
	(void)policy_decide_fields(policy, &q.facts, fields);
	policy_close(&policy);
	policy_close(&again);
	free(first);
	free(second);
	return 0;
}
