/* SPDX-License-Identifier: ISC
 *
 * Sendmail. A session has a queue id, which stands before each line. EXPN is logged with the
 * client; other refused commands by themselves, and the client at the transaction's end.
 */
#include "witness/log-private.h"

/* "6ASBwv2k000429: " */
static bool take_id(struct str *text, struct str *id)
{
	size_t n = 0;
	while (n < text->n && ascii_isalnum((unsigned char)text->p[n]))
		n++;
	if (n < 12 || n > 20 || !str_prefix(str_from(*text, n), STR(": ")))
		return false;
	*id = (struct str){ text->p, n };
	*text = str_from(*text, n + 2);
	return true;
}

/* "from=<>, size=0, …, relay=NAME [ADDR]": our tester's sender is the empty one, so that nothing
 * in the line is a stranger's but its name. */
static void transaction_ended(struct witness_log *log, const struct log_line *line,
                              struct str text, struct log_session *waits)
{
	struct ip ip = { 0 };
	struct witness_said said = waits->said;
	size_t at = str_search(text, STR(", relay="));
	if (!str_prefix(text, STR("from=<>, size=")))
		at = SIZE_MAX;
	struct str rest = at == SIZE_MAX ? (struct str){ "", 0 } : str_from(text, at + 8);
	size_t n = log_peer(rest, &ip);
	struct str behind = str_from(rest, n);
	if (n == 0 || (behind.n > 0 && !str_eq(behind, STR(" (may be forged)"))))
		ip.family = 0;
	log_add(log, MTA_SENDMAIL, line, &said, &ip);
	*waits = (struct log_session){ 0 };
}

static void word_was_said(struct witness_log *log, const struct log_line *line, struct str text,
                          const char *key, const struct witness_said *said)
{
	struct ip ip;
	size_t n = log_peer(text, &ip);
	struct str rest = str_from(text, n);
	if (str_prefix(rest, STR(" (may be forged)")))
		rest = str_from(rest, 16);
	if (n > 0 && (str_prefix(rest, STR(": EXPN ")) || str_prefix(rest, STR(": VRFY "))))
		log_add(log, MTA_SENDMAIL, line, said, &ip);
	else
		log_session_open(log, key)->said = *said;
}

bool log_read_sendmail(struct witness_log *log, const struct log_line *line)
{
	char key[LOG_KEY_MAX];
	struct str text = line->text, id;
	struct witness_said said;
	if (!take_id(&text, &id) || !log_key(line, id, key))
		return false;
	struct log_session *waits = log_session_find(log, key);
	if (waits && str_prefix(text, STR("from=")))
		transaction_ended(log, line, text, waits);
	else if (log_said(log, text, &said))
		word_was_said(log, line, text, key, &said);
	return true;
}
