/* SPDX-License-Identifier: ISC
 *
 * Whether the gateway's certificates are for the names by which others find it: its own, and those
 * of its domains' MX that lead here. (Whether they can be used at all is the configuration's
 * check.) The judgement asks nobody; the files are read as root if we are root.
 */
#ifndef PORTREEVE_DOCTOR_CERTIFICATES_H
#define PORTREEVE_DOCTOR_CERTIFICATES_H

#include "doctor/dns.h"

#include <openssl/x509.h>

enum { DOCTOR_CERTIFICATES_MAX = 65 };       /* gateway.certificate, and gateway.sni */

struct doctor_certificates {
	X509 *v[DOCTOR_CERTIFICATES_MAX];
	size_t n;
	const char *unread;                  /* a file that could not be; NULL; the settings' */
};

/* To be ended by doctor_certificates_fini(). */
void doctor_certificates_look(const struct settings *s, struct arena *a,
                              struct doctor_certificates *c);
void doctor_certificates_judge(const struct doctor_plan *plan, const struct doctor_dns *dns,
                               const struct doctor_certificates *c, struct doctor_findings *f);
void doctor_certificates_fini(struct doctor_certificates *c);

#endif
