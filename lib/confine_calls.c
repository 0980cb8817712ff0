/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine_calls.c - the lists of system calls.
 *
 * They were made from what libevent, libunbound, OpenSSL and glibc were seen to
 * call, and what they call on other paths by their sources.  Nobody has exec,
 * fork, ptrace, kill of another process, mount or module calls; what opens a
 * file or a socket is with those alone whose work it is.
 */
#include "lib/confine_calls.h"
#include "lib/macros.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <unistd.h>

#define CALL(name) SCMP_SYS(name)

/* Everybody: memory, time, waiting, what a descriptor that is already open
 * allows, and the channels between our processes. */
static const int base_calls[] = {
	CALL(read), CALL(write), CALL(readv), CALL(writev), CALL(pread64),
	CALL(pwrite64), CALL(preadv), CALL(pwritev), CALL(preadv2),
	CALL(pwritev2), CALL(lseek), CALL(_llseek), CALL(close),
	CALL(close_range), CALL(dup), CALL(dup3), CALL(fcntl), CALL(fcntl64),
	CALL(fstat), CALL(fstat64), CALL(fstatfs), CALL(ftruncate),
	CALL(ftruncate64), CALL(sendto), CALL(recvfrom), CALL(sendmsg),
	CALL(recvmsg), CALL(sendmmsg), CALL(recvmmsg), CALL(shutdown),
	CALL(getsockopt), CALL(setsockopt), CALL(getsockname),
	CALL(getpeername), CALL(epoll_create1), CALL(epoll_ctl),
	CALL(epoll_wait), CALL(epoll_pwait), CALL(epoll_pwait2), CALL(poll),
	CALL(ppoll), CALL(select), CALL(pselect6), CALL(eventfd2),
	CALL(pipe2), CALL(timerfd_create), CALL(timerfd_settime),
	CALL(timerfd_gettime), CALL(clock_gettime), CALL(clock_getres),
	CALL(clock_nanosleep), CALL(nanosleep), CALL(gettimeofday),
	CALL(time), CALL(brk), CALL(munmap), CALL(mremap), CALL(madvise),
	CALL(mincore), CALL(msync), CALL(mlock), CALL(munlock), CALL(futex),
	CALL(membarrier), CALL(sched_yield), CALL(sched_getaffinity),
	CALL(set_robust_list), CALL(rseq), CALL(getrandom), CALL(getpid),
	CALL(gettid), CALL(getppid), CALL(getuid), CALL(geteuid),
	CALL(getgid), CALL(getegid), CALL(getgroups), CALL(getrusage),
	CALL(getrlimit), CALL(times), CALL(sysinfo), CALL(uname),
	CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn),
	CALL(rt_sigpending), CALL(sigaltstack), CALL(restart_syscall),
	CALL(exit), CALL(exit_group),
};

/* Workers: connections of their own. */
static const int network_calls[] = {
	CALL(connect), CALL(bind), CALL(splice),
};

/* Those who take connections from a socket that the parent made. */
static const int accept_calls[] = {
	CALL(accept4), CALL(accept), CALL(listen),
};

/* Those who look at files; Landlock says which. */
static const int look_calls[] = {
	CALL(stat), CALL(stat64), CALL(lstat), CALL(lstat64), CALL(newfstatat),
	CALL(fstatat64), CALL(statx), CALL(statfs), CALL(access),
	CALL(faccessat), CALL(faccessat2), CALL(readlink), CALL(readlinkat),
	CALL(getdents64), CALL(getdents), CALL(getcwd), CALL(fadvise64),
	CALL(readahead), CALL(flock),
};

/* The writer: files of its own. */
static const int file_calls[] = {
	CALL(open), CALL(openat), CALL(creat), CALL(fallocate),
	CALL(fdatasync), CALL(fsync), CALL(syncfs), CALL(sync_file_range),
	CALL(truncate), CALL(unlink), CALL(unlinkat), CALL(rename),
	CALL(renameat), CALL(renameat2), CALL(link), CALL(linkat), CALL(mkdir),
	CALL(mkdirat), CALL(rmdir), CALL(fchmod), CALL(utimensat),
	CALL(copy_file_range), CALL(sendfile),
};

static const int loader_calls[] = {
	CALL(memfd_create), CALL(copy_file_range), CALL(sendfile),
};

#ifdef GATEBOOK_SANITIZED
/* What the sanitizers' run time needs to report and to look for leaks. */
static const int sanitizer_calls[] = {
	CALL(open), CALL(openat), CALL(readlink), CALL(readlinkat),
	CALL(newfstatat), CALL(stat), CALL(access), CALL(faccessat),
	CALL(faccessat2), CALL(getdents64), CALL(getdents), CALL(getcwd),
	CALL(mmap), CALL(mmap2), CALL(mprotect), CALL(prctl), CALL(prlimit64),
	CALL(setrlimit), CALL(tgkill), CALL(tkill), CALL(kill), CALL(clone),
	CALL(clone3), CALL(ptrace), CALL(wait4), CALL(process_vm_readv),
	CALL(pipe), CALL(dup2), CALL(sched_getparam),
	CALL(sched_getscheduler), CALL(arch_prctl), CALL(unlink),
	CALL(socket),
};
#endif

static int
allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);

		/* EDOM: this machine has no such call. */
		if (rc != 0 && rc != -EDOM)
			return rc;
	}
	return 0;
}

#define ALLOW(filter, list) allow(filter, list, COUNT_OF(list))

/* Allow a call when its argument (from 0) has these bits as given. */
static int
allow_masked(scmp_filter_ctx filter, int call, unsigned argument, uint64_t mask,
    uint64_t value)
{
	struct scmp_arg_cmp compare = { .arg = argument,
		.op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value };
	int rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1,
	    &compare);

	return rc == -EDOM ? 0 : rc;
}

#ifndef GATEBOOK_SANITIZED
/* An int: the upper half of its register may hold anything. */
static int
allow_equal(scmp_filter_ctx filter, int call, unsigned argument, uint32_t value)
{
	return allow_masked(filter, call, argument, UINT32_MAX, value);
}
#endif

/* Memory; code that is made at run time only where regular expressions are. */
static int
allow_memory(scmp_filter_ctx filter, enum confine_profile profile)
{
	uint64_t mask = profile == CONFINE_WORKER || profile == CONFINE_LOADER
	    ? 0 : PROT_EXEC;
	int rc;

#ifdef GATEBOOK_SANITIZED
	return 0;	/* is on the sanitizers' list whole */
#endif
	if ((rc = allow_masked(filter, CALL(mmap), 2, mask, 0)) != 0 ||
	    (rc = allow_masked(filter, CALL(mmap2), 2, mask, 0)) != 0 ||
	    (rc = allow_masked(filter, CALL(mprotect), 2, mask, 0)) != 0)
		return rc;
	return 0;
}

/* abort() and its like, towards ourselves; our own limits. */
static int
allow_self(scmp_filter_ctx filter)
{
#ifdef GATEBOOK_SANITIZED
	(void)filter;
	return 0;
#else
	uint32_t self = (uint32_t)getpid();
	int rc;

	if ((rc = allow_equal(filter, CALL(tgkill), 0, self)) != 0 ||
	    (rc = allow_equal(filter, CALL(prlimit64), 0, 0)) != 0 ||
	    (rc = allow_equal(filter, CALL(prlimit64), 0, self)) != 0)
		return rc;
	return 0;
#endif
}

static int
allow_ioctls(scmp_filter_ctx filter)
{
	/* Bytes waiting, non-blocking, and whether a stream is a terminal. */
	static const uint64_t requests[] = { FIONREAD, FIONBIO, SIOCOUTQ,
		TCGETS, TIOCGWINSZ };

	for (size_t i = 0; i < COUNT_OF(requests); i++) {
		int rc = allow_masked(filter, CALL(ioctl), 1, UINT32_MAX,
		    requests[i]);

		if (rc != 0)
			return rc;
	}
	return 0;
}

/* glibc makes newfstatat() of fstat(). */
static int
allow_fstat(scmp_filter_ctx filter)
{
#ifdef GATEBOOK_SANITIZED
	(void)filter;
	return 0;
#else
	int rc = allow_masked(filter, CALL(newfstatat), 3, AT_EMPTY_PATH,
	    AT_EMPTY_PATH);

	return rc != 0 ? rc : allow_masked(filter, CALL(statx), 2,
	    AT_EMPTY_PATH, AT_EMPTY_PATH);
#endif
}

static int
allow_network(scmp_filter_ctx filter)
{
	int rc;

#ifndef GATEBOOK_SANITIZED
	if ((rc = allow_equal(filter, CALL(socket), 0, AF_INET)) != 0 ||
	    (rc = allow_equal(filter, CALL(socket), 0, AF_INET6)) != 0)
		return rc;
#endif
	if ((rc = ALLOW(filter, network_calls)) != 0)
		return rc;
	return ALLOW(filter, accept_calls);
}

static int
allow_reading(scmp_filter_ctx filter)
{
#ifndef GATEBOOK_SANITIZED
	const uint64_t mask = O_ACCMODE | O_CREAT | O_TRUNC;
	int rc;

	if ((rc = allow_masked(filter, CALL(openat), 2, mask, O_RDONLY)) !=
	    0 || (rc = allow_masked(filter, CALL(open), 1, mask, O_RDONLY)) !=
	    0)
		return rc;
#endif
	return ALLOW(filter, look_calls);
}

int
confine_add_calls(scmp_filter_ctx filter, enum confine_profile profile)
{
	int rc;

	if ((rc = ALLOW(filter, base_calls)) != 0 ||
	    (rc = allow_memory(filter, profile)) != 0 ||
	    (rc = allow_self(filter)) != 0 ||
	    (rc = allow_ioctls(filter)) != 0)
		return rc;
#ifdef GATEBOOK_SANITIZED
	if ((rc = ALLOW(filter, sanitizer_calls)) != 0)
		return rc;
#endif
	switch (profile) {
	case CONFINE_WORKER:
		rc = allow_fstat(filter);
		return rc != 0 ? rc : allow_network(filter);
	case CONFINE_WRITER:
		rc = ALLOW(filter, look_calls);
		return rc != 0 ? rc : ALLOW(filter, file_calls);
	case CONFINE_READER:
		rc = allow_reading(filter);
		return rc != 0 ? rc : ALLOW(filter, accept_calls);
	case CONFINE_LOADER:
		rc = allow_reading(filter);
		return rc != 0 ? rc : ALLOW(filter, loader_calls);
	case CONFINE_ADMIN:
		rc = allow_fstat(filter);
		return rc != 0 ? rc : ALLOW(filter, accept_calls);
	}
	return -EINVAL;
}
