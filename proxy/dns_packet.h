/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_packet.h - the addresses out of an answer packet.  libunbound does all of
 * DNS for us and hands over the answer re-encoded by itself; this reads only
 * the addresses from that, and trusts no length in it all the same.
 */
#ifndef PROXY_DNS_PACKET_H
#define PROXY_DNS_PACKET_H

#include "lib/address.h"

#include <stddef.h>
#include <stdint.h>

#define DNS_TYPE_A 1
#define DNS_TYPE_AAAA 28
#define DNS_CLASS_IN 1

#define DNS_RCODE_OK 0
#define DNS_RCODE_SERVFAIL 2
#define DNS_RCODE_NXDOMAIN 3
#define DNS_RCODE_REFUSED 5

/* Copy up to max addresses of the given type from the answer section, in the
 * order they stand there; further ones are left out.  Writes how many to count
 * and the response code to rcode.  0, or -1 if it is no well-formed answer. */
int dns_packet_addresses(const uint8_t *packet, size_t length, int type,
    struct address *out, unsigned max, unsigned *count, int *rcode);

#endif
