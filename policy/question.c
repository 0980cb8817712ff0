/* SPDX-License-Identifier: Apache-2.0 */
/*
 * question.c - facts as a person states them: a URL or host, and words with
 * values, for explain and for the policy's own tests.
 */
#include "policy/compile.h"
#include "policy/browser.h"
#include "policy/build.h"
#include "policy/navigation.h"
#include "policy/snapshot.h"
#include "policy/values.h"

#include "lib/name.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void
question_init(struct question *q)
{
	memset(&q->facts, 0, sizeof(q->facts));
}

static bool
refuse(char *why, size_t size, const char *words)
{
	(void)snprintf(why, size, "%s", words);
	return false;
}

static void
put(struct question *q, enum fact fact, struct fact_string *to,
    const char *text, size_t length)
{
	to->text = text;
	to->length = length;
	fact_set(&q->facts, fact);
}

static bool
number(const char *text, size_t length, uint64_t high, uint64_t *out)
{
	uint64_t n = 0;

	if (length == 0 || length > 19)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		n = n * 10 + (uint64_t)(text[i] - '0');
	}
	*out = n;
	return n <= high;
}

/* --- the path as conditions see it ------------------------------------------- */
static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t
decode_unreserved(const char *path, size_t length, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		int c;

		out[n++] = path[i];
		if (path[i] != '%' || i + 2 >= length ||
		    hex(path[i + 1]) < 0 || hex(path[i + 2]) < 0)
			continue;
		c = hex(path[i + 1]) * 16 + hex(path[i + 2]);
		if (c < 128 && (isalnum(c) || strchr("-._~", c) != NULL) &&
		    c != 0) {
			out[n - 1] = (char)c;
		} else {
			out[n++] = (char)toupper((unsigned char)path[i + 1]);
			out[n++] = (char)toupper((unsigned char)path[i + 2]);
		}
		i += 2;
	}
	return n;
}

/* RFC 3986 5.2.4, in place. */
static size_t
remove_dots(char *path, size_t length)
{
	size_t in = 0, out = 0;

	while (in < length) {
		size_t end = in + 1;
		size_t n;

		while (end < length && path[end] != '/')
			end++;
		n = end - in;	/* "/segment" */
		if (n == 2 && path[in + 1] == '.') {
			if (end == length)
				path[out++] = '/';
		} else if (n == 3 && path[in + 1] == '.' &&
		    path[in + 2] == '.') {
			while (out > 0 && path[--out] != '/')
				;
			if (end == length)
				path[out++] = '/';
		} else {
			memmove(path + out, path + in, n);
			out += n;
		}
		in = end;
	}
	return out;
}

static void
put_path(struct question *q, const char *path, size_t length)
{
	size_t n;

	if (length == 0 || path[0] != '/') {
		path = "/";
		length = 1;
	}
	n = decode_unreserved(path, length, q->path);
	n = remove_dots(q->path, n);
	if (n == 0)
		q->path[n++] = '/';
	put(q, FACT_PATH, &q->facts.path, q->path, n);
}

/* --- targets -------------------------------------------------------------------- */
/* host, host:port, [v6]:port, bare v6; port 0 if none. */
static bool
put_authority(struct question *q, const char *text, size_t length,
    uint64_t *port, char *why, size_t why_size)
{
	struct address address;
	const char *host = text;
	size_t host_length = length;
	const char *rest;
	size_t n;

	*port = 0;
	if (length > 0 && text[0] == '[') {
		rest = memchr(text, ']', length);
		if (rest == NULL)
			return refuse(why, why_size, "the \"[\" of the address "
			    "is not closed");
		host = text + 1;
		host_length = (size_t)(rest - host);
		rest++;
	} else if (address_parse(text, length, &address)) {
		rest = text + length;	/* an IPv6 address as it is */
	} else {
		rest = memchr(text, ':', length);
		if (rest == NULL)
			rest = text + length;
		host_length = (size_t)(rest - text);
	}
	if (rest < text + length && (*rest != ':' || !number(rest + 1,
	    (size_t)(text + length - rest - 1), 65535, port) || *port == 0))
		return refuse(why, why_size, "the port is not a number from 1 "
		    "to 65535");
	if (name_settle(host, host_length, q->host, &n, &address) == NAME_BAD)
		return refuse(why, why_size, "this is not a host name");
	put(q, FACT_HOST, &q->facts.host, q->host, n);
	return true;
}

bool
question_target(struct question *q, const char *text, char *why,
    size_t why_size)
{
	const char *sep = strstr(text, "://");
	const char *authority = sep == NULL ? text : sep + 3;
	size_t length = strcspn(authority, "/?#");
	const char *path = authority + length;
	const char *at;
	uint64_t port, usual = 443;
	bool plain = false;

	if (strlen(text) >= sizeof(q->url))
		return refuse(why, why_size, "this is too long");
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c <= 0x20 || *c == 0x7f)
			return refuse(why, why_size, "blanks and control "
			    "characters have no place in it");
	if (sep != NULL) {
		size_t n = (size_t)(sep - text);

		if (n == 4 && strncasecmp(text, "http", n) == 0) {
			plain = true;
			usual = 80;
		} else if (n == 2 && strncasecmp(text, "ws", n) == 0) {
			usual = 80;	/* browsers CONNECT for it */
		} else if (!(n == 5 && strncasecmp(text, "https", n) == 0) &&
		    !(n == 3 && strncasecmp(text, "wss", n) == 0)) {
			return refuse(why, why_size, "the scheme should be "
			    "http, https, ws or wss");
		}
	}
	at = memrchr(authority, '@', length);
	if (at != NULL) {
		length -= (size_t)(at + 1 - authority);
		authority = at + 1;
	}
	if (!put_authority(q, authority, length, &port, why, why_size))
		return false;
	q->facts.port = (uint16_t)(port == 0 ? usual : port);
	fact_set(&q->facts, FACT_PORT);
	q->facts.is_tunnel = !plain;
	if (!plain)
		return true;
	put(q, FACT_SCHEME, &q->facts.scheme, "http", 4);
	put(q, FACT_PROTOCOL, &q->facts.protocol, "http", 4);
	fact_set_absent(&q->facts, FACT_SERVER_NAME);
	if ((q->facts.known & FACT_BIT(FACT_METHOD)) == 0)
		put(q, FACT_METHOD, &q->facts.method, "GET", 3);
	put_path(q, path, strcspn(path, "?#"));
	length = (size_t)snprintf(q->url, sizeof(q->url),
	    strchr(q->host, ':') != NULL ? "http://[%s]" : "http://%s",
	    q->host);
	if (port != 0 && port != 80)
		length += (size_t)snprintf(q->url + length,
		    sizeof(q->url) - length, ":%u", (unsigned)port);
	if (path[0] != '/')
		length += (size_t)snprintf(q->url + length,
		    sizeof(q->url) - length, "/");
	length += (size_t)snprintf(q->url + length, sizeof(q->url) - length,
	    "%.*s", (int)strcspn(path, "#"), path);
	if (length >= sizeof(q->url))
		return refuse(why, why_size, "this is too long");
	put(q, FACT_URL, &q->facts.url, q->url, length);
	return true;
}

/* --- single facts ------------------------------------------------------------------- */
int64_t
zone_offset(const struct snap_zone *zone, size_t count, int64_t seconds)
{
	int64_t offset = 0;

	for (size_t i = 0; i < count && zone[i].from <= seconds; i++)
		offset = zone[i].offset;
	return offset;
}

/* A time that a clock change leaves out or has twice becomes the one as
 * before the change. */
int64_t
zone_to_utc(const struct snap_zone *zone, size_t count, int64_t local)
{
	int64_t first = local - zone_offset(zone, count, local - 86400);
	int64_t second;

	if (zone_offset(zone, count, first) == local - first)
		return first;
	second = local - zone_offset(zone, count, local + 86400);
	return zone_offset(zone, count, second) == local - second ? second :
	    first;
}

/* "2027-03-31", "2027-03-31 10:15" or with "T" and seconds. */
static bool
put_time(struct question *q, const struct policy *policy, const char *value,
    char *why, size_t why_size)
{
	static const char wrong[] = "write a date and a time such as "
	    "2027-03-31 10:15";
	uint64_t hour = 0, minute = 0, second = 0;
	char date[11];
	int64_t day, utc;
	const char *time;

	(void)snprintf(date, sizeof(date), "%.10s", value);
	if (!date_parse(date, &day))
		return refuse(why, why_size, wrong);
	time = value + 10;
	if (*time != '\0') {
		size_t n = strlen(time);

		if ((n != 6 && n != 9) || (time[0] != ' ' && time[0] != 'T') ||
		    time[3] != ':' || !number(time + 1, 2, 23, &hour) ||
		    !number(time + 4, 2, 59, &minute) || (n == 9 &&
		    (time[6] != ':' || !number(time + 7, 2, 59, &second))))
			return refuse(why, why_size, wrong);
	}
	utc = zone_to_utc(policy->ZONE, policy->count[PART_ZONE],
	    day * 86400 + (int64_t)(hour * 3600 + minute * 60 + second));
	/* 0 means that no time is stated */
	q->facts.wall_us = utc <= 0 ? 1 : (uint64_t)utc * 1000000;
	return true;
}

static bool
put_word(struct question *q, enum fact fact, struct fact_string *to,
    char *room, size_t size, const char *value, char *why, size_t why_size)
{
	if (strlen(value) >= size)
		return refuse(why, why_size, "this is too long");
	(void)snprintf(room, size, "%s", value);
	put(q, fact, to, room, strlen(room));
	return true;
}

static bool
put_size(struct question *q, const char *value, char *why, size_t why_size)
{
	char digits[24];
	const char *unit = value + strspn(value, "0123456789");
	size_t n = (size_t)(unit - value);

	if (n == 0 || n >= sizeof(digits))
		return refuse(why, why_size, "write a size such as \"50 MB\"");
	memcpy(digits, value, n);
	digits[n] = '\0';
	unit += strspn(unit, " ");
	if (!value_size(digits, *unit == '\0' ? "bytes" : unit,
	    &q->facts.request_size))
		return refuse(why, why_size, "write a size such as \"50 MB\"");
	q->facts.request_size_final = true;
	fact_set(&q->facts, FACT_REQUEST_SIZE);
	return true;
}

static bool
put_address(struct question *q, enum fact fact, struct address *to,
    const char *value, char *why, size_t why_size)
{
	if (!address_parse(value, strlen(value), to))
		return refuse(why, why_size, "this is not an address; write "
		    "one such as 10.1.2.3");
	fact_set(&q->facts, fact);
	return true;
}

static bool
put_country(struct question *q, const char *value, char *why, size_t why_size)
{
	if (strlen(value) != 2 || !isalpha((unsigned char)value[0]) ||
	    !isalpha((unsigned char)value[1]))
		return refuse(why, why_size, "write the two letters of a "
		    "country such as GB");
	q->facts.country[0] = (char)toupper((unsigned char)value[0]);
	q->facts.country[1] = (char)toupper((unsigned char)value[1]);
	q->facts.country[2] = '\0';
	fact_set(&q->facts, FACT_COUNTRY);
	return true;
}

static bool
put_number(struct question *q, enum fact fact, const char *value,
    char *why, size_t why_size)
{
	uint64_t n;

	if (fact == FACT_ASN && strncasecmp(value, "AS", 2) == 0)
		value += 2;
	if (!number(value, strlen(value), fact == FACT_PORT ? 65535 :
	    UINT32_MAX, &n) || n == 0)
		return refuse(why, why_size, fact == FACT_PORT ? "write a "
		    "port from 1 to 65535" : "write a network number such as "
		    "AS786");
	if (fact == FACT_PORT)
		q->facts.port = (uint16_t)n;
	else
		q->facts.asn = (uint32_t)n;
	fact_set(&q->facts, fact);
	return true;
}

static bool
put_name(struct question *q, enum fact fact, struct fact_string *to,
    char *room, const char *value, char *why, size_t why_size)
{
	char name[NAME_MAX_BYTES + 1];
	struct address address;
	size_t n;

	if (name_settle(value, strlen(value), name, &n, &address) == NAME_BAD)
		return refuse(why, why_size, "this is not a host name");
	memcpy(room, name, n + 1);
	put(q, fact, to, room, n);
	return true;
}

static bool
put_kind(struct question *q, const char *value, char *why, size_t why_size)
{
	if (!address_kind_by_name(value, &q->facts.address_kind))
		return refuse(why, why_size, "there is no such kind of "
		    "address; write public, private, loopback, ...");
	fact_set(&q->facts, FACT_ADDRESS_KIND);
	return true;
}

bool
question_set(struct question *q, const struct policy *policy,
    const char *word, const char *value, char *why, size_t why_size)
{
	struct facts *f = &q->facts;
	enum activity_kind kind;
	enum fact fact;

	if (strcmp(word, "at") == 0)
		return put_time(q, policy, value, why, why_size);
	if (!fact_by_word(word, &fact))
		return refuse(why, why_size, fact_is_later(word) ? "this fact "
		    "comes with a later version" : "there is no such fact");
	switch (fact) {
	case FACT_CLIENT:
		return put_address(q, fact, &f->client, value, why, why_size);
	case FACT_DESTINATION:
		return put_address(q, fact, &f->destination, value, why,
		    why_size);
	case FACT_LISTENER:
		return put_word(q, fact, &f->listener, q->listener,
		    sizeof(q->listener), value, why, why_size);
	case FACT_PROTOCOL:
		return put_word(q, fact, &f->protocol, q->protocol,
		    sizeof(q->protocol), value, why, why_size);
	case FACT_METHOD:
		return put_word(q, fact, &f->method, q->method,
		    sizeof(q->method), value, why, why_size);
	case FACT_SCHEME:
		return put_word(q, fact, &f->scheme, q->scheme,
		    sizeof(q->scheme), value, why, why_size);
	case FACT_PATH:
		if (strlen(value) >= sizeof(q->path))
			return refuse(why, why_size, "this is too long");
		put_path(q, value, strlen(value));
		return true;
	case FACT_SERVICE:
		return put_word(q, fact, &f->service, q->service,
		    sizeof(q->service), value, why, why_size);
	case FACT_SERVICE_CLASS:
		return put_word(q, fact, &f->service_class, q->service_class,
		    sizeof(q->service_class), value, why, why_size);
	case FACT_ACTIVITY:
		if (!activity_by_name(value, &kind))
			return refuse(why, why_size, "there is no such "
			    "activity; write view, search, post, upload, ...");
		put(q, fact, &f->activity, activity_name(kind),
		    strlen(activity_name(kind)));
		return true;
	case FACT_CONTENT_TYPE:
		return put_word(q, fact, &f->content_type, q->content_type,
		    sizeof(q->content_type), value, why, why_size);
	case FACT_FIELD:
		return put_word(q, fact, &f->fields, q->fields,
		    sizeof(q->fields), value, why, why_size);
	case FACT_OPERATION:
		return put_word(q, fact, &f->operation, q->operation,
		    sizeof(q->operation), value, why, why_size);
	case FACT_HOST:
	case FACT_URL:
		return question_target(q, value, why, why_size);
	case FACT_SERVER_NAME:
		return put_name(q, fact, &f->server_name, q->server_name,
		    value, why, why_size);
	case FACT_EMBEDDED_IN:
		return put_name(q, fact, &f->embedded_in, q->embedded_in,
		    value, why, why_size);
	case FACT_BROWSER:
		if (value[0] == '\0') {
			fact_set_absent(f, fact);
			return true;
		}
		return put_word(q, fact, &f->browser.user_agent,
		    q->user_agent, sizeof(q->user_agent), value, why,
		    why_size);
	case FACT_CLIENT_KIND:
		if (!client_kind_by_name(value, &f->client_kind) ||
		    f->client_kind == CLIENT_UNKNOWN)
			return refuse(why, why_size, "write browser, app, "
			    "tool, system or bot");
		fact_set(f, fact);
		return true;
	case FACT_NAVIGATION:
		if (!navigation_by_name(value, &f->navigation) ||
		    f->navigation == NAVIGATION_UNKNOWN)
			return refuse(why, why_size, "write yes, likely or "
			    "no");
		fact_set(f, fact);
		return true;
	case FACT_PORT:
	case FACT_ASN:
		return put_number(q, fact, value, why, why_size);
	case FACT_COUNTRY:
		return put_country(q, value, why, why_size);
	case FACT_ADDRESS_KIND:
		return put_kind(q, value, why, why_size);
	case FACT_REQUEST_SIZE:
		return put_size(q, value, why, why_size);
	case FACT_HOURS:
	case FACT_DATE:
		return refuse(why, why_size, "state the time with \"at\"");
	case FACT_CATEGORY:
	case FACT_QUERY:
	case FACTS:
		break;
	}
	return refuse(why, why_size, "this follows from the host and cannot be "
	    "stated");
}

bool
question_request(struct question *q, const char *method, const char *url,
    char *why, size_t why_size)
{
	bool secure = strncasecmp(url, "https://", 8) == 0;
	char plain[QUESTION_TEXT_MAX];
	size_t n;

	if (!secure && strncasecmp(url, "http://", 7) != 0)
		return refuse(why, why_size, "write the whole URL, with "
		    "http:// or https://");
	if (snprintf(plain, sizeof(plain), "http://%s", url + (secure ? 8 :
	    7)) >= (int)sizeof(plain) - 1)
		return refuse(why, why_size, "this is too long");
	if (!question_target(q, plain, why, why_size) ||
	    !put_word(q, FACT_METHOD, &q->facts.method, q->method,
	    sizeof(q->method), method, why, why_size))
		return false;
	if (!secure)
		return true;
	put(q, FACT_SCHEME, &q->facts.scheme, "https", 5);
	n = q->facts.url.length;
	memmove(q->url + 5, q->url + 4, n - 3);	/* its NUL too */
	q->url[4] = 's';
	q->facts.url.length = n + 1;
	if (memchr(plain + 7, ':', strcspn(plain + 7, "/?#")) == NULL)
		q->facts.port = 443;
	return true;
}
