/* SPDX-License-Identifier: ISC
 *
 * The command table.
 */
#include "base/command.h"
#include "cli/commands.h"
#include "roles/supervisor.h"

static const struct command commands[] = {
	{ "run", "start the roles and keep them running", roles_run },
	{ "status", "what runs, how it stands, and what is wrong", cli_status },
	{ "nominate", "a reason to look at an address: write it down, queue a test", cli_nominate },
	{ "permit", "who consented to tests of which addresses", cli_permit },
	{ "exclude", "addresses that are never tested", cli_exclude },
	{ "test", "is this host an open relay?", cli_test },
	{ "scan", "test many addresses", cli_scan },
	{ "audit", "is the mail server of this machine a relay, and why?", cli_audit },
	{ "witness", "by what address this mail server sees strangers", cli_witness },
	{ "gate", "yes only if none but those you mean may relay: for containers", cli_gate },
	{ "explain", "what a form of the test means, and how to close it", cli_explain },
	{ "list", "what is listed; tests, returns, outputs, the journal", cli_list },
	{ "retest", "test a listed address again", cli_retest },
	{ "delist", "take an address off the list by the operator's word", cli_delist },
	{ "evidence", "show, export or verify the proof of a listing", cli_evidence },
	{ "trace", "where a message really came from, and which relay was abused", cli_trace },
	{ "report", "tell the network that spam came from, or its relay", cli_report },
	{ "check", "ask blocklists about an address, as an ISP would", cli_check },
	{ "use", "the lines that make a mail server or filter ask our list", cli_use },
	{ "top", "the mail gateway as it is: sessions, queue, refusals", cli_top },
	{ "user", "accounts of the mail gateway: passwords, addresses", cli_user },
	{ "queue", "what waits in the mail gateway: show, hold, release, drop", cli_queue },
	{ "sendmail", "send mail of this machine's programs: the old /usr/sbin/sendmail",
	  cli_sendmail },
	{ "backup", "a verified copy of the database while the roles run", cli_backup },
	{ "expire", "remove old tests, returned messages and evidence", cli_expire },
	{ "clock", "whether the clock can be believed; say that it can", cli_clock },
	{ "keys", "list, rotate, export or make keys", cli_keys },
	{ "doctor", "what is still to be done: DNS records, port 25, clock, files", cli_doctor },
	{ "config", "show, check or explain the configuration", cli_config },
	{ "role", NULL, roles_role },
};

/* Links to the program, by which others find it. */
static const struct command links[] = {
	{ "sendmail", NULL, cli_as_sendmail },
	{ "mailq", NULL, cli_as_mailq },
	{ "newaliases", NULL, cli_as_newaliases },
};

int main(int argc, char **argv)
{
	int code;
	if (command_by_link(links, sizeof(links) / sizeof(*links), argc, argv, &code))
		return code;
	return command_dispatch(commands, sizeof(commands) / sizeof(*commands), argc, argv);
}
