/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_request.c - from a JSON line of the command to what is looked for:
 *
 *   {"command":"tail","count":10,"follow":true}
 *   {"command":"search","host":"example.org","limit":100,"because":"INC-7"}
 *   {"command":"show","reference":"7KQM-4TP-X2C"}
 *   {"command":"count-rules","since":"2026-03-02T00:00:00.000000Z"}
 *
 * The answer is record lines, then one line
 *   {"result":"ok"|"failed","message":"...","count":3}
 */
#include "logging/reader.h"

#include <jansson.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LIMIT_DEFAULT 100
#define TAIL_MOST 10000

static bool
say(char *why, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool
say(char *why, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, size, fmt, ap);
	va_end(ap);
	return false;
}

static bool
set_number(const char *key, const json_t *value, uint64_t most, uint64_t *out,
    char *why, size_t size)
{
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < 0 || (uint64_t)n > most)
		return say(why, size, "\"%.40s\" is not a number from 0 to "
		    "%llu", key, (unsigned long long)most);
	*out = (uint64_t)n;
	return true;
}

static bool
set_because(struct reader_request *request, const json_t *value, char *why,
    size_t size)
{
	size_t n = json_string_length(value);

	if (!json_is_string(value) || n >= sizeof(request->because))
		return say(why, size, "the reason is not a text of at most "
		    "%zu bytes", sizeof(request->because) - 1);
	memcpy(request->because, json_string_value(value), n + 1);
	return true;
}

static bool
set_one(struct reader_request *request, const char *key, const json_t *value,
    char *why, size_t size)
{
	if (strcmp(key, "count") == 0)
		return set_number(key, value, TAIL_MOST, &request->count, why,
		    size);
	if (strcmp(key, "limit") == 0)
		return set_number(key, value, READER_RESULTS_MAX,
		    &request->limit, why, size);
	if (strcmp(key, "because") == 0)
		return set_because(request, value, why, size);
	if (strcmp(key, "follow") == 0) {
		request->follow = json_is_true(value);
		return true;
	}
	if (!json_is_string(value))
		return say(why, size, "\"%.40s\" must be a text", key);
	return log_query_set(&request->query, key, json_string_value(value),
	    why, size);
}

static bool
set_command(struct reader_request *request, const char *word, char *why,
    size_t size)
{
	if (word != NULL && strcmp(word, "tail") == 0)
		request->command = COMMAND_TAIL;
	else if (word != NULL && strcmp(word, "search") == 0)
		request->command = COMMAND_SEARCH;
	else if (word != NULL && strcmp(word, "show") == 0)
		request->command = COMMAND_SHOW;
	else if (word != NULL && strcmp(word, "count-rules") == 0)
		request->command = COMMAND_COUNT_RULES;
	else
		return say(why, size, "the command is none of tail, search, "
		    "show and count-rules");
	return true;
}

static bool
read_object(json_t *object, struct reader_request *request, char *why,
    size_t size)
{
	const char *key;
	json_t *value;

	if (!set_command(request, json_string_value(json_object_get(object,
	    "command")), why, size))
		return false;
	json_object_foreach(object, key, value)
		if (strcmp(key, "command") != 0 &&
		    !set_one(request, key, value, why, size))
			return false;
	if (request->command == COMMAND_SHOW &&
	    request->query.reference[0] == '\0' &&
	    request->query.transaction[0] == '\0')
		return say(why, size, "which record? Give its reference");
	if (request->command == COMMAND_COUNT_RULES &&
	    !log_query_is_span(&request->query))
		return say(why, size, "refusals are counted in a span of time, "
		    "by no other filter than since and until");
	return true;
}

static bool
is_personal(const struct reader_request *request)
{
	return request->command == COMMAND_SHOW || request->query.has_client ||
	    request->query.reference[0] != '\0' ||
	    request->query.transaction[0] != '\0';
}

/* What stands behind "looked for" and in the sentence of the record. */
static void
print_asked(struct reader_request *request)
{
	char query[LOG_QUERY_TEXT];
	const char *words = query;

	log_query_print(&request->query, query);
	if (request->command == COMMAND_TAIL)
		words = request->follow ? "the newest records and those to come"
		    : "the newest records";
	else if (query[0] == '\0' && request->command != COMMAND_COUNT_RULES)
		words = "all records";
	if (request->command == COMMAND_COUNT_RULES) {
		(void)snprintf(request->asked, sizeof(request->asked),
		    "refusals counted by rule%s%.900s", query[0] != '\0' ?
		    " " : "", query);
		return;
	}
	(void)snprintf(request->asked, sizeof(request->asked), "%s", words);
}

bool
reader_request_read(const char *text, size_t length,
    struct reader_request *request, char *why, size_t why_size)
{
	json_error_t error;
	json_t *object;
	bool good;

	memset(request, 0, sizeof(*request));
	request->count = 10;
	request->limit = LIMIT_DEFAULT;
	object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(object)) {
		json_decref(object);
		return say(why, why_size, "the request is not a JSON object");
	}
	good = read_object(object, request, why, why_size);
	json_decref(object);
	if (!good)
		return false;
	log_query_settle(&request->query);
	request->personal = is_personal(request);
	print_asked(request);
	return true;
}
