/* SPDX-License-Identifier: Apache-2.0 */
/* test_note.c - base64, keys, and signed heads, good and bad. */
#include "logging/note.h"

#include "lib/macros.h"
#include "logging/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DATA "tests/data/tree/notes/"
#define VKEY "audit.gatebook.example/edge-1+1bc3f0fe+" \
	"Ade4Qfbm5CJ7TzUKzE1nmbfatgh6jN4xT32D+bcuB9Nu"
/* The seed of that test key, as a private key. */
#define PRIVATE "PRIVATE+KEY+audit.gatebook.example/edge-1+1bc3f0fe+" \
	"AW7pg4D6nVcZ+KXpQufhJZkE34pnyy2SV5C+Gwv2wRMQ"
#define TEXT "audit.gatebook.example/edge-1\n300\n" \
	"/9vDz588RPBkwBK1xMH4HOM8sKtbge7yHzR3iF6Qwpc=\n"

static size_t
read_file(const char *name, char *out, size_t size)
{
	char path[256];
	FILE *in;
	size_t n;

	(void)snprintf(path, sizeof(path), DATA "%s", name);
	in = fopen(path, "r");
	assert_non_null(in);
	n = fread(out, 1, size, in);
	(void)fclose(in);
	return n;
}

static void
test_base64(void **state)
{
	static const struct { const char *text; const char *bytes; } good[] = {
		{ "", "" }, { "Zg==", "f" }, { "Zm8=", "fo" },
		{ "Zm9v", "foo" }, { "Zm9vYg==", "foob" },
		{ "Zm9vYmE=", "fooba" }, { "Zm9vYmFy", "foobar" },
	};
	static const char *const bad[] = { "Z", "Zg", "Zg=", "====", "Z===",
		"Zh==", "Zm9=", "Zg==Zg==", "Zm-v", "Zm 9", "Zm9v\n",
		"Zm9v=", "=Zg=" };
	unsigned char bytes[16];
	char text[32];
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT_OF(good); i++) {
		n = strlen(good[i].bytes);
		assert_int_equal(base64_write((const unsigned char *)
		    good[i].bytes, n, text), strlen(good[i].text));
		assert_string_equal(text, good[i].text);
		assert_true(base64_read(text, strlen(text), bytes,
		    sizeof(bytes), &n));
		assert_int_equal(n, strlen(good[i].bytes));
		assert_memory_equal(bytes, good[i].bytes, n);
	}
	for (i = 0; i < COUNT_OF(bad); i++)
		if (base64_read(bad[i], strlen(bad[i]), bytes, sizeof(bytes),
		    &n))
			fail_msg("\"%s\" was read", bad[i]);
	assert_false(base64_read("Zm9vYmFy", 8, bytes, 5, &n));
}

/* All files of the index: what is good verifies, what is bad does not. */
static void
test_published(void **state)
{
	char line[512], bytes[4096], *why, *vkey;
	FILE *in = fopen(DATA "index.tsv", "r");
	struct note_head head;
	struct note_key key;
	struct note note;
	uint64_t seconds;
	unsigned good = 0, bad = 0;
	bool fine;
	size_t n;

	(void)state;
	assert_non_null(in);
	while (fgets(line, sizeof(line), in) != NULL) {
		why = strchr(line, '\t');
		assert_non_null(why);
		*why++ = '\0';
		vkey = strchr(why, '\t');
		assert_non_null(vkey);
		*vkey++ = '\0';
		n = read_file(line, bytes, sizeof(bytes));
		assert_true(note_key_read(vkey, strlen(vkey), &key));
		fine = note_head_open(bytes, n, &key, &head) == NOTE_GOOD;
		if (fine != (strcmp(why, "ok") == 0))
			fail_msg("%s: %s", line, why);
		good += fine;
		bad += !fine;
		if (fine && key.type == NOTE_COSIGNATURE) {
			assert_true(note_read(bytes, n, &note));
			assert_int_equal(note_verify(&note, &key, &seconds),
			    NOTE_GOOD);
			assert_int_equal(seconds, 1772442000);
		}
	}
	assert_int_equal(good, 5);
	assert_int_equal(bad, 13);
	(void)fclose(in);
}

static void
test_results(void **state)
{
	static const struct { const char *file; enum note_result result; }
	    cases[] = {
		{ "ok-300.note", NOTE_GOOD },
		{ "bad-00.note", NOTE_FORGED },
		{ "bad-01.note", NOTE_OTHER_LOG },
		{ "bad-03.note", NOTE_MALFORMED },
		{ "bad-04.note", NOTE_MALFORMED },
		{ "bad-06.note", NOTE_MALFORMED },
		{ "bad-08.note", NOTE_FORGED },
		{ "bad-09.note", NOTE_UNSIGNED },
		{ "bad-10.note", NOTE_MALFORMED },
	};
	struct note_head head;
	struct note_key key;
	char bytes[4096];
	size_t i, n;

	(void)state;
	assert_true(note_key_read(VKEY "\n", sizeof(VKEY), &key));
	for (i = 0; i < COUNT_OF(cases); i++) {
		n = read_file(cases[i].file, bytes, sizeof(bytes));
		assert_int_equal(note_head_open(bytes, n, &key, &head),
		    cases[i].result);
	}
}

static void
test_signing(void **state)
{
	struct note_signer *signer = note_signer_read(PRIVATE,
	    strlen(PRIVATE));
	char text[NOTE_HEAD], out[NOTE_HEAD], want[NOTE_HEAD];
	char vkey[NOTE_VKEY];
	struct note_head head;
	size_t n;

	(void)state;
	assert_non_null(signer);
	note_key_print(note_signer_key(signer), vkey);
	assert_string_equal(vkey, VKEY);
	note_signer_print(signer, vkey);
	assert_string_equal(vkey, PRIVATE);
	assert_true(note_head_read(TEXT, sizeof(TEXT) - 1, &head));
	assert_int_equal(head.size, 300);
	assert_int_equal(note_head_print(&head, text, sizeof(text)),
	    sizeof(TEXT) - 1);
	assert_string_equal(text, TEXT);
	n = note_sign(signer, text, sizeof(TEXT) - 1, out, sizeof(out));
	assert_int_equal(read_file("ok-300.note", want, sizeof(want)), n);
	assert_memory_equal(out, want, n);
	/* What does not fit is not written. */
	assert_int_equal(note_sign(signer, text, sizeof(TEXT) - 1, out, n), 0);
	assert_int_equal(note_sign(signer, "no newline", 10, out,
	    sizeof(out)), 0);
	note_signer_free(&signer);
	assert_null(signer);
}

static void
test_new_key(void **state)
{
	struct note_signer *signer = note_signer_new("edge-1"), *again;
	char private[NOTE_VKEY], vkey[NOTE_VKEY], out[NOTE_HEAD];
	struct note_key key;
	struct note_head head = { .origin = "edge-1", .size = 5 };
	char text[NOTE_HEAD];
	size_t n;

	(void)state;
	assert_non_null(signer);
	note_signer_print(signer, private);
	note_key_print(note_signer_key(signer), vkey);
	assert_true(note_key_read(vkey, strlen(vkey), &key));
	again = note_signer_read(private, strlen(private));
	assert_non_null(again);
	n = note_head_print(&head, text, sizeof(text));
	n = note_sign(again, text, n, out, sizeof(out));
	assert_int_equal(note_head_open(out, n, &key, &head), NOTE_GOOD);
	out[8] ^= 1;		/* of the size */
	assert_int_not_equal(note_head_open(out, n, &key, &head), NOTE_GOOD);
	note_signer_free(&again);
	note_signer_free(&signer);
	assert_null(note_signer_new("two words"));
	assert_null(note_signer_new("a+b"));
	assert_null(note_signer_new(""));
}

static void
test_bad_keys(void **state)
{
	static const char *const bad[] = { "", "+", "a+b+c", "a+1bc3f0fe+",
		"audit.gatebook.example/edge-1+1bc3f0ff+"
		"Ade4Qfbm5CJ7TzUKzE1nmbfatgh6jN4xT32D+bcuB9Nu",
		"audit.gatebook.example/edge-2+1bc3f0fe+"
		"Ade4Qfbm5CJ7TzUKzE1nmbfatgh6jN4xT32D+bcuB9Nu",
		"audit.gatebook.example/edge-1+1bc3f0fe+"
		"Ade4Qfbm5CJ7TzUKzE1nmbfatgh6jN4xT32D+bcuB9N",
		VKEY "A", PRIVATE };
	struct note_signer *signer;
	struct note_key key;
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(bad); i++)
		if (note_key_read(bad[i], strlen(bad[i]), &key))
			fail_msg("\"%s\" was read", bad[i]);
	assert_null(note_signer_read(VKEY, strlen(VKEY)));
	for (i = 0; i < strlen(PRIVATE); i++) {
		(void)snprintf(text, sizeof(text), "%s", PRIVATE);
		text[i] = text[i] == 'A' ? 'B' : 'A';
		signer = note_signer_read(text, strlen(text));
		if (signer != NULL)
			fail_msg("a private key with another letter at %d",
			    (int)i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_signing),
		cmocka_unit_test(test_new_key),
		cmocka_unit_test(test_bad_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
