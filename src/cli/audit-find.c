/* SPDX-License-Identifier: ISC
 *
 * What the machine says of its mail server.
 *
 * Hostile input that reaches it: names of processes and of packages, the configuration.
 */
#include "cli/audit-find.h"

#include "audit/disk-files.h"
#include "audit/entrance.h"
#include "audit/installed.h"
#include "base/file.h"

#include <netdb.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STATUS_BYTES_MAX = 64 << 20, NAME_MAX_BYTES = 256, FIRST_USER = 1000, LAST_USER = 60000 };

/* ---- which server ------------------------------------------------------------------------- */

bool audit_find_listens(const struct facts *f, enum mta mta)
{
	for (size_t i = 0; i < f->listener_n; i++)
		if (facts_is_for_mail(f->listeners[i].at.port) && !f->listeners[i].elsewhere &&
		    audit_mta_of_process(f->listeners[i].program) == mta)
			return true;
	return false;
}

static const struct closed_server *installed(enum mta mta)
{
	const struct closed_server *server = closed_server_of(mta);
	return server && closed_server_program(server) ? server : NULL;
}

bool audit_find_any(void)
{
	for (int m = MTA_FIRST; m <= MTA_LAST_WHOLE; m++)
		if (installed((enum mta)m))
			return true;
	return false;
}

static int find_given(struct cli *cli, const char *name, const struct closed_server **server)
{
	enum mta mta;
	if (mta_parse(str_of(name), &mta) != ERR_OK || !closed_server_of(mta))
		return cli_bad_value(cli, name, "postfix, exim, sendmail or opensmtpd");
	*server = closed_server_of(mta);
	return CLI_GO;
}

int audit_find_server(struct cli *cli, const struct facts *f, const char *mta,
                      const struct closed_server **server, const char **others)
{
	size_t n = 0;
	bool runs = false;
	*server = NULL;
	*others = "";
	if (mta)
		return find_given(cli, mta, server);
	for (int m = MTA_FIRST; m <= MTA_LAST_WHOLE; m++) {
		const struct closed_server *s = installed((enum mta)m);
		if (!s)
			continue;
		n++;
		if (!*server || (!runs && audit_find_listens(f, s->mta)))
			*server = s;
		runs = audit_find_listens(f, (*server)->mta);
	}
	for (int m = MTA_FIRST; n > 1 && m <= MTA_LAST_WHOLE; m++)
		if (installed((enum mta)m) && (enum mta)m != (*server)->mta)
			*others = arena_printf(&cli->arena, "%s%s%s", *others,
			                       (*others)[0] ? ", " : "", mta_title((enum mta)m));
	return *server ? CLI_GO
	               : cli_fail(cli, EX_UNAVAILABLE, "no Postfix, Exim, Sendmail or OpenSMTPD is "
	                          "installed here; --mta and --config name a configuration");
}

int audit_find_in_image(struct cli *cli, const char *root, const char *mta,
                        const struct closed_server **server, const char **others)
{
	struct disk_files disk;
	struct audit_files files;
	struct audit_found *found = NULL;
	size_t n = 0;
	*server = NULL;
	*others = "";
	int e = disk_files_init(&disk, root, &files);
	if (e != ERR_OK)
		return cli_fail(cli, cli_exit_code(e), "%s: expected the directory of an image: %s",
		                root, err_text(e));
	audit_installed(&files, &cli->arena, &found, &n);
	disk_files_fini(&disk);
	if (mta)
		return find_given(cli, mta, server);
	if (n)
		*server = closed_server_of(found[0].mta);
	for (size_t i = 1; i < n; i++)
		if (found[i].mta != found[0].mta)
			*others = arena_printf(&cli->arena, "%s%s%s", *others,
			                       (*others)[0] ? ", " : "", mta_title(found[i].mta));
	return *server ? CLI_GO
	               : cli_fail(cli, EX_UNAVAILABLE, "no configuration of Postfix, Exim, "
	                          "Sendmail or OpenSMTPD is below %s", root);
}

/* ---- its version ----------------------------------------------------------------------------- */

static const char *version_of(struct arena *a, struct str status, const char *package)
{
	struct str name, line;
	const char *wanted = arena_printf(a, "Package: %s", package);
	while (str_token(&status, "\n", &name)) {
		if (!str_eq(name, str_of(wanted)))
			continue;
		while (str_token(&status, "\n", &line) && !str_prefix(line, STR("Package: ")))
			if (str_prefix(line, STR("Version: ")))
				return arena_strdup(a, str_trim(str_from(line, 9)));
	}
	return NULL;
}

static const char *package_version(struct arena *a, struct str status, enum mta mta)
{
	static const struct { enum mta mta; const char *package; } packages[] = {
		{ MTA_POSTFIX, "postfix" }, { MTA_EXIM, "exim4-base" },
		{ MTA_SENDMAIL, "sendmail-bin" }, { MTA_OPENSMTPD, "opensmtpd" },
	};
	for (size_t i = 0; i < sizeof(packages) / sizeof(*packages); i++)
		if (packages[i].mta == mta)
			return version_of(a, status, packages[i].package);
	return NULL;
}

/* This machine's own is longer than what a stranger may give us to read. */
static const char *own_version(struct arena *a, enum mta mta)
{
	struct buf status = { 0 };
	const char *version = NULL;
	if (file_read_plain("/var/lib/dpkg/status", STATUS_BYTES_MAX, &status) == ERR_OK)
		version = package_version(a, buf_str(&status), mta);
	buf_fini(&status);
	return version;
}

const char *audit_find_version(struct arena *a, const char *root, enum mta mta)
{
	struct disk_files disk;
	struct audit_files files;
	if (!root[0])
		return own_version(a, mta);
	if (disk_files_init(&disk, root, &files) != ERR_OK)
		return NULL;
	const char *version = audit_find_version_in(&files, a, mta);
	disk_files_fini(&disk);
	return version;
}

const char *audit_find_version_in(const struct audit_files *files, struct arena *a, enum mta mta)
{
	struct str status;
	return files->read(files->arg, "/var/lib/dpkg/status", a, &status) == ERR_OK
	       ? package_version(a, status, mta) : NULL;
}

/* ---- its names ------------------------------------------------------------------- */

const char *audit_find_user(struct arena *a)
{
	const struct passwd *p;
	const char *found = "root";
	setpwent();
	while ((p = getpwent()) != NULL)
		if (p->pw_uid >= FIRST_USER && p->pw_uid < LAST_USER) {
			found = arena_strdup(a, str_of(p->pw_name));
			break;
		}
	endpwent();
	return found;
}

const char *audit_find_machine(struct arena *a)
{
	char name[NAME_MAX_BYTES] = "localhost";
	if (gethostname(name, sizeof(name) - 1) != 0)
		str_copy(name, sizeof(name), STR("localhost"));
	return arena_strdup(a, str_of(name));
}

static bool is_name(const char *name)
{
	for (const char *p = name; *p; p++)
		if (!ascii_isalnum((unsigned char)*p) && *p != '.' && *p != '-' && *p != '_')
			return false;
	return *name && strlen(name) < NAME_MAX_BYTES;
}

/* The whole name, as /etc/hosts has it: a server asks for it in the same way. */
static const char *whole_name(struct arena *a, const char *machine)
{
	const struct addrinfo hints = { .ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	const char *name = machine;
	if (strchr(machine, '.') || getaddrinfo(machine, NULL, &hints, &found) != 0)
		return name;
	if (found->ai_canonname && is_name(found->ai_canonname))
		name = arena_strdup(a, str_of(found->ai_canonname));
	freeaddrinfo(found);
	return name;
}

void audit_find_names(struct arena *a, struct audit_config *config, const char *machine,
                      const char *whole, const char **host_name, const char **domain)
{
	static const char *const names[] = { "myhostname", "primary_hostname" };
	const struct audit_reading *r = audit_config_reading(config);
	*host_name = NULL;
	for (size_t i = 0; i < 2 && !*host_name; i++) {
		const struct audit_setting *s = audit_config_setting(config, "", names[i]);
		if (s && is_name(s->value))
			*host_name = s->value;
	}
	if (!*host_name)
		*host_name = whole ? whole : whole_name(a, machine);
	*domain = *host_name;
	for (size_t i = 0; i < r->domain_n; i++) {
		const char *name = r->domains[i];
		if (is_name(name) && strchr(name, '.') &&
		    !str_prefix(str_of(name), STR("localhost")) &&
		    strcmp(name, *host_name) != 0) {
			*domain = name;
			break;
		}
	}
}
