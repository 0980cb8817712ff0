/* SPDX-License-Identifier: Apache-2.0 */
/* test_deadline.c - deadlines fire once, in time, in any order of setting,
 * pushing and clearing; the clock is moved by hand. */
#include "proxy/deadline.h"

#include "lib/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND 1000000

static struct event_base *base;
static struct deadlines *wheel;
static int64_t offset;
static struct deadline *fired[8];
static unsigned fired_count;

static void
on_passed(struct deadline *deadline)
{
	fired[fired_count++] = deadline;
}

/* Jump ahead and let the wheel's tick come. */
static void
pass(int64_t us)
{
	offset += us;
	clock_set_offset(0, offset);
	(void)event_base_loop(base, EVLOOP_ONCE);
}

static int
setup(void **state)
{
	(void)state;
	base = event_base_new();
	wheel = deadlines_new(base);
	fired_count = 0;
	return base == NULL || wheel == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	deadlines_free(&wheel);
	event_base_free(base);
	return 0;
}

static void
test_fires_once_not_early(void **state)
{
	struct deadline d = { 0 };

	(void)state;
	deadline_set(wheel, &d, 5 * SECOND, on_passed);
	pass(4 * SECOND);
	assert_int_equal(fired_count, 0);
	assert_true(deadline_is_set(&d));
	pass(2 * SECOND);
	assert_int_equal(fired_count, 1);
	assert_false(deadline_is_set(&d));
	pass(100 * SECOND);
	assert_int_equal(fired_count, 1);
}

static void
test_pushed_back(void **state)
{
	struct deadline d = { 0 };

	(void)state;
	deadline_set(wheel, &d, 2 * SECOND, on_passed);
	for (unsigned i = 0; i < 5; i++) {
		pass(SECOND);
		deadline_push(wheel, &d, 2 * SECOND);
	}
	assert_int_equal(fired_count, 0);
	pass(3 * SECOND);
	assert_int_equal(fired_count, 1);
}

static void
test_cleared(void **state)
{
	struct deadline a = { 0 }, b = { 0 }, c = { 0 };

	(void)state;
	deadline_set(wheel, &a, SECOND, on_passed);
	deadline_set(wheel, &b, SECOND, on_passed);
	deadline_set(wheel, &c, SECOND, on_passed);
	deadline_clear(&b);
	deadline_clear(&b);
	deadline_push(wheel, &b, SECOND);	/* not set: nothing happens */
	pass(2 * SECOND);
	assert_int_equal(fired_count, 2);
	assert_false(fired[0] == &b || fired[1] == &b);
}

/* Longer than one turn of the wheel, and after a stop longer than one. */
static void
test_long(void **state)
{
	struct deadline day = { 0 }, hour = { 0 };

	(void)state;
	deadline_set(wheel, &day, UINT64_C(86400) * SECOND, on_passed);
	deadline_set(wheel, &hour, UINT64_C(3600) * SECOND, on_passed);
	pass(INT64_C(3500) * SECOND);
	assert_int_equal(fired_count, 0);
	pass(INT64_C(200) * SECOND);
	assert_int_equal(fired_count, 1);
	assert_ptr_equal(fired[0], &hour);
	pass(INT64_C(90000) * SECOND);
	assert_int_equal(fired_count, 2);
}

static struct deadline partner;

static void
on_clears_partner(struct deadline *deadline)
{
	(void)deadline;
	fired_count++;
	deadline_clear(&partner);
	deadline_set(wheel, deadline, SECOND, on_passed);
}

/* A deadline that fires may clear its neighbour and set itself again. */
static void
test_changes_while_firing(void **state)
{
	struct deadline d = { 0 };

	(void)state;
	deadline_set(wheel, &partner, SECOND, on_passed);
	deadline_set(wheel, &d, SECOND, on_clears_partner);
	pass(2 * SECOND);
	assert_int_equal(fired_count, 1);
	assert_true(deadline_is_set(&d));
	pass(2 * SECOND);
	assert_int_equal(fired_count, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fires_once_not_early,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_pushed_back, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_cleared, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changes_while_firing,
		    setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
