/* SPDX-License-Identifier: ISC
 *
 * The table. Order is the order of testing: plain forms first, forms that need
 * the host's own name after them, forms that need a connection of their own last.
 */
#include "catalogue/catalogue.h"

#include <assert.h>

#define FROM "<{S}@{T}>"
#define TO "<{U}@{D}>"
#define ENVELOPE FROM, TO

#define OWN RELAY_OWN_DOMAIN

const struct relay_case relay_cases[] = {
	/* Sender forms: the recipient is plain. */
	{ 1, "E01", ENVELOPE, RELAY_PLAIN, 0, "relays for all", "A2 O R G" },
	{ 2, "E02", "<{S}@{D}>", TO, RELAY_PLAIN, 0,
	  "sender or recipient known is enough; anti-spoof rule that permits", "A1 N2 X2 O" },
	{ 3, "E03", "<>", TO, RELAY_PLAIN, 0, "bounces may go anywhere", "A5 N1 X1" },
	{ 4, "E04", "<{S}>", TO, RELAY_PLAIN, 0, "trust in a sender without domain", "A4 O" },
	{ 5, "E05", "<{S}@localhost>", TO, RELAY_PLAIN, 0, "trust in a sender at localhost", "A3" },
	{ 6, "E06", "<{S}@{R}>", TO, RELAY_PLAIN, 0,
	  "trust in a forged local sender (relay_local_from, relay_mail_from)", "A6 N3 X3 R S",
	  "E07" },
	{ 7, "E07", "<{S}@{I}>", TO, RELAY_PLAIN, 0,
	  "trust in a forged local sender, address literal", "A7 N4 R" },
	{ 8, "E08", "<postmaster@{R}>", TO, RELAY_PLAIN, 0, "role account exempted", "A19" },
	{ 9, "E09", "<{S}@{M}>", TO, RELAY_PLAIN, 0,
	  "trust in the mail domain known from MX or PTR", "O" },
	{ 10, "E10", FROM, " {U}@{D}", RELAY_PLAIN, 0,
	  "parser path without the check for paths without brackets", "O" },

	/* Recipient forms: the sender is plain. */
	{ 11, "E11", FROM, "<\"{U}@{D}\">", RELAY_PLAIN, OWN, "address quoted whole",
	  "A0 A10 N7 X7 O" },
	{ 12, "E12", FROM, "<\"{U}%{D}\">", RELAY_PLAIN, OWN, "quoted percent hack", "A11 N8 X8" },
	{ 13, "E13", FROM, "<{U}%{D}>", RELAY_PLAIN, OWN, "percent hack without domain",
	  "nmap docs" },
	{ 14, "E14", FROM, "<{U}%{D}@{R}>", RELAY_PLAIN, OWN,
	  "percent hack (percent_hack_domains, allow_untrusted_routing, loose_relay_check)",
	  "A8 N6 X6 O S E P F", "E15" },
	{ 15, "E15", FROM, "<{U}%{D}@{I}>", RELAY_PLAIN, OWN, "percent hack behind a literal",
	  "A9 N5 X5 O" },
	{ 16, "E16", FROM, "<{U}@{D}@{R}>", RELAY_PLAIN, OWN, "double at", "N11 X11 O P", "E17" },
	{ 17, "E17", FROM, "<{U}@{D}@{I}>", RELAY_PLAIN, OWN, "double at behind a literal",
	  "A14 N9 X9 O" },
	{ 18, "E18", FROM, "<\"{U}@{D}\"@{R}>", RELAY_PLAIN, OWN,
	  "delivery looks inside quotes (resolve_dequoted_address)", "P", "E19" },
	{ 19, "E19", FROM, "<\"{U}@{D}\"@{I}>", RELAY_PLAIN, OWN,
	  "delivery looks inside quotes, literal", "A13 N10 X10" },
	{ 20, "E20", FROM, "<\"{U}@{D}@{R}\">", RELAY_PLAIN, OWN, "quoted double at", "A12" },
	{ 21, "E21", FROM, "<@{R}:{U}@{D}>", RELAY_PLAIN, 0, "source route honoured",
	  "A15 N13 X13 O F", "E22" },
	{ 22, "E22", FROM, "<@{I}:{U}@{D}>", RELAY_PLAIN, 0, "source route honoured, literal",
	  "A16 N12 X12" },
	{ 23, "E23", FROM, "<@{R},@{T}:{U}@{D}>", RELAY_PLAIN, 0, "multi-hop source route", "F" },
	{ 24, "E24", FROM, "<{D}!{U}>", RELAY_PLAIN, OWN, "UUCP bang path", "A17 N14 X14 F" },
	{ 25, "E25", FROM, "<{D}!{U}@{R}>", RELAY_PLAIN, OWN,
	  "mixed UUCP and Internet (FEATURE(nouucp), swap_bangpath)", "N16 X16 O P", "E26" },
	{ 26, "E26", FROM, "<{D}!{U}@{I}>", RELAY_PLAIN, OWN, "mixed UUCP and Internet, literal",
	  "A18 N15 X15 O" },
	{ 27, "E27", FROM, "<{R}!{D}!{U}>", RELAY_PLAIN, OWN, "relay!destination!user", "F" },
	{ 28, "E28", FROM, "<{U}%{D}%{R}@{R}>", RELAY_PLAIN, OWN, "nested percent", "-" },
	{ 29, "E29a", FROM, "<{U}%{D}@localhost>", RELAY_PLAIN, OWN,
	  "localhost is local, then parsed again: percent", "-" },
	{ 30, "E29b", FROM, "<{U}@{D}@localhost>", RELAY_PLAIN, OWN,
	  "localhost is local, then parsed again: double at", "-" },
	{ 31, "E30", FROM, "<{U}@{D}.>", RELAY_PLAIN, 0, "trailing dot escapes the match", "-" },
	{ 32, "E31a", FROM, "<{U}@{D}@>", RELAY_PLAIN, OWN, "null domain (resolve_null_domain)",
	  "P" },
	{ 33, "E31b", FROM, "<{U}%{D}@>", RELAY_PLAIN, OWN, "null domain behind a percent hack",
	  "P" },
	{ 34, "E32", FROM, "<{U}@{CL}>", RELAY_PLAIN, 0,
	  "address literals not covered by the domain check", "-" },
	{ 35, "E33", FROM, "<{U}@{C}>", RELAY_PLAIN, RELAY_V4_COLLECTOR,
	  "bare address as domain (resolve_numeric_domain)", "P" },
	{ 36, "E34a", FROM, "<\"/c=us/admd= /prmd=xyz/dd.rfc-822={U}(a){D}/\"@{R}>", RELAY_PLAIN,
	  OWN, "X.400 gateway", "F" },
	{ 37, "E34b", FROM, "<\"{R}::smtp%\\\"{U}@{D}\\\"\"@{R}>", RELAY_PLAIN, OWN,
	  "DECnet gateway", "F" },
	{ 38, "E35", FROM, "<IMCEASMTP-{U}+40{D}@{R}>", RELAY_PLAIN, OWN,
	  "Exchange 5.5 and IIS encapsulated address", "CVE-1999-0682 MS99-027" },
	{ 39, "E36", FROM, "<{U}:{D}@{R}>", RELAY_PLAIN, OWN, "colon routing", "-" },
	{ 40, "E37a", FROM, "<{U}@{D}({R})@{R}>", RELAY_PLAIN, OWN, "comment around the host",
	  "-" },
	{ 41, "E37b", FROM, "<{U}(x)@{D}>", RELAY_PLAIN, 0,
	  "RFC 822 comment in the path (strict_rfc821_envelopes=no)", "-" },
	{ 42, "E38a", FROM, "<<{U}@{D}>>", RELAY_PLAIN, 0, "double brackets", "-" },
	{ 43, "E38b", FROM, "< {U}@{D} >", RELAY_PLAIN, 0, "spaces inside the brackets", "-" },
	{ 44, "E39", FROM, "<{U}\\@{D}@{R}>", RELAY_PLAIN, OWN, "backslash quoting", "-" },
	{ 45, "E40a", FROM, "<{U}@{D}> ORCPT=rfc822;x@{R}", RELAY_PLAIN, 0,
	  "policy reads the ORCPT parameter", "-" },
	{ 46, "E40b", FROM, "<{U}@{D}> NOTIFY=NEVER", RELAY_PLAIN, 0,
	  "policy reads the wrong argument", "-" },
	{ 47, "E41", FROM, "<SRS0=HHH=TT={D}={U}@{R}>", RELAY_PLAIN, OWN,
	  "SRS reversal without hash check", "-" },
	{ 48, "X01", "<{S}@{R}>", "<{U}%{D}@{R}>", RELAY_PLAIN, OWN,
	  "percent hack from a forged local sender", "A8", "X02" },
	{ 49, "X02", "<{S}@{I}>", "<{U}%{D}@{I}>", RELAY_PLAIN, OWN,
	  "percent hack from a forged local sender, literals", "N5 X5" },

	/* Session forms: the envelope is plain. */
	{ 60, "S11", ENVELOPE, RELAY_BARE_BDAT, 0, "check attached to DATA only", "-" },
	{ 61, "S12", ENVELOPE, RELAY_POSTMASTER_FIRST, 0,
	  "state leaks after an accepted recipient", "-" },
	{ 62, "S13", FROM, "<{U}\xef\xbc\xa0{D}@{R}>", RELAY_UTF8, OWN,
	  "full-width at sign normalised after the check", "-" },
	{ 63, "S20", ENVELOPE, RELAY_DATA_ANYWAY, 0, "reply and action disagree", "-" },
	{ 64, "S04b", ENVELOPE, RELAY_ANNOUNCED, RELAY_FINDING_ONLY,
	  "XFORWARD offered to strangers: their logs can be forged", "-" },
	{ 65, "S01a", ENVELOPE, RELAY_HELO_LOCALHOST, 0, "trust in HELO localhost", "-" },
	{ 66, "S01b", ENVELOPE, RELAY_HELO_LOOPBACK, 0, "trust in HELO [127.0.0.1]", "-" },
	{ 67, "S02a", ENVELOPE, RELAY_HELO_HOST, 0, "trust in HELO with the host's name", "-" },
	{ 68, "S02b", ENVELOPE, RELAY_HELO_DOMAIN, 0, "trust in HELO with the mail domain", "-" },
	{ 69, "S02c", ENVELOPE, RELAY_HELO_LITERAL, 0, "trust in HELO with the host's address",
	  "-" },
	{ 70, "S03", ENVELOPE, RELAY_TRUSTED_PTR, 0, "trust in the client's reverse name", "-" },
	{ 71, "S04", ENVELOPE, RELAY_XCLIENT, 0,
	  "XCLIENT believed from strangers (smtpd_authorized_xclient_hosts)", "-" },
	{ 72, "S05a", ENVELOPE, RELAY_PROXY_V1, 0,
	  "PROXY header believed from strangers, version 1", "-" },
	{ 73, "S05b", ENVELOPE, RELAY_PROXY_V2, 0,
	  "PROXY header believed from strangers, version 2", "-" },
	{ 74, "S06", ENVELOPE, RELAY_SOURCE_PORT, 0, "trust in the source port", "-" },
	{ 75, "S10", ENVELOPE, RELAY_AUTH_INVENTED, RELAY_OWNER_ONLY, "accepts any password", "-" },
	{ 76, "S14", ENVELOPE, RELAY_AUTH_OWN, RELAY_OWNER_ONLY | RELAY_FINDING_ONLY,
	  "a login may use another's sender (reject_sender_login_mismatch)", "-" },
	{ 77, "S09", ENVELOPE, RELAY_STARTTLS, 0,
	  "permit after TLS; client certificate not checked (permit_tls_all_clientcerts)", "-" },
};
const size_t relay_case_count = sizeof(relay_cases) / sizeof(*relay_cases);

bool relay_forges_sender(const struct relay_case *c)
{
	return strcmp(c->mail, FROM) != 0 && strcmp(c->mail, "<{S}@{D}>") != 0;
}

bool relay_forges_helo(const struct relay_case *c)
{
	return c->session >= RELAY_HELO_LOCALHOST && c->session <= RELAY_HELO_LITERAL;
}

bool relay_claims_client(const struct relay_case *c)
{
	return c->session >= RELAY_TRUSTED_PTR && c->session != RELAY_STARTTLS;
}

/* Asked for every result of a test: the second byte tells most rows apart. */
const struct relay_case *relay_case_by_id(struct str id)
{
	for (size_t i = 0; i < relay_case_count && id.n >= 2; i++)
		if (relay_cases[i].id[1] == id.p[1] && str_eq(id, str_of(relay_cases[i].id)))
			return &relay_cases[i];
	return NULL;
}

const struct relay_case *relay_case_by_number(unsigned number)
{
	for (size_t i = 0; i < relay_case_count; i++)
		if (relay_cases[i].number == number)
			return &relay_cases[i];
	return NULL;
}

/* ---- forms and their twins under STARTTLS ------------------------------------------------ */

static const char tls_prefix[] = "S09-";

int relay_form_parse(struct str name, struct relay_form *form)
{
	bool starttls = str_prefix(name, STR(tls_prefix));
	form->starttls = starttls;
	form->row = relay_case_by_id(str_from(name, starttls ? sizeof(tls_prefix) - 1 : 0));
	return form->row ? ERR_OK : ERR_NOT_FOUND;
}

void relay_form_name(const struct relay_form *form, char name[static RELAY_NAME_MAX])
{
	size_t n = form->starttls ? sizeof(tls_prefix) - 1 : 0;
	memcpy(name, tls_prefix, n);
	bool whole = str_copy(name + n, RELAY_NAME_MAX - n, str_of(form->row->id));
	assert(whole);
}

bool relay_has_tls_twin(const struct relay_case *c)
{
	return c->session == RELAY_PLAIN;
}
