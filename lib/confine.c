/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.c - gives up what a process will not need, in the order that works:
 * first what still opens files here, then new privileges, Landlock, seccomp.
 *
 * The user was changed by the parent between fork and exec; here it is only
 * said.  A refused call raises SIGSYS in the thread that made it; the handler
 * counts it and lets the call return EPERM, so that a path of a library nobody
 * knew of degrades instead of killing.
 */
#include "lib/confine.h"
#include "lib/confine_calls.h"
#include "lib/confine_files.h"
#include "lib/report.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <errno.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__aarch64__)
#define CAN_RETURN_FROM_TRAP 1
#else
#define CAN_RETURN_FROM_TRAP 0
#endif

enum refusal {
	REFUSE_AND_COUNT,
	REFUSE_AND_KILL,
	REFUSE_NOTHING
};

#define CALLS_SEEN 1024

/* A signal handler has no argument of ours to find its state by. */
static uint64_t *unlisted_calls;
static bool seen[CALLS_SEEN];

#if CAN_RETURN_FROM_TRAP
static void
on_refused_call(int signal_number, siginfo_t *info, void *context)
{
	ucontext_t *at = context;
	int call = info->si_syscall;
	int error = errno;

	(void)signal_number;
	if (unlisted_calls != NULL)
		(void)__atomic_fetch_add(unlisted_calls, 1, __ATOMIC_RELAXED);
	if (call >= 0 && call < CALLS_SEEN && !seen[call]) {
		seen[call] = true;
		report(REPORT_WARNING, "system call %d is not on this process's"
		    " list and was refused; please report this line", call);
	}
#if defined(__x86_64__)
	at->uc_mcontext.gregs[REG_RAX] = -EPERM;
#else
	at->uc_mcontext.regs[0] = (unsigned long long)-EPERM;
#endif
	errno = error;
}

static int
catch_refused_calls(void)
{
	struct sigaction action = { .sa_sigaction = on_refused_call,
		.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART };
	sigset_t set;

	(void)sigemptyset(&action.sa_mask);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGSYS);
	if (sigprocmask(SIG_UNBLOCK, &set, NULL) < 0)
		return -1;
	return sigaction(SIGSYS, &action, NULL);
}
#endif

static enum refusal
refusal_wanted(void)
{
	const char *word = getenv("GATEBOOK_CONFINE");

	if (word != NULL && strcmp(word, "kill") == 0)
		return REFUSE_AND_KILL;
	if (word != NULL && strcmp(word, "off") == 0)
		return REFUSE_NOTHING;
	return REFUSE_AND_COUNT;
}

static uint32_t
action_of(enum refusal refusal)
{
	if (refusal == REFUSE_AND_KILL)
		return SCMP_ACT_KILL_PROCESS;
	return CAN_RETURN_FROM_TRAP ? SCMP_ACT_TRAP : SCMP_ACT_ERRNO(EPERM);
}

static int
filter_calls(enum confine_profile profile, enum refusal refusal)
{
	scmp_filter_ctx filter;
	int rc;

#if CAN_RETURN_FROM_TRAP
	if (refusal == REFUSE_AND_COUNT && catch_refused_calls() < 0) {
		report(REPORT_ERROR, "cannot catch refused system calls: %s",
		    strerror(errno));
		return -1;
	}
#endif
	filter = seccomp_init(action_of(refusal));
	if (filter == NULL) {
		report(REPORT_ERROR, "cannot make a system call filter");
		return -1;
	}
	if ((rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_KILL_PROCESS)) == 0 &&
	    (rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1)) == 0 &&
	    (rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2)) == 0 &&
	    (rc = confine_add_calls(filter, profile)) == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	if (rc == 0)
		return 0;
	report(REPORT_ERROR, "cannot load the system call filter: %s; this "
	    "kernel may lack seccomp (to run all the same, set "
	    "GATEBOOK_CONFINE=off in the environment)", strerror(-rc));
	return -1;
}

/* The user's name, by /etc/passwd alone: name services of other kinds would
 * load code into this process. */
static void
say_user(char *words, size_t size)
{
	uid_t uid = getuid();
	struct passwd *pw = NULL;
	FILE *in;

	if (uid == 0) {
		(void)snprintf(words, size, "as root (not confined by user)");
		return;
	}
	in = fopen("/etc/passwd", "re");
	while (in != NULL && (pw = fgetpwent(in)) != NULL && pw->pw_uid != uid)
		;
	if (pw != NULL)
		(void)snprintf(words, size, "user %s", pw->pw_name);
	else
		(void)snprintf(words, size, "user %u", (unsigned)uid);
	if (in != NULL)
		(void)fclose(in);
}

/* As root without a user to change to, at least without root's powers, where no
 * file's permissions depend on them. */
static int
drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 }, { 0 } };

	return (int)syscall(SYS_capset, &header, data);
}

static int
drop_privileges(enum confine_profile profile)
{
	const struct rlimit none = { 0, 0 };

	/* A core would hold what people did. */
	(void)setrlimit(RLIMIT_CORE, &none);
#ifndef GATEBOOK_SANITIZED	/* the leak checker traces its own process */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -1;
#endif
	if ((profile == CONFINE_WORKER || profile == CONFINE_ADMIN) &&
	    drop_capabilities() < 0)
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void
add_words(char *words, size_t size, const char *more)
{
	size_t at = strlen(words);

	(void)snprintf(words + at, size - at, ", %s", more);
}

int
confine(enum confine_profile profile, const struct confine_folder *folders,
    size_t folder_count, uint64_t *unlisted, char *words, size_t words_size)
{
	enum refusal refusal = refusal_wanted();
	char landlock[32];
	int abi;

	unlisted_calls = unlisted;
	/* The calendar reads a file the first time, and without TZ looks at it
	 * again at every localtime(). */
	(void)setenv("TZ", ":/etc/localtime", 0);
	tzset();
	say_user(words, words_size);
	if (drop_privileges(profile) < 0) {
		report(REPORT_ERROR, "cannot give up privileges: %s",
		    strerror(errno));
		return -1;
	}
	if (refusal == REFUSE_NOTHING) {
		add_words(words, words_size, "seccomp and landlock off by "
		    "GATEBOOK_CONFINE, no new privileges");
		return 0;
	}
	abi = confine_files(profile, folders, folder_count);
	if (abi < 0) {
		report(REPORT_ERROR, "the kernel refused the Landlock rules: "
		    "%s", strerror(errno));
		return -1;
	}
	if (filter_calls(profile, refusal) < 0)
		return -1;
	add_words(words, words_size, refusal == REFUSE_AND_KILL ?
	    "seccomp (kills)" : "seccomp");
	if (abi > 0)
		(void)snprintf(landlock, sizeof(landlock), "landlock %d", abi);
	else
		(void)snprintf(landlock, sizeof(landlock), "no landlock");
	add_words(words, words_size, landlock);
	add_words(words, words_size, "no new privileges");
#ifdef GATEBOOK_SANITIZED
	add_words(words, words_size, "sanitizer build");
#endif
	return 0;
}
