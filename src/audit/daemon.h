/* SPDX-License-Identifier: ISC
 *
 * How a mail server is started: the options beside its configuration that change where it listens
 * or who may relay, from the command line of the one that runs or from the file by which the system
 * starts it. A second server is to get the same. Pure.
 *
 *     Exim       -C, -D, -oX, -tls-on-connect   exim4.service, /etc/default/exim4
 *     Sendmail   -C, -O, -o, -M                 sendmail.service, /etc/mail/sendmail.conf
 *     OpenSMTPD  -f, -D                         opensmtpd.service, /etc/default/opensmtpd
 *     Postfix    MAIL_CONFIG, -c                (of its master alone)
 *
 * Sendmail writes a title over its command line, but keeps that in its pid file; of OpenSMTPD only
 * the first process has one, the parent of who listens. Of Postfix the directory is all: it goes to
 * `config`, and no word is passed on.
 *
 * Sources: exim(8), sendmail(8), smtpd(8), postfix(1), master(8); Sendmail Installation and
 * Operation Guide, PidFile; the scripts of Debian's packages.
 *
 * Hostile input: the files; the command line and environment of a process.
 */
#ifndef PORTREEVE_AUDIT_DAEMON_H
#define PORTREEVE_AUDIT_DAEMON_H

#include "audit/setting.h"

enum { DAEMON_WORDS_MAX = 16 };

struct daemon_options {
	const char *words[DAEMON_WORDS_MAX + 1];     /* to pass on; NULL behind the last */
	size_t n;
	const char *config;              /* of -C, -f or MAIL_CONFIG; NULL: its own */
	const char *listen;              /* of -oX; NULL */
	bool tls_first;                  /* at all ports */
	struct audit_place place;        /* where they stand; of a process "" */
	const char *unknown;             /* what is not known of them, a sentence's end; NULL */
	unsigned process;                /* that runs by them; 0: none does, or it is not known */
};

/* Words and "NAME=value" end with NUL each, as the kernel has them. False: it says nothing, as it
 * is a title, or no such server's. In the arena. */
bool daemon_of_process(enum mta mta, struct str command, struct str environment, struct arena *a,
                       struct daemon_options *out);
/* Of Sendmail's pid file: its number, and on the next line its command. False: it is of another
 * process, or has no command of Sendmail's. */
bool daemon_of_pid_file(struct str text, unsigned pid, struct arena *a, struct daemon_options *out);
/* As one text, in which those of two servers differ that are started otherwise; "": by no option.
 * Of Postfix the directory, "" the usual one. */
const char *daemon_text(enum mta mta, const struct daemon_options *daemon, struct arena *a);
/* Takes out what names a configuration: another one stands in its place. */
void daemon_drop_config(struct daemon_options *daemon);
/* By the unit of systemd with its drop-ins (unit.h), else by the file that the script reads which
 * starts it. False: there are none, or nothing in them. */
bool daemon_of_files(enum mta mta, const struct audit_files *files, struct arena *a,
                     struct daemon_options *out);

#endif
