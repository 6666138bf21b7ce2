/* SPDX-License-Identifier: ISC
 *
 * The relay that was abused: a third party's host in the believed chain that took
 * the message from someone unlike itself, without login. It is a reason to test the
 * host, never a verdict; so hosts whose job is to pass on mail are left out.
 */
#include "trace/trace-private.h"

#include "mail/lexical.h"
#include "trace/names.h"
#include "trace/providers.h"

/* A believed host and the line that it wrote. */
struct passing {
	const struct received *line;
	struct ip ip;            /* the host, as the line above saw it */
	struct str rdns, helo;
	bool sure;               /* that line is believed, or is our border's */
	struct str list;         /* what marks the message as a mailing list's, or "" */
};

/* "mta03bw", "smtp13", "tomts20": one of a row of machines, as providers have them. */
static bool is_numbered_mailer(struct str label)
{
	static const char *const words[] = { "mail", "smtp", "mta", "relay", "mts", "post", "out",
	                                     "fep", "rly", "imap" };
	bool digit = false, word = false;
	for (size_t i = 0; i < label.n; i++)
		digit |= ascii_isdigit((unsigned char)label.p[i]);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		word |= str_casesearch(label, str_of(words[i])) != SIZE_MAX;
	return digit && word;
}

static bool sends_for_customers(struct str host)
{
	static const char *const words[] = { "smtp-out", "smtpout", "mail-out", "mailout",
	                                     "outbound", "outgoing", "smarthost", "mta-out",
	                                     "mxout", "mx-out", ".smtp." };
	size_t dot = str_find(host, '.');
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_casesearch(host, str_of(words[i])) != SIZE_MAX)
			return true;
	return dot != SIZE_MAX && is_numbered_mailer((struct str){ host.p, dot });
}

/* A provider's mailer has a name that can be looked up; what one without calls itself in
 * HELO, a small office does too. */
static bool is_smarthost(const struct passing *h)
{
	bool has_name = h->rdns.n && !name_is_generic(h->rdns, &h->ip);
	return sends_for_customers(h->rdns) || (has_name && sends_for_customers(h->line->by));
}

/* Services that take mail for other people's domains and pass it on, and filters through which
 * their customers' servers send. */
static bool is_forwarding_service(struct str host)
{
	static const char *const services[] = {
		".easydns.com", ".pobox.com", ".psmtp.com", ".messagelabs.com", ".mailhop.org",
		".bigfoot.com", ".sneakemail.com", ".spamcop.net", ".postini.com",
		".improvmx.com", ".forwardemail.net", ".simplelogin.co", ".pphosted.com",
		".ppe-hosted.com", ".mimecast.com", ".mimecast.co.za", ".mimecast-offshore.com",
		".mailcontrol.com", ".iphmx.com", ".mxlogic.net", ".mxlogicmx.net",
		".barracudanetworks.com", ".cudamail.com", ".antispamcloud.com",
		".mailspamprotection.com", ".mailchannels.net", ".spamexperts.com",
		".mtaroutes.com", ".hornetsecurity.com", ".antispameurope.com", ".retarus.com",
		".retarus.de", ".expurgate.net", ".expurgate.de", ".trendmicro.com",
		".trendmicro.eu", ".sophos.com", ".fireeyecloud.com", ".zixport.com",
		".appriver.com", ".exclaimer.net", ".cloudflare-email.net", ".cloudfilter.net",
		".emailsrvr.com", ".mailroute.net", ".vadesecure.com", ".mailguard.com.au",
		".smxemail.com", ".mailinblack.com", ".mailanyone.net", ".electric.net",
		".securence.com", ".everycloudtech.com", ".spamh.com", ".spamhero.com",
		".mailprotector.net", ".esvacloud.com", ".cleanport.nl", ".synaq.com",
		".libraesva.com", ".mxguarddog.com", ".duocircle.com", ".seppmail.cloud",
		".anubisnetworks.com",
	};
	host = name_trim(host);
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (str_casesuffix(host, str_of(services[i])))
			return true;
	return false;
}

static struct str domain_of(struct str address)
{
	for (size_t i = address.n; i-- > 0;)
		if (address.p[i] == '@')
			return str_from(address, i + 1);
	return STR("");
}

static bool is_for_own_user(const struct passing *h)
{
	struct str domain = domain_of(h->line->recipient);
	return domain.n && (name_eq(domain, h->line->by) ||
	                    provider_same_org(domain, h->line->by) ||
	                    (h->rdns.n && provider_same_org(domain, h->rdns)));
}

/* "groundspeak.com" and "groundspeak.biz" are one; so is a provider that puts its word
 * into the name of its lines: "bigisp.example" and "line-7-9.mybigisp.example". */
static bool same_word(struct str host, struct str other, bool is_line)
{
	enum { WORD_MIN = 5 };
	char da[NAME_ORG_MAX], db[NAME_ORG_MAX];
	struct str a = name_org(host, da), b = name_org(other, db);
	size_t dot_a = str_find(a, '.'), dot_b = str_find(b, '.');
	if (dot_a == SIZE_MAX || dot_b == SIZE_MAX || dot_a < WORD_MIN)
		return false;
	a.n = dot_a;
	b.n = dot_b;
	return str_eq(a, b) || (is_line && (str_caseprefix(b, a) || str_casesuffix(b, a)));
}

static bool is_same_side(struct str a, struct str b)
{
	return provider_same_org(a, b) || provider_same_family(a, b);
}

/* Customers of one provider are strangers to each other. */
static bool is_alike(const struct passing *h)
{
	const struct received *r = h->line;
	if (ip_is_near(&r->ip, &h->ip))
		return true;
	if (r->rdns.n == 0)
		return false;
	bool is_line = name_is_generic(r->rdns, &r->ip);
	bool both_lines = is_line && name_is_generic(h->rdns, &h->ip);
	bool by_line = is_line && name_is_generic(r->by, &h->ip);
	return (!by_line && is_same_side(r->rdns, r->by)) ||
	       (h->rdns.n && !both_lines && is_same_side(r->rdns, h->rdns)) ||
	       (!by_line && same_word(r->by, r->rdns, is_line));
}

/* A customer's line or rented machine under its provider's name: no mail server of that. */
static bool is_rented(struct str name, const struct ip *ip, const struct provider *p)
{
	static const char *const machines[] = { ".compute.amazonaws.com",
	                                        ".compute-1.amazonaws.com", ".ipt.aol.com" };
	name = name_trim(name);
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (str_casesuffix(name, str_of(machines[i])))
			return true;
	return p->rents && name_is_generic(name, ip) && !sends_for_customers(name);
}

/* The provider whose mail server that is, or NULL. */
static const struct provider *mail_server_of(struct str name, const struct ip *ip)
{
	const struct provider *p = provider_of(name);
	return p && !is_rented(name, ip, p) ? p : NULL;
}

/* Did that line's client take the message from somebody who had logged in there? It is a mail
 * server then, and who passes its mail on is its filter or smarthost: no stranger to it. */
static bool is_client_server(const struct trace *t, size_t i)
{
	while (++i < t->hop_count && t->hops[i].zone == TRACE_LINKED) {
		const struct received *r = &t->hops[i].line;
		if (t->hops[i].note || r->by.n == 0)
			continue;
		if (r->auth)
			return true;
		if (ip_is_public(&r->ip))
			return false;
	}
	return false;
}

/* Adds why the host is none, or why it is one; line i is that which it wrote. */
static bool is_relay(struct trace *t, size_t i, const struct passing *h)
{
	const struct received *r = h->line;
	const struct provider *p = NULL;
	struct trace_whys *why = &t->relay_why;
	if (r->auth)
		why_add(why, WHY_RELAY_LOGIN, r->by, STR(""));
	else if (h->list.n)
		why_add(why, WHY_RELAY_LIST, r->by, h->list);
	else if ((p = mail_server_of(r->by, &h->ip)) != NULL ||
	         (p = mail_server_of(h->rdns, &h->ip)) != NULL)
		why_add(why, WHY_RELAY_PROVIDER, r->by, str_of(p->name));
	else if (is_alike(h))
		why_add(why, WHY_RELAY_ALIKE, r->by, r->rdns.n ? r->rdns : r->helo);
	else if (is_for_own_user(h) || is_forwarding_service(h->rdns.n ? h->rdns : r->by))
		why_add(why, WHY_RELAY_FORWARDER, r->by, r->recipient);
	else if (is_smarthost(h))
		why_add(why, WHY_RELAY_SMARTHOST, r->by, STR(""));
	else if (!r->rdns_doubtful && (p = mail_server_of(r->rdns, &r->ip)) != NULL)
		why_add(why, WHY_RELAY_FOR_PROVIDER, r->by, str_of(p->name));
	else if (is_client_server(t, i))
		why_add(why, WHY_RELAY_FOR_SERVER, r->by, r->rdns.n ? r->rdns : r->helo);
	else
		return true;
	return false;
}

/* The local part may be quoted, and hold an "@" then: "a@b-owner"@example.org. */
static bool has_local_tail(struct str address, const char *tail)
{
	size_t quoted = address.n && address.p[0] == '"' ? lexical_quoted(address) : 0;
	size_t at = str_find(str_from(address, quoted), '@');
	struct str local = { address.p, at == SIZE_MAX ? address.n : quoted + at };
	return str_casesuffix(lexical_inside(local), str_of(tail));
}

/* What marks a list that sent to us. Mail to the owner of a list gets its marks from our
 * own list server; Majordomo's lists have none, but an address that they send by. */
static struct str list_mark(const struct trace *t)
{
	static const char *const owners[] = { "-admin", "-owner", "-request", "-bounces" };
	const struct received *border = &t->hops[t->handover_hop].line;
	for (size_t i = t->handover_hop + 1;
	     i < t->hop_count && t->hops[i].zone <= TRACE_WEAK; i++)
		if (str_casesuffix(t->hops[i].line.recipient, STR("-outgoing")))
			return t->hops[i].line.recipient;
	for (size_t i = 0; t->list.n && i < sizeof(owners) / sizeof(owners[0]); i++)
		if (has_local_tail(border->recipient, owners[i]))
			return STR("");
	return t->list;
}

/* A dial-up by its name, where the host tells no address. */
static bool is_named_stranger(const struct passing *h, const struct received *r)
{
	return r->ip.family == 0 && str_find(r->helo, '.') != SIZE_MAX &&
	       name_is_generic(r->helo, &r->ip) && !provider_same_org(r->helo, r->by) &&
	       !provider_same_org(r->helo, h->rdns);
}

/* Its clock tells of about the time of the line above: a queue may hold a message for days, a
 * wrong zone sets it a day ahead. */
static bool is_of_same_time(const struct trace *t, size_t i)
{
	enum { AHEAD_S = 26 * 3600, QUEUED_S = 5 * 86400 };
	const struct received *r = &t->hops[i].line;
	while (i > t->handover_hop && !t->hops[i - 1].line.has_time)
		i--;
	if (!r->has_time || i == t->handover_hop)
		return false;
	int64_t later_s = r->date.time_s - t->hops[i - 1].line.date.time_s;
	return later_s < AHEAD_S && later_s > -QUEUED_S;
}

/* Does it name a mailer that servers run? */
static bool is_server(const struct received *r)
{
	return r->form == RECEIVED_POSTFIX || r->form == RECEIVED_SENDMAIL ||
	       r->form == RECEIVED_EXIM || r->form == RECEIVED_QMAIL ||
	       r->form == RECEIVED_EXCHANGE || r->form == RECEIVED_SMTPSVC ||
	       r->form == RECEIVED_DOMINO || r->form == RECEIVED_COMMUNIGATE;
}

/* May the line show that the host which wrote it is a relay? It must be believed; but a
 * host that a believed line took it from, as the handover, may be tied to its own line by
 * HELO alone: many a relay has no other name. What is left open then is whether it wrote
 * the line, and a test tells. On a customer's line, where the bots are, and under a name as
 * short as "mail", which others have as well, the line must look like a server's: the name
 * that was said, the mailer, and a clock that is right. */
static bool is_shown(const struct trace *t, size_t i, const struct passing *h)
{
	const struct received *r = &t->hops[i].line;
	bool generic = name_is_generic(h->rdns, &h->ip), internal = name_is_internal(r->by);
	struct ip literal;
	if (t->hops[i].zone == TRACE_LINKED)
		return true;
	if (!h->sure || name_is_localhost(r->by) || received_address(r->by, &literal))
		return false;
	bool said = name_was_said(r->by, h->helo) || name_short_match(r->by, h->helo);
	if (internal)
		return said && is_server(r) && is_of_same_time(t, i);
	return !generic || (said && r->product.n && is_of_same_time(t, i));
}

void relay_find(struct trace *t, const struct trace_border *b)
{
	const struct received *border = &t->hops[t->handover_hop].line;
	struct passing h = { .ip = border->ip, .rdns = border->rdns, .helo = border->helo,
	                     .sure = true, .list = list_mark(t) };
	for (size_t i = t->handover_hop + 1;
	     i < t->hop_count && t->hops[i].zone <= TRACE_WEAK; i++) {
		const struct received *r = &t->hops[i].line;
		bool named = is_named_stranger(&h, r);
		if (t->hops[i].note || (!named && !given_is_public(t, r)))
			continue;
		if (!is_shown(t, i, &h))
			break;
		h.line = r;
		bool ours = border_is_own_ip(b, &h.ip) || border_is_own_ip(b, &r->ip);
		if (!ip_eq(&r->ip, &h.ip) && !ours && is_relay(t, i, &h)) {
			t->relay = h.ip;
			t->relay_why.n = 0;
			why_add(&t->relay_why, WHY_RELAY, r->by, r->rdns.n ? r->rdns : r->helo);
			if (t->hops[i].zone == TRACE_WEAK)
				why_add(&t->relay_why, WHY_RELAY_WEAK, r->by, STR(""));
		}
		if (named)
			continue;
		h.ip = r->ip;
		h.rdns = r->rdns;
		h.helo = r->helo;
		h.sure = t->hops[i].zone == TRACE_LINKED;
	}
	if (t->relay_why.n == 0)
		why_add(&t->relay_why, WHY_RELAY_NONE, STR(""), STR(""));
}
