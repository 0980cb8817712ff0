/* SPDX-License-Identifier: Apache-2.0 */
/* test_settings.c - files of settings: what is taken, what is complained about,
 * and that what is printed reads back the same. */
#include "lib/macros.h"
#include "lib/settings.h"
#include "lib/settings_table.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static char complaints[16384];

static void
on_complaint(void *arg, const char *file, unsigned line, const char *message)
{
	size_t at = strlen(complaints);

	(void)arg;
	(void)snprintf(complaints + at, sizeof(complaints) - at, "%s:%u: %s\n",
	    file, line, message);
}

static void
write_file(const char *name, const char *text)
{
	char path[128];
	FILE *out;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

/* Read text as proxy.conf, from another folder than its own. */
static struct settings *
read_text(const char *text)
{
	char path[128];

	complaints[0] = '\0';
	write_file("proxy.conf", text);
	(void)snprintf(path, sizeof(path), "%s/./proxy.conf", folder);
	return settings_read(path, on_complaint, NULL);
}

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/test_settings.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	write_file("my.policy", "");
	return 0;
}

static int
teardown(void **state)
{
	static const char *const names[] = { "proxy.conf", "my.policy" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	return rmdir(folder);
}

#define POLICY "policy.file my.policy\n"

static void
test_values(void **state)
{
	struct settings *s = read_text("\xef\xbb\xbf# a file\r\n\n"
	    "  policy.file   my.policy  # of ours\n"
	    "listen  a 127.0.0.1:1\n"
	    "\tlisten\t\"b [::1]:2  proxy-protocol\" # quoted\n"
	    "proxy-protocol.from 10.0.0.0/8\n"
	    "node.name \"gate-1\"\n"
	    "worker.count 3\r\n"
	    "log.ring.size 8M\n"
	    "log.keep.min 0\n"
	    "log.interim 90s\n"
	    "log.failure count\n"
	    "dns.dnssec no\n"
	    "http.via off\n"
	    "dns.data \"x.example TXT \\\"a # b\\\\\\\"\"\n"
	    "dns.data x.example A 10.0.0.7\n"
	    "log.keep.size 3G");
	char expected[128];

	(void)state;
	assert_string_equal(complaints, "");
	assert_non_null(s);
	(void)snprintf(expected, sizeof(expected), "%s/my.policy", folder);
	assert_string_equal(s->policy_file, expected);
	(void)snprintf(expected, sizeof(expected), "%s/data", folder);
	assert_string_equal(s->data_folder, expected);
	(void)snprintf(expected, sizeof(expected), "%s/proxy.conf", folder);
	assert_string_equal(s->file, expected);
	assert_string_equal(s->run_folder, "auto");
	assert_string_equal(s->geoip_asn, "");
	assert_int_equal(s->listen.count, 2);	/* the default is gone */
	assert_string_equal(s->listen.item[1], "b [::1]:2  proxy-protocol");
	assert_string_equal(s->node_name, "gate-1");
	assert_int_equal(s->worker_count, 3);
	assert_int_equal(s->log_ring_size, 8 << 20);
	assert_int_equal(s->log_keep_min, 0);
	assert_int_equal(s->log_interim, 90000000);
	assert_int_equal(s->log_failure, LOG_FAILURE_COUNT);
	assert_int_equal(s->log_commit, LOG_COMMIT_MEMORY);
	assert_false(s->dns_dnssec);
	assert_false(s->http_via);
	assert_true(s->dns_ipv6);
	assert_string_equal(s->dns_data.item[0],
	    "x.example TXT \"a # b\\\"");
	assert_int_equal(s->log_keep_size, UINT64_C(3) << 30);
	settings_free(&s);
	assert_null(s);
	settings_free(&s);
}

/* Each line is one fault, and its complaint has these words. */
static void
test_faults(void **state)
{
	static const struct {
		const char *line;
		const char *words;
	} cases[] = {
		{ "listn a 127.0.0.1:1", "no setting \"listn\". Did you mean "
		    "listen?" },
		{ "log.keepmin 1d", "Did you mean log.keep.min?" },
		{ "completely.different 1", "See proxy.conf.example" },
		{ "worker.count", "has no value" },
		{ "worker.count # 3", "has no value" },
		{ "worker.count -1", "a whole number, from 0 to 256" },
		{ "worker.count 257", "a whole number, from 0 to 256" },
		{ "worker.count 1K", "a whole number" },
		{ "worker.count 3 4", "a whole number" },
		{ "worker.count 99999999999999999999999", "a whole number" },
		{ "worker.count 18446744073709551616", "a whole number" },
		{ "worker.count 0x3", "a whole number" },
		{ "worker.count \"\"", "a whole number" },
		{ "log.interim 5", "with its unit (us, ms, s, m, h or d)" },
		{ "log.interim 5 s", "with its unit" },
		{ "log.interim 0", "from 1s to 1d" },
		{ "log.interim 25h", "from 1s to 1d" },
		{ "log.keep.min 18446744073709551615d", "from 0 to 36500d" },
		{ "log.ring.size 8MB", "a size such as" },
		{ "log.ring.size 1K", "from 256K to 1G" },
		{ "log.commit disk", "one of: memory forward" },
		{ "dns.ipv6 true", "on or off" },
		{ "listen 127.0.0.1:3128", "NAME ADDRESS:PORT" },
		{ "listen a localhost:3128", "NAME ADDRESS:PORT" },
		{ "listen a 127.0.0.1:3128 proxy", "NAME ADDRESS:PORT" },
		{ "listen a 127.0.0.1:3128 proxy-protocol x", "NAME ADDR" },
		{ "listen a/b 127.0.0.1:3128", "NAME ADDRESS:PORT" },
		{ "listen \"\"", "There is no listener" },
		{ "proxy-protocol.from 10.0.0.1/8", "without bits beyond" },
		{ "admin.listen off", "or none" },
		{ "node.name a b", "stands in the Via field" },
		{ "dns.forward 10.0.0.1:53", "ADDRESS@PORT" },
		{ "dns.forward 10.0.0.1@0", "ADDRESS@PORT" },
		{ "dns.zone example", "NAME TYPE" },
		{ "dns.zone example statick", "the types are static" },
		{ "dns.zone static", "NAME TYPE" },
		{ "report.file /nowhere/operator.log",
		    "there is no folder /nowhere" },
		{ "listen a 127.0.0.1:1\nadmin.listen 127.0.0.1:1",
		    "the listener a have the same address" },
		{ "log.keep.min ten\nlog.keep.max 5d", "log.keep.min cannot" },
		{ "dns.data example A", "NAME TYPE DATA" },
		{ "upstream.parent proxy.example", "HOST:PORT" },
		{ "upstream.parent proxy.example:0", "HOST:PORT" },
		{ "upstream.parent a b:80", "HOST:PORT" },
		{ "upstream.direct *.example", "host suffix" },
		{ "user.worker root:root", "one system user" },
		{ "user.worker \"\"", "one system user" },
		{ "data.folder \"\"", "name of a folder" },
		{ "geoip.asn nowhere.mmdb", "nowhere.mmdb: No such file" },
		{ "dns.hosts .", "is not a file" },
		{ "node.name \"a", "closing double quote" },
		{ "node.name \"a\" b", "After the closing double quote" },
		{ "node.name \"a\\n\"", "a backslash stands only" },
		{ "node.name \"a\\", "a backslash stands only" },
		{ "node.name a\001b", "control character" },
		{ "log.keep.max 10d", "shorter than log.keep.min" },
		{ "http.field.max 200K", "larger than http.head.max" },
		{ "http.target.max 200K", "larger than http.head.max" },
		{ "listen a 127.0.0.1:1 proxy-protocol", "names no network" },
		{ "listen a 127.0.0.1:1\nlisten a 127.0.0.1:2",
		    "have the same name" },
		{ "listen a 127.0.0.1:1\nlisten b 127.0.0.1:1",
		    "have the same address" },
		{ "worker.count 1\nworker.count 1", "given on line 2 already" },
		{ "dns.anchor /nowhere\ndns.dnssec on",
		    "dns.anchor cannot be used: /nowhere: No such file" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[512];
		struct settings *s;
		const char *newline;

		(void)snprintf(text, sizeof(text), POLICY "%s\n",
		    cases[i].line);
		s = read_text(text);
		newline = strchr(complaints, '\n');
		if (s != NULL || strstr(complaints, cases[i].words) == NULL ||
		    newline == NULL || newline[1] != '\0')
			fail_msg("%s: %s", cases[i].line, complaints);
		assert_null(s);
	}
}

static void
test_fine(void **state)
{
	static const char *const cases[] = {
		"listen a 127.0.0.1:0\nlisten b 127.0.0.1:0",
		"listen a 127.0.0.1:1\nlisten b [::1]:1",
		"log.keep.max 0",
		"admin.listen none",
		"upstream.parent [2001:db8::1]:8080",
		"upstream.parent \"\"",
		"dns.forward 10.0.0.53@53\ndns.forward 2001:db8::53",
		"upstream.direct dept.example\nupstream.direct 10.0.0.0/8",
		"dns.hosts \"\"",
		"dns.anchor /nowhere",		/* not used */
		("listen a 127.0.0.1:1 proxy-protocol\n"
		    "proxy-protocol.from 10.0.0.1"),
		"log.keep.size 18446744073709551615",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[512];
		struct settings *s;

		(void)snprintf(text, sizeof(text), POLICY "%s\n", cases[i]);
		s = read_text(text);
		assert_string_equal(complaints, "");
		assert_non_null(s);
		settings_free(&s);
	}
}

static void
test_all_faults_at_once(void **state)
{
	char expected[512];

	(void)state;
	assert_null(read_text("nonsense 1\n\nworker.count x\nlisten y\n"
	    "log.keep.max 10d\n"));
	(void)snprintf(expected, sizeof(expected),
	    "%s/./proxy.conf:1: There is no setting", folder);
	assert_non_null(strstr(complaints, expected));
	assert_non_null(strstr(complaints, "proxy.conf:3: worker.count"));
	assert_non_null(strstr(complaints, "proxy.conf:4: listen"));
	/* What does not agree is told beside what is wrong by itself. */
	assert_non_null(strstr(complaints, "proxy.conf:5: log.keep.max"));
	/* The default policy is not in that folder. */
	assert_non_null(strstr(complaints, "proxy.conf:0: policy.file is not "
	    "set"));
}

static void
test_no_file(void **state)
{
	(void)state;
	complaints[0] = '\0';
	assert_null(settings_read("/nowhere/proxy.conf", on_complaint, NULL));
	assert_non_null(strstr(complaints, "/nowhere/proxy.conf:0: It cannot "
	    "be read: No such file or directory; name another"));
	complaints[0] = '\0';
	assert_null(settings_read("/", on_complaint, NULL));
	assert_non_null(strstr(complaints, "Is a directory"));
	complaints[0] = '\0';
	assert_null(settings_read("/dev/zero", on_complaint, NULL));
	assert_non_null(strstr(complaints, "at most 1 MiB"));
}

static void
test_loose(void **state)
{
	char path[128];
	struct settings *s;

	(void)state;
	assert_null(read_text("nonsense\nrun.folder /run/mine\n"
	    "worker.count x\nlisten y\n"));
	(void)snprintf(path, sizeof(path), "%s/proxy.conf", folder);
	s = settings_read_loose(path);
	assert_non_null(s);
	assert_string_equal(s->run_folder, "/run/mine");
	assert_string_equal(s->file, path);
	assert_int_equal(s->worker_count, 0);
	settings_free(&s);
	assert_null(settings_read_loose("/nowhere"));
	assert_int_equal(errno, ENOENT);
}

static int
print_to_memory(const struct settings *s)
{
	int fd = memfd_create("settings", MFD_CLOEXEC);
	FILE *out = fdopen(dup(fd), "w");

	assert_int_equal(settings_print(s, out), 0);
	assert_int_equal(fclose(out), 0);
	return fd;
}

static void
read_back(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
}

/* What is printed reads back as the same, and prints the same. */
static void
check_round_trip(const struct settings *s)
{
	static char first[65536], second[65536];
	struct settings *again;
	int fd = print_to_memory(s);

	read_back(fd, first, sizeof(first));
	again = settings_read_fd(fd);
	assert_non_null(again);
	(void)close(fd);
	if (s->file != NULL)
		assert_string_equal(again->file, s->file);
	fd = print_to_memory(again);
	read_back(fd, second, sizeof(second));
	(void)close(fd);
	assert_string_equal(first, second);
	/* Lists keep their length, also when they are empty. */
	assert_int_equal(again->listen.count, s->listen.count);
	settings_free(&again);
}

static void
test_round_trip(void **state)
{
	struct settings *s = read_text(POLICY
	    "listen a 127.0.0.1:1\nlisten b 127.0.0.1:2\n"
	    "data.folder \" odd \\\"name\\\\ # \"\n"
	    "log.sync.interval 12345us\nlog.ring.size 262145\n"
	    "upstream.direct a.example\nhttp.via no\nreport.level debug\n"
	    "log.failure count\ndns.data \"a TXT \\\"x\\\"\"\n");

	(void)state;
	assert_string_equal(complaints, "");
	check_round_trip(s);
	settings_clear(s, SETTINGS_ID_listen);
	check_round_trip(s);
	settings_free(&s);
	s = settings_defaults("/");
	assert_string_equal(s->data_folder, "/data");
	check_round_trip(s);
	settings_free(&s);
}

/* A path as long as it can be, all of bytes that are escaped. */
static void
test_longest(void **state)
{
	static char text[2 * SETTINGS_VALUE_MAX];
	size_t at = (size_t)snprintf(text, sizeof(text), POLICY
	    "data.folder /#");
	struct settings *s;

	(void)state;
	memset(text + at, '"', SETTINGS_VALUE_MAX - 15);
	s = read_text(text);
	assert_string_equal(complaints, "");
	assert_non_null(s);
	assert_int_equal(strlen(s->data_folder), SETTINGS_VALUE_MAX - 13);
	check_round_trip(s);
	settings_free(&s);
	text[at + SETTINGS_VALUE_MAX - 15] = '"';
	assert_null(read_text(text));
	assert_non_null(strstr(complaints, "longer than 4095 bytes"));
}

static void
test_list_bound(void **state)
{
	static char text[65536];
	size_t at = (size_t)snprintf(text, sizeof(text), POLICY);
	struct settings *s;

	(void)state;
	for (unsigned i = 0; i <= SETTINGS_LIST_MAX; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
		    "upstream.direct h%u.example\n", i);
	s = read_text(text);
	assert_null(s);
	assert_non_null(strstr(complaints, "at most 256 lines"));
}

/* The example names every setting, and with every # taken away it says the
 * defaults. */
static void
test_example(void **state)
{
	char *text = NULL, *bare, *out, *line;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	struct settings *s;

	(void)state;
	assert_int_equal(settings_print_example(f), 0);
	assert_int_equal(fclose(f), 0);
	bare = malloc(size + 1);
	out = bare;
	for (line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
		size_t n = (size_t)(strchr(line, '\n') + 1 - line);
		size_t skip = line[0] == '#' && line[1] != ' ' &&
		    line[1] != '\n' ? 1 : 0;

		assert_true(n <= 80 || skip == 1);
		memcpy(out, line + skip, n - skip);
		out += n - skip;
	}
	*out = '\0';
	complaints[0] = '\0';
	s = settings_from_text(bare, (size_t)(out - bare), "/x", "example",
	    false, on_complaint, NULL);
	assert_string_equal(complaints, "");
	for (unsigned id = 0; id < SETTINGS_IDS; id++) {
		char word[64];

		(void)snprintf(word, sizeof(word), "\n%s ",
		    settings_rows[id].name);
		assert_non_null(strstr(bare, word));
	}
	check_round_trip(s);
	settings_free(&s);
	free(bare);
	free(text);
}

/* The files in the tree are what the table makes.  After a change of the table:
 * GATEBOOK_WRITE=1 build/tests/unit/test_settings, in the top folder. */
static void
check_tree(const char *path, int (*print)(FILE *))
{
	char *text = NULL, *found;
	size_t size = 0, found_size;
	FILE *f = open_memstream(&text, &size);

	assert_int_equal(print(f), 0);
	assert_int_equal(fclose(f), 0);
	if (getenv("GATEBOOK_WRITE") != NULL) {
		f = fopen(path, "w");
		assert_non_null(f);
		assert_int_equal(fwrite(text, 1, size, f), size);
		assert_int_equal(fclose(f), 0);
	}
	f = fopen(path, "r");
	assert_non_null(f);
	found = calloc(1, size + 2);
	found_size = fread(found, 1, size + 1, f);
	assert_int_equal(fclose(f), 0);
	if (found_size != size || memcmp(found, text, size) != 0)
		fail_msg("%s is older than lib/settings.def", path);
	free(found);
	free(text);
}

static void
test_tree(void **state)
{
	(void)state;
	if (access("lib/settings.def", R_OK) != 0)
		skip();		/* run from elsewhere */
	check_tree("proxy.conf.example", settings_print_example);
	check_tree("docs/man/proxy.conf.5", settings_print_manual);
}

static void
test_host_port(void **state)
{
	char host[NAME_MAX_BYTES + 1];
	uint16_t port;

	(void)state;
	assert_true(settings_host_port("Proxy.Example:8080", host, &port));
	assert_string_equal(host, "proxy.example");
	assert_int_equal(port, 8080);
	assert_true(settings_host_port("[::1]:1", host, &port));
	assert_string_equal(host, "::1");
	assert_false(settings_host_port("::1:1", host, &port));
	assert_false(settings_host_port("a:65536", host, &port));
	assert_false(settings_host_port("a:", host, &port));
	assert_false(settings_host_port(":1", host, &port));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_fine),
		cmocka_unit_test(test_all_faults_at_once),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_loose),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_list_bound),
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_host_port),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
