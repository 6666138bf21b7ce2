/* SPDX-License-Identifier: ISC
 *
 * The sets of a border that outlive its options: own hosts, border hosts, own networks.
 */
#include "trace/border.h"

#include "base/mem.h"

#include <stdlib.h>

void border_set_fini(struct border_set *set)
{
	free(set->own_hosts);
	free(set->border_hosts);
	free(set->own_nets);
	arena_fini(&set->arena);
	*set = (struct border_set){ 0 };
}

void border_set_clear(struct border_set *set)
{
	arena_fini(&set->arena);
	set->own_host_count = set->border_host_count = set->own_net_count = 0;
}

static int add_glob(struct arena *arena, struct str **v, size_t *n, size_t *cap, struct str glob,
                    struct parse_error *pe)
{
	static const char expected[] = "a host name or pattern such as *.example.org";
	if (glob.n == 0)
		return err_parse(pe, expected, 0);
	for (size_t i = 0; i < glob.n; i++)
		if ((unsigned char)glob.p[i] <= ' ' || glob.p[i] == '/')
			return err_parse(pe, expected, i);
	if (*n == *cap) {
		*cap = *cap ? *cap * 2 : 8;
		*v = mem_realloc(*v, *cap, sizeof(**v));
	}
	(*v)[(*n)++] = arena_str(arena, glob);
	return ERR_OK;
}

int border_add_own_host(struct border_set *set, struct str glob, struct parse_error *pe)
{
	return add_glob(&set->arena, &set->own_hosts, &set->own_host_count, &set->own_host_cap,
	                glob, pe);
}

int border_add_border_host(struct border_set *set, struct str glob, struct parse_error *pe)
{
	return add_glob(&set->arena, &set->border_hosts, &set->border_host_count,
	                &set->border_host_cap, glob, pe);
}

int border_add_own_net(struct border_set *set, struct str cidr, struct parse_error *pe)
{
	static const char expected[] = "an address or network such as 192.0.2.0/24";
	size_t slash = str_find(cidr, '/');
	struct str address = { cidr.p, slash == SIZE_MAX ? cidr.n : slash };
	struct ip ip;
	if (ip_parse(address, &ip, NULL) != ERR_OK)
		return err_parse(pe, expected, 0);
	uint64_t len = ip_bits(&ip);
	if (slash != SIZE_MAX && str_u64(str_from(cidr, slash + 1), len, &len) != ERR_OK)
		return err_parse(pe, expected, slash + 1);
	if (set->own_net_count == set->own_net_cap) {
		set->own_net_cap = set->own_net_cap ? set->own_net_cap * 2 : 8;
		set->own_nets = mem_realloc(set->own_nets, set->own_net_cap,
		                            sizeof(*set->own_nets));
	}
	set->own_nets[set->own_net_count++] = prefix_of(&ip, (unsigned)len);
	return ERR_OK;
}

struct trace_border border_view(const struct border_set *set)
{
	return (struct trace_border){
		.own_hosts = set->own_hosts, .own_host_count = set->own_host_count,
		.own_nets = set->own_nets, .own_net_count = set->own_net_count,
		.border_hosts = set->border_hosts, .border_host_count = set->border_host_count,
	};
}
