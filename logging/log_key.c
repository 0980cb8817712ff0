/* SPDX-License-Identifier: Apache-2.0 */
/* log_key.c - see log_key.h. */
#include "logging/log_key.h"

#include "logging/head_file.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

struct note_signer *
log_key_read(int folder)
{
	struct note_signer *signer = NULL;
	char text[NOTE_VKEY + 1];
	struct stat st;
	ssize_t n;
	int fd, error;

	fd = openat(folder, LOG_KEY_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	if (fd == -1)
		return NULL;
	errno = EACCES;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & 077) == 0 && st.st_uid == geteuid()) {
		n = read(fd, text, sizeof(text));
		if (n > 0)
			signer = note_signer_read(text, (size_t)n);
		OPENSSL_cleanse(text, sizeof(text));
		if (signer == NULL)
			errno = EINVAL;
	}
	error = errno;
	(void)close(fd);
	errno = error;
	return signer;
}

static void
end_line(char text[NOTE_VKEY + 1])
{
	size_t n = strlen(text);

	text[n] = '\n';
	text[n + 1] = '\0';
}

/* Write a small file under a passing name, then give it its own. */
static int
store(int folder, const char *name, const char *text, mode_t mode)
{
	char fresh[32];
	ssize_t length = (ssize_t)strlen(text);
	int fd, error = 0;

	(void)snprintf(fresh, sizeof(fresh), "%s.new", name);
	(void)unlinkat(folder, fresh, 0);
	fd = openat(folder, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    mode);
	if (fd == -1)
		return -1;
	errno = ENOSPC;
	if (write(fd, text, (size_t)length) != length || fsync(fd) == -1)
		error = errno;
	(void)close(fd);
	if (error == 0 && (renameat(folder, fresh, folder, name) == -1 ||
	    fsync(folder) == -1))
		error = errno;
	if (error == 0)
		return 0;
	(void)unlinkat(folder, fresh, 0);
	errno = error;
	return -1;
}

struct note_signer *
log_key_make(int folder, const char *origin)
{
	struct note_signer *signer = note_signer_new(origin);
	char text[NOTE_VKEY + 1];
	int result, error;

	if (signer == NULL)
		return NULL;
	note_signer_print(signer, text);
	end_line(text);
	result = store(folder, LOG_KEY_FILE, text, 0600);
	error = errno;
	OPENSSL_cleanse(text, sizeof(text));
	if (result == -1)
		note_signer_free(&signer);
	errno = error;
	return signer;
}

int
log_key_publish(int log_folder, const struct note_signer *signer)
{
	char vkey[NOTE_VKEY + 1], there[NOTE_VKEY + 1];
	ssize_t n = -1;
	int fd;

	note_key_print(note_signer_key(signer), vkey);
	end_line(vkey);
	fd = openat(log_folder, HEAD_VKEY_FILE,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd != -1) {
		n = read(fd, there, sizeof(there));
		(void)close(fd);
	}
	if (n == (ssize_t)strlen(vkey) && memcmp(vkey, there, (size_t)n) == 0)
		return 0;
	return store(log_folder, HEAD_VKEY_FILE, vkey, 0644);
}

void
log_key_origin(const char *wanted, char out[NOTE_NAME])
{
	size_t i;

	for (i = 0; wanted[i] != '\0' && i < NOTE_NAME - 1; i++) {
		out[i] = wanted[i];
		if (wanted[i] <= ' ' || wanted[i] == '+' || wanted[i] > '~')
			out[i] = '-';
	}
	out[i] = '\0';
	if (i == 0)
		(void)snprintf(out, NOTE_NAME, "gatebook");
}
