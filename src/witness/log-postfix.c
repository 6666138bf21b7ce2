/* SPDX-License-Identifier: ISC
 *
 * Postfix. A process of smtpd has one session at a time, from "connect from" to "disconnect from";
 * postscreen has many, and names the client in each line.
 */
#include "witness/log-private.h"

/* "NOQUEUE: reject: RCPT from ", "4F2: warn: MAIL from ", "warning: Illegal address syntax from ":
 * what stands before the client in lines that begin with Postfix's own words; 0: another line. */
static size_t length_of_lead(struct str text)
{
	static const struct str syntax = { "warning: Illegal address syntax from ", 37 };
	struct str rest = text, word;
	if (str_prefix(text, syntax))
		return syntax.n;
	for (int i = 0; i < 3; i++) {
		size_t n = str_find(rest, ' ');
		if (n == SIZE_MAX || n == 0)
			return 0;
		word = (struct str){ rest.p, n };
		bool colon = word.p[n - 1] == ':';
		for (size_t k = 0; k < n - colon; k++)
			if (!ascii_isalnum((unsigned char)word.p[k]) && word.p[k] != '_' &&
			    word.p[k] != '-')
				return 0;
		if (colon != (i < 2))
			return 0;
		rest = str_from(rest, n + 1);
	}
	return str_prefix(rest, STR("from ")) ? text.n - rest.n + 5 : 0;
}

static void word_was_said(struct witness_log *log, const struct log_line *line, const char *key,
                          const struct witness_said *said)
{
	struct ip own = { 0 }, none = { 0 };
	size_t lead = length_of_lead(line->text);
	const struct log_session *session = log_session_find(log, key);
	if (lead > 0)
		(void)log_peer(str_from(line->text, lead), &own);
	if (session && session->ip.family && own.family && !ip_eq(&session->ip, &own))
		log_add(log, MTA_POSTFIX, line, said, &none);
	else
		log_add(log, MTA_POSTFIX, line, said, own.family || !session ? &own : &session->ip);
}

bool log_read_postfix(struct witness_log *log, const struct log_line *line)
{
	char key[LOG_KEY_MAX];
	struct witness_said said;
	struct ip ip = { 0 };
	if (!log_key(line, line->pid, key))
		return false;
	if (str_prefix(line->text, STR("connect from "))) {
		/* Whoever it is: the session before is over. */
		(void)log_peer(str_from(line->text, 13), &ip);
		log_session_open(log, key)->ip = ip;
	} else if (str_prefix(line->text, STR("disconnect from "))) {
		log_session_close(log, key);
	} else if (log_said(log, line->text, &said)) {
		word_was_said(log, line, key, &said);
	}
	return true;
}
