/* SPDX-License-Identifier: Apache-2.0 */
/*
 * note.c - see note.h.  A note is text, an empty line and signature lines:
 * an em dash, a name, and base64 of four bytes of key id and the signature.
 */
#include "logging/note.h"

#include "logging/base64.h"

#include <sys/random.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define DASH "\342\200\224 "
#define PRIVATE "PRIVATE+KEY+"
#define SEED 32
#define SIGNATURE 64
#define SIGNATURE_MAX 4096		/* kinds to come are long */
#define DATED (8 + SIGNATURE)
#define COSIGNED_MAX (NOTE_MAX + 64)

struct note_signer {
	struct note_key key;
	unsigned char seed[SEED];
	EVP_PKEY *private;
};

/* --- text ---------------------------------------------------------------------- */

/* How many bytes the character at text is; 0 if it is not well-formed. */
static size_t
character(const unsigned char *text, size_t left)
{
	size_t n, i;

	if (text[0] < 0x80)
		return 1;
	n = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
	if (text[0] < 0xc2 || text[0] > 0xf4 || n > left)
		return 0;
	for (i = 1; i < n; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((text[0] == 0xe0 && text[1] < 0xa0) ||
	    (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) ||
	    (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return n;
}

/* UTF-8 without a control byte but the newline. */
static bool
is_text(const char *text, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t i = 0, n;

	while (i < length) {
		if ((bytes[i] < 0x20 && bytes[i] != '\n') || bytes[i] == 0x7f)
			return false;
		n = character(bytes + i, length - i);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

static bool
is_name(const char *name, size_t length)
{
	return length > 0 && length < NOTE_NAME && is_text(name, length) &&
	    memchr(name, ' ', length) == NULL &&
	    memchr(name, '+', length) == NULL &&
	    memchr(name, '\n', length) == NULL;
}

bool
note_is_name(const char *name)
{
	return is_name(name, strlen(name));
}

/* --- keys ----------------------------------------------------------------------- */

static void
compute_id(struct note_key *key)
{
	unsigned char input[NOTE_NAME + 2 + NOTE_PUBLIC], hash[EVP_MAX_MD_SIZE];
	size_t n = strlen(key->name);

	memcpy(input, key->name, n);
	input[n++] = '\n';
	input[n++] = key->type;
	memcpy(input + n, key->public, NOTE_PUBLIC);
	if (EVP_Digest(input, n + NOTE_PUBLIC, hash, NULL, EVP_sha256(),
	    NULL) != 1)
		memset(hash, 0, sizeof(hash));
	memcpy(key->id, hash, NOTE_ID);
}

void
note_key_print_id(const struct note_key *key, char out[2 * NOTE_ID + 1])
{
	(void)snprintf(out, 2 * NOTE_ID + 1, "%02x%02x%02x%02x", key->id[0],
	    key->id[1], key->id[2], key->id[3]);
}

/* The three parts of a key, verifier's or signer's: type and 32 bytes come out,
 * the id is only compared with `id` later. */
static bool
read_key(const char *text, size_t length, struct note_key *key,
    unsigned char bytes[1 + NOTE_PUBLIC], char id[2 * NOTE_ID + 1])
{
	const char *plus, *second;
	size_t n;

	if (length > 0 && text[length - 1] == '\n')
		length--;
	plus = memchr(text, '+', length);
	if (plus == NULL || !is_name(text, (size_t)(plus - text)))
		return false;
	second = memchr(plus + 1, '+', length - (size_t)(plus + 1 - text));
	if (second != plus + 1 + 2 * NOTE_ID)
		return false;
	memset(key, 0, sizeof(*key));
	memcpy(key->name, text, (size_t)(plus - text));
	memcpy(id, plus + 1, 2 * NOTE_ID);
	id[2 * NOTE_ID] = '\0';
	second++;
	return base64_read(second, length - (size_t)(second - text), bytes,
	    1 + NOTE_PUBLIC, &n) && n == 1 + NOTE_PUBLIC;
}

bool
note_key_read(const char *text, size_t length, struct note_key *key)
{
	unsigned char bytes[1 + NOTE_PUBLIC];
	char id[2 * NOTE_ID + 1], right[2 * NOTE_ID + 1];

	if (!read_key(text, length, key, bytes, id) ||
	    (bytes[0] != NOTE_ED25519 && bytes[0] != NOTE_COSIGNATURE))
		return false;
	key->type = bytes[0];
	memcpy(key->public, bytes + 1, NOTE_PUBLIC);
	compute_id(key);
	note_key_print_id(key, right);
	return strcmp(id, right) == 0;
}

void
note_key_print(const struct note_key *key, char out[NOTE_VKEY])
{
	unsigned char bytes[1 + NOTE_PUBLIC];
	char text[BASE64_ROOM(1 + NOTE_PUBLIC)], id[2 * NOTE_ID + 1];

	bytes[0] = key->type;
	memcpy(bytes + 1, key->public, NOTE_PUBLIC);
	(void)base64_write(bytes, sizeof(bytes), text);
	note_key_print_id(key, id);
	(void)snprintf(out, NOTE_VKEY, "%s+%s+%s", key->name, id, text);
}

/* --- signing --------------------------------------------------------------------- */

static struct note_signer *
make_signer(const char *name, const unsigned char seed[SEED])
{
	struct note_signer *signer = calloc(1, sizeof(*signer));
	size_t n = NOTE_PUBLIC;

	if (signer == NULL)
		return NULL;
	(void)snprintf(signer->key.name, sizeof(signer->key.name), "%s", name);
	signer->key.type = NOTE_ED25519;
	memcpy(signer->seed, seed, SEED);
	signer->private = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
	    seed, SEED);
	if (signer->private == NULL || EVP_PKEY_get_raw_public_key(
	    signer->private, signer->key.public, &n) != 1 || n != NOTE_PUBLIC)
		note_signer_free(&signer);
	else
		compute_id(&signer->key);
	return signer;
}

struct note_signer *
note_signer_new(const char *name)
{
	struct note_signer *signer;
	unsigned char seed[SEED];

	errno = EINVAL;
	if (!note_is_name(name) || getrandom(seed, SEED, 0) != SEED)
		return NULL;
	signer = make_signer(name, seed);
	OPENSSL_cleanse(seed, sizeof(seed));
	if (signer == NULL)
		errno = ENOMEM;
	return signer;
}

struct note_signer *
note_signer_read(const char *text, size_t length)
{
	char id[2 * NOTE_ID + 1], right[2 * NOTE_ID + 1];
	unsigned char bytes[1 + NOTE_PUBLIC];
	struct note_signer *signer = NULL;
	size_t before = sizeof(PRIVATE) - 1;
	struct note_key key;

	if (length > before && memcmp(text, PRIVATE, before) == 0 &&
	    read_key(text + before, length - before, &key, bytes, id) &&
	    bytes[0] == NOTE_ED25519)
		signer = make_signer(key.name, bytes + 1);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	if (signer == NULL)
		return NULL;
	note_key_print_id(&signer->key, right);
	if (strcmp(id, right) != 0)
		note_signer_free(&signer);
	return signer;
}

void
note_signer_print(const struct note_signer *signer, char out[NOTE_VKEY])
{
	unsigned char bytes[1 + SEED];
	char text[BASE64_ROOM(1 + SEED)], id[2 * NOTE_ID + 1];

	bytes[0] = NOTE_ED25519;
	memcpy(bytes + 1, signer->seed, SEED);
	(void)base64_write(bytes, sizeof(bytes), text);
	note_key_print_id(&signer->key, id);
	(void)snprintf(out, NOTE_VKEY, PRIVATE "%s+%s+%s", signer->key.name,
	    id, text);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	OPENSSL_cleanse(text, sizeof(text));
}

const struct note_key *
note_signer_key(const struct note_signer *signer)
{
	return &signer->key;
}

void
note_signer_free(struct note_signer **signer)
{
	struct note_signer *s = *signer;

	if (s == NULL)
		return;
	*signer = NULL;
	EVP_PKEY_free(s->private);
	OPENSSL_cleanse(s, sizeof(*s));
	free(s);
}

size_t
note_sign(const struct note_signer *signer, const char *text, size_t length,
    char *out, size_t size)
{
	unsigned char signature[NOTE_ID + SIGNATURE];
	char coded[BASE64_ROOM(NOTE_ID + SIGNATURE)];
	size_t n = SIGNATURE;
	EVP_MD_CTX *context;
	bool good;
	int written;

	if (length == 0 || text[length - 1] != '\n' || length >= size)
		return 0;
	context = EVP_MD_CTX_new();
	good = context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL,
	    signer->private) == 1 && EVP_DigestSign(context,
	    signature + NOTE_ID, &n, (const unsigned char *)text, length) == 1;
	EVP_MD_CTX_free(context);
	if (!good || n != SIGNATURE)
		return 0;
	memcpy(signature, signer->key.id, NOTE_ID);
	(void)base64_write(signature, sizeof(signature), coded);
	memcpy(out, text, length);
	written = snprintf(out + length, size - length, "\n" DASH "%s %s\n",
	    signer->key.name, coded);
	return written < 0 || (size_t)written >= size - length ? 0 :
	    length + (size_t)written;
}

/* --- verifying ---------------------------------------------------------------------- */

/* One line of signatures: name and decoded bytes. */
struct signature {
	const char *name;
	size_t name_length;
	unsigned char bytes[SIGNATURE_MAX];
	size_t length;
};

/* Take the line at *at, which moves behind it; false if it is no such line. */
static bool
read_signature(const char **at, const char *end, struct signature *signature)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at)), *space;
	size_t dash = sizeof(DASH) - 1;

	if (newline == NULL || (size_t)(newline - *at) <= dash ||
	    memcmp(*at, DASH, dash) != 0)
		return false;
	signature->name = *at + dash;
	space = memchr(signature->name, ' ',
	    (size_t)(newline - signature->name));
	if (space == NULL)
		return false;
	signature->name_length = (size_t)(space - signature->name);
	*at = newline + 1;
	return is_name(signature->name, signature->name_length) &&
	    base64_read(space + 1, (size_t)(newline - space - 1),
	    signature->bytes, SIGNATURE_MAX, &signature->length) &&
	    signature->length > NOTE_ID;
}

bool
note_read(const char *bytes, size_t length, struct note *note)
{
	struct signature signature;
	const char *at, *end = bytes + length;
	size_t i;

	if (length < 4 || length > NOTE_MAX || bytes[length - 1] != '\n' ||
	    !is_text(bytes, length))
		return false;
	/* The last empty line divides. */
	for (i = length - 1; i > 0; i--)
		if (bytes[i] == '\n' && bytes[i - 1] == '\n')
			break;
	if (i == 0 || i + 1 == length)
		return false;
	note->text = bytes;
	note->text_length = i;
	note->signatures = bytes + i + 1;
	note->signatures_length = length - i - 1;
	for (at = note->signatures; at < end; )
		if (!read_signature(&at, end, &signature))
			return false;
	return true;
}

static bool
fits(const struct note_key *key, const unsigned char *signature,
    const char *text, size_t length)
{
	EVP_PKEY *public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
	    key->public, NOTE_PUBLIC);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good;

	good = public != NULL && context != NULL && EVP_DigestVerifyInit(
	    context, NULL, NULL, NULL, public) == 1 && EVP_DigestVerify(
	    context, signature, SIGNATURE, (const unsigned char *)text,
	    length) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(public);
	return good;
}

/* A cosignature signs a dated copy of the text. */
static bool
fits_dated(const struct note_key *key, const unsigned char *signature,
    const struct note *note, uint64_t *seconds)
{
	char *dated = malloc(COSIGNED_MAX);
	bool good;
	int n, i;

	if (dated == NULL)
		return false;
	for (*seconds = 0, i = 0; i < 8; i++)
		*seconds = *seconds << 8 | signature[i];
	n = snprintf(dated, COSIGNED_MAX, "cosignature/v1\ntime %" PRIu64 "\n",
	    *seconds);
	memcpy(dated + n, note->text, note->text_length);
	good = fits(key, signature + 8, dated, (size_t)n + note->text_length);
	free(dated);
	return good;
}

enum note_result
note_verify(const struct note *note, const struct note_key *key,
    uint64_t *seconds)
{
	const char *at = note->signatures;
	const char *end = at + note->signatures_length;
	enum note_result result = NOTE_UNSIGNED;
	struct signature s;
	bool good;

	*seconds = 0;
	while (at < end && read_signature(&at, end, &s)) {
		if (s.name_length != strlen(key->name) ||
		    memcmp(s.name, key->name, s.name_length) != 0 ||
		    memcmp(s.bytes, key->id, NOTE_ID) != 0)
			continue;
		if (key->type == NOTE_COSIGNATURE)
			good = s.length == NOTE_ID + DATED && fits_dated(key,
			    s.bytes + NOTE_ID, note, seconds);
		else
			good = s.length == NOTE_ID + SIGNATURE && fits(key,
			    s.bytes + NOTE_ID, note->text, note->text_length);
		/* One bad signature of a known key spoils the note. */
		if (!good)
			return NOTE_FORGED;
		result = NOTE_GOOD;
	}
	return result;
}

/* --- heads ----------------------------------------------------------------------------- */

/* Cut the next line from *at; its length, or -1 without a newline. */
static ptrdiff_t
next_line(const char **at, const char *end, const char **line)
{
	const char *newline = *at == end ? NULL :
	    memchr(*at, '\n', (size_t)(end - *at));

	if (newline == NULL)
		return -1;
	*line = *at;
	*at = newline + 1;
	return newline - *line;
}

static bool
read_size(const char *line, size_t length, uint64_t *size)
{
	size_t i;

	if (length == 0 || length > 18 || (line[0] == '0' && length > 1))
		return false;
	for (*size = 0, i = 0; i < length; i++) {
		if (line[i] < '0' || line[i] > '9')
			return false;
		*size = *size * 10 + (uint64_t)(line[i] - '0');
	}
	return true;
}

bool
note_head_read(const char *text, size_t length, struct note_head *head)
{
	const char *at = text, *end = text + length, *line;
	ptrdiff_t n = next_line(&at, end, &line);
	size_t root;

	if (n <= 0 || !is_name(line, (size_t)n))
		return false;
	memset(head, 0, sizeof(*head));
	memcpy(head->origin, line, (size_t)n);
	n = next_line(&at, end, &line);
	if (n <= 0 || !read_size(line, (size_t)n, &head->size))
		return false;
	n = next_line(&at, end, &line);
	if (n <= 0 || !base64_read(line, (size_t)n, head->root, TREE_HASH,
	    &root) || root != TREE_HASH)
		return false;
	/* Lines of extensions are allowed, empty ones are not. */
	while (at < end)
		if (next_line(&at, end, &line) <= 0)
			return false;
	return true;
}

size_t
note_head_print(const struct note_head *head, char *out, size_t size)
{
	char root[BASE64_ROOM(TREE_HASH)];
	int n;

	(void)base64_write(head->root, TREE_HASH, root);
	n = snprintf(out, size, "%s\n%" PRIu64 "\n%s\n", head->origin,
	    head->size, root);
	return n < 0 || (size_t)n >= size ? 0 : (size_t)n;
}

enum note_result
note_head_open(const char *bytes, size_t length, const struct note_key *key,
    struct note_head *head)
{
	struct note note;
	uint64_t seconds;

	if (!note_read(bytes, length, &note) ||
	    !note_head_read(note.text, note.text_length, head))
		return NOTE_MALFORMED;
	if (key->type == NOTE_ED25519 && strcmp(head->origin, key->name) != 0)
		return NOTE_OTHER_LOG;
	return note_verify(&note, key, &seconds);
}
