/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_differential.c - our parser beside llhttp in strict mode.
 *
 * A message that ours takes whole, llhttp must take too, end at the same byte,
 * and find the same number of bytes of content.  What llhttp alone refuses for
 * reasons that frame nothing is listed in is_taste().  Without llhttp's sources
 * this target does nothing.
 */
#include "proxy/http1.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifdef WITH_LLHTTP
#include <llhttp.h>

#define FIELDS 50

/* What our side found. */
struct ours {
	bool whole;
	bool until_close;	/* the content ends with the connection */
	size_t end;
	uint64_t content;
};

static void
read_ours(bool request, const char *bytes, size_t length, struct ours *ours)
{
	static const struct http1_limits limits = {
		.head = 16384, .field = 8192, .fields = FIELDS, .target = 4096
	};
	struct http1_field fields[FIELDS];
	struct http1_head head;
	struct http1_scan scan = { 0 };
	struct http1_chunks chunks = { 0 };
	enum http1_error error;
	size_t used;

	if ((request ? http1_parse_request : http1_parse_answer)(bytes, length,
	    &limits, &scan, fields, &head, &error) != HTTP1_DONE)
		return;
	ours->end = head.length;
	/* llhttp waits for content that the status says is not there; we do
	 * not pass such fields on. */
	if (!request && (head.status < 200 || head.status == 204 ||
	    head.status == 304))
		return;
	switch (head.framing) {
	case HTTP1_NO_BODY:
		ours->whole = true;
		return;
	case HTTP1_LENGTH:
		if (head.content_length > length - head.length)
			return;
		ours->whole = true;
		ours->content = head.content_length;
		ours->end += (size_t)head.content_length;
		return;
	case HTTP1_CHUNKED:
		if (http1_chunks_take(&chunks, bytes + head.length,
		    length - head.length, &used, NULL, NULL, &error) !=
		    HTTP1_DONE)
			return;
		ours->whole = true;
		ours->content = chunks.content;
		ours->end += used;
		return;
	case HTTP1_UNTIL_CLOSE:
		ours->whole = ours->until_close = true;
		ours->content = length - head.length;
		ours->end = length;
	}
}

struct theirs {
	unsigned complete;
	uint64_t content;
	bool odd_method;	/* one it keeps for other protocols */
};

static int
on_body(llhttp_t *parser, const char *at, size_t length)
{
	struct theirs *theirs = parser->data;

	(void)at;
	if (theirs->complete == 0)
		theirs->content += length;
	return 0;
}

static int
on_complete(llhttp_t *parser)
{
	struct theirs *theirs = parser->data;

	theirs->complete++;
	return 0;
}

static llhttp_errno_t
read_theirs(bool request, const char *bytes, size_t length,
    struct theirs *theirs)
{
	llhttp_settings_t settings;
	llhttp_t parser;
	llhttp_errno_t error;

	*theirs = (struct theirs){ 0 };
	llhttp_settings_init(&settings);
	settings.on_body = on_body;
	settings.on_message_complete = on_complete;
	llhttp_init(&parser, request ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
	parser.data = theirs;
	error = llhttp_execute(&parser, bytes, length);
	theirs->odd_method = (error == HPE_INVALID_VERSION &&
	    strncmp(bytes, "PRI ", 4) == 0) || (error == HPE_INVALID_CONSTANT &&
	    strncmp(parser.reason, "Invalid method", 14) == 0);
	/* it stops after a message that ends its part in the connection */
	if (error == HPE_PAUSED_UPGRADE)
		error = HPE_OK;
	return error;
}

/* It knows a list of methods, is strict about bytes in a URL, and takes fewer
 * chunk extensions than RFC 9112. */
static bool
is_taste(llhttp_errno_t error, const char *bytes, size_t end)
{
	return error == HPE_INVALID_METHOD || error == HPE_INVALID_URL ||
	    ((error == HPE_INVALID_CHUNK_SIZE || error == HPE_STRICT) &&
	    memchr(bytes, ';', end) != NULL);
}

static void
differ(const char *what, const char *bytes, size_t end, llhttp_errno_t error)
{
	fprintf(stderr, "%s (%s):\n%.*s\n", what, llhttp_errno_name(error),
	    (int)end, bytes);
	abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ours ours = { 0 };
	struct theirs theirs;
	const char *bytes = (const char *)data + 1;
	llhttp_errno_t error;
	bool request;

	if (size < 2)
		return 0;
	request = data[0] % 2 == 0;
	read_ours(request, bytes, size - 1, &ours);
	if (!ours.whole)
		return 0;
	error = read_theirs(request, bytes, ours.end, &theirs);
	if (theirs.odd_method || is_taste(error, bytes, ours.end))
		return 0;
	if (error != HPE_OK)
		differ("we take what llhttp refuses", bytes, ours.end, error);
	if (ours.until_close ? theirs.complete != 0 : theirs.complete != 1)
		differ("not one message for llhttp", bytes, ours.end, error);
	if (theirs.content != ours.content)
		differ("another content", bytes, ours.end, error);
	if (ours.until_close)
		return 0;
	(void)read_theirs(request, bytes, ours.end - 1, &theirs);
	if (theirs.complete != 0)
		differ("it ends earlier for llhttp", bytes, ours.end, error);
	return 0;
}
#else
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)data;
	(void)size;
	return 0;
}
#endif
