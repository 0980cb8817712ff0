/* SPDX-License-Identifier: Apache-2.0 */
/* test_deadline.c - deadlines fire once, in time, in any order of setting,
 * pushing and clearing; the clock is moved by hand. */
#include "proxy/deadline.h"

#include "lib/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Long against what the test itself takes, also under valgrind. */
#define MINUTE INT64_C(60000000)

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
	deadline_set(wheel, &d, 5 * MINUTE, on_passed);
	pass(4 * MINUTE);
	assert_int_equal(fired_count, 0);
	assert_true(deadline_is_set(&d));
	pass(2 * MINUTE);
	assert_int_equal(fired_count, 1);
	assert_false(deadline_is_set(&d));
	pass(100 * MINUTE);
	assert_int_equal(fired_count, 1);
}

static void
test_pushed_back(void **state)
{
	struct deadline d = { 0 };

	(void)state;
	deadline_set(wheel, &d, 2 * MINUTE, on_passed);
	for (unsigned i = 0; i < 5; i++) {
		pass(MINUTE);
		deadline_push(wheel, &d, 2 * MINUTE);
	}
	assert_int_equal(fired_count, 0);
	pass(3 * MINUTE);
	assert_int_equal(fired_count, 1);
}

static void
test_brought_forward(void **state)
{
	struct deadline d = { 0 };

	(void)state;
	/* Within one turn of the wheel: nobody looks at its old place before. */
	deadline_set(wheel, &d, MINUTE / 2, on_passed);
	deadline_push(wheel, &d, MINUTE / 12);
	pass(MINUTE / 6);
	assert_int_equal(fired_count, 1);
	assert_false(deadline_is_set(&d));
}

static void
test_cleared(void **state)
{
	struct deadline a = { 0 }, b = { 0 }, c = { 0 };

	(void)state;
	deadline_set(wheel, &a, MINUTE, on_passed);
	deadline_set(wheel, &b, MINUTE, on_passed);
	deadline_set(wheel, &c, MINUTE, on_passed);
	deadline_clear(&b);
	deadline_clear(&b);
	deadline_push(wheel, &b, MINUTE);	/* not set: nothing happens */
	pass(2 * MINUTE);
	assert_int_equal(fired_count, 2);
	assert_false(fired[0] == &b || fired[1] == &b);
}

/* Longer than one turn of the wheel, and after a stop longer than one. */
static void
test_long(void **state)
{
	struct deadline day = { 0 }, hour = { 0 };

	(void)state;
	deadline_set(wheel, &day, (uint64_t)(86400 * MINUTE), on_passed);
	deadline_set(wheel, &hour, (uint64_t)(3600 * MINUTE), on_passed);
	pass(3500 * MINUTE);
	assert_int_equal(fired_count, 0);
	pass(200 * MINUTE);
	assert_int_equal(fired_count, 1);
	assert_ptr_equal(fired[0], &hour);
	pass(90000 * MINUTE);
	assert_int_equal(fired_count, 2);
}

static struct deadline partner;

static void
on_clears_partner(struct deadline *deadline)
{
	(void)deadline;
	fired_count++;
	deadline_clear(&partner);
	deadline_set(wheel, deadline, MINUTE, on_passed);
}

/* A deadline that fires may clear its neighbour and set itself again. */
static void
test_changes_while_firing(void **state)
{
	struct deadline d = { 0 };

	(void)state;
	deadline_set(wheel, &partner, MINUTE, on_passed);
	deadline_set(wheel, &d, MINUTE, on_clears_partner);
	pass(2 * MINUTE);
	assert_int_equal(fired_count, 1);
	assert_true(deadline_is_set(&d));
	pass(2 * MINUTE);
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
		cmocka_unit_test_setup_teardown(test_brought_forward, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_cleared, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changes_while_firing,
		    setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
