/* SPDX-License-Identifier: ISC
 *
 * Where `portreeve evidence` has bundles and keys from: the state directory, or a caller's file.
 */
#include "cli/evidence.h"

#include "base/file.h"
#include "settings/state.h"
#include "store/evidence-rows.h"
#include "store/keys.h"

int evidence_find(struct cli *cli, const char *what, struct evidence_found *found)
{
	int code = cli_open(cli, CLI_READ);
	*found = (struct evidence_found){ 0 };
	if (code != CLI_GO)
		return code;
	bool by_id = ip_parse(str_of(what), &found->address, NULL) != ERR_OK;
	if (by_id)
		found->address = (struct ip){ 0 };
	int e = by_id ? store_evidence_get(cli->store, what, &cli->arena, &found->bundle)
	              : store_evidence_of(cli->store, &found->address, &cli->arena, found->id,
	                                  &found->bundle);
	if (e == ERR_NOT_FOUND)
		return cli_not_found(cli, what, "an address or an id of which there is evidence; "
		                     "\"portreeve list tests\" shows what was tested");
	if (e == ERR_OK && by_id)
		str_copy(found->id, sizeof(found->id), str_of(what));
	return e == ERR_OK ? CLI_GO : cli_store_fail(cli, e, what);
}

int evidence_own_key(struct cli *cli, struct buf *pem)
{
	struct buf message = { 0 };
	int code = cli_enter(cli, CLI_READ);
	if (code != CLI_GO)
		return code;
	int e = keys_evidence_public(STATE_HERE, pem, &message);
	if (e != ERR_OK)
		code = cli_state_fail(cli, e, &message);
	buf_fini(&message);
	return code;
}

int evidence_read_file(struct cli *cli, const char *path, size_t max_bytes, const char *expected,
                       struct buf *out)
{
	int e = file_read(path, max_bytes, out);
	if (e == ERR_OK)
		return CLI_GO;
	return cli_fail(cli, cli_exit_code(e), "%s: expected %s: %s", path, expected, err_text(e));
}
