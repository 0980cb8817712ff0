/* SPDX-License-Identifier: Apache-2.0 */
/*
 * note.h - signed notes, the keys that sign them, and the heads of a log
 * (checkpoints) that they hold: c2sp.org/signed-note, c2sp.org/tlog-checkpoint,
 * and of c2sp.org/tlog-cosignature the Ed25519 kind.  Signatures of kinds not
 * known here are passed over, as the format wants.
 */
#ifndef LOGGING_NOTE_H
#define LOGGING_NOTE_H

#include "lib/macros.h"
#include "logging/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOTE_MAX 65536			/* larger ones are refused */
#define NOTE_NAME 257
#define NOTE_ID 4
#define NOTE_PUBLIC 32
#define NOTE_VKEY (NOTE_NAME + 80)
#define NOTE_HEAD 1024			/* room for a head signed by the log */

enum { NOTE_ED25519 = 1, NOTE_COSIGNATURE = 4 };

/* Whose signature is looked for. */
struct note_key {
	char name[NOTE_NAME];
	unsigned char type;
	unsigned char id[NOTE_ID];
	unsigned char public[NOTE_PUBLIC];
};

/* Who signs: Ed25519 only. */
struct note_signer;

enum note_result {
	NOTE_GOOD,
	NOTE_MALFORMED,		/* no signed note, or no head in it */
	NOTE_OTHER_LOG,		/* names another origin than the key */
	NOTE_UNSIGNED,		/* no signature by that key */
	NOTE_FORGED		/* one by that key, which does not fit */
};

struct note {
	const char *text;		/* what is signed */
	size_t text_length;
	const char *signatures;
	size_t signatures_length;
};

struct note_head {
	char origin[NOTE_NAME];
	uint64_t size;
	unsigned char root[TREE_HASH];
};

/* A name that may stand in a key: no space, plus sign or control byte. */
bool note_is_name(const char *name);

/* Read a verifier key, `name+id+base64`, with or without a newline behind it;
 * false if it is none or its id belongs to another. */
bool note_key_read(const char *text, size_t length, struct note_key *key);
void note_key_print(const struct note_key *key, char out[NOTE_VKEY]);
void note_key_print_id(const struct note_key *key, char out[2 * NOTE_ID + 1]);

/* A new key from the system's randomness; NULL with errno. */
struct note_signer *note_signer_new(const char *name);
/* Read `PRIVATE+KEY+name+id+base64`; NULL if it is none. */
struct note_signer *note_signer_read(const char *text, size_t length);
void note_signer_print(const struct note_signer *signer, char out[NOTE_VKEY]);
const struct note_key *note_signer_key(const struct note_signer *signer);
/* Wipes it. */
void note_signer_free(struct note_signer **signer);
/* Write text, which ends with a newline, as a note with one signature, and NUL.
 * Its length; 0 if it does not fit. */
size_t note_sign(const struct note_signer *signer, const char *text,
    size_t length, char *out, size_t size);

/* Take a note apart; false if it is none. */
MUST_USE bool note_read(const char *bytes, size_t length, struct note *note);
/* Look for the signature of a key; *seconds is the time of a cosignature. */
MUST_USE enum note_result note_verify(const struct note *note,
    const struct note_key *key, uint64_t *seconds);

/* The text of a head; false if it is none. */
MUST_USE bool note_head_read(const char *text, size_t length,
    struct note_head *head);
/* Write one, with NUL; its length, 0 if it does not fit. */
size_t note_head_print(const struct note_head *head, char *out, size_t size);
/* All of it: a note by the key whose text is a head of the key's log. */
MUST_USE enum note_result note_head_open(const char *bytes, size_t length,
    const struct note_key *key, struct note_head *head);

#endif
