/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h - the texts a policy is made of: where they lie, what is wrong with
 * them, and their tokens.  Faults are collected while the policy is read and
 * told at the end in the order of the text.
 */
#ifndef POLICY_SOURCE_H
#define POLICY_SOURCE_H

#include "policy/compile.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- memory that lives as long as one compilation ------------------------- */
struct arena;
struct arena *arena_new(void);
void arena_free(struct arena **arena);
/* Zeroed memory; never NULL (a process without memory ends). */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_text(struct arena *arena, const char *text, size_t length);
char *arena_format(struct arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Room for one more item at the end of an array of count items. */
void *arena_grow(struct arena *arena, void *items, size_t count, size_t size);
#define ARENA_ADD(arena, items, count) \
	((items) = arena_grow(arena, items, count, sizeof(*(items))), \
	&(items)[(count)++])

/* --- places and faults ----------------------------------------------------- */
struct place {
	uint32_t file;		/* by sources_file() */
	uint32_t line;
	uint32_t column;
};

struct sources;
/* path names the policy; its folder is the one relative paths are taken
 * from.  NULL, and a fault told, if that folder cannot be opened. */
struct sources *sources_new(struct arena *arena, const char *path,
    const struct policy_options *options);
/* Tell all faults and close. */
void sources_free(struct sources **sources, policy_complain *complain,
    void *arg);
/* Number for a file by the name it is shown by; the same for the same. */
uint32_t sources_file(struct sources *sources, const char *shown);
const char *sources_shown(const struct sources *sources, uint32_t file);
/* The name under which a relative path of the policy is shown. */
const char *sources_show(struct sources *sources, const char *path);
/* Open for reading, relative to the policy's folder: a descriptor, or -1 with
 * errno.  Folders may be opened too. */
int sources_open(struct sources *sources, const char *path);
/* Why a file cannot be read and what to do, by errno. */
const char *sources_why(struct sources *sources, int error);
bool sources_may_read(const struct sources *sources);

void fault(struct sources *sources, enum policy_severity severity,
    const struct place *at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
#define error_at(sources, at, ...) \
	fault(sources, POLICY_ERROR, at, __VA_ARGS__)
#define warn_at(sources, at, ...) \
	fault(sources, POLICY_WARNING, at, __VA_ARGS__)
#define note_at(sources, at, ...) \
	fault(sources, POLICY_NOTE, at, __VA_ARGS__)
unsigned sources_errors(const struct sources *sources);

/* Whole file into the arena; NULL with errno (EFBIG: over max). */
char *sources_read(struct sources *sources, struct arena *arena,
    const char *path, size_t max, size_t *length);

/* --- nearest word ----------------------------------------------------------- */
struct nearest {
	const char *word;	/* what was written */
	const char *best;	/* NULL: nothing is near */
	unsigned distance;
};
void nearest_try(struct nearest *nearest, const char *candidate);

/* --- tokens ------------------------------------------------------------------ */
enum token_kind {
	TOKEN_WORD,
	TOKEN_STRING,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_END
};

struct token {
	enum token_kind kind;
	struct place at;
	const char *text;	/* ends in NUL; "" for braces and the end */
	size_t length;
};

struct lexer {
	struct sources *sources;
	struct arena *arena;
	const char *text;
	size_t length;
	size_t pos;
	struct place at;
	struct token token;	/* the one to look at next */
};

#define TOKEN_MAX 4096

/* Start on text, which must outlive the lexer, and read the first token. */
void lexer_init(struct lexer *lexer, struct sources *sources,
    struct arena *arena, uint32_t file, const char *text, size_t length);
void lexer_next(struct lexer *lexer);
/* A word that need not stand in quotes. */
bool lexer_is_plain(const char *text);
/* How a token is quoted in a message. */
const char *token_shown(struct arena *arena, const struct token *token);
/* Text in quotes as the language writes it. */
const char *quote_text(struct arena *arena, const char *text);

#endif
