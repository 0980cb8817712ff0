/* SPDX-License-Identifier: Apache-2.0 */
/* paint.c - see paint.h. */
#include "ctl/paint.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool
paint_wanted(FILE *out)
{
	const char *term = getenv("TERM");
	const char *no = getenv("NO_COLOR");

	if (no != NULL && no[0] != '\0')
		return false;
	return isatty(fileno(out)) == 1 && term != NULL &&
	    strcmp(term, "dumb") != 0;
}

/* The character at text: its length, 0 if it is no well-formed UTF-8. */
static size_t
utf8(const unsigned char *text, size_t length, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n;

	if (text[0] < 0x80) {
		*c = text[0];
		return 1;
	}
	n = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
	if (text[0] < 0xc2 || text[0] > 0xf4 || n > length)
		return 0;
	*c = text[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (text[i] & 0x3fu);
	}
	if (*c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return n;
}

/* Characters that move the cursor, turn the direction or hide. */
static bool
is_obeyed(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c ||
	    (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	    (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

size_t
paint_clean(const char *text, size_t length, char *out, size_t size)
{
	const unsigned char *in = (const unsigned char *)text;
	size_t at = 0, put = 0;

	while (at < length) {
		uint32_t c;
		size_t n = utf8(in + at, length - at, &c);
		bool bad = n == 0 || is_obeyed(c);
		size_t need = bad ? 1 : n;

		if (put + need >= size)
			break;
		if (bad)
			out[put] = '?';
		else
			memcpy(out + put, text + at, n);
		put += need;
		at += n == 0 ? 1 : n;
	}
	if (size > 0)
		out[put] = '\0';
	return put;
}

void
paint_text(FILE *out, const char *text, size_t length)
{
	char piece[512];

	while (length > 0) {
		size_t n = length < 256 ? length : 256;

		/* Do not cut a character in two. */
		while (n < length && n > 252 &&
		    ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
		(void)fwrite(piece, 1, paint_clean(text, n, piece,
		    sizeof(piece)), out);
		text += n;
		length -= n;
	}
}

void
paint(FILE *out, bool colours, enum paint how, const char *text)
{
	static const char *const code[] = {
		[PAINT_PLAIN] = "", [PAINT_GOOD] = "\033[32m",
		[PAINT_BAD] = "\033[1;31m", [PAINT_WARN] = "\033[33m",
		[PAINT_DIM] = "\033[2m", [PAINT_BOLD] = "\033[1m"
	};
	bool on = colours && how != PAINT_PLAIN;

	if (on)
		(void)fputs(code[how], out);
	paint_text(out, text, strlen(text));
	if (on)
		(void)fputs("\033[0m", out);
}

void
paint_json(FILE *out, const char *line, size_t length)
{
	const unsigned char *in = (const unsigned char *)line;
	size_t at = 0;

	if (isatty(fileno(out)) != 1) {
		(void)fwrite(line, 1, length, out);
		(void)fputc('\n', out);
		return;
	}
	while (at < length) {
		uint32_t c;
		size_t n = utf8(in + at, length - at, &c);

		if (n == 0)
			(void)fputc('?', out);
		else if (is_obeyed(c) && c < 0x10000)
			(void)fprintf(out, "\\u%04" PRIx32, c);
		else if (is_obeyed(c))
			(void)fprintf(out, "\\u%04" PRIx32 "\\u%04" PRIx32,
			    0xd800 + ((c - 0x10000) >> 10),
			    0xdc00 + ((c - 0x10000) & 0x3ff));
		else
			(void)fwrite(line + at, 1, n, out);
		at += n == 0 ? 1 : n;
	}
	(void)fputc('\n', out);
}

void
paint_bytes(uint64_t bytes, char out[16])
{
	static const char *const unit[] = { "KB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)bytes / 1000;
	size_t i = 0;

	if (bytes < 1000) {
		(void)snprintf(out, 16, "%" PRIu64 " B", bytes);
		return;
	}
	while (value >= 999.5 && i < 5) {
		value /= 1000;
		i++;
	}
	(void)snprintf(out, 16, value < 9.95 ? "%.1f %s" : "%.0f %s", value,
	    unit[i]);
}

void
paint_duration(uint64_t us, char out[24])
{
	uint64_t s = us / 1000000;

	if (us < 1000)
		(void)snprintf(out, 24, "%" PRIu64 " us", us);
	else if (us < 1000000)
		(void)snprintf(out, 24, "%" PRIu64 " ms", us / 1000);
	else if (s < 60)
		(void)snprintf(out, 24, "%.1f s", (double)us / 1e6);
	else if (s < 3600)
		(void)snprintf(out, 24, "%" PRIu64 " min %" PRIu64 " s",
		    s / 60, s % 60);
	else if (s < 48 * 3600)
		(void)snprintf(out, 24, "%" PRIu64 " h %" PRIu64 " min",
		    s / 3600, s / 60 % 60);
	else
		(void)snprintf(out, 24, "%" PRIu64 " days", s / 86400);
}
