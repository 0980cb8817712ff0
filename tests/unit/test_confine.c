/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_confine.c - what a confined process can and cannot do.  Each case runs in
 * a child, since confinement is for good; the child says by its exit status at
 * which step it failed, 0 for none.
 */
#include "lib/confine.h"
#include "lib/macros.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static int folder_fd;
static uint64_t unlisted;
static char words[256];
static bool has_landlock;

/* In a child: a step that must hold. */
#define STEP(condition) do { \
	if (!(condition)) \
		_exit(__LINE__ % 250 + 1); \
} while (0)

static int
run(void (*body)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		body();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void
quiet(void)
{
	int fd = open("/dev/null", O_WRONLY);

	(void)dup2(fd, STDERR_FILENO);
}

static void
start(enum confine_profile profile, bool writable)
{
	const struct confine_folder given = { folder_fd, writable };

	quiet();
	STEP(confine(profile, &given,
	    profile == CONFINE_WORKER || profile == CONFINE_ADMIN ? 0 : 1,
	    &unlisted, words, sizeof(words)) == 0);
}

/* Everybody: gone are exec, fork, ptrace, other processes. */
static void
body_worker(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct stat st;
	time_t now;
	int fd, on = 1;
	void *p;

	start(CONFINE_WORKER, false);
	STEP(strstr(words, "seccomp") != NULL);
	STEP(strstr(words, "no new privileges") != NULL);
	STEP(getuid() != 0 || strstr(words, "as root") != NULL);
	STEP(fstat(folder_fd, &st) == 0);
	now = time(NULL);
	STEP(localtime(&now) != NULL);

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	STEP(fd >= 0);
	STEP(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) == 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons(1);
	STEP(connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0);
	STEP(errno == EINPROGRESS || errno == ECONNREFUSED);
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	STEP(fd >= 0 || errno == EAFNOSUPPORT);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	to.sin_port = 0;
	STEP(bind(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	STEP(p != MAP_FAILED);	/* compiled regular expressions */
	free(malloc(64 * 1024 * 1024));
	STEP(unlisted == 0);

	STEP(open("/etc/passwd", O_RDONLY) < 0);
	STEP(openat(folder_fd, "file", O_RDONLY) < 0);
#ifndef GATEBOOK_SANITIZED
	STEP(errno == EPERM);
	STEP(unlisted == 2);
	STEP(socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EPERM);
	STEP(socket(AF_NETLINK, SOCK_RAW, 0) < 0 && errno == EPERM);
	STEP(fork() < 0 && errno == EPERM);
	STEP(execl("/bin/true", "true", (char *)NULL) < 0 && errno == EPERM);
	STEP(kill(getppid(), 0) < 0 && errno == EPERM);
	STEP(syscall(SYS_tgkill, getppid(), getppid(), 0) < 0 &&
	    errno == EPERM);
	STEP(syscall(SYS_ptrace, 0, 0, 0, 0) < 0 && errno == EPERM);
	STEP(prctl(PR_SET_DUMPABLE, 1) < 0 && errno == EPERM);
	STEP(mkdirat(folder_fd, "new", 0700) < 0 && errno == EPERM);
	STEP(unlinkat(folder_fd, "file", 0) < 0 && errno == EPERM);
	STEP(fstatat(folder_fd, "file", &st, 0) < 0 && errno == EPERM);
	STEP(unlisted >= 12);
#endif
}

static void
body_abort(void)
{
	start(CONFINE_WORKER, false);
	abort();
}

static void
body_writer(void)
{
	char bytes[8];
	int fd;

	start(CONFINE_WRITER, true);
	fd = openat(folder_fd, "new", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600);
	STEP(fd >= 0);
	STEP(posix_fallocate(fd, 0, 4096) == 0);
	STEP(pwrite(fd, "words", 5, 0) == 5);
	STEP(pread(fd, bytes, 5, 0) == 5);
	STEP(fdatasync(fd) == 0);
	STEP(ftruncate(fd, 5) == 0);
	STEP(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED);
	STEP(renameat(folder_fd, "new", folder_fd, "newer") == 0);
	STEP(fsync(folder_fd) == 0);
	STEP(mkdirat(folder_fd, "inner", 0700) == 0);
	STEP(unlinkat(folder_fd, "inner", AT_REMOVEDIR) == 0);
	STEP(unlinkat(folder_fd, "newer", 0) == 0);
	STEP(unlisted == 0);

	if (has_landlock) {
		STEP(open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES);
		STEP(open("/tmp/test_confine.escape", O_CREAT | O_WRONLY,
		    0600) < 0 && errno == EACCES);
	}
#ifndef GATEBOOK_SANITIZED
	STEP(socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM);
	STEP(connect(0, NULL, 0) < 0 && errno == EPERM);
	STEP(accept(0, NULL, NULL) < 0 && errno == EPERM);
	STEP(mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	STEP(unlisted == 4);
#endif
}

static void
body_reader(void)
{
	struct sockaddr_un here = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	int client = socket(AF_UNIX, SOCK_SEQPACKET, 0), fd;
	struct ucred who;
	socklen_t size = sizeof(who);

	(void)snprintf(here.sun_path, sizeof(here.sun_path), "%s/socket",
	    folder);
	STEP(bind(listener, (struct sockaddr *)&here, sizeof(here)) == 0);
	STEP(listen(listener, 1) == 0);
	STEP(connect(client, (struct sockaddr *)&here, sizeof(here)) == 0);
	start(CONFINE_READER, false);
	fd = openat(folder_fd, "file", O_RDONLY | O_CLOEXEC);
	STEP(fd >= 0);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	STEP(fd >= 0);
	STEP(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0);
	STEP(send(fd, "words", 5, MSG_NOSIGNAL) == 5);
	STEP(unlisted == 0);

	STEP(openat(folder_fd, "file", O_RDWR) < 0);
	STEP(openat(folder_fd, "new", O_RDONLY | O_CREAT, 0600) < 0);
	STEP(openat(folder_fd, "file", O_RDONLY | O_TRUNC) < 0);
	STEP(unlinkat(folder_fd, "file", 0) < 0 || has_landlock);
	if (has_landlock)
		STEP(open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES);
#ifndef GATEBOOK_SANITIZED
	STEP(unlisted == 4);
	STEP(connect(client, NULL, 0) < 0 && errno == EPERM);
	STEP(socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EPERM);
#endif
}

static void
body_loader(void)
{
	int fd;

	start(CONFINE_LOADER, false);
	fd = memfd_create("snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	STEP(fd >= 0);
	STEP(ftruncate(fd, 4096) == 0);
	STEP(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) !=
	    MAP_FAILED);
	fd = memfd_create("snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	STEP(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW |
	    F_SEAL_WRITE | F_SEAL_SEAL) == 0);
	STEP(openat(folder_fd, "file", O_RDONLY) >= 0);
	STEP(unlisted == 0);
	STEP(openat(folder_fd, "file", O_WRONLY) < 0);
	if (has_landlock)
		STEP(open("/etc/passwd", O_RDONLY) < 0);
#ifndef GATEBOOK_SANITIZED
	STEP(socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM);
	STEP(unlinkat(folder_fd, "file", 0) < 0 && errno == EPERM);
#endif
}

static void
body_loader_everywhere(void)
{
	quiet();
	STEP(confine(CONFINE_LOADER, NULL, 0, &unlisted, words,
	    sizeof(words)) == 0);
	STEP(open("/etc/passwd", O_RDONLY) >= 0);
	STEP(openat(folder_fd, "file", O_WRONLY) < 0);
}

static void
body_admin(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET };
	socklen_t size = sizeof(here);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0), fd;

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	STEP(bind(listener, (struct sockaddr *)&here, sizeof(here)) == 0);
	STEP(listen(listener, 1) == 0);
	STEP(getsockname(listener, (struct sockaddr *)&here, &size) == 0);
	STEP(connect(client, (struct sockaddr *)&here, sizeof(here)) == 0);
	start(CONFINE_ADMIN, false);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	STEP(fd >= 0);
	STEP(send(fd, "words", 5, MSG_NOSIGNAL) == 5);
	STEP(unlisted == 0);
	STEP(open("/etc/passwd", O_RDONLY) < 0);
	STEP(connect(fd, (struct sockaddr *)&here, sizeof(here)) < 0);
}

static void
body_kill(void)
{
	STEP(setenv("GATEBOOK_CONFINE", "kill", 1) == 0);
	start(CONFINE_WORKER, false);
	STEP(strstr(words, "seccomp (kills)") != NULL);
	(void)syscall(SYS_swapon, NULL, 0);
}

static void
body_off(void)
{
	STEP(setenv("GATEBOOK_CONFINE", "off", 1) == 0);
	start(CONFINE_WORKER, false);
	STEP(strstr(words, "off by GATEBOOK_CONFINE") != NULL);
	STEP(open("/etc/passwd", O_RDONLY) >= 0);
}

static void
body_other_user(void)
{
	if (getuid() != 0)
		return;
	STEP(setresgid(65534, 65534, 65534) == 0);
	STEP(setresuid(65534, 65534, 65534) == 0);
	start(CONFINE_WORKER, false);
	STEP(strncmp(words, "user nobody, ", 13) == 0);
}

static int
setup(void **state)
{
	char path[80];
	int fd;

	(void)state;
	(void)unsetenv("GATEBOOK_CONFINE");
	has_landlock = syscall(444, NULL, 0, 1) > 0;	/* asks its version */
	(void)snprintf(folder, sizeof(folder), "/tmp/test_confine.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 || close(fd) < 0)
		return -1;
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder_fd < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
	static const char *const names[] = { "file", "socket", "new", "newer" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		(void)unlinkat(folder_fd, names[i], 0);
	(void)close(folder_fd);
	return rmdir(folder);
}

static void
test_profiles(void **state)
{
	static const struct {
		const char *name;
		void (*body)(void);
		int result;
	} cases[] = {
		{ "worker", body_worker, 0 },
		{ "abort", body_abort, -SIGABRT },
		{ "writer", body_writer, 0 },
		{ "reader", body_reader, 0 },
		{ "loader", body_loader, 0 },
		{ "loader everywhere", body_loader_everywhere, 0 },
		{ "admin", body_admin, 0 },
		{ "kill", body_kill, -SIGSYS },
		{ "off", body_off, 0 },
		{ "other user", body_other_user, 0 },
	};
	const char *preload = getenv("LD_PRELOAD");

	(void)state;
	/* valgrind's own calls would be refused too. */
	if (preload != NULL && strstr(preload, "vgpreload") != NULL)
		skip();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int result = run(cases[i].body);

		if (result != cases[i].result)
			fail_msg("%s: %d", cases[i].name, result);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_profiles),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
