/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lexer.c - a policy's text as tokens: words, "strings", braces.  `#` starts a
 * comment.  Lines mean nothing; columns count characters, not bytes.
 */
#include "policy/source.h"

#include <string.h>

void
lexer_init(struct lexer *lexer, struct sources *sources, struct arena *arena,
    uint32_t file, const char *text, size_t length)
{
	*lexer = (struct lexer){
		.sources = sources, .arena = arena,
		.text = text, .length = length,
		.at = { .file = file, .line = 1, .column = 1 },
	};
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		lexer->pos = 3;
	lexer_next(lexer);
}

/* Bytes of the well-formed UTF-8 character at p, or 0. */
static size_t
character(const unsigned char *p, size_t left)
{
	size_t n;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (left < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

static void
step(struct lexer *l, size_t bytes)
{
	l->pos += bytes;
	l->at.column++;
}

static bool
at_end(const struct lexer *l)
{
	return l->pos >= l->length;
}

static unsigned char
peek(const struct lexer *l)
{
	return (unsigned char)l->text[l->pos];
}

/* Pass over one character; false, after a fault, if it is not text. */
static bool
pass(struct lexer *l)
{
	const unsigned char *p = (const unsigned char *)l->text + l->pos;
	size_t n = character(p, l->length - l->pos);

	if (n == 0) {
		error_at(l->sources, &l->at, "byte %02x is not UTF-8 text; "
		    "save the file as UTF-8", p[0]);
		step(l, 1);
		return false;
	}
	if (n == 1 && (p[0] < 0x20 || p[0] == 0x7f) && p[0] != '\t') {
		error_at(l->sources, &l->at, "control character %02x has no "
		    "place here; delete it", p[0]);
		step(l, 1);
		return false;
	}
	step(l, n);
	return true;
}

static void
skip_blank(struct lexer *l)
{
	while (!at_end(l)) {
		unsigned char c = peek(l);

		if (c == '\n') {
			l->pos++;
			l->at.line++;
			l->at.column = 1;
		} else if (c == '\r' && l->pos + 1 < l->length &&
		    l->text[l->pos + 1] == '\n') {
			l->pos++;
		} else if (c == ' ' || c == '\t') {
			step(l, 1);
		} else if (c == '#') {
			while (!at_end(l) && peek(l) != '\n') {
				if (peek(l) == '\r')
					l->pos++;
				else
					(void)pass(l);
			}
		} else {
			return;
		}
	}
}

static bool
ends_word(unsigned char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '{' ||
	    c == '}' || c == '"' || c == '#';
}

static void
read_string(struct lexer *l)
{
	char buffer[TOKEN_MAX];
	struct place start = l->at;
	size_t n = 0;
	bool too_long = false;

	step(l, 1);
	for (;;) {
		size_t from = l->pos;
		bool escaped = false;

		if (at_end(l) || peek(l) == '\n' || peek(l) == '\r') {
			error_at(l->sources, &start, "a text that begins here "
			    "has no closing quotation mark on its line; add "
			    "one (\" inside a text is written \\\")");
			break;
		}
		if (peek(l) == '"') {
			step(l, 1);
			break;
		}
		if (peek(l) == '\\' && l->pos + 1 < l->length &&
		    (l->text[l->pos + 1] == '"' ||
		    l->text[l->pos + 1] == '\\')) {
			step(l, 1);
			from = l->pos;
			escaped = true;
		}
		if (!pass(l))
			continue;
		(void)escaped;
		if (n + (l->pos - from) >= sizeof(buffer)) {
			too_long = true;
			continue;
		}
		memcpy(buffer + n, l->text + from, l->pos - from);
		n += l->pos - from;
	}
	if (too_long)
		error_at(l->sources, &start, "this text is longer than %d "
		    "bytes; shorten it", TOKEN_MAX - 1);
	l->token.kind = TOKEN_STRING;
	l->token.text = arena_text(l->arena, buffer, n);
	l->token.length = n;
}

static void
read_word(struct lexer *l)
{
	size_t from = l->pos;
	size_t n;

	while (!at_end(l) && !ends_word(peek(l)))
		if (!pass(l) && l->pos == from + 1)
			from = l->pos;	/* said so; leave it out */
	n = l->pos - from;
	if (n >= TOKEN_MAX) {
		error_at(l->sources, &l->token.at, "this word is longer than "
		    "%d bytes; shorten it", TOKEN_MAX - 1);
		n = TOKEN_MAX - 1;
	}
	l->token.kind = TOKEN_WORD;
	l->token.text = arena_text(l->arena, l->text + from, n);
	l->token.length = n;
}

void
lexer_next(struct lexer *l)
{
	for (;;) {
		skip_blank(l);
		l->token = (struct token){ .kind = TOKEN_END, .at = l->at,
		    .text = "" };
		if (at_end(l))
			return;
		if (peek(l) == '{' || peek(l) == '}') {
			l->token.kind = peek(l) == '{' ? TOKEN_OPEN :
			    TOKEN_CLOSE;
			step(l, 1);
			return;
		}
		if (peek(l) == '"') {
			read_string(l);
			return;
		}
		if (peek(l) == '\r') {
			(void)pass(l);	/* a fault: no line feed follows */
			continue;
		}
		read_word(l);
		if (l->token.length > 0)
			return;
	}
}

bool
lexer_is_plain(const char *text)
{
	if (text[0] == '\0')
		return false;
	for (; *text != '\0'; text++)
		if (ends_word((unsigned char)*text) || *text == '\\')
			return false;
	return true;
}

const char *
token_shown(struct arena *arena, const struct token *token)
{
	switch (token->kind) {
	case TOKEN_WORD:
		return arena_format(arena, "\"%.200s\"", token->text);
	case TOKEN_STRING:
		return arena_format(arena, "the text \"%.200s\"", token->text);
	case TOKEN_OPEN:
		return "\"{\"";
	case TOKEN_CLOSE:
		return "\"}\"";
	case TOKEN_END:
		return "the end of the file";
	}
	return "";
}

const char *
quote_text(struct arena *arena, const char *text)
{
	size_t n = strlen(text);
	char *out = arena_alloc(arena, 2 * n + 3);
	char *p = out;

	*p++ = '"';
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '"' || (text[i] == '\\' && (text[i + 1] == '"' ||
		    text[i + 1] == '\\' || text[i + 1] == '\0')))
			*p++ = '\\';
		*p++ = text[i];
	}
	*p++ = '"';
	return out;
}
