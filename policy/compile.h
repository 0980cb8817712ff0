/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile.h - from policy text to a snapshot.  One function for everybody: the
 * loader, `gatebook check`, `gatebook explain` and the tests.  It reads the
 * policy, its includes, lists, databases and the time zone, reports every
 * fault, runs the policy's own `expect` lines on the finished snapshot, and
 * only then hands it out.
 */
#ifndef POLICY_COMPILE_H
#define POLICY_COMPILE_H

#include "lib/macros.h"
#include "policy/facts.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum policy_severity {
	POLICY_ERROR,		/* the policy does not load */
	POLICY_WARNING,
	POLICY_NOTE		/* belongs to the complaint before it */
};

struct policy_complaint {
	enum policy_severity severity;
	const char *file;	/* as a person would open it */
	uint32_t line;		/* from 1; 0: the file as a whole */
	uint32_t column;	/* from 1, in characters; 0: the whole line */
	const char *message;	/* one line: the offending words, what to do */
};

/* Called once for every fault, in the order of the text. */
typedef void policy_complain(void *arg, const struct policy_complaint *c);

/* Write "FILE:LINE:COLUMN: error: MESSAGE" (no line feed) to out, cut to size;
 * returns its length as snprintf does. */
int policy_complaint_print(const struct policy_complaint *c, char *out,
    size_t size);

struct policy_options {
	/* The folder in which the policy stands, open; its file name and all
	 * relative paths in it are opened below this.  -1: opened by path. */
	int folder;
	const char *geoip_country;	/* MaxMind database; NULL or "" none */
	const char *geoip_asn;
	uint64_t now_us;	/* for review-by and until; 0: not judged */
	bool no_files;		/* read nothing but the text given (fuzzing) */
};
#define POLICY_OPTIONS_INIT { .folder = -1 }

/* Compile the policy at path.  A read-only descriptor of a sealed snapshot that
 * the caller owns and policy_open() takes, or -1 if there was any error.
 * Warnings are reported too and do not stop it.  complain may be NULL. */
MUST_USE int policy_compile_file(const char *path,
    const struct policy_options *options, policy_complain *complain, void *arg);
/* The same for text in memory that calls itself path (relative paths inside
 * are taken from path's folder). */
MUST_USE int policy_compile_text(const char *path, const char *text,
    size_t length, const struct policy_options *options,
    policy_complain *complain, void *arg);

/* Parse and write the canonical form, includes joined in.  0, or -1 if the
 * policy has faults of form (reported). */
int policy_print_file(const char *path, const struct policy_options *options,
    FILE *out, policy_complain *complain, void *arg);
int policy_print_text(const char *path, const char *text, size_t length,
    const struct policy_options *options, FILE *out,
    policy_complain *complain, void *arg);

/*
 * A question for explain: facts with room for their strings.  Start with
 * question_init(), then question_target(), then set what else is known.
 */
#define QUESTION_TEXT_MAX 16384
struct question {
	struct facts facts;
	char host[256];
	char server_name[256];
	char listener[64];
	char protocol[16];
	char method[32];
	char scheme[16];
	char user_agent[1024];
	char embedded_in[256];
	char service[80];
	char service_class[80];
	char content_type[256];
	char fields[4096];
	char operation[256];
	char path[QUESTION_TEXT_MAX];
	char url[QUESTION_TEXT_MAX];
};

void question_init(struct question *question);
/*
 * Fill host, port and what belongs to them from what a person typed:
 * "http://host/path" is a plain request (scheme, path, url; method GET unless
 * set); "https://host/path", "host:port" or "host" are a CONNECT, whose inside
 * is not seen.  False, and why says so in words, if it is neither.
 */
bool question_target(struct question *question, const char *text, char *why,
    size_t why_size);
/* A request as it was made, whether inside TLS or not: "https://host/path"
 * with all that inspection would show. */
bool question_request(struct question *question, const char *method,
    const char *url, char *why, size_t why_size);
/* Set one more fact by its word in the policy, as in `expect`: "client" "method"
 * "server-name" "destination" "country" "asn" "listener" "protocol" "port"
 * "browser" (a User-Agent) "client-kind" "navigation" "embedded-in"
 * "request-size" "at" ("2027-03-31 10:15" in the policy's time zone).  False,
 * and why, if there is no such fact or the value is not one. */
bool question_set(struct question *question, const struct policy *policy,
    const char *word, const char *value, char *why, size_t why_size);

#endif
