/* SPDX-License-Identifier: ISC
 *
 * The lines of MAIL and RCPT that a client writes, and the words of EHLO that they depend on.
 * Input: a byte of what the server offers, one of what was asked for, then by NULs: an address,
 * ENVID, ORCPT, and lines of an EHLO reply. A line that is written is one line, and the server
 * engine reads from it what was to be written.
 */
#include "fuzz.h"

#include "base/err.h"
#include "smtp/client.h"
#include "smtp/server.h"

#include <assert.h>
#include <stdlib.h>

enum { PARTS = 4, PART_MAX = 2000 };

static struct smtp_server *greeted(void)
{
	const struct smtp_server_options options = { .hostname = "mx.test", .offer_dsn = true,
	                                             .offer_smtputf8 = true };
	struct smtp_server *s = smtp_server_create(&options);
	struct smtp_server_event ev;
	smtp_server_next(s, &ev);
	smtp_server_reply(s, 220, NULL, NULL);
	smtp_server_input(s, STR("EHLO x\r\n"));
	smtp_server_next(s, &ev);
	smtp_server_reply(s, 250, NULL, NULL);
	return s;
}

static void check_line(struct str line)
{
	for (size_t i = 0; i < line.n; i++)
		assert((unsigned char)line.p[i] >= 0x20 && line.p[i] != 0x7f);
}

/* The address that stands between the brackets. */
static void check_path(const struct mail_path *path, struct str address)
{
	assert(path->text.n == address.n + 2 && path->route.n == 0);
	assert(str_eq((struct str){ path->text.p + 1, address.n }, address));
}

/* False: the line is longer than a server need take. */
static bool read_back(struct smtp_server *s, struct buf *line, struct smtp_server_event *ev)
{
	bool fits = line->n <= 2048;
	check_line(buf_str(line));
	buf_add_cstr(line, "\r\n");
	smtp_server_input(s, buf_str(line));
	assert(smtp_server_next(s, ev) == fits || !fits);
	return fits;
}

static void write_both(struct str address, const struct smtp_mail_params *mail,
                       const struct smtp_rcpt_params *rcpt, const struct smtp_offer *offer)
{
	struct smtp_server *s = greeted();
	struct smtp_server_event ev;
	struct buf line = { 0 };
	bool dsn = offer->extensions & SMTP_EXT_DSN;
	if (smtp_mail_write(address, mail, offer, &line) != ERR_OK) {
		assert(line.n == 0);
		smtp_mail_write(STR(""), &(struct smtp_mail_params){ .smtputf8 = mail->smtputf8 },
		                offer, &line);
		read_back(s, &line, &ev);
	} else if (read_back(s, &line, &ev)) {
		assert(ev.type == SMTP_SERVER_MAIL && ev.mail->ret == (dsn ? mail->ret : 0));
		check_path(ev.path, address);
		assert(str_eq(ev.mail->envid, dsn ? mail->envid : STR("")));
	}
	smtp_server_reply(s, 250, NULL, NULL);
	buf_clear(&line);
	if (smtp_rcpt_write(address, mail->smtputf8, rcpt, offer, &line) != ERR_OK) {
		assert(line.n == 0);
	} else if (read_back(s, &line, &ev)) {
		assert(ev.type == SMTP_SERVER_RCPT && ev.rcpt->notify == (dsn ? rcpt->notify : 0));
		check_path(ev.path, address);
		assert(str_eq(ev.rcpt->orcpt, dsn ? rcpt->orcpt : STR("")));
	}
	smtp_server_destroy(s);
	buf_fini(&line);
}

static struct smtp_offer hear_offer(struct str lines)
{
	struct smtp_client *c = smtp_client_create(NULL);
	struct smtp_client_event ev;
	smtp_client_command(c, SMTP_EHLO, 0, STR("EHLO x"));
	smtp_client_input(c, STR("220 x\r\n250-x\r\n"));
	smtp_client_input(c, lines);
	smtp_client_input(c, STR("\r\n250 OK\r\n"));
	while (smtp_client_next(c, &ev))
		;
	struct smtp_offer offer = smtp_client_offer(c);
	assert(offer.recipients_max <= 999999 && offer.mails_max <= 999999);
	assert(offer.domains_max <= 999999);
	assert(offer.size_max == 0 || offer.extensions & SMTP_EXT_SIZE);
	smtp_client_destroy(c);
	return offer;
}

static void check_xtext(struct str any)
{
	struct buf xtext = { 0 }, plain = { 0 };
	smtp_xtext_encode(any, &xtext);
	check_line(buf_str(&xtext));
	bool good = smtp_xtext_decode(buf_str(&xtext), &plain);
	assert(good && str_eq(buf_str(&plain), any));
	buf_fini(&xtext);
	buf_fini(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > PARTS * PART_MAX)
		return 0;
	struct str rest = { (const char *)data + 2, size - 2 }, part[PARTS];
	for (size_t i = 0; i < PARTS; i++) {
		size_t end = i + 1 < PARTS ? str_find(rest, '\0') : SIZE_MAX;
		part[i] = (struct str){ rest.p, end == SIZE_MAX ? rest.n : end };
		rest = str_from(rest, end == SIZE_MAX ? rest.n : end + 1);
	}
	struct smtp_offer offer = hear_offer(part[3]);
	offer.extensions |= (data[0] & 1 ? SMTP_EXT_SIZE : 0) | (data[0] & 2 ? SMTP_EXT_DSN : 0) |
	                    (data[0] & 4 ? SMTP_EXT_SMTPUTF8 : 0) |
	                    (data[0] & 8 ? SMTP_EXT_8BITMIME : 0);
	struct smtp_mail_params mail = {
		.has_size = data[1] & 1, .size = data[1] & 1 ? size : 0, .body = data[1] >> 1 & 1,
		.smtputf8 = data[1] & 4, .ret = data[1] >> 3 & 1,
	};
	struct smtp_rcpt_params rcpt = { .notify = (data[1] >> 4) & 14u };
	if (part[1].n <= 100 && smtp_xtext_printable(part[1]))
		mail.envid = part[1];
	if (smtp_orcpt_parse(part[2], &rcpt) != ERR_OK)
		rcpt.orcpt_type = rcpt.orcpt = STR("");
	enum smtp_lack lack = smtp_mail_lacks(&mail, &offer);
	assert(lack != SMTP_LACKS_ROOM || (offer.size_max && mail.size > offer.size_max));
	check_xtext(part[0]);
	write_both(part[0], &mail, &rcpt, &offer);
	return 0;
}
