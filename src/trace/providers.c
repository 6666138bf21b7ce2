/* SPDX-License-Identifier: ISC */
#include "trace/providers.h"

#include "trace/names.h"

/* Most big sites name a product or give every message an id. */
static bool has_id(const struct received *r)
{
	return r->id.n != 0 || r->product.n != 0 || r->form == RECEIVED_WEB;
}

static bool is_aol(const struct received *r)
{
	return r->product.n != 0 || r->form == RECEIVED_WEB;
}

static bool is_google(const struct received *r)
{
	return (r->id.n >= 8 && r->has_time && r->date.has_weekday) || r->form == RECEIVED_WEB;
}

static bool is_microsoft(const struct received *r)
{
	return r->form == RECEIVED_SMTPSVC || r->form == RECEIVED_EXCHANGE ||
	       r->form == RECEIVED_WEB || r->form == RECEIVED_PICKUP ||
	       (r->form == RECEIVED_SENDMAIL && r->id.n) || r->form == RECEIVED_POSTFIX;
}

/* qmail's line, their own NNFMP, a web line, or one with EHLO and an address. */
static bool is_yahoo(const struct received *r)
{
	if (r->form == RECEIVED_WEB || r->form == RECEIVED_QMAIL || r->product.n)
		return true;
	if (str_caseeq(r->with, STR("NNFMP")))
		return r->has_time && !r->date.has_weekday && r->date.zone_min == 0;
	return r->ip.family && r->with.n && str_caseeq(r->with, STR("SMTP")) &&
	       r->date.has_weekday && r->rdns.n;
}

static const struct provider providers[] = {
	{ "AOL", { "aol.com", "aol.net", "aim.com", "netscape.net", "compuserve.com", "cs.com" },
	  is_aol, { "X-AOL-IP", "X-Originating-IP" } },
	{ "Google", { "google.com", "gmail.com", "googlemail.com", "1e100.net" },
	  is_google, { "X-Originating-IP" } },
	{ "Microsoft", { "hotmail.com", "msn.com", "outlook.com", "live.com", "microsoft.com",
	                 "passport.com", "office365.us" },
	  is_microsoft, { "X-Originating-IP", "x-sender-ip" } },
	{ "Yahoo", { "yahoo.com", "yahoo.co.uk", "yahoogroups.com", "yahoo.co.jp", "yahoo.net",
	             "yahoo.ie", "yahoodns.net", "rocketmail.com", "ymail.com" },
	  is_yahoo, { "X-Originating-IP" } },
	{ "GMX", { "gmx.net", "gmx.de", "gmx.com", "web.de", "kundenserver.de", "1and1.com",
	           "perfora.net" },
	  has_id, { "X-Originating-IP", "X-UI-Sender-IP" } },
	{ "Deutsche Telekom", { "t-online.de", "t-online.com", "t-ipconnect.de" }, has_id, { NULL } },
	{ "EarthLink", { "earthlink.net", "mindspring.com", "earthlink.com" },
	  has_id, { "X-Originating-IP" } },
	{ "AT&T", { "att.net", "attbi.com", "worldnet.att.net", "sbcglobal.net", "pacbell.net",
	            "bellsouth.net", "ameritech.net", "prodigy.net" },
	  has_id, { "X-Originating-IP" } },
	{ "Comcast", { "comcast.net" }, has_id, { "X-Originating-IP" } },
	{ "Verizon", { "verizon.net", "gte.net" }, has_id, { "X-Originating-IP" } },
	{ "Road Runner", { "rr.com", "twc.com", "charter.net" }, has_id, { "X-Originating-IP" } },
	{ "Apple", { "apple.com", "mac.com", "me.com", "icloud.com" }, has_id, { NULL } },
	{ "Mail.ru", { "mail.ru", "list.ru", "inbox.ru", "bk.ru" }, has_id, { "X-Originating-IP" } },
	{ "Yandex", { "yandex.ru", "yandex.net", "yandex.com" }, has_id, { "X-Originating-IP" } },
	{ "BT", { "btinternet.com", "btopenworld.com", "bt.net" }, has_id, { "X-Originating-IP" } },
	{ "Orange", { "wanadoo.fr", "orange.fr", "wanadoo.com" }, has_id, { "X-ME-IP",
	                                                                    "X-Originating-IP" } },
	{ "Free", { "free.fr", "proxad.net" }, has_id, { NULL } },
	{ "Telecom Italia", { "tin.it", "virgilio.it", "alice.it", "tim.it" },
	  has_id, { "X-Originating-IP" } },
	{ "Juno", { "juno.com", "netzero.net", "untd.com" }, has_id, { NULL } },
	{ "Amazon SES", { "amazonses.com", "amazon.com", "amazonaws.com" }, has_id, { NULL } },
	{ "Excite", { "excite.com" }, has_id, { "X-Originating-IP" } },
	{ "Mail.com", { "mail.com", "outblaze.com", "email.com", "usa.com", "iname.com" },
	  has_id, { "X-Originating-IP" } },
	{ "Lycos", { "lycos.com", "mailcity.com", "lycos.co.uk" }, has_id,
	  { "X-Sender-Ip", "X-Originating-IP" } },
	{ "FastMail", { "fastmail.fm", "messagingengine.com", "fastmail.com" }, has_id, { NULL } },
	{ "Zoho", { "zoho.com", "zohomail.com" }, has_id, { "X-Originating-IP" } },
};

enum { PROVIDERS = sizeof(providers) / sizeof(providers[0]) };

/* Is `name` the domain or below it? */
static bool is_below(struct str name, struct str domain)
{
	return str_casesuffix(name, domain) &&
	       (name.n == domain.n || name.p[name.n - domain.n - 1] == '.');
}

const struct provider *provider_of(struct str name)
{
	name = name_trim(name);
	if (name.n < 4)
		return NULL;
	for (size_t i = 0; i < PROVIDERS; i++)
		for (size_t k = 0; providers[i].domains[k]; k++)
			if (is_below(name, str_of(providers[i].domains[k])))
				return &providers[i];
	return NULL;
}

static bool lists(const struct provider *p, struct str header)
{
	for (size_t k = 0; k < 3 && p->client_headers[k]; k++)
		if (str_caseeq(header, str_of(p->client_headers[k])))
			return true;
	return false;
}

bool provider_writes(const struct provider *p, struct str header)
{
	return lists(p, header);
}

bool provider_header(struct str header)
{
	for (size_t i = 0; i < PROVIDERS; i++)
		if (lists(&providers[i], header))
			return true;
	return false;
}
