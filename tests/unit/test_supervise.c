/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_supervise.c - the parent's pure parts: delays of restarts, numbers of
 * in-flight tables, what systemd hands over, listener lines, what a change of
 * settings touches, the gate of the operator's log, metrics.
 */
#include "daemon/books.h"
#include "daemon/handed.h"
#include "daemon/listeners.h"
#include "daemon/metrics.h"
#include "daemon/oplog.h"
#include "daemon/reload.h"
#include "daemon/supervise.h"
#include "lib/macros.h"

#include <event2/buffer.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

static void
test_delay_doubles_and_resets(void **state)
{
	struct supervise supervise = { 0 };
	static const uint64_t expected[] = { 0, 100000, 200000, 400000, 800000,
	    1600000, 3200000, 6400000, 12800000, 25600000, 30000000, 30000000 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(expected); i++)
		assert_int_equal(supervise_delay(&supervise, 1000,
		    SUPERVISE_LONGEST_US), expected[i]);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(supervise_delay(&supervise, 0,
		    SUPERVISE_LONGEST_US), 30000000);
	/* A minute of life, and all is well again. */
	assert_int_equal(supervise_delay(&supervise, 60000000,
	    SUPERVISE_LONGEST_US), 0);
	assert_int_equal(supervise_delay(&supervise, 59999999,
	    SUPERVISE_LONGEST_US), 100000);
	for (int i = 0; i < 20; i++)
		assert_true(supervise_delay(&supervise, 0,
		    SUPERVISE_NEEDED_US) <= SUPERVISE_NEEDED_US);
}

static void
test_deaths_in_words(void **state)
{
	char words[96];

	(void)state;
	supervise_words(9, words, sizeof(words));
	assert_string_equal(words, "killed by signal 9 (Killed)");
	supervise_words(3 << 8, words, sizeof(words));
	assert_string_equal(words, "ended with status 3");
}

static void
test_book_numbers(void **state)
{
	static const struct {
		const char *name;
		bool good;
		uint64_t number;
	} cases[] = {
		{ "book.1", true, 1 },
		{ "book.18446744073709551615", true, UINT64_MAX },
		{ "book.18446744073709551616", false, 0 },
		{ "book.0", false, 0 },
		{ "book.", false, 0 },
		{ "book.-1", false, 0 },
		{ "book. 1", false, 0 },
		{ "book.1x", false, 0 },
		{ "book.1.new", false, 0 },
		{ "control", false, 0 },
	};
	uint64_t number = 0, last = 0;
	char name[32];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(books_number_of(cases[i].name, &number),
		    cases[i].good);
		if (cases[i].good)
			assert_true(number == cases[i].number);
	}
	/* Many in one millisecond, and a clock that is set back. */
	for (int i = 0; i < 100000; i++) {
		number = books_number_after(last, i < 50000 ?
		    UINT64_C(1790000000000000) : UINT64_C(1000));
		assert_true(number > last);
		last = number;
	}
	books_name(last, name);
	assert_true(books_number_of(name, &number));
	assert_true(number == last);
}

static void
test_sockets_from_systemd(void **state)
{
	static struct handed handed;
	static const struct {
		const char *pid, *fds, *names;
		size_t count;
		const char *first, *second;
	} cases[] = {
		{ "7", "2", "main:admin", 2, "main", "admin" },
		{ "7", "2", "main", 2, "main", "" },
		{ "7", "2", ":admin", 2, "", "admin" },
		{ "7", "2", NULL, 2, "", "" },
		{ "8", "2", "main:admin", 0, NULL, NULL },
		{ "7", "0", "", 0, NULL, NULL },
		{ "7", "-1", "", 0, NULL, NULL },
		{ "7", "x", "", 0, NULL, NULL },
		{ "7x", "1", "", 0, NULL, NULL },
		{ NULL, "1", "main", 0, NULL, NULL },
		{ "7", NULL, "main", 0, NULL, NULL },
		{ "7", "100000", "main", LISTENERS_MAX, "main", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		handed_parse(cases[i].pid, cases[i].fds, cases[i].names, 7,
		    &handed);
		assert_int_equal(handed.count, cases[i].count);
		if (handed.count == 0)
			continue;
		assert_int_equal(handed.fd[0], 3);
		assert_string_equal(handed.name[0], cases[i].first);
		assert_string_equal(handed.name[1], cases[i].second);
	}
}

static void
test_listener_lines(void **state)
{
	static const struct {
		const char *line;
		bool good, proxy_protocol;
		const char *name;
		uint16_t port;
		uint8_t family;
	} cases[] = {
		{ "main 127.0.0.1:3128", true, false, "main", 3128, 4 },
		{ "main  [::1]:3128", true, false, "main", 3128, 6 },
		{ "lb-1 0.0.0.0:80 proxy-protocol", true, true, "lb-1", 80,
		    4 },
		{ "main 127.0.0.1:0", true, false, "main", 0, 4 },
		{ "main", false, false, "", 0, 0 },
		{ "", false, false, "", 0, 0 },
		{ "ma/in 127.0.0.1:1", false, false, "", 0, 0 },
		{ "main 127.0.0.1", false, false, "", 0, 0 },
		{ "main 127.0.0.1:65536", false, false, "", 0, 0 },
		{ "main localhost:80", false, false, "", 0, 0 },
		{ "main 127.0.0.1:80 proxy", false, false, "", 0, 0 },
		{ "main 127.0.0.1:80 proxy-protocol x", false, false, "", 0,
		    0 },
	};
	struct listener listener;
	char why[256];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		why[0] = '\0';
		assert_int_equal(listener_parse(cases[i].line, &listener, why,
		    sizeof(why)), cases[i].good);
		if (!cases[i].good) {
			assert_true(why[0] != '\0');
			continue;
		}
		assert_string_equal(listener.name, cases[i].name);
		assert_int_equal(listener.asked.port, cases[i].port);
		assert_int_equal(listener.asked.family, cases[i].family);
		assert_int_equal(listener.proxy_protocol,
		    cases[i].proxy_protocol);
	}
}

static void
on_no_complaint(void *arg, const char *file, unsigned line,
    const char *message)
{
	(void)arg;
	(void)file;
	(void)line;
	(void)message;
}

static void
test_a_taken_address_is_noticed(void **state)
{
	struct settings *settings = settings_defaults("/tmp");
	struct listeners *first, *second, *adopted;
	char line[128], where[ADDRESS_TEXT_MAX];
	static char free_port[] = "main 127.0.0.1:0", none[] = "none";
	char *item = free_port, *before = settings->listen.item[0];
	char *admin = settings->admin_listen;

	(void)state;
	settings->admin_listen = none;
	settings->listen.item[0] = item;
	first = listeners_open(settings, 3, NULL, NULL, on_no_complaint, NULL);
	assert_non_null(first);
	assert_int_equal(first->item[0].fds, 3);
	assert_true(first->item[0].address.port != 0);
	/* The same settings again keep the sockets, and grow. */
	adopted = listeners_open(settings, 5, first, NULL, on_no_complaint,
	    NULL);
	assert_non_null(adopted);
	assert_int_equal(adopted->item[0].fds, 5);
	assert_int_equal(adopted->item[0].address.port,
	    first->item[0].address.port);
	listeners_close(&adopted);
	/* SO_REUSEPORT must not let us share it with a stranger. */
	(void)address_print_port(&first->item[0].address, where);
	(void)snprintf(line, sizeof(line), "other %s", where);
	settings->listen.item[0] = line;
	second = listeners_open(settings, 1, NULL, NULL, on_no_complaint,
	    NULL);
	assert_null(second);
	listeners_close(&first);
	settings->listen.item[0] = before;
	settings->admin_listen = admin;
	settings_free(&settings);
}

static void
test_changes_of_settings(void **state)
{
	struct settings *old = settings_defaults("/tmp");
	struct settings *changed = settings_defaults("/tmp");
	const char *fixed;

	(void)state;
	assert_int_equal(settings_compare(old, changed, &fixed), 0);
	assert_null(fixed);
	changed->client_idle++;
	assert_int_equal(settings_compare(old, changed, &fixed),
	    TOUCHES_WORKERS);
	changed->client_idle--;
	changed->stop_max++;
	assert_int_equal(settings_compare(old, changed, &fixed),
	    TOUCHES_PARENT);
	changed->stop_max--;
	free(changed->policy_file);
	changed->policy_file = strdup("/tmp/other.policy");
	assert_int_equal(settings_compare(old, changed, &fixed),
	    TOUCHES_POLICY);
	free(changed->data_folder);
	changed->data_folder = strdup("/tmp/elsewhere");
	assert_true((settings_compare(old, changed, &fixed) &
	    TOUCHES_FIXED) != 0);
	assert_string_equal(fixed, "data.folder");
	settings_free(&old);
	settings_free(&changed);
}

static void
test_operators_log_is_bounded(void **state)
{
	struct oplog_gate gate = { 0 };
	uint64_t held, passed = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		passed += oplog_gate(&gate, 5000000, &held);
	assert_int_equal(passed, OPLOG_LINES_A_SECOND);
	assert_true(oplog_gate(&gate, 6000000, &held));
	assert_int_equal(held, 1000 - OPLOG_LINES_A_SECOND);
	assert_true(oplog_gate(&gate, 6000001, &held));
	assert_int_equal(held, 0);
}

static char *
text_of(struct evbuffer *out)
{
	assert_int_equal(evbuffer_add(out, "", 1), 0);
	return (char *)evbuffer_pullup(out, -1);
}

static void
test_metrics(void **state)
{
	struct stats_page *page = aligned_alloc(128, sizeof(*page));
	struct logstate log;
	struct evbuffer *out = evbuffer_new();
	char *text, why[128];

	(void)state;
	assert_non_null(page);
	memset(page, 0, sizeof(*page));
	memset(&log, 0, sizeof(log));
	page->slot[0].kind = STATS_PARENT;
	page->slot[1].kind = STATS_WORKER;
	page->slot[1].number = 3;
	page->slot[1].requests = 41;
	page->slot[1].latency[0] = 2;
	page->slot[1].latency[19] = 1;
	page->slot[1].latency_us = 1500000;
	log.condition = LOGSTATE_GOOD;
	metrics_print(out, page, &log);
	text = text_of(out);
	assert_non_null(strstr(text, "gatebook_requests_total{process="
	    "\"worker\",number=\"3\",slot=\"1\"} 41\n"));
	assert_non_null(strstr(text, "gatebook_request_duration_seconds_bucket"
	    "{process=\"worker\",number=\"3\",slot=\"1\",le=\"0.00025\"} 2\n"));
	assert_non_null(strstr(text, "le=\"+Inf\"} 3\n"));
	assert_non_null(strstr(text, "_sum{process=\"worker\",number=\"3\","
	    "slot=\"1\"} 1.500000\n"));
	assert_non_null(strstr(text, "gatebook_log_condition="
	    "\"good\"} 1\n"));
	assert_string_equal(text + strlen(text) - 6, "# EOF\n");
	evbuffer_free(out);

	/* Ready: on, log good, worker beating. */
	assert_false(metrics_ready(page, &log, 0, why, sizeof(why)));
	page->slot[0].incarnation = 1;
	page->slot[1].heartbeat_us = 10000000;
	assert_true(metrics_ready(page, &log, 15000000, why, sizeof(why)));
	assert_false(metrics_ready(page, &log, 15000001, why, sizeof(why)));
	log.condition = LOGSTATE_FULL;
	assert_false(metrics_ready(page, &log, 10000000, why, sizeof(why)));
	log.condition = LOGSTATE_GOOD;
	page->slot[1].kind = STATS_UNUSED;
	assert_false(metrics_ready(page, &log, 10000000, why, sizeof(why)));
	free(page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delay_doubles_and_resets),
		cmocka_unit_test(test_deaths_in_words),
		cmocka_unit_test(test_book_numbers),
		cmocka_unit_test(test_sockets_from_systemd),
		cmocka_unit_test(test_listener_lines),
		cmocka_unit_test(test_a_taken_address_is_noticed),
		cmocka_unit_test(test_changes_of_settings),
		cmocka_unit_test(test_operators_log_is_bounded),
		cmocka_unit_test(test_metrics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
