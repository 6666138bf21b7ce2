/* SPDX-License-Identifier: ISC
 *
 * A server's certificate and key: each file is looked at first, so that an error names it.
 */
#include "base/tls.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WARN_DAYS = 14, DAY_S = 86400 };

static int complain(struct buf *message, const char *section, const char *parameter,
                    const char *expected, const char *path, const char *why)
{
	buf_printf(message, "%s.%s: expected %s, found \"", section, parameter, expected);
	buf_add_escaped(message, str_of(path));
	buf_printf(message, "\": %s", why);
	return ERR_INVALID;
}

/* OpenSSL's reason, or a plain one where it has none. */
static const char *reason(const char *otherwise)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());
	ERR_clear_error();
	return text ? text : otherwise;
}

/* Whether it is a file that we may read: a FIFO, say, would hold us. */
static int check_file(const char *section, const char *parameter, const char *expected,
                      const char *path, struct buf *message)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), e = ERR_OK;
	if (fd < 0) {
		e = file_err(errno);
		complain(message, section, parameter, expected, path, strerror(errno));
		return e;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		e = complain(message, section, parameter, expected, path, "not a regular file");
	close(fd);
	return e;
}

static int no_passphrase(char *dst, int size, int writing, void *arg)
{
	(void)dst, (void)size, (void)writing, (void)arg;
	return -1;
}

static int load(SSL_CTX *ctx, const char *section, const char *certificate, const char *key,
                struct buf *message)
{
	static const char chain[] = "a PEM chain that can be read";
	static const char its_key[] = "a PEM key without a passphrase that can be read";
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	int e = check_file(section, "certificate", chain, certificate, message);
	if (e == ERR_OK && SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1)
		e = complain(message, section, "certificate", chain, certificate,
		             reason("no certificate in it"));
	if (e == ERR_OK)
		e = check_file(section, "key", its_key, key, message);
	if (e != ERR_OK)
		return e;
	/* It says of a key that fits no certificate so, too; that has a line of its own. */
	int loaded = SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM);
	unsigned long code = ERR_peek_last_error();
	if ((loaded == 1 && SSL_CTX_check_private_key(ctx) == 1))
		return ERR_OK;
	if (loaded == 1 || ERR_GET_LIB(code) == ERR_LIB_X509)
		return complain(message, section, "key", "the key of the certificate", key,
		                reason("another one's"));
	return complain(message, section, "key", its_key, key, reason("no key in it"));
}

int tls_server_create(const char *section, const char *certificate, const char *key,
                      SSL_CTX **ctx, struct buf *message)
{
	ERR_clear_error();
	SSL_CTX *made = SSL_CTX_new(TLS_server_method());
	if (!made) {
		buf_printf(message, "%s.certificate: TLS cannot be set up: %s", section,
		           reason("no reason given"));
		return ERR_IO;
	}
	int e = load(made, section, certificate, key, message);
	if (e != ERR_OK) {
		SSL_CTX_free(made);
		return e;
	}
	*ctx = made;
	return ERR_OK;
}

void tls_server_remark(const char *section, const SSL_CTX *ctx, int64_t now_s, struct buf *remarks)
{
	const X509 *certificate = SSL_CTX_get0_certificate(ctx);
	time_t now = (time_t)now_s, soon = now + WARN_DAYS * DAY_S;
	if (!certificate)
		return;
	if (X509_cmp_time(X509_get0_notBefore(certificate), &now) > 0)
		buf_printf(remarks, "%s.certificate: is not valid yet\n", section);
	else if (X509_cmp_time(X509_get0_notAfter(certificate), &now) < 0)
		buf_printf(remarks, "%s.certificate: has expired\n", section);
	else if (X509_cmp_time(X509_get0_notAfter(certificate), &soon) < 0)
		buf_printf(remarks, "%s.certificate: expires within %d days\n", section, WARN_DAYS);
}
