/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http1_bytes.h - which bytes may stand where in HTTP/1 (RFC 9110 section 5.6),
 * and how to run over many of them at once.  Private to the parsers in proxy/.
 */
#ifndef PROXY_HTTP1_BYTES_H
#define PROXY_HTTP1_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Bits of http1_byte[]: one table, one cache line of questions. */
enum {
	BYTE_TOKEN = 1,		/* tchar */
	BYTE_VALUE = 2,		/* in a field value: VCHAR, SP, HTAB, obs-text */
	BYTE_TARGET = 4,	/* in a request target: VCHAR */
	BYTE_DIGIT = 8,
	BYTE_HEX = 16
};
extern const uint8_t http1_byte[256];

static inline bool
http1_byte_is(char c, unsigned bits)
{
	return (http1_byte[(unsigned char)c] & bits) != 0;
}

static inline char
http1_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Each skip returns the first byte in [p, end) that does not belong, or end. */
static inline const char *
http1_skip_table(const char *p, const char *end, unsigned bit)
{
	while (p != end && http1_byte_is(*p, bit))
		p++;
	return p;
}

/* A token: nearly always letters and dashes, sixteen at a time; whatever else a
 * token may hold is left to the table. */
static inline const char *
http1_skip_token(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i dash = _mm_set1_epi8('-');
	const __m128i space = _mm_set1_epi8(0x20);
	const __m128i before = _mm_set1_epi8('a' - 1);
	const __m128i after = _mm_set1_epi8('z' + 1);

	while (end - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i low = _mm_or_si128(v, space);
		__m128i alpha = _mm_and_si128(_mm_cmpgt_epi8(low, before),
		    _mm_cmplt_epi8(low, after));
		unsigned other = (unsigned)_mm_movemask_epi8(
		    _mm_or_si128(alpha, _mm_cmpeq_epi8(v, dash))) ^ 0xffff;

		if (other != 0) {
			p += __builtin_ctz(other);
			break;
		}
		p += 16;
	}
#endif
	return http1_skip_table(p, end, BYTE_TOKEN);
}

/* Bytes of a field value or phrase. */
static inline const char *
http1_skip_value(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i control = _mm_set1_epi8(0x1f);
	const __m128i tab = _mm_set1_epi8('\t');
	const __m128i del = _mm_set1_epi8(0x7f);

	while (end - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, control), v);
		unsigned bad = (unsigned)_mm_movemask_epi8(_mm_or_si128(
		    _mm_andnot_si128(_mm_cmpeq_epi8(v, tab), low),
		    _mm_cmpeq_epi8(v, del)));

		if (bad != 0)
			return p + __builtin_ctz(bad);
		p += 16;
	}
#endif
	return http1_skip_table(p, end, BYTE_VALUE);
}

/* Bytes of a request target. */
static inline const char *
http1_skip_target(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i space = _mm_set1_epi8(0x20);
	const __m128i del = _mm_set1_epi8(0x7f);

	while (end - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		/* signed: bytes from 0x80 on are below the space too */
		unsigned good = (unsigned)_mm_movemask_epi8(_mm_andnot_si128(
		    _mm_cmpeq_epi8(v, del), _mm_cmpgt_epi8(v, space)));

		if (good != 0xffff)
			return p + __builtin_ctz(good ^ 0xffff);
		p += 16;
	}
#endif
	return http1_skip_table(p, end, BYTE_TARGET);
}

#endif
