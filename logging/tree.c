/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.c - hashes, frontier and proofs as RFC 6962 section 2.1 defines them and
 * RFC 9162 sections 2.1.3.2 and 2.1.4.2 check them.
 */
#include "logging/tree.h"

#include "lib/report.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

struct tree_hasher {
	EVP_MD *sha256;
	EVP_MD_CTX *context;
};

struct tree_hasher *
tree_hasher_new(void)
{
	struct tree_hasher *hasher = calloc(1, sizeof(*hasher));

	if (hasher == NULL)
		return NULL;
	hasher->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	hasher->context = EVP_MD_CTX_new();
	if (hasher->sha256 == NULL || hasher->context == NULL ||
	    EVP_DigestInit_ex2(hasher->context, hasher->sha256, NULL) != 1)
		tree_hasher_free(&hasher);
	return hasher;
}

void
tree_hasher_free(struct tree_hasher **hasher)
{
	if (*hasher == NULL)
		return;
	EVP_MD_CTX_free((*hasher)->context);
	EVP_MD_free((*hasher)->sha256);
	free(*hasher);
	*hasher = NULL;
}

/* The hash of two pieces, one behind the other. */
static void
hash(struct tree_hasher *hasher, const void *a, size_t a_length,
    const void *b, size_t b_length, unsigned char out[TREE_HASH])
{
	/* Without a name of the digest the context keeps its own: no search,
	 * no memory. */
	if (EVP_DigestInit_ex2(hasher->context, NULL, NULL) != 1 ||
	    EVP_DigestUpdate(hasher->context, a, a_length) != 1 ||
	    (b_length > 0 &&
	    EVP_DigestUpdate(hasher->context, b, b_length) != 1) ||
	    EVP_DigestFinal_ex(hasher->context, out, NULL) != 1)
		report_bug("SHA-256 failed");
}

void
tree_leaf(struct tree_hasher *hasher, const void *bytes, size_t n,
    unsigned char out[TREE_HASH])
{
	hash(hasher, "\0", 1, bytes, n, out);
}

void
tree_node(struct tree_hasher *hasher, const unsigned char *left,
    const unsigned char *right, unsigned char out[TREE_HASH])
{
	unsigned char both[1 + 2 * TREE_HASH];

	both[0] = 1;
	memcpy(both + 1, left, TREE_HASH);
	memcpy(both + 1 + TREE_HASH, right, TREE_HASH);
	hash(hasher, both, sizeof(both), NULL, 0, out);
}

/* --- the frontier ----------------------------------------------------------- */

void
tree_append_subtree(struct tree_hasher *hasher,
    struct tree_frontier *frontier, const unsigned char root[TREE_HASH],
    unsigned level)
{
	uint64_t n = frontier->size >> level;
	unsigned char *top;

	assert(level < TREE_LEVELS && frontier->count < TREE_LEVELS &&
	    frontier->size == n << level);
	memcpy(frontier->node[frontier->count++], root, TREE_HASH);
	for (; (n & 1) == 1; n >>= 1) {
		top = frontier->node[--frontier->count];
		tree_node(hasher, top - TREE_HASH, top, top - TREE_HASH);
	}
	frontier->size += UINT64_C(1) << level;
}

void
tree_append(struct tree_hasher *hasher, struct tree_frontier *frontier,
    const unsigned char leaf[TREE_HASH])
{
	tree_append_subtree(hasher, frontier, leaf, 0);
}

void
tree_root(struct tree_hasher *hasher, const struct tree_frontier *frontier,
    unsigned char out[TREE_HASH])
{
	unsigned i = frontier->count;

	if (i == 0) {
		hash(hasher, "", 0, NULL, 0, out);
		return;
	}
	memcpy(out, frontier->node[--i], TREE_HASH);
	while (i > 0)
		tree_node(hasher, frontier->node[--i], out, out);
}

void
tree_copy(struct tree_frontier *to, const struct tree_frontier *from)
{
	to->size = from->size;
	to->count = from->count;
	memcpy(to->node, from->node, from->count * sizeof(from->node[0]));
}

/* --- making proofs ----------------------------------------------------------- */

/* The largest power of two below n; n > 1. */
static uint64_t
split_of(uint64_t n)
{
	uint64_t k = 1;

	while (k < n - k)
		k <<= 1;
	return k;
}

/* The pieces are found from the root downwards; a path begins at the leaf. */
static void
turn_round(struct tree_path *path)
{
	unsigned char other[TREE_HASH];
	unsigned i, j;

	for (i = 0, j = path->count; i + 1 < j; i++) {
		j--;
		memcpy(other, path->node[i], TREE_HASH);
		memcpy(path->node[i], path->node[j], TREE_HASH);
		memcpy(path->node[j], other, TREE_HASH);
	}
}

int
tree_prove_inclusion(tree_range *range, void *arg, uint64_t index,
    uint64_t size, struct tree_path *path)
{
	uint64_t begin = 0, end = size, middle;
	int result = 0;

	assert(index < size);
	path->count = 0;
	while (result == 0 && end - begin > 1) {
		middle = begin + split_of(end - begin);
		if (index < middle) {
			result = range(arg, middle, end,
			    path->node[path->count++]);
			end = middle;
		} else {
			result = range(arg, begin, middle,
			    path->node[path->count++]);
			begin = middle;
		}
	}
	turn_round(path);
	return result;
}

int
tree_prove_consistency(tree_range *range, void *arg, uint64_t older,
    uint64_t size, struct tree_path *path)
{
	uint64_t begin = 0, end = size, middle;
	int result = 0;

	assert(older > 0 && older <= size);
	path->count = 0;
	while (result == 0 && older < end) {
		middle = begin + split_of(end - begin);
		if (older <= middle) {
			result = range(arg, middle, end,
			    path->node[path->count++]);
			end = middle;
		} else {
			result = range(arg, begin, middle,
			    path->node[path->count++]);
			begin = middle;
		}
	}
	/* The older tree is the left edge itself: its root is known. */
	if (result == 0 && begin > 0)
		result = range(arg, begin, end, path->node[path->count++]);
	turn_round(path);
	return result;
}

/* --- checking them ------------------------------------------------------------ */

bool
tree_check_inclusion(struct tree_hasher *hasher, uint64_t index,
    uint64_t size, const unsigned char leaf[TREE_HASH],
    const struct tree_path *path, const unsigned char root[TREE_HASH])
{
	unsigned char r[TREE_HASH];
	uint64_t first = index, second = size - 1;
	unsigned i;

	if (index >= size || path->count > TREE_LEVELS)
		return false;
	memcpy(r, leaf, TREE_HASH);
	for (i = 0; i < path->count; i++) {
		if (second == 0)
			return false;
		if ((first & 1) == 1 || first == second) {
			tree_node(hasher, path->node[i], r, r);
			while ((first & 1) == 0 && first != 0) {
				first >>= 1;
				second >>= 1;
			}
		} else
			tree_node(hasher, r, path->node[i], r);
		first >>= 1;
		second >>= 1;
	}
	return second == 0 && memcmp(r, root, TREE_HASH) == 0;
}

bool
tree_check_consistency(struct tree_hasher *hasher, uint64_t older,
    uint64_t size, const unsigned char older_root[TREE_HASH],
    const unsigned char root[TREE_HASH], const struct tree_path *path)
{
	unsigned char was[TREE_HASH], is[TREE_HASH];
	uint64_t first = older - 1, second = size - 1;
	unsigned i = 0;

	if (older == 0 || older > size || path->count > TREE_LEVELS)
		return false;
	if (older == size)
		return path->count == 0 &&
		    memcmp(older_root, root, TREE_HASH) == 0;
	if (path->count == 0)
		return false;
	if ((older & (older - 1)) == 0)
		memcpy(was, older_root, TREE_HASH);
	else
		memcpy(was, path->node[i++], TREE_HASH);
	memcpy(is, was, TREE_HASH);
	for (; (first & 1) == 1; first >>= 1)
		second >>= 1;
	for (; i < path->count; i++) {
		if (second == 0)
			return false;
		if ((first & 1) == 1 || first == second) {
			tree_node(hasher, path->node[i], was, was);
			tree_node(hasher, path->node[i], is, is);
			while ((first & 1) == 0 && first != 0) {
				first >>= 1;
				second >>= 1;
			}
		} else
			tree_node(hasher, is, path->node[i], is);
		first >>= 1;
		second >>= 1;
	}
	return second == 0 && memcmp(was, older_root, TREE_HASH) == 0 &&
	    memcmp(is, root, TREE_HASH) == 0;
}
