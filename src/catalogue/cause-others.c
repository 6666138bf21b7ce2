/* SPDX-License-Identifier: ISC
 *
 * What is known of the causes in qmail (qmail-smtpd(8), qmail-send(8)), Courier (courier(8),
 * makesmtpaccess(8)) and Exchange (the documentation of its commands).
 */
#include "catalogue/cause-private.h"

const struct cause_words cause_qmail[] = {
	{ "C1 C2 C3 C4 C6", "RELAYCLIENT in /etc/tcp.smtp",
	  "A client for which tcpserver sets RELAYCLIENT may relay. Keep loopback alone.",
	  "/etc/tcp.smtp", "127.:allow,RELAYCLIENT=\"\"\n:allow\n",
	  "tcprules /etc/tcp.smtp.cdb /etc/tcp.smtp.tmp < /etc/tcp.smtp" },
	{ "C10", "no file /var/qmail/control/rcpthosts",
	  "Without it qmail-smtpd takes every recipient.", NULL,
	  "cp /var/qmail/control/locals /var/qmail/control/rcpthosts\n",
	  "The file has your domains alone, virtual ones included; no restart is needed." },
	{ "C33", "/var/qmail/control/rcpthosts, morercpthosts",
	  "An entry with a dot in front stands for all below it.", NULL, NULL,
	  "Both files have your domains alone." },
	{ "C34", "/var/qmail/control/percenthack",
	  "For the domains in it user%other@ is turned into user@other, after the check.", NULL,
	  "rm /var/qmail/control/percenthack\n", "Restart qmail-send." },
};
const size_t cause_qmail_count = sizeof(cause_qmail) / sizeof(*cause_qmail);

const struct cause_words cause_courier[] = {
	{ "C1 C2 C3 C4 C6", "RELAYCLIENT in /etc/courier/smtpaccess",
	  "A client for which it is set may relay. Keep loopback alone (a tab between).",
	  "/etc/courier/smtpaccess/default", "127.0.0.1\tallow,RELAYCLIENT\n",
	  "makesmtpaccess; restart the ESMTP server." },
	{ "C33", "/etc/courier/esmtpacceptmailfor.dir",
	  "It lists the domains that are taken from everybody.", NULL, NULL,
	  "It has your domains alone; then makeacceptmailfor." },
};
const size_t cause_courier_count = sizeof(cause_courier) / sizeof(*cause_courier);

const struct cause_words cause_exchange[] = {
	{ "C10", "ms-Exch-SMTP-Accept-Any-Recipient for ANONYMOUS LOGON, on a receive connector",
	  "With that right every client of the connector relays without a login.", NULL,
	  "Get-ReceiveConnector | Remove-ADPermission `\n"
	  "  -User \"NT AUTHORITY\\ANONYMOUS LOGON\" `\n"
	  "  -ExtendedRights \"ms-Exch-SMTP-Accept-Any-Recipient\"\n",
	  "Get-ReceiveConnector | Get-ADPermission -User \"NT AUTHORITY\\ANONYMOUS LOGON\" shows "
	  "no such right." },
	{ "C1 C2 C3 C4 C6", "RemoteIPRanges of a receive connector for relaying",
	  "The connector is for some machines; its ranges hold strangers, or the gateway by which "
	  "they arrive.", NULL,
	  "Set-ReceiveConnector \"Relay\" -RemoteIPRanges 192.0.2.10\n",
	  "Get-ReceiveConnector | Format-List Identity,RemoteIPRanges" },
	{ "C14", "RejectDirectSend (Exchange Online)",
	  "Unless it is on, mail from your own domain is taken without a login or a connector.",
	  NULL, "Set-OrganizationConfig -RejectDirectSend $true\n",
	  "Get-OrganizationConfig | Format-List RejectDirectSend" },
	{ "C48", "the SMTP service of Exchange 5.5 and IIS (MS99-027)",
	  "It unpacks encapsulated addresses without a check. It was mended in the program.", NULL,
	  NULL, "The version is a newer one." },
};
const size_t cause_exchange_count = sizeof(cause_exchange) / sizeof(*cause_exchange);
