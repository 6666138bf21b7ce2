/* SPDX-License-Identifier: ISC
 *
 * Our authority among those that a system trusts: a client of ours is believed by a bundle and by a
 * directory that hold a public one, and by no other.
 */
#include "test.h"

#include "closed/authority.h"
#include "closed/certificate.h"
#include "directory.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char where[64];

static const char *path_of(const char *name)
{
	static char path[4][128];
	static unsigned next;
	char *p = path[next++ % 4];
	snprintf(p, sizeof(path[0]), "%s/%s", where, name);
	return p;
}

static void write_text(const char *name, struct str text)
{
	FILE *f = fopen(path_of(name), "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
	assert_int_equal(fclose(f), 0);
}

static X509 *certificate_of(struct str text)
{
	BIO *in = BIO_new_mem_buf(text.p, (int)text.n);
	X509 *one = PEM_read_bio_X509(in, NULL, NULL, NULL);
	BIO_free(in);
	return one;
}

static void hash_name(struct str pem, const char *directory, char *name, size_t size)
{
	X509 *one = certificate_of(pem);
	snprintf(name, size, "%s/%08lx.0", directory, X509_subject_name_hash(one));
	X509_free(one);
}

/* Two public authorities, a private one; a bundle, a directory, and files with some of them. */
struct world {
	struct buf first, second, private_, client;
};

static void world_make(struct world *w)
{
	struct buf both = { 0 }, mixed = { 0 };
	char name[64];
	assert_int_equal(closed_certificate_make("a", NULL, &w->first, &w->client), ERR_OK);
	X509 *like = certificate_of(buf_str(&w->client));       /* another name than the first's */
	assert_int_equal(closed_certificate_make("b", like, &w->second, &w->client), ERR_OK);
	assert_int_equal(closed_certificate_make("c", NULL, &w->private_, &w->client), ERR_OK);
	X509_free(like);
	buf_printf(&both, "# all\n%s%s", buf_cstr(&w->first), buf_cstr(&w->second));
	buf_printf(&mixed, "%s%s", buf_cstr(&w->private_), buf_cstr(&w->second));
	assert_int_equal(mkdir(path_of("certs"), 0700) | mkdir(path_of("mine"), 0700), 0);
	hash_name(buf_str(&w->first), "certs", name, sizeof(name));
	write_text(name, buf_str(&w->first));
	write_text("bundle.pem", buf_str(&both));
	write_text("mixed.pem", buf_str(&mixed));
	write_text("private.pem", buf_str(&w->private_));
	write_text("nothing.pem", STR(""));
	assert_int_equal(symlink("bundle.pem", path_of("link.pem")), 0);
	buf_fini(&both);
	buf_fini(&mixed);
}

static bool is_believed(const struct closed_authority *a, struct str trusted)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509 *own = certificate_of(buf_str(&a->own));
	BIO *in = BIO_new_mem_buf(trusted.p, (int)trusted.n);
	for (X509 *one; (one = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL; X509_free(one))
		X509_STORE_add_cert(store, one);
	X509_STORE_CTX_init(context, store, own, NULL);
	const bool believed = X509_verify_cert(context) == 1;
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	X509_free(own);
	BIO_free(in);
	return believed;
}

static const struct closed_bind *bind_of(const struct closed_authority *a, const char *name)
{
	for (size_t i = 0; i < a->n; i++)
		if (str_casesuffix(str_of(a->binds[i].to), str_of(name)))
			return &a->binds[i];
	return NULL;
}

static void public_ones_get_ours(void **state)
{
	char bundle[128], certs[128], mixed[128], linked[128], hash[64];
	struct closed_authority a;
	struct world w = { 0 };
	(void)state;
	world_make(&w);
	hash_name(buf_str(&w.first), "certs", hash, sizeof(hash));
	str_copy(bundle, sizeof(bundle), str_of(path_of("bundle.pem")));
	str_copy(certs, sizeof(certs), str_of(path_of("certs")));
	str_copy(mixed, sizeof(mixed), str_of(path_of("mixed.pem")));
	str_copy(linked, sizeof(linked), str_of(path_of("link.pem")));
	const struct closed_authority_system system = { bundle, certs };
	const char *const all[] = { mixed, linked, "/nowhere/at-all", "" };
	assert_int_equal(closed_authority_make(&system, all, 4, &a), ERR_OK);
	assert_int_equal(a.n, 3);
	const char *const names[] = { "bundle.pem", "mixed.pem", hash };
	for (size_t i = 0; i < 3; i++) {
		const struct closed_bind *bind = bind_of(&a, names[i]);
		assert_true(bind && !bind->from && is_believed(&a, bind->text));
	}
	assert_false(is_believed(&a, buf_str(&w.first)));
	closed_authority_fini(&a);
	buf_fini(&w.first);
	buf_fini(&w.second);
	buf_fini(&w.private_);
	buf_fini(&w.client);
}

/* After the first test, which made the files. */
static void private_ones_do_not(void **state)
{
	struct closed_authority a;
	char bundle[128], directory[128], private_[128], mine[128], nothing[128], none[128];
	(void)state;
	str_copy(bundle, sizeof(bundle), str_of(path_of("bundle.pem")));
	str_copy(directory, sizeof(directory), str_of(path_of("mine")));
	str_copy(private_, sizeof(private_), str_of(path_of("private.pem")));
	str_copy(mine, sizeof(mine), str_of(path_of("mine")));
	str_copy(nothing, sizeof(nothing), str_of(path_of("nothing.pem")));
	str_copy(none, sizeof(none), str_of(path_of("none.pem")));
	const char *const all[] = { private_, mine, nothing };
	const struct closed_authority_system system = { bundle, directory };
	assert_int_equal(closed_authority_make(&system, all, 3, &a), ERR_OK);
	assert_int_equal(a.n, 1);
	assert_non_null(bind_of(&a, "bundle.pem"));
	closed_authority_fini(&a);
	/* Where a system has none, there is nothing that could be public. */
	const struct closed_authority_system empty = { none, directory };
	assert_int_equal(closed_authority_make(&empty, all, 3, &a), ERR_OK);
	assert_true(a.n == 0 && a.own.n == 0);
	closed_authority_fini(&a);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(where, sizeof(where), "/tmp/test-authority-XXXXXX");
	return mkdtemp(where) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return directory_remove(where);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(public_ones_get_ours),
		cmocka_unit_test(private_ones_do_not),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
