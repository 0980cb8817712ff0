/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_catalogue.c - what the shipped catalogue costs: the department policy
 * loaded and asked, and what the record is told of a service.
 *
 *   build/tests/bench/bench_catalogue
 */
#include "policy/compile.h"
#include "policy/service.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TURNS 2000000

static double
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void
measure(const struct policy *policy, const char *method, const char *target)
{
	static struct question q;
	struct policy_service s;
	struct decision d;
	char why[256];
	double began, decided;
	unsigned told = 0;

	question_init(&q);
	if (method == NULL ? !question_target(&q, target, why, sizeof(why)) :
	    !question_request(&q, method, target, why, sizeof(why)))
		exit(1);
	q.facts.wall_us = UINT64_C(1796083200000000);
	(void)question_set(&q, policy, "client", "10.0.0.1", why,
	    sizeof(why));
	began = now_ns();
	for (int i = 0; i < TURNS; i++)
		policy_decide(policy, &q.facts, &d);
	decided = now_ns();
	for (int i = 0; i < TURNS; i++)
		told += policy_service(policy, &q.facts, &s);
	(void)printf("%-52s decide %4.0f ns, service %4.0f ns (%s, %s, %s)\n",
	    target, (decided - began) / TURNS, (now_ns() - decided) / TURNS,
	    d.rule.name, told > 0 ? s.name : "-", told > 0 &&
	    s.activity != NULL ? s.activity : "-");
}

int
main(void)
{
	struct policy_options options = POLICY_OPTIONS_INIT;
	double began = now_ns();
	char why[256];
	int fd = policy_compile_file("lists/department.policy", &options,
	    NULL, NULL);
	struct policy *policy;

	if (fd < 0)
		return 1;
	(void)printf("department policy compiled in %.1f ms, examples and "
	    "expectations run\n", (now_ns() - began) / 1e6);
	policy = policy_open(fd, why, sizeof(why));
	(void)close(fd);
	if (policy == NULL)
		return 1;
	measure(policy, NULL, "www.example.org");
	measure(policy, NULL, "www.facebook.com");
	measure(policy, "GET", "https://www.instagram.com/p/AbC/");
	measure(policy, "POST", "https://www.facebook.com/api/graphql/");
	measure(policy, "GET", "https://www.googleapis.com/drive/v3/files");
	policy_close(&policy);
	return 0;
}
