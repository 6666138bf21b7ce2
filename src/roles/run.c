/* SPDX-License-Identifier: ISC
 *
 * The command `portreeve run` and its hidden other half, `portreeve role`.
 */
#include "roles/supervisor.h"

#include <signal.h>
#include <stdio.h>
#include <sysexits.h>

static const struct role *const roles[] = { &role_tester, &role_collector, &role_dnsbl,
                                            &role_witness, &role_gateway };
enum { ROLES = sizeof(roles) / sizeof(*roles) };

static const char help[] =
	"Usage: portreeve run [-c FILE] [--state DIR]\n"
	"\n"
	"Starts the roles of the configuration, each as a process of its own, and keeps\n"
	"them running. TERM stops them, HUP makes them read the configuration again,\n"
	"USR1 makes each write its counters into the log.\n"
	"\n"
	"Options:\n"
	"  -c FILE                    configuration (default\n"
	"                             " SETTINGS_FILE ", if it is there)\n"
	"  --state DIR                state directory, over the configuration's\n"
	"  --help                     this text\n";

static int bad_argument(const char *arg)
{
	struct buf shown = { 0 };
	buf_add_escaped(&shown, str_of(arg));
	fprintf(stderr, "portreeve: run: \"%s\": expected -c FILE or --state DIR; see --help\n",
	        buf_cstr(&shown));
	buf_fini(&shown);
	return EX_USAGE;
}

int roles_run(int argc, char **argv)
{
	const char *config_path = NULL, *state_directory = NULL;
	signal(SIGUSR1, SIG_IGN);       /* until the loop has it */
	if (argc > 1 && strcmp(argv[1], COMMAND_COMPLETE) == 0) {
		command_offer("-", "c", "configuration");
		command_offer("--", "state", "state directory, over the configuration's");
		command_offer("--", "help", "a short help");
		return EX_OK;
	}
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			fputs(help, stdout);
			return EX_OK;
		}
		if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
			config_path = argv[++i];
		else if (strcmp(argv[i], "--state") == 0 && i + 1 < argc && argv[i + 1][0])
			state_directory = argv[++i];
		else if (strncmp(argv[i], "--state=", 8) == 0 && argv[i][8])
			state_directory = argv[i] + 8;
		else
			return bad_argument(argv[i]);
	}
	return supervisor_run(roles, ROLES, config_path, state_directory);
}

int roles_role(int argc, char **argv)
{
	return supervisor_role_main(roles, ROLES, argc, argv);
}
