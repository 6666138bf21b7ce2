/* SPDX-License-Identifier: ISC
 *
 * The words of evidence and their meaning, as tables.
 */
#include "proof/evidence-words.h"

struct word {
	struct str word;
	const char *name, *text;
};

static const struct word verdicts[] = {
	{ STR("open"), "an open relay",
	  "This server passes on mail of strangers to strangers. The tester gave it a message that "
	  "is neither from one of its users nor for one of them, and the server sent that message "
	  "on: it arrived at the collector, which belongs to the tester. Anybody can send mail "
	  "through this server and hide behind it." },
	{ STR("closed"), "no open relay",
	  "This server took part in the test and refused every form that was tried." },
	{ STR("accepting"), "accepts, and nothing came back",
	  "This server took a message that is neither from nor for its users, but the message did "
	  "not arrive at the collector. That proves no relay: it may have been thrown away, or "
	  "lie in a mailbox." },
	{ STR("backscatter"), "bounces mail to forged senders",
	  "This server took a message that it could not deliver and returned it to the sender that "
	  "the message claimed. That is no relay; but whoever is named as a forged sender gets "
	  "mail from this server that he never caused." },
	{ STR("unreachable"), "unreachable",
	  "No mail server answered at this address. Nothing was shown." },
	{ STR("inconclusive"), "undecided",
	  "The server put the tester off, or refused the tester and not the relaying. Nothing was "
	  "shown." },
};

static const struct word consents[] = {
	{ STR("owner"), NULL, "the owner of the address asked for the test" },
	{ STR("contact"), NULL, "the host had sent mail to the tester" },
	{ STR("evidence"), NULL, "a spam message that came by this host" },
	{ STR("range"), NULL, "a permit of the operator for the range of the address" },
};

static const struct word *find_word(const struct word *words, size_t n, struct str word)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(words[i].word, word))
			return &words[i];
	return NULL;
}

#define FIND(words, word) find_word(words, sizeof(words) / sizeof(*(words)), word)

const char *evidence_verdict_name(struct str verdict)
{
	const struct word *w = FIND(verdicts, verdict);
	return w ? w->name : NULL;
}

const char *evidence_verdict_text(struct str verdict)
{
	const struct word *w = FIND(verdicts, verdict);
	return w ? w->text : NULL;
}

const char *evidence_consent_text(struct str consent)
{
	const struct word *w = FIND(consents, consent);
	return w ? w->text : NULL;
}

const char *evidence_session_text(enum relay_session session)
{
	static const char *const texts[] = {
		[RELAY_BARE_BDAT] = "The message was sent by BDAT in place of DATA.",
		[RELAY_POSTMASTER_FIRST] =
			"A recipient at the server itself was named before the foreign one.",
		[RELAY_UTF8] = "The envelope was sent with SMTPUTF8.",
		[RELAY_DATA_ANYWAY] = "The message was sent although its recipient was refused.",
		[RELAY_ANNOUNCED] = "Nothing was sent: the server announced it.",
		[RELAY_HELO_LOCALHOST] = "The tester called itself \"localhost\".",
		[RELAY_HELO_LOOPBACK] = "The tester called itself \"[127.0.0.1]\".",
		[RELAY_HELO_HOST] = "The tester called itself by the server's own name.",
		[RELAY_HELO_DOMAIN] = "The tester called itself by the server's mail domain.",
		[RELAY_HELO_LITERAL] = "The tester called itself by the server's own address.",
		[RELAY_TRUSTED_PTR] =
			"The tester came from an address whose reverse name looks trusted.",
		[RELAY_XCLIENT] = "The tester claimed by XCLIENT to come from 127.0.0.1.",
		[RELAY_PROXY_V1] = "The tester claimed by a PROXY header to come from elsewhere.",
		[RELAY_PROXY_V2] =
			"The tester claimed by a binary PROXY header to come from elsewhere.",
		[RELAY_SOURCE_PORT] = "The tester came from port 25.",
		[RELAY_AUTH_INVENTED] = "The tester logged in with a name and password it made up.",
		[RELAY_AUTH_OWN] =
			"The tester logged in with an account of the owner's, as another sender.",
		[RELAY_STARTTLS] = "The connection was encrypted by STARTTLS.",
	};
	size_t i = session;
	return i < sizeof(texts) / sizeof(*texts) ? texts[i] : NULL;
}

const char *evidence_said_text(enum transcript_step step)
{
	switch (step) {
	case TRANSCRIPT_MAIL: return "the sender";
	case TRANSCRIPT_RCPT: return "the recipient: the collector's, not one of this server's";
	case TRANSCRIPT_DATA: return "asks to hand over the message";
	case TRANSCRIPT_END: return "the end of the message, which stands in the transcript below";
	default: return NULL;
	}
}

static const char *accepted_text(enum transcript_step step, unsigned code)
{
	switch (step) {
	case TRANSCRIPT_MAIL: return "the server accepts the sender";
	case TRANSCRIPT_RCPT: return "the server accepts the recipient";
	case TRANSCRIPT_DATA: return code == 354 ? "the server asks for the message" : NULL;
	case TRANSCRIPT_END: return "the server takes the message, to deliver it";
	default: return NULL;
	}
}

const char *evidence_answer_text(enum transcript_step step, unsigned code)
{
	if (code / 100 == 2 || code == 354)
		return accepted_text(step, code);
	if (code / 100 == 4)
		return "the server puts it off";
	return code / 100 == 5 ? "the server refuses" : NULL;
}
