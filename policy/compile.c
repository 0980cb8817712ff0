/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile.c - from text to snapshot, in this order: parse, check, put
 * together, seal, map, run the policy's own expectations on what was mapped.
 */
#include "policy/build.h"
#include "policy/expect.h"

#include "lib/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* text NULL: from the file. */
static struct tree *
parse(struct arena *arena, struct sources *sources, const char *path,
    const char *text, size_t length)
{
	struct tree *tree = arena_alloc(arena, sizeof(*tree));

	tree->arena = arena;
	tree->sources = sources;
	(void)sources_file(sources, sources_show(sources, base_name(path)));
	if (text == NULL)
		parse_policy_file(tree, base_name(path));
	else
		parse_policy(tree, base_name(path), text, length);
	return tree;
}

static void
finish_version(struct build *b)
{
	const struct part_buffer *zone = &b->part[PART_ZONE];
	unsigned char hash[EVP_MAX_MD_SIZE];
	char words[8 + 2 * EVP_MAX_MD_SIZE] = "sha256:";
	unsigned n = 0;
	char *canonical = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&canonical, &length);
	uint64_t size;

	if (out == NULL)
		report_bug("policy: out of memory");
	print_tree(b->tree, out);
	if (fclose(out) != 0)
		report_bug("policy: out of memory");
	size = length;
	build_digest(b, &size, sizeof(size));
	build_digest(b, canonical, length);
	build_digest(b, zone->data, zone->count * sizeof(struct snap_zone));
	free(canonical);
	if (EVP_DigestFinal_ex(b->digest, hash, &n) != 1)
		report_bug("policy: SHA-256 failed");
	for (unsigned i = 0; i < n; i++)
		(void)snprintf(words + 7 + 2 * i, 3, "%02x", hash[i]);
	b->header.version = build_text(b, words);
}

/* Lists that cannot be opened are told even when there are other faults. */
static void
look_for_lists(struct tree *tree)
{
	for (size_t i = 0; i < tree->category_count; i++)
		for (size_t k = 0; k < tree->categories[i].path_count; k++) {
			const struct text_at *path =
			    &tree->categories[i].paths[k];
			int fd = sources_open(tree->sources, path->text);

			if (fd >= 0)
				(void)close(fd);
			else
				error_at(tree->sources, &path->at, "the list "
				    "\"%s\" cannot be read: %s",
				    sources_show(tree->sources, path->text),
				    sources_why(tree->sources, errno));
		}
}

/* A country or network is asked for, but no database will tell it. */
static void
look_for_database(struct build *b, const struct rule *rule)
{
	for (size_t i = 0; i < rule->line_count; i++) {
		const struct line *line = &rule->lines[i];
		bool asn = line->fact == FACT_ASN;

		if ((line->fact != FACT_COUNTRY && !asn) ||
		    (asn ? b->header.has_asn : b->header.has_country))
			continue;
		warn_at(b->sources, &line->at, "%s is never known, so "
		    "rule \"%s\" does not decide: no database is set; "
		    "name one in the setting %s", fact_word(line->fact),
		    rule->name, asn ? "geoip.asn" : "geoip.country");
	}
}

static void
look_for_databases(struct build *b)
{
	for (int s = 0; s < SECTIONS; s++)
		for (size_t i = 0; i < b->tree->list[s].count; i++)
			look_for_database(b, &b->tree->list[s].rules[i]);
}

static void
build_all(struct build *b, const struct policy_options *options)
{
	struct tree *tree = b->tree;

	(void)build_zone(b, tree->timezone, &tree->timezone_at);
	build_geo(b, options->geoip_country, false);
	build_geo(b, options->geoip_asn, true);
	look_for_databases(b);
	build_browsers(b);
	build_rules(b);
	if (sources_errors(tree->sources) > 0)
		return;
	build_slots(b);
	b->header.name = build_text(b, tree->name == NULL ? "unnamed" :
	    tree->name);
	b->header.contact = build_text(b, tree->contact);
	b->header.controller = build_text(b, tree->controller);
	b->header.notice = build_text(b, tree->notice);
	b->header.timezone = build_text(b, tree->timezone == NULL ? "UTC" :
	    tree->timezone);
	b->header.file = build_text(b, sources_shown(tree->sources,
	    tree->has_default ? tree->default_at.file : 0));
	b->header.default_line = tree->has_default ? tree->default_at.line :
	    0;
	finish_version(b);
}

static int
compile(struct tree *tree, const struct policy_options *options)
{
	struct sources *sources = tree->sources;
	struct place whole = { .file = 0 };
	struct policy *policy;
	struct build build;
	char why[256];
	int fd = -1;

	check_tree(tree, options->now_us);
	if (sources_errors(sources) > 0) {
		look_for_lists(tree);
		return -1;
	}
	build_init(&build, tree);
	build_all(&build, options);
	if (sources_errors(sources) == 0) {
		fd = build_seal(&build);
		if (fd < 0)
			error_at(sources, &whole, "the compiled policy cannot "
			    "be stored: %s", strerror(errno));
	}
	build_clear(&build);
	if (fd < 0)
		return -1;
	policy = policy_open(fd, why, sizeof(why));
	if (policy == NULL) {
		error_at(sources, &whole, "%s", why);
	} else {
		expect_examples(tree, policy);
		expect_all(tree, policy);
		policy_close(&policy);
	}
	if (sources_errors(sources) > 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

int
policy_compile_file(const char *path, const struct policy_options *options,
    policy_complain *complain, void *arg)
{
	return policy_compile_text(path, NULL, 0, options, complain, arg);
}

int
policy_compile_text(const char *path, const char *text, size_t length,
    const struct policy_options *options, policy_complain *complain, void *arg)
{
	struct arena *arena = arena_new();
	struct sources *sources = sources_new(arena, path, options);
	struct tree *tree = parse(arena, sources, path, text, length);
	int result = compile(tree, options);

	sources_free(&sources, complain, arg);
	arena_free(&arena);
	return result;
}

int
policy_with_tree(const char *path, const char *text, size_t length,
    const struct policy_options *options, bool checked, tree_use *use,
    void *use_arg, policy_complain *complain, void *arg)
{
	struct arena *arena = arena_new();
	struct sources *sources = sources_new(arena, path, options);
	struct tree *tree = parse(arena, sources, path, text, length);
	int result = -1;

	if (checked)
		check_tree(tree, options->now_us);
	if (sources_errors(sources) == 0)
		result = use(tree, use_arg);
	sources_free(&sources, complain, arg);
	arena_free(&arena);
	return result;
}

static int
print(const struct tree *tree, void *arg)
{
	FILE *out = arg;

	print_tree(tree, out);
	return ferror(out) ? -1 : 0;
}

int
policy_print_file(const char *path, const struct policy_options *options,
    FILE *out, policy_complain *complain, void *arg)
{
	return policy_print_text(path, NULL, 0, options, out, complain, arg);
}

int
policy_print_text(const char *path, const char *text, size_t length,
    const struct policy_options *options, FILE *out,
    policy_complain *complain, void *arg)
{
	return policy_with_tree(path, text, length, options, false, print, out,
	    complain, arg);
}
