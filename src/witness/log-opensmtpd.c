/* SPDX-License-Identifier: ISC
 *
 * OpenSMTPD. Each line of a session begins with its id; the first has the client's address, and
 * each refused command follows, in quotes.
 */
#include "witness/log-private.h"

/* "ca86b4ab1355ff4c smtp " */
static bool take_id(struct str *text, struct str *id)
{
	size_t n = 0;
	while (n < text->n && ascii_isalnum((unsigned char)text->p[n]))
		n++;
	if (n != 16 || !str_prefix(str_from(*text, n), STR(" smtp ")))
		return false;
	*id = (struct str){ text->p, n };
	*text = str_from(*text, n + 6);
	return true;
}

static struct ip address_of(struct str text)
{
	struct ip ip = { 0 };
	size_t end = str_find(text, ' ');
	struct str word = { text.p, end == SIZE_MAX ? text.n : end };
	if (word.n > 2 && word.p[0] == '[' && word.p[word.n - 1] == ']')
		word = (struct str){ word.p + 1, word.n - 2 };
	return ip_parse(word, &ip, NULL) == ERR_OK ? ip : (struct ip){ 0 };
}

bool log_read_opensmtpd(struct witness_log *log, const struct log_line *line)
{
	const struct ip none = { 0 };
	char key[LOG_KEY_MAX];
	struct str text = line->text, id;
	struct witness_said said;
	if (!take_id(&text, &id) || !log_key(line, id, key))
		return false;
	if (str_prefix(text, STR("connected address="))) {
		log_session_open(log, key)->ip = address_of(str_from(text, 18));
	} else if (str_prefix(text, STR("disconnected "))) {
		log_session_close(log, key);
	} else if (log_said(log, text, &said)) {
		const struct log_session *session = log_session_find(log, key);
		log_add(log, MTA_OPENSMTPD, line, &said, session ? &session->ip : &none);
	}
	return true;
}
