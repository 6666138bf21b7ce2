/* SPDX-License-Identifier: ISC
 *
 * The names one after the other, each asked of all certificates.
 */
#include "doctor/certificates.h"

#include "base/file.h"
#include "settings/assembly-gateway.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

static const char part[] = "port";
static const char about[] = "certificates of the gateway";

/* ---- what the files say --------------------------------------------------------------- */

static void look_at(const char *path, struct doctor_certificates *c)
{
	struct buf text = { 0 };
	struct stat st;
	X509 *one = NULL;
	/* A pipe would hold us. */
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    file_read(path, GATEWAY_FILE_BYTES_MAX, &text) == ERR_OK && text.n > 0) {
		BIO *in = BIO_new_mem_buf(text.p, (int)text.n);
		one = PEM_read_bio_X509_AUX(in, NULL, NULL, (void *)"");
		BIO_free(in);
		ERR_clear_error();
	}
	if (one)
		c->v[c->n++] = one;
	else
		c->unread = path;
	buf_fini(&text);
}

/* Certificate and key stand in turns behind the first three. */
void doctor_certificates_look(const struct settings *s, struct arena *a,
                              struct doctor_certificates *c)
{
	const char *paths[GATEWAY_FILES_MAX];
	const size_t n = assembly_gateway_files(s, a, paths);
	*c = (struct doctor_certificates){ 0 };
	if (!paths[GATEWAY_FILE_CERTIFICATE][0])
		return;
	look_at(paths[GATEWAY_FILE_CERTIFICATE], c);
	for (size_t i = GATEWAY_FILE_SNI; i < n && c->n < DOCTOR_CERTIFICATES_MAX; i += 2)
		look_at(paths[i], c);
}

void doctor_certificates_fini(struct doctor_certificates *c)
{
	for (size_t i = 0; i < c->n; i++)
		X509_free(c->v[i]);
	*c = (struct doctor_certificates){ 0 };
}

/* ---- the judgement ---------------------------------------------------------------------- */

static bool is_named(const struct doctor_certificates *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (X509_check_host(c->v[i], name, 0, 0, NULL) == 1)
			return true;
	return false;
}

/* Servers that bring mail do not look at names, but for those whose policy says so (DANE, MTA-STS):
 * users' programs do. */
static void judge_name(const struct doctor_plan *plan, const struct doctor_certificates *c,
                       const char *name, struct buf *good, struct doctor_findings *f)
{
	const struct gateway_config *g = &plan->settings->gateway;
	const bool own = strcmp(name, plan->helo) == 0;
	const bool users = own && g->submission.n + g->submissions.n > 0;
	struct buf shown = { 0 };
	buf_add_escaped(&shown, str_of(name));
	if (is_named(c, name))
		buf_printf(good, "%s%s", good->n ? ", " : "", buf_cstr(&shown));
	else
		doctor_find(f, users ? DOCTOR_DIFFERS : DOCTOR_BETTER, part, about, NULL,
		            "none is for %s, %s", buf_cstr(&shown),
		            own ? "this machine's name" : "to which mail is brought");
	buf_fini(&shown);
}

static bool was_before(const struct doctor_plan *plan, const struct doctor_dns *dns,
                       size_t domain, size_t host)
{
	const char *name = dns->mail[domain].mx.names[host];
	if (str_caseeq(str_of(name), str_of(plan->helo)))
		return true;
	for (size_t i = 0; i <= domain; i++)
		for (size_t k = 0; k < (i == domain ? host : dns->mail[i].mx.name_count); k++)
			if (str_caseeq(str_of(dns->mail[i].mx.names[k]), str_of(name)))
				return true;
	return false;
}

void doctor_certificates_judge(const struct doctor_plan *plan, const struct doctor_dns *dns,
                               const struct doctor_certificates *c, struct doctor_findings *f)
{
	struct buf good = { 0 };
	if (plan->mail_count == 0)
		return;
	if (c->unread)
		doctor_find(f, DOCTOR_UNKNOWN, part, about, NULL, "%s cannot be read", c->unread);
	else if (c->n == 0)
		doctor_find(f, DOCTOR_BETTER, part, about,
		            "set gateway.certificate and gateway.key", "there is none: mail is "
		            "brought without TLS, and no user can log in");
	if (c->unread || c->n == 0)
		return;
	judge_name(plan, c, plan->helo, &good, f);
	for (size_t i = 0; i < plan->mail_count; i++)
		for (size_t k = 0; k < dns->mail[i].mx.name_count; k++) {
			const char *name = dns->mail[i].mx.names[k];
			if (!was_before(plan, dns, i, k) &&
			    doctor_mail_is_here(plan, dns, name, &dns->mail[i].ips[k]))
				judge_name(plan, c, name, &good, f);
		}
	if (good.n > 0)
		doctor_find(f, DOCTOR_OK, part, about, NULL, "for %s", buf_cstr(&good));
	buf_fini(&good);
}
