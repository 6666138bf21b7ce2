/* SPDX-License-Identifier: ISC
 *
 * The parameters of what may be published, and the fuse that they make.
 */
#include "store/list-config.h"

#include <assert.h>

#define LIST(type, field) CONFIG_MEMBER(type, struct list_config, field)

const struct config_row list_config_rows[] = {
	{ "widest", LIST(CONFIG_PREFIXES, widest), 1, 2, "0.0.0.0/24,::/48",
	  "The widest ranges that may be published: one of IPv4, one of IPv6, of which only the "
	  "length counts." },
	{ "allow_special", LIST(CONFIG_PREFIXES, allow_special), 0, FUSE_SPECIAL_MAX, "",
	  "Ranges that are published though they are not on the Internet (private, loopback, "
	  "link-local, documentation, benchmarking): for laboratories. Unset: none. Unspecified, "
	  "multicast and reserved addresses, the test entries and our own addresses are never "
	  "published." },
};
const size_t list_config_row_count = sizeof(list_config_rows) / sizeof(*list_config_rows);

static const struct prefix *widest_of(const struct list_config *config, uint8_t family)
{
	for (size_t i = 0; i < config->widest.n; i++)
		if (config->widest.v[i].ip.family == family)
			return &config->widest.v[i];
	return NULL;
}

int list_config_check(const struct list_config *config, struct buf *message)
{
	const struct prefix *v4 = widest_of(config, 4), *v6 = widest_of(config, 6);
	if (v4 && v6 && v4->len >= 8 && v6->len >= 16)
		return ERR_OK;
	buf_add_cstr(message, "list.widest: expected an IPv4 range of /8 to /32 and an IPv6 range "
	             "of /16 to /128, as {\"0.0.0.0/24\", \"::/48\"}");
	return ERR_INVALID;
}

void list_config_fuse(const struct list_config *config, struct fuse *fuse)
{
	*fuse = fuse_default;
	const struct prefix *v4 = widest_of(config, 4), *v6 = widest_of(config, 6);
	if (v4)
		fuse->widest_v4 = v4->len;
	if (v6)
		fuse->widest_v6 = v6->len;
	for (size_t i = 0; i < config->allow_special.n && i < FUSE_SPECIAL_MAX; i++)
		fuse->special[fuse->special_count++] = config->allow_special.v[i];
}

void list_config_own(struct fuse *fuse, const struct ip *address)
{
	if (!address->family || ip_is_unspecified(address))
		return;
	assert(fuse->own_count < FUSE_OWN_MAX);
	fuse->own[fuse->own_count++] = *address;
}
