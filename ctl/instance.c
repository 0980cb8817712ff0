/* SPDX-License-Identifier: Apache-2.0 */
/* instance.c - see instance.h. */
#include "ctl/instance.h"

#include "ctl/ctl.h"
#include "lib/macros.h"
#include "lib/runfolder.h"
#include "lib/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

bool
instance_program_folder(char out[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
	char *slash;

	if (n <= 0)
		return false;
	out[n] = '\0';
	slash = strrchr(out, '/');
	if (slash == NULL)
		return false;
	slash[slash == out ? 1 : 0] = '\0';
	return true;
}

/* Take the value off a line "word value", as lib/settings.h reads it. */
static bool
take_value(const char *line, const char *word, char *out, size_t size)
{
	size_t n = strlen(word), length;

	line += strspn(line, " \t");
	if (strncmp(line, word, n) != 0 || (line[n] != ' ' && line[n] != '\t'))
		return false;
	line += n + strspn(line + n, " \t");
	if (line[0] == '"') {
		line++;
		length = strcspn(line, "\"\n");
	} else {
		length = strcspn(line, "\n");
		for (size_t i = 1; i < length; i++)
			if (line[i] == '#' && line[i - 1] == ' ')
				length = i;
		while (length > 0 && (line[length - 1] == ' ' ||
		    line[length - 1] == '\t' || line[length - 1] == '\r'))
			length--;
	}
	if (length == 0 || length >= size)
		return false;
	memcpy(out, line, length);
	out[length] = '\0';
	return true;
}

bool
instance_setting(const char *file, const char *word, char *out, size_t size)
{
	FILE *in = fopen(file, "re");
	char line[8192];
	bool found = false;

	if (in == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), in) != NULL)
		found = take_value(line, word, out, size);
	(void)fclose(in);
	return found;
}

/* The run folder of a settings file; false if its name is too long. */
static bool
find_run_folder(struct instance *instance)
{
	char folder[PATH_MAX], value[PATH_MAX];
	struct settings *settings;
	char *slash;
	bool good;

	(void)snprintf(folder, sizeof(folder), "%s", instance->file);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		return false;
	slash[slash == folder ? 1 : 0] = '\0';
	settings = settings_defaults(folder);
	if (settings == NULL)
		return false;
	settings->file = strdup(instance->file);
	if (instance_setting(instance->file, "run.folder", value,
	    sizeof(value)) && strcmp(value, "auto") != 0) {
		free(settings->run_folder);
		settings->run_folder = NULL;
		if (value[0] == '/')
			settings->run_folder = strdup(value);
		else if (asprintf(&settings->run_folder, "%s/%s", folder,
		    value) < 0)
			settings->run_folder = NULL;
	}
	good = settings->file != NULL && settings->run_folder != NULL &&
	    run_folder(settings, instance->run, sizeof(instance->run)) == 0;
	settings_free(&settings);
	return good;
}

/* Connect to a socket in the run folder; -1 with errno. */
static int
try_connect(const struct instance *instance, const char *name)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	int fd, error;

	if (snprintf(where.sun_path, sizeof(where.sun_path), "%s/%s",
	    instance->run, name) >= (int)sizeof(where.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&where, sizeof(where)) == 0)
		return fd;
	error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

/* The file's name stays as it is, even if it is a link: relative paths in it
 * start at the folder in which it was found. */
static bool
take_file(struct instance *instance, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	char folder[PATH_MAX], real[PATH_MAX];
	struct stat st;
	int n;

	if (stat(path, &st) != 0)
		return false;
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return false;
	}
	n = snprintf(folder, sizeof(folder), "%.*s", slash == NULL ? 1 :
	    (int)(slash - path) + 1, slash == NULL ? "." : path);
	if (n < 0 || (size_t)n >= sizeof(folder) ||
	    realpath(folder, real) == NULL)
		return false;
	n = snprintf(instance->file, sizeof(instance->file), "%s/%s",
	    strcmp(real, "/") == 0 ? "" : real, name);
	if (n < 0 || (size_t)n >= sizeof(instance->file)) {
		errno = ENAMETOOLONG;
		return false;
	}
	return find_run_folder(instance);
}

static int
take_named(struct instance *instance, const char *path, const char *how)
{
	if (take_file(instance, path))
		return 0;
	ctl_say("the settings file %s (%s) cannot be used: %s", path, how,
	    strerror(errno));
	return -1;
}

/* Settings files to try, in order; the number of them. */
static size_t
candidates(char path[5][PATH_MAX])
{
	char folder[PATH_MAX - 32];
	char program[PATH_MAX];
	size_t count = 0;

	(void)snprintf(path[count++], PATH_MAX, "proxy.conf");
	(void)snprintf(path[count++], PATH_MAX, "proxy.conf.example");
	if (instance_program_folder(program) &&
	    strlen(program) < sizeof(folder)) {
		memcpy(folder, program, strlen(program) + 1);
		(void)snprintf(path[count++], PATH_MAX, "%s/../proxy.conf",
		    folder);
		(void)snprintf(path[count++], PATH_MAX,
		    "%s/../proxy.conf.example", folder);
	}
	(void)snprintf(path[count++], PATH_MAX, "/etc/gatebook/proxy.conf");
	return count;
}

int
instance_find(const char *given, bool running, struct instance *instance)
{
	static char path[5][PATH_MAX];
	const char *word = getenv("GATEBOOK_CONF");
	struct instance first = { .file = "" };
	size_t count;

	if (given != NULL)
		return take_named(instance, given, "given by -c");
	if (word != NULL && word[0] != '\0')
		return take_named(instance, word,
		    "given by the environment GATEBOOK_CONF");
	count = candidates(path);
	for (size_t i = 0; i < count; i++) {
		int fd;

		if (!take_file(instance, path[i]))
			continue;
		if (first.file[0] == '\0')
			first = *instance;
		if (!running)
			break;
		fd = try_connect(instance, RUNFOLDER_CONTROL);
		if (fd >= 0 || errno == EACCES) {
			if (fd >= 0)
				(void)close(fd);
			return 0;
		}
	}
	if (first.file[0] != '\0') {
		*instance = first;
		return 0;
	}
	ctl_say("no settings file found: neither proxy.conf nor "
	    "proxy.conf.example here or beside the build, nor "
	    "/etc/gatebook/proxy.conf; name one with -c FILE");
	return -1;
}

int
instance_connect(const struct instance *instance, const char *name)
{
	int fd = try_connect(instance, name);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case EACCES:
	case EPERM:
		ctl_say("you may not talk to the gatebook of %s (%s/%s): ask "
		    "its administrator to put you into the right group",
		    instance->file, instance->run, name);
		break;
	case ENOENT:
	case ECONNREFUSED:
		ctl_say("gatebook is not running with %s; start it with "
		    "\"gatebook run -c %s\"", instance->file, instance->file);
		break;
	default:
		ctl_say("cannot talk to the gatebook of %s (%s/%s): %s",
		    instance->file, instance->run, name, strerror(errno));
		break;
	}
	return -1;
}
