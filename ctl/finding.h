/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finding.h - what the helpdesk needs of a record: the cause of a trouble and
 * the host it was with.  No path, query, program or person, whoever asks.
 */
#ifndef CTL_FINDING_H
#define CTL_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct finding {
	uint64_t time_us;	/* of the record */
	uint64_t start_us;	/* 0: not known */
	char time[32];		/* as it stands in the record */
	char action[40];
	char outcome[64];	/* "" while it goes on */
	char code[24];
	char decision[16];
	char rule[136];
	char rule_file[520];
	int64_t rule_line;	/* 0: none */
	char category[136];
	char list_file[520];
	int64_t list_line;
	char list_entry[264];
	char reason[520];	/* what the caller was told */
	char host[520];
	int64_t port;		/* 0: not known */
	char address[64];	/* tried last */
	char address_kind[24];
	char method[72];
	char reference[24];
	char error[520];	/* words or name of the fault */
	char parent[304];
	char answers[600];	/* of DNS, joined by ", " */
	char would[264];	/* first report-only rule: "deny name file:1" */
	int64_t status;		/* 0: none was sent */
	int64_t attempts;
	int64_t duration_us;
	int64_t dns_us;
	int64_t connect_us;
	bool is_tunnel;
};

/* Read a line of the log; false if it is not whole. */
bool finding_read(const char *line, size_t length, struct finding *finding);
/* Whether the record is of an exchange (not of gatebook itself). */
bool finding_is_exchange(const struct finding *finding);
/* Whether the exchange still goes on, as far as this record knows. */
bool finding_is_open(const struct finding *finding);
/* Whether it went as the caller wanted: let through and, if anything was
 * answered, without an error of the site. */
bool finding_is_good(const struct finding *finding);

#endif
