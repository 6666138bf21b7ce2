/* SPDX-License-Identifier: ISC
 *
 * The commands of this folder, one per file, for main.c's table.
 */
#ifndef PORTREEVE_CLI_COMMANDS_H
#define PORTREEVE_CLI_COMMANDS_H

int cli_audit(int argc, char **argv);
int cli_backup(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_clock(int argc, char **argv);
int cli_config(int argc, char **argv);
int cli_delist(int argc, char **argv);
int cli_doctor(int argc, char **argv);
int cli_evidence(int argc, char **argv);
int cli_exclude(int argc, char **argv);
int cli_expire(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_gate(int argc, char **argv);
int cli_keys(int argc, char **argv);
int cli_list(int argc, char **argv);
int cli_nominate(int argc, char **argv);
int cli_permit(int argc, char **argv);
int cli_queue(int argc, char **argv);
int cli_report(int argc, char **argv);
int cli_retest(int argc, char **argv);
int cli_scan(int argc, char **argv);
int cli_sendmail(int argc, char **argv);
int cli_status(int argc, char **argv);
int cli_test(int argc, char **argv);
int cli_top(int argc, char **argv);
int cli_trace(int argc, char **argv);
int cli_use(int argc, char **argv);
int cli_user(int argc, char **argv);
int cli_witness(int argc, char **argv);

/* The program called by the name of an old one, by way of a link. */
int cli_as_mailq(int argc, char **argv);
int cli_as_newaliases(int argc, char **argv);
int cli_as_sendmail(int argc, char **argv);

#endif
