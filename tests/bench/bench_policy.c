/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_policy.c - what a decision costs: a policy of N rules (default 30) with
 * a list of M names (default 1,000,000).  Prints times to load and to decide.
 *
 *   build/tests/bench/bench_policy [RULES [NAMES]]
 */
#include "policy/compile.h"

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

static uint64_t state = 88172645463325252;

static unsigned
pick(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 20) % n);
}

static const char *const ends[] = { "com", "net", "org", "co.uk", "de", "info" };

static int
name(char *out, size_t size, unsigned number)
{
	return snprintf(out, size, "n%x-site%u.%s", number * 2654435761u,
	    number, ends[number % 6]);
}

static void
write_list(const char *path, unsigned names)
{
	FILE *out = fopen(path, "w");
	char text[128];

	if (out == NULL)
		exit(1);
	for (unsigned i = 0; i < names; i++) {
		(void)name(text, sizeof(text), i);
		(void)fprintf(out, "%s\n", text);
	}
	(void)fclose(out);
}

static void
write_policy(FILE *out, unsigned rules, const char *list)
{
	(void)fprintf(out, "policy \"bench\" { timezone \"Europe/London\" }\n"
	    "category big from \"%s\"\nnetwork net { 10.0.0.0/8 192.0.2.0/24 "
	    "2001:db8::/32 }\nhours work { mon-fri 08:00-18:00 }\naccess {\n",
	    list);
	for (unsigned i = 0; i < rules; i++) {
		static const char *const lines[][3] = {
			{ "when host h", ".example or *.g", ".example" },
			{ "when client 192.0.2.", " and host h", ".example" },
			{ "when category big and client 10.9.",
			    ".0/24 and host x", ".example" },
			{ "when hours work and host =k", ".example or l",
			    ".example" },
			{ "when port 80", " and host m", ".example" },
			{ "when method POST and host p", ".example or q",
			    ".example" },
		};
		const char *const *l = lines[i % 6];

		(void)fprintf(out, " audit r%u { %s%u%s%u%s", i, l[0], i % 100,
		    l[1], i % 100, l[2]);
		(void)fprintf(out, " }\n");
	}
	(void)fprintf(out, "}\n");
}

static void
complain(void *arg, const struct policy_complaint *c)
{
	char words[1024];

	(void)arg;
	if (c->severity != POLICY_ERROR)
		return;
	(void)policy_complaint_print(c, words, sizeof(words));
	(void)fprintf(stderr, "%s\n", words);
}

static void
run(const struct policy *policy, const char *what, unsigned names,
    bool listed, bool hot)
{
	enum { ROUNDS = 400000, HOSTS = 65536 };
	static char hosts[HOSTS][64];
	struct facts f;
	struct decision d;
	uint64_t before, spent;
	unsigned hits = 0;

	memset(&f, 0, sizeof(f));
	f.wall_us = UINT64_C(1796083200000000);
	f.port = 443;
	f.is_tunnel = true;
	(void)address_parse("10.1.2.3", 8, &f.client);
	fact_set(&f, FACT_CLIENT);
	fact_set(&f, FACT_HOST);
	fact_set(&f, FACT_PORT);
	for (unsigned i = 0; i < HOSTS; i++) {
		int n = snprintf(hosts[i], sizeof(hosts[i]), "www%u.", i % 7);

		if (listed)
			(void)name(hosts[i] + n, sizeof(hosts[i]) - (size_t)n,
			    pick(names));
		else
			(void)snprintf(hosts[i] + n, sizeof(hosts[i]) -
			    (size_t)n, "cdn.other%u.example", pick(1u << 30));
	}
	before = cpu_ns();
	for (unsigned i = 0; i < ROUNDS; i++) {
		f.host.text = hosts[hot ? i % 64 : i % HOSTS];
		f.host.length = strlen(f.host.text);
		policy_decide(policy, &f, &d);
		hits += d.by_rule;
	}
	spent = cpu_ns() - before;
	printf("%-28s %6.0f ns a decision (%u decided by a rule)\n", what,
	    (double)spent / ROUNDS, hits);
}

int
main(int argc, char **argv)
{
	unsigned rules = argc > 1 ? (unsigned)atoi(argv[1]) : 30;
	unsigned names = argc > 2 ? (unsigned)atoi(argv[2]) : 1000000;
	struct policy_options options = POLICY_OPTIONS_INIT;
	char list[] = "/tmp/gatebook-bench-XXXXXX";
	char *text = NULL;
	size_t length;
	FILE *out;
	struct policy *policy;
	uint64_t before;
	char why[256];
	int fd = mkstemp(list);

	if (fd < 0)
		return 1;
	(void)close(fd);
	write_list(list, names);
	out = open_memstream(&text, &length);
	if (out == NULL)
		return 1;
	write_policy(out, rules, list);
	(void)fclose(out);
	before = cpu_ns();
	fd = policy_compile_text("bench.policy", text, length, &options,
	    complain, NULL);
	printf("%u rules, %u names: compiled in %.0f ms\n", rules, names,
	    (double)(cpu_ns() - before) / 1e6);
	(void)unlink(list);
	if (fd < 0)
		return 1;
	before = cpu_ns();
	policy = policy_open(fd, why, sizeof(why));
	if (policy == NULL)
		return 1;
	printf("mapped in %.2f ms\n", (double)(cpu_ns() - before) / 1e6);
	run(policy, "warm-up", names, true, false);
	run(policy, "hosts of the list, cold", names, true, false);
	run(policy, "hosts of the list, hot", names, true, true);
	run(policy, "other hosts, cold", names, false, false);
	run(policy, "other hosts, hot", names, false, true);
	policy_close(&policy);
	(void)close(fd);
	free(text);
	return 0;
}
