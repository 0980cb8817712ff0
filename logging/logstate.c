/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logstate.c - mapping the page, and the references that people read out.
 *
 * A reference is a number below 31^9 drawn from one counter, so it is never
 * given twice; a fixed permutation scatters neighbours, so that nobody reads
 * yesterday's reference for today's.  The tenth character makes the sum of
 * place times value divisible by 31, a prime: every wrong character and every
 * pair swapped is found.
 */
#include "logging/logstate.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define DIGITS 9
#define BASE 31
#define SPAN REFERENCE_SPAN

static const char alphabet[BASE + 1] = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";

int
logstate_create(int fd)
{
	struct logstate *state;

	if (ftruncate(fd, sizeof(*state)) == -1)
		return -1;
	state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	if (state == MAP_FAILED)
		return -1;
	atomic_store(&state->condition, LOGSTATE_STARTING);
	atomic_store(&state->layout, LOGSTATE_LAYOUT);
	return munmap(state, sizeof(*state));
}

struct logstate *
logstate_map(int fd)
{
	struct logstate *state;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return NULL;
	if (st.st_size < (off_t)sizeof(*state)) {
		errno = EPROTO;
		return NULL;
	}
	state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	if (state == MAP_FAILED)
		return NULL;
	if (atomic_load(&state->layout) != LOGSTATE_LAYOUT) {
		munmap(state, sizeof(*state));
		errno = EPROTO;
		return NULL;
	}
	return state;
}

static uint64_t
multiply(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product =
	    (unsigned __int128)a * b % SPAN;

	return (uint64_t)product;
}

static uint64_t
reverse_digits(uint64_t number)
{
	uint64_t result = 0;
	int i;

	for (i = 0; i < DIGITS; i++) {
		result = result * BASE + number % BASE;
		number /= BASE;
	}
	return result;
}

/* One-to-one on 0 .. SPAN-1: each factor is prime to 31, each step can be
 * undone. */
static uint64_t
permute(uint64_t number)
{
	number = (multiply(number % SPAN, UINT64_C(16180339887499)) +
	    UINT64_C(7182818284591)) % SPAN;
	number = reverse_digits(number);
	number = (multiply(number, UINT64_C(14142135623731)) +
	    UINT64_C(3141592653589)) % SPAN;
	return reverse_digits(number);
}

static void
print_reference(uint64_t number, char out[REFERENCE_TEXT])
{
	char text[DIGITS + 1];
	unsigned sum = 0, check;
	int i;

	number = permute(number);
	for (i = DIGITS - 1; i >= 0; i--) {
		unsigned digit = (unsigned)(number % BASE);

		text[i] = alphabet[digit];
		sum += (unsigned)(i + 1) * digit;
		number /= BASE;
	}
	for (check = 0; (sum + (DIGITS + 1) * check) % BASE != 0; check++)
		;
	text[DIGITS] = alphabet[check];
	memcpy(out, text, 4);
	out[4] = '-';
	memcpy(out + 5, text + 4, 3);
	out[8] = '-';
	memcpy(out + 9, text + 7, 3);
	out[12] = '\0';
}

int
reference_draw(struct logstate *state, struct reference_lease *lease,
    char out[REFERENCE_TEXT])
{
	uint64_t next, limit;

	if (lease->next >= lease->end) {
		next = atomic_load(&state->reference_next);
		do {
			limit = atomic_load(&state->reference_limit);
			if (next > limit || limit - next < REFERENCE_BLOCK)
				return -1;
		} while (!atomic_compare_exchange_weak(&state->reference_next,
		    &next, next + REFERENCE_BLOCK));
		lease->next = next;
		lease->end = next + REFERENCE_BLOCK;
	}
	print_reference(lease->next++, out);
	return 0;
}

int
reference_settle(const char *typed, char out[REFERENCE_TEXT])
{
	unsigned sum = 0;
	size_t n = 0, at;
	const char *found;
	char c;

	for (; *typed != '\0'; typed++) {
		c = *typed;
		if (c == ' ' || c == '-' || c == '\t' || c == '.')
			continue;
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		found = strchr(alphabet, c);
		if (found == NULL || n == DIGITS + 1)
			return -1;
		sum += (unsigned)(n + 1) * (unsigned)(found - alphabet);
		at = n + (n >= 4) + (n >= 7);
		out[at] = c;
		n++;
	}
	if (n != DIGITS + 1 || sum % BASE != 0)
		return -1;
	out[4] = '-';
	out[8] = '-';
	out[12] = '\0';
	return 0;
}
