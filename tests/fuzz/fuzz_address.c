/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_address.c - any text as an address, a network, a listener or HOST:PORT:
 * what is taken prints canonically and reads back the same.
 */
#include "lib/address.h"
#include "lib/settings.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_address(const struct address *address)
{
	char text[ADDRESS_TEXT_MAX];
	struct sockaddr_storage sa;
	struct address again;
	size_t n = address_print(address, text);

	if (n != strlen(text) || !address_parse(text, n, &again) ||
	    !address_equal(address, &again) ||
	    address_kind(address) >= ADDRESS_SELF)
		abort();
	(void)address_print_port(address, text);
	if (!address_parse_port(text, &again) ||
	    !address_equal(address, &again) || address->port != again.port)
		abort();
	(void)address_to_sockaddr(address, &sa);
	if (!address_from_sockaddr((struct sockaddr *)&sa, &again) ||
	    !address_equal(address, &again))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), host[NAME_MAX_BYTES + 1];
	char name[SETTINGS_LISTENER_NAME_MAX];
	struct address address;
	struct network network;
	uint16_t port;
	bool flag;

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (address_parse(text, size, &address))
		check_address(&address);
	if (address_parse_port(text, &address))
		check_address(&address);
	if (settings_listener(text, name, &address, &flag))
		check_address(&address);
	if (network_parse(text, &network)) {
		check_address(&network.base);
		if (network.prefix > (network.base.family == 4 ? 32 : 128) ||
		    !network_contains(&network, &network.base))
			abort();
	}
	if (settings_host_port(text, host, &port) &&
	    (host[0] == '\0' || port == 0))
		abort();
	free(text);
	return 0;
}
