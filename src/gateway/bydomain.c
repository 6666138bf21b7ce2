/* SPDX-License-Identifier: ISC
 *
 * A sorted array of pairs, and a binary search.
 */
#include "gateway/bydomain-private.h"

#include "base/mem.h"
#include "mail/address.h"

#include <stdlib.h>
#include <strings.h>

bool by_domain_split(struct str entry, bool star, struct str *domain, struct str *rest)
{
	if (!str_word(&entry, domain))
		return false;
	*rest = str_trim(entry);
	return rest->n > 0 &&
	       (mail_domain_valid(*domain) || (star && str_eq(*domain, STR("*"))));
}

static int compare(const void *a, const void *b)
{
	const struct by_domain_entry *x = a, *y = b;
	return strcmp(x->domain, y->domain);
}

void by_domain_init(struct by_domain *t, const struct config_strings *entries)
{
	struct str domain, rest;
	*t = (struct by_domain){ .v = mem_array(entries->n + 1, sizeof(*t->v)) };
	for (size_t i = 0; i < entries->n; i++) {
		if (!by_domain_split(str_of(entries->v[i]), true, &domain, &rest))
			continue;
		struct by_domain_entry *e = &t->v[t->n++];
		e->domain = mem_strndup(domain.p, domain.n);
		e->rest = mem_strndup(rest.p, rest.n);
		for (char *p = e->domain; *p; p++)
			*p = ascii_lower(*p);
	}
	qsort(t->v, t->n, sizeof(*t->v), compare);
}

void by_domain_fini(struct by_domain *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->v[i].domain);
		free(t->v[i].rest);
	}
	free(t->v);
	*t = (struct by_domain){ 0 };
}

const char *by_domain_twice(const struct by_domain *t)
{
	for (size_t i = 1; i < t->n; i++)
		if (compare(&t->v[i - 1], &t->v[i]) == 0)
			return t->v[i].domain;
	return NULL;
}

const struct by_domain_entry *by_domain_find(const struct by_domain *t, struct str domain)
{
	char lower[MAIL_DOMAIN_MAX + 1];
	if (!str_copy(lower, sizeof(lower), domain))
		return NULL;
	for (char *p = lower; *p; p++)
		*p = ascii_lower(*p);
	const struct by_domain_entry key = { .domain = lower };
	return t->n ? bsearch(&key, t->v, t->n, sizeof(*t->v), compare) : NULL;
}
