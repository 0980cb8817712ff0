/* SPDX-License-Identifier: Apache-2.0 */
/* test_tree.c - hashes, frontiers and proofs against published facts, and every
 * pair of sizes against itself. */
#include "logging/tree.h"

#include "lib/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DATA "tests/data/tree/"
#define LEAVES 300

static struct tree_hasher *hasher;
static unsigned char leaves[LEAVES][TREE_HASH];

static int
set_up(void **state)
{
	(void)state;
	hasher = tree_hasher_new();
	return hasher == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	tree_hasher_free(&hasher);
	assert_null(hasher);
	tree_hasher_free(&hasher);
	return 0;
}

static size_t
unhex(const char *text, size_t length, unsigned char *out)
{
	unsigned byte;
	size_t i;

	for (i = 0; i + 1 < length; i += 2) {
		assert_int_equal(sscanf(text + i, "%2x", &byte), 1);
		out[i / 2] = (unsigned char)byte;
	}
	return length / 2;
}

static void
take_hash(const char *text, unsigned char out[TREE_HASH])
{
	assert_true(strlen(text) >= (size_t)2 * TREE_HASH);
	(void)unhex(text, (size_t)2 * TREE_HASH, out);
}

/* Hashes with commas between them. */
static void
take_path(const char *text, struct tree_path *path)
{
	path->count = 0;
	while (*text != '\0' && *text != '\n') {
		take_hash(text, path->node[path->count++]);
		text += 2 * TREE_HASH;
		text += *text == ',';
	}
}

/* The next column of a line with tabs between. */
static char *
column(char **at)
{
	char *start = *at, *tab = start + strcspn(start, "\t\n");

	*at = *tab == '\0' ? tab : tab + 1;
	*tab = '\0';
	return start;
}

static FILE *
open_data(const char *name)
{
	FILE *in = fopen(name, "r");

	assert_non_null(in);
	return in;
}

static int
range(void *arg, uint64_t begin, uint64_t end, unsigned char out[TREE_HASH])
{
	struct tree_frontier frontier = { .size = 0 };

	assert_true(begin < end && end <= LEAVES);
	(void)arg;
	for (; begin < end; begin++)
		tree_append(hasher, &frontier, leaves[begin]);
	tree_root(hasher, &frontier, out);
	return 0;
}

static void
root_of(uint64_t size, unsigned char out[TREE_HASH])
{
	assert_int_equal(range(NULL, 0, size, out), 0);
}

static void
test_frontier(void **state)
{
	struct tree_frontier frontier = { .size = 0 };
	unsigned char bytes[64], hash[TREE_HASH], want[TREE_HASH];
	struct tree_path nodes;
	char line[2048], *at, *what;
	FILE *in = open_data(DATA "frontier.tsv");
	uint64_t size;
	size_t n, count = 0;

	(void)state;
	while (fgets(line, sizeof(line), in) != NULL) {
		at = line;
		what = column(&at);
		if (strcmp(what, "leaf") == 0) {
			what = column(&at);
			n = unhex(what, strlen(what), bytes);
			tree_leaf(hasher, bytes, n, leaves[count]);
			take_hash(column(&at), want);
			assert_memory_equal(leaves[count++], want, TREE_HASH);
			continue;
		}
		size = strtoull(column(&at), NULL, 10);
		take_hash(column(&at), want);
		take_path(column(&at), &nodes);
		if (size > 0)
			tree_append(hasher, &frontier, leaves[size - 1]);
		assert_int_equal(frontier.size, size);
		assert_int_equal(frontier.count, nodes.count);
		assert_memory_equal(frontier.node, nodes.node,
		    nodes.count * sizeof(nodes.node[0]));
		tree_root(hasher, &frontier, hash);
		assert_memory_equal(hash, want, TREE_HASH);
	}
	assert_int_equal(count, 8);
	assert_int_equal(frontier.size, 8);
	(void)fclose(in);
}

static void
test_published_proofs(void **state)
{
	unsigned char one[TREE_HASH], two[TREE_HASH];
	unsigned good = 0, bad = 0;
	struct tree_path path;
	char line[4096], *at, *what;
	FILE *in = open_data(DATA "merkle.tsv");
	uint64_t a, b;
	bool want, got;

	(void)state;
	while (fgets(line, sizeof(line), in) != NULL) {
		at = line;
		what = column(&at);
		want = strcmp(column(&at), "ok") == 0;
		a = strtoull(column(&at), NULL, 10);
		b = strtoull(column(&at), NULL, 10);
		take_hash(column(&at), one);
		take_hash(column(&at), two);
		take_path(column(&at), &path);
		if (strcmp(what, "inc") == 0)
			got = tree_check_inclusion(hasher, a, b, one, &path,
			    two);
		else
			got = tree_check_consistency(hasher, a, b, one, two,
			    &path);
		if (got != want)
			fail_msg("%s %d %d", what, (int)a, (int)b);
		good += want;
		bad += !want;
	}
	assert_int_equal(good, 72);
	assert_int_equal(bad, 17);
	(void)fclose(in);
}

static void
test_log300(void **state)
{
	unsigned char hash[TREE_HASH], want[TREE_HASH];
	struct tree_path path, wanted;
	static char line[8192];
	FILE *in = open_data(DATA "log300.ndjson");
	char *at, *what;
	uint64_t n;
	size_t i = 0;

	(void)state;
	for (; fgets(line, sizeof(line), in) != NULL; i++) {
		assert_true(i < LEAVES);
		tree_leaf(hasher, line, strcspn(line, "\n"), leaves[i]);
	}
	(void)fclose(in);
	assert_int_equal(i, LEAVES);
	in = open_data(DATA "log300.tsv");
	while (fgets(line, sizeof(line), in) != NULL) {
		at = line;
		what = column(&at);
		n = strtoull(column(&at), NULL, 10);
		if (strcmp(what, "root") == 0) {
			take_hash(column(&at), want);
			root_of(n, hash);
			assert_memory_equal(hash, want, TREE_HASH);
			continue;
		}
		take_path(column(&at), &wanted);
		if (strcmp(what, "inclusion") == 0)
			assert_int_equal(tree_prove_inclusion(range, NULL, n,
			    LEAVES, &path), 0);
		else
			assert_int_equal(tree_prove_consistency(range, NULL, n,
			    LEAVES, &path), 0);
		assert_int_equal(path.count, wanted.count);
		assert_memory_equal(path.node, wanted.node,
		    path.count * sizeof(path.node[0]));
	}
	(void)fclose(in);
}

/* Proofs of every pair hold, and nothing else with them does. */
static void
test_all_pairs(void **state)
{
	unsigned char root[TREE_HASH], older_root[TREE_HASH];
	struct tree_path path;
	uint64_t size, i;

	(void)state;
	for (size = 1; size < 70; size++) {
		root_of(size, root);
		for (i = 0; i < size; i++) {
			assert_int_equal(tree_prove_inclusion(range, NULL, i,
			    size, &path), 0);
			assert_true(tree_check_inclusion(hasher, i, size,
			    leaves[i], &path, root));
			assert_false(tree_check_inclusion(hasher, i, size,
			    leaves[i + 1], &path, root));
			assert_false(tree_check_inclusion(hasher, size, size,
			    leaves[i], &path, root));
			if (path.count > 0) {
				path.node[path.count - 1][3] ^= 1;
				assert_false(tree_check_inclusion(hasher, i,
				    size, leaves[i], &path, root));
			}
		}
		for (i = 1; i <= size; i++) {
			root_of(i, older_root);
			assert_int_equal(tree_prove_consistency(range, NULL,
			    i, size, &path), 0);
			assert_true(tree_check_consistency(hasher, i, size,
			    older_root, root, &path));
			assert_false(tree_check_consistency(hasher, 0, size,
			    older_root, root, &path));
			older_root[0] ^= 1;
			assert_false(tree_check_consistency(hasher, i, size,
			    older_root, root, &path));
			older_root[0] ^= 1;
			path.node[path.count++][0] = 0;
			assert_false(tree_check_consistency(hasher, i, size,
			    older_root, root, &path));
		}
	}
}

/* Whole subtrees at once make the same tree as their leaves. */
static void
test_subtrees(void **state)
{
	struct tree_frontier by_leaf = { .size = 0 }, copy = { .size = 0 };
	struct tree_frontier by_tree = { .size = 0 };
	unsigned char root[TREE_HASH];
	uint64_t i;

	(void)state;
	for (i = 0; i < LEAVES; i++)
		tree_append(hasher, &by_leaf, leaves[i]);
	for (i = 0; i + 16 <= LEAVES; i += 16) {
		assert_int_equal(range(NULL, i, i + 16, root), 0);
		tree_append_subtree(hasher, &by_tree, root, 4);
	}
	for (; i < LEAVES; i++)
		tree_append(hasher, &by_tree, leaves[i]);
	assert_int_equal(by_tree.size, LEAVES);
	assert_int_equal(by_tree.count, by_leaf.count);
	assert_memory_equal(by_tree.node, by_leaf.node,
	    by_leaf.count * sizeof(by_leaf.node[0]));
	tree_copy(&copy, &by_leaf);
	assert_memory_equal(&copy, &by_leaf, sizeof(copy.size) +
	    sizeof(copy.count) + copy.count * sizeof(copy.node[0]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frontier),
		cmocka_unit_test(test_published_proofs),
		cmocka_unit_test(test_log300),
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_subtrees),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
