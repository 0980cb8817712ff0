/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format.c - the order of the table is the order of the line: present fields
 * are bits, so writing a line is walking over the bits.
 */
#include "logging/format.h"

#include "lib/macros.h"
#include "lib/report.h"
#include "logging/fields.h"
#include "logging/sentence.h"

#include <sys/random.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SALT_BYTES 16
#define SALT_TEXT 24
#define SALTS 256

/* What the kind alone says; classes are category and type as they stand in the
 * line. */
struct kind_row {
	enum format_source source;
	bool exchange;
	const char *level;
	const char *classes[2];		/* let through, denied */
	const char *outcome;		/* where the record does not say */
};

#define CLASS(category, type) "\"event.category\":[" category \
	"],\"event.type\":[" type "]"
#define SAME(category, type) { CLASS(category, type), CLASS(category, type) }
#define WEB "\"web\",\"network\""
#define NET "\"network\""

static const struct kind_row kinds[RECORD_KIND_COUNT] = {
	[RECORD_KIND_REQUEST] = { FORMAT_FROM_KEEPER, true, "info",
	    { CLASS(WEB, "\"access\",\"allowed\""),
	    CLASS(WEB, "\"access\",\"denied\"") }, "unknown" },
	[RECORD_KIND_REQUEST_OPEN] = { FORMAT_FROM_KEEPER, true, "info",
	    { CLASS(NET, "\"info\",\"allowed\""),
	    CLASS(NET, "\"info\",\"denied\"") }, "unknown" },
	[RECORD_KIND_REQUEST_INTERIM] = { FORMAT_FROM_KEEPER, true, "info",
	    SAME(NET, "\"info\""), "unknown" },
	[RECORD_KIND_TUNNEL] = { FORMAT_FROM_KEEPER, true, "info",
	    { CLASS(NET, "\"connection\",\"end\",\"allowed\""),
	    CLASS(NET, "\"connection\",\"denied\"") }, "unknown" },
	[RECORD_KIND_TUNNEL_OPEN] = { FORMAT_FROM_KEEPER, true, "info",
	    SAME(NET, "\"connection\",\"start\",\"allowed\""), "unknown" },
	[RECORD_KIND_TUNNEL_INTERIM] = { FORMAT_FROM_KEEPER, true, "info",
	    SAME(NET, "\"connection\",\"info\""), "unknown" },
	[RECORD_KIND_REFUSED] = { FORMAT_FROM_KEEPER, true, "warning",
	    SAME(WEB, "\"access\",\"denied\""), "failure" },
	[RECORD_KIND_REFUSED_SUMMARY] = { FORMAT_FROM_KEEPER, false, "warning",
	    SAME(WEB, "\"access\",\"denied\""), "failure" },
	[RECORD_KIND_WORKER_DIED] = { FORMAT_FROM_WRITER, true, "error",
	    SAME(NET, "\"connection\",\"end\""), "unknown" },
	[RECORD_KIND_PROCESS_DIED] = { FORMAT_FROM_PARENT, false, "error",
	    SAME("\"process\"", "\"end\""), "failure" },
	[RECORD_KIND_START] = { FORMAT_FROM_WRITER, false, "info",
	    SAME("\"process\"", "\"start\""), "success" },
	[RECORD_KIND_STOP] = { FORMAT_FROM_WRITER, false, "info",
	    SAME("\"process\"", "\"end\""), "success" },
	[RECORD_KIND_RECOVERED] = { FORMAT_FROM_WRITER, false, "error",
	    SAME("\"process\"", "\"start\""), "success" },
	[RECORD_KIND_GAP] = { FORMAT_FROM_WRITER, false, "critical",
	    SAME("\"process\"", "\"info\""), "failure" },
	[RECORD_KIND_SEGMENT_OPEN] = { FORMAT_FROM_WRITER, false, "info",
	    SAME("\"process\"", "\"info\""), "success" },
	[RECORD_KIND_SEGMENT_CLOSE] = { FORMAT_FROM_WRITER, false, "info",
	    SAME("\"process\"", "\"info\""), "success" },
	[RECORD_KIND_SEGMENT_DELETE] = { FORMAT_FROM_WRITER, false, "info",
	    SAME("\"file\"", "\"deletion\""), "success" },
	[RECORD_KIND_CLOCK_CHANGE] = { FORMAT_FROM_WRITER, false, "warning",
	    SAME("\"host\"", "\"change\""), "success" },
	[RECORD_KIND_RELOAD] = { FORMAT_FROM_PARENT, false, "info",
	    SAME("\"configuration\"", "\"change\""), "success" },
	[RECORD_KIND_POLICY_LOAD] = { FORMAT_FROM_PARENT, false, "info",
	    SAME("\"configuration\"", "\"change\""), "success" },
	[RECORD_KIND_POLICY_REJECT] = { FORMAT_FROM_PARENT, false, "error",
	    SAME("\"configuration\"", "\"info\""), "failure" },
	[RECORD_KIND_SEARCH] = { FORMAT_FROM_READER, false, "info",
	    SAME("\"api\"", "\"access\""), "success" },
};

static const char *const providers[] = {
	[FORMAT_FROM_KEEPER] = "proxy", [FORMAT_FROM_PARENT] = "parent",
	[FORMAT_FROM_READER] = "reader", [FORMAT_FROM_WRITER] = "writer"
};

static const struct { const char *text; size_t length; }
    keys[RECORD_FIELDS] = {
#define FIELD(id, name, type, max, depth, identity, sentence) \
	{ ",\"" name "\":", sizeof(name) + 3 },
	RECORD_TABLE(FIELD)
#undef FIELD
};

/* Written by hand: the rows up to event.provider. */
#define HEAD_FIELDS (RECORD_PROVIDER_F + 1)

/* What only the writer says; of the head, all but the time, the level and the
 * outcome. */
static const enum record_field own_fields[] = {
	RECORD_MESSAGE_F, RECORD_ECS_VERSION_F, RECORD_SEQUENCE_F,
	RECORD_EVENT_KIND_F, RECORD_EVENT_CATEGORY_F, RECORD_EVENT_TYPE_F,
	RECORD_ACTION_F, RECORD_DATASET_F, RECORD_MODULE_F, RECORD_PROVIDER_F,
	RECORD_TRANSACTION_F, RECORD_USER_HASH_F, RECORD_PSEUDONYM_EPOCH_F,
	RECORD_OBSERVER_NAME_F, RECORD_BOOTTIME_F, RECORD_SALT_F
};

struct format {
	char *node;
	struct pseudonyms *pseudonyms;
	struct fields fields;
	/* bits that stay at each depth and identity */
	uint64_t allowed[DEPTH_ACTIVITY + 1][2][FIELDS_WORDS];
	uint64_t own[FIELDS_WORDS];
	unsigned char salt[SALTS * SALT_BYTES];
	size_t salt_at;
	/* texts that fields of a line point at while it is written */
	char transaction[27];
	char pseudonym[PSEUDONYM_TEXT];
	char sentence[SENTENCE_MAX];
};

enum format_source
format_source(enum record_kind kind)
{
	return kinds[kind].source;
}

bool
format_is_exchange(enum record_kind kind)
{
	return kinds[kind].exchange;
}

static void
set_bit(uint64_t *words, enum record_field field)
{
	words[field / 64] |= (uint64_t)1 << field % 64;
}

struct format *
format_new(const char *node, struct pseudonyms *pseudonyms)
{
	struct format *format = calloc(1, sizeof(*format));
	int depth, nobody, field;
	size_t i;

	if (format == NULL)
		return NULL;
	format->node = strdup(node);
	if (format->node == NULL) {
		free(format);
		return NULL;
	}
	format->pseudonyms = pseudonyms;
	format->salt_at = sizeof(format->salt);
	for (i = 0; i < COUNT_OF(own_fields); i++)
		set_bit(format->own, own_fields[i]);
	for (depth = 0; depth <= DEPTH_ACTIVITY; depth++)
		for (nobody = 0; nobody < 2; nobody++)
			for (field = 0; field < RECORD_FIELDS; field++)
				if (record_allowed((enum record_field)field,
				    (enum record_depth)depth,
				    nobody ? AS_COUNT_ONLY : AS_NAME))
					set_bit(format->allowed[depth][nobody],
					    (enum record_field)field);
	return format;
}

void
format_free(struct format **format)
{
	struct format *f = *format;

	if (f == NULL)
		return;
	*format = NULL;
	free(f->node);
	free(f);
}

static void
say(struct json_line *line, const char *text)
{
	json_put_raw(line, text, strlen(text));
}

/* Name nobody. */
static void
drop_identity(struct fields *fields)
{
	if (fields_has(fields, RECORD_SOURCE_IP_F) ||
	    fields_has(fields, RECORD_USER_NAME_F))
		fields_add(fields, RECORD_REDACTED_F, "identity");
	fields_remove(fields, RECORD_SOURCE_IP_F);
	fields_remove(fields, RECORD_SOURCE_PORT_F);
	fields_remove(fields, RECORD_USER_NAME_F);
}

static void
set_pseudonym(struct format *format)
{
	struct fields *fields = &format->fields;
	const struct fields_text *who;
	char text[ADDRESS_TEXT_MAX];
	struct address address = { 0 };
	int made = -1;

	if (fields_has(fields, RECORD_USER_NAME_F)) {
		who = &fields->value[RECORD_USER_NAME_F];
		made = pseudonym_make(format->pseudonyms, "user", who->bytes,
		    who->length, format->pseudonym);
	} else if (fields_has(fields, RECORD_SOURCE_IP_F)) {
		who = &fields->value[RECORD_SOURCE_IP_F];
		address.family = who->bytes[0];
		memcpy(address.bytes, who->bytes + 1, who->length - 1);
		made = pseudonym_make(format->pseudonyms, "ip", text,
		    address_print(&address, text), format->pseudonym);
	}
	drop_identity(fields);
	if (made == -1)
		return;
	fields_set(fields, RECORD_USER_HASH_F, format->pseudonym,
	    PSEUDONYM_TEXT);
	fields_set(fields, RECORD_PSEUDONYM_EPOCH_F,
	    pseudonyms_epoch(format->pseudonyms), PSEUDONYM_EPOCH - 1);
}

/* Hold the record to the depth and identity that it states itself. */
static void
limit(struct format *format, bool *nobody)
{
	struct fields *fields = &format->fields;
	int depth = DEPTH_ACTIVITY, i;

	*nobody = fields_is(fields, RECORD_AS_F,
	    record_as_name(AS_COUNT_ONLY));
	for (i = 0; i < DEPTH_ACTIVITY; i++)
		if (fields_is(fields, RECORD_DEPTH_F,
		    record_depth_name((enum record_depth)i)))
			depth = i;
	if (*nobody)
		drop_identity(fields);
	else if (fields_is(fields, RECORD_AS_F, record_as_name(AS_PSEUDONYM)))
		set_pseudonym(format);
	for (i = 0; i < (int)FIELDS_WORDS; i++)
		fields->present[i] &= format->allowed[depth][*nobody][i];
}

static void
write_array(const struct fields *fields, enum record_field field,
    struct json_line *line)
{
	const char *between = "";
	size_t i;

	json_put_raw(line, "[", 1);
	for (i = 0; i < fields->elements; i++) {
		if (fields->element[i].field != field)
			continue;
		json_put_raw(line, between, strlen(between));
		json_put_string(line, fields->element[i].text.bytes,
		    fields->element[i].text.length);
		between = ",";
	}
	json_put_raw(line, "]", 1);
}

static void
write_field(const struct fields *fields, enum record_field field,
    struct json_line *line)
{
	const struct fields_text *text = &fields->value[field];
	struct address address = { 0 };

	json_put_raw(line, keys[field].text, keys[field].length);
	switch (record_rows[field].type) {
	case RECORD_STRING:
		json_put_string(line, text->bytes, text->length);
		break;
	case RECORD_ARRAY:
		write_array(fields, field, line);
		break;
	case RECORD_NUMBER:
		json_put_number(line, fields_number(fields, field));
		break;
	case RECORD_SIGNED:
		json_put_signed(line, (int64_t)fields_number(fields, field));
		break;
	case RECORD_DATE:
		json_put_date(line, fields_number(fields, field));
		break;
	case RECORD_BOOL:
		say(line, fields_number(fields, field) ? "true" : "false");
		break;
	case RECORD_ADDRESS:
		address.family = text->bytes[0];
		memcpy(address.bytes, text->bytes + 1, text->length - 1);
		json_put_address(line, &address);
		break;
	}
}

static void
write_salt(struct format *format, struct json_line *line)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *salt;
	char text[SALT_TEXT];
	uint32_t three;
	ssize_t n;
	size_t i;

	if (format->salt_at == sizeof(format->salt)) {
		size_t got = 0;

		while (got < sizeof(format->salt)) {
			n = getrandom(format->salt + got,
			    sizeof(format->salt) - got, 0);
			if (n == -1 && errno != EINTR)
				report_bug("no random bytes for the log");
			got += n > 0 ? (size_t)n : 0;
		}
		format->salt_at = 0;
	}
	salt = format->salt + format->salt_at;
	format->salt_at += SALT_BYTES;
	for (i = 0; i < 5; i++) {
		three = (uint32_t)salt[3 * i] << 16 |
		    (uint32_t)salt[3 * i + 1] << 8 | salt[3 * i + 2];
		text[4 * i] = digits[three >> 18];
		text[4 * i + 1] = digits[three >> 12 & 63];
		text[4 * i + 2] = digits[three >> 6 & 63];
		text[4 * i + 3] = digits[three & 63];
	}
	text[20] = digits[salt[15] >> 2];
	text[21] = digits[(salt[15] & 3) << 4];
	text[22] = text[23] = '=';
	say(line, ",\"gatebook.salt\":\"");
	json_put_raw(line, text, SALT_TEXT);
	json_put_raw(line, "\"}\n", 3);
}

/* The word of a field if it is one of those allowed, else the other. */
static const char *
one_of(const struct fields *fields, enum record_field field,
    const char *const *words, size_t count, const char *other)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (fields_is(fields, field, words[i]))
			return words[i];
	return other;
}

static void
write_head(struct format *format, const struct format_event *event,
    uint64_t sequence, struct json_line *line)
{
	static const char *const levels[] = { "info", "warning", "error",
	    "critical" };
	static const char *const outcomes[] = { "success", "failure",
	    "unknown" };
	const struct kind_row *kind = &kinds[event->kind];
	const struct fields *fields = &format->fields;
	/* By a rule, or by ourselves before or after one. */
	bool denied = fields_is(fields, RECORD_DECISION_F, "deny") ||
	    (fields_has(fields, RECORD_CODE_F) &&
	    fields_number(fields, RECORD_STATUS_F) == 403);
	const char *level;

	level = one_of(fields, RECORD_LEVEL_F, levels, COUNT_OF(levels),
	    fields->damaged ? "error" : kind->level);
	say(line, "{\"@timestamp\":");
	json_put_date(line, fields_has(fields, RECORD_TIMESTAMP_F) ?
	    fields_number(fields, RECORD_TIMESTAMP_F) : event->wall_us);
	say(line, ",\"log.level\":\"");
	say(line, level);
	say(line, "\",\"message\":");
	json_put_string(line, (const unsigned char *)format->sentence,
	    sentence_make(fields, event->kind, format->node,
	    format->sentence));
	say(line, ",\"ecs.version\":\"9.4.0\",\"event.sequence\":");
	json_put_number(line, sequence);
	say(line, ",\"event.kind\":\"event\",");
	say(line, kind->classes[denied]);
	say(line, ",\"event.action\":\"");
	say(line, record_kind_action(event->kind));
	say(line, "\",\"event.outcome\":\"");
	say(line, one_of(fields, RECORD_OUTCOME_F, outcomes,
	    COUNT_OF(outcomes), kind->outcome));
	say(line, "\",\"event.dataset\":\"gatebook.audit\","
	    "\"event.module\":\"gatebook\",\"event.provider\":\"");
	say(line, providers[kind->source]);
	json_put_raw(line, "\"", 1);
}

/* Write the line of a record whose strings are cut at longest. */
static void
write_once(struct format *format, const struct format_event *event,
    uint64_t sequence, struct json_line *line, size_t longest)
{
	struct fields *fields = &format->fields;
	uint64_t bits;
	bool nobody;
	size_t i;

	fields_read(fields, event->bytes, event->length, longest);
	for (i = 0; i < FIELDS_WORDS; i++)
		fields->present[i] &= ~format->own[i];
	if (fields->damaged)
		fields_set(fields, RECORD_ERROR_CODE_F, "record-damaged", 14);
	limit(format, &nobody);
	write_head(format, event, sequence, line);
	fields->present[0] &= ~(((uint64_t)1 << HEAD_FIELDS) - 1);
	if (event->id != NULL && kinds[event->kind].exchange && !nobody) {
		exchange_id_print(event->id, format->transaction);
		fields_set(fields, RECORD_TRANSACTION_F, format->transaction,
		    26);
	}
	fields_set(fields, RECORD_OBSERVER_NAME_F, format->node,
	    strlen(format->node));
	fields_set(fields, RECORD_BOOTTIME_F, &event->boot_us,
	    sizeof(event->boot_us));
	for (i = 0; i < FIELDS_WORDS; i++)
		for (bits = fields->present[i]; bits != 0; bits &= bits - 1)
			write_field(fields, (enum record_field)(i * 64 +
			    (size_t)__builtin_ctzll(bits)), line);
	write_salt(format, line);
}

void
format_line(struct format *format, const struct format_event *event,
    uint64_t sequence, struct json_line *line)
{
	/* A path and a query of control bytes are six times as long written as
	 * they were: such a line is written again with less of each. */
	static const size_t longest[] = { SIZE_MAX, 1024, 256, 40, 12 };
	size_t start = line->length, i;

	assert((unsigned)event->kind < RECORD_KIND_COUNT);
	assert(line->size - line->length >= FORMAT_ROOM);
	for (i = 0; i < COUNT_OF(longest); i++) {
		line->length = start;
		write_once(format, event, sequence, line, longest[i]);
		if (line->length - start - 1 <= FORMAT_LINE_MAX)
			return;
	}
	report_bug("a line of %zu bytes", line->length - start);
}
