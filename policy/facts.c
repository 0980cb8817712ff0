/* SPDX-License-Identifier: Apache-2.0 */
/* facts.c - the words of the fact table, of this version and of later ones. */
#include "policy/values.h"

#include <string.h>

static const struct {
	const char *word;
	enum stage stage;
	const char *says;
} rows[FACTS] = {
#define FACT(id, word, stage, says) [FACT_##id] = { word, STAGE_##stage, says },
	FACT_TABLE(FACT)
#undef FACT
};

/* Facts of the whole language that come with a later version. */
static const char *const later[] = {
	"user", "group", "identified-by", "confidence", "device",
	"response-size", "response-type", "file-type",
	"tls-version", "certificate", "ech",
};

const char *
stage_name(enum stage stage)
{
	switch (stage) {
	case STAGE_CONNECTION:
		return "connection";
	case STAGE_TUNNEL:
		return "tunnel";
	case STAGE_ADDRESS:
		return "address";
	case STAGE_HELLO:
		return "hello";
	case STAGE_CERTIFICATE:
		return "certificate";
	case STAGE_REQUEST:
		return "request";
	case STAGE_BODY:
		return "body";
	case STAGE_RESPONSE:
		return "response";
	}
	return "unknown";
}

enum stage
fact_stage(enum fact fact)
{
	return rows[fact].stage;
}

const char *
fact_word(enum fact fact)
{
	return rows[fact].word;
}

const char *
fact_says(enum fact fact)
{
	return rows[fact].says;
}

uint64_t
facts_until(enum stage stage)
{
	uint64_t bits = 0;

	for (int i = 0; i < FACTS; i++)
		if (rows[i].stage <= stage)
			bits |= FACT_BIT(i);
	return bits;
}

bool
fact_by_word(const char *word, enum fact *fact)
{
	for (int i = 0; i < FACTS; i++)
		if (strcmp(rows[i].word, word) == 0) {
			*fact = (enum fact)i;
			return true;
		}
	return false;
}

bool
fact_is_later(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(later); i++)
		if (strcmp(later[i], word) == 0)
			return true;
	return false;
}

void
facts_nearest(struct nearest *nearest)
{
	for (int i = 0; i < FACTS; i++)
		nearest_try(nearest, rows[i].word);
	for (size_t i = 0; i < COUNT_OF(later); i++)
		nearest_try(nearest, later[i]);
}

static const struct {
	const char *word;
	enum section section;
} verdicts[VERDICTS] = {
#define VERDICT(id, word, section) [VERDICT_##id] = { word, SECTION_##section },
	VERDICT_TABLE(VERDICT)
#undef VERDICT
};

static const char *const sections[SECTIONS] = {
#define SECTION(id, word) [SECTION_##id] = word,
	SECTION_TABLE(SECTION)
#undef SECTION
};

const char *
verdict_name(enum verdict verdict)
{
	return verdict < VERDICTS ? verdicts[verdict].word : "none";
}

enum section
verdict_section(enum verdict verdict)
{
	return verdicts[verdict].section;
}

bool
verdict_by_either_name(enum verdict verdict)
{
	return verdict == VERDICT_DENY || verdict == VERDICT_NEVER;
}

bool
verdict_by_word(const char *word, enum verdict *verdict)
{
	for (int i = 0; i < VERDICTS; i++)
		if (strcmp(verdicts[i].word, word) == 0) {
			*verdict = (enum verdict)i;
			return true;
		}
	return false;
}

const char *
section_name(enum section section)
{
	return sections[section];
}
