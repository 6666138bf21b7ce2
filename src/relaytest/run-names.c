/* SPDX-License-Identifier: ISC
 *
 * The names of a tested host: its reverse name first, then what it calls itself. A
 * name is used in an address only if it resolves to the tested address, or a probe might
 * go to an innocent third party. Hostile input: PTR records, banners, MX records.
 */
#include "mail/address.h"
#include "relaytest/tester-private.h"

static void done(struct run *r)
{
	r->query = NULL;
	r->tester->hooks->named(r);
}

static bool has_target(const struct run *r, const struct dns_result *result)
{
	for (size_t i = 0; i < result->ip_count; i++)
		if (ip_eq(&result->ips[i], &r->test.target.ip))
			return true;
	return false;
}

static void on_mx_ips(void *arg, const struct dns_result *result)
{
	struct run *r = arg;
	if (!has_target(r, result))
		r->mail_domain[0] = '\0';
	done(r);
}

static void on_mx(void *arg, const struct dns_result *result)
{
	struct run *r = arg;
	for (size_t i = 0; i < result->mx_count; i++) {
		struct str host = str_of(result->mx[i].host);
		if (host.n && host.p[host.n - 1] == '.')
			host.n--;
		if (str_caseeq(host, str_of(r->name))) {
			done(r);
			return;
		}
	}
	if (result->mx_count == 0) {
		r->mail_domain[0] = '\0';
		done(r);
		return;
	}
	r->query = dns_resolve_ips(r->tester->setup.resolver, str_of(result->mx[0].host),
	                           on_mx_ips, r);
}

static void on_name_ips(void *arg, const struct dns_result *result)
{
	struct run *r = arg;
	const char *dot = strchr(r->name, '.');
	r->name_usable = has_target(r, result);
	if (!r->name_usable || !dot || !strchr(dot + 1, '.')) {
		done(r);
		return;
	}
	/* The mail domain is looked for one label up. */
	str_copy(r->mail_domain, sizeof(r->mail_domain), str_of(dot + 1));
	r->query = dns_resolve_mx(r->tester->setup.resolver, str_of(r->mail_domain), on_mx, r);
}

static void check_name(struct run *r, struct str name)
{
	if (name.n && name.p[name.n - 1] == '.')
		name.n--;
	if (name.n == 0 || name.n > 200 || !mail_domain_valid(name) ||
	    str_find(name, '.') == SIZE_MAX) {
		done(r);
		return;
	}
	str_copy(r->name, sizeof(r->name), name);
	for (char *p = r->name; *p; p++)
		*p = ascii_lower(*p);
	r->query = dns_resolve_ips(r->tester->setup.resolver, str_of(r->name), on_name_ips, r);
}

static void on_ptr(void *arg, const struct dns_result *result)
{
	struct run *r = arg;
	check_name(r, str_of(result->name_count ? result->names[0] : ""));
}

void run_find_name(struct run *r, const char *candidate)
{
	r->name[0] = r->mail_domain[0] = '\0';
	r->name_usable = false;
	if (*candidate)
		check_name(r, str_of(candidate));
	else
		r->query = dns_resolve_ptr(r->tester->setup.resolver, &r->test.target.ip, on_ptr,
		                           r);
}
