/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hello.c - reading a TLS ClientHello as it passes.
 *
 * The records are walked until they hold the whole message; only then is it
 * read, in place if it came in one record.  A list that does not end where its
 * length says, a second server name, a second extension of a kind: another
 * reader could see another hello, so it is no hello.
 */
#include "proxy/hello.h"
#include "lib/name.h"
#include "proxy/hello_ja4.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_HANDSHAKE 22
#define RECORD_BYTES_MAX 16384
/* A hello cut into more records than this is an attack on our patience. */
#define RECORDS_MAX 1024
#define CLIENT_HELLO 1

enum {
	EXTENSION_SERVER_NAME = 0,
	EXTENSION_SIGNATURES = 13,
	EXTENSION_ALPN = 16,
	EXTENSION_VERSIONS = 43,
	EXTENSION_ECH = 0xfe0d
};

/* Bytes being read; a read past the end makes them bad for good. */
struct reader {
	const unsigned char *at;
	size_t left;
	bool bad;
};

static const unsigned char *
take(struct reader *reader, size_t n)
{
	const unsigned char *at = reader->at;

	if (n > reader->left) {
		reader->bad = true;
		reader->left = 0;
		return NULL;
	}
	reader->at += n;
	reader->left -= n;
	return at;
}

static unsigned
take_number(struct reader *reader, unsigned bytes)
{
	const unsigned char *p = take(reader, bytes);
	unsigned value = 0;

	while (p != NULL && bytes-- > 0)
		value = value << 8 | *p++;
	return value;
}

/* A vector whose length stands before it in so many bytes. */
static struct reader
take_vector(struct reader *reader, unsigned length_bytes)
{
	struct reader inner = { 0 };
	unsigned length = take_number(reader, length_bytes);

	inner.at = take(reader, length);
	inner.bad = inner.at == NULL;
	inner.left = inner.bad ? 0 : length;
	return inner;
}

static bool
is_grease(unsigned value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* Fill list with a vector of 16-bit values, GREASE left out. */
static bool
read_list(struct reader *vector, struct hello_list *list)
{
	if (vector->bad || vector->left % 2 != 0)
		return false;
	while (vector->left > 0) {
		unsigned value = take_number(vector, 2);

		if (is_grease(value))
			continue;
		if (list->count == HELLO_LIST_MAX)
			return false;
		list->value[list->count++] = (uint16_t)value;
	}
	return true;
}

static bool
read_server_name(struct reader *data, struct hello *hello)
{
	struct reader names = take_vector(data, 2);
	struct address address;
	size_t i, length;

	if (names.bad || names.left == 0 || data->left != 0)
		return false;
	while (names.left > 0) {
		unsigned type = take_number(&names, 1);
		struct reader name = take_vector(&names, 2);

		if (names.bad || name.bad || name.left == 0)
			return false;
		if (type != 0)
			continue;	/* no other kind was ever defined */
		if (hello->has_server_name)
			return false;
		for (i = 0; i < name.left; i++)
			if (name.at[i] <= 0x20 || name.at[i] >= 0x7f)
				return false;
		if (name_settle((const char *)name.at, name.left,
		    hello->server_name, &length, &address) == NAME_BAD)
			return false;
		hello->has_server_name = true;
	}
	return true;
}

static void
note_alpn(struct hello *hello, const unsigned char *name, size_t length)
{
	size_t i, most = sizeof(hello->alpn[0]) - 1;
	char *out;

	if (hello->alpn_count == HELLO_ALPN_MAX)
		return;
	out = hello->alpn[hello->alpn_count];
	for (i = 0; i < length && i < most; i++)
		out[i] = (char)(name[i] <= 0x20 || name[i] >= 0x7f ? '?' :
		    name[i]);
	out[i] = '\0';
	hello->alpn_count++;
}

static bool
read_alpn(struct reader *data, struct hello *hello, struct hello_ja4 *ja4)
{
	struct reader names = take_vector(data, 2);

	if (names.bad || names.left == 0 || data->left != 0)
		return false;
	while (names.left > 0) {
		struct reader name = take_vector(&names, 1);

		if (name.bad || name.left == 0)
			return false;
		if (name.left == 2 && is_grease((unsigned)name.at[0] << 8 |
		    name.at[1]))
			continue;
		if (ja4->alpn == NULL) {
			ja4->alpn = name.at;
			ja4->alpn_length = name.left;
		}
		note_alpn(hello, name.at, name.left);
	}
	return true;
}

static int
newest_first(const void *a, const void *b)
{
	const uint16_t *left = a, *right = b;

	return *left > *right ? -1 : *left < *right;
}

static bool
read_versions(struct reader *data, struct hello *hello, struct hello_ja4 *ja4)
{
	struct reader versions = take_vector(data, 1);

	if (versions.bad || versions.left == 0 || versions.left % 2 != 0 ||
	    data->left != 0)
		return false;
	while (versions.left > 0) {
		unsigned version = take_number(&versions, 2);

		if (is_grease(version))
			continue;
		if (version > ja4->version)
			ja4->version = (uint16_t)version;
		if (hello->version_count < HELLO_VERSIONS_MAX)
			hello->versions[hello->version_count++] =
			    (uint16_t)version;
	}
	return true;
}

static bool
read_extension(unsigned type, struct reader *data, struct hello *hello,
    struct hello_ja4 *ja4)
{
	struct reader list;

	switch (type) {
	case EXTENSION_SERVER_NAME:
		ja4->has_server_name = true;
		return read_server_name(data, hello);
	case EXTENSION_SIGNATURES:
		list = take_vector(data, 2);
		return data->left == 0 && read_list(&list, &ja4->signatures);
	case EXTENSION_ALPN:
		return read_alpn(data, hello, ja4);
	case EXTENSION_VERSIONS:
		return read_versions(data, hello, ja4);
	case EXTENSION_ECH:
		hello->ech = true;
		return true;
	default:
		return true;
	}
}

static bool
read_extensions(struct reader *extensions, struct hello *hello,
    struct hello_ja4 *ja4)
{
	uint64_t seen[65536 / 64] = { 0 };

	while (extensions->left > 0) {
		unsigned type = take_number(extensions, 2);
		struct reader data = take_vector(extensions, 2);

		if (extensions->bad || data.bad ||
		    (seen[type / 64] >> type % 64 & 1) != 0)
			return false;
		seen[type / 64] |= UINT64_C(1) << type % 64;
		if (!read_extension(type, &data, hello, ja4))
			return false;
		if (is_grease(type))
			continue;
		if (ja4->extensions.count == HELLO_LIST_MAX)
			return false;
		ja4->extensions.value[ja4->extensions.count++] =
		    (uint16_t)type;
	}
	return !extensions->bad;
}

/* The message after its four bytes of type and length. */
static bool
read_hello(struct reader *body, struct hello *hello)
{
	unsigned legacy = take_number(body, 2);
	struct reader ciphers, other;
	struct hello_ja4 ja4 = { 0 };

	(void)take(body, 32);			/* random */
	other = take_vector(body, 1);		/* session id */
	if (other.bad || other.left > 32)
		return false;
	ciphers = take_vector(body, 2);
	if (ciphers.left == 0 || !read_list(&ciphers, &ja4.ciphers))
		return false;
	other = take_vector(body, 1);		/* compression */
	if (other.bad || other.left == 0)
		return false;
	if (body->left > 0) {			/* SSL 3.0 had none */
		other = take_vector(body, 2);
		if (other.bad || body->left != 0 ||
		    !read_extensions(&other, hello, &ja4))
			return false;
	}
	if (hello->version_count == 0) {
		hello->versions[hello->version_count++] = (uint16_t)legacy;
		ja4.version = (uint16_t)legacy;
	}
	qsort(hello->versions, hello->version_count,
	    sizeof(hello->versions[0]), newest_first);
	hello_ja4_write(&ja4, hello->ja4);
	return true;
}

/* Walk the records at bytes.  Fills message (room for HELLO_MAX, or NULL to look
 * only) with what they carry.  MORE: *have bytes of it so far are there. */
static enum hello_result
walk_records(const unsigned char *bytes, size_t length, unsigned char *message,
    size_t *have, size_t *records)
{
	size_t at = 0, size, n;

	*have = 0;
	for (*records = 0; at < length; (*records)++) {
		if (bytes[at] != RECORD_HANDSHAKE ||
		    (length - at > 1 && bytes[at + 1] != 3) ||
		    (length - at > 2 && bytes[at + 2] > 4))
			return *records == 0 ? HELLO_NOT_TLS : HELLO_BAD;
		if (length - at < 5)
			break;
		size = (size_t)bytes[at + 3] << 8 | bytes[at + 4];
		if (size == 0 || size > RECORD_BYTES_MAX ||
		    *records == RECORDS_MAX)
			return HELLO_BAD;
		at += 5;
		n = length - at < size ? length - at : size;
		if (n > HELLO_MAX - *have)
			return HELLO_NOT_TLS;
		if (message != NULL)
			memcpy(message + *have, bytes + at, n);
		*have += n;
		at += n;
	}
	return HELLO_MORE;
}

/* Bytes number 0 to 3 of the message: type and length.  They lie in the first
 * record unless somebody cut them apart. */
static bool
message_size(const unsigned char *bytes, size_t length, size_t *size)
{
	unsigned char first[4];
	size_t at = 0, n = 0, left;

	while (n < 4 && length - at > 5) {
		left = (size_t)bytes[at + 3] << 8 | bytes[at + 4];
		for (at += 5; n < 4 && left > 0 && at < length; left--)
			first[n++] = bytes[at++];
	}
	if (n > 0 && first[0] != CLIENT_HELLO)
		return false;
	*size = n < 4 ? SIZE_MAX : 4 + ((size_t)first[1] << 16 |
	    (size_t)first[2] << 8 | first[3]);
	return true;
}

enum hello_result
hello_parse(const unsigned char *bytes, size_t length, struct hello *hello)
{
	unsigned char joined[HELLO_MAX];
	const unsigned char *message = bytes + 5;
	struct reader body;
	size_t have, records, size;
	enum hello_result result;

	result = walk_records(bytes, length, NULL, &have, &records);
	if (result != HELLO_MORE || have == 0)
		return result;
	if (!message_size(bytes, length, &size))
		return HELLO_BAD;
	if (size != SIZE_MAX && size > HELLO_MAX)
		return HELLO_NOT_TLS;
	if (have < size)
		return HELLO_MORE;
	/* What the record holds beyond the message, nobody may send yet. */
	if (have > size)
		return HELLO_BAD;
	if (records > 1) {
		(void)walk_records(bytes, length, joined, &have, &records);
		message = joined;
	}
	memset(hello, 0, sizeof(*hello));
	body = (struct reader){ .at = message + 4, .left = size - 4 };
	return read_hello(&body, hello) ? HELLO_DONE : HELLO_BAD;
}
