/* SPDX-License-Identifier: ISC
 *
 * Which files and directories of authorities a mail server trusts for its clients' certificates, by
 * its configuration. Pure.
 *
 *     Postfix    smtpd_tls_CAfile, smtpd_tls_CApath    Sendmail   confCACERT, confCACERT_PATH
 *     Exim       tls_verify_certificates               OpenSMTPD  ca NAME cert PATH
 *
 * Sources: postconf(5); Exim's specification, chapter 43; cf/README; smtpd.conf(5).
 */
#ifndef PORTREEVE_AUDIT_AUTHORITIES_H
#define PORTREEVE_AUDIT_AUTHORITIES_H

#include "audit/config.h"

enum { AUDIT_AUTHORITIES_MAX = 8 };

/* Whole paths, once each; how many. What is to be expanded is not known, and left out. */
size_t audit_authorities(struct audit_config *config, struct arena *a,
                         const char *paths[static AUDIT_AUTHORITIES_MAX]);

#endif
