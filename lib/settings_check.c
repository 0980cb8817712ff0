/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings_check.c - what a value must be besides its type: addresses that are
 * addresses, files that can be read, values that agree with each other.
 */
#include "lib/macros.h"
#include "lib/settings_table.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

__attribute__((format(printf, 3, 4)))
static bool
refuse(char *why, size_t why_size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, why_size, fmt, ap);
	va_end(ap);
	return false;
}

/* The next word of *text: its start, length in *n; NULL at the end. */
static const char *
next_word(const char **text, size_t *n)
{
	const char *start = *text + strspn(*text, " \t");

	*n = strcspn(start, " \t");
	*text = start + *n;
	return *n > 0 ? start : NULL;
}

static size_t
count_words(const char *text)
{
	size_t count = 0, n;

	while (next_word(&text, &n) != NULL)
		count++;
	return count;
}

static bool
is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool
settings_listener(const char *item, char name[SETTINGS_LISTENER_NAME_MAX],
    struct address *address, bool *proxy_protocol)
{
	char place[ADDRESS_TEXT_MAX];
	const char *word;
	size_t n;

	*proxy_protocol = false;
	word = next_word(&item, &n);
	if (word == NULL || n >= SETTINGS_LISTENER_NAME_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!is_word_byte(word[i]))
			return false;
	}
	memcpy(name, word, n);
	name[n] = '\0';
	word = next_word(&item, &n);
	if (word == NULL || n >= sizeof(place))
		return false;
	memcpy(place, word, n);
	place[n] = '\0';
	if (!address_parse_port(place, address))
		return false;
	word = next_word(&item, &n);
	if (word == NULL)
		return true;
	*proxy_protocol = true;
	return n == strlen("proxy-protocol") &&
	    memcmp(word, "proxy-protocol", n) == 0 &&
	    next_word(&item, &n) == NULL;
}

static bool
parse_port(const char *text, uint16_t *port)
{
	unsigned value = 0;
	size_t n = 0;

	for (; text[n] >= '0' && text[n] <= '9' && n < 6; n++)
		value = value * 10 + (unsigned)(text[n] - '0');
	if (n == 0 || text[n] != '\0' || value < 1 || value > 65535)
		return false;
	*port = (uint16_t)value;
	return true;
}

bool
settings_host_port(const char *text, char host[NAME_MAX_BYTES + 1],
    uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	struct address address;
	size_t length, settled;

	if (colon == NULL || !parse_port(colon + 1, port))
		return false;
	length = (size_t)(colon - text);
	if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
		if (memchr(text, ':', length) == NULL)
			return false;
	} else if (memchr(text, ':', length) != NULL) {
		return false;
	}
	return name_settle(text, length, host, &settled, &address) != NAME_BAD;
}

static bool
check_listen(const char *value, char *why, size_t why_size)
{
	char name[SETTINGS_LISTENER_NAME_MAX];
	struct address address;
	bool proxy_protocol;

	if (settings_listener(value, name, &address, &proxy_protocol))
		return true;
	return refuse(why, why_size, "it takes NAME ADDRESS:PORT and optionally"
	    " proxy-protocol, such as main 127.0.0.1:3128 or v6 [::]:3128");
}

static bool
check_network(const char *value, char *why, size_t why_size)
{
	struct network network;

	if (network_parse(value, &network))
		return true;
	return refuse(why, why_size, "it takes ADDRESS or ADDRESS/BITS, such as"
	    " 10.20.0.0/16, without bits beyond the prefix; repeat the line "
	    "for more");
}

static bool
check_admin(const char *value, char *why, size_t why_size)
{
	struct address address;

	if (strcmp(value, "none") == 0 || address_parse_port(value, &address))
		return true;
	return refuse(why, why_size,
	    "it takes ADDRESS:PORT, such as 127.0.0.1:3129, or none");
}

static bool
check_forward(const char *value, char *why, size_t why_size)
{
	const char *at = strchr(value, '@');
	size_t length = at != NULL ? (size_t)(at - value) : strlen(value);
	struct address address;
	uint16_t port;

	if (address_parse(value, length, &address) &&
	    (at == NULL || parse_port(at + 1, &port)))
		return true;
	return refuse(why, why_size, "it takes ADDRESS or ADDRESS@PORT, such as"
	    " 10.0.0.53@53; repeat the line for more");
}

static bool
check_parent(const char *value, char *why, size_t why_size)
{
	char host[NAME_MAX_BYTES + 1];
	uint16_t port;

	if (value[0] == '\0' || settings_host_port(value, host, &port))
		return true;
	return refuse(why, why_size, "it takes HOST:PORT, such as "
	    "proxy.example:8080, or \"\" for none");
}

static bool
check_direct(const char *value, char *why, size_t why_size)
{
	char host[NAME_MAX_BYTES + 1];
	struct network network;
	struct address address;
	size_t length;

	if (network_parse(value, &network) ||
	    name_settle(value, strlen(value), host, &length, &address) ==
	    NAME_DNS)
		return true;
	return refuse(why, why_size, "it takes a host suffix such as "
	    "dept.example, or a network; repeat the line for more");
}

static bool
check_words(const char *value, size_t least, const char *form, char *why,
    size_t why_size)
{
	if (count_words(value) >= least)
		return true;
	return refuse(why, why_size, "it takes %s", form);
}

bool
settings_zone_type(const char *type)
{
	/* Those of unbound's types that make sense here. */
	static const char *const types[] = {
		"static", "transparent", "typetransparent", "redirect", "deny",
		"refuse", "always_transparent", "always_refuse",
		"always_nxdomain", "always_nodata", "always_deny",
		"always_null", "nodefault",
	};

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		if (strcmp(types[i], type) == 0)
			return true;
	}
	return false;
}

static bool
check_zone(const char *value, char *why, size_t why_size)
{
	size_t n;
	const char *name = next_word(&value, &n);

	value += strspn(value, " \t");
	if (name != NULL && settings_zone_type(value))
		return true;
	return refuse(why, why_size, "it takes NAME TYPE, such as "
	    "intranet.example static; the types are static, transparent, "
	    "typetransparent, redirect, deny, refuse, always_transparent, "
	    "always_refuse, always_nxdomain, always_nodata, always_deny, "
	    "always_null and nodefault");
}

static bool
check_user(const char *value, char *why, size_t why_size)
{
	if (count_words(value) == 1 && strpbrk(value, " \t:/") == NULL)
		return true;
	return refuse(why, why_size, "it takes the name of one system user");
}

static bool
check_node_name(const char *value, char *why, size_t why_size)
{
	size_t n = 0;

	while (is_word_byte(value[n]))
		n++;
	if (value[n] == '\0' && n <= NAME_MAX_BYTES)
		return true;
	return refuse(why, why_size, "it takes letters, digits, dots, hyphens "
	    "and underscores, since it stands in the Via field");
}

static bool
check_origin(const char *value, char *why, size_t why_size)
{
	size_t n = 0;

	while (value[n] > ' ' && value[n] <= '~' && value[n] != '+')
		n++;
	if (value[n] == '\0' && n <= 200)
		return true;
	return refuse(why, why_size, "it takes letters, digits and "
	    "punctuation, no space and no plus sign, at most 200 of them");
}

static bool
check_folder(const char *value, char *why, size_t why_size)
{
	if (value[0] != '\0')
		return true;
	return refuse(why, why_size, "it takes the name of a folder");
}

static bool
check_file(const char *path, char *why, size_t why_size)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return refuse(why, why_size, "%s: %s; correct the name or make"
		    " the file readable", path, strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return refuse(why, why_size, "%s is not a file", path);
	}
	(void)close(fd);
	return true;
}

/* A file that is made if it is not there: its folder must be. */
static bool
check_new_file(const char *path, char *why, size_t why_size)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	struct stat st;

	if (slash == NULL || slash == path)
		return true;
	if ((size_t)(slash - path) >= sizeof(folder))
		return refuse(why, why_size, "the name is too long");
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = '\0';
	if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
		return true;
	return refuse(why, why_size, "there is no folder %s; make it, or "
	    "correct the name", folder);
}

static bool
check_policy(const char *path, char *why, size_t why_size)
{
	if (path[0] == '\0')
		return refuse(why, why_size, "there is no working without a "
		    "policy; an empty file lets all through and records it");
	return check_file(path, why, why_size);
}

/* A default that a small system may lack is no fault. */
static bool
check_optional_file(enum settings_id id, const char *path, char *why,
    size_t why_size)
{
	if (path[0] == '\0' || strcmp(path, settings_rows[id].dflt) == 0)
		return true;
	return check_file(path, why, why_size);
}

bool
settings_check_value(const struct settings *settings, enum settings_id id,
    const char *value, char *why, size_t why_size)
{
	switch (id) {
	case SETTINGS_ID_listen:
		return check_listen(value, why, why_size);
	case SETTINGS_ID_proxy_protocol_from:
		return check_network(value, why, why_size);
	case SETTINGS_ID_admin_listen:
		return check_admin(value, why, why_size);
	case SETTINGS_ID_node_name:
		return check_node_name(value, why, why_size);
	case SETTINGS_ID_log_origin:
		return check_origin(value, why, why_size);
	case SETTINGS_ID_data_folder:
	case SETTINGS_ID_run_folder:
		return check_folder(value, why, why_size);
	case SETTINGS_ID_user_worker:
	case SETTINGS_ID_user_log:
	case SETTINGS_ID_user_loader:
	case SETTINGS_ID_user_admin:
		return check_user(value, why, why_size);
	case SETTINGS_ID_policy_file:
		return check_policy(settings->policy_file, why, why_size);
	case SETTINGS_ID_report_file:
		return check_new_file(settings->report_file, why, why_size);
	case SETTINGS_ID_geoip_country:
		return check_optional_file(id, settings->geoip_country, why,
		    why_size);
	case SETTINGS_ID_geoip_asn:
		return check_optional_file(id, settings->geoip_asn, why,
		    why_size);
	case SETTINGS_ID_dns_hosts:
		return check_optional_file(id, settings->dns_hosts, why,
		    why_size);
	case SETTINGS_ID_dns_forward:
		return check_forward(value, why, why_size);
	case SETTINGS_ID_dns_zone:
		return check_zone(value, why, why_size);
	case SETTINGS_ID_dns_data:
		return check_words(value, 3, "NAME TYPE DATA, such as "
		    "intranet.example A 10.0.0.7", why, why_size);
	case SETTINGS_ID_upstream_parent:
		return check_parent(value, why, why_size);
	case SETTINGS_ID_upstream_direct:
		return check_direct(value, why, why_size);
	default:		/* the rest say all by their types */
		return true;
	}
}

/* The admin address is no listener's. */
static void
check_admin_apart(const struct settings *settings,
    settings_check_complaint *complain, void *arg)
{
	struct address admin, address;
	char name[SETTINGS_LISTENER_NAME_MAX], why[SETTINGS_WHY_MAX];
	bool proxy_protocol;

	if (!address_parse_port(settings->admin_listen, &admin) ||
	    admin.port == 0)
		return;
	for (size_t i = 0; i < settings->listen.count; i++) {
		if (!settings_listener(settings->listen.item[i], name,
		    &address, &proxy_protocol) || address.port != admin.port ||
		    !address_equal(&address, &admin))
			continue;
		(void)snprintf(why, sizeof(why), "admin.listen and the "
		    "listener %s have the same address; change one of them, "
		    "or set admin.listen to none.", name);
		complain(arg, SETTINGS_ID_admin_listen, SETTINGS_ID_listen,
		    why);
	}
}

static void
check_listeners(const struct settings *settings,
    settings_check_complaint *complain, void *arg)
{
	struct address address[SETTINGS_LIST_MAX];
	char name[SETTINGS_LIST_MAX][SETTINGS_LISTENER_NAME_MAX];
	char why[SETTINGS_WHY_MAX];
	bool proxy_protocol, any = false;

	if (settings->listen.count == 0)
		complain(arg, SETTINGS_ID_listen, SETTINGS_ID_listen, "There is no listener; write "
		    "for example: listen main 127.0.0.1:3128");
	for (size_t i = 0; i < settings->listen.count; i++) {
		if (!settings_listener(settings->listen.item[i], name[i],
		    &address[i], &proxy_protocol))
			return;		/* complained about already */
		any = any || proxy_protocol;
		for (size_t j = 0; j < i; j++) {
			bool same_name = strcmp(name[i], name[j]) == 0;

			if (!same_name && (address[i].port == 0 ||
			    address[i].port != address[j].port ||
			    !address_equal(&address[i], &address[j])))
				continue;
			(void)snprintf(why, sizeof(why), "Two listeners have "
			    "the same %s: \"%.100s\" and \"%.100s\". Change "
			    "one of them.", same_name ? "name" : "address",
			    settings->listen.item[j],
			    settings->listen.item[i]);
			complain(arg, SETTINGS_ID_listen, SETTINGS_ID_listen,
			    why);
		}
	}
	if (any && settings->proxy_protocol_from.count == 0)
		complain(arg, SETTINGS_ID_listen,
		    SETTINGS_ID_proxy_protocol_from, "A listener is marked "
		    "proxy-protocol, but proxy-protocol.from names no network,"
		    " so it would refuse everybody. Name the load balancers "
		    "there.");
}

void
settings_check_together(const struct settings *settings,
    settings_check_complaint *complain, void *arg)
{
	char why[SETTINGS_WHY_MAX], reason[SETTINGS_WHY_MAX + 64];

	check_listeners(settings, complain, arg);
	check_admin_apart(settings, complain, arg);
	if (settings->log_keep_max != 0 &&
	    settings->log_keep_max < settings->log_keep_min)
		complain(arg, SETTINGS_ID_log_keep_max,
		    SETTINGS_ID_log_keep_min, "log.keep.max is "
		    "shorter than log.keep.min; make it longer, or 0 to keep "
		    "all.");
	if (settings->http_field_max > settings->http_head_max)
		complain(arg, SETTINGS_ID_http_field_max,
		    SETTINGS_ID_http_head_max, "http.field.max is "
		    "larger than http.head.max; a field is part of a head.");
	if (settings->http_target_max > settings->http_head_max)
		complain(arg, SETTINGS_ID_http_target_max,
		    SETTINGS_ID_http_head_max, "http.target.max is"
		    " larger than http.head.max; a target is part of a head.");
	if (settings->dns_dnssec &&
	    !check_file(settings->dns_anchor, why, sizeof(why))) {
		(void)snprintf(reason, sizeof(reason), "dns.dnssec is on, but "
		    "dns.anchor cannot be used: %s.", why);
		complain(arg, SETTINGS_ID_dns_anchor, SETTINGS_ID_dns_dnssec,
		    reason);
	}
}
