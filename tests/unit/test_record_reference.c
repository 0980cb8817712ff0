/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_record_reference.c - docs/record-reference.md is what the table says.
 * With GATEBOOK_WRITE_DOCS=1 in the environment it is written anew instead.
 */
#include "logging/record.h"
#include "proxy/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_NAME "docs/record-reference.md"

static const char *const type_names[] = {
	"string", "array of strings", "number", "number, signed", "date",
	"IP address", "true or false"
};

/* What happens to a field that leads to a person. */
static const char *
under_pseudonym(enum record_field field)
{
	if (field == RECORD_SOURCE_IP_F || field == RECORD_USER_NAME_F)
		return "becomes `user.hash`";
	if (field == RECORD_SOURCE_PORT_F)
		return "left out";
	return "kept";
}

static void
print_row(FILE *out, enum record_field field)
{
	const struct record_row *row = &record_rows[field];

	fprintf(out, "| `%s` | %s | ", row->name, type_names[row->type]);
	if (row->max > 0)
		fprintf(out, "%zu", row->max);
	fprintf(out, " | %s | %s | %s | %s |\n",
	    record_depth_name(row->depth), under_pseudonym(field),
	    row->identity ? "left out" : "kept", row->sentence);
}

static void
print_outcomes(FILE *out)
{
	fputs("\n## How an exchange ends\n\n`gatebook.outcome` is one of "
	    "these; `gatebook log search --outcome` takes them. The code "
	    "stands on the\npage that the person sees; where no status is "
	    "given, no answer was possible any more. Of a refusal\nwith "
	    "`bad-request`, `bad-request-body` or `bad-answer`, "
	    "`event.reason` says exactly what was wrong.\n\n"
	    "| outcome | code | status | what the person reads |\n"
	    "|---|---|---|---|\n", out);
	for (int i = 0; i < OUTCOME_COUNT; i++) {
		const struct outcome_words *words =
		    outcome_words((enum outcome)i);

		fprintf(out, "| `%s` | %s | ", words->name, words->code);
		if (words->status != 0)
			fprintf(out, "%u", words->status);
		fprintf(out, " | %s |\n", words->title);
	}
	fputs("| `" OUTCOME_WORKER_DIED_NAME "` | | | Nothing: the process "
	    "that carried it ended, and the log was closed for it. |\n", out);
}

static void
print_reference(FILE *out)
{
	int i;

	fputs("# Audit records\n\n"
	    "One JSON object a line, in files `data/log/00000001.jsonl` and so "
	    "on; names are those of the\nElastic Common Schema 9.4.0 where it "
	    "has one, else under `gatebook.`. This file is made from\nthe table "
	    "in `logging/record.h` (`GATEBOOK_WRITE_DOCS=1 "
	    "build/tests/unit/test_record_reference`)\nand tested to agree with "
	    "it.\n\n"
	    "- The order of the rows is the order in a line. What is not known "
	    "is not there; nothing is null.\n"
	    "- *Depth* is the least `record` depth of a rule at which the field "
	    "is kept: category, host, path,\n  url, activity. Bodies, cookies, "
	    "credentials and what is typed into forms are kept at none.\n"
	    "- *Pseudonym* and *count-only* say what becomes of the field under "
	    "`as pseudonym` and\n  `as count-only`. Pseudonyms are the first 16 "
	    "bytes of an HMAC-SHA256 under a key that changes\n  each month "
	    "(`data/keys`), of `user`, a zero byte and the name, or `ip`, a "
	    "zero byte and the address.\n"
	    "- A string longer than its maximum in bytes is cut, and "
	    "`gatebook.privacy.redacted` says `too-long`.\n"
	    "- A line never is longer than 32,768 bytes and never stands in two "
	    "files.\n\n"
	    "| field | type | at most | depth | pseudonym | count-only | what |\n"
	    "|---|---|---|---|---|---|---|\n", out);
	for (i = 0; i < RECORD_FIELDS; i++)
		print_row(out, (enum record_field)i);
	fputs("\n## Kinds of record\n\n`event.action` is one of:\n\n", out);
	for (i = 0; i < RECORD_KIND_COUNT; i++)
		fprintf(out, "- `%s`\n",
		    record_kind_action((enum record_kind)i));
	print_outcomes(out);
}

static void
test_agrees(void **state)
{
	size_t size = 0, n;
	char *want = NULL, *have;
	FILE *out, *file;

	(void)state;
	out = open_memstream(&want, &size);
	assert_non_null(out);
	print_reference(out);
	assert_int_equal(fclose(out), 0);
	if (getenv("GATEBOOK_WRITE_DOCS") != NULL) {
		file = fopen(FILE_NAME, "w");
		assert_non_null(file);
		assert_int_equal(fwrite(want, 1, size, file), size);
		assert_int_equal(fclose(file), 0);
	}
	file = fopen(FILE_NAME, "r");
	if (file == NULL)
		fail_msg("no %s: run this at the top of the source", FILE_NAME);
	have = calloc(1, size + 2);
	assert_non_null(have);
	n = fread(have, 1, size + 1, file);
	fclose(file);
	if (n != size || memcmp(have, want, size) != 0)
		fail_msg("%s is not what the table says: run this again with "
		    "GATEBOOK_WRITE_DOCS=1", FILE_NAME);
	free(have);
	free(want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
