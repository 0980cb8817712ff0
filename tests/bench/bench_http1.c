/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_http1.c - how long the parsers take for what a browser sends: a head of
 * 700 bytes whole and byte by byte, its target, and a chunked body.  Prints
 * nanoseconds; compare builds on one machine, not numbers between machines.
 */
#include "proxy/http1.h"
#include "proxy/target.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char request[] =
    "GET http://www.example.org/static/app/index.html?session=4f3a&lang=en-GB "
    "HTTP/1.1\r\n"
    "Host: www.example.org\r\n"
    "Proxy-Connection: keep-alive\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, "
    "like Gecko) Chrome/124.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,"
    "image/webp,image/apng,*/*;q=0.8\r\n"
    "Referer: http://www.example.org/static/app/\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; seen=1\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "If-None-Match: \"5e2d-61a3c2f0b7d40\"\r\n"
    "Cache-Control: max-age=0\r\n"
    "\r\n";

static double
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static const struct http1_limits limits = {
	.head = 131072, .field = 73728, .fields = 200, .target = 16384
};
static struct http1_field fields[200];

static void
bench_whole(unsigned rounds)
{
	struct http1_head head;
	struct http1_scan scan;
	enum http1_error error;
	double from = now_ns();
	unsigned i, done = 0;

	for (i = 0; i < rounds; i++) {
		scan = (struct http1_scan){ 0 };
		done += http1_parse_request(request, sizeof(request) - 1,
		    &limits, &scan, fields, &head, &error) == HTTP1_DONE;
	}
	printf("head of %zu bytes, whole: %.0f ns%s\n", sizeof(request) - 1,
	    (now_ns() - from) / rounds, done == rounds ? "" : " (refused!)");
}

static void
bench_bytes(unsigned rounds)
{
	struct http1_head head;
	struct http1_scan scan;
	enum http1_error error;
	double from = now_ns();
	unsigned i;
	size_t n;

	for (i = 0; i < rounds; i++) {
		scan = (struct http1_scan){ 0 };
		for (n = 1; n < sizeof(request); n++)
			(void)http1_parse_request(request, n, &limits, &scan,
			    fields, &head, &error);
	}
	printf("head of %zu bytes, byte by byte: %.0f ns\n",
	    sizeof(request) - 1, (now_ns() - from) / rounds);
}

static void
bench_target(unsigned rounds)
{
	struct http1_head head;
	struct http1_scan scan = { 0 };
	struct target target;
	enum http1_error error;
	double from;
	unsigned i;

	(void)http1_parse_request(request, sizeof(request) - 1, &limits, &scan,
	    fields, &head, &error);
	from = now_ns();
	for (i = 0; i < rounds; i++)
		(void)target_parse(&head, 80, &target);
	printf("its target and Host: %.0f ns\n", (now_ns() - from) / rounds);
}

static void
bench_chunks(unsigned rounds)
{
	static char body[16 * 1024 + 64];
	struct http1_chunks chunks;
	enum http1_error error;
	size_t used;
	double from;
	unsigned i;
	int n = snprintf(body, sizeof(body), "4000\r\n");

	memset(body + n, 'x', 16384);
	memcpy(body + n + 16384, "\r\n0\r\n\r\n", 7);
	from = now_ns();
	for (i = 0; i < rounds; i++) {
		chunks = (struct http1_chunks){ 0 };
		(void)http1_chunks_take(&chunks, body,
		    (size_t)n + 16384 + 7, &used, NULL, NULL, &error);
	}
	printf("a chunk of 16 KiB and the last: %.0f ns\n",
	    (now_ns() - from) / rounds);
}

int
main(void)
{
	bench_whole(1000);	/* warm */
	bench_whole(1000000);
	bench_bytes(20000);
	bench_target(1000000);
	bench_chunks(1000000);
	return 0;
}
