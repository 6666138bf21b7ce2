/* SPDX-License-Identifier: ISC
 *
 * The options become a row, which is read again as the witness will read it.
 */
#include "cli/keys-witness.h"

#include "base/file.h"
#include "base/random.h"
#include "cli/outfile.h"
#include "witness/key.h"

#include <openssl/crypto.h>

enum { SECRET_MODE = 0600 };

static void add_list(struct buf *row, const char *word, const struct cli_values *list)
{
	for (size_t i = 0; i < list->n; i++)
		buf_printf(row, "%s%s", i ? "," : word, list->v[i]);
}

static int check_ports(const struct cli *cli, const struct cli_values *ports)
{
	uint64_t n;
	for (size_t i = 0; i < ports->n; i++)
		if (str_u64(str_of(ports->v[i]), UINT16_MAX, &n) != ERR_OK || n == 0)
			return cli_bad_value(cli, ports->v[i], "a port from 1 to 65535");
	return CLI_GO;
}

static int check_networks(const struct cli *cli, const struct cli_values *networks)
{
	struct prefix ignored;
	int code = CLI_GO;
	for (size_t i = 0; code == CLI_GO && i < networks->n; i++)
		code = cli_prefix(cli, networks->v[i], &ignored);
	return code;
}

static int check_given(const struct cli *cli, const struct keys_witness *given)
{
	if (!witness_name_ok(str_of(cli->operands[1])))
		return cli_bad_value(cli, cli->operands[1], "a name of up to 32 letters, digits, "
		                     "\"-\", \"_\" and \".\"");
	if (given->hosts.n == 0)
		return cli_fail(cli, EX_USAGE, "witness: expected --host HOST");
	for (size_t i = 0; i < given->hosts.n; i++)
		if (!witness_host_ok(str_of(given->hosts.v[i])))
			return cli_bad_value(cli, given->hosts.v[i],
			                     "a host name as mail.example.org");
	int code = check_ports(cli, &given->ports);
	return code == CLI_GO ? check_networks(cli, &given->networks) : code;
}

/* The row of these options, read back: limits and numbers are checked where rows are. */
static int make_key(const struct cli *cli, const struct keys_witness *given,
                    const struct witness_secret *secret, struct buf *out)
{
	struct witness_key bare = { 0 };
	struct buf row = { 0 }, message = { 0 };
	struct witness_keys keys;
	str_copy(bare.name, sizeof(bare.name), str_of(secret->name));
	witness_secret_hash(secret, bare.hash);
	witness_key_format(&bare, &row);
	row.n--;                        /* its line end */
	add_list(&row, " host=", &given->hosts);
	add_list(&row, " port=", &given->ports);
	add_list(&row, " network=", &given->networks);
	int e = witness_keys_parse("options", buf_str(&row), &keys, &message);
	if (e == ERR_OK)
		witness_key_format(&keys.v[0], out);
	witness_keys_fini(&keys);
	/* Each value is right: what is left is too many of them. */
	int code = e == ERR_OK ? CLI_GO
	                       : cli_fail(cli, EX_USAGE, "witness: %s", buf_cstr(&message));
	OPENSSL_cleanse(row.p, row.n);
	buf_fini(&row);
	buf_fini(&message);
	return code;
}

static int write_secret(const struct cli *cli, const struct witness_secret *secret, bool force)
{
	const char *path = cli->operands[2];
	struct buf text = { 0 };
	witness_secret_format(secret, &text);
	int e = force ? file_write(path, buf_str(&text), SECRET_MODE)
	              : file_create(path, buf_str(&text), SECRET_MODE);
	OPENSSL_cleanse(text.p, text.n);
	buf_fini(&text);
	return e == ERR_OK ? CLI_GO : outfile_not_written(cli, path, e);
}

int keys_witness(struct cli *cli, const struct keys_witness *given)
{
	struct witness_secret secret = { 0 };
	struct buf row = { 0 };
	int code = check_given(cli, given);
	if (code != CLI_GO)
		return code;
	str_copy(secret.name, sizeof(secret.name), str_of(cli->operands[1]));
	random_bytes(secret.secret, sizeof(secret.secret));
	code = make_key(cli, given, &secret, &row);
	if (code == CLI_GO)
		code = write_secret(cli, &secret, given->force);
	if (code == CLI_GO && cli->json) {
		struct json *j = cli_json_begin(cli);
		json_add_cstr(j, "name", secret.name);
		json_add_cstr(j, "file", cli->operands[2]);
		json_add_str(j, "row", str_trim(buf_str(&row)));
		cli_json_end(cli);
	} else if (code == CLI_GO) {
		cli_print(buf_str(&row));
	}
	OPENSSL_cleanse(&secret, sizeof(secret));
	buf_fini(&row);
	return code;
}
