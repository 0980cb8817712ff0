/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_settings.c - any bytes as a file of settings: either complaints, each
 * with words, or settings that print and read back the same.
 */
#include "lib/settings.h"
#include "lib/settings_table.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_complaint(void *arg, const char *file, unsigned line, const char *message)
{
	(void)file;
	(void)line;
	if (message[0] == '\0')
		abort();
	++*(unsigned *)arg;
}

static char *
print(const struct settings *settings, size_t *length)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, length);

	if (out == NULL || settings_print(settings, out) != 0 ||
	    fclose(out) != 0)
		abort();
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings *settings, *again;
	char *first, *second;
	size_t first_length, second_length;
	unsigned complaints = 0;

	settings = settings_from_text((const char *)data, size, "/x", "fuzz",
	    false, on_complaint, &complaints);
	if ((settings == NULL) != (complaints > 0))
		abort();
	if (settings == NULL) {
		/* The same with every check. */
		settings = settings_from_text((const char *)data, size, "/x",
		    "fuzz", true, on_complaint, &complaints);
		settings_free(&settings);
		return 0;
	}
	first = print(settings, &first_length);
	again = settings_from_text(first, first_length, "/y", "fuzz", false,
	    NULL, NULL);
	if (again == NULL)
		abort();
	second = print(again, &second_length);
	if (strcmp(first, second) != 0)
		abort();
	free(first);
	free(second);
	settings_free(&settings);
	settings_free(&again);
	return 0;
}
