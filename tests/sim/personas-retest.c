/* SPDX-License-Identifier: ISC
 *
 * What hosts that were proved open are later: repaired, each in the words of its server, or
 * sly. A sly one relays for all the world but the tester, so it must stay on the list; a repaired
 * one must be delisted by one retest. Nobody but the tester asks here, so that what it hears is
 * all there is of them.
 */
#include "persona.h"

#define CLOSED  VERDICT_CLOSED

/* ---- sly ---- */

#define SLY .truth = VERDICT_INCONCLUSIVE, .copies = 2, .was = "open"

#define GREYLISTS(id, words) \
	{ .name = "sly-greylisting-" id, SLY, \
	  .guard = { .grey = { 450, "4.7.1", words }, .spares_postmaster = true } }
#define BLOCKS_AT(id, stage, code, enhanced, words) \
	{ .name = "sly-" id, SLY, .guard = { .block = { code, enhanced, words }, .at = stage } }
#define BLOCKS(id, code, enhanced, words) BLOCKS_AT(id, STAGE_RCPT, code, enhanced, words)
#define SPARES(id, code, enhanced, words) \
	{ .name = "sly-" id, SLY, \
	  .guard = { .block = { code, enhanced, words }, .spares_postmaster = true } }

/* ---- repaired ---- */

#define FIXED .truth = CLOSED, .copies = 2
#define FIXED_WORDS(id, code, enhanced, words) \
	{ .name = "fixed-" id, FIXED, .was = "open", .refusal = { code, enhanced, words } }
/* Another server behind it, in Postfix's words. */
#define FIXED_FORM(id, before, ...) \
	{ .name = "fixed-" id, FIXED, .was = before, __VA_ARGS__ }

#define RELAY_DENIED { 554, "5.7.1", "{rcpt}: Relay access denied" }

static const struct persona rows[] = {
	/* ---- greylisting for ever, in many languages; mail for the postmaster is taken ---- */
	GREYLISTS("en", "{rcpt}: Relaying temporarily denied: greylisted, try again in 300 seconds"),
	GREYLISTS("de", "{rcpt}: Empfaenger abgelehnt: Bitte versuchen Sie es spaeter erneut"),
	GREYLISTS("fr", "{rcpt}: destinataire refus\xc3\xa9 pour l'instant, r\xc3\xa9" "essayez "
	          "dans 300 secondes"),
	GREYLISTS("es", "Acceso denegado temporalmente, vuelva a intentarlo en 5 minutos"),
	GREYLISTS("it", "{rcpt}: Accesso negato: inoltro rimandato, riprovare tra 300 secondi"),
	GREYLISTS("pl", "Odmowa dost\xc4\x99pu do serwera, prosz\xc4\x99 spr\xc3\xb3"
	          "bowa\xc4\x87 ponownie"),

	/* ---- the tester is blocked, in ten wordings ---- */
	BLOCKS("dnsbl", 554, "5.7.1", "Service unavailable; Client host [{client}] blocked using "
	       "relays.bl.example; Open relay, see http://bl.example/?{client}"),
	BLOCKS("blocked-using", 550, "5.7.1", "{rcpt}: Recipient address rejected: {client} is "
	       "blocked using the list of this house"),
	BLOCKS("reputation", 550, "5.7.1", "[{client}] Our system has detected that the reputation "
	       "of your address is low. Your message was refused."),
	BLOCKS("ban", 550, "", "{client} is banned from this server for attempts at relaying"),
	BLOCKS("reverse-name", 550, "5.7.25", "[{client}] The sending address has no reverse name"),
	BLOCKS("helo", 550, "5.7.1", "<{helo}>: Helo command rejected: Host not found"),
	BLOCKS("rate-limit", 550, "5.7.1", "Hourly limit of messages from {client} exceeded"),
	BLOCKS("use-your-provider", 550, "5.7.1", "Mail from {client} is not accepted here, please "
	       "use the relay of your provider"),
	BLOCKS_AT("sender-domain", STAGE_MAIL, 550, "5.1.7", "{sender}: Sender address rejected: "
	          "not allowed here"),
	BLOCKS_AT("sender-spf", STAGE_MAIL, 550, "5.1.8", "{sender}: Sender address rejected: SPF "
	          "does not name {client}"),
	BLOCKS("sender-at-rcpt", 550, "5.1.8", "{sender}: Sender address rejected: Domain not found"),
	SPARES("spares-postmaster", 554, "5.7.1", "Client host [{client}] is blacklisted here"),
	SPARES("spares-postmaster-spf", 550, "5.7.23", "The message was rejected because of Sender "
	       "Policy Framework violation"),

	/* The same to everybody's mail and to its own: it does not say why. */
	BLOCKS("unknown-word", 554, "5.7.1", "{rcpt}: Recipient address rejected: Access denied"),
	BLOCKS("unknown-word-with-id", 550, "5.7.1", "Denied by the rules of this house [{id}]"),

	/* ---- the form that was open is put off or blocked, the others are refused well ---- */
	{ .name = "sly-percent-blocked", .truth = VERDICT_INCONCLUSIVE, .copies = 0,
	  .was = "percent", .reads = READ_PERCENT, .guard = { .led_on_only = true,
	  .block = { 550, "5.7.1", "{client} is on the black list of this house" } } },
	{ .name = "sly-percent-greylisted", .truth = VERDICT_INCONCLUSIVE, .copies = 0,
	  .was = "percent", .reads = READ_PERCENT, .guard = { .led_on_only = true,
	  .grey = { 450, "4.7.1", "{rcpt}: Recipient address rejected: Greylisted" } } },

	/* ---- it is not talked to ---- */
	BLOCKS_AT("banner-554", STAGE_CONNECT, 554, "", "mx.example Your access to this mail "
	          "system has been rejected; relay access denied"),
	BLOCKS_AT("banner-521", STAGE_CONNECT, 521, "", "mx.example does not relay for {client}"),
	BLOCKS_AT("at-helo", STAGE_HELO, 550, "5.7.1", "<{helo}>: relaying denied"),
	{ .name = "sly-hangs-up-at-rcpt", SLY, .hangs_up_at = "RCPT" },
	{ .name = "sly-hangs-up-after-354", SLY, .hangs_up_at = "354", .trusts = TRUST_ALL,
	  .offers = NO_CHUNKING },
	{ .name = "sly-goes-dark", .truth = VERDICT_UNREACHABLE, .copies = 2, .was = "open",
	  .absent = true },
	/* What it says to the tester sounds right; for an address that it does not know for the
	 * tester's it still relays. */
	{ .name = "sly-knows-the-tester", .truth = CLOSED, .copies = 0, .was = "open", .stays = true,
	  .trusts = TRUST_ALL, .guard = { .block = RELAY_DENIED, .spares_unknown = true,
	  .spares_postmaster = true } },

	/* ---- repaired, in the words of each server ---- */
	FIXED_WORDS("postfix-454", 454, "4.7.1", "{rcpt}: Relay access denied"),
	FIXED_WORDS("postfix-554", 554, "5.7.1", "{rcpt}: Relay access denied"),
	FIXED_WORDS("opensmtpd", 550, "", "Invalid recipient: {rcpt}"),
	{ .name = "fixed-opensmtpd-tls", FIXED, .was = "open",
	  .offers = OFFER_STARTTLS | NEEDS_TLS, .refusal = { 550, "", "Invalid recipient: {rcpt}" } },
	{ .name = "fixed-unknown-word-tls", FIXED, .was = "open",
	  .offers = OFFER_STARTTLS | NEEDS_TLS, .refusal = { 550, "", "Denied by our rules" } },
	FIXED_WORDS("exim", 550, "", "relay not permitted"),
	FIXED_WORDS("cpanel", 550, "", "Please turn on SMTP Authentication in your mail client.\n"
	            "(probe.example) [{client}]:52000 is not permitted to relay through this "
	            "server without\nauthentication."),
	FIXED_WORDS("sendmail", 550, "5.7.1", "{rcpt}... Relaying denied"),
	FIXED_WORDS("sendmail-no-ptr", 550, "5.7.1", "{rcpt}... Relaying denied. IP name lookup "
	            "failed [{client}]"),
	FIXED_WORDS("qmail", 553, "", "sorry, that domain isn't in my list of allowed rcpthosts "
	            "(#5.7.1)"),
	FIXED_WORDS("qmail-location", 550, "", "sorry, relaying denied from your location "
	            "[{client}] (#5.7.1)"),
	FIXED_WORDS("exchange", 550, "5.4.1", "Recipient address rejected: Access denied. "
	            "AS(201806281)"),
	FIXED_WORDS("exchange-5.7.54", 550, "5.7.54", "SMTP; Unable to relay recipient in "
	            "non-accepted domain"),
	{ .name = "fixed-exchange-login", FIXED, .was = "open", .refuses_at = STAGE_MAIL,
	  .refusal = { 530, "5.7.57", "SMTP; Client was not authenticated to send anonymous mail "
	  "during MAIL FROM" } },
	FIXED_WORDS("mdaemon", 550, "5.7.1", "This system is not configured to relay mail from "
	            "{client}"),
	FIXED_WORDS("google", 550, "5.7.1", "Invalid credentials for relay [{client}]. The IP "
	            "address you've\nregistered in your SMTP Relay service doesn't match domain "
	            "of the\naccount this email is being sent from."),
	FIXED_WORDS("unknown-word", 550, "", "Denied by the rules of this house"),
	FIXED_WORDS("russian", 550, "5.7.1", "{rcpt}: \xd0\xbf\xd0\xb5\xd1\x80\xd0\xb5\xd1\x81\xd1\x8b"
	            "\xd0\xbb\xd0\xba\xd0\xb0 \xd0\xb7\xd0\xb0\xd0\xbf\xd1\x80\xd0\xb5"
	            "\xd1\x89\xd0\xb5\xd0\xbd\xd0\xb0"),
	FIXED_WORDS("echoes-all", 554, "5.7.1", "{sender} to {rcpt} from {client}, HELO {helo}: "
	            "Relay access denied"),

	/* ---- repaired, and short-tempered ---- */
	{ .name = "fixed-bans-by-reset", FIXED, .was = "open", .refusal = RELAY_DENIED,
	  .guard = { .refusals = 5, .ban_ms = 800, .ban = BAN_RESETS } },
	{ .name = "fixed-bans-at-the-banner", FIXED, .was = "open", .refusal = RELAY_DENIED,
	  .guard = { .refusals = 5, .ban_ms = 800, .ban = BAN_SAYS,
	             .ban_words = { 554, "5.7.1", "{client} is banned: too many errors" } } },
	{ .name = "fixed-bans-in-the-firewall", FIXED, .was = "open", .refusal = RELAY_DENIED,
	  .guard = { .refusals = 5, .ban_ms = 800, .ban = BAN_SHUTS } },
	{ .name = "fixed-greylists-first", FIXED, .was = "open", .refusal = RELAY_DENIED,
	  .guard = { .grey = { 450, "4.2.0", "{rcpt}: Recipient address rejected: Greylisted" },
	             .yields_ms = 1500 } },
	{ .name = "fixed-limits-connections", FIXED, .was = "open", .refusal = RELAY_DENIED,
	  .guard = { .connections = 3, .within_ms = 900 } },
	{ .name = "fixed-greet-pause", FIXED, .was = "open", .refusal = RELAY_DENIED,
	  .wire = WIRE_GREET_PAUSE },

	/* ---- repaired: the one way in that there was ---- */
	FIXED_FORM("percent", "percent", .refusal = RELAY_DENIED),
	FIXED_FORM("forged-sender", "sender-at-host", .refusal = RELAY_DENIED,
	           .forged_sender = { 550, "5.1.8", "{sender}: Sender address rejected: that is "
	           "us" }),
	FIXED_FORM("forged-literal", "sender-at-literal", .refusal = RELAY_DENIED,
	           .forged_sender = { 553, "5.1.8", "{sender}... Spoofed sender" }),
	FIXED_FORM("null-sender", "null-sender", .refusal = RELAY_DENIED,
	           .forged_sender = { 550, "5.7.1", "<>: Sender address rejected: no bounces" }),
	FIXED_FORM("bare-sender", "bare-sender", .refusal = RELAY_DENIED,
	           .forged_sender = { 504, "5.5.2", "<{sender}>: Sender address rejected: need "
	           "fully-qualified address" }),
	FIXED_FORM("forged-helo", "helo-own-name", .refusal = RELAY_DENIED,
	           .forged_helo = { 550, "5.7.1", "<{helo}>: Helo command rejected: that is us" }),
	FIXED_FORM("helo-localhost", "helo-localhost", .refusal = RELAY_DENIED,
	           .forged_helo = { 550, "5.7.1", "<{helo}>: Helo command rejected: that is "
	           "us" }),
	FIXED_FORM("proxy", "proxy-believed", .refusal = RELAY_DENIED, .offers = REFUSES_PROXY),
	FIXED_FORM("xclient", "xclient", .refusal = RELAY_DENIED),
	FIXED_FORM("login", "any-password", .refusal = RELAY_DENIED, .offers = OFFER_AUTH),
	FIXED_FORM("login-gone", "any-password", .refusal = RELAY_DENIED),
	FIXED_FORM("login-after-tls", "any-password-under-tls", .refusal = RELAY_DENIED,
	           .offers = OFFER_AUTH | OFFER_STARTTLS | AUTH_AFTER_TLS),
	FIXED_FORM("starttls", "starttls", .refusal = RELAY_DENIED, .offers = OFFER_STARTTLS),
	FIXED_FORM("port-25", "source-port", .refusal = RELAY_DENIED),

	/* ---- submission: only its own users are let in ---- */
	{ .name = "open-587", .truth = VERDICT_OPEN, .copies = 0, .trusts = TRUST_ALL,
	  .offers = OFFER_AUTH, .port = 587 },
	{ .name = "fixed-submission", .truth = CLOSED, .copies = 0, .was = "open-587", .port = 587,
	  .offers = OFFER_AUTH,
	  .guard = { .block = { 554, "5.7.1", "<unknown[{client}]>: Client host rejected: Access "
	             "denied" } } },
	{ .name = "fixed-submission-login", .truth = CLOSED, .copies = 0, .was = "open-587",
	  .port = 587, .offers = OFFER_AUTH | NEEDS_LOGIN },
};

const struct personas personas_retest = { rows, sizeof(rows) / sizeof(*rows) };
