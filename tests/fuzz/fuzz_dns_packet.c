/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_dns_packet.c - the reader of answer packets, on any bytes. */
#include "proxy/dns_packet.h"

#include "lib/macros.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct address out[16];
	unsigned count, i;
	int rcode, type = DNS_TYPE_A;

	/* the first byte says which of the two we ask for */
	if (size > 0) {
		type = data[0] & 1 ? DNS_TYPE_AAAA : DNS_TYPE_A;
		data++;
		size--;
	}
	(void)dns_packet_addresses(data, size, type, out, COUNT_OF(out),
	    &count, &rcode);
	assert(count <= COUNT_OF(out));
	assert(rcode >= 0 && rcode <= 15);
	for (i = 0; i < count; i++)
		assert(out[i].family == 4 || (type == DNS_TYPE_AAAA &&
		    out[i].family == 6));
	return 0;
}
