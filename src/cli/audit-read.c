/* SPDX-License-Identifier: ISC
 *
 * The disk, and on it what stands elsewhere than where its server looks.
 */
#include "cli/audit-read.h"

#include "cli/audit-daemon.h"

/* A configuration from elsewhere names files where it is to stand. */
static int files_open(struct audit_source *s, enum mta mta, struct audit_files *files)
{
	const struct closed_server *server = closed_server_of(mta);
	struct closed_bind bind = { 0 };
	int e = disk_files_init(&s->disk, s->root, &s->carried.files);
	*files = s->carried.files;
	if (e != ERR_OK || !s->config || s->in_place || s->root[0] || !server ||
	    closed_server_bind(server, s->config, &bind) != ERR_OK || !bind.from)
		return e;
	s->carried.place = bind.to;
	s->carried.at = bind.from;
	carried_files_init(&s->carried, files);
	return ERR_OK;
}

int audit_source_read(struct cli *cli, struct audit_source *source, enum mta mta,
                      const struct facts *f, struct audit_config **config)
{
	const struct audit_config_given given = {
		.mta = mta, .directory = source->config, .hostname = source->host_name,
		.version = source->version, .facts = f, .daemon = &source->daemon,
	};
	struct audit_files files;
	int e = files_open(source, mta, &files);
	if (e == ERR_OK)
		audit_daemon_find(mta, f, source->runs, source->started, &files, &cli->arena,
		                  &source->daemon);
	if (source->config)
		daemon_drop_config(&source->daemon);
	if (e == ERR_OK)
		e = audit_config_read(&files, &given, &cli->arena, config);
	if (e == ERR_OK)
		return CLI_GO;
	if (e == ERR_NOT_FOUND && !source->config && !source->where && !source->root[0])
		return cli_fail(cli, EX_UNAVAILABLE, "no %s is installed here: it has no "
		                "configuration; --config names one", mta_title(mta));
	return cli_fail(cli, cli_exit_code(e), "the configuration of %s%s%s%s%s cannot be read: "
	                "%s%s%s", mta_title(mta), source->config ? " in " : "",
	                source->config ? source->config : "",
	                source->where ? ", " : source->root[0] ? " below " : "",
	                source->where ? source->where : source->root,
	                source->disk.late_n ? cli_safe(cli, source->disk.late[0]) : "",
	                source->disk.late_n ? ": " : "", err_text(e));
}

void audit_source_fini(struct audit_source *source)
{
	disk_files_fini(&source->disk);
}
