/* SPDX-License-Identifier: ISC
 *
 * The milter protocol as libmilter speaks it (its mfdef.h names commands and replies): a length of
 * four bytes, a command of one, and what belongs to it. The others speak in lines.
 */
#include "closed/stand-in.h"

#include <assert.h>

enum {
	MILTER_VERSION = 6, MILTER_OLDEST = 2, LENGTH_BYTES = 4, KEPT_MAX = 1 << 17,
	OPTIONS_BYTES = 1 + 3 * 4,           /* 'O', version, actions, steps */
};

static uint32_t u32_read(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void u32_add(struct buf *out, uint32_t value)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_add_byte(out, (char)(value >> shift & 0xff));
}

/* We change nothing and are sent every step, with an answer to each. */
static bool options_answer(struct str packet, struct buf *out)
{
	if (packet.n < OPTIONS_BYTES || u32_read(packet.p + 1) < MILTER_OLDEST)
		return false;
	const uint32_t theirs = u32_read(packet.p + 1);
	u32_add(out, OPTIONS_BYTES);
	buf_add_byte(out, 'O');
	u32_add(out, theirs < MILTER_VERSION ? theirs : MILTER_VERSION);
	u32_add(out, 0);
	u32_add(out, 0);
	return true;
}

static bool milter_answer(struct str packet, struct buf *out)
{
	switch (packet.p[0]) {
	case 'O':                                /* options */
		return options_answer(packet, out);
	case 'D': case 'A': case 'K':            /* macros, abort, quit before a new connection */
		return true;
	case 'C': case 'H': case 'M': case 'R':  /* connect, hello, MAIL, RCPT */
	case 'T': case 'L': case 'N': case 'B':  /* DATA, header, end of headers, body */
	case 'E': case 'U':                      /* end of the body, unknown command */
		u32_add(out, 1);
		buf_add_byte(out, 'c');
		return true;
	}
	return false;                            /* 'Q', and what is none */
}

static bool milter_take(struct stand_in_talk *t, struct buf *out)
{
	while (t->kept.n >= LENGTH_BYTES) {
		const uint32_t n = u32_read(t->kept.p);
		if (n == 0 || n > KEPT_MAX - LENGTH_BYTES)
			return false;
		if (t->kept.n - LENGTH_BYTES < n)
			break;
		if (!milter_answer((struct str){ t->kept.p + LENGTH_BYTES, n }, out))
			return false;
		buf_consume(&t->kept, LENGTH_BYTES + n);
	}
	return true;
}

/* A request ends with an empty line. */
static void policy_take(struct stand_in_talk *t, struct buf *out)
{
	for (size_t end; (end = str_search(buf_str(&t->kept), STR("\n\n"))) != SIZE_MAX;) {
		buf_add_cstr(out, "action=DUNNO\n\n");
		buf_consume(&t->kept, end + 2);
	}
}

static bool filter_answer(struct stand_in_talk *t, struct str line, struct buf *out)
{
	if (t->in_data) {
		t->in_data = !str_eq(line, STR("."));
		if (!t->in_data)
			buf_add_cstr(out, "250 2.0.0 Ok\r\n");
		return true;
	}
	t->in_data = str_caseeq(line, STR("DATA"));
	const bool quit = str_caseeq(line, STR("QUIT"));
	buf_add_cstr(out, t->in_data ? "354 End with .\r\n" : quit ? "221 2.0.0 Bye\r\n"
	                                                           : "250 2.0.0 Ok\r\n");
	return !quit;
}

/* "AUTH" or "CONT", the number of the login, and more; all else wants no answer. */
static void auth_answer(struct str line, struct buf *out)
{
	struct str verb, id;
	if (str_token(&line, "\t", &verb) && str_token(&line, "\t", &id) &&
	    (str_eq(verb, STR("AUTH")) || str_eq(verb, STR("CONT"))))
		buf_printf(out, "FAIL\t%.*s\n", STR_ARG(id));
}

/* Netstrings: "7:name key,". */
static bool socketmap_take(struct stand_in_talk *t, struct buf *out)
{
	for (size_t colon; (colon = str_find(buf_str(&t->kept), ':')) != SIZE_MAX;) {
		uint64_t n;
		if (str_u64((struct str){ t->kept.p, colon }, KEPT_MAX, &n) != ERR_OK)
			return false;
		const size_t whole = colon + 1 + (size_t)n + 1;
		if (t->kept.n < whole)
			return true;
		if (t->kept.p[whole - 1] != ',')
			return false;
		buf_add_cstr(out, "9:NOTFOUND ,");
		buf_consume(&t->kept, whole);
	}
	return true;
}

static bool line_answer(struct stand_in_talk *t, struct str line, struct buf *out)
{
	if (t->kind == CLOSED_TABLE) {
		buf_add_cstr(out, "500 none\n");
		return true;
	}
	if (t->kind == CLOSED_FILTER)
		return filter_answer(t, line, out);
	auth_answer(line, out);
	return true;
}

static bool lines_take(struct stand_in_talk *t, struct buf *out)
{
	for (size_t n; (n = str_find(buf_str(&t->kept), '\n')) != SIZE_MAX;) {
		struct str line = { t->kept.p, n };
		if (n && line.p[n - 1] == '\r')
			line.n--;
		if (!line_answer(t, line, out))
			return false;
		buf_consume(&t->kept, n + 1);
	}
	return true;
}

void stand_in_greet(const struct stand_in_talk *t, struct buf *out)
{
	if (t->kind == CLOSED_FILTER)
		buf_add_cstr(out, "220 localhost ESMTP\r\n");
	/* Where plain text is not wanted, one is left: without any, servers give up. They stand
	 * first: by that Postfix knows a client's socket from a master's. */
	if (t->kind == CLOSED_AUTH)
		buf_add_cstr(out, "VERSION\t1\t1\nMECH\tPLAIN\tplaintext\n"
		             "MECH\tLOGIN\tplaintext\nMECH\tSCRAM-SHA-256\tmutual-auth\n"
		             "SPID\t1\nCUID\t1\nCOOKIE\t00000000000000000000000000000000\n"
		             "DONE\n");
}

bool stand_in_take(struct stand_in_talk *t, struct str bytes, struct buf *out)
{
	bool stays = true;
	buf_add_str(&t->kept, bytes);
	switch (t->kind) {
	case CLOSED_MILTER: stays = milter_take(t, out); break;
	case CLOSED_POLICY: policy_take(t, out); break;
	case CLOSED_SOCKETMAP: stays = socketmap_take(t, out); break;
	case CLOSED_FILTER:
	case CLOSED_TABLE:
	case CLOSED_AUTH: stays = lines_take(t, out); break;
	}
	return stays && t->kept.n <= KEPT_MAX;
}

void stand_in_fini(struct stand_in_talk *t)
{
	buf_fini(&t->kept);
}
