/* SPDX-License-Identifier: Apache-2.0 */
/* sentence.c - what each kind of record says in words. */
#include "logging/sentence.h"

#include "lib/address.h"
#include "lib/macros.h"

#include <string.h>

#define PATH_SHOWN 200

struct sentence {
	char *bytes;
	size_t length;
	const struct fields *fields;
};

static void
bytes(struct sentence *s, const void *text, size_t n)
{
	if (n > SENTENCE_MAX - s->length)
		n = SENTENCE_MAX - s->length;
	memcpy(s->bytes + s->length, text, n);
	s->length += n;
}

static void
say(struct sentence *s, const char *text)
{
	bytes(s, text, strlen(text));
}

static void
number(struct sentence *s, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	bytes(s, digits + at, sizeof(digits) - at);
}

static bool
has(const struct sentence *s, enum record_field field)
{
	return fields_has(s->fields, field);
}

static void
value(struct sentence *s, enum record_field field)
{
	if (has(s, field))
		bytes(s, s->fields->value[field].bytes,
		    s->fields->value[field].length);
}

static void
number_of(struct sentence *s, enum record_field field)
{
	number(s, fields_number(s->fields, field));
}

static void
address_of(struct sentence *s, enum record_field field)
{
	struct address address = { 0 };
	char text[ADDRESS_TEXT_MAX];

	address.family = s->fields->value[field].bytes[0];
	memcpy(address.bytes, s->fields->value[field].bytes + 1,
	    s->fields->value[field].length - 1);
	bytes(s, text, address_print(&address, text));
}

/* A name that may be an IPv6 address. */
static void
host(struct sentence *s, enum record_field field)
{
	const struct fields_text *text = &s->fields->value[field];
	bool brackets = memchr(text->bytes, ':', text->length) != NULL;

	if (brackets)
		say(s, "[");
	value(s, field);
	if (brackets)
		say(s, "]");
}

static void
nowhere_named(struct sentence *s)
{
	say(s, "a site");
	if (has(s, RECORD_RULE_CATEGORY_F)) {
		say(s, " of category ");
		value(s, RECORD_RULE_CATEGORY_F);
	}
}

static void
destination(struct sentence *s)
{
	if (has(s, RECORD_DEST_DOMAIN_F))
		host(s, RECORD_DEST_DOMAIN_F);
	else if (has(s, RECORD_DEST_IP_F))
		address_of(s, RECORD_DEST_IP_F);
	else {
		nowhere_named(s);
		return;
	}
	if (has(s, RECORD_DEST_PORT_F)) {
		say(s, ":");
		number_of(s, RECORD_DEST_PORT_F);
	}
}

static void
url(struct sentence *s)
{
	const struct fields_text *path = &s->fields->value[RECORD_URL_PATH_F];
	size_t n;

	if (!has(s, RECORD_URL_DOMAIN_F)) {
		destination(s);
		return;
	}
	if (has(s, RECORD_URL_SCHEME_F)) {
		value(s, RECORD_URL_SCHEME_F);
		say(s, "://");
	}
	host(s, RECORD_URL_DOMAIN_F);
	if (has(s, RECORD_URL_PORT_F)) {
		say(s, ":");
		number_of(s, RECORD_URL_PORT_F);
	}
	if (!has(s, RECORD_URL_PATH_F)) {
		say(s, "/");
		return;
	}
	n = path->length;
	if (n > PATH_SHOWN) {
		for (n = PATH_SHOWN; n > PATH_SHOWN - 4 &&
		    (path->bytes[n] & 0xc0) == 0x80; n--)
			;
		bytes(s, path->bytes, n);
		say(s, "...");
	} else
		bytes(s, path->bytes, n);
}

static void
request(struct sentence *s)
{
	if (has(s, RECORD_METHOD_F))
		value(s, RECORD_METHOD_F);
	else
		say(s, "A request");
	say(s, has(s, RECORD_METHOD_F) ? " " : " to ");
	url(s);
}

static void
tunnel(struct sentence *s)
{
	say(s, "Tunnel to ");
	destination(s);
}

static void
verdict(struct sentence *s)
{
	const struct fields_text *file =
	    &s->fields->value[RECORD_RULE_FILE_F];
	const unsigned char *name;

	if (!has(s, RECORD_DECISION_F) ||
	    fields_is(s->fields, RECORD_DECISION_F, "none"))
		return;
	if (fields_is(s->fields, RECORD_DECISION_F, "audit"))
		say(s, " audited");
	else if (fields_is(s->fields, RECORD_DECISION_F, "deny"))
		say(s, " denied");
	else {
		say(s, " decided ");
		value(s, RECORD_DECISION_F);
	}
	if (!has(s, RECORD_RULE_F))
		return;
	say(s, fields_is(s->fields, RECORD_RULE_F, "default") ?
	    " by " : " by rule ");
	value(s, RECORD_RULE_F);
	if (!has(s, RECORD_RULE_FILE_F) || file->length == 0)
		return;
	name = memrchr(file->bytes, '/', file->length);
	name = name == NULL ? file->bytes : name + 1;
	say(s, " (");
	bytes(s, name, (size_t)(file->bytes + file->length - name));
	if (has(s, RECORD_RULE_LINE_F)) {
		say(s, ":");
		number_of(s, RECORD_RULE_LINE_F);
	}
	say(s, ")");
}

static void
ending(struct sentence *s)
{
	if (has(s, RECORD_STATUS_F)) {
		say(s, ", answered ");
		number_of(s, RECORD_STATUS_F);
	}
	if (has(s, RECORD_FAILURE_F) &&
	    !fields_is(s->fields, RECORD_FAILURE_F, "complete") &&
	    !fields_is(s->fields, RECORD_FAILURE_F, "denied")) {
		say(s, ", ended as ");
		value(s, RECORD_FAILURE_F);
	}
}

static void
because(struct sentence *s)
{
	if (!has(s, RECORD_REASON_F))
		return;
	say(s, ": ");
	value(s, RECORD_REASON_F);
}

/* The reason alone, or these words where none is given. */
static void
reason_or(struct sentence *s, const char *words)
{
	if (has(s, RECORD_REASON_F))
		value(s, RECORD_REASON_F);
	else
		say(s, words);
}

static void
is_tunnel_or_request(struct sentence *s)
{
	if (fields_is(s->fields, RECORD_METHOD_F, "CONNECT") ||
	    !has(s, RECORD_URL_DOMAIN_F))
		tunnel(s);
	else
		request(s);
}

static void
segment(struct sentence *s, const char *words)
{
	say(s, "Log segment ");
	number_of(s, RECORD_SEGMENT_F);
	say(s, words);
}

static void
recovered(struct sentence *s)
{
	say(s, "Started again after ");
	say(s, fields_is(s->fields, RECORD_GAP_CAUSE_F, "power") ?
	    "a loss of power or a restart of the machine" :
	    fields_is(s->fields, RECORD_GAP_CAUSE_F, "write-error") ?
	    "a fault of the disk" : "a crash");
	if (fields_number(s->fields, RECORD_GAP_LOST_F) > 0) {
		say(s, "; ");
		number_of(s, RECORD_GAP_LOST_F);
		say(s, " lines that were not on disk yet are lost");
	}
	if (fields_number(s->fields, RECORD_GAP_DISCARDED_F) == 0)
		return;
	say(s, "; unfinished lines of ");
	number_of(s, RECORD_GAP_DISCARDED_F);
	say(s, " bytes were set aside");
}

static void
clock_change(struct sentence *s)
{
	int64_t step = (int64_t)fields_number(s->fields, RECORD_CLOCK_STEP_F);

	say(s, "The clock was moved ");
	say(s, step < 0 ? "back by " : "forward by ");
	number(s, (step < 0 ? 0 - (uint64_t)step : (uint64_t)step) / 1000);
	say(s, " milliseconds");
}

static void
search(struct sentence *s)
{
	if (has(s, RECORD_USER_NAME_F))
		value(s, RECORD_USER_NAME_F);
	else
		say(s, "Somebody");
	say(s, " searched the log for ");
	value(s, RECORD_CONSOLE_QUERY_F);
}

static void
summary(struct sentence *s)
{
	number_of(s, RECORD_SUMMARY_COUNT_F);
	say(s, " requests");
	if (has(s, RECORD_SUMMARY_NETWORK_F)) {
		say(s, " from ");
		value(s, RECORD_SUMMARY_NETWORK_F);
	}
	say(s, " were refused");
	because(s);
}

static void
closed_tunnel(struct sentence *s)
{
	tunnel(s);
	verdict(s);
	if (fields_number(s->fields, RECORD_STATUS_F) >= 300)
		say(s, ", not opened");
	else if (has(s, RECORD_DURATION_F)) {
		say(s, ", closed after ");
		number(s, fields_number(s->fields, RECORD_DURATION_F) /
		    1000000);
		say(s, " milliseconds");
	}
	ending(s);
}

/* Where the last whole character of the sentence ends. */
static size_t
whole(const char *text, size_t length)
{
	size_t back;

	for (back = 1; back <= 4 && back <= length; back++) {
		unsigned char c = (unsigned char)text[length - back];
		size_t need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;

		if ((c & 0xc0) == 0x80)
			continue;
		return need > back ? length - back : length;
	}
	return length;
}

size_t
sentence_make(const struct fields *fields, enum record_kind kind,
    const char *node, char out[SENTENCE_MAX])
{
	struct sentence sentence = { out, 0, fields }, *s = &sentence;

	switch (kind) {
	case RECORD_KIND_REQUEST:
		request(s);
		verdict(s);
		ending(s);
		break;
	case RECORD_KIND_REQUEST_OPEN:
		request(s);
		verdict(s);
		say(s, ", about to leave");
		break;
	case RECORD_KIND_REQUEST_INTERIM:
		request(s);
		verdict(s);
		say(s, ", still running");
		break;
	case RECORD_KIND_TUNNEL:
		closed_tunnel(s);
		break;
	case RECORD_KIND_TUNNEL_OPEN:
		tunnel(s);
		verdict(s);
		say(s, ", opened");
		break;
	case RECORD_KIND_TUNNEL_INTERIM:
		tunnel(s);
		verdict(s);
		say(s, ", still open");
		break;
	case RECORD_KIND_REFUSED:
		if (has(s, RECORD_METHOD_F) && has(s, RECORD_URL_DOMAIN_F))
			request(s);
		else
			say(s, "A request");
		say(s, " was refused");
		if (!has(s, RECORD_REASON_F) && has(s, RECORD_FAILURE_F)) {
			say(s, ": ");
			value(s, RECORD_FAILURE_F);
		}
		because(s);
		break;
	case RECORD_KIND_REFUSED_SUMMARY:
		summary(s);
		break;
	case RECORD_KIND_WORKER_DIED:
		is_tunnel_or_request(s);
		say(s, " was cut off");
		because(s);
		break;
	case RECORD_KIND_PROCESS_DIED:
		reason_or(s, "A process of gatebook died");
		break;
	case RECORD_KIND_START:
		say(s, "gatebook " GATEBOOK_VERSION " started on ");
		say(s, node);
		break;
	case RECORD_KIND_STOP:
		say(s, "gatebook stopped on ");
		say(s, node);
		break;
	case RECORD_KIND_RECOVERED:
		recovered(s);
		break;
	case RECORD_KIND_GAP:
		reason_or(s, "Something is missing here");
		break;
	case RECORD_KIND_SEGMENT_OPEN:
		segment(s, " opened");
		break;
	case RECORD_KIND_SEGMENT_CLOSE:
		segment(s, " closed");
		break;
	case RECORD_KIND_SEGMENT_DELETE:
		segment(s, " deleted");
		because(s);
		break;
	case RECORD_KIND_CLOCK_CHANGE:
		clock_change(s);
		break;
	case RECORD_KIND_RELOAD:
		say(s, "Settings and policy reloaded");
		because(s);
		break;
	case RECORD_KIND_POLICY_LOAD:
		say(s, "Policy ");
		value(s, RECORD_RULESET_F);
		say(s, " loaded");
		break;
	case RECORD_KIND_POLICY_REJECT:
		say(s, "A new policy was refused; the old one stays in force");
		because(s);
		break;
	case RECORD_KIND_SEARCH:
		search(s);
		break;
	case RECORD_KIND_COUNT:
		break;
	}
	return whole(out, sentence.length);
}
