/* SPDX-License-Identifier: ISC
 *
 * Reverse names: each is asked back, one after the other, until one leads to the address.
 */
#include "cli/reverse.h"

enum { RESOLVERS_MAX = 8 };

static void ask_next(struct reverse_name *r);

static void reverse_name_done(struct reverse_name *r)
{
	if (!r->confirmed && r->count > 0)
		str_copy(r->name, sizeof(r->name), str_of(r->names[0]));
	if (dns_resolver_pending(r->reverse->resolver) == 0)
		loop_stop(r->reverse->loop);
}

static void addresses_came(void *arg, const struct dns_result *result)
{
	struct reverse_name *r = arg;
	for (size_t i = 0; i < result->ip_count; i++)
		if (ip_eq(&result->ips[i], &r->address))
			r->confirmed = true;
	if (r->confirmed)
		str_copy(r->name, sizeof(r->name), str_of(r->names[r->next - 1]));
	ask_next(r);
}

static void ask_next(struct reverse_name *r)
{
	if (r->confirmed || r->next == r->count) {
		reverse_name_done(r);
		return;
	}
	struct str name = str_of(r->names[r->next++]);
	if (r->address.family == 4)
		dns_resolve_a(r->reverse->resolver, name, addresses_came, r);
	else
		dns_resolve_aaaa(r->reverse->resolver, name, addresses_came, r);
}

static void names_came(void *arg, const struct dns_result *result)
{
	struct reverse_name *r = arg;
	r->status = result->status;
	for (size_t i = 0; i < result->name_count && r->count < REVERSE_NAMES_MAX; i++)
		if (str_copy(r->names[r->count], REVERSE_NAME_MAX, str_of(result->names[i])))
			r->count++;
	ask_next(r);
}

static int reverse_begin(struct reverse *r, const struct cli *cli)
{
	static const struct dns_resolver_options patience = { 1500, 2, 5000 };
	const struct config_endpoints *servers = &cli->settings.general.resolver;
	size_t n = servers->n < RESOLVERS_MAX ? servers->n : RESOLVERS_MAX;
	if (r->resolver)
		return CLI_GO;
	if (!r->loop)
		r->loop = loop_create();
	if (dns_resolver_create(r->loop, servers->v, n, &patience, &r->resolver) != ERR_OK)
		return cli_fail(cli, EX_OSERR, "the resolver cannot be set up");
	return CLI_GO;
}

int reverse_look_up(struct reverse *r, const struct cli *cli, struct reverse_name *names, size_t n)
{
	int code = reverse_begin(r, cli);
	if (code != CLI_GO || n == 0)
		return code;
	for (size_t i = 0; i < n; i++) {
		names[i] = (struct reverse_name){ .address = names[i].address, .reverse = r };
		dns_resolve_ptr(r->resolver, &names[i].address, names_came, &names[i]);
	}
	loop_run(r->loop);
	return CLI_GO;
}

void reverse_fini(struct reverse *r)
{
	dns_resolver_destroy(r->resolver);
	if (r->loop)
		loop_destroy(r->loop);
	*r = (struct reverse){ 0 };
}
