/* SPDX-License-Identifier: ISC
 *
 * Fields are told apart by tabs; what stands in them escaped (\001 and a letter) is none of what is
 * asked for here, a user's name apart, where it is refused.
 */
#include "gateway/dovecot-auth.h"

#include "base/mem.h"

#include <openssl/evp.h>
#include <stdlib.h>

void dovecot_auth_hello(unsigned pid, struct buf *out)
{
	buf_printf(out, "VERSION\t1\t1\nCPID\t%u\n", pid);
}

static bool has_nul(struct str s)
{
	return str_find(s, '\0') != SIZE_MAX;
}

int dovecot_auth_ask(uint32_t id, struct str name, struct str password, const struct ip *peer,
                     struct buf *out)
{
	struct buf plain = { 0 };
	char address[IP_TEXT_MAX];
	if (name.n == 0 || password.n == 0 || has_nul(name) || has_nul(password))
		return ERR_INVALID;
	if (name.n + password.n > DOVECOT_LINE_MAX / 2)
		return ERR_LIMIT;
	/* RFC 4616 2: no other identity, the name, the password. */
	buf_add_byte(&plain, '\0');
	buf_add_str(&plain, name);
	buf_add_byte(&plain, '\0');
	buf_add_str(&plain, password);
	size_t room = (plain.n + 2) / 3 * 4 + 1;
	unsigned char *text = mem_alloc(room);
	EVP_EncodeBlock(text, (const unsigned char *)plain.p, (int)plain.n);
	buf_printf(out, "AUTH\t%u\tPLAIN\tservice=smtp\tsecured\tnologin", id);
	if (peer->family)
		buf_printf(out, "\trip=%s", ip_format(peer, address));
	buf_printf(out, "\tresp=%s\n", (const char *)text);
	explicit_bzero(text, room);
	explicit_bzero(plain.p, plain.cap);
	free(text);
	buf_fini(&plain);
	return ERR_OK;
}

/* The next field; false: there is none. Two tabs have an empty one between them. */
static bool field(struct str *rest, struct str *out)
{
	if (!rest->p)
		return false;
	size_t tab = str_find(*rest, '\t');
	*out = tab == SIZE_MAX ? *rest : (struct str){ rest->p, tab };
	*rest = tab == SIZE_MAX ? (struct str){ 0 } : str_from(*rest, tab + 1);
	return true;
}

static struct dovecot_reply reply_of(enum dovecot_said said)
{
	return (struct dovecot_reply){ .said = said };
}

static struct dovecot_reply handshake(struct dovecot_auth *d, struct str word, struct str rest)
{
	struct str first;
	bool any = field(&rest, &first);
	if (str_eq(word, STR("VERSION"))) {
		d->version = any && str_eq(first, STR("1"));
		return reply_of(d->version ? DOVECOT_NOTHING : DOVECOT_WRONG);
	}
	if (str_eq(word, STR("MECH")) && any && str_caseeq(first, STR("PLAIN")))
		d->plain = true;
	if (!str_eq(word, STR("DONE")))
		return reply_of(DOVECOT_NOTHING);
	d->done = d->version && d->plain;
	return reply_of(d->done ? DOVECOT_READY : DOVECOT_WRONG);
}

static struct dovecot_reply answer(enum dovecot_said said, struct str rest)
{
	struct dovecot_reply reply = { .said = said };
	struct str word;
	uint64_t id;
	if (!field(&rest, &word) || str_u64(word, UINT32_MAX, &id) != ERR_OK)
		return reply_of(DOVECOT_WRONG);
	reply.id = (uint32_t)id;
	while (field(&rest, &word)) {
		if (said == DOVECOT_YES && str_prefix(word, STR("user=")))
			reply.user = str_from(word, strlen("user="));
		if (said == DOVECOT_NO && str_eq(word, STR("temp")))
			reply.said = DOVECOT_LATER;
	}
	return reply;
}

struct dovecot_reply dovecot_auth_read(struct dovecot_auth *d, struct str line)
{
	struct str rest = line, word;
	if (line.n == 0 || line.n > DOVECOT_LINE_MAX || has_nul(line) || !field(&rest, &word))
		return reply_of(DOVECOT_WRONG);
	if (!d->done)
		return handshake(d, word, rest);
	if (str_eq(word, STR("OK")))
		return answer(DOVECOT_YES, rest);
	if (str_eq(word, STR("FAIL")))
		return answer(DOVECOT_NO, rest);
	/* PLAIN is one question and one answer: whoever wants more goes without. */
	return str_eq(word, STR("CONT")) ? answer(DOVECOT_LATER, rest) : reply_of(DOVECOT_NOTHING);
}
