/* SPDX-License-Identifier: ISC
 *
 * What each server makes of an item, after its documentation: postconf(5) mynetworks, Exim's
 * specification 6.21 and 10.11 (lists; "networks are given with a mask"), Sendmail's cf/README
 * (access: addresses by their beginning), smtpd.conf(5) and table(5).
 */
#include "audit/slips.h"

#include "audit/gather-private.h"

#include <assert.h>

#define EXCLUDED_LATE \
	"stands behind %.*s, and the first that matches decides: it is let in all the same"

struct item {
	enum mta mta;
	struct str text;
	const struct facts *facts;
	struct arena *a;
	struct audit_slip *slip;
};

static bool found(const struct item *i, enum slip_kind kind, bool broken, const char *meant,
                  const char *why)
{
	*i->slip = (struct audit_slip){ kind, arena_strdup(i->a, i->text), meant, why, broken };
	return true;
}

static bool consists_of(struct str s, const char *bytes)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr(bytes, s.p[i]))
			return false;
	return s.n > 0;
}

static unsigned count_of(struct str s, char c)
{
	unsigned n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == c;
	return n;
}

/* ---- what may have been meant ---------------------------------------------------- */

/* As that server writes a network. */
static const char *written(const struct item *i, const struct prefix *range)
{
	char text[PREFIX_TEXT_MAX];
	const bool one = range->len == ip_bits(&range->ip);
	if (i->mta == MTA_SENDMAIL && range->ip.family == 4 && range->len >= 8
	    && range->len % 8 == 0) {
		char *octets = arena_strdup(i->a, str_of(ip_format(&range->ip, text)));
		for (unsigned n = 4; n > range->len / 8u; n--)
			*strrchr(octets, '.') = '\0';
		return octets;
	}
	if (i->mta == MTA_SENDMAIL && !one)
		return "";
	const char *ip = arena_strdup(i->a, str_of(ip_format(&range->ip, text)));
	if (i->mta == MTA_POSTFIX && range->ip.family == 6)
		ip = arena_printf(i->a, "[%s]", ip);
	return one ? ip : arena_printf(i->a, "%s/%u", ip, (unsigned)range->len);
}

/* The network of an interface that begins with that address; else by the zeros at its end. */
static struct prefix network_from(const struct item *i, const struct ip *ip)
{
	const struct facts *f = i->facts;
	for (size_t k = 0; f && k < f->interface_n; k++)
		for (size_t n = 0; n < f->interfaces[k].address_n; n++) {
			const struct facts_address *at = &f->interfaces[k].addresses[n];
			const struct prefix network = prefix_of(&at->ip, at->len);
			if (ip_eq(&network.ip, ip))
				return network;
		}
	unsigned len = 32;
	while (len > 8 && ip->b[len / 8 - 1] == 0)
		len -= 8;
	if (ip->b[0] == 172 && ip->b[1] >= 16 && ip->b[1] < 32 && len < 16)
		len = 16;
	return prefix_of(ip, len);
}

/* The pieces of an item that is more than one, as that server parts them. */
static const char *parted(const struct item *i)
{
	const char *text = "";
	struct str rest = i->text, word;
	while (str_token(&rest, ";, ", &word)) {
		const size_t bracket = i->mta == MTA_POSTFIX ? str_find(word, '[') : SIZE_MAX;
		const char *gap = !text[0] ? "" : i->mta == MTA_EXIM ? " : " : " ";
		const size_t n = bracket == SIZE_MAX || bracket == 0 ? word.n : bracket;
		if (i->mta == MTA_EXIM && str_find(word, ':') != SIZE_MAX)
			return "";
		text = arena_printf(i->a, "%s%s%.*s%s%.*s", text, gap, (int)n, word.p,
		                    n < word.n ? " " : "", STR_ARG(str_from(word, n)));
	}
	return text;
}

/* ---- by server -------------------------------------------------------------------- */

/* "192.168.1", "192.168.1/24", "10.". */
static bool is_short(const struct item *i, struct prefix *meant)
{
	static const char *const rest[] = { "", ".0.0.0", ".0.0", ".0" };
	const struct str text = i->text;
	const size_t slash = str_find(text, '/');
	struct str octets = slash == SIZE_MAX ? text : (struct str){ text.p, slash };
	struct ip ip;
	if (octets.n && octets.p[octets.n - 1] == '.')
		octets.n--;
	const unsigned parts = count_of(octets, '.') + 1;
	if (!consists_of(text, "0123456789./") || parts > 3 || octets.n > 12)
		return false;
	const char *whole = arena_printf(i->a, "%.*s%s", STR_ARG(octets), rest[parts]);
	if (ip_parse(str_of(whole), &ip, NULL) != ERR_OK)
		return false;
	*meant = prefix_of(&ip, 8 * parts);
	return true;
}

static bool slip_of_address(const struct item *i, const struct prefix *range)
{
	static const struct ip nobody4 = { 4, { 0 } };
	const bool slash = str_find(i->text, '/') != SIZE_MAX;
	if (slash || range->ip.family != 4)
		return false;
	if (ip_eq(&range->ip, &nobody4))
		return found(i, SLIP_UNSPECIFIED, false, "",
		             "is one address, which no client has: it lets nobody in");
	if (range->ip.b[3] != 0)
		return false;
	const struct prefix network = network_from(i, &range->ip);
	return found(i, SLIP_NO_MASK, false, written(i, &network),
	             "has no length behind it, so it is one address and no network");
}

/* For Postfix host bits are an error; a public address with them is the machine's own, copied from
 * the interface. */
static bool slip_of_bits(const struct item *i, const struct prefix *network)
{
	struct str bare = i->text;
	struct ip ip;
	const size_t slash = str_find(bare, '/');
	bare.n = slash == SIZE_MAX ? bare.n : slash;
	if (bare.n > 2 && bare.p[0] == '[' && bare.p[bare.n - 1] == ']')
		bare = (struct str){ bare.p + 1, bare.n - 2 };
	struct prefix one = *network;
	if (!facts_is_private(&network->ip) && ip_parse(bare, &ip, NULL) == ERR_OK)
		one = prefix_of(&ip, ip_bits(&ip));
	return found(i, SLIP_HOST_BITS, true, written(i, &one),
	             "has bits of a host behind those of its network: Postfix does not read it, "
	             "and puts off the mail of clients that get as far as it (451)");
}

static bool slip_of_postfix(const struct item *i)
{
	const struct str t = i->text;
	struct prefix range;
	struct str bare = t;
	if (t.p[0] == '/' || t.p[0] == '$')
		return false;
	if (str_find(t, ';') != SIZE_MAX || (t.p[0] != '[' && str_find(t, '[') != SIZE_MAX))
		return found(i, SLIP_SEPARATOR, true, parted(i),
		             "is one word for Postfix: items are parted by commas or spaces");
	if (t.p[0] == '[') {
		const size_t end = str_find(t, ']');
		if (end == SIZE_MAX)
			return false;
		bare = str_of(arena_printf(i->a, "%.*s%.*s", (int)end - 1, t.p + 1,
		                           STR_ARG(str_from(t, end + 1))));
		return prefix_meant(bare, &range) && slip_of_bits(i, &range);
	}
	if (prefix_parse(t, &range, NULL) == ERR_OK && range.ip.family == 6)
		return found(i, SLIP_BRACKETS, true, written(i, &range), "has no brackets: Postfix "
		             "takes it for a table of that type, and puts off mail (451)");
	if (prefix_meant(t, &range))
		return slip_of_bits(i, &range);
	if (prefix_parse(t, &range, NULL) == ERR_OK)
		return slip_of_address(i, &range);
	if (is_short(i, &range))
		return found(i, SLIP_SHORT, true, written(i, &range),
		             "is a part of an address, which Postfix does not take for a network");
	if (str_find(t, ':') != SIZE_MAX || str_find(t, '/') != SIZE_MAX
	    || str_caseeq(t, STR("localhost")))
		return false;
	return found(i, SLIP_NAME, false, "", "is a name: who may relay is up to whoever keeps its "
	             "DNS, and nobody may while DNS does not answer");
}

static bool is_lookup(struct str t)
{
	const size_t at = str_find(t, ';');
	return at != SIZE_MAX && at > 0 && !consists_of((struct str){ t.p, at }, "0123456789./:");
}

static bool slip_of_exim(const struct item *i)
{
	const struct str t = i->text;
	struct prefix range;
	if (strchr("+*@$^/<", t.p[0]) || is_lookup(t) || str_find(t, '$') != SIZE_MAX)
		return false;
	if (str_find(t, ',') != SIZE_MAX || str_find(t, ';') != SIZE_MAX
	    || str_find(t, ' ') != SIZE_MAX)
		return found(i, SLIP_SEPARATOR, true, parted(i),
		             "is one item for Exim: a list is parted by colons, or by what "
		             "follows \"<\" at its beginning");
	if (prefix_parse(t, &range, NULL) == ERR_OK)
		return slip_of_address(i, &range);
	if (prefix_meant(t, &range))
		return false;           /* Exim compares the bits of the network alone */
	if (consists_of(t, "0123456789abcdefABCDEF:/")
	    && (str_find(t, '.') == SIZE_MAX))
		return found(i, SLIP_COLON, true, "",
		             "is a piece of an IPv6 address: a list is parted by colons, unless "
		             "it begins with \"<;\" or doubles them (::::1)");
	if (is_short(i, &range))
		return found(i, SLIP_SHORT, true, written(i, &range),
		             "is a part of an address, which Exim takes for a name");
	return found(i, SLIP_NAME, false, "", "is a name: who may relay is up to whoever keeps its "
	             "DNS, and mail waits while DNS does not answer");
}

static bool slip_of_sendmail(const struct item *i)
{
	const struct str t = i->text;
	struct prefix range;
	const bool slash = str_find(t, '/') != SIZE_MAX;
	if (slash && (prefix_parse(t, &range, NULL) == ERR_OK || prefix_meant(t, &range)))
		return found(i, SLIP_SLASH, true, written(i, &range),
		             "has a length behind it, which Sendmail does not know here: it lets "
		             "nobody in. Networks are written by their beginning");
	if (prefix_parse(t, &range, NULL) == ERR_OK && range.ip.family == 4)
		return slip_of_address(i, &range);
	if (count_of(t, ':') > 0 && !str_caseprefix(t, STR("IPv6:"))
	    && consists_of(t, "0123456789abcdefABCDEF:/"))
		return found(i, SLIP_TAG, true, arena_printf(i->a, "IPv6:%.*s", STR_ARG(t)),
		             "is no address for Sendmail without \"IPv6:\" before it");
	return false;
}

static bool slip_of_opensmtpd(const struct item *i)
{
	struct prefix range;
	return prefix_parse(i->text, &range, NULL) == ERR_OK && slip_of_address(i, &range);
}

bool audit_slip_in(enum mta mta, struct str text, const struct facts *facts, struct arena *a,
                   struct audit_slip *slip)
{
	while (text.n && (text.p[0] == '!' || ascii_isspace(text.p[0])))
		text = str_from(text, 1);
	const struct item item = { mta, text, facts, a, slip };
	*slip = (struct audit_slip){ .item = "", .meant = "", .why = "" };
	if (!text.n || text.n > 200)
		return false;
	switch (mta) {
	case MTA_POSTFIX: return slip_of_postfix(&item);
	case MTA_EXIM: return slip_of_exim(&item);
	case MTA_SENDMAIL: return slip_of_sendmail(&item);
	case MTA_OPENSMTPD: return slip_of_opensmtpd(&item);
	default: return false;
	}
}

/* The item before it that holds all that it excludes; SIZE_MAX: none. */
static size_t held_before(const struct str *items, size_t n)
{
	struct prefix out, range;
	if (items[n].n < 2 || items[n].p[0] != '!' || !gather_prefix(str_from(items[n], 1), &out))
		return SIZE_MAX;
	for (size_t i = 0; i < n; i++)
		if (gather_prefix(items[i], &range) && prefix_covers(&range, &out))
			return i;
	return SIZE_MAX;
}

size_t audit_slips_of(enum mta mta, const struct str *items, size_t n, const struct facts *facts,
                      struct arena *a, struct audit_slip *slips, size_t max)
{
	size_t count = 0;
	for (size_t i = 0; i < n && count < max; i++) {
		const size_t before = held_before(items, i);
		if (before != SIZE_MAX)
			slips[count++] = (struct audit_slip){
				.kind = SLIP_EXCLUDED_LATE, .item = arena_strdup(a, items[i]),
				.meant = "", .why = arena_printf(a, EXCLUDED_LATE,
				                                 STR_ARG(items[before])) };
		else if (audit_slip_in(mta, items[i], facts, a, &slips[count]))
			count++;
	}
	assert(count <= max);
	return count;
}
