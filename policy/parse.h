/* SPDX-License-Identifier: Apache-2.0 */
/* parse.h - what the files of the parser share; for no one else. */
#ifndef POLICY_PARSE_H
#define POLICY_PARSE_H

#include "policy/tree.h"

struct parser {
	struct tree *tree;
	struct lexer lexer;
	const char *folder;	/* of this file below the policy's: "" "a/" */
	enum section section;	/* whose rules are being read */
};

#define NAME_OF_THING_MAX 64

bool parser_is_word(const struct parser *parser, const char *word);
/* Read a name for a rule or section; NULL after a fault. */
const char *parser_name(struct parser *parser, const char *what);
/* Pass "{"; false after a fault. */
bool parser_open(struct parser *parser, const char *what);
/* Read a text in quotation marks; NULL after a fault. */
const char *parser_text(struct parser *parser, const char *what,
    const char *example);
/* Leave out everything up to and with the "}" of the block at hand. */
void parser_leave_block(struct parser *parser);
/* Leave out a whole section: up to its block's end. */
void parser_leave_section(struct parser *parser);

/* The lines of a block up to and with its "}".  rule NULL: of default. */
void parse_lines(struct parser *parser, struct rule *rule,
    struct keeping *keeping, const struct place *began);
/* Leave out lines that stand where there should be a "{". */
void parser_leave_lines(struct parser *parser);

/* The head of a rule of headers: its name, if it has one, and what it sets or
 * takes out.  Without a field after a fault. */
void parse_header(struct parser *parser, struct rule *rule);
/* Lines of a rule that stand without braces. */
void parse_bare_lines(struct parser *parser, struct rule *rule);

/* A section of rules: the word at hand is its own. */
void parse_rules(struct parser *parser);
void parse_expect(struct parser *parser);
void parse_hours(struct parser *parser);
void parse_service(struct parser *parser);

/* Sections; later ones are told so. */
bool section_is_known(const char *word);
bool section_is_later(const char *word);
void sections_nearest(struct nearest *nearest);

#endif
