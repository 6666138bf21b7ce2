/* SPDX-License-Identifier: ISC
 *
 * The part of a notice that people read: what became of the message, for whom, why in the words of
 * whoever said so, and what can be done. Foreign words stand indented, so that none of them can
 * pass for ours, nor a line of theirs for the end of the part.
 */
#include "gateway/dsn-private.h"

#include "base/clock.h"

enum { WIDTH = 72, HOST_MAX = 255 };

/* What a code means to a person (RFC 3463 3), the first row that fits; "" fits any. */
static const struct advice {
	const char *code;             /* behind the class: ".1.1" */
	const char *text;             /* lines, each with its line end */
} advices[] = {
	{ ".1.1", "There is no such address. Check how it is written, or ask the recipient\n"
	          "for the right one.\n" },
	{ ".1.2", "The domain behind the @ takes no mail or does not exist. Check how it is\n"
	          "written.\n" },
	{ ".1.10", "The domain behind the @ takes no mail. Check how it is written.\n" },
	{ ".1.8", "The recipient's server does not take your own address. Tell your\n"
	          "postmaster.\n" },
	{ ".1.", "Something is wrong with the address. Check how it is written, or ask the\n"
	         "recipient for the one that is right.\n" },
	{ ".2.1", "The mailbox takes no mail at present. Ask the recipient in another way.\n" },
	{ ".2.2", "The mailbox is full. Tell the recipient in another way, and send again\n"
	          "later.\n" },
	{ ".2.3", "The message is too long for this mailbox. Send less, or in parts.\n" },
	{ ".3.4", "The message is too long for the recipient's server. Send less, or in parts.\n" },
	{ ".4.6", "The mail goes round in a circle. Tell the postmaster of the recipient.\n" },
	{ ".4.", "The recipient's server could not be reached or gave no answer. Check how the\n"
	         "domain behind the @ is written; if it is right, send again later.\n" },
	{ ".6.", "The recipient's server cannot take a message of this kind. Send it in another\n"
	         "form, as plain text say.\n" },
	{ ".7.", "The recipient's server does not take this message by its own rules; its words\n"
	         "above may say why. Ask the recipient in another way, or show this to your\n"
	         "postmaster.\n" },
	{ "", "The words above say why, as far as that is known. If they are of no help, show\n"
	      "this to your postmaster.\n" },
};

static size_t advice_for(struct str code)
{
	const struct str rest = str_from(code, 1);
	size_t i = 0;
	while (advices[i].code[0]) {
		const struct str row = str_of(advices[i].code);
		const bool whole = row.p[row.n - 1] != '.';
		if (whole ? str_eq(rest, row) : str_prefix(rest, row))
			break;
		i++;
	}
	return i;
}

/* The words of a text in lines of that width, each behind the indent. */
static void add_wrapped(struct str text, const char *indent, struct buf *out)
{
	struct str word;
	size_t column = 0;
	while (str_word(&text, &word)) {
		if (column > 0 && column + 1 + word.n > WIDTH) {
			buf_add_byte(out, '\n');
			column = 0;
		}
		if (column == 0)
			buf_add_cstr(out, indent);
		else
			buf_add_byte(out, ' ');
		column = (column ? column + 1 : strlen(indent)) + word.n;
		buf_add_str(out, word);
	}
	if (column > 0)
		buf_add_byte(out, '\n');
}

/* A reply of several lines keeps them. */
static void add_said(struct str said, struct buf *out)
{
	struct str line;
	said.n = said.n > DSN_TEXT_MAX ? DSN_TEXT_MAX : said.n;
	while (str_token(&said, "\r\n", &line)) {
		struct buf text = { 0 };
		dsn_add_text(line, DSN_TEXT_MAX, &text);
		add_wrapped(buf_str(&text), "        ", out);
		buf_fini(&text);
	}
}

static void add_recipient(const struct gateway_told *told, struct buf *out)
{
	const struct gateway_outcome *outcome = &told->outcome;
	buf_add_cstr(out, "\n    <");
	dsn_add_text(told->rcpt->to.address, DSN_ADDRESS_MAX, out);
	buf_add_cstr(out, ">\n");
	if (str_trim(outcome->said).n == 0)
		return;
	if (outcome->host.n > 0) {
		buf_add_cstr(out, "    The server ");
		dsn_add_ascii(outcome->host, HOST_MAX, false, out);
		buf_add_cstr(out, dsn_is_reply(outcome) ? " said:\n" : ":\n");
	}
	add_said(outcome->said, out);
}

/* What can be done about each kind of failure, once. */
static void add_advice(const struct gateway_dsn *dsn, struct buf *out)
{
	unsigned given = 0;
	for (size_t i = 0; i < dsn->count; i++) {
		const size_t row = advice_for(dsn_code(dsn->what, &dsn->told[i].outcome));
		if (given & 1u << row)
			continue;
		buf_printf(out, "%s%s", given ? "\n" : "\nWhat you can do:\n",
		           advices[row].text);
		given |= 1u << row;
	}
}

static bool all_relayed(const struct gateway_dsn *dsn)
{
	for (size_t i = 0; i < dsn->count; i++)
		if (!dsn->told[i].outcome.relayed)
			return false;
	return true;
}

/* For a postmaster. */
static void add_strangers_opening(const struct gateway_dsn *dsn, struct buf *out)
{
	const struct gateway_envelope *about = dsn->about;
	char came[CLOCK_TEXT_MAX], client[IP_TEXT_MAX];
	buf_printf(out, "This is the mail server %s.\n\nA message that came from outside on\n%s\n"
	           "from <", dsn->hostname, clock_format_mail(about->came_s, came));
	dsn_add_text(about->from, DSN_ADDRESS_MAX, out);
	buf_printf(out, "> by the server %s\ncould not be delivered to %s:\n",
	           about->client.ip.family ? ip_format(&about->client.ip, client) : "(not known)",
	           dsn->count == 1 ? "this recipient" : "these recipients");
	for (size_t i = 0; i < dsn->count; i++)
		add_recipient(&dsn->told[i], out);
	buf_add_cstr(out, "\nIt had been taken by then, and its sender was not told: that address\n"
	             "may be anybody's. Pass it on, or answer it, if it is worth that.\n");
}

static void add_opening(const struct gateway_dsn *dsn, struct buf *out)
{
	const char *plural = dsn->count == 1 ? "this recipient" : "these recipients";
	char came[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX];
	buf_printf(out, "This is the mail server %s.\n\nYour message of\n%s\n", dsn->hostname,
	           clock_format_mail(dsn->about->came_s, came));
	switch (dsn->what) {
	case GATEWAY_NOTICE_FAILED:
		buf_printf(out, "could not be delivered to %s, and is not tried again:\n", plural);
		break;
	case GATEWAY_NOTICE_DELAYED:
		buf_printf(out, "could not yet be delivered to %s:\n", plural);
		break;
	case GATEWAY_NOTICE_SUCCESS:
		buf_printf(out, "%s %s%s:\n", all_relayed(dsn) ? "was handed on for"
		           : "was delivered to", plural, all_relayed(dsn) ?
		           ", by a server that sends no such notices" : "");
		break;
	}
	for (size_t i = 0; i < dsn->count; i++)
		add_recipient(&dsn->told[i], out);
	if (dsn->what == GATEWAY_NOTICE_DELAYED)
		buf_printf(out, "\nYou need not do anything: it is tried again until\n%s.\n"
		           "Please do not send it again.\n",
		           clock_format_mail(dsn->give_up_s, until));
}

void dsn_words(const struct gateway_dsn *dsn, struct buf *out)
{
	if (dsn_is_strangers(dsn))
		add_strangers_opening(dsn, out);
	else
		add_opening(dsn, out);
	if (dsn->what == GATEWAY_NOTICE_FAILED && !dsn_is_strangers(dsn))
		add_advice(dsn, out);
	buf_printf(out, "\nIn the log of %s the message is ", dsn->hostname);
	dsn_add_ascii(dsn->about->id, GATEWAY_ID_MAX, false, out);
	buf_printf(out, ".\n");
}
