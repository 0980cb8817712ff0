/* SPDX-License-Identifier: Apache-2.0 */
/*
 * values.h - reading what may stand after a fact's word.  What kind of value
 * a fact takes is a row of one table here.
 */
#ifndef POLICY_VALUES_H
#define POLICY_VALUES_H

#include "policy/layout.h"
#include "policy/tree.h"

/* Read one alternative for a fact; false after a fault (the offending token is
 * passed over). */
bool value_read(struct lexer *lexer, enum fact fact, struct value *out);
/* A host as it may stand in a category: suffix, =exact, *.below, glob.  Passes
 * the token.  with_categories: a word that names no host is a category. */
bool value_read_host(struct lexer *lexer, bool with_categories,
    struct value *out);
/* Facts about services and activities: see values_service.c. */
bool value_read_service(struct lexer *lexer, struct value *out);
bool value_read_class(struct lexer *lexer, struct value *out);
bool value_read_activity(struct lexer *lexer, struct value *out);
bool value_read_pair(struct lexer *lexer, struct value *out);
bool value_read_type(struct lexer *lexer, struct value *out);
bool value_read_glob(struct lexer *lexer, struct value *out);
bool value_read_network(struct lexer *lexer, bool with_names,
    struct value *out);
/* Families of browsers, and the words that facts about clients take:
 * browser_values.c. */
bool value_read_browser(struct lexer *lexer, struct value *out);
bool value_read_client_kind(struct lexer *lexer, struct value *out);
bool value_read_navigation(struct lexer *lexer, struct value *out);
/* One of words, which end in NULL; what says what they are. */
bool value_read_choice(struct lexer *lexer, const char *const *words,
    const char *what, struct value *out);
/* "3 days"-free helpers for the rest of the parser. */
bool value_size(const char *number, const char *unit, uint64_t *bytes);
/* The fact with this word; false if there is none. */
bool fact_by_word(const char *word, enum fact *fact);
/* The verdict with this word; false if there is none. */
bool verdict_by_word(const char *word, enum verdict *verdict);
/* A fact of the language that this version does not know yet. */
bool fact_is_later(const char *word);
/* Try every word of a fact on a nearest-word search. */
void facts_nearest(struct nearest *nearest);
/* Words that begin a line inside a rule; values must not look like them. */
bool word_is_keyword(const char *word);
void keywords_nearest(struct nearest *nearest);

#endif
