/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_log_verify.c - `gatebook log verify`, `log key` and `log head`: they read
 * the log's files themselves, so they work on a copy and without an instance.
 */
#include "ctl/ctl.h"

#include "ctl/instance.h"
#include "ctl/options.h"
#include "ctl/paint.h"
#include "lib/clock.h"
#include "logging/head_file.h"
#include "logging/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROVED = 0, NOT_PROVED = 1, COULD_NOT = 2 };

struct where {
	const char *conf;
	const char *folder;	/* given */
	const char *key;	/* given: a file */
	char path[PATH_MAX];	/* of the folder */
	int fd;
	struct note_key vkey;
};

struct telling {
	json_t *faults;
	json_t *notes;
	bool bar;		/* a progress bar stands on the terminal */
	uint64_t start_us;
};

/* --- finding the log -------------------------------------------------------------- */

/* data.folder is relative to the file that names it. */
static int
folder_of_settings(const char *conf, char path[PATH_MAX])
{
	struct instance instance;
	char data[PATH_MAX / 2];
	char *slash;
	int n;

	if (instance_find(conf, true, &instance) != 0)
		return -1;
	if (!instance_setting(instance.file, "data.folder", data,
	    sizeof(data)))
		(void)snprintf(data, sizeof(data), "data");
	slash = strrchr(instance.file, '/');
	if (data[0] == '/' || slash == NULL)
		n = snprintf(path, PATH_MAX, "%s/log", data);
	else
		n = snprintf(path, PATH_MAX, "%.*s/%s/log",
		    (int)(slash - instance.file), instance.file, data);
	return n > 0 && n < PATH_MAX ? 0 : -1;
}

static int
find_folder(struct where *where)
{
	char inner[PATH_MAX];

	if (where->folder == NULL) {
		if (folder_of_settings(where->conf, where->path) != 0)
			return -1;
	} else {
		/* The data folder will do as well. */
		(void)snprintf(where->path, PATH_MAX, "%s", where->folder);
		if (snprintf(inner, sizeof(inner), "%s/log", where->folder) <
		    PATH_MAX && access(inner, X_OK) == 0)
			(void)snprintf(where->path, PATH_MAX, "%s", inner);
	}
	where->fd = open(where->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (where->fd != -1)
		return 0;
	ctl_say("cannot read the log's folder %s: %s; run this as root or as "
	    "the log's user, or name a copy with --folder", where->path,
	    strerror(errno));
	return -1;
}

/* A small file; its length, or -1 with errno. */
static ssize_t
read_small(int folder, const char *name, char *out, size_t size)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n = 1;

	if (fd == -1)
		return -1;
	while (have < size && n > 0) {
		n = read(fd, out + have, size - have);
		if (n > 0)
			have += (size_t)n;
	}
	(void)close(fd);
	return n == -1 ? -1 : (ssize_t)have;
}

static int
find_key(struct where *where)
{
	const char *name = where->key != NULL ? where->key : HEAD_VKEY_FILE;
	char text[NOTE_VKEY + 2];
	ssize_t n;

	n = read_small(where->key != NULL ? AT_FDCWD : where->fd, name, text,
	    sizeof(text));
	if (n == -1) {
		ctl_say("cannot read the log's public key %s%s%s: %s; it is "
		    "made at the first start of a version that signs, and "
		    "named with --key", where->key != NULL ? "" : where->path,
		    where->key != NULL ? "" : "/", name, strerror(errno));
		return -1;
	}
	if (note_key_read(text, (size_t)n, &where->vkey) &&
	    where->vkey.type == NOTE_ED25519)
		return 0;
	ctl_say("%s is no public key of a log: it is damaged, or another file "
	    "was meant", name);
	return -1;
}

static int
find(struct where *where)
{
	if (find_folder(where) != 0)
		return -1;
	if (find_key(where) == 0)
		return 0;
	(void)close(where->fd);
	return -1;
}

/* --- verify ------------------------------------------------------------------------- */

static void
clear_bar(struct telling *telling)
{
	if (telling->bar)
		(void)fputs("\r\033[K", stderr);
}

static void
on_said(void *arg, enum verify_weight weight, const char *words)
{
	struct telling *telling = arg;

	(void)json_array_append_new(weight == VERIFY_FAULT ? telling->faults :
	    telling->notes, json_string(words));
}

static void
on_progress(void *arg, uint64_t done, uint64_t total)
{
	struct telling *telling = arg;
	uint64_t spent = clock_mono_us() - telling->start_us;
	char bar[41], have[16], all[16], left[24];
	uint64_t filled = total == 0 ? 40 : done >= total ? 40 :
	    done * 40 / total;

	if (!telling->bar || spent < 300000)
		return;
	memset(bar, ' ', 40);
	memset(bar, '#', (size_t)filled);
	bar[40] = '\0';
	paint_bytes(done, have);
	paint_bytes(total, all);
	paint_duration(done == 0 || done >= total ? 0 :
	    (uint64_t)((double)spent * (double)(total - done) /
	    (double)done), left);
	(void)fprintf(stderr, "\r[%s] %s of %s, %s left\033[K", bar, have, all,
	    left);
}

static void
print_list(json_t *list, const char *before, bool colours, enum paint how)
{
	const char *words;
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		words = json_string_value(json_array_get(list, i));
		(void)fputs("  ", stdout);
		paint(stdout, colours, how, before);
		paint_text(stdout, words, strlen(words));
		(void)fputc('\n', stdout);
	}
}

static void
print_words(const struct where *where, const struct verify_result *result,
    const struct telling *telling)
{
	bool colours = paint_wanted(stdout);
	char id[2 * NOTE_ID + 1], bytes[16], rate[16], spent_text[24];
	uint64_t spent = clock_mono_us() - telling->start_us;

	if (result->proved) {
		paint(stdout, colours, PAINT_GOOD, "PROVED");
		(void)printf(": the %" PRIu64 " records of the log %s up to "
		    "its newest signed head are whole and unaltered\n",
		    result->covered, where->vkey.name);
	} else {
		paint(stdout, colours, PAINT_BAD, "NOT PROVED");
		(void)printf(": %" PRIu64 " thing%s wrong with the log %s\n",
		    result->faults, result->faults == 1 ? " is" : "s are",
		    where->vkey.name);
	}
	print_list(telling->faults, "fault: ", colours, PAINT_BAD);
	print_list(telling->notes, "note: ", colours, PAINT_WARN);
	note_key_print_id(&where->vkey, id);
	if (where->key == NULL)
		(void)printf("  Checked with the key %s that lies beside the "
		    "log: compare it with the one that\n  you wrote down "
		    "(gatebook log key), or give that one with --key.\n", id);
	else
		(void)printf("  Checked with the key %s.\n", id);
	paint_bytes(result->bytes, bytes);
	paint_bytes(spent == 0 ? 0 : (uint64_t)((double)result->bytes * 1e6 /
	    (double)spent), rate);
	paint_duration(spent, spent_text);
	(void)printf("  Read %" PRIu64 " records, %s in %" PRIu64 " file%s, in "
	    "%s (%s a second).\n", result->records, bytes, result->files,
	    result->files == 1 ? "" : "s", spent_text, rate);
}

static void
print_json(const struct where *where, const struct verify_result *result,
    const struct telling *telling)
{
	char vkey[NOTE_VKEY];
	json_t *out;

	note_key_print(&where->vkey, vkey);
	out = json_pack("{s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:O, "
	    "s:O}", "verdict", result->proved ? "proved" : "not proved",
	    "log", where->vkey.name, "key", vkey, "key_given",
	    where->key != NULL, "covered", (json_int_t)result->covered,
	    "first", (json_int_t)result->first, "records",
	    (json_int_t)result->records, "bytes", (json_int_t)result->bytes,
	    "files", (json_int_t)result->files, "faults", telling->faults,
	    "notes", telling->notes);
	(void)json_dumpf(out, stdout, JSON_INDENT(2));
	(void)fputc('\n', stdout);
	json_decref(out);
}

static int
verify(struct where *where, const char *since, bool json)
{
	static char note[NOTE_MAX + 1];
	struct telling telling = { .faults = json_array(),
		.notes = json_array(), .start_us = clock_mono_us(),
		.bar = !json && isatty(STDERR_FILENO) };
	struct verify_request request = { .folder = where->fd,
		.key = &where->vkey, .say = on_said,
		.progress = on_progress, .arg = &telling };
	struct verify_result result;
	ssize_t n = 0;
	int done = -1;

	if (since != NULL)
		n = read_small(AT_FDCWD, since, note, sizeof(note));
	if (n == -1) {
		ctl_say("cannot read %s: %s", since, strerror(errno));
	} else {
		request.since = since == NULL ? NULL : note;
		request.since_length = (size_t)n;
		done = verify_log(&request, &result);
		clear_bar(&telling);
		if (done != 0)
			ctl_say("the log in %s cannot be read to its end: %s",
			    where->path, strerror(errno));
		else if (json)
			print_json(where, &result, &telling);
		else
			print_words(where, &result, &telling);
	}
	json_decref(telling.faults);
	json_decref(telling.notes);
	return done != 0 ? COULD_NOT : result.proved ? PROVED : NOT_PROVED;
}

enum { OPTION_FOLDER = 256, OPTION_KEY, OPTION_SINCE };

static int
run_verify(const struct ctl_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{ "folder", required_argument, NULL, OPTION_FOLDER },
		{ "key", required_argument, NULL, OPTION_KEY },
		{ "since-checkpoint", required_argument, NULL, OPTION_SINCE },
		{ "json", no_argument, NULL, 'j' },
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct where where = { .fd = -1 };
	const char *since = NULL;
	bool json = false;
	int c, status;

	while ((c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (c) {
		case OPTION_FOLDER: where.folder = optarg; break;
		case OPTION_KEY: where.key = optarg; break;
		case OPTION_SINCE: since = optarg; break;
		case 'j': json = true; break;
		case 'c': where.conf = optarg; break;
		case 'h': ctl_help(self); return CTL_OK;
		default: return ctl_misused(self, "this is not how it is used");
		}
	}
	if (optind < argc)
		return ctl_misused(self, "\"%s\" is one word too many",
		    argv[optind]);
	if (find(&where) != 0)
		return COULD_NOT;
	status = verify(&where, since, json);
	(void)close(where.fd);
	return status;
}

const struct ctl_command command_log_verify = { "log verify",
    "[--folder DIR] [--key FILE] [--since-checkpoint FILE] [--json] [-c FILE]",
    "Prove that the log is whole and unaltered, or say what is wrong.",
    "  --folder DIR             a log, or a copy of one, instead of the\n"
    "                           instance's\n"
    "  --key FILE               the log's public key, as you wrote it down;\n"
    "                           else the one that lies beside the log\n"
    "  --since-checkpoint FILE  prove too that it continues this earlier\n"
    "                           head (gatebook log head printed it)\n"
    "  --json                   the verdict and what was found as JSON\n\n"
    "Every record is read again.  Exit status 0: proved, 1: not proved, 2: it\n"
    "could not be done.\n", run_verify };

/* --- key, head ------------------------------------------------------------------------ */

static int
run_key(const struct ctl_command *self, int argc, char **argv)
{
	struct where where = { .fd = -1 };
	struct options options;
	char vkey[NOTE_VKEY];
	int status = options_read(self, argc, argv, false, NULL, &options);

	if (status != -1)
		return status;
	where.conf = options.conf;
	if (find(&where) != 0)
		return CTL_FAILED;
	note_key_print(&where.vkey, vkey);
	(void)puts(vkey);
	(void)close(where.fd);
	return CTL_OK;
}

const struct ctl_command command_log_key = { "log key", "[-c FILE]",
    "Print the public key that the log's heads are checked with.",
    "Write it down away from this machine: whoever checks the log needs to\n"
    "have it from elsewhere than from the log itself.\n", run_key };

static int
run_head(const struct ctl_command *self, int argc, char **argv)
{
	static struct head_slot slot[HEAD_SLOTS];
	struct where where = { .fd = -1 };
	struct options options;
	int status = options_read(self, argc, argv, false, NULL, &options);
	int newest = -1;

	if (status != -1)
		return status;
	where.conf = options.conf;
	if (find(&where) != 0)
		return CTL_FAILED;
	if (head_file_read(where.fd, &where.vkey, slot) == 0)
		newest = head_file_newest(slot);
	if (newest == -1)
		ctl_say("there is no good signed head in %s; gatebook log "
		    "verify says more", where.path);
	else
		(void)fwrite(slot[newest].note, 1, slot[newest].length,
		    stdout);
	(void)close(where.fd);
	return newest == -1 ? CTL_FAILED : CTL_OK;
}

const struct ctl_command command_log_head = { "log head", "[-c FILE]",
    "Print the newest signed head of the log.",
    "Keep it away from this machine: a later \"gatebook log verify\n"
    "--since-checkpoint FILE\" proves that nothing before it was changed.\n",
    run_head };
