/* SPDX-License-Identifier: ISC
 *
 * Rows of words, a table of what stands before "="; the hash of a secret; and which addresses a key
 * lets the witness connect to, by the rule on what is on the Internet that the fuse has.
 */
#include "witness/key.h"

#include "base/mem.h"
#include "base/random.h"
#include "store/fuse.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum { SECRET_DIGITS = 2 * WITNESS_SECRET_BYTES };
static const char hash_label[] = "portreeve witness 1";

/* ---- names ------------------------------------------------------------------------- */

bool witness_name_ok(struct str name)
{
	if (name.n == 0 || name.n > WITNESS_NAME_MAX || !ascii_isalnum((unsigned char)name.p[0]))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!ascii_isalnum((unsigned char)name.p[i]) && !strchr("-_.", name.p[i]))
			return false;
	return true;
}

static bool label_ok(struct str label)
{
	if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
		return false;
	for (size_t i = 0; i < label.n; i++)
		if (!ascii_isalnum((unsigned char)label.p[i]) && label.p[i] != '-')
			return false;
	return true;
}

bool witness_host_ok(struct str host)
{
	size_t labels = 0, dot;
	struct str label = host;
	if (host.n > WITNESS_HOST_MAX)
		return false;
	for (; (dot = str_find(host, '.')) != SIZE_MAX; labels++) {
		if (!label_ok((struct str){ host.p, dot }))
			return false;
		host = str_from(host, dot + 1);
		label = host;
	}
	/* No top-level domain is of digits alone, and an address is no name. */
	bool digits = true;
	for (size_t i = 0; i < label.n; i++)
		digits = digits && ascii_isdigit((unsigned char)label.p[i]);
	return labels > 0 && label_ok(label) && !digits;
}

static struct str without_dot(struct str host)
{
	if (host.n && host.p[host.n - 1] == '.')
		host.n--;
	return host;
}

bool witness_key_has_host(const struct witness_key *key, struct str host)
{
	host = without_dot(host);
	for (size_t i = 0; i < key->host_count; i++)
		if (str_caseeq(str_of(key->hosts[i]), host))
			return true;
	return false;
}

bool witness_key_has_port(const struct witness_key *key, uint16_t port)
{
	for (size_t i = 0; i < key->port_count; i++)
		if (key->ports[i] == port)
			return true;
	return false;
}

const char *witness_key_refuses(const struct witness_key *key, const struct ip *address)
{
	for (size_t i = 0; i < key->network_count; i++)
		if (prefix_contains(&key->networks[i], address))
			return NULL;
	return fuse_refuses_ip(&fuse_default, address);
}

const struct witness_key *witness_keys_find(const struct witness_keys *keys, struct str name)
{
	for (size_t i = 0; i < keys->n; i++)
		if (str_eq(str_of(keys->v[i].name), name))
			return &keys->v[i];
	return NULL;
}

/* ---- reading ----------------------------------------------------------------------- */

struct place {
	const char *path;
	size_t line;
	struct buf *message;
};

static int expected(const struct place *at, const char *what)
{
	buf_printf(at->message, "%s:%zu: expected %s", at->path, at->line, what);
	return ERR_INVALID;
}

static int read_host(const struct place *at, struct str item, struct witness_key *key)
{
	item = without_dot(item);
	if (!witness_host_ok(item) || key->host_count == WITNESS_HOSTS_MAX)
		return expected(at, "up to 16 host names behind host=");
	char *dst = key->hosts[key->host_count++];
	for (size_t i = 0; i < item.n; i++)
		dst[i] = ascii_lower(item.p[i]);
	dst[item.n] = '\0';
	return ERR_OK;
}

static int read_port(const struct place *at, struct str item, struct witness_key *key)
{
	uint64_t port;
	if (str_u64(item, UINT16_MAX, &port) != ERR_OK || port == 0 ||
	    key->port_count == WITNESS_PORTS_MAX)
		return expected(at, "up to 4 numbers from 1 to 65535 behind port=");
	key->ports[key->port_count++] = (uint16_t)port;
	return ERR_OK;
}

static int read_network(const struct place *at, struct str item, struct witness_key *key)
{
	struct prefix *p = &key->networks[key->network_count];
	if (key->network_count == WITNESS_NETWORKS_MAX || prefix_parse(item, p, NULL) != ERR_OK)
		return expected(at, "up to 8 networks as 10.0.0.0/8 behind network=");
	key->network_count++;
	return ERR_OK;
}

static const struct {
	struct str name;
	int (*read)(const struct place *at, struct str item, struct witness_key *key);
} words[] = {
	{ { "host", 4 }, read_host }, { { "port", 4 }, read_port },
	{ { "network", 7 }, read_network },
};

static int read_word(const struct place *at, struct str word, struct witness_key *key)
{
	size_t equals = str_find(word, '=');
	struct str name = { word.p, equals == SIZE_MAX ? word.n : equals }, item;
	for (size_t i = 0; equals != SIZE_MAX && i < sizeof(words) / sizeof(*words); i++) {
		if (!str_eq(name, words[i].name))
			continue;
		struct str rest = str_from(word, equals + 1);
		int e = ERR_OK;
		while (e == ERR_OK && str_token(&rest, ",", &item))
			e = words[i].read(at, item, key);
		return e;
	}
	return expected(at, "host=, port= or network= behind name and hash");
}

static int read_digits(const struct place *at, struct str digits,
                       uint8_t out[static WITNESS_SECRET_BYTES])
{
	if (digits.n != SECRET_DIGITS || hex_decode(digits, out, WITNESS_SECRET_BYTES) < 0)
		return expected(at, "64 hexadecimal digits behind the name");
	return ERR_OK;
}

static int read_name(const struct place *at, struct str *row, char name[WITNESS_NAME_MAX + 1])
{
	struct str word;
	if (!str_word(row, &word) || !witness_name_ok(word))
		return expected(at, "a name of up to 32 letters, digits, \"-\", \"_\" and \".\"");
	str_copy(name, WITNESS_NAME_MAX + 1, word);
	return ERR_OK;
}

static int read_row(const struct place *at, struct str row, struct witness_key *key)
{
	struct str word = { "", 0 };
	*key = (struct witness_key){ 0 };
	int e = read_name(at, &row, key->name);
	if (e == ERR_OK) {
		str_word(&row, &word);
		e = read_digits(at, word, key->hash);
	}
	while (e == ERR_OK && str_word(&row, &word))
		e = read_word(at, word, key);
	if (e == ERR_OK && key->host_count == 0)
		e = expected(at, "host= behind name and hash");
	if (e == ERR_OK && key->port_count == 0)
		key->ports[key->port_count++] = 25;
	return e;
}

/* The next row that is not empty; false at the end. */
static bool next_row(struct str *text, size_t *line, struct str *row)
{
	while (text->n) {
		size_t end = str_find(*text, '\n'), hash;
		*row = (struct str){ text->p, end == SIZE_MAX ? text->n : end };
		*text = str_from(*text, end == SIZE_MAX ? text->n : end + 1);
		++*line;
		if ((hash = str_find(*row, '#')) != SIZE_MAX)
			row->n = hash;
		*row = str_trim(*row);
		if (row->n)
			return true;
	}
	return false;
}

int witness_keys_parse(const char *path, struct str text, struct witness_keys *out,
                       struct buf *message)
{
	struct place at = { path, 0, message };
	struct str row;
	int e = ERR_OK;
	*out = (struct witness_keys){ mem_array(WITNESS_KEYS_MAX, sizeof(*out->v)), 0 };
	while (e == ERR_OK && next_row(&text, &at.line, &row)) {
		struct witness_key key;
		if (out->n == WITNESS_KEYS_MAX) {
			expected(&at, "at most 64 keys");
			e = ERR_LIMIT;
			break;
		}
		e = read_row(&at, row, &key);
		if (e == ERR_OK && witness_keys_find(out, str_of(key.name)))
			e = expected(&at, "a name that no other key has");
		if (e == ERR_OK)
			out->v[out->n++] = key;
		OPENSSL_cleanse(&key, sizeof(key));
	}
	if (e != ERR_OK)
		witness_keys_fini(out);
	return e;
}

void witness_keys_fini(struct witness_keys *keys)
{
	if (keys->v)
		OPENSSL_cleanse(keys->v, WITNESS_KEYS_MAX * sizeof(*keys->v));
	free(keys->v);
	*keys = (struct witness_keys){ 0 };
}

int witness_secret_parse(const char *path, struct str text, struct witness_secret *out,
                         struct buf *message)
{
	struct place at = { path, 0, message };
	struct str row, word = { "", 0 };
	*out = (struct witness_secret){ 0 };
	if (!next_row(&text, &at.line, &row))
		return expected(&at, "a name and a secret");
	int e = read_name(&at, &row, out->name);
	if (e == ERR_OK) {
		str_word(&row, &word);
		e = read_digits(&at, word, out->secret);
	}
	if (e == ERR_OK && (str_word(&row, &word) || next_row(&text, &at.line, &row)))
		e = expected(&at, "nothing behind the secret");
	if (e != ERR_OK)
		OPENSSL_cleanse(out, sizeof(*out));
	return e;
}

/* ---- making and writing ---------------------------------------------------------------- */

void witness_secret_hash(const struct witness_secret *secret,
                         uint8_t hash[static WITNESS_SECRET_BYTES])
{
	uint8_t bytes[sizeof(hash_label) - 1 + WITNESS_SECRET_BYTES];
	unsigned n = 0;
	memcpy(bytes, hash_label, sizeof(hash_label) - 1);
	memcpy(bytes + sizeof(hash_label) - 1, secret->secret, WITNESS_SECRET_BYTES);
	int ok = EVP_Digest(bytes, sizeof(bytes), hash, &n, EVP_sha256(), NULL);
	assert(ok == 1 && n == WITNESS_SECRET_BYTES);
	OPENSSL_cleanse(bytes, sizeof(bytes));
}

static void add_digits(const uint8_t bytes[static WITNESS_SECRET_BYTES], struct buf *out)
{
	char digits[SECRET_DIGITS + 1];
	hex_encode(bytes, WITNESS_SECRET_BYTES, digits);
	buf_add_cstr(out, digits);
	OPENSSL_cleanse(digits, sizeof(digits));
}

void witness_secret_format(const struct witness_secret *secret, struct buf *out)
{
	buf_printf(out, "%s ", secret->name);
	add_digits(secret->secret, out);
	buf_add_byte(out, '\n');
}

void witness_key_format(const struct witness_key *key, struct buf *out)
{
	char text[PREFIX_TEXT_MAX];
	buf_printf(out, "%s ", key->name);
	add_digits(key->hash, out);
	for (size_t i = 0; i < key->host_count; i++)
		buf_printf(out, "%s%s", i ? "," : " host=", key->hosts[i]);
	for (size_t i = 0; i < key->port_count; i++)
		buf_printf(out, "%s%u", i ? "," : " port=", (unsigned)key->ports[i]);
	for (size_t i = 0; i < key->network_count; i++)
		buf_printf(out, "%s%s", i ? "," : " network=",
		           prefix_format(&key->networks[i], text));
	buf_add_byte(out, '\n');
}
