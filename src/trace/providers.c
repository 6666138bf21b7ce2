/* SPDX-License-Identifier: ISC
 *
 * The table of providers, and how the lines of each are told from imitations.
 */
#include "trace/providers.h"

#include "trace/names.h"

/* A message that a machine of theirs made itself, with the product that says so: "by host
 * (Postfix, from userid 501)". Offices and build servers, which run what others run, too, write
 * that; it names no client, so that there is nobody to lie about. */
static bool is_own_machine(const struct received *r)
{
	return r->ip.family == 0 && r->product.n != 0 && r->helo.n == 0;
}

/* IronPort, which big sites have at their border, gives neither product nor id: its protocol, in
 * capitals, stands at the end of a line whose date has no weekday. */
static bool is_appliance(const struct received *r)
{
	return r->ip.family && r->has_time && !r->date.has_weekday && r->date.has_zone &&
	       !r->date.half_day && (str_prefix(r->with, STR("ESMTP")) ||
	                             str_eq(r->with, STR("SMTP")));
}

/* Most big sites name a product or give every message an id. Customers' own names are below
 * theirs, too: qmail, which gives neither, runs there; and Zimbra's LMTP. */
static bool has_id(const struct received *r)
{
	return r->id.n != 0 || r->product.n != 0 || r->form == RECEIVED_WEB ||
	       r->form == RECEIVED_QMAIL || str_caseprefix(r->with, STR("LMTP")) ||
	       is_appliance(r);
}

/* Its ids are long and have no capitals; those of most mailers have. */
static bool is_google(const struct received *r)
{
	if (r->form == RECEIVED_WEB || is_own_machine(r))
		return true;
	if (str_casesuffix(name_trim(r->by), STR(".corp.google.com")))
		return r->id.n != 0;
	for (size_t i = 0; i < r->id.n; i++)
		if (r->id.p[i] >= 'A' && r->id.p[i] <= 'Z')
			return false;
	return r->id.n >= 8 && r->has_time && r->date.has_weekday;
}

/* Exchange tells its own address, and did not before 2000; Hotmail ran all kinds of mailers. */
static bool is_microsoft(const struct received *r)
{
	struct str by = name_trim(r->by);
	if (str_casesuffix(by, STR(".outlook.com")) || str_casesuffix(by, STR(".outlook.cn")))
		return r->form == RECEIVED_EXCHANGE || r->form == RECEIVED_WEB ||
		       r->by_ip.family != 0;
	return r->form == RECEIVED_SMTPSVC || r->form == RECEIVED_EXCHANGE ||
	       r->form == RECEIVED_WEB || r->form == RECEIVED_PICKUP ||
	       (r->form == RECEIVED_SENDMAIL && r->id.n) || r->form == RECEIVED_POSTFIX ||
	       str_prefix(r->with, STR("Internet Mail Service")) ||
	       str_prefix(r->product, STR("Microsoft Exchange Internet Mail")) ||
	       is_own_machine(r);
}

/* qmail's line, their own NNFMP, a web line, or one with an address and a name beside it, looked
 * up or said: from 192.0.2.1 (EHLO x) (192.0.2.1) by … with SMTPS */
static bool is_yahoo(const struct received *r)
{
	if (r->form == RECEIVED_WEB || r->form == RECEIVED_QMAIL || r->product.n)
		return true;
	/* (joe@192.0.2.1 with plain [198.51.100.1]), by the clock of its place */
	if (r->auth && r->ip.family && !r->date.has_weekday)
		return r->has_time && r->date.has_zone;
	if (str_caseeq(r->with, STR("NNFMP")))
		return r->has_time && !r->date.has_weekday && r->date.zone_min == 0;
	struct ip literal;
	bool beside = r->rdns.n || (r->helo.n && received_address(r->from, &literal));
	return r->ip.family && beside && r->date.has_weekday &&
	       (str_caseeq(r->with, STR("SMTP")) || str_caseeq(r->with, STR("SMTPS")) ||
	        str_caseeq(r->with, STR("ESMTPS")));
}

/* It moved into Yahoo's houses. */
static bool is_aol(const struct received *r)
{
	return r->product.n != 0 || r->form == RECEIVED_WEB || is_yahoo(r);
}

#define S(text) { text, sizeof(text) - 1 }

enum {
	AOL, GOOGLE, MICROSOFT, YAHOO, GMX, DEUTSCHE_TELEKOM, EARTHLINK, ATT, COMCAST, VERIZON,
	ROAD_RUNNER, APPLE, MAIL_RU, YANDEX, BT, ORANGE, FREE, TELECOM_ITALIA, JUNO, AMAZON_SES,
	EXCITE, MAIL_COM, LYCOS, FASTMAIL, ZOHO, NETEASE, TENCENT, SENDGRID, MAILGUN,
	PROVIDERS
};

/* Those that also give customers lines or machines of their own, with names below theirs. */
enum { RENTS = true, SERVES = false };

static const struct provider providers[PROVIDERS] = {
	[AOL] = { "AOL", is_aol, true, RENTS, { S("X-AOL-IP"), S("X-Originating-IP") } },
	[GOOGLE] = { "Google", is_google, true, SERVES, { S("X-Originating-IP") } },
	[MICROSOFT] = { "Microsoft", is_microsoft, true, SERVES,
	                { S("X-Originating-IP"), S("X-Sender-IP") } },
	[YAHOO] = { "Yahoo", is_yahoo, true, SERVES, { S("X-Originating-IP") } },
	[GMX] = { "GMX", has_id, false, RENTS, { S("X-Originating-IP"), S("X-UI-Sender-IP") } },
	[DEUTSCHE_TELEKOM] = { "Deutsche Telekom", has_id, false, RENTS, { S("") } },
	[EARTHLINK] = { "EarthLink", has_id, false, RENTS, { S("X-Originating-IP") } },
	[ATT] = { "AT&T", has_id, false, RENTS, { S("X-Originating-IP") } },
	[COMCAST] = { "Comcast", has_id, false, RENTS, { S("X-Originating-IP") } },
	[VERIZON] = { "Verizon", has_id, false, RENTS, { S("X-Originating-IP") } },
	[ROAD_RUNNER] = { "Road Runner", has_id, false, RENTS, { S("X-Originating-IP") } },
	[APPLE] = { "Apple", has_id, false, SERVES, { S("") } },
	[MAIL_RU] = { "Mail.ru", has_id, false, SERVES, { S("X-Originating-IP") } },
	[YANDEX] = { "Yandex", has_id, false, SERVES, { S("X-Originating-IP") } },
	[BT] = { "BT", has_id, false, RENTS, { S("X-Originating-IP") } },
	[ORANGE] = { "Orange", has_id, false, RENTS, { S("X-ME-IP"), S("X-Originating-IP") } },
	[FREE] = { "Free", has_id, false, RENTS, { S("") } },
	[TELECOM_ITALIA] = { "Telecom Italia", has_id, false, RENTS, { S("X-Originating-IP") } },
	[JUNO] = { "Juno", has_id, false, RENTS, { S("") } },
	[AMAZON_SES] = { "Amazon SES", has_id, false, RENTS, { S("") } },
	[EXCITE] = { "Excite", has_id, false, SERVES, { S("X-Originating-IP") } },
	[MAIL_COM] = { "Mail.com", has_id, false, SERVES, { S("X-Originating-IP") } },
	[LYCOS] = { "Lycos", has_id, false, SERVES, { S("X-Sender-IP"), S("X-Originating-IP") } },
	[FASTMAIL] = { "FastMail", has_id, false, SERVES, { S("") } },
	[ZOHO] = { "Zoho", has_id, false, SERVES, { S("X-Originating-IP") } },
	[NETEASE] = { "NetEase", has_id, false, SERVES, { S("X-Originating-IP") } },
	[TENCENT] = { "Tencent", has_id, false, SERVES, { S("X-Originating-IP") } },
	[SENDGRID] = { "SendGrid", has_id, false, SERVES, { S("") } },
	[MAILGUN] = { "Mailgun", has_id, false, SERVES, { S("") } },
};

/* Sorted by domain. */
static const struct {
	struct str domain;
	uint8_t provider;
} domains[] = {
	{ S("126.com"), NETEASE }, { S("163.com"), NETEASE }, { S("1and1.com"), GMX },
	{ S("1e100.net"), GOOGLE }, { S("aim.com"), AOL }, { S("alice.it"), TELECOM_ITALIA },
	{ S("amazon.com"), AMAZON_SES }, { S("amazonaws.com"), AMAZON_SES },
	{ S("amazonses.com"), AMAZON_SES }, { S("ameritech.net"), ATT }, { S("aol.com"), AOL },
	{ S("aol.net"), AOL }, { S("apple.com"), APPLE }, { S("att.net"), ATT },
	{ S("attbi.com"), ATT }, { S("bellsouth.net"), ATT }, { S("bk.ru"), MAIL_RU },
	{ S("bt.net"), BT }, { S("btinternet.com"), BT }, { S("btopenworld.com"), BT },
	{ S("charter.net"), ROAD_RUNNER }, { S("comcast.net"), COMCAST },
	{ S("compuserve.com"), AOL }, { S("cs.com"), AOL }, { S("earthlink.com"), EARTHLINK },
	{ S("earthlink.net"), EARTHLINK }, { S("email.com"), MAIL_COM },
	{ S("exchangelabs.com"), MICROSOFT }, { S("excite.com"), EXCITE },
	{ S("fastmail.com"), FASTMAIL },
	{ S("fastmail.fm"), FASTMAIL }, { S("foxmail.com"), TENCENT }, { S("free.fr"), FREE },
	{ S("gmail.com"), GOOGLE }, { S("gmx.com"), GMX }, { S("gmx.de"), GMX },
	{ S("gmx.net"), GMX }, { S("google.com"), GOOGLE }, { S("googlemail.com"), GOOGLE },
	{ S("gte.net"), VERIZON }, { S("hotmail.com"), MICROSOFT }, { S("icloud.com"), APPLE },
	{ S("iname.com"), MAIL_COM }, { S("inbox.ru"), MAIL_RU }, { S("juno.com"), JUNO },
	{ S("kundenserver.de"), GMX }, { S("list.ru"), MAIL_RU }, { S("live.com"), MICROSOFT },
	{ S("lycos.co.uk"), LYCOS }, { S("lycos.com"), LYCOS }, { S("mac.com"), APPLE },
	{ S("mail.com"), MAIL_COM }, { S("mail.ru"), MAIL_RU }, { S("mailcity.com"), LYCOS },
	{ S("mailgun.net"), MAILGUN }, { S("mailgun.org"), MAILGUN }, { S("me.com"), APPLE },
	{ S("messagingengine.com"), FASTMAIL }, { S("microsoft.com"), MICROSOFT },
	{ S("mindspring.com"), EARTHLINK }, { S("mindspring.net"), EARTHLINK },
	{ S("msn.com"), MICROSOFT }, { S("netease.com"), NETEASE }, { S("netscape.net"), AOL },
	{ S("netzero.net"), JUNO }, { S("office365.com"), MICROSOFT },
	{ S("office365.us"), MICROSOFT },
	{ S("orange.fr"), ORANGE }, { S("outblaze.com"), MAIL_COM },
	{ S("outlook.cn"), MICROSOFT }, { S("outlook.com"), MICROSOFT }, { S("pacbell.net"), ATT },
	{ S("passport.com"), MICROSOFT }, { S("perfora.net"), GMX },
	{ S("postgun.com"), MAILGUN }, { S("prodigy.net"), ATT }, { S("proxad.net"), FREE },
	{ S("qq.com"), TENCENT }, { S("rocketmail.com"), YAHOO }, { S("rr.com"), ROAD_RUNNER },
	{ S("sbcglobal.net"), ATT }, { S("sendgrid.net"), SENDGRID },
	{ S("t-ipconnect.de"), DEUTSCHE_TELEKOM }, { S("t-online.com"), DEUTSCHE_TELEKOM },
	{ S("t-online.de"), DEUTSCHE_TELEKOM }, { S("tim.it"), TELECOM_ITALIA },
	{ S("tin.it"), TELECOM_ITALIA }, { S("twc.com"), ROAD_RUNNER },
	{ S("untd.com"), JUNO }, { S("usa.com"), MAIL_COM }, { S("verizon.net"), VERIZON },
	{ S("virgilio.it"), TELECOM_ITALIA }, { S("wanadoo.com"), ORANGE },
	{ S("wanadoo.fr"), ORANGE }, { S("web.de"), GMX }, { S("worldnet.att.net"), ATT },
	{ S("yahoo.co.jp"), YAHOO }, { S("yahoo.co.uk"), YAHOO }, { S("yahoo.com"), YAHOO },
	{ S("yahoo.ie"), YAHOO }, { S("yahoo.net"), YAHOO }, { S("yahoodns.net"), YAHOO },
	{ S("yahoogroups.com"), YAHOO }, { S("yandex.com"), YANDEX },
	{ S("yandex.net"), YANDEX }, { S("yandex.ru"), YANDEX }, { S("yeah.net"), NETEASE },
	{ S("ymail.com"), YAHOO }, { S("zoho.com"), ZOHO }, { S("zohomail.com"), ZOHO },
};

/* The last `count` labels of a name. */
static struct str provider_labels(struct str name, unsigned count)
{
	for (size_t i = name.n; i-- > 0;)
		if (name.p[i] == '.' && --count == 0)
			return str_from(name, i + 1);
	return name;
}

/* As strcmp(3), ASCII case folded; `b` is in lower case. */
static int compare_providers(struct str a, struct str b)
{
	for (size_t i = 0; i < a.n && i < b.n; i++) {
		char c = ascii_lower(a.p[i]);
		if (c != b.p[i])
			return (unsigned char)c < (unsigned char)b.p[i] ? -1 : 1;
	}
	return a.n == b.n ? 0 : a.n < b.n ? -1 : 1;
}

static const struct provider *find_domain(struct str domain)
{
	size_t low = 0, high = sizeof(domains) / sizeof(domains[0]);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_providers(domain, domains[middle].domain);
		if (order == 0)
			return &providers[domains[middle].provider];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct provider *provider_of(struct str name)
{
	name = name_trim(name);
	if (name.n < 4)
		return NULL;
	const struct provider *p = find_domain(provider_labels(name, 2));
	return p ? p : find_domain(provider_labels(name, 3));
}

bool provider_writes(const struct provider *p, struct str header)
{
	for (size_t k = 0; k < 3 && p->client_headers[k].n; k++)
		if (str_caseeq(header, p->client_headers[k]))
			return true;
	return false;
}

bool provider_header(struct str header)
{
	/* All of them end so, and most other fields do not. */
	if (!str_casesuffix(header, STR("-IP")))
		return false;
	for (size_t i = 0; i < PROVIDERS; i++)
		if (provider_writes(&providers[i], header))
			return true;
	return false;
}

bool provider_is_inside(const struct ip *ip)
{
	static const uint8_t mailboxes[6] = { 0x2a, 0x01, 0x01, 0x11, 0xe4, 0x00 };
	static const uint8_t frontends[7] = { 0x2a, 0x01, 0x01, 0x11, 0xf4, 0x00, 0x7e };
	if (ip->family != 6)
		return false;
	if (ip->b[0] == 0x26 && ip->b[1] == 0x03)
		return ip->b[2] == 0x10 && (ip->b[3] & 0x0f) == 6;
	return memcmp(ip->b, mailboxes, sizeof(mailboxes)) == 0 ||
	       memcmp(ip->b, frontends, sizeof(frontends)) == 0;
}

bool provider_same_org(struct str a, struct str b)
{
	if (name_same_domain(a, b))
		return true;
	const struct provider *p = provider_of(a);
	return p && p == provider_of(b);
}
