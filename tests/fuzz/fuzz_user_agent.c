/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_user_agent.c - what a client says of itself: the input up to the first
 * line feed is a User-Agent, the rest its brands, Accept and Referer.
 */
#include "policy/browser.h"
#include "policy/compile.h"
#include "policy/navigation.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct policy *
policy_once(void)
{
	static struct policy *policy;
	static const char text[] = "access { deny old { when browser legacy or "
	    "chrome older-than 109\n and navigation yes or likely\n unless "
	    "embedded-in x.example\n because \"b\" ground security owner \"o\" "
	    "review-by 2099-01-01 } }";
	struct policy_options options = POLICY_OPTIONS_INIT;
	char why[128];
	int fd;

	if (policy != NULL)
		return policy;
	options.no_files = true;
	fd = policy_compile_text("f.policy", text, strlen(text), &options,
	    NULL, NULL);
	if (fd < 0 || (policy = policy_open(fd, why, sizeof(why))) == NULL)
		abort();
	(void)close(fd);
	return policy;
}

/* The next line of the input in memory of its own, so that a byte too much is
 * seen. */
static struct fact_string
take(const uint8_t **data, size_t *size, char **memory)
{
	const uint8_t *end = *size == 0 ? NULL : memchr(*data, '\n', *size);
	size_t n = end == NULL ? *size : (size_t)(end - *data);

	*memory = malloc(n + 1);
	if (*memory == NULL)
		abort();
	if (n > 0)
		memcpy(*memory, *data, n);
	*memory = realloc(*memory, n == 0 ? 1 : n);
	*data += n + (end != NULL);
	*size -= n + (end != NULL);
	return (struct fact_string){ *memory, n };
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy *policy = policy_once();
	char *memory[4], page[EMBEDDED_IN_MAX];
	struct navigation_words words;
	struct facts f;
	struct browser b;
	struct decision d;
	const char *by;
	size_t length = 0;

	memset(&f, 0, sizeof(f));
	memset(&words, 0, sizeof(words));
	f.browser.user_agent = take(&data, &size, &memory[0]);
	f.browser.brands = take(&data, &size, &memory[1]);
	words.method = (struct fact_string){ "GET", 3 };
	words.accept = take(&data, &size, &memory[2]);
	words.referer = take(&data, &size, &memory[3]);
	browser_read(policy, &f.browser, &b);
	if (b.name.length > 64 || b.kind >= CLIENT_KINDS ||
	    (b.family != BROWSER_NO_FAMILY &&
	    browser_word(policy, b.family) == NULL))
		abort();
	f.navigation = navigation_judge(&words, &by);
	f.host = (struct fact_string){ "h.example", 9 };
	if (navigation_embedded_in(&words, f.navigation, &f.host, page,
	    &length)) {
		if (length == 0 || length >= sizeof(page) ||
		    page[length] != '\0')
			abort();
		f.embedded_in = (struct fact_string){ page, length };
		fact_set(&f, FACT_EMBEDDED_IN);
	} else {
		fact_set_absent(&f, FACT_EMBEDDED_IN);
	}
	fact_set(&f, FACT_BROWSER);
	fact_set(&f, FACT_NAVIGATION);
	policy_decide(policy, &f, &d);
	for (int i = 0; i < 4; i++)
		free(memory[i]);
	return 0;
}
