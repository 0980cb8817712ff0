/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_geo.c - a MaxMind database as sorted ranges.  The tree is walked once
 * here, so that a worker never opens a database and a broken one is found
 * before anybody decides by it.  Where an IPv6 tree repeats its IPv4 part
 * (6to4, Teredo, mapped addresses), that is noted as an alias, not copied.
 */
#include "policy/build.h"

#include <maxminddb.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CACHE_SIZE 65536	/* a power of two; data records seen */

struct cached {
	uint32_t offset;	/* plus 1; 0 is free */
	uint32_t value;
};

struct geo {
	struct build *b;
	MMDB_s *mmdb;
	bool asn;
	uint32_t root4;
	bool has_root4;
	uint64_t visited;
	uint64_t visit_max;
	uint64_t values;
	const char *broken;
	struct cached *cache;
	struct place at;
};

static void
add4(struct geo *g, uint32_t from, uint32_t value)
{
	enum part part = g->asn ? PART_ASN4 : PART_COUNTRY4;
	struct part_buffer *rows = &g->b->part[part];
	struct snap_geo4 *row = (struct snap_geo4 *)(void *)rows->data;

	if (rows->count > 0 && row[rows->count - 1].value == value)
		return;
	row = build_add(g->b, part, NULL);
	row->from = from;
	row->value = value;
}

static void
add6(struct geo *g, const uint64_t from[2], uint32_t value)
{
	enum part part = g->asn ? PART_ASN6 : PART_COUNTRY6;
	struct part_buffer *rows = &g->b->part[part];
	struct snap_geo6 *row = (struct snap_geo6 *)(void *)rows->data;

	if (rows->count > 0 && row[rows->count - 1].value == value)
		return;
	row = build_add(g->b, part, NULL);
	row->from[0] = from[0];
	row->from[1] = from[1];
	row->value = value;
}

/* Read one field; false if the database is broken there. */
static bool
read_country(MMDB_entry_s *entry, const char *which, uint32_t *value)
{
	const char *const path[] = { which, "iso_code", NULL };
	MMDB_entry_data_s data;
	int error = MMDB_aget_value(entry, &data, path);

	*value = 0;
	if (error == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR)
		return true;
	if (error != MMDB_SUCCESS)
		return false;
	if (data.has_data && data.type == MMDB_DATA_TYPE_UTF8_STRING &&
	    data.data_size == 2)
		*value = (uint32_t)(unsigned char)data.utf8_string[0] << 8 |
		    (unsigned char)data.utf8_string[1];
	return true;
}

static bool
read_asn(MMDB_entry_s *entry, uint32_t *value)
{
	static const char *const path[] = { "autonomous_system_number", NULL };
	MMDB_entry_data_s data;
	int error = MMDB_aget_value(entry, &data, path);

	*value = 0;
	if (error == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR)
		return true;
	if (error != MMDB_SUCCESS)
		return false;
	if (data.has_data && data.type == MMDB_DATA_TYPE_UINT32)
		*value = data.uint32;
	return true;
}

static uint32_t
data_value(struct geo *g, MMDB_entry_s *entry)
{
	size_t slot = entry->offset * UINT32_C(2654435761);
	struct cached *c;
	uint32_t value = 0;
	bool ok;

	c = &g->cache[(slot ^ slot >> 16) & (CACHE_SIZE - 1)];
	if (c->offset == entry->offset + 1)
		return c->value;
	if (g->asn) {
		ok = read_asn(entry, &value);
	} else {
		ok = read_country(entry, "country", &value);
		if (ok && value == 0)
			ok = read_country(entry, "registered_country",
			    &value);
	}
	if (!ok)
		g->broken = "a record in it cannot be read";
	c->offset = entry->offset + 1;
	c->value = value;
	g->values += value != 0;
	return value;
}

static void walk4(struct geo *g, uint64_t node, uint32_t prefix,
    unsigned depth);
static void walk6(struct geo *g, uint64_t node, const uint64_t prefix[2],
    unsigned depth);

static bool
read_node(struct geo *g, uint64_t number, MMDB_search_node_s *node)
{
	if (g->broken != NULL)
		return false;
	if (++g->visited > g->visit_max)
		g->broken = "its tree runs in circles";
	else if (number >= g->mmdb->metadata.node_count ||
	    MMDB_read_node(g->mmdb, (uint32_t)number, node) != MMDB_SUCCESS)
		g->broken = "its tree is damaged";
	return g->broken == NULL;
}

/* A leaf's value; broken is set for what is neither leaf nor node. */
static uint32_t
leaf_value(struct geo *g, uint8_t type, MMDB_entry_s *entry)
{
	if (type == MMDB_RECORD_TYPE_DATA)
		return data_value(g, entry);
	if (type != MMDB_RECORD_TYPE_EMPTY)
		g->broken = "its tree is damaged";
	return 0;
}

static void
branch4(struct geo *g, uint8_t type, uint64_t record, MMDB_entry_s *entry,
    uint32_t prefix, unsigned depth)
{
	if (type != MMDB_RECORD_TYPE_SEARCH_NODE)
		add4(g, prefix, leaf_value(g, type, entry));
	else if (depth >= 32)
		g->broken = "its tree is too deep";
	else
		walk4(g, record, prefix, depth);
}

static void
walk4(struct geo *g, uint64_t number, uint32_t prefix, unsigned depth)
{
	MMDB_search_node_s node;

	if (!read_node(g, number, &node))
		return;
	branch4(g, node.left_record_type, node.left_record,
	    &node.left_record_entry, prefix, depth + 1);
	branch4(g, node.right_record_type, node.right_record,
	    &node.right_record_entry, prefix | UINT32_C(1) << (31 - depth),
	    depth + 1);
}

static void
add_alias(struct geo *g, const uint64_t prefix[2], unsigned depth)
{
	struct snap_alias *alias;

	if (g->b->part[PART_ALIASES].count >= 64) {
		g->broken = "its tree repeats itself";
		return;
	}
	alias = build_add(g->b, PART_ALIASES, NULL);
	alias->prefix[0] = prefix[0];
	alias->prefix[1] = prefix[1];
	alias->bits = depth;
	alias->asn = g->asn;
}

static void
branch6(struct geo *g, uint8_t type, uint64_t record, MMDB_entry_s *entry,
    const uint64_t prefix[2], unsigned depth)
{
	bool zero = prefix[0] == 0 && prefix[1] == 0;
	uint32_t value;

	if (type == MMDB_RECORD_TYPE_SEARCH_NODE) {
		if (g->has_root4 && record == g->root4 && depth <= 96) {
			add6(g, prefix, 0);
			if (zero && depth == 96)
				walk4(g, record, 0, 0);
			else
				add_alias(g, prefix, depth);
		} else if (depth >= 128) {
			g->broken = "its tree is too deep";
		} else {
			walk6(g, record, prefix, depth);
		}
		return;
	}
	value = leaf_value(g, type, entry);
	add6(g, prefix, value);
	if (zero && depth <= 96)
		add4(g, 0, value);	/* all of IPv4 is one leaf */
}

static void
walk6(struct geo *g, uint64_t number, const uint64_t prefix[2],
    unsigned depth)
{
	uint64_t right[2] = { prefix[0], prefix[1] };
	MMDB_search_node_s node;

	if (!read_node(g, number, &node))
		return;
	right[depth / 64] |= UINT64_C(1) << (63 - depth % 64);
	branch6(g, node.left_record_type, node.left_record,
	    &node.left_record_entry, prefix, depth + 1);
	branch6(g, node.right_record_type, node.right_record,
	    &node.right_record_entry, right, depth + 1);
}

static void
walk(struct geo *g)
{
	static const uint64_t zero[2];

	/* A sound tree visits each node about once; sharing much beyond that
	 * would let a small file grow without bound. */
	g->visit_max = (uint64_t)g->mmdb->metadata.node_count * 2 + 65536;
	if (g->mmdb->metadata.ip_version == 4) {
		walk4(g, 0, 0, 0);
		return;
	}
	g->has_root4 = g->mmdb->ipv4_start_node.netmask == 96 &&
	    g->mmdb->ipv4_start_node.node_value <
	    g->mmdb->metadata.node_count;
	g->root4 = g->mmdb->ipv4_start_node.node_value;
	walk6(g, 0, zero, 0);
}

void
build_geo(struct build *b, const char *path, bool asn)
{
	const char *what = asn ? "AS numbers" : "countries";
	const char *setting = asn ? "geoip.asn" : "geoip.country";
	struct geo g = { .b = b, .asn = asn };
	uint64_t size;
	MMDB_s mmdb;
	int error;

	if (path == NULL || path[0] == '\0')
		return;
	g.at.file = sources_file(b->sources, path);
	if (access(path, R_OK) != 0) {
		error_at(b->sources, &g.at, "the database of %s cannot be "
		    "read: %s (setting %s)", what, sources_why(b->sources,
		    errno), setting);
		return;
	}
	error = MMDB_open(path, MMDB_MODE_MMAP, &mmdb);
	if (error != MMDB_SUCCESS) {
		error_at(b->sources, &g.at, "this is not a sound MaxMind "
		    "database (%s); fetch it again, or change the setting %s",
		    MMDB_strerror(error), setting);
		return;
	}
	g.mmdb = &mmdb;
	g.cache = calloc(CACHE_SIZE, sizeof(*g.cache));
	if (g.cache != NULL)
		walk(&g);
	free(g.cache);
	size = (uint64_t)mmdb.file_size;
	build_digest(b, &size, sizeof(size));
	build_digest(b, mmdb.file_content, (size_t)size);
	MMDB_close(&mmdb);
	if (g.broken != NULL)
		error_at(b->sources, &g.at, "this MaxMind database is broken: "
		    "%s; fetch it again, or change the setting %s", g.broken,
		    setting);
	else if (g.values == 0)
		error_at(b->sources, &g.at, "this MaxMind database has no %s; "
		    "name another one in the setting %s", what, setting);
	if (asn)
		b->header.has_asn = 1;
	else
		b->header.has_country = 1;
}
