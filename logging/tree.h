/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - the Merkle tree of RFC 6962 (the same hash in RFC 9162) over the
 * lines of the log: the leaf is a line without its newline.  Pure functions;
 * where hashes come from and go to is the caller's.
 *
 * A tree that grows is kept as its frontier, the roots of the perfect subtrees
 * that it is made of: one for each 1 in its size, the largest first.
 */
#ifndef LOGGING_TREE_H
#define LOGGING_TREE_H

#include "lib/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREE_HASH 32
#define TREE_LEVELS 64			/* hashes of a frontier or of a path */

/* SHA-256, fetched once, and a context that is used again.  Its functions end
 * the process if the library fails: there is no going on without hashes. */
struct tree_hasher;

struct tree_frontier {
	uint64_t size;
	unsigned count;
	unsigned char node[TREE_LEVELS][TREE_HASH];
};

struct tree_path {
	unsigned count;
	unsigned char node[TREE_LEVELS][TREE_HASH];
};

/* NULL without memory or without SHA-256. */
struct tree_hasher *tree_hasher_new(void);
void tree_hasher_free(struct tree_hasher **hasher);

void tree_leaf(struct tree_hasher *hasher, const void *bytes, size_t n,
    unsigned char out[TREE_HASH]);
/* out may be left or right. */
void tree_node(struct tree_hasher *hasher, const unsigned char *left,
    const unsigned char *right, unsigned char out[TREE_HASH]);

/* A frontier of all zeros is the empty tree.  Append a leaf's hash. */
void tree_append(struct tree_hasher *hasher, struct tree_frontier *frontier,
    const unsigned char leaf[TREE_HASH]);
/* Append a perfect subtree of 2^level leaves by its root; the size must be a
 * multiple of that. */
void tree_append_subtree(struct tree_hasher *hasher,
    struct tree_frontier *frontier, const unsigned char root[TREE_HASH],
    unsigned level);
/* The root of the whole; of the empty tree it is SHA-256 of nothing. */
void tree_root(struct tree_hasher *hasher, const struct tree_frontier *frontier,
    unsigned char out[TREE_HASH]);
void tree_copy(struct tree_frontier *to, const struct tree_frontier *from);

/* The root over leaves [begin, end), at least one.  0 or -1. */
typedef int tree_range(void *arg, uint64_t begin, uint64_t end,
    unsigned char out[TREE_HASH]);

/* Make proofs; index < size, 0 < older <= size.  0, or -1 if range failed. */
MUST_USE int tree_prove_inclusion(tree_range *range, void *arg, uint64_t index,
    uint64_t size, struct tree_path *path);
MUST_USE int tree_prove_consistency(tree_range *range, void *arg,
    uint64_t older, uint64_t size, struct tree_path *path);

/* Whether the leaf stands at index in the tree of that size and root.  A path
 * does not pin the size: take size and root from one signed head. */
MUST_USE bool tree_check_inclusion(struct tree_hasher *hasher, uint64_t index,
    uint64_t size, const unsigned char leaf[TREE_HASH],
    const struct tree_path *path, const unsigned char root[TREE_HASH]);
/* Whether the tree of `size` continues the one of `older`; 0 is refused: it
 * proves nothing. */
MUST_USE bool tree_check_consistency(struct tree_hasher *hasher,
    uint64_t older, uint64_t size, const unsigned char older_root[TREE_HASH],
    const unsigned char root[TREE_HASH], const struct tree_path *path);

#endif
