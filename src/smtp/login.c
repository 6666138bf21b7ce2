/* SPDX-License-Identifier: ISC
 *
 * AUTH PLAIN and LOGIN as a client says them: the command, then an answer for each 334.
 */
#include "smtp/login.h"

#include "smtp/base64-private.h"
#include "smtp/client.h"

#include <assert.h>

enum { COMMAND_LINE_MAX = 512 };

bool smtp_login_offered(unsigned extensions)
{
	return extensions & (SMTP_EXT_AUTH_PLAIN | SMTP_EXT_AUTH_LOGIN);
}

/* [authzid] NUL authcid NUL passwd (RFC 4616 2) */
static void add_plain(struct buf *line, const struct smtp_login *l)
{
	struct buf message = { 0 };
	buf_add_byte(&message, '\0');
	buf_add_str(&message, l->user);
	buf_add_byte(&message, '\0');
	buf_add_str(&message, l->password);
	assert(message.n == l->user.n + l->password.n + 2);
	smtp_base64_encode(buf_str(&message), line);
	explicit_bzero(message.p, message.n);
	buf_fini(&message);
}

/* A line with an initial response has room for 512 octets (RFC 4954 4); what is longer waits for
 * the server's 334. */
void smtp_login_begin(struct smtp_login *l, unsigned extensions, struct buf *line)
{
	assert(smtp_login_offered(extensions));
	l->said = 0;
	l->by_login = !(extensions & SMTP_EXT_AUTH_PLAIN);
	if (l->by_login) {
		buf_add_cstr(line, "AUTH LOGIN");
		return;
	}
	static const char command[] = "AUTH PLAIN";
	size_t encoded = (l->user.n + l->password.n + 2 + 2) / 3 * 4;
	buf_add_cstr(line, command);
	if (sizeof(command) + encoded + 2 > COMMAND_LINE_MAX)
		return;
	buf_add_byte(line, ' ');
	add_plain(line, l);
	l->said = 1;
}

bool smtp_login_answer(struct smtp_login *l, struct buf *line)
{
	unsigned has = l->by_login ? 2 : 1, at = l->said;
	assert(at <= has + 1);
	if (at > has)
		return false;
	l->said++;
	if (at == has)
		buf_add_byte(line, '*');
	else if (l->by_login)
		smtp_base64_encode(at == 0 ? l->user : l->password, line);
	else
		add_plain(line, l);
	return true;
}
