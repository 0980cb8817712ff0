/* SPDX-License-Identifier: Apache-2.0 */
/* test_logstate.c - references: never twice, found when mistyped. */
#include "logging/logstate.h"

#include "lib/macros.h"

#include <sys/mman.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define DRAWN 20000

static struct logstate *
make(void)
{
	struct logstate *state;
	int fd = memfd_create("logstate", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_null(logstate_map(fd));
	assert_int_equal(logstate_create(fd), 0);
	state = logstate_map(fd);
	assert_non_null(state);
	assert_int_equal(close(fd), 0);
	return state;
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, REFERENCE_TEXT);
}

static void
test_unique(void **unused)
{
	struct logstate *state = make();
	struct reference_lease a = { 0 }, b = { 0 };
	char (*drawn)[REFERENCE_TEXT] = calloc(DRAWN, REFERENCE_TEXT);
	char settled[REFERENCE_TEXT];
	size_t i;

	(void)unused;
	assert_non_null(drawn);
	atomic_store(&state->reference_limit, 1 << 20);
	for (i = 0; i < DRAWN; i++) {
		assert_int_equal(reference_draw(state, i % 3 ? &a : &b,
		    drawn[i]), 0);
		assert_int_equal(strspn(drawn[i],
		    "23456789ABCDEFGHJKMNPQRSTUVWXYZ-"), 12);
		assert_int_equal(reference_settle(drawn[i], settled), 0);
		assert_string_equal(settled, drawn[i]);
	}
	qsort(drawn, DRAWN, REFERENCE_TEXT, compare);
	for (i = 1; i < DRAWN; i++)
		assert_string_not_equal(drawn[i - 1], drawn[i]);
	free(drawn);
	munmap(state, sizeof(*state));
}

static void
test_limit(void **unused)
{
	struct logstate *state = make();
	struct reference_lease lease = { 0 };
	char out[REFERENCE_TEXT];
	int i;

	(void)unused;
	assert_int_equal(reference_draw(state, &lease, out), -1);
	atomic_store(&state->reference_limit, REFERENCE_BLOCK + 10);
	for (i = 0; i < REFERENCE_BLOCK; i++)
		assert_int_equal(reference_draw(state, &lease, out), 0);
	assert_int_equal(reference_draw(state, &lease, out), -1);
	assert_int_equal(atomic_load(&state->reference_next), REFERENCE_BLOCK);
	munmap(state, sizeof(*state));
}

static void
test_typed(void **unused)
{
	struct logstate *state = make();
	struct reference_lease lease = { 0 };
	char good[REFERENCE_TEXT], wrong[REFERENCE_TEXT], out[REFERENCE_TEXT];
	char typed[32];
	size_t i, j;

	(void)unused;
	atomic_store(&state->reference_limit, REFERENCE_BLOCK);
	assert_int_equal(reference_draw(state, &lease, good), 0);
	for (i = 0; i < 12; i++)
		typed[i] = (char)(good[i] >= 'A' ? good[i] | 32 :
		    good[i] == '-' ? ' ' : good[i]);
	typed[12] = ' ';
	typed[13] = '\0';
	assert_int_equal(reference_settle(typed, out), 0);
	assert_string_equal(out, good);
	/* Each wrong character and each pair swapped is found. */
	for (i = 0; i < 12; i++) {
		if (good[i] == '-')
			continue;
		memcpy(wrong, good, sizeof(wrong));
		wrong[i] = good[i] == 'A' ? 'B' : 'A';
		assert_int_equal(reference_settle(wrong, out), -1);
		for (j = 0; j < i; j++) {
			if (good[j] == '-' || good[j] == good[i])
				continue;
			memcpy(wrong, good, sizeof(wrong));
			wrong[i] = good[j];
			wrong[j] = good[i];
			assert_int_equal(reference_settle(wrong, out), -1);
		}
	}
	assert_int_equal(reference_settle("", out), -1);
	assert_int_equal(reference_settle("7KQM-4TP-X2", out), -1);
	assert_int_equal(reference_settle("7KQM-4TP-X2C2", out), -1);
	assert_int_equal(reference_settle("0KQM-4TP-X2C", out), -1);
	munmap(state, sizeof(*state));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unique),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
