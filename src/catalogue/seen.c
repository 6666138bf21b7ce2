/* SPDX-License-Identifier: ISC
 *
 * The ranges whose addresses no stranger has, who usually hands them out, and which causes fit.
 * Narrow ranges stand before those that hold them.
 *
 * Sources: Docker's default-address-pools (daemon.json); podman-network(1); slirp4netns(1); k3s
 * server --cluster-cidr; flannel's kube-flannel.yml; the special-purpose registries of IANA.
 */
#include "catalogue/seen.h"

#include "base/json.h"

#include <assert.h>

#define V4(a, b, c, d, n) { { 4, { a, b, c, d } }, n }
#define V6(n, ...) { { 6, { __VA_ARGS__ } }, n }

static const struct range {
	struct prefix prefix;
	const char *who;
	const char *causes[SEEN_CAUSES_MAX];
} ranges[] = {
	{ V4(127, 0, 0, 0, 8), "the machine itself, as a proxy on it connects",
	  { "C5", "C2" } },
	{ V6(128, [15] = 1), "the machine itself, as a proxy on it connects", { "C5", "C2" } },
	{ V4(172, 16, 0, 0, 12), "which Docker's bridges have by default", { "C2", "C1", "C3" } },
	{ V4(10, 88, 0, 0, 16), "which Podman's bridge has by default", { "C2", "C1" } },
	{ V4(10, 0, 2, 0, 24), "which rootless containers have by default", { "C1", "C2" } },
	{ V4(10, 42, 0, 0, 16), "which pods of k3s have by default", { "C4", "C3" } },
	{ V4(10, 244, 0, 0, 16), "which pods have with flannel by default", { "C4", "C3" } },
	{ V4(10, 0, 0, 0, 8), "a private network", { "C3", "C4", "C2" } },
	{ V4(192, 168, 0, 0, 16), "a private network", { "C3", "C2" } },
	{ V4(100, 64, 0, 0, 10), "the inside of a provider's or cluster's network",
	  { "C3", "C4" } },
	{ V4(169, 254, 0, 0, 16), "which is used on one link alone", { "C3", "C4" } },
	{ V6(10, 0xfe, 0x80), "which is used on one link alone", { "C3", "C2" } },
	{ V6(7, 0xfc), "a private network", { "C2", "C1", "C3" } },
};

static const struct range *range_of(const struct ip *address)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (prefix_contains(&ranges[i].prefix, address))
			return &ranges[i];
	return NULL;
}

/* A host's own network, as far as its address tells. */
static bool is_beside(const struct ip *address, const struct ip *host)
{
	if (!address->family || address->family != host->family)
		return false;
	struct prefix network = prefix_of(host, host->family == 4 ? 24 : 64);
	return prefix_contains(&network, address);
}

bool seen_counts(const struct ip *address, const struct ip *known, const struct ip *host)
{
	if (!address->family || ip_eq(address, known) || ip_eq(known, host))
		return false;
	if (range_of(address))
		return true;
	return known->family && is_beside(address, host) && !is_beside(known, host);
}

const char *seen_range(const struct ip *address, struct prefix *range)
{
	const struct range *found = range_of(address);
	if (found)
		*range = found->prefix;
	return found ? found->who : NULL;
}

size_t seen_causes(const struct seen_as *seen, const struct ip *host,
                   const struct cause *found[static SEEN_CAUSES_MAX])
{
	static const char *const itself[SEEN_CAUSES_MAX] = { "C3", "C5" };
	static const char *const beside[SEEN_CAUSES_MAX] = { "C3", "C4" };
	/* Typical of a container without IPv6, and of nothing else. */
	static const char *const other_family[SEEN_CAUSES_MAX] = { "C1", "C2" };
	const struct range *range = range_of(&seen->address);
	const char *const *ids = range ? range->causes :
	                         ip_eq(&seen->address, host) ? itself : beside;
	size_t n = 0;
	assert(seen->address.family);
	if (range && strcmp(ids[0], "C2") == 0 && host->family > seen->address.family)
		ids = other_family;
	while (n < SEEN_CAUSES_MAX && ids[n]) {
		found[n] = cause_by_id(str_of(ids[n]));
		assert(found[n]);
		n++;
	}
	return n;
}

void seen_sentence(const struct seen_as *seen, struct buf *out)
{
	static const char lost[] = "your clients' addresses are lost before they reach it";
	char address[IP_TEXT_MAX], known[IP_TEXT_MAX];
	assert(seen->address.family);
	buf_printf(out, "the server saw us as %s", ip_format(&seen->address, address));
	if (seen->known.family)
		buf_printf(out, ", not %s: %s", ip_format(&seen->known, known), lost);
	else
		buf_printf(out, ", which is no public address: if others see us by another "
		           "(tester.seen_as), %s", lost);
}

static void add_ids(const struct seen_as *seen, const struct ip *host, struct buf *out)
{
	const struct cause *found[SEEN_CAUSES_MAX];
	size_t n = seen_causes(seen, host, found);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%s", i == 0 ? n > 1 ? "; causes " : "; cause " : ", ",
		           found[i]->id);
}

void seen_note(const struct seen_as *seen, const struct ip *host, enum seen_length length,
               struct buf *out)
{
	char address[IP_TEXT_MAX], known[IP_TEXT_MAX];
	assert(seen_is_sure(seen) && length < SEEN_LENGTHS);
	if (length == SEEN_ADDRESSES)
		buf_printf(out, "the server saw us as %s, not %s",
		           ip_format(&seen->address, address), ip_format(&seen->known, known));
	else
		seen_sentence(seen, out);
	if (length == SEEN_WITH_CAUSES)
		add_ids(seen, host, out);
}

void seen_json(const struct seen_as *seen, struct json *j)
{
	if (!seen->address.family)
		return;
	json_add_ip(j, "seen_as", &seen->address);
	if (seen->known.family)
		json_add_ip(j, "known_as", &seen->known);
}
