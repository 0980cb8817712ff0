/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_message.c - any bytes as the fields of a message: reads stay inside it,
 * strings end, and what is bad stays bad.  The first byte of each input says
 * which reads are tried.
 */
#include "lib/messages.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_one(struct message *message, unsigned what)
{
	const unsigned char *bytes;
	const char *text;
	size_t n, at = message->at;
	bool bad = message->bad;

	switch (what) {
	case 0:
		(void)message_get_u32(message);
		break;
	case 1:
		(void)message_get_u64(message);
		break;
	case 2:
		bytes = message_get_bytes(message, &n);
		if (bytes == NULL || (message->bad && n > 0))
			abort();
		if (n > 0 && (bytes < message->data ||
		    bytes + n != message->data + message->at))
			abort();
		break;
	default:
		text = message_get_string(message);
		if (strlen(text) > message->length)
			abort();
	}
	if (message->at < at || message->at > message->length ||
	    (bad && !message->bad))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct message message;
	unsigned order = size > 0 ? data[0] : 0;

	message_init(&message, MESSAGE_EVENT, -1);
	if (size < 2 || size - 1 > sizeof(message.data))
		return 0;
	memcpy(message.data, data + 1, size - 1);
	message.length = size - 1;
	for (unsigned i = 0; i < 8; i++)
		read_one(&message, (order >> (2 * (i % 4))) & 3);
	if (message_end(&message) && message.at != message.length)
		abort();
	return 0;
}
