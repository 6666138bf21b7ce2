/* SPDX-License-Identifier: ISC
 *
 * Who we are, as we tell it to those we talk to: in HELO, in probes, in notices and in evidence.
 * The texts belong to whoever fills it, and outlive what is given it.
 */
#ifndef PORTREEVE_RELAYTEST_IDENTITY_H
#define PORTREEVE_RELAYTEST_IDENTITY_H

struct identity {
	const char *hostname;                /* of this machine: HELO */
	const char *operator_name;           /* who runs this; "" for none, as for the next two */
	const char *contact;                 /* mail address of a person */
	const char *objection_url;
	/* An account at the tested host, which its owner gave (S14); NULL for none. */
	const char *user, *password;
};

#endif
