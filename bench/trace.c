/* SPDX-License-Identifier: ISC
 *
 * How long a Received line takes to read, and a header block to read and walk, in
 * memory, without JSON; the round that was disturbed least counts. Takes a file of batch
 * lines (see portreeve-trace(1)), or uses the few blocks below; prints one JSON object.
 * CPU time of this process only.
 */
#include "base/mem.h"
#include "mail/header.h"
#include "trace/border.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define D(h) "; Mon, 9 Aug 2004 11:" h ":00 +0000 (UTC)\n"
#define IN \
	"Received: from localhost (localhost [127.0.0.1]) by store.our.example (Postfix) " \
	"with LMTP " \
	"id 9C31A2F" D("59")
#define REST \
	"Date: Mon, 9 Aug 2004 11:50:00 +0000\nFrom: A B <a@far.example>\nTo: u@our.example\n" \
	"Subject: words and more words\nMessage-ID: <1@far.example>\nMIME-Version: 1.0\n" \
	"Content-Type: text/plain; charset=us-ascii\nX-Mailer: none\n\n"

/* What most mail looks like: six lines, links of each kind, a forged block. */
static const char *const blocks[] = {
	IN "Received: from mail.far.example (mail.far.example [192.0.2.1])\n\tby mx.our.example "
	   "(Postfix) "
	"with ESMTPS id 0ACFC31014D\n\tfor <u@our.example>" D("58")
	"Received: from localhost (localhost [127.0.0.1]) by mail.far.example (8.12.8/8.12.8) with "
	"ESMTP id "
	"i2907ZaF008726 for <u@our.example>" D("57")
	"Received: from list.far.example (list.far.example [192.0.2.9]) by mail.far.example "
	"(Postfix) with "
	"ESMTP id 87D0A310091" D("56")
	"Received: (qmail 87263 invoked from network); 9 Aug 2004 11:55:00 -0000\n"
	"Received: from pc7.other.example (HELO pc) (198.51.100.7) by list.far.example with SMTP; "
	"9 Aug 2004 "
	"11:55:00 -0000\n" REST,
	IN "Received: from a (adsl-198-51-100-9.isp.example [198.51.100.9])\n\tby mx.our.example "
	   "(Postfix) "
	"with SMTP id 33DC4416F20\n\tfor <u@our.example>" D("58")
	"Received: from unknown (HELO rly-xw01.mx.aol.com) (203.0.113.25) by n9.groups.yahoo.com "
	"with asmtp; "
	"Aug, 09 2004 6:19:40 AM -0100\n"
	"Received: from [203.0.113.71] by m10.grp.snv.yahoo.com with QMQP; Aug, 09 2004 9:28:23 AM "
	"-0100\n"
	"Received: from mx.third.example ([203.0.113.9]) by hd.fourth.example with esmtp; 9 Aug "
	"2004 05:32:12 "
	"+0600\n" REST,
	IN "Received: from EUR05.outbound.protection.outlook.com "
	   "(mail-eur05.outbound.protection.outlook.com "
	"[192.0.2.107])\n\tby mx.our.example (Postfix) with ESMTPS id 62F9114047" D("58")
	"Received: from AM6.eurprd05.prod.outlook.com (2603:10a6:20b:64::15) by\n "
	"AM0.eurprd05.prod.outlook.com (2603:10a6:208:61::23) with Microsoft SMTP\n Server "
	"(version=TLS1_2, "
	"cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id\n 15.20.2157.15" D("57")
	"Received: from AM6.eurprd05.prod.outlook.com ([fe80::1]) by\n "
	"AM6.eurprd05.prod.outlook.com "
	"([fe80::1%7]) with mapi id 15.20.2157.022" D("57") REST,
	IN "Received: from b.fifth.example ([192.0.2.76] helo=pendaran.fifth.example)\n\tby "
	   "mx.our.example "
	"with esmtp (TLSv1:AES256-SHA:256)\n\t(Exim 4.96)\n\tid 1CIlfc-0003Pa-8W\n\tfor "
	"u@our.example" D("58")
	"Received: from dsl.sixth.example ([198.51.100.18] helo=toshiba) by pendaran.fifth.example "
	"with esmtpa "
	"(Exim 4.96) id 1CIlfb-0003Pa-7V for u@our.example" D("57") REST,
};

struct sample {
	struct buf message;
	struct border_set set;
};

static struct sample *samples;
static size_t sample_count, sample_cap;
static struct str *lines;
static size_t line_count, line_cap;

static double cpu_s(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Characters up to U+00FF are bytes. */
static void add_bytes(struct buf *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];
		if (c >= 0xc2 && i + 1 < n)
			buf_add_byte(out, (char)((c & 3) << 6 | (p[++i] & 0x3f)));
		else
			buf_add_byte(out, (char)c);
	}
}

static void add_all(struct border_set *set, const json_t *list,
                    int (*add)(struct border_set *, struct str, struct parse_error *))
{
	size_t i;
	json_t *item;
	json_array_foreach(list, i, item)
		(void)add(set, str_of(json_string_value(item)), NULL);
}

static void add_sample(const json_t *o)
{
	const json_t *m = json_object_get(o, "message");
	if (sample_count == sample_cap) {
		sample_cap = sample_cap ? sample_cap * 2 : 1024;
		samples = mem_realloc(samples, sample_cap, sizeof(*samples));
	}
	struct sample *s = &samples[sample_count++];
	*s = (struct sample){ 0 };
	add_bytes(&s->message, json_string_value(m), json_string_length(m));
	add_all(&s->set, json_object_get(o, "own_hosts"), border_add_own_host);
	add_all(&s->set, json_object_get(o, "own_nets"), border_add_own_net);
	add_all(&s->set, json_object_get(o, "border_hosts"), border_add_border_host);
}

static void add_block(const char *text)
{
	struct border_set set = { 0 };
	(void)border_add_own_host(&set, STR("*.our.example"), NULL);
	(void)border_add_own_net(&set, STR("203.0.113.128/25"), NULL);
	if (sample_count == sample_cap) {
		sample_cap = sample_cap ? sample_cap * 2 : 1024;
		samples = mem_realloc(samples, sample_cap, sizeof(*samples));
	}
	struct sample *s = &samples[sample_count++];
	*s = (struct sample){ .set = set };
	buf_add_cstr(&s->message, text);
}

static void collect_lines(void)
{
	for (size_t i = 0; i < sample_count; i++) {
		struct header_cursor c;
		struct header_field f;
		header_begin(&c, buf_str(&samples[i].message));
		while (header_next(&c, &f)) {
			if (!header_is(&f, STR("Received")))
				continue;
			if (line_count == line_cap) {
				line_cap = line_cap ? line_cap * 2 : 4096;
				lines = mem_realloc(lines, line_cap, sizeof(*lines));
			}
			lines[line_count++] = f.value;
		}
	}
}

static size_t read_lines(void)
{
	struct received r;
	size_t sink = 0;
	for (size_t i = 0; i < line_count; i++) {
		received_parse(lines[i], &r);
		sink += r.by.n;
	}
	return sink;
}

static size_t walk_blocks(void)
{
	static struct trace t;
	size_t sink = 0;
	for (size_t i = 0; i < sample_count; i++) {
		struct trace_border b = border_view(&samples[i].set);
		trace_message(&t, buf_str(&samples[i].message), &b);
		sink += t.hop_count;
	}
	trace_fini(&t);
	return sink;
}

/* Seconds that a pass over all takes, in the best of many rounds. */
static double best_s(size_t (*pass)(void), size_t passes)
{
	enum { ROUNDS = 60 };
	volatile size_t sink = pass();
	double best = 0;
	for (unsigned k = 0; k < ROUNDS; k++) {
		double from = cpu_s();
		for (size_t i = 0; i < passes; i++)
			sink += pass();
		double spent = (cpu_s() - from) / (double)passes;
		best = k == 0 || spent < best ? spent : best;
	}
	return best;
}

static int read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	if (!f) {
		fprintf(stderr, "bench-trace: %s: expected a file of batch lines\n", path);
		return 66;
	}
	while ((n = getline(&line, &cap, f)) > 0) {
		json_t *o = json_loadb(line, (size_t)n, JSON_ALLOW_NUL, NULL);
		if (o && json_is_string(json_object_get(o, "message")))
			add_sample(o);
		json_decref(o);
	}
	fclose(f);
	free(line);
	return 0;
}

int main(int argc, char **argv)
{
	enum { ROUND_LINES = 30000 };        /* in a round, at least */
	int code = argc > 1 ? read_file(argv[1]) : 0;
	if (code)
		return code;
	for (size_t i = 0; argc == 1 && i < 500; i++)
		add_block(blocks[i % (sizeof(blocks) / sizeof(blocks[0]))]);
	collect_lines();
	if (line_count == 0) {
		fprintf(stderr, "bench-trace: expected Received lines\n");
		return 65;
	}
	double lines_s = best_s(read_lines, ROUND_LINES / line_count + 1);
	double blocks_s = best_s(walk_blocks, ROUND_LINES / line_count + 1);
	printf("{\"lines\":%zu,\"us_per_line\":%.3f,\"blocks\":%zu,\"blocks_per_cpu_s\":%.0f}\n",
	       line_count, lines_s * 1e6 / (double)line_count, sample_count,
	       (double)sample_count / blocks_s);
	for (size_t i = 0; i < sample_count; i++) {
		buf_fini(&samples[i].message);
		border_set_fini(&samples[i].set);
	}
	free(samples);
	free(lines);
	return 0;
}
