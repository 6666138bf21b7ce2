/* SPDX-License-Identifier: ISC
 *
 * What a registry answers: the network, in the forms in which registries have written one. Its
 * desks are rdap-desk.c's.
 */
#include "report/rdap-private.h"

enum { ADDRESS_TEXT_MAX = 64 };

static int rdap_refuse(struct contact_answer *answer, const char *problem)
{
	str_copy(answer->problem, sizeof(answer->problem), str_of(problem));
	return ERR_INVALID;
}

/* ---- the network -------------------------------------------------------- */

/* "192.088.003.000": the zeros of a column's width. Numbers are decimal here. */
static void strip_zeros(struct str s, char dst[static ADDRESS_TEXT_MAX])
{
	size_t n = 0;
	bool begins = true;
	for (size_t i = 0; i < s.n && n + 1 < ADDRESS_TEXT_MAX; i++) {
		bool digit_follows = i + 1 < s.n && ascii_isdigit((unsigned char)s.p[i + 1]);
		if (begins && s.p[i] == '0' && digit_follows)
			continue;
		begins = s.p[i] == '.';
		dst[n++] = s.p[i];
	}
	dst[n] = '\0';
}

/* One end of a range: an address, or one with a length behind it, which is *len then (else
 * -1). */
static bool read_end(struct str s, struct ip *ip, int *len)
{
	char plain[ADDRESS_TEXT_MAX];
	uint64_t bits;
	s = str_trim(s);
	size_t slash = str_find(s, '/');
	*len = -1;
	if (slash != SIZE_MAX) {
		if (str_u64(str_from(s, slash + 1), 128, &bits) != ERR_OK)
			return false;
		*len = (int)bits;
		s.n = slash;
	}
	if (str_find(s, ':') == SIZE_MAX && s.n < ADDRESS_TEXT_MAX) {
		strip_zeros(s, plain);
		s = str_of(plain);
	}
	return ip_parse(s, ip, NULL) == ERR_OK && *len <= (int)ip_bits(ip);
}

static bool read_ends(struct str from, struct str to, struct ip *first, struct ip *last)
{
	struct ip ignored;
	int len, ignored_len;
	if (!read_end(from, first, &len))
		return false;
	if (read_end(to, last, &ignored_len))
		return true;
	if (str_trim(to).n || len < 0)
		return false;
	const struct prefix p = prefix_of(first, (unsigned)len);
	contact_range(&p, &ignored, last);
	return true;
}

/* "192.0.2.0 - 192.0.2.255", as RIPE's handles are, or "192.0.2.0/24", as LACNIC's. */
static bool read_handle(struct str handle, struct ip *first, struct ip *last)
{
	size_t dash = str_find(handle, '-');
	if (dash == SIZE_MAX)
		return read_ends(handle, STR(""), first, last);
	return read_ends((struct str){ handle.p, dash }, str_from(handle, dash + 1), first, last);
}

/* The extension of RIRs: "cidr0_cidrs": [{"v4prefix": "192.0.2.0", "length": 24}]. */
static bool read_cidr(const json_t *cidr, struct prefix *p)
{
	struct str four = rdap_text(json_object_get(cidr, "v4prefix"));
	struct ip ip;
	int ignored;
	json_int_t len = json_integer_value(json_object_get(cidr, "length"));
	if (!json_is_integer(json_object_get(cidr, "length")) ||
	    !read_end(four.n ? four : rdap_text(json_object_get(cidr, "v6prefix")), &ip,
	              &ignored) ||
	    len < 0 || len > (json_int_t)ip_bits(&ip))
		return false;
	*p = prefix_of(&ip, (unsigned)len);
	return true;
}

static bool read_cidrs(const json_t *root, const struct ip *ip, struct ip *first, struct ip *last)
{
	const json_t *list = json_object_get(root, "cidr0_cidrs"), *cidr;
	struct prefix p;
	for (size_t i = 0; (cidr = rdap_item(list, i)) != NULL; i++) {
		if (!read_cidr(cidr, &p) || !prefix_contains(&p, ip))
			continue;
		contact_range(&p, first, last);
		return true;
	}
	return false;
}

/* The network must hold the address. It is cut to what the registry answers for: no
 * server may speak for the rest of the world. */
static int read_range(const json_t *root, const struct ip *ip, const struct prefix *served,
                      struct contact_answer *answer)
{
	struct ip first, last, least, greatest;
	if (!read_ends(rdap_text(json_object_get(root, "startAddress")),
	               rdap_text(json_object_get(root, "endAddress")), &first, &last) &&
	    !read_cidrs(root, ip, &first, &last) &&
	    !read_handle(rdap_text(json_object_get(root, "handle")), &first, &last))
		return rdap_refuse(answer, "the answer names no network");
	if (first.family != ip->family || last.family != ip->family ||
	    ip_cmp(&first, ip) > 0 || ip_cmp(&last, ip) < 0)
		return rdap_refuse(answer, "the answer is about another network");
	contact_range(served, &least, &greatest);
	answer->first = ip_cmp(&first, &least) < 0 ? least : first;
	answer->last = ip_cmp(&last, &greatest) > 0 ? greatest : last;
	return ERR_OK;
}

/* ---- the answer --------------------------------------------------------- */

static int check_answer(const json_t *root, struct contact_answer *answer)
{
	if (!json_is_object(root))
		return rdap_refuse(answer, "the answer is not JSON");
	if (json_object_get(root, "errorCode"))
		return rdap_refuse(answer, "the registry answered with an error");
	return ERR_OK;
}

int rdap_parse(struct str json, const struct ip *ip, const struct prefix *served,
               struct contact_answer *answer, struct rdap_links *links)
{
	json_t *root = rdap_load(json, RDAP_ANSWER_MAX_BYTES);
	int e = check_answer(root, answer);
	if (e == ERR_OK)
		e = read_range(root, ip, served, answer);
	if (e == ERR_OK) {
		struct str name = rdap_text(json_object_get(root, "name"));
		contact_name(answer, name.n ? name : rdap_text(json_object_get(root, "handle")));
		rdap_desks_find(root, false, answer, links);
	}
	json_decref(root);
	return e;
}

int rdap_entity_parse(struct str json, struct contact_answer *answer, struct rdap_links *links)
{
	json_t *root = rdap_load(json, RDAP_ANSWER_MAX_BYTES);
	int e = check_answer(root, answer);
	/* It is the desk because the network's answer said so; roles belong to that. */
	if (e == ERR_OK)
		rdap_desks_find(root, true, answer, links);
	json_decref(root);
	return e;
}
