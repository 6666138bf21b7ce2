/* SPDX-License-Identifier: ISC
 *
 * Whom a mail server asks before it answers to RCPT, by its configuration: milters, policy
 * services, a proxy before the queue, who checks passwords, who rewrites addresses (SRS). In the
 * closed room none of them is there, and somebody has to stand in. Pure.
 *
 *     Postfix    smtpd_milters, check_policy_service in any list or class, smtpd_proxy_filter,
 *                smtpd_sasl_path of type dovecot (postconf(5), MILTER_README); tcp: and socketmap:
 *                in canonical_maps, sender_canonical_maps and recipient_canonical_maps
 *     Sendmail   the X lines of sendmail.cf (op.ps)
 *
 * Exim asks at DATA, which is never sent, but for callouts, which find no way in the room; filters
 * of OpenSMTPD are programs that it starts itself.
 *
 * Who uses it: closed/run.c. Hostile input: the configuration.
 */
#ifndef PORTREEVE_AUDIT_CALLOUTS_H
#define PORTREEVE_AUDIT_CALLOUTS_H

#include "audit/config.h"

enum audit_callout_kind {
	AUDIT_CALL_MILTER, AUDIT_CALL_POLICY, AUDIT_CALL_FILTER, AUDIT_CALL_AUTH,
	AUDIT_CALL_TABLE, AUDIT_CALL_SOCKETMAP,
};
struct audit_callout {
	enum audit_callout_kind kind;
	const char *text;                /* as the configuration has it: "inet:localhost:8891" */
	const char *path;                /* absolute; NULL: at `at` */
	struct endpoint at;
	const char *host;                /* a name that must lead to at.ip then; NULL: none */
};
const char *audit_callout_title(enum audit_callout_kind kind);   /* "a milter" */

/* Each socket once, up to max; gives their number. A relative path is below the queue directory,
 * and an absolute one may be so, too, by a chroot: it is there twice. All in the arena. */
size_t audit_callouts(struct audit_config *config, struct arena *a, struct audit_callout *out,
                      size_t max);

#endif
