/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pseudonym.c - monthly keys and a small table of names made lately: the same
 * few thousand people come back all day.
 */
#include "logging/pseudonym.h"

#include "lib/clock.h"
#include "lib/report.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define KEY_BYTES 32
#define KNOWN 1024
#define INPUT_MAX 600

struct known {
	char text[PSEUDONYM_TEXT];
	uint8_t length;		/* 0: empty */
	unsigned char input[79];
};

struct pseudonyms {
	int folder;
	bool good;
	char epoch[PSEUDONYM_EPOCH];
	unsigned char key[KEY_BYTES];
	struct report_limit limit;
	struct known known[KNOWN];
};

struct pseudonyms *
pseudonyms_new(int folder)
{
	struct pseudonyms *p = calloc(1, sizeof(*p));

	if (p != NULL)
		p->folder = folder;
	return p;
}

void
pseudonyms_free(struct pseudonyms **pseudonyms)
{
	struct pseudonyms *p = *pseudonyms;

	if (p == NULL)
		return;
	*pseudonyms = NULL;
	OPENSSL_cleanse(p, sizeof(*p));
	free(p);
}

/* Read a key that is there.  1, 0 if there is none, -1 with errno. */
static int
read_key(struct pseudonyms *p, const char *name)
{
	struct stat st;
	ssize_t n;
	int fd;

	fd = openat(p->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	n = -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		errno = EACCES;
		if ((st.st_mode & 077) == 0) {
			errno = EINVAL;
			n = read(fd, p->key, KEY_BYTES);
		}
	}
	(void)close(fd);
	return n == KEY_BYTES ? 1 : -1;
}

/* Make a key durable under its name before it is used: a pseudonym whose key
 * is lost cannot be opened by anybody. */
static int
make_key(struct pseudonyms *p, const char *name)
{
	char fresh[40];
	int fd, error = 0;

	(void)snprintf(fresh, sizeof(fresh), "%s.new", name);
	(void)unlinkat(p->folder, fresh, 0);
	if (getrandom(p->key, KEY_BYTES, 0) != KEY_BYTES)
		return -1;
	fd = openat(p->folder, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600);
	if (fd == -1)
		return -1;
	if (write(fd, p->key, KEY_BYTES) != KEY_BYTES || fsync(fd) == -1)
		error = errno == 0 ? EIO : errno;
	(void)close(fd);
	if (error == 0 && (renameat(p->folder, fresh, p->folder, name) == -1 ||
	    fsync(p->folder) == -1))
		error = errno;
	if (error == 0)
		return 0;
	(void)unlinkat(p->folder, fresh, 0);
	errno = error;
	return -1;
}

int
pseudonyms_month(struct pseudonyms *pseudonyms, uint64_t wall_us)
{
	struct pseudonyms *p = pseudonyms;
	char date[28], name[32];
	int found;

	clock_format_utc(wall_us, date);
	if (p->good && memcmp(date, p->epoch, PSEUDONYM_EPOCH - 1) == 0)
		return 0;
	OPENSSL_cleanse(p->known, sizeof(p->known));
	p->good = false;
	memcpy(p->epoch, date, PSEUDONYM_EPOCH - 1);
	if (p->folder == -1)
		return -1;
	(void)snprintf(name, sizeof(name), "pseudonym-%.7s.key", date);
	found = read_key(p, name);
	if (found == 0 && make_key(p, name) == 0)
		found = 1;
	if (found == 1) {
		p->good = true;
		return 0;
	}
	report_limited(&p->limit, REPORT_ERROR, "the key for pseudonyms %s in "
	    "the folder of keys can be neither read nor made: %s. Records that "
	    "want a pseudonym name nobody until it can; the file must hold 32 "
	    "bytes and be readable by the log's user alone", name,
	    strerror(errno));
	return -1;
}

const char *
pseudonyms_epoch(const struct pseudonyms *pseudonyms)
{
	return pseudonyms->good ? pseudonyms->epoch : NULL;
}

static void
compute(const struct pseudonyms *p, const unsigned char *input, size_t n,
    char out[PSEUDONYM_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char hash[EVP_MAX_MD_SIZE];
	int i;

	if (HMAC(EVP_sha256(), p->key, KEY_BYTES, input, n, hash, NULL) ==
	    NULL)
		report_bug("HMAC-SHA256 failed");
	for (i = 0; i < PSEUDONYM_TEXT / 2; i++) {
		out[2 * i] = digits[hash[i] >> 4];
		out[2 * i + 1] = digits[hash[i] & 15];
	}
}

int
pseudonym_make(struct pseudonyms *pseudonyms, const char *sort,
    const void *what, size_t n, char out[PSEUDONYM_TEXT])
{
	unsigned char input[INPUT_MAX];
	size_t length = strlen(sort) + 1, i;
	struct known *known;
	uint32_t hash = 2166136261u;

	if (!pseudonyms->good || n > sizeof(input) - length)
		return -1;
	memcpy(input, sort, length);
	if (n > 0)
		memcpy(input + length, what, n);
	length += n;
	if (length > sizeof(known->input)) {
		compute(pseudonyms, input, length, out);
		return 0;
	}
	for (i = 0; i < length; i++)
		hash = (hash ^ input[i]) * 16777619u;
	known = &pseudonyms->known[(hash ^ hash >> 16) % KNOWN];
	if (known->length != length ||
	    memcmp(known->input, input, length) != 0) {
		compute(pseudonyms, input, length, known->text);
		memcpy(known->input, input, length);
		known->length = (uint8_t)length;
	}
	memcpy(out, known->text, PSEUDONYM_TEXT);
	return 0;
}
