/* SPDX-License-Identifier: ISC
 *
 * Bundles are PEM, one certificate behind the other; in a directory OpenSSL finds an authority by a
 * hash of its name, as HASH.0.
 */
#include "closed/authority.h"

#include "base/file.h"
#include "base/mem.h"
#include "closed/certificate.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define CLIENT_NAME "client.asker.example"

enum { PUBLIC_MAX = 1000 };

static const struct closed_authority_system systems[] = {
	{ "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs" },
	{ "/etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/tls/certs" },
	{ "/etc/ssl/cert.pem", "/etc/ssl/certs" },
};

static const struct closed_authority_system *system_find(void)
{
	struct stat st;
	for (size_t i = 0; i < sizeof(systems) / sizeof(*systems); i++)
		if (stat(systems[i].bundle, &st) == 0 && S_ISREG(st.st_mode))
			return &systems[i];
	return NULL;
}

/* ---- certificates ---------------------------------------------------------------- */

struct pem {
	X509 *v[PUBLIC_MAX];
	size_t n;
};

static void pem_read(struct str text, struct pem *pem)
{
	BIO *in = BIO_new_mem_buf(text.p ? text.p : "", (int)text.n);
	X509 *one;
	while (in && pem->n < PUBLIC_MAX &&
	       (one = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL)
		pem->v[pem->n++] = one;
	BIO_free(in);
}

static void pem_free(struct pem *pem)
{
	for (size_t i = 0; i < pem->n; i++)
		X509_free(pem->v[i]);
	free(pem);
}

static bool has_any(const struct pem *some, const struct pem *all)
{
	for (size_t i = 0; i < some->n; i++)
		for (size_t k = 0; k < all->n; k++)
			if (X509_cmp(some->v[i], all->v[k]) == 0)
				return true;
	return false;
}

/* ---- files that are covered ---------------------------------------------------------- */

static bool is_covered(const struct closed_authority *a, const char *path)
{
	struct stat one, other;
	for (size_t i = 0; i < a->n; i++)
		if (stat(path, &one) == 0 && stat(a->paths[i], &other) == 0 &&
		    one.st_dev == other.st_dev && one.st_ino == other.st_ino)
			return true;
	return false;
}

/* What was there, and ours behind it. */
static void cover_file(struct closed_authority *a, const char *path, struct str before)
{
	if (a->n == CLOSED_AUTHORITY_FILES_MAX || is_covered(a, path))
		return;
	struct buf *bundle = &a->bundles[a->n];
	buf_add_str(bundle, before);
	if (before.n && before.p[before.n - 1] != '\n')
		buf_add_byte(bundle, '\n');
	buf_add_str(bundle, buf_str(&a->authority));
	a->paths[a->n] = mem_printf("%s", path);
	a->binds[a->n] = (struct closed_bind){ .to = a->paths[a->n], .text = buf_str(bundle) };
	a->n++;
}

/* The file of the authority whose name ours has. */
static void cover_in_directory(struct closed_authority *a, const char *directory,
                               const X509 *like)
{
	struct stat st;
	char *path = mem_printf("%s/%08lx.0", directory, X509_subject_name_hash((X509 *)like));
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
		cover_file(a, path, STR(""));
	free(path);
}

static void cover_trusted(struct closed_authority *a, const char *path, const struct pem *public)
{
	struct stat st;
	struct buf text = { 0 };
	struct pem *own = mem_zalloc(sizeof(*own));
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		cover_in_directory(a, path, public->v[0]);
	} else if (stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	           file_read(path, CLOSED_AUTHORITY_BYTES_MAX, &text) == ERR_OK) {
		pem_read(buf_str(&text), own);
		if (has_any(own, public))
			cover_file(a, path, buf_str(&text));
	}
	pem_free(own);
	buf_fini(&text);
}

int closed_authority_make(const struct closed_authority_system *system,
                          const char *const *trusted, size_t n, struct closed_authority *out)
{
	struct buf text = { 0 };
	struct pem *public = mem_zalloc(sizeof(*public));
	int e = ERR_OK;
	*out = (struct closed_authority){ 0 };
	if (!system)
		system = system_find();
	if (system && file_read(system->bundle, CLOSED_AUTHORITY_BYTES_MAX, &text) == ERR_OK)
		pem_read(buf_str(&text), public);
	if (public->n)
		e = closed_certificate_make(CLIENT_NAME, public->v[0], &out->authority, &out->own);
	if (e == ERR_OK && public->n) {
		cover_file(out, system->bundle, buf_str(&text));
		cover_in_directory(out, system->directory, public->v[0]);
		for (size_t i = 0; i < n; i++)
			cover_trusted(out, trusted[i], public);
	}
	pem_free(public);
	buf_fini(&text);
	return e;
}

void closed_authority_fini(struct closed_authority *authority)
{
	for (size_t i = 0; i < authority->n; i++) {
		buf_fini(&authority->bundles[i]);
		free(authority->paths[i]);
	}
	buf_fini(&authority->own);
	buf_fini(&authority->authority);
	*authority = (struct closed_authority){ 0 };
}
