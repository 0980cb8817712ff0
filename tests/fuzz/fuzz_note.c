/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_note.c - any bytes as a signed note, a key, a head and base64.  What is
 * read as a head is printed the same, and only what our key signed verifies.
 */
#include "logging/base64.h"
#include "logging/note.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define VKEY "audit.gatebook.example/edge-1+1bc3f0fe+" \
	"Ade4Qfbm5CJ7TzUKzE1nmbfatgh6jN4xT32D+bcuB9Nu"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_base64(const char *text, size_t size)
{
	unsigned char bytes[512];
	char again[BASE64_ROOM(512)];
	size_t n;

	if (base64_read(text, size, bytes, sizeof(bytes), &n) &&
	    (base64_write(bytes, n, again) != size ||
	    memcmp(again, text, size) != 0))
		abort();
}

static void
try_head(const struct note *note)
{
	struct note_head head;
	char text[NOTE_HEAD];
	size_t n;

	if (!note_head_read(note->text, note->text_length, &head))
		return;
	n = note_head_print(&head, text, sizeof(text));
	/* Lines of extensions are not kept. */
	if (n == 0 || n > note->text_length || memcmp(text, note->text, n) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), vkey[NOTE_VKEY];
	struct note_signer *signer;
	struct note_key key, ours;
	struct note_head head;
	struct note note;

	if (text == NULL || !note_key_read(VKEY, strlen(VKEY), &ours))
		abort();
	memcpy(text, data, size);
	try_base64(text, size);
	if (note_key_read(text, size, &key)) {
		note_key_print(&key, vkey);
		if (strncmp(vkey, text, strlen(vkey)) != 0)
			abort();
	}
	signer = note_signer_read(text, size);
	note_signer_free(&signer);
	if (note_read(text, size, &note))
		try_head(&note);
	(void)!note_head_open(text, size, &ours, &head);
	free(text);
	return 0;
}
