/* SPDX-License-Identifier: ISC
 *
 * The names of addresses in the DNS, each asked back: a name counts as confirmed only if
 * it leads to the address again, since whoever has an address can give it any name.
 *
 * Hostile input: the names, which the addresses' owners chose. Escape them.
 */
#ifndef PORTREEVE_CLI_REVERSE_H
#define PORTREEVE_CLI_REVERSE_H

#include "cli/cli.h"
#include "dns/resolver.h"

enum { REVERSE_NAMES_MAX = 4, REVERSE_NAME_MAX = 1024 };

struct reverse {
	struct loop *loop;                   /* NULL until something is looked up */
	struct dns_resolver *resolver;
};

/* What the DNS says of one address. */
struct reverse_name {
	struct ip address;
	enum dns_status status;              /* of the question for its names */
	bool confirmed;
	char name[REVERSE_NAME_MAX];         /* the confirmed one, else the first, else "" */
	/* while it is looked up */
	struct reverse *reverse;
	char names[REVERSE_NAMES_MAX][REVERSE_NAME_MAX];
	size_t count, next;
};

/* Looks all up at the same time, with the configuration's resolver (the settings must be
 * loaded); `address` is given in each. CLI_GO or an exit code. */
int reverse_look_up(struct reverse *r, const struct cli *cli, struct reverse_name *names,
                    size_t n);
void reverse_fini(struct reverse *r);

#endif
