/* SPDX-License-Identifier: ISC
 *
 * Sendmail in the closed room. The program has a name of its own: /usr/sbin/sendmail may be any
 * server's. Without -q nothing is sent from the queue.
 */
#include "closed/server-private.h"

static const char *const sendmail_programs[] = { "/usr/libexec/sendmail/sendmail",
                                                "/usr/lib/sm.bin/sendmail",
                                                "/usr/sbin/sendmail-mta", NULL };

static const char *const sendmail_places[] = { "/etc/mail/sendmail.cf", "/etc/mail",
                                              "/etc/sendmail.cf", NULL };

/* Its limits on how many may connect, and how often, would end most of our sessions: Debian's
 * sendmail.cf has ten in ten minutes for each client. They are rules over macros that the daemon
 * sets, which in a copy stand at nought. Its pause before the greeting goes, too. The copy is of
 * the file that the server's own options name; of two -C the last counts. */
static const char unlimited[] =
	"cf=/etc/mail/sendmail.cf\n[ -e $cf ] || cf=/etc/sendmail.cf\n"
	"was=\nfor word; do [ \"$was\" = -C ] && cf=$word; was=$word; done\n"
	"sed 's/\\$&{\\(client_rate\\|total_rate\\|client_connections\\)}/0/g\n"
	"s/^Sgreet_pause/Sno_greet_pause/' \"$cf\" "
	">/run/portreeve.cf && exec \"$0\" \"$@\" -C/run/portreeve.cf";

static void sendmail_start(const char *program, const char *config, const char **words)
{
	static const char *const start[] = {
		"-bd", "-OConnectionRateThrottle=0", "-OMaxDaemonChildren=0",
		"-ORefuseLA=1000000", "-ODelayLA=1000000",       /* a busy machine is no answer */
		NULL };
	(void)config;
	words[0] = "/bin/sh";
	words[1] = "-c";
	words[2] = unlimited;
	words[3] = program;
	memcpy(words + 4, start, sizeof(start));
}

const struct closed_server closed_sendmail = {
	.mta = MTA_SENDMAIL, .programs = sendmail_programs, .places = sendmail_places,
	.controls = closed_postmasters, .start = sendmail_start,
};
