/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h - the one table of what an audit record can hold, and the bytes in
 * which a record travels from the process that knows to the writer.
 *
 * A record is a list of fields, each { u16 field, u16 length, bytes }, native
 * byte order, in any order; a field of type ARRAY may stand several times, any
 * other counts by its last value.  The writer alone turns it into a line, in
 * the order of the table (../shared formats: audit-log.md section 3, ecs.md).
 * Depth and redaction are settled by the process that builds the record, before
 * a byte enters shared memory (record_allowed, redact.h); the writer turns
 * names into pseudonyms.
 */
#ifndef LOGGING_RECORD_H
#define LOGGING_RECORD_H

#include "lib/address.h"
#include "lib/depth.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_MAX 32000	/* bytes of one encoded record */

enum record_type {
	RECORD_STRING,		/* UTF-8 or bytes; at most the row's maximum */
	RECORD_ARRAY,		/* one string; may be repeated */
	RECORD_NUMBER,		/* uint64_t */
	RECORD_SIGNED,		/* int64_t */
	RECORD_DATE,		/* uint64_t, microseconds since 1970 */
	RECORD_ADDRESS,		/* 1 byte family 4 or 6, then the bytes */
	RECORD_BOOL		/* uint64_t 0 or 1 */
};

/*
 * FIELD(id, "name in the line", TYPE, maximum bytes, least depth, identity,
 *     "sentence for docs/record-reference.md")
 * in the order of the line.  identity: 1 if the field names a person or leads
 * back to one (dropped or replaced under pseudonym and count-only).
 */
#define RECORD_TABLE(FIELD) \
FIELD(TIMESTAMP, "@timestamp", DATE, 0, CATEGORY, 0, "When it happened; for an exchange, when it ended.") \
FIELD(LEVEL, "log.level", STRING, 16, CATEGORY, 0, "info, warning, error or critical.") \
FIELD(MESSAGE, "message", STRING, 1024, CATEGORY, 0, "One sentence, made only from fields of this line.") \
FIELD(ECS_VERSION, "ecs.version", STRING, 16, CATEGORY, 0, "Version of the Elastic Common Schema.") \
FIELD(SEQUENCE, "event.sequence", NUMBER, 0, CATEGORY, 0, "Place in the log, from 0, without a gap.") \
FIELD(EVENT_KIND, "event.kind", STRING, 16, CATEGORY, 0, "event, state or alert.") \
FIELD(EVENT_CATEGORY, "event.category", ARRAY, 32, CATEGORY, 0, "ECS category.") \
FIELD(EVENT_TYPE, "event.type", ARRAY, 32, CATEGORY, 0, "ECS type.") \
FIELD(ACTION, "event.action", STRING, 32, CATEGORY, 0, "The kind of event.") \
FIELD(OUTCOME, "event.outcome", STRING, 16, CATEGORY, 0, "success, failure or unknown.") \
FIELD(DATASET, "event.dataset", STRING, 32, CATEGORY, 0, "gatebook.audit") \
FIELD(MODULE, "event.module", STRING, 32, CATEGORY, 0, "gatebook") \
FIELD(PROVIDER, "event.provider", STRING, 32, CATEGORY, 0, "proxy, writer, reader, parent: who noticed.") \
FIELD(CODE, "event.code", STRING, 16, CATEGORY, 0, "Number of the message shown to the person, GB-nnnn.") \
FIELD(REASON, "event.reason", STRING, 512, CATEGORY, 0, "Why, in plain English.") \
FIELD(START, "event.start", DATE, 0, CATEGORY, 0, "First byte from the client.") \
FIELD(END, "event.end", DATE, 0, CATEGORY, 0, "Last byte.") \
FIELD(DURATION, "event.duration", NUMBER, 0, CATEGORY, 0, "Nanoseconds, by a clock that does not step.") \
FIELD(TRANSACTION, "transaction.id", STRING, 26, CATEGORY, 1, "One exchange; joins its records.") \
FIELD(TRACE, "trace.id", STRING, 32, CATEGORY, 1, "One client connection; joins its exchanges.") \
FIELD(USER_HASH, "user.hash", STRING, 32, CATEGORY, 0, "Pseudonym, where the rule says as pseudonym.") \
FIELD(USER_NAME, "user.name", STRING, 512, CATEGORY, 1, "Who, where somebody was identified.") \
FIELD(USER_GROUPS, "user.roles", ARRAY, 512, CATEGORY, 1, "Groups that mattered to the decision.") \
FIELD(SOURCE_IP, "source.ip", ADDRESS, 0, CATEGORY, 1, "Address of the client.") \
FIELD(SOURCE_PORT, "source.port", NUMBER, 0, CATEGORY, 1, "Port of the client.") \
FIELD(SOURCE_BYTES, "source.bytes", NUMBER, 0, CATEGORY, 0, "Bytes read from the client.") \
FIELD(DEST_DOMAIN, "destination.domain", STRING, 512, HOST, 0, "Name asked for, as A-labels in lower case.") \
FIELD(DEST_IP, "destination.ip", ADDRESS, 0, HOST, 0, "Address connected to, or tried last.") \
FIELD(DEST_PORT, "destination.port", NUMBER, 0, HOST, 0, "Port connected to.") \
FIELD(DEST_BYTES, "destination.bytes", NUMBER, 0, CATEGORY, 0, "Bytes read from the origin.") \
FIELD(DEST_COUNTRY, "destination.geo.country_iso_code", STRING, 8, HOST, 0, "Country of that address, if the database knows.") \
FIELD(DEST_ASN, "destination.as.number", NUMBER, 0, HOST, 0, "Network of that address, if the database knows.") \
FIELD(TRANSPORT, "network.transport", STRING, 8, CATEGORY, 0, "tcp") \
FIELD(PROTOCOL, "network.protocol", STRING, 16, CATEGORY, 0, "http, tls, websocket, unknown: what was carried.") \
FIELD(URL_SCHEME, "url.scheme", STRING, 16, HOST, 0, "Scheme of the URL.") \
FIELD(URL_DOMAIN, "url.domain", STRING, 512, HOST, 0, "Host of the URL.") \
FIELD(URL_PORT, "url.port", NUMBER, 0, HOST, 0, "Port, where it is not the scheme's own.") \
FIELD(URL_PATH, "url.path", STRING, 4096, PATH, 0, "Path, redacted.") \
FIELD(URL_QUERY, "url.query", STRING, 4096, URL, 0, "Query, redacted.") \
FIELD(HTTP_VERSION, "http.version", STRING, 8, CATEGORY, 0, "Version the client spoke.") \
FIELD(METHOD, "http.request.method", STRING, 64, CATEGORY, 0, "Method, as sent.") \
FIELD(REQUEST_BODY, "http.request.body.bytes", NUMBER, 0, CATEGORY, 0, "Bytes of the request's content.") \
FIELD(REFERRER, "http.request.referrer", STRING, 1024, PATH, 0, "Scheme and host of the Referer.") \
FIELD(STATUS, "http.response.status_code", NUMBER, 0, CATEGORY, 0, "Status the client was sent.") \
FIELD(RESPONSE_BODY, "http.response.body.bytes", NUMBER, 0, CATEGORY, 0, "Bytes of the answer's content.") \
FIELD(MIME_TYPE, "http.response.mime_type", STRING, 128, PATH, 0, "Type and subtype of the answer.") \
FIELD(USER_AGENT, "user_agent.original", STRING, 512, URL, 0, "User-Agent.") \
FIELD(BROWSER_NAME, "user_agent.name", STRING, 64, HOST, 0, "Browser or program that the User-Agent names.") \
FIELD(BROWSER_VERSION, "user_agent.version", STRING, 16, HOST, 0, "Its version, before the first dot.") \
FIELD(SERVER_NAME, "tls.client.server_name", STRING, 512, HOST, 0, "Server name in the ClientHello; the outer one where ECH was offered.") \
FIELD(JA4, "tls.client.ja4", STRING, 64, HOST, 0, "JA4 fingerprint of the ClientHello.") \
FIELD(TLS_VERSIONS, "tls.client.supported_versions", ARRAY, 16, HOST, 0, "TLS versions offered, newest first.") \
FIELD(ALPN, "tls.client.alpn", ARRAY, 64, HOST, 0, "Protocols offered by ALPN.") \
FIELD(RULE, "rule.id", STRING, 128, CATEGORY, 0, "Name of the rule that decided; default where none did.") \
FIELD(RULE_CATEGORY, "rule.category", STRING, 128, CATEGORY, 0, "Category whose list matched.") \
FIELD(RULESET, "rule.ruleset", STRING, 256, CATEGORY, 0, "Name of the policy.") \
FIELD(RULE_VERSION, "rule.version", STRING, 80, CATEGORY, 0, "Version of the policy: sha256: and 64 hex digits.") \
FIELD(OBSERVER_TYPE, "observer.type", STRING, 16, CATEGORY, 0, "proxy") \
FIELD(OBSERVER_VENDOR, "observer.vendor", STRING, 16, CATEGORY, 0, "gatebook") \
FIELD(OBSERVER_PRODUCT, "observer.product", STRING, 16, CATEGORY, 0, "gatebook") \
FIELD(OBSERVER_VERSION, "observer.version", STRING, 32, CATEGORY, 0, "Version of gatebook.") \
FIELD(OBSERVER_NAME, "observer.name", STRING, 256, CATEGORY, 0, "Name of this node.") \
FIELD(BOOT_ID, "host.boot.id", STRING, 40, CATEGORY, 0, "Boot of the machine.") \
FIELD(PID, "process.pid", NUMBER, 0, CATEGORY, 0, "Process that started or ended.") \
FIELD(FILE_PATH, "file.path", STRING, 1024, CATEGORY, 0, "File that was loaded or refused.") \
FIELD(FILE_HASH, "file.hash.sha256", STRING, 64, CATEGORY, 0, "Hash of that file.") \
FIELD(ERROR_CODE, "error.code", STRING, 64, CATEGORY, 0, "Name of the fault.") \
FIELD(ERROR_MESSAGE, "error.message", STRING, 512, CATEGORY, 0, "Words of the fault.") \
FIELD(REFERENCE, "gatebook.reference", STRING, 16, CATEGORY, 1, "What a person reads out to the helpdesk.") \
FIELD(DECISION, "gatebook.decision", STRING, 16, CATEGORY, 0, "audit or deny; none where no policy was asked.") \
FIELD(STAGE, "gatebook.stage", STRING, 16, CATEGORY, 0, "What was known when the decision fell.") \
FIELD(RULE_FILE, "gatebook.rule.file", STRING, 512, CATEGORY, 0, "File of the rule.") \
FIELD(RULE_LINE, "gatebook.rule.line", NUMBER, 0, CATEGORY, 0, "Line of the rule.") \
FIELD(LIST_FILE, "gatebook.list.file", STRING, 512, CATEGORY, 0, "List that put the host into a category.") \
FIELD(LIST_LINE, "gatebook.list.line", NUMBER, 0, CATEGORY, 0, "Its line.") \
FIELD(LIST_ENTRY, "gatebook.list.entry", STRING, 256, HOST, 0, "Its entry.") \
FIELD(SERVICE, "gatebook.service.name", STRING, 80, HOST, 0, "Service of the catalogue that the host belongs to.") \
FIELD(SERVICE_CLASS, "gatebook.service.class", STRING, 80, CATEGORY, 0, "Its class, such as social-media.") \
FIELD(SERVICE_FACT, "gatebook.service.fact", STRING, 16, CATEGORY, 0, "What told it: host, server-name, or activity where the host is shared by several services.") \
FIELD(SERVICE_ENTRY, "gatebook.service.entry", STRING, 300, HOST, 0, "Entry of the catalogue that was met: role and name.") \
FIELD(SERVICE_FILE, "gatebook.service.file", STRING, 512, HOST, 0, "File of that entry.") \
FIELD(SERVICE_LINE, "gatebook.service.line", NUMBER, 0, HOST, 0, "Line of that entry.") \
FIELD(ACTIVITY, "gatebook.activity.name", STRING, 16, ACTIVITY, 0, "What was done there: view, search, post, comment, upload and so on, as far as the request tells it.") \
FIELD(ACTIVITY_LINE, "gatebook.activity.line", NUMBER, 0, ACTIVITY, 0, "Line of the activity in the catalogue.") \
FIELD(ACTIVITY_MATCHED, "gatebook.activity.matched", ARRAY, 256, ACTIVITY, 0, "Lines of the activity that the request met.") \
FIELD(WOULD, "gatebook.report_only", ARRAY, 256, CATEGORY, 0, "Report-only rules that would have decided: verdict rule file:line.") \
FIELD(WOULD_COUNT, "gatebook.report_only.count", NUMBER, 0, CATEGORY, 0, "How many such rules held.") \
FIELD(FAILURE, "gatebook.outcome", STRING, 48, CATEGORY, 0, "How the exchange ended: complete, or the named fault.") \
FIELD(DEPTH, "gatebook.privacy.depth", STRING, 16, CATEGORY, 0, "category, host, path, url or activity: what the rule lets this record keep.") \
FIELD(AS, "gatebook.privacy.as", STRING, 16, CATEGORY, 0, "name, pseudonym or count-only.") \
FIELD(REDACTED, "gatebook.privacy.redacted", ARRAY, 32, CATEGORY, 0, "What was left out of this line.") \
FIELD(PURPOSE, "gatebook.purpose", STRING, 256, CATEGORY, 0, "Purpose that the rule states.") \
FIELD(IDENTIFIED_BY, "gatebook.identity.method", STRING, 32, CATEGORY, 0, "How the client was identified.") \
FIELD(CONFIDENCE, "gatebook.identity.confidence", STRING, 16, CATEGORY, 0, "certain, likely or unknown.") \
FIELD(CLIENT_KIND, "gatebook.client.kind", STRING, 16, CATEGORY, 0, "browser, app, tool, system or bot, as the User-Agent says.") \
FIELD(NAVIGATION, "gatebook.navigation", STRING, 16, CATEGORY, 0, "Whether a person went to a page: yes, likely or no.") \
FIELD(NAVIGATION_BY, "gatebook.navigation_by", STRING, 32, CATEGORY, 0, "The field of the request that told it.") \
FIELD(LISTENER, "gatebook.listener", STRING, 64, CATEGORY, 0, "Listener that took the connection.") \
FIELD(VIA_PEER, "gatebook.proxy_protocol.peer", ADDRESS, 0, CATEGORY, 1, "Who passed the client's address on.") \
FIELD(PARENT, "gatebook.parent", STRING, 300, CATEGORY, 0, "Parent proxy that took the request.") \
FIELD(HEADER_RULES, "gatebook.headers.rules", ARRAY, 256, CATEGORY, 0, "Rules of the section headers that changed the request: verdict rule file:line.") \
FIELD(ROUTE_DECISION, "gatebook.route.decision", STRING, 16, CATEGORY, 0, "direct or parent, where a rule of the section route decided.") \
FIELD(ROUTE_RULE, "gatebook.route.rule", STRING, 128, CATEGORY, 0, "Name of that rule.") \
FIELD(ROUTE_RULE_FILE, "gatebook.route.rule_file", STRING, 512, CATEGORY, 0, "Its file.") \
FIELD(ROUTE_RULE_LINE, "gatebook.route.rule_line", NUMBER, 0, CATEGORY, 0, "Its line.") \
FIELD(DNS_ANSWERS, "gatebook.dns.answers", ARRAY, 64, HOST, 0, "Addresses the resolver gave, at most 16.") \
FIELD(DNS_SECURITY, "gatebook.dns.security", STRING, 16, HOST, 0, "secure, insecure or bogus, where answers are validated.") \
FIELD(ATTEMPTS, "gatebook.upstream.attempts", NUMBER, 0, CATEGORY, 0, "Addresses tried.") \
FIELD(REUSED, "gatebook.upstream.reused", BOOL, 0, CATEGORY, 0, "Whether a kept connection was used.") \
FIELD(ADDRESS_KIND, "gatebook.address_kind", STRING, 16, CATEGORY, 0, "Kind of the address, where it is not public.") \
FIELD(TIME_DNS, "gatebook.time.dns_us", NUMBER, 0, CATEGORY, 0, "Microseconds for the name.") \
FIELD(TIME_CONNECT, "gatebook.time.connect_us", NUMBER, 0, CATEGORY, 0, "Microseconds to connect.") \
FIELD(TIME_FIRST, "gatebook.time.first_byte_us", NUMBER, 0, CATEGORY, 0, "Microseconds from the request to the first byte of the answer.") \
FIELD(TLS_INSPECTION, "gatebook.tls.inspection", STRING, 16, CATEGORY, 0, "none: the bytes were relayed.") \
FIELD(TLS_REASON, "gatebook.tls.inspection_reason", STRING, 64, CATEGORY, 0, "Why not, where the policy has a section tls.") \
FIELD(TLS_DECISION, "gatebook.tls.decision", STRING, 16, CATEGORY, 0, "never, inspect or tunnel: what the section tls of the policy says.") \
FIELD(TLS_RULE, "gatebook.tls.rule", STRING, 128, CATEGORY, 0, "Name of its rule that decided; default where none did.") \
FIELD(TLS_RULE_FILE, "gatebook.tls.rule_file", STRING, 512, CATEGORY, 0, "File of that rule.") \
FIELD(TLS_RULE_LINE, "gatebook.tls.rule_line", NUMBER, 0, CATEGORY, 0, "Line of that rule.") \
FIELD(TLS_PURPOSE, "gatebook.tls.purpose", STRING, 256, CATEGORY, 0, "Purpose of an inspect rule.") \
FIELD(NAME_MISMATCH, "gatebook.tls.name_mismatch", BOOL, 0, CATEGORY, 0, "Server name and CONNECT host differ.") \
FIELD(ECH, "gatebook.tls.ech", STRING, 16, CATEGORY, 0, "offered: the server name is the outer one.") \
FIELD(UPGRADE, "gatebook.upgrade", STRING, 64, CATEGORY, 0, "Protocol the connection was switched to.") \
FIELD(SUMMARY_NETWORK, "gatebook.summary.network", STRING, 64, CATEGORY, 0, "Client network of a summary.") \
FIELD(SUMMARY_COUNT, "gatebook.summary.count", NUMBER, 0, CATEGORY, 0, "How many refusals it stands for.") \
FIELD(INTERIM, "gatebook.interim", NUMBER, 0, CATEGORY, 0, "Number of this interim record of the exchange, from 1.") \
FIELD(CONSOLE_REASON, "gatebook.console.reason", STRING, 512, CATEGORY, 0, "Why somebody searched, typed by them.") \
FIELD(CONSOLE_QUERY, "gatebook.console.query", STRING, 1024, CATEGORY, 0, "What they searched for.") \
FIELD(CONSOLE_COUNT, "gatebook.console.result_count", NUMBER, 0, CATEGORY, 0, "How many records they were shown.") \
FIELD(LOG_ORIGIN, "gatebook.log.origin", STRING, 256, CATEGORY, 0, "Name of this log.") \
FIELD(LOG_SIZE, "gatebook.log.size", NUMBER, 0, CATEGORY, 0, "Records before this one; in `segment-open` those before this file.") \
FIELD(LOG_KEY_ID, "gatebook.log.key_id", STRING, 8, CATEGORY, 0, "Which key signs the heads of this log.") \
FIELD(SEGMENT, "gatebook.segment.id", NUMBER, 0, CATEGORY, 0, "File of the log.") \
FIELD(SEGMENT_HASH, "gatebook.segment.sha256", STRING, 64, CATEGORY, 0, "Hash of the finished file.") \
FIELD(PSEUDONYM_EPOCH, "gatebook.pseudonym.epoch", STRING, 16, CATEGORY, 0, "Which key made the pseudonym.") \
FIELD(GAP_CAUSE, "gatebook.gap.cause", STRING, 32, CATEGORY, 0, "crash, disk-full, write-error, overload, stopped or power.") \
FIELD(GAP_LOST, "gatebook.gap.events_lost", NUMBER, 0, CATEGORY, 0, "Records that found no room, or lines that a failing disk took and lost.") \
FIELD(GAP_KNOWN, "gatebook.gap.events_lost_known", BOOL, 0, CATEGORY, 0, "Whether that number is exact.") \
FIELD(GAP_REFUSED, "gatebook.gap.refused", NUMBER, 0, CATEGORY, 0, "Requests refused meanwhile.") \
FIELD(GAP_DISCARDED, "gatebook.gap.bytes_discarded", NUMBER, 0, CATEGORY, 0, "Bytes of a torn last line, set aside.") \
FIELD(GAP_WINDOW, "gatebook.gap.window_us", NUMBER, 0, CATEGORY, 0, "Longest time before the end that may be missing.") \
FIELD(BOOTTIME, "gatebook.clock.boottime_us", NUMBER, 0, CATEGORY, 0, "Microseconds since boot.") \
FIELD(CLOCK_SYNC, "gatebook.clock.sync", STRING, 16, CATEGORY, 0, "synchronised, unsynchronised or unknown.") \
FIELD(CLOCK_STEP, "gatebook.clock.step_us", SIGNED, 0, CATEGORY, 0, "How far the wall clock moved.") \
FIELD(SALT, "gatebook.salt", STRING, 24, CATEGORY, 0, "16 random bytes; always last.")

enum record_field {
#define FIELD(id, name, type, max, depth, identity, sentence) RECORD_##id##_F,
	RECORD_TABLE(FIELD)
#undef FIELD
	RECORD_FIELDS
};

/* Kinds of event; the writer gives each its action, category, type and a
 * sentence. */
#define RECORD_KINDS(KIND) \
KIND(REQUEST, "request")		/* an exchange ended */ \
KIND(REQUEST_OPEN, "request-open")	/* commit forward: about to leave */ \
KIND(REQUEST_INTERIM, "request-interim") \
KIND(TUNNEL, "tunnel-close")		/* a CONNECT or Upgrade ended */ \
KIND(TUNNEL_OPEN, "tunnel-open") \
KIND(TUNNEL_INTERIM, "tunnel-interim") \
KIND(REFUSED, "refused")		/* refused before any decision */ \
KIND(REFUSED_SUMMARY, "refused-summary") \
KIND(WORKER_DIED, "worker-died")	/* closes an exchange its worker left */ \
KIND(PROCESS_DIED, "process-died") \
KIND(START, "start") \
KIND(STOP, "stop") \
KIND(RECOVERED, "recovered") \
KIND(GAP, "gap") \
KIND(SEGMENT_OPEN, "segment-open") \
KIND(SEGMENT_CLOSE, "segment-close") \
KIND(SEGMENT_DELETE, "segment-delete") \
KIND(CLOCK_CHANGE, "clock-change") \
KIND(RELOAD, "reload") \
KIND(POLICY_LOAD, "policy-load") \
KIND(POLICY_REJECT, "policy-reject") \
KIND(SEARCH, "search")

enum record_kind {
#define KIND(id, action) RECORD_KIND_##id,
	RECORD_KINDS(KIND)
#undef KIND
	RECORD_KIND_COUNT
};

/* A row of the table and the name of a kind (its event.action). */
struct record_row {
	const char *name;
	enum record_type type;
	size_t max;
	enum record_depth depth;
	bool identity;
	const char *sentence;
};
extern const struct record_row record_rows[RECORD_FIELDS];
const char *record_kind_action(enum record_kind kind);
/* The kind of that action; false if there is none. */
bool record_kind_by_action(const char *action, size_t length,
    enum record_kind *kind);

/* One exchange, unique for the life of the log: incarnation is given by the
 * parent to each process that records and never given again; counter counts
 * inside it.  Printed as 26 characters of Crockford base32. */
struct exchange_id {
	uint64_t incarnation;
	uint64_t counter;
};
void exchange_id_print(const struct exchange_id *id, char out[27]);

/* A record being built, in the caller's memory. */
struct record {
	unsigned char *bytes;
	size_t length;
	size_t size;
	bool full;		/* something did not fit and was left out */
};

void record_init(struct record *record, unsigned char *bytes, size_t size);
/* Add one field.  A string longer than the table's maximum is cut on a
 * character boundary and "too-long" is added to REDACTED. */
void record_string(struct record *record, enum record_field field,
    const char *text, size_t length);
void record_text(struct record *record, enum record_field field,
    const char *text);
void record_number(struct record *record, enum record_field field,
    uint64_t number);
void record_address(struct record *record, enum record_field field,
    const struct address *address);
/* Whether a field may be kept at that depth and identity. */
bool record_allowed(enum record_field field, enum record_depth depth,
    enum record_as as);
/* Take out of record[from..] every field that depth and as do not allow.
 * SOURCE_IP, SOURCE_PORT and USER_NAME stay under AS_PSEUDONYM: the writer
 * replaces them. */
void record_limit(struct record *record, enum record_depth depth,
    enum record_as as);

/* Read the next field at *at, which moves behind it; false at the end or on
 * bytes that are not a field. */
bool record_next(const unsigned char *bytes, size_t length, size_t *at,
    enum record_field *field, const unsigned char **value, size_t *n);

#endif
