/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.c - see launch.h.  A checkout below root's home has a path that no
 * other user can walk, so the child enters the folder of the programs while it
 * still may, and executes the program by its bare name from there.
 */
#include "daemon/launch.h"

#include "lib/macros.h"
#include "lib/messages.h"
#include "lib/report.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENVIRONMENT_MAX 32

int
launch_folder(char *out, size_t size)
{
	char path[PATH_MAX], other[PATH_MAX + 32];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (n <= 0)
		return -1;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL)
		return -1;
	*slash = '\0';
	(void)snprintf(other, sizeof(other), "%s/gatebook-worker", path);
	if (access(other, X_OK) != 0) {
		(void)snprintf(other, sizeof(other),
		    "%s/../lib/gatebook/gatebook-worker", path);
		if (access(other, X_OK) == 0)
			(void)snprintf(other, sizeof(other),
			    "%s/../lib/gatebook", path);
		else
			(void)snprintf(other, sizeof(other), "%s", path);
	} else {
		(void)snprintf(other, sizeof(other), "%s", path);
	}
	return snprintf(out, size, "%s", other) < (int)size ? 0 : -1;
}

static _Noreturn void
fail(const char *what)
{
	report(REPORT_ERROR, "cannot start it: %s: %s", what, strerror(errno));
	_exit(126);
}

static void
become(const struct user *user)
{
	if (!user->change)
		return;
	if (setgroups(1, &user->gid) != 0 ||
	    setresgid(user->gid, user->gid, user->gid) != 0 ||
	    setresuid(user->uid, user->uid, user->uid) != 0)
		fail("cannot change the user");
}

static void
reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Of the environment a child gets what changes how programs are loaded and
 * tested, and nothing else: no words of systemd, no secrets. */
static void
keep_environment(char *kept[ENVIRONMENT_MAX + 1])
{
	static const char *const prefixes[] = { "PATH=", "TZ=", "LD_PRELOAD=",
	    "LD_LIBRARY_PATH=", "GATEBOOK_", "ASAN_OPTIONS=",
	    "UBSAN_OPTIONS=", "LSAN_OPTIONS=" };
	size_t count = 0;

	for (char **at = environ; *at != NULL && count < ENVIRONMENT_MAX; at++)
		for (size_t i = 0; i < COUNT_OF(prefixes); i++)
			if (strncmp(*at, prefixes[i],
			    strlen(prefixes[i])) == 0) {
				kept[count++] = *at;
				break;
			}
	kept[count] = NULL;
}

/* In the child: what stays is 0 (nothing), 1 and 2 (words), 3 (channel). */
static _Noreturn void
child_run(const struct launch *launch, int channel, int words)
{
	const struct rlimit no_core = { 0, 0 };
	char name[64];
	char *argv[] = { name + 2, NULL };
	static char *environment[ENVIRONMENT_MAX + 1];
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)snprintf(name, sizeof(name), "./%s", launch->program);
	keep_environment(environment);
	/* Out of the way of 0 to 3 first. */
	channel = fcntl(channel, F_DUPFD_CLOEXEC, 10);
	words = fcntl(words, F_DUPFD_CLOEXEC, 10);
	if (nothing < 0 || channel < 0 || words < 0)
		fail("no descriptors");
	if (dup2(nothing, STDIN_FILENO) < 0 ||
	    dup2(words, STDOUT_FILENO) < 0 || dup2(words, STDERR_FILENO) < 0 ||
	    dup2(channel, MESSAGE_PARENT_FD) < 0)
		fail("no descriptors");
	if (syscall(SYS_close_range, MESSAGE_PARENT_FD + 1, ~0U,
	    CLOSE_RANGE_CLOEXEC) != 0 && errno != ENOSYS)
		fail("close_range");
	/* The terminal's Ctrl-C is for the parent alone. */
	(void)setpgid(0, 0);
	reset_signals();
	(void)umask(077);
	(void)setrlimit(RLIMIT_CORE, &no_core);
	if (chdir(launch->folder) != 0)
		fail(launch->folder);
	become(launch->user);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)execve(name, argv, environment);
	if (errno == EACCES)
		report(REPORT_ERROR, "user %s may not run %s/%s: its folder "
		    "needs mode 755 and so does the program (made under a "
		    "strict umask?)", launch->user->name, launch->folder,
		    launch->program);
	fail(launch->program);
}

int
launch(struct launch *launch)
{
	int pair[2] = { -1, -1 }, words[2] = { -1, -1 };

	launch->pid = -1;
	launch->words = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0, pair) != 0 ||
	    (launch->pipe_words && pipe2(words, O_CLOEXEC) != 0) ||
	    (launch->pid = fork()) < 0) {
		report(REPORT_ERROR, "cannot start %s: %s", launch->program,
		    strerror(errno));
		launch->pid = -1;
	}
	if (launch->pid == 0)
		child_run(launch, pair[1], words[1] >= 0 ? words[1] :
		    STDERR_FILENO);
	if (pair[1] >= 0)
		(void)close(pair[1]);
	if (words[1] >= 0)
		(void)close(words[1]);
	if (launch->pid < 0) {
		if (pair[0] >= 0)
			(void)close(pair[0]);
		if (words[0] >= 0)
			(void)close(words[0]);
		return -1;
	}
	launch->channel = pair[0];
	launch->words = words[0];
	return 0;
}
