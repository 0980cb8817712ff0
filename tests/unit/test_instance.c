/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_instance.c - the command comes to the same run folder as the daemon, and
 * takes an answer to pieces however it arrives.
 */
#include "ctl/instance.h"
#include "lib/macros.h"
#include "lib/runfolder.h"
#include "lib/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], conf[96], policy[96];

static void
write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	(void)fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/instance-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(conf, sizeof(conf), "%s/proxy.conf", folder);
	(void)snprintf(policy, sizeof(policy), "%s/p.policy", folder);
	write_file(policy, "");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlink(conf);
	(void)unlink(policy);
	return rmdir(folder);
}

static void
complain(void *arg, const char *file, unsigned line, const char *message)
{
	(void)arg;
	print_message("%s:%u: %s\n", file, line, message);
}

static void
test_run_folder(void **state)
{
	static const char *const lines[] = { "", "run.folder auto",
		"run.folder /tmp/x", "run.folder  \"/tmp/a b\"",
		"run.folder run", "\trun.folder /tmp/x  # a word",
		"# run.folder /tmp/x", "run.folder \"run\"",
		"run.folder sub/run\r" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct instance instance;
		struct settings *settings;
		char text[256], run[PATH_MAX];

		(void)snprintf(text, sizeof(text), "policy.file p.policy\n"
		    "%s\n", lines[i]);
		write_file(conf, text);
		settings = settings_read(conf, complain, NULL);
		assert_non_null(settings);
		assert_int_equal(run_folder(settings, run, sizeof(run)), 0);
		assert_int_equal(instance_find(conf, false, &instance), 0);
		assert_string_equal(instance.run, run);
		assert_string_equal(instance.file, settings->file);
		settings_free(&settings);
	}
}

/* A file with faults, or one that cannot be read, still leads there. */
static void
test_faults(void **state)
{
	struct instance instance;

	(void)state;
	write_file(conf, "frob 1\nrun.folder /tmp/y\nlisten x\n");
	assert_int_equal(instance_find(conf, false, &instance), 0);
	assert_string_equal(instance.run, "/tmp/y");
	assert_int_equal(instance_find(folder, false, &instance), -1);
	assert_int_equal(instance_find("/nonexistent", false, &instance), -1);
	(void)setenv("GATEBOOK_CONF", conf, 1);
	assert_int_equal(instance_find(NULL, false, &instance), 0);
	assert_string_equal(instance.file, conf);
	(void)unsetenv("GATEBOOK_CONF");
}

static void
test_talk(void **state)
{
	static char large[300000];
	struct talk talk;
	int pair[2];
	size_t length;
	char *line;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	talk_init(&talk, pair[0]);
	assert_int_equal(talk_send(&talk, "question"), 0);
	assert_int_equal(recv(pair[1], large, sizeof(large), 0), 9);
	assert_int_equal(send(pair[1], "one\n\ntwo\nthr", 12, 0), 12);
	line = talk_line(&talk, 5, &length);
	assert_string_equal(line, "one");
	assert_true(talk_has_line(&talk));
	line = talk_line(&talk, 5, &length);
	assert_string_equal(line, "");
	line = talk_line(&talk, 5, &length);
	assert_string_equal(line, "two");
	assert_false(talk_has_line(&talk));
	assert_int_equal(send(pair[1], "ee\n", 3, 0), 3);
	line = talk_line(&talk, 5, &length);
	assert_string_equal(line, "three");
	memset(large, 'x', sizeof(large));
	large[sizeof(large) - 1] = '\n';
	for (size_t at = 0; at < sizeof(large);) {
		ssize_t n = send(pair[1], large + at, sizeof(large) - at,
		    MSG_DONTWAIT);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	(void)shutdown(pair[1], SHUT_WR);
	line = talk_line(&talk, 5, &length);
	if (line != NULL)	/* all of it fitted into the socket */
		assert_int_equal(length, sizeof(large) - 1);
	assert_null(talk_line(&talk, 5, &length));
	talk_close(&talk);
	(void)close(pair[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run_folder),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_talk)
	};

	(void)unsetenv("GATEBOOK_CONF");
	return cmocka_run_group_tests(tests, setup, teardown);
}
