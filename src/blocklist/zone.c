/* SPDX-License-Identifier: ISC
 *
 * A zone made of the configuration, with each rule on what may stand in it; its texts; and what
 * labels in front of its name say.
 */
#include "blocklist/zone.h"

#include "base/clock.h"

#include <assert.h>

enum { DAY_BYTES = sizeof("2026-11-21") - 1 };

bool blocklist_code_valid(const struct ip *code)
{
	const uint8_t *b = code->b;
	if (code->family != 4 || b[0] != 127)
		return false;
	if (b[1] == 0 && b[2] == 0 && b[3] == 1)
		return false;
	return !(b[1] == 255 && b[2] == 255);
}

static int label_octet(const uint8_t *label)
{
	assert(label[0] <= DNS_LABEL_MAX);
	unsigned n = label[0], value = 0;
	if (n == 0 || n > 3 || (n > 1 && label[1] == '0'))
		return -1;
	for (unsigned i = 1; i <= n; i++) {
		if (!ascii_isdigit(label[i]))
			return -1;
		value = value * 10 + (label[i] - (unsigned)'0');
	}
	return value <= 255 ? (int)value : -1;
}

static int label_nibble(const uint8_t *label)
{
	char c = ascii_lower((char)label[1]);
	assert(label[0] <= DNS_LABEL_MAX);
	if (label[0] != 1)
		return -1;
	if (ascii_isdigit((unsigned char)c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool blocklist_labels_v4(const uint8_t *labels, unsigned count, struct prefix *prefix)
{
	struct prefix r = { .ip.family = 4, .len = (uint8_t)(8 * count) };
	if (count == 0 || count > 4)
		return false;
	/* The label next to the zone is the first octet. */
	for (unsigned i = count; i-- > 0; labels += labels[0] + 1) {
		int octet = label_octet(labels);
		if (octet < 0)
			return false;
		r.ip.b[i] = (uint8_t)octet;
	}
	assert(r.len <= ip_bits(&r.ip));
	*prefix = r;
	return true;
}

bool blocklist_labels_v6(const uint8_t *labels, unsigned count, struct prefix *prefix)
{
	struct prefix r = { .ip.family = 6, .len = (uint8_t)(4 * count) };
	if (count == 0 || count > 32)
		return false;
	for (unsigned i = count; i-- > 0; labels += labels[0] + 1) {
		int nibble = label_nibble(labels);
		if (nibble < 0)
			return false;
		r.ip.b[i / 2] |= (uint8_t)(i % 2 ? nibble : nibble << 4);
	}
	assert(r.len <= ip_bits(&r.ip));
	*prefix = r;
	return true;
}

static int complain(struct buf *message, const char *parameter, const char *expected,
                    const char *found)
{
	buf_printf(message, "dnsbl.%s: expected %s, found \"", parameter, expected);
	buf_add_escaped(message, str_of(found));
	buf_add_cstr(message, "\"");
	return ERR_INVALID;
}

static int name_of(const char *text, const char *parameter, struct dns_name *name,
                   struct buf *message)
{
	struct parse_error pe;
	if (dns_name_parse(str_of(text), name, &pe) != ERR_OK)
		return complain(message, parameter, pe.expected, text);
	return ERR_OK;
}

/* A nameserver must not sit where an address would be listed: its own address would
 * be an answer about it. */
static bool at_an_address(const struct dns_name *name, const struct dns_name *origin)
{
	struct prefix p;
	if (!dns_name_within(name, origin))
		return false;
	unsigned count = dns_name_labels(name) - dns_name_labels(origin);
	return (count == 4 && blocklist_labels_v4(name->b, count, &p)) ||
	       (count == 32 && blocklist_labels_v6(name->b, count, &p));
}

static int child_name(const char *label, const struct dns_name *origin, struct dns_name *name)
{
	struct dns_name first;
	int e = dns_name_parse(str_of(label), &first, NULL);
	assert(e == ERR_OK);
	return dns_name_join(&first, origin, name);
}

static int set_nameservers(struct blocklist_zone *z, const struct dnsbl_config *config,
                           struct buf *message)
{
	const struct config_strings *names = &config->nameserver;
	if (names->n == 0) {
		z->nameserver_count = 1;
		if (child_name("ns", &z->origin, &z->nameservers[0]) != ERR_OK)
			return complain(message, "nameserver", "a name (ns.<zone> is too long)",
			                "");
	}
	if (names->n > BLOCKLIST_NAMESERVERS_MAX)
		return complain(message, "nameserver", "at most 13 names", names->v[13]);
	for (size_t i = 0; i < names->n; i++) {
		struct dns_name *name = &z->nameservers[z->nameserver_count++];
		int e = name_of(names->v[i], "nameserver", name, message);
		if (e != ERR_OK)
			return e;
		if (!dns_name_is_host(str_of(names->v[i])) || dns_name_eq(name, &z->origin) ||
		    at_an_address(name, &z->origin))
			return complain(message, "nameserver",
			                "a host name, not the zone nor an address in it",
			                names->v[i]);
	}
	assert(z->nameserver_count >= 1 && z->nameserver_count <= BLOCKLIST_NAMESERVERS_MAX);
	return ERR_OK;
}

static int set_glue(struct blocklist_zone *z, const struct dnsbl_config *config,
                    struct buf *message)
{
	const struct config_ips *ips = &config->nameserver_address;
	if (ips->n > BLOCKLIST_GLUE_MAX)
		return complain(message, "nameserver_address", "at most 16 addresses", "more");
	for (size_t i = 0; i < ips->n; i++)
		z->glue[z->glue_count++] = ips->v[i];
	for (size_t i = 0; ips->n == 0 && i < config->listen.n; i++)
		if (!ip_is_unspecified(&config->listen.v[i].ip) &&
		    z->glue_count < BLOCKLIST_GLUE_MAX)
			z->glue[z->glue_count++] = config->listen.v[i].ip;
	assert(z->glue_count <= BLOCKLIST_GLUE_MAX);
	return ERR_OK;
}

/* RFC 1035 8: the local part is the first label. */
static int set_hostmaster(struct blocklist_zone *z, const char *address, struct buf *message)
{
	static const char expected[] = "a mail address";
	struct str text = str_of(address);
	struct dns_name domain, local = { .n = 0 };
	if (text.n == 0)
		return child_name("hostmaster", &z->origin, &z->hostmaster) == ERR_OK ? ERR_OK :
		       complain(message, "hostmaster", "an address (the zone's name is too long)",
		                "");
	size_t at = str_find(text, '@');
	if (at == SIZE_MAX || at == 0 || at > DNS_LABEL_MAX ||
	    !dns_name_is_host(str_from(text, at + 1)) ||
	    dns_name_parse(str_from(text, at + 1), &domain, NULL) != ERR_OK)
		return complain(message, "hostmaster", expected, address);
	local.b[0] = (uint8_t)at;
	for (size_t i = 0; i < at; i++) {
		if (!ascii_isprint((unsigned char)text.p[i]) || text.p[i] == ' ')
			return complain(message, "hostmaster", expected, address);
		local.b[i + 1] = (uint8_t)text.p[i];
	}
	local.n = (uint8_t)(at + 2);
	assert(local.b[local.n - 1] == 0);
	if (dns_name_join(&local, &domain, &z->hostmaster) != ERR_OK)
		return complain(message, "hostmaster", "a shorter mail address", address);
	return ERR_OK;
}

/* The letters that may stand behind a percent sign, as a sentence wants them. */
#define LETTERS_URL "a%"
#define LETTERS_OUTPUT "azu%"
#define LETTERS_TEXT "azdru%"
#define LETTERS_RANGE "anzdru%"

static int complain_of_letter(struct buf *message, const char *parameter, const char *letters,
                              const char *text)
{
	struct buf expected = { 0 };
	for (const char *p = letters; *p; p++)
		buf_printf(&expected, "%%%c%s", *p, !p[1] ? "" : !p[2] ? " or " : ", ");
	buf_add_cstr(&expected, " after a percent sign");
	int e = complain(message, parameter, buf_cstr(&expected), text);
	buf_fini(&expected);
	return e;
}

/* Of a URL's template with an address of so many bytes. */
static size_t url_bytes(const char *url, size_t address_bytes)
{
	size_t n = 0;
	for (const char *p = url; *p; p++) {
		bool sign = *p == '%';
		p += sign;
		n += sign && *p == 'a' ? address_bytes : 1;
	}
	return n;
}

/* The most bytes that a part takes; a reason takes what room is left. */
static size_t most_bytes(const struct blocklist_zone *z, char letter)
{
	char zone[DNS_NAME_TEXT_MAX];
	switch (letter) {
	case 'a': return IP_TEXT_MAX - 1;
	case 'z': return strlen(dns_name_format(&z->origin, zone));
	case 'n': return PREFIX_TEXT_MAX - 1;
	case 'd': return DAY_BYTES;
	case 'r': return 0;
	case 'u': return url_bytes(z->url, IP_TEXT_MAX - 1);
	default: return 1;
	}
}

/* A template into dst, if it fits once it is filled in. */
static int set_text(const struct blocklist_zone *z, const char *parameter, const char *text,
                    const char *letters, char dst[static BLOCKLIST_TEXT_MAX + 1],
                    struct buf *message)
{
	size_t n = 0;
	for (const char *p = text; *p; p++) {
		if (!ascii_isprint((unsigned char)*p))
			return complain(message, parameter, "printable ASCII", text);
		bool sign = *p == '%';
		p += sign;
		if (sign && (*p == '\0' || !strchr(letters, *p)))
			return complain_of_letter(message, parameter, letters, text);
		if (sign && *p == 'u' && !z->url[0])
			return complain(message, parameter, "dnsbl.url for %u", text);
		n += sign ? most_bytes(z, *p) : 1;
	}
	if (n == 0 || n > BLOCKLIST_TEXT_MAX ||
	    !str_copy(dst, BLOCKLIST_TEXT_MAX + 1, str_of(text)))
		return complain(message, parameter, "a text of 1 to 255 bytes once filled in",
		                text);
	return ERR_OK;
}

static int set_url(struct blocklist_zone *z, const char *url, struct buf *message)
{
	struct str s = str_of(url);
	if (s.n == 0)
		return ERR_OK;
	if ((!str_prefix(s, STR("https://")) && !str_prefix(s, STR("http://"))) ||
	    strpbrk(url, " \"<>\\^`{|}"))
		return complain(message, "url", "a URL that begins with https:// or http://", url);
	return set_text(z, "url", url, LETTERS_URL, z->url, message);
}

/* Whether the template names that part. */
static bool has_letter(const char *text, char letter)
{
	for (const char *p = text; *p; p++)
		if (*p == '%' && *++p == letter)
			return true;
	return false;
}

static int set_code(const char *parameter, const struct config_ips *given, struct ip *code,
                    struct buf *message)
{
	char found[IP_TEXT_MAX] = "";
	if (given->n > 0)
		ip_format(&given->v[0], found);
	if (given->n != 1 || !blocklist_code_valid(&given->v[0]))
		return complain(message, parameter, "an address in 127.0.0.0/8, not 127.0.0.1 "
		                "and not in 127.255.255.0/24", found);
	*code = given->v[0];
	assert(code->family == 4 && code->b[0] == 127);
	return ERR_OK;
}

static int set_word(struct blocklist_zone *z, const struct dnsbl_config *config,
                    struct buf *message)
{
	int e = set_code("code_word", &config->code_word, &z->code_word, message);
	if (e == ERR_OK)
		e = set_text(z, "text_word", config->text_word, LETTERS_TEXT, z->text_word,
		             message);
	if (e == ERR_OK)
		e = set_text(z, "text_range", config->text_range, LETTERS_RANGE, z->text_range,
		             message);
	return e;
}

static int set_texts(struct blocklist_zone *z, const struct dnsbl_config *config, bool output,
                     struct buf *message)
{
	int e = set_url(z, config->url, message);
	if (e != ERR_OK)
		return e;
	if (output)
		return set_text(z, "output_text", config->output_text, LETTERS_OUTPUT, z->text,
		                message);
	e = set_text(z, "text", config->text, LETTERS_TEXT, z->text, message);
	z->notes = has_letter(z->text, 'd') || has_letter(z->text, 'r');
	return e == ERR_OK ? set_word(z, config, message) : e;
}

int blocklist_zone_init(struct blocklist_zone *z, const struct dnsbl_config *config,
                        bool output, struct buf *message)
{
	const char *zone_parameter = output ? "output_zone" : "zone";
	const char *code_parameter = output ? "output_code" : "code";
	const char *origin = output ? config->output_zone : config->zone;
	const struct config_ips *code = output ? &config->output_code : &config->code;
	*z = (struct blocklist_zone){ .list = output ? BLOCKLIST_OUTPUTS : BLOCKLIST_INPUTS,
	                              .ttl_s = (uint32_t)config->ttl_s,
	                              .negative_ttl_s = (uint32_t)config->negative_ttl_s };
	int e = name_of(origin, zone_parameter, &z->origin, message);
	if (e != ERR_OK)
		return e;
	if (z->origin.n == 1)
		return complain(message, zone_parameter, "a zone below the root", origin);
	struct dns_name other;
	if (output && dns_name_parse(str_of(config->zone), &other, NULL) == ERR_OK &&
	    (dns_name_within(&z->origin, &other) || dns_name_within(&other, &z->origin)))
		return complain(message, zone_parameter, "a zone outside dnsbl.zone", origin);
	e = set_code(code_parameter, code, &z->code, message);
	if (e == ERR_OK)
		e = set_nameservers(z, config, message);
	if (e == ERR_OK)
		e = set_glue(z, config, message);
	if (e == ERR_OK)
		e = set_hostmaster(z, config->hostmaster, message);
	if (e == ERR_OK)
		e = set_texts(z, config, output, message);
	assert(e != ERR_OK || (blocklist_code_valid(&z->code) && z->text[0]));
	return e;
}

/* What stands for each letter. */
struct parts {
	struct str a, n, z, d, r, u;
};

static struct str part_of(const struct parts *parts, char letter)
{
	switch (letter) {
	case 'a': return parts->a;
	case 'n': return parts->n;
	case 'z': return parts->z;
	case 'd': return parts->d;
	case 'r': return parts->r;
	case 'u': return parts->u;
	default: return STR("%");
	}
}

/* Bytes of the template once filled in. */
static size_t filled_bytes(const char *text, const struct parts *parts)
{
	size_t n = 0;
	for (const char *p = text; *p; p++) {
		bool sign = *p == '%';
		p += sign;
		n += sign ? part_of(parts, *p).n : 1;
	}
	return n;
}

/* The reason stands once: there is room for one. */
static size_t fill(const char *text, struct parts parts, char dst[static BLOCKLIST_TEXT_MAX])
{
	size_t n = 0;
	for (const char *p = text; *p; p++) {
		bool sign = *p == '%';
		p += sign;
		struct str part = sign ? part_of(&parts, *p) : (struct str){ p, 1 };
		assert(n + part.n <= BLOCKLIST_TEXT_MAX);
		memcpy(dst + n, part.p, part.n);
		n += part.n;
		if (sign && *p == 'r')
			parts.r.n = 0;
	}
	return n;
}

/* No character is cut in two. */
static struct str cut(const char *text, size_t most)
{
	struct str s = str_of(text);
	if (s.n <= most)
		return s;
	while (most > 0 && ((unsigned char)s.p[most] & 0xc0) == 0x80)
		most--;
	assert(most < s.n);
	return (struct str){ s.p, most };
}

/* "2026-11-21"; "unknown" of what no date is kept, or none that can be one. */
static struct str day_of(int64_t since_s, char text[static CLOCK_TEXT_MAX])
{
	static const int64_t end_s = INT64_C(253402300800);      /* of the year 9999 */
	if (since_s <= 0 || since_s >= end_s)
		return STR("unknown");
	clock_format(since_s, text);
	assert(text[DAY_BYTES] == 'T');
	return (struct str){ text, DAY_BYTES };
}

/* What was seen of us, behind the rest, in brackets: as much of it as fits, or nothing. */
static size_t add_seen(const struct blocklist_note *note, size_t n,
                       char dst[static BLOCKLIST_TEXT_MAX])
{
	enum { AROUND = sizeof(" ()") - 1 };
	for (unsigned i = 0; i < SEEN_LENGTHS && note->seen[i]; i++) {
		struct str seen = str_of(note->seen[i]);
		if (n + AROUND + seen.n > BLOCKLIST_TEXT_MAX)
			continue;
		dst[n++] = ' ';
		dst[n++] = '(';
		memcpy(dst + n, seen.p, seen.n);
		n += seen.n;
		dst[n++] = ')';
		break;
	}
	assert(n <= BLOCKLIST_TEXT_MAX);
	return n;
}

size_t blocklist_zone_text(const struct blocklist_zone *z, const struct ip *address,
                           const struct prefix *entry, const struct blocklist_note *note,
                           char dst[static BLOCKLIST_TEXT_MAX])
{
	bool in_range = z->list == BLOCKLIST_INPUTS && entry->len < ip_bits(&entry->ip);
	const char *text = in_range ? z->text_range :
	                   note && note->by_word ? z->text_word : z->text;
	char ip[IP_TEXT_MAX], range[PREFIX_TEXT_MAX], zone[DNS_NAME_TEXT_MAX];
	char day[CLOCK_TEXT_MAX], url[BLOCKLIST_TEXT_MAX];
	struct parts parts = {
		.a = str_of(ip_format(address, ip)), .n = str_of(prefix_format(entry, range)),
		.z = str_of(dns_name_format(&z->origin, zone)),
		.d = day_of(note ? note->since_s : 0, day),
	};
	parts.u = (struct str){ url, fill(z->url, parts, url) };
	assert(prefix_contains(entry, address));
	size_t fixed = filled_bytes(text, &parts);
	assert(fixed <= BLOCKLIST_TEXT_MAX);
	parts.r = cut(note ? note->reason : "unknown", BLOCKLIST_TEXT_MAX - fixed);
	size_t n = fill(text, parts, dst);
	assert(n >= fixed && n <= BLOCKLIST_TEXT_MAX);
	return note && text == z->text ? add_seen(note, n, dst) : n;
}
