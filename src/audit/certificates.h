/* SPDX-License-Identifier: ISC
 *
 * Which files a mail server shows itself by under TLS, by its configuration: certificates and their
 * keys. Pure.
 *
 *     Postfix    smtpd_tls_chain_files, smtpd_tls_cert_file, ...    Sendmail   confSERVER_CERT, ...
 *     Exim       tls_certificate, tls_privatekey                    OpenSMTPD  pki NAME cert PATH
 *
 * Who uses it: the command `audit`, to carry them into the closed room, and to see whether those
 * that the server cannot do without are there.
 *
 * Sources: postconf(5); Exim's specification, chapter 43; cf/README and the Sendmail Installation
 * and Operation Guide; smtpd.conf(5).
 */
#ifndef PORTREEVE_AUDIT_CERTIFICATES_H
#define PORTREEVE_AUDIT_CERTIFICATES_H

#include "audit/config.h"

enum { AUDIT_CERTIFICATES_MAX = 32 };

/* Whole paths that may be meant, once each, of all ports; how many. Of what is to be expanded those
 * that stand in it. */
size_t audit_certificates(struct audit_config *config, struct arena *a,
                          const char *paths[static AUDIT_CERTIFICATES_MAX]);

/* A file without which nobody gets TLS. */
struct audit_certificate {
	const char *path;
	const struct audit_setting *setting;     /* that names it */
};
/* Those of a port. Of the servers that read them when TLS begins (Postfix, Exim): the others do not
 * start, or offer no TLS, without them. Nothing where it is not sure. */
size_t audit_certificates_needed(struct audit_config *config, const struct audit_port *port,
                                 struct arena *a,
                                 struct audit_certificate needed[static AUDIT_CERTIFICATES_MAX]);

#endif
