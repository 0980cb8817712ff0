/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http1_fields.c - the bytes, the field names and the lists of HTTP/1: which
 * byte may stand where, which field gatebook knows, which fields end at this
 * hop.
 */
#include "proxy/http1.h"
#include "proxy/http1_bytes.h"
#include "proxy/http1_fields.h"

#include <assert.h>
#include <string.h>

/* By RFC 9110 sections 5.5 and 5.6.2; test_http1.c counts it out again. */
const uint8_t http1_byte[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	2, 7, 6, 7, 7, 7, 7, 7, 6, 6, 7, 7, 6, 7, 7, 6,
	31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 6, 6, 6, 6, 6, 6,
	6, 23, 23, 23, 23, 23, 23, 7, 7, 7, 7, 7, 7, 7, 7, 7,
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 6, 6, 7, 7,
	7, 23, 23, 23, 23, 23, 23, 7, 7, 7, 7, 7, 7, 7, 7, 7,
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 7, 6, 7, 0,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
};

struct known_name {
	const char *name;
	uint8_t length;
	uint8_t known;
};

/* A perfect hash: known_hash() puts each name in a place of its own. */
#define KNOWN_PLACES 64
static const struct known_name known_names[KNOWN_PLACES] = {
	[2] = { "max-forwards", 12, HTTP1_MAX_FORWARDS },
	[4] = { "x-requested-with", 16,
	    HTTP1_X_REQUESTED_WITH },
	[8] = { "sec-ch-ua", 9, HTTP1_SEC_CH_UA },
	[10] = { "content-type", 12, HTTP1_CONTENT_TYPE },
	[12] = { "referer", 7, HTTP1_REFERER },
	[15] = { "proxy-connection", 16,
	    HTTP1_PROXY_CONNECTION },
	[16] = { "sec-fetch-mode", 14, HTTP1_SEC_FETCH_MODE },
	[18] = { "proxy-authorization", 19,
	    HTTP1_PROXY_AUTHORIZATION },
	[23] = { "origin", 6, HTTP1_ORIGIN },
	[24] = { "sec-purpose", 11, HTTP1_SEC_PURPOSE },
	[28] = { "authorization", 13, HTTP1_AUTHORIZATION },
	[31] = { "upgrade-insecure-requests", 25,
	    HTTP1_UPGRADE_INSECURE_REQUESTS },
	[32] = { "sec-fetch-site", 14, HTTP1_SEC_FETCH_SITE },
	[33] = { "transfer-encoding", 17,
	    HTTP1_TRANSFER_ENCODING },
	[34] = { "www-authenticate", 16,
	    HTTP1_WWW_AUTHENTICATE },
	[35] = { "sec-fetch-user", 14, HTTP1_SEC_FETCH_USER },
	[36] = { "te", 2, HTTP1_TE },
	[38] = { "keep-alive", 10, HTTP1_KEEP_ALIVE },
	[41] = { "upgrade", 7, HTTP1_UPGRADE },
	[44] = { "trailer", 7, HTTP1_TRAILER },
	[49] = { "proxy-authentication-info", 25,
	    HTTP1_PROXY_AUTHENTICATION_INFO },
	[50] = { "content-length", 14, HTTP1_CONTENT_LENGTH },
	[52] = { "proxy-authenticate", 18,
	    HTTP1_PROXY_AUTHENTICATE },
	[53] = { "sec-fetch-dest", 14, HTTP1_SEC_FETCH_DEST },
	[54] = { "via", 3, HTTP1_VIA },
	[56] = { "user-agent", 10, HTTP1_USER_AGENT },
	[57] = { "connection", 10, HTTP1_CONNECTION },
	[59] = { "host", 4, HTTP1_HOST },
	[61] = { "expect", 6, HTTP1_EXPECT },
	[62] = { "accept", 6, HTTP1_ACCEPT },
};

/* A token of one byte has no name here. */
static unsigned
known_hash(const char *name, size_t length)
{
	unsigned first = (unsigned char)name[0] | 0x20;
	unsigned last = (unsigned char)name[length - 1] | 0x20;
	unsigned before = (unsigned char)name[length > 1 ? length - 2 : 0] |
	    0x20;

	return ((unsigned)length + 16 * first + 6 * last +
	    5 * before) % KNOWN_PLACES;
}

/* Whether name, a token, is lower without case.  Setting the bit that tells
 * the cases apart confuses no other two bytes of a token with the letters and
 * dashes of lower. */
static bool
same_token(const char *name, const char *lower, size_t length)
{
	const uint64_t bits = UINT64_C(0x2020202020202020);
	uint64_t a, b;
	size_t i;

	if (length < 8) {
		for (i = 0; i < length; i++)
			if ((name[i] | 0x20) != lower[i])
				return false;
		return true;
	}
	for (i = 0; i < length - 8; i += 8) {
		memcpy(&a, name + i, 8);
		memcpy(&b, lower + i, 8);
		if ((a | bits) != b)
			return false;
	}
	memcpy(&a, name + length - 8, 8);
	memcpy(&b, lower + length - 8, 8);
	return (a | bits) == b;
}

enum http1_known
http1_known_name(const char *name, size_t length)
{
	const struct known_name *known;

	assert(length > 0);
	known = &known_names[known_hash(name, length)];
	if (known->length != length || !same_token(name, known->name, length))
		return HTTP1_OTHER;
	return (enum http1_known)known->known;
}

bool
http1_same(struct http1_text text, const char *lower)
{
	size_t i;

	for (i = 0; i < text.length; i++)
		if (lower[i] == '\0' || http1_lower(text.at[i]) != lower[i])
			return false;
	return lower[i] == '\0';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool
http1_next_item(struct http1_text *list, struct http1_text *item)
{
	const char *p = list->at, *end = list->at + list->length;
	const char *from, *to;

	while (p != end && (is_blank(*p) || *p == ','))
		p++;
	if (p == end)
		return false;
	from = p;
	p = memchr(p, ',', (size_t)(end - p));
	if (p == NULL)
		p = end;
	to = p;
	while (is_blank(to[-1]))
		to--;
	*item = (struct http1_text){ from, (size_t)(to - from) };
	*list = (struct http1_text){ p, (size_t)(end - p) };
	return true;
}

bool
http1_has_token(struct http1_text list, const char *token)
{
	struct http1_text item;
	char lower[64];
	size_t i, length = strlen(token);

	assert(length < sizeof(lower));
	for (i = 0; i <= length; i++)
		lower[i] = http1_lower(token[i]);
	while (http1_next_item(&list, &item))
		if (item.length == length && http1_same(item, lower))
			return true;
	return false;
}

/* The names in Connection are compared without case; most heads have none. */
static bool
is_named(const struct http1_head *head, struct http1_text name)
{
	size_t i, j;

	for (i = 0; i < head->option_count; i++) {
		struct http1_text option = head->option[i];

		if (option.length != name.length)
			continue;
		for (j = 0; j < name.length; j++)
			if (http1_lower(option.at[j]) !=
			    http1_lower(name.at[j]))
				break;
		if (j == name.length)
			return true;
	}
	return false;
}

/* Whether an answer that has no content announces some nevertheless.  Some clients
 * would wait for it.  A 304 may say how long the content would be. */
static bool
frames_nothing(const struct http1_head *head, enum http1_known known)
{
	if (head->is_request)
		return false;
	return head->status < 200 || head->status == 204 ||
	    (head->status == 304 && known == HTTP1_TRANSFER_ENCODING);
}

bool
http1_is_hop_by_hop(const struct http1_head *head,
    const struct http1_field *field)
{
	switch (field->known) {
	case HTTP1_CONNECTION:
	case HTTP1_PROXY_CONNECTION:
	case HTTP1_KEEP_ALIVE:
	case HTTP1_TE:
	case HTTP1_UPGRADE:
	case HTTP1_PROXY_AUTHORIZATION:
	case HTTP1_PROXY_AUTHENTICATE:
	case HTTP1_PROXY_AUTHENTICATION_INFO:
		return true;
	case HTTP1_HOST:
		return false;
	case HTTP1_CONTENT_LENGTH:
	case HTTP1_TRANSFER_ENCODING:
		return frames_nothing(head, field->known);
	case HTTP1_OTHER:
	case HTTP1_TRAILER:
	case HTTP1_VIA:
	case HTTP1_EXPECT:
	case HTTP1_MAX_FORWARDS:
	case HTTP1_WWW_AUTHENTICATE:
	case HTTP1_AUTHORIZATION:
	case HTTP1_USER_AGENT:
	case HTTP1_REFERER:
	case HTTP1_ACCEPT:
	case HTTP1_CONTENT_TYPE:
	case HTTP1_SEC_FETCH_DEST:
	case HTTP1_SEC_FETCH_MODE:
	case HTTP1_SEC_FETCH_USER:
	case HTTP1_SEC_FETCH_SITE:
	case HTTP1_SEC_CH_UA:
	case HTTP1_SEC_PURPOSE:
	case HTTP1_ORIGIN:
	case HTTP1_UPGRADE_INSECURE_REQUESTS:
	case HTTP1_X_REQUESTED_WITH:
		break;
	}
	return head->option_count > 0 && is_named(head, field->name);
}

const char *
http1_error_name(enum http1_error error)
{
	static const char *const names[] = {
#define E(id, words) words,
		HTTP1_ERRORS(E)
#undef E
	};

	assert((unsigned)error < HTTP1_ERROR_COUNT);
	return names[error];
}
