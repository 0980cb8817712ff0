/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_line.c - any bytes as a line of the log: walked, searched, cut down for
 * the helpdesk.  A line that is whole stays whole when it is cut down.
 */
#include "logging/line_read.h"
#include "logging/log_query.h"
#include "logging/reader.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
touch(const struct line_value *value)
{
	struct line_value item;
	char text[300];
	int64_t number;
	size_t at = 0, n;

	n = line_text(value, text, sizeof(text));
	if (n < sizeof(text) - 4 && strlen(text) == n &&
	    !line_equal(value, text))
		abort();
	(void)line_text(value, text, 1);
	(void)line_number(value, &number);
	while (line_item(value, &at, &item))
		(void)line_text(&item, text, sizeof(text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *line = (const char *)data;
	struct log_query query = { .method = "GET", .host = "example.org" };
	struct line_walk walk;
	struct line_field field;
	char *narrow;
	size_t n;

	if (size > LINE_MAX_BYTES)
		return 0;
	line_walk_init(&walk, line, size);
	while (line_walk_next(&walk, &field))
		touch(&field.value);
	if (walk.whole != line_is_whole(line, size))
		abort();
	(void)log_query_match(&query, line, size);
	narrow = malloc(size + 2);
	if (narrow == NULL)
		return 0;
	n = reader_desk_line(line, size, narrow);
	if (n > 0 && (!walk.whole || narrow[n - 1] != '\n' ||
	    !line_is_whole(narrow, n - 1)))
		abort();
	free(narrow);
	return 0;
}
