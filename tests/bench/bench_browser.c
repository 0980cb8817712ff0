/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_browser.c - what reading a User-Agent costs.  Prints nanoseconds for
 * each of a few, or for the lines of a file.
 *
 *   build/tests/bench/bench_browser [FILE]
 */
#include "policy/browser.h"
#include "policy/compile.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t
cpu_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static const char *const agents[] = {
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, "
	    "like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
	"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
	"Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.1; WOW64; Trident/7.0; "
	    "SLCC2; .NET CLR 2.0.50727; .NET CLR 3.5.30729; .NET4.0C; .NET4.0E)",
	"curl/8.5.0",
};

#define AGENTS_MAX 10000
#define ROUNDS 200000

int
main(int argc, char **argv)
{
	struct policy_options options = POLICY_OPTIONS_INIT;
	static const char text[] = "access { audit all }";
	static char *read[AGENTS_MAX];
	struct client_words words = { { NULL, 0 }, { NULL, 0 } };
	struct policy *policy;
	struct mallinfo2 before, after;
	struct browser b;
	size_t count = 0, room = 0, sum = 0;
	uint64_t start, total = 0, longest = 0;
	char why[128];
	int fd;

	options.no_files = true;
	start = cpu_ns();
	fd = policy_compile_text("b.policy", text, strlen(text), &options, NULL,
	    NULL);
	policy = fd < 0 ? NULL : policy_open(fd, why, sizeof(why));
	if (policy == NULL)
		return 1;
	(void)close(fd);
	printf("policy with the list compiled and mapped in %.2f ms\n",
	    (double)(cpu_ns() - start) / 1e6);
	if (argc > 1) {
		FILE *in = fopen(argv[1], "r");

		while (in != NULL && count < AGENTS_MAX &&
		    getline(&read[count], &room, in) > 0) {
			read[count][strcspn(read[count], "\n")] = '\0';
			count++;
			room = 0;
		}
		if (in != NULL)
			(void)fclose(in);
	} else {
		for (; count < sizeof(agents) / sizeof(agents[0]); count++)
			read[count] = strdup(agents[count]);
	}
	if (count == 0)
		return 1;
	before = mallinfo2();
	for (size_t i = 0; i < count; i++) {
		size_t rounds = ROUNDS / count + 20;
		uint64_t ns;

		words.user_agent = (struct fact_string){ read[i],
			strlen(read[i]) };
		start = cpu_ns();
		for (size_t k = 0; k < rounds; k++) {
			browser_read(policy, &words, &b);
			sum += b.major;
		}
		ns = (cpu_ns() - start) / rounds;
		total += ns;
		if (ns > longest)
			longest = ns;
		if (argc == 1)
			printf("%5llu ns  %.*s %u: %.60s\n",
			    (unsigned long long)ns, (int)b.name.length,
			    b.name.text, b.major, read[i]);
	}
	after = mallinfo2();
	printf("%llu ns in the mean, %llu ns at most, %zu User-Agents, %zu "
	    "bytes allocated (%zu)\n", (unsigned long long)(total / count),
	    (unsigned long long)longest, count,
	    after.uordblks - before.uordblks, sum % 10);
	for (size_t i = 0; i < count; i++)
		free(read[i]);
	policy_close(&policy);
	return 0;
}
