/* SPDX-License-Identifier: ISC
 *
 * The key files, below STATE/keys (mode 0700, each file 0600):
 *   tokens/token.keys  one key per line: id, Unix time it was made, 64 hex digits; '#'
 *                  comments. Oldest first; the last one signs. In a directory of its own, so
 *                  that a sandbox can allow it and not the next one.
 *   evidence.pem   the Ed25519 private key (PKCS#8)
 *   evidence.pub   its public key (mode 0644 within; for those who verify)
 *
 * The caller is the owner of the state directory: root becomes it before (settings/state.h).
 * Written only by way of file_write(), so that a kill leaves the old file or the new one.
 * A file that is there and damaged is an error and never replaced: it may be all that
 * verifies what was signed.
 */
#include "store/keys.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 16384 };

static const char token_file[] = "tokens/token.keys";

static int fail(struct buf *message, int err, const char *path, const char *what)
{
	assert(err < 0);
	if (message)
		buf_printf(message, "%s: %s", path, what);
	return err;
}

static char *path_of(const char *state, const char *name)
{
	return mem_printf("%s/keys/%s", state, name);
}

static int read_key_file(const char *path, struct buf *out, struct buf *message)
{
	int e = file_read_plain(path, FILE_MAX_BYTES, out);
	if (e == ERR_NOT_FOUND)
		return fail(message, e, path, "no such key file; it is made when Portreeve starts");
	if (e == ERR_INVALID)
		return fail(message, e, path, "expected a regular file, no link and no pipe");
	return e == ERR_OK ? e : fail(message, e, path, err_text(e));
}

static int write_key_file(const char *path, struct str bytes, mode_t mode, struct buf *message)
{
	assert(bytes.n > 0 && (mode & 0022) == 0);
	int e = file_write(path, bytes, mode);
	return e == ERR_OK ? e : fail(message, e, path, err_text(e));
}

/* ---- token keys ------------------------------------------------------------ */

static bool parse_line(struct str line, struct token_key *key)
{
	struct str id, created, secret, extra;
	uint64_t created_s;
	if (!str_token(&line, " \t", &id) || !str_token(&line, " \t", &created) ||
	    !str_token(&line, " \t", &secret) || str_token(&line, " \t", &extra))
		return false;
	if (id.n != 1 || id.p[0] < 'a' || id.p[0] > 'z' ||
	    str_u64(created, INT64_MAX, &created_s) != ERR_OK)
		return false;
	key->id = id.p[0];
	key->created_s = (int64_t)created_s;
	assert(key->created_s >= 0);
	return secret.n == 2 * TOKEN_KEY_BYTES &&
	       hex_decode(secret, key->secret, TOKEN_KEY_BYTES) == TOKEN_KEY_BYTES;
}

static int parse_keys(const char *path, struct str text, struct token_keys *keys,
                      struct buf *message)
{
	struct str line;
	unsigned number = 0;
	while (text.n) {
		size_t end = str_find(text, '\n');
		line = str_trim((struct str){ text.p, end < text.n ? end : text.n });
		text = str_from(text, end < text.n ? end + 1 : text.n);
		number++;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		struct token_key key = { 0 };
		if (keys->n == TOKEN_KEYS_MAX || !parse_line(line, &key) ||
		    keys_token_find(keys, key.id)) {
			if (message)
				buf_printf(message, "%s:%u: expected a new id from a to z, a time"
				           " and 64 hex digits", path, number);
			return ERR_CORRUPT;
		}
		keys->v[keys->n++] = key;
	}
	if (keys->n == 0)
		return fail(message, ERR_CORRUPT, path, "has no key");
	assert(keys->n <= TOKEN_KEYS_MAX);
	return ERR_OK;
}

int keys_token_load(const char *state_directory, struct token_keys *keys, struct buf *message)
{
	char *path = path_of(state_directory, token_file);
	struct buf text = { 0 };
	*keys = (struct token_keys){ 0 };
	int e = read_key_file(path, &text, message);
	if (e == ERR_OK)
		e = parse_keys(path, buf_str(&text), keys, message);
	if (e != ERR_OK)
		keys_token_fini(keys);
	if (text.p)
		OPENSSL_cleanse(text.p, text.n);
	buf_fini(&text);
	free(path);
	return e;
}

static int save_keys(const char *state, const struct token_keys *keys, struct buf *message)
{
	char *path = path_of(state, token_file);
	struct buf text = { 0 };
	assert(keys->n > 0 && keys->n <= TOKEN_KEYS_MAX);
	buf_add_cstr(&text, "# Portreeve token keys: id, time made, secret. The last one signs.\n");
	for (size_t i = 0; i < keys->n; i++) {
		char hex[2 * TOKEN_KEY_BYTES + 1];
		hex_encode(keys->v[i].secret, TOKEN_KEY_BYTES, hex);
		buf_printf(&text, "%c %lld %s\n", keys->v[i].id, (long long)keys->v[i].created_s,
		           hex);
		OPENSSL_cleanse(hex, sizeof(hex));
	}
	int e = write_key_file(path, buf_str(&text), 0600, message);
	OPENSSL_cleanse(text.p, text.n);
	buf_fini(&text);
	free(path);
	return e;
}

/* The letter after the newest key's that no key has. */
static char next_id(const struct token_keys *keys)
{
	char id = keys->n ? keys->v[keys->n - 1].id : 'z';
	assert(keys->n < TOKEN_KEYS_MAX);
	do
		id = id == 'z' ? 'a' : (char)(id + 1);
	while (keys_token_find(keys, id));
	return id;
}

static void add_key(struct token_keys *keys, int64_t now_s)
{
	struct token_key key = { .id = next_id(keys), .created_s = now_s };
	assert(keys->n < TOKEN_KEYS_MAX && !keys_token_find(keys, key.id));
	random_bytes(key.secret, sizeof(key.secret));
	keys->v[keys->n++] = key;
	OPENSSL_cleanse(&key, sizeof(key));
}

/* A key signs until the next one is made: its age counts from there. */
static void retire_keys(struct token_keys *keys, int64_t before_s)
{
	size_t before = keys->n;
	while (keys->n > 2 && keys->v[1].created_s < before_s) {
		memmove(&keys->v[0], &keys->v[1], (keys->n - 1) * sizeof(keys->v[0]));
		keys->n--;
	}
	assert(keys->n <= before && (before == 0 || keys->n > 0));
}

static int rotate(const char *state, int64_t now_s, int64_t keep_s, struct buf *message)
{
	struct token_keys keys;
	assert(keep_s >= 0);
	int e = keys_token_load(state, &keys, message);
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < keys.n; i++)
		keys.v[i].created_s = clock_past(keys.v[i].created_s, now_s);
	if (keys.n == TOKEN_KEYS_MAX)
		retire_keys(&keys, now_s - keep_s);
	if (keys.n == TOKEN_KEYS_MAX) {
		e = fail(message, ERR_LIMIT, state, "26 token keys are in use; none is old enough");
	} else {
		add_key(&keys, now_s);
		retire_keys(&keys, now_s - keep_s);
		e = save_keys(state, &keys, message);
	}
	keys_token_fini(&keys);
	return e;
}

/* ---- evidence keys --------------------------------------------------------- */

static int pem_of(EVP_PKEY *pair, bool private, struct buf *pem)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int ok = private ? PEM_write_bio_PrivateKey(bio, pair, NULL, NULL, 0, NULL, NULL) :
	                   PEM_write_bio_PUBKEY(bio, pair);
	char *p;
	long n = BIO_get_mem_data(bio, &p);
	assert(ok != 1 || n > 0);
	if (ok == 1)
		buf_add(pem, p, (size_t)n);
	BIO_free(bio);
	return ok == 1 ? ERR_OK : ERR_IO;
}

static int save_pem(const char *state, const char *name, EVP_PKEY *pair, bool private,
                    struct buf *message)
{
	char *path = path_of(state, name);
	struct buf pem = { 0 };
	int e = pem_of(pair, private, &pem);
	if (e == ERR_OK)
		e = write_key_file(path, buf_str(&pem), private ? 0600 : 0644, message);
	else
		fail(message, e, path, "the key cannot be written as PEM");
	if (pem.p)
		OPENSSL_cleanse(pem.p, pem.n);
	buf_fini(&pem);
	free(path);
	return e;
}

int keys_evidence_load(const char *state_directory, EVP_PKEY **pair, struct buf *message)
{
	char *path = path_of(state_directory, "evidence.pem");
	struct buf pem = { 0 };
	*pair = NULL;
	int e = read_key_file(path, &pem, message);
	if (e == ERR_OK) {
		BIO *bio = BIO_new_mem_buf(buf_cstr(&pem), (int)pem.n);
		/* The empty password keeps OpenSSL from asking on the terminal. */
		*pair = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"");
		BIO_free(bio);
	}
	if (e == ERR_OK && (!*pair || EVP_PKEY_get_id(*pair) != EVP_PKEY_ED25519)) {
		EVP_PKEY_free(*pair);
		*pair = NULL;
		e = fail(message, ERR_CORRUPT, path, "not an Ed25519 private key in PEM");
	}
	if (pem.p)
		OPENSSL_cleanse(pem.p, pem.n);
	buf_fini(&pem);
	free(path);
	return e;
}

int keys_evidence_public(const char *state_directory, struct buf *pem, struct buf *message)
{
	char *path = path_of(state_directory, "evidence.pub");
	int e = read_key_file(path, pem, message);
	free(path);
	return e;
}

/* ---- making ---------------------------------------------------------------- */

static bool exists(const char *state, const char *name)
{
	char *path = path_of(state, name);
	bool there = faccessat(AT_FDCWD, path, F_OK, AT_EACCESS) == 0;
	free(path);
	return there;
}

static int ensure_token(const char *state, int64_t now_s, struct buf *message)
{
	struct token_keys keys = { 0 };
	int e;
	if (exists(state, token_file)) {
		e = keys_token_load(state, &keys, message);
	} else {
		add_key(&keys, now_s);
		e = save_keys(state, &keys, message);
	}
	assert(e != ERR_OK || keys.n > 0);
	keys_token_fini(&keys);
	return e;
}

static int ensure_evidence(const char *state, struct buf *message)
{
	EVP_PKEY *pair = NULL;
	int e = ERR_OK;
	if (exists(state, "evidence.pem")) {
		e = keys_evidence_load(state, &pair, message);
	} else {
		pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		e = pair ? save_pem(state, "evidence.pem", pair, true, message) :
		           fail(message, ERR_IO, state, "no key can be made");
	}
	if (e == ERR_OK && !exists(state, "evidence.pub"))
		e = save_pem(state, "evidence.pub", pair, false, message);
	EVP_PKEY_free(pair);
	return e;
}

/* One process at a time changes the keys. Returns the lock, closed by the caller, or a
 * negative enum err. */
static int lock_keys(const char *state, struct buf *message)
{
	char *path = mem_printf("%s/keys", state);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int e = fd >= 0 ? file_lock(fd) : file_err(errno);
	if (fd < 0)
		fail(message, e, path, errno == ENOTDIR || errno == ELOOP ?
		     "expected a directory and no link" : strerror(errno));
	else if (e != ERR_OK)
		fail(message, e, path, "another process keeps it locked");
	if (fd >= 0 && e != ERR_OK)
		close(fd);
	free(path);
	assert(e <= 0 && (e != ERR_OK || fd >= 0));
	return e == ERR_OK ? fd : e;
}

static int ensure_directory(const char *state, const char *name, struct buf *message)
{
	char *path = path_of(state, name);
	int e = mkdir(path, 0700) == 0 || errno == EEXIST ? ERR_OK : file_err(errno);
	if (e != ERR_OK)
		fail(message, e, path, err_text(e));
	free(path);
	return e;
}

/* What was found may have come by a process that was killed before its names were safe: a key that
 * signs must not be gone after the next power cut. */
static int make_names_safe(const char *state, struct buf *message)
{
	static const char *const names[] = { "tokens/.", "tokens", "" };
	int e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < sizeof(names) / sizeof(*names); i++) {
		char *path = path_of(state, names[i]);
		e = file_sync_name(path);
		assert(e <= 0);
		if (e != ERR_OK)
			fail(message, e, path, err_text(e));
		free(path);
	}
	return e;
}

int keys_ensure(const char *state_directory, int64_t now_s, struct buf *message)
{
	int e = file_mkdirs(state_directory, 0750);
	if (e != ERR_OK)
		return fail(message, e, state_directory, err_text(e));
	e = ensure_directory(state_directory, "", message);
	if (e == ERR_OK)
		e = ensure_directory(state_directory, "tokens", message);
	if (e != ERR_OK)
		return e;
	int lock = lock_keys(state_directory, message);
	if (lock < 0)
		return lock;
	e = ensure_token(state_directory, now_s, message);
	if (e == ERR_OK)
		e = ensure_evidence(state_directory, message);
	if (e == ERR_OK)
		e = make_names_safe(state_directory, message);
	close(lock);
	return e;
}

int keys_token_rotate(const char *state_directory, int64_t now_s, int64_t keep_s,
                      struct buf *message)
{
	int lock = lock_keys(state_directory, message);
	if (lock < 0)
		return lock;
	int e = rotate(state_directory, now_s, keep_s, message);
	close(lock);
	return e;
}

char *keys_token_directory(const char *state_directory)
{
	return path_of(state_directory, "tokens");
}

void keys_token_fini(struct token_keys *keys)
{
	OPENSSL_cleanse(keys, sizeof(*keys));
	assert(keys->n == 0);
}

const struct token_key *keys_token_find(const struct token_keys *keys, char id)
{
	assert(keys->n <= TOKEN_KEYS_MAX);
	for (size_t i = 0; i < keys->n; i++)
		if (keys->v[i].id == id)
			return &keys->v[i];
	return NULL;
}
