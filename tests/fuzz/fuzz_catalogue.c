/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_catalogue.c - a catalogue and a request for it: the text up to the first
 * NUL is a policy with services; what follows is "METHOD URL", content type,
 * fields and operation, each on a line.  Whatever they are, the text is refused
 * with messages or compiles; what is told of the request names what stands in
 * the policy, and what prints, prints the same again.
 */
#include "policy/compile.h"
#include "policy/service.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char usual[] = "service f \"F\" { class c site f.example\n"
    " cdn =c.example shared *.d.example\n"
    " activity post { path \"/p*\" field \"a=b*\" query \"q\"\n"
    "  example GET \"http://f.example/p?q\" with field \"a=b\" }\n"
    " activity view { content-type \"t/*\" operation O* host f.example\n"
    "  example GET \"http://f.example/\" with content-type \"t/x\"\n"
    "  with operation O } }\n"
    "service g { class d part-of f site c.example media =c.example shared\n"
    " activity edit { path \"/e\" example GET \"http://c.example/e\" } }\n"
    "access { audit r { when service f and activity post }\n"
    " audit s { when service-class d unless activity view } }\n";

static char *
print(const char *text, size_t length, const struct policy_options *options)
{
	char *out = NULL;
	size_t n;
	FILE *file = open_memstream(&out, &n);

	if (file == NULL || policy_print_text("f.policy", text, length,
	    options, file, NULL, NULL) != 0)
		abort();
	(void)fclose(file);
	return out;
}

static void
ask(const struct policy *policy, char *request)
{
	static struct question q;
	char *method = strsep(&request, " ");
	char *url = strsep(&request, "\n");
	struct policy_service s;
	struct decision d;
	char why[256];

	question_init(&q);
	if (url == NULL || !question_request(&q, method, url, why,
	    sizeof(why)))
		return;
	for (int i = 0; i < 3 && request != NULL; i++) {
		static const char *const words[] = { "content-type", "field",
		    "operation" };

		(void)question_set(&q, policy, words[i],
		    strsep(&request, "\n"), why, sizeof(why));
	}
	if (policy_service(policy, &q.facts, &s)) {
		if (s.name == NULL || s.title == NULL || s.klass == NULL ||
		    s.file == NULL || s.entry.length == 0)
			abort();
		for (uint32_t i = 0; i < s.matched_count; i++)
			if (policy_service_matched(policy, &s, i) == NULL)
				abort();
	}
	policy_decide(policy, &q.facts, &d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_options options = POLICY_OPTIONS_INIT;
	const uint8_t *nul = memchr(data, 0, size);
	size_t length = nul == NULL ? size : (size_t)(nul - data);
	const char *text = (const char *)data;
	struct policy *policy;
	char *first, *second, *request;
	char why[256];
	int fd;

	if (size > 65536)
		return 0;
	if (length == 0) {	/* only a request, for the usual catalogue */
		text = usual;
		length = sizeof(usual) - 1;
	}
	options.no_files = true;
	fd = policy_compile_text("f.policy", text, length, &options, NULL,
	    NULL);
	if (fd < 0) {
		if (text == usual)
			abort();
		return 0;
	}
	policy = policy_open(fd, why, sizeof(why));
	if (policy == NULL)
		abort();
	(void)close(fd);
	first = print(text, length, &options);
	second = print(first, strlen(first), &options);
	if (strcmp(first, second) != 0)
		abort();
	free(first);
	free(second);
	if (nul != NULL) {
		request = strndup((const char *)nul + 1,
		    size - (size_t)(nul - data) - 1);
		if (request == NULL)
			abort();
		ask(policy, request);
		free(request);
	}
	policy_close(&policy);
	return 0;
}
