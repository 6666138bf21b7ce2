/* SPDX-License-Identifier: ISC
 *
 * Refusals as each server words them, and those by relay policy.
 */
#include "policy-rows.h"

const struct policy_row policy_servers[] = {
	/* Postfix */
	{ 454, "4.7.1", "<u@d.example>: Relay access denied", RELAY },
	{ 554, "5.7.1", "<u@d.example>: Relay access denied", RELAY },
	{ 450, "4.7.1", "<u@d.example>: Relay access denied", RELAY },
	{ 554, "5.7.1", "<u@d.example>: Recipient address rejected: Relay access denied", RELAY },
	{ 451, "4.7.1", "<u@d.example>: Recipient address rejected: Access denied", RECIPIENT },
	{ 454, "4.7.1", "<u@d.example>: Recipient address rejected: Access denied", RECIPIENT },
	{ 554, "5.7.1", "<u@d.example>: Recipient address rejected: Access denied", RECIPIENT },
	{ 450, "4.7.1", "<x.example>: Helo command rejected: Host not found", HELO },
	{ 504, "5.5.2", "<x>: Helo command rejected: need fully-qualified hostname", HELO },
	{ 450, "4.7.25", "Client host rejected: cannot find your hostname, [192.0.2.1]", CLIENT },
	{ 450, "4.7.1", "Client host rejected: cannot find your reverse hostname, "
	  "[192.0.2.1]", CLIENT },
	{ 450, "4.7.1", "Service unavailable; Client host [192.0.2.1] blocked using "
	  "bl.example", CLIENT },
	{ 554, "5.7.1", "Service unavailable; Client host [192.0.2.1] blocked using "
	  "zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1", CLIENT },
	{ 554, "5.7.1", "<unknown[192.0.2.1]>: Client host rejected: Access denied", CLIENT },
	{ 554, "5.7.1", "<probe.t.example[192.0.2.1]>: Client host rejected: Relay access "
	  "denied", CLIENT },
	{ 450, "4.1.8", "<s@t.example>: Sender address rejected: Domain not found", SENDER },
	{ 550, "5.1.8", "<s@t.example>: Sender address rejected: Domain not found", SENDER },
	{ 553, "5.7.1", "<s@t.example>: Sender address rejected: not logged in", SENDER },
	{ 550, "5.7.27", "<s@t.example>: Sender address rejected: Domain t.example does not "
	  "accept mail (nullMX)", SENDER },
	{ 450, "4.1.1", "<u@d.example>: Recipient address rejected: User unknown", RECIPIENT },
	{ 550, "5.1.1", "<u@d.example>: Recipient address rejected: User unknown in relay "
	  "recipient table", RECIPIENT },
	{ 550, "5.1.1", "<u@d.example>: Recipient address rejected: User unknown in virtual "
	  "mailbox table", RECIPIENT },
	{ 504, "5.5.2", "<u>: Recipient address rejected: need fully-qualified address",
	  RECIPIENT },
	{ 450, "4.2.0", "<u@d.example>: Recipient address rejected: Greylisted, see "
	  "http://postgrey.schweikert.ch/help/d.example.html", LATER },
	{ 450, "4.7.1", "<u@d.example>: Recipient address rejected: Greylisted for "
	  "300 seconds", LATER },
	{ 450, "", "<u@d.example>: Recipient address rejected: Greylisted for 5 minutes", LATER },
	{ 450, "4.7.1", "Greylisted, try again later", LATER },
	{ 450, "4.3.2", "Service currently unavailable", LATER },
	{ 450, "4.7.1", "Error: too much mail from 192.0.2.1", LATER },
	{ 421, "4.7.0", "mx.example Error: too many errors", LATER },
	{ 421, "4.7.0", "mx.example Error: too many connections from 192.0.2.1", LATER },
	{ 450, "4.7.1", "<u@d.example>: Recipient address rejected: Policy Rejection- "
	  "Please try later.", LATER },
	{ 451, "4.3.5", "Server configuration problem - try again later", LATER },
	{ 451, "4.3.0", "<u@d.example>: Temporary lookup failure", LATER },
	{ 454, "4.7.0", "TLS not available due to local problem", LATER },
	{ 530, "5.7.0", "Must issue a STARTTLS command first", UNKNOWN },
	{ 503, "5.5.1", "Error: need RCPT command", UNKNOWN },
	{ 503, "5.5.1", "Error: send HELO/EHLO first", HELO },
	{ 501, "5.1.3", "Bad recipient address syntax", RECIPIENT },
	{ 501, "5.1.7", "Bad sender address syntax", SENDER },
	{ 501, "5.5.4", "Syntax: RCPT TO:<address>", UNKNOWN },
	{ 500, "5.5.2", "Error: command not recognized", UNKNOWN },
	{ 535, "5.7.8", "Error: authentication failed: authentication failure", UNKNOWN },
	/* Its policy services: postscreen, sqlgrey, policyd, postfwd */
	{ 450, "4.3.2", "Service currently unavailable", LATER },
	{ 450, "4.7.1", "<u@d.example>: Recipient address rejected: Greylisting in effect, please "
	  "come back later", LATER },
	{ 450, "4.7.1", "<u@d.example>: Recipient address rejected: Policy rate "
	  "limit reached", LATER },
	{ 550, "5.5.1", "Protocol error", UNKNOWN },
	{ 554, "5.7.1", "<u@d.example>: Recipient address rejected: Mail appeared to be SPAM or "
	  "forged. Ask your Mail/DNS-Administrator to correct HELO and DNS MX settings or to get "
	  "removed from DNSBLs", CLIENT },
	/* Sendmail and its milters */
	{ 550, "5.7.1", "u@d.example... Relaying denied", RELAY },
	{ 550, "5.7.1", "<u@d.example>... Relaying denied. IP name lookup failed "
	  "[192.0.2.1]", RELAY },
	{ 550, "5.7.1", "<u@d.example>... Relaying denied. IP name possibly forged "
	  "[192.0.2.1]", RELAY },
	{ 550, "5.7.1", "<u@d.example>... Relaying denied. Proper authentication required.",
	  RELAY },
	{ 450, "4.7.1", "u@d.example... Relaying temporarily denied. Cannot resolve PTR record for "
	  "192.0.2.1", CLIENT },
	{ 451, "4.7.1", "Relaying temporarily denied", LATER },
	{ 451, "4.7.1", "Greylisting in action, please come back in 00:05:00", LATER },
	{ 451, "4.7.1", "Service unavailable - try again later", LATER },
	{ 451, "4.3.2", "Please try again later", LATER },
	{ 452, "4.4.5", "Insufficient disk space; try again later", LATER },
	{ 421, "4.3.2", "Connection rate limit exceeded.", LATER },
	{ 550, "5.7.1", "Access denied", UNKNOWN },
	{ 550, "5.7.1", "Access denied. IP name lookup failed [192.0.2.1]", CLIENT },
	{ 451, "4.1.8", "Domain of sender address s@t.example does not resolve", SENDER },
	{ 553, "5.1.8", "<s@t.example>... Domain of sender address s@t.example does not exist",
	  SENDER },
	{ 550, "5.1.1", "<u@d.example>... User unknown", RECIPIENT },
	{ 550, "5.1.1", "<u@d.example>: User unknown", RECIPIENT },
	{ 550, "5.1.2", "<u@d.example>... Host unknown (Name server: d.example: host not found)",
	  RECIPIENT },
	{ 553, "5.5.4", "<s>... Domain name required for sender address s", SENDER },
	{ 501, "5.0.0", "Invalid domain name", UNKNOWN },
	{ 550, "5.0.0", "Command rejected", UNKNOWN },
	/* Exim */
	{ 550, "", "relay not permitted", RELAY },
	{ 550, "", "<u@d.example>: relay not permitted", RELAY },
	{ 451, "", "relay not permitted", RELAY },
	{ 550, "", "Administrative prohibition", UNKNOWN },
	{ 550, "", "authentication required", RELAY },
	{ 550, "", "Unrouteable address", RECIPIENT },
	{ 550, "", "unknown user", RECIPIENT },
	{ 550, "", "Sender verify failed", SENDER },
	{ 550, "", "Verification failed for <s@t.example>\nUnrouteable address\nSender verify "
	  "failed", SENDER },
	{ 550, "", "rejected because 192.0.2.1 is in a black list at zen.example", CLIENT },
	{ 501, "", "Syntactically invalid HELO argument(s)", HELO },
	{ 501, "", "<u@d@e>: malformed address: @e may not follow u@d", UNKNOWN },
	{ 451, "", "Temporary local problem - please try later", LATER },
	{ 451, "", "greylisted - please try again in 5 minutes", LATER },
	{ 451, "", "Could not complete recipient verify callout", LATER },
	{ 421, "", "Too many concurrent SMTP connections; please try again later.", LATER },
	{ 450, "", "Sender verify deferred: host lookup did not complete", LATER },
	/* cPanel */
	{ 550, "", "(probe.t.example) [192.0.2.1]:1234 is currently not permitted to relay through "
	  "this server. Perhaps you have not logged into the pop/imap server in the last 30 minutes "
	  "or do not have SMTP Authentication turned on in your email client.", RELAY },
	{ 550, "", "host [192.0.2.1]:1234 is currently not permitted to relay through\nthis server. "
	  "Perhaps you have not logged into the pop/imap server in\nthe last 30 minutes or do not "
	  "have SMTP Authentication turned on in your\nemail client.", RELAY },
	{ 550, "", "Please turn on SMTP Authentication in your mail client.\nprobe.t.example "
	  "[192.0.2.1]:1234 is not permitted to relay\nthrough this server without authentication.",
	  RELAY },
	/* OpenSMTPD */
	{ 550, "", "Invalid recipient: <u@d.example>", RECIPIENT },
	{ 524, "5.2.4", "Mailing list expansion problem: <u@d.example>", RECIPIENT },
	{ 451, "4.3.0", "Temporary failure", LATER },
	{ 421, "4.3.0", "Temporary Error", LATER },
	{ 421, "", "try again later", LATER },
	/* Exchange */
	{ 550, "5.7.1", "Unable to relay", RELAY },
	{ 550, "5.7.1", "Unable to relay for u@d.example", RELAY },
	{ 550, "5.7.54", "SMTP; Unable to relay recipient in non-accepted domain", RELAY },
	{ 530, "5.7.1", "Client was not authenticated", RELAY },
	{ 530, "5.7.57", "SMTP; Client was not authenticated to send anonymous mail "
	  "during MAIL FROM", RELAY },
	{ 530, "5.7.57", "Client not authenticated to send mail. [mx.example]", RELAY },
	{ 550, "5.7.64", "TenantAttribution; Relay Access Denied SMTP", RELAY },
	{ 550, "5.7.367", "Remote server returned not permitted to relay", RELAY },
	{ 550, "5.4.1", "Recipient address rejected: Access denied. AS(201806281) [mx.example]",
	  RECIPIENT },
	{ 550, "5.1.10", "RESOLVER.ADR.RecipientNotFound; Recipient not found", RECIPIENT },
	{ 550, "5.1.7", "Invalid address", SENDER },
	{ 550, "5.7.606", "Access denied, banned sending IP [192.0.2.1]. To request removal from "
	  "this list please visit https://sender.office.com/", CLIENT },
	{ 550, "5.7.708", "Service unavailable. Access denied, traffic not accepted from this IP.",
	  CLIENT },
	{ 550, "5.7.25", "The sending IPv6 address must have a reverse DNS record", CLIENT },
	{ 550, "5.7.23", "The message was rejected because of Sender Policy Framework violation",
	  SENDER },
	{ 550, "5.7.1", "Service unavailable, Client host [192.0.2.1] blocked using Spamhaus",
	  CLIENT },
	{ 451, "4.7.0", "Temporary server error. Please try again later. PRX2", LATER },
	{ 451, "4.7.500", "Server busy. Please try again later from [192.0.2.1].", LATER },
	{ 451, "4.7.650", "The mail server [192.0.2.1] has been temporarily rate limited due to IP "
	  "reputation.", LATER },
	{ 450, "4.7.3", "Organization queue quota exceeded", LATER },
	{ 454, "4.7.0", "Temporary authentication failure", LATER },
	{ 421, "4.4.2", "Message submission rate for this client has exceeded the configured limit",
	  LATER },
	/* Google */
	{ 550, "5.7.1", "[192.0.2.1] relaying not allowed", RELAY },
	{ 550, "5.7.1", "[192.0.2.1] The IP you're using to send mail is not authorized to\nsend "
	  "email directly to our servers. Please use the SMTP relay at your\nservice provider "
	  "instead.", CLIENT },
	{ 550, "5.7.1", "Invalid credentials for relay [192.0.2.1]. The IP address you've\n"
	  "registered in your G Suite SMTP Relay service doesn't match domain of the\naccount this "
	  "email is being sent from.", RELAY },
	{ 550, "5.7.1", "Invalid credentials for relay [192.0.2.1]. The IP address you've\n"
	  "registered in your SMTP Relay service doesn't match domain of the\naccount this email is "
	  "being sent from.", RELAY },
	{ 550, "5.7.25", "[192.0.2.1] The IP address sending this message does not have a PTR "
	  "record setup", CLIENT },
	{ 550, "5.7.26", "Unauthenticated email from t.example is not accepted due to domain's "
	  "DMARC policy", SENDER },
	{ 530, "5.7.0", "Authentication Required. For more information, go to the help", RELAY },
	{ 421, "4.7.28", "Our system has detected an unusual rate of unsolicited mail", LATER },
	{ 450, "4.2.1", "The user you are trying to contact is receiving mail too quickly", LATER },
	/* qmail and its children */
	{ 553, "", "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", RELAY },
	{ 553, "", "sorry, that domain isn't allowed to be relayed thru this MTA (#5.7.1)", RELAY },
	{ 553, "", "sorry, that domain isn't allowed to be relayed thru this MTA without "
	  "authentication (#5.7.1)", RELAY },
	{ 553, "", "sorry, you don't authenticate or the domain isn't in my list of allowed "
	  "rcpthosts (#5.7.1)", RELAY },
	{ 550, "", "sorry, relaying denied from your location [192.0.2.1] (#5.7.1)", RELAY },
	{ 553, "", "sorry, that domain isn't in my list of allowed rcpthosts. Please check the SMTP "
	  "authentication settings of your mail client and try again (#5.7.1)", RELAY },
	{ 553, "", "sorry, your envelope sender is in my badmailfrom list (#5.7.1)", SENDER },
	{ 550, "", "sorry, no mailbox here by that name. (#5.1.1)", RECIPIENT },
	/* Other servers */
	{ 554, "", "Relay rejected for policy reasons.", RELAY },                /* Domino */
	{ 550, "5.7.1", "This system is not configured to relay mail from 192.0.2.1", RELAY },
	{ 550, "5.7.1", "Sorry, this server does not relay for [192.0.2.1]", RELAY },
	{ 550, "5.1.2", "Relay not allowed.", RELAY },                           /* Stalwart */
	{ 503, "5.5.1", "You must authenticate first.", RELAY },
	{ 550, "5.1.1", "not accepting email for domain", RELAY },               /* mox */
	{ 550, "", "I cannot deliver mail for <u@d.example>", RELAY },           /* Haraka */
	{ 550, "", "I cannot deliver mail for {u@d.example}", RELAY },
	{ 530, "", "SMTP authentication is required.", RELAY },                  /* hMailServer */
	{ 550, "", "Delivery is not allowed to this address.", RECIPIENT },
	{ 513, "", "Relaying denied.", RELAY },                                  /* Courier */
	{ 550, "5.7.1", "Requested action not taken: relaying denied", RELAY },  /* James */
	{ 550, "", "Mail Relay not allowed", RELAY },                            /* Gordano */
	{ 571, "", "u@d.example prohibited. We do not relay", RELAY },           /* CommuniGate */
	{ 550, "5.7.1", "u@d.example... we do not relay <s@t.example>", RELAY }, /* IceWarp */
	{ 550, "", "not local host d.example, not a gateway", RELAY },           /* IMail */
	{ 553, "", "We do not relay non-local mail, sorry.", RELAY },            /* Mercury */
	{ 550, "5.7.1", "Relaying to <u@d.example> denied (authentication required)", RELAY },
	{ 550, "5.7.1", "Relaying not allowed: u@d.example", RELAY },            /* Sun */
	{ 503, "", "This mail server requires authentication when attempting to send to a non-local "
	  "e-mail address. Please check your mail client settings or contact your administrator to "
	  "verify that the domain or address is defined for this server.", RELAY },
	{ 550, "", "Authentication is required for relay", RELAY },              /* SmarterMail */
	{ 551, "", "we don't handle mail for d.example", RELAY },
	{ 550, "", "#5.1.0 Address rejected.", RECIPIENT },                      /* IronPort */
	{ 553, "", "host denies relay.", RELAY },                                /* NetEase */
	{ 553, "", "relay check domain fail", RELAY },
	{ 553, "", "host denies the sender.", SENDER },
	{ 554, "", "rbl deny.", CLIENT },
	{ 550, "", "black ip.", CLIENT },
	{ 555, "", "helohost error.", HELO },
	{ 550, "5.7.1", "User email address is not authorized for relay", RELAY },
	{ 550, "", "5.7.1 Relaying mail to u@d.example is not allowed", RELAY },
	{ 550, "", "That domain or user isn't in my list of allowed rcpthosts", RELAY },
	{ 571, "5.7.1", "Blocked by anti-relay rules", CLIENT },
	/* The form of the address: no relay policy */
	{ 501, "", "Syntax error in parameters or arguments", UNKNOWN },
	{ 501, "5.5.4", "Line too long", UNKNOWN },
	{ 501, "", "Local part too long", UNKNOWN },
	{ 501, "5.1.3", "Path too long", RECIPIENT },
	{ 553, "5.1.3", "<u%d>... Percent hack not allowed", RECIPIENT },
	{ 553, "5.7.1", "Routing characters are not allowed", UNKNOWN },
	{ 550, "5.1.2", "Bad destination system address", RECIPIENT },
	{ 550, "5.4.4", "Unable to route", RECIPIENT },
	{ 521, "", "mx.example does not accept mail (see RFC7504)", UNKNOWN },
	/* Without words */
	{ 454, "4.7.1", "", UNKNOWN },
	{ 454, "", "", UNKNOWN },
	{ 421, "", "", LATER },
	{ 451, "", "", LATER },
	{ 530, "", "", RELAY },
	{ 550, "", "", UNKNOWN },
	{ 551, "", "", RELAY },
	{ 550, "5.1.1", "", RECIPIENT },
	{ 550, "5.1.6", "", RECIPIENT },
	{ 550, "5.7.1", "", UNKNOWN },
	{ 550, "5.7.54", "", RELAY },
	{ 550, "5.1.8", "", SENDER },
	{ 450, "4.7.0", "Something", UNKNOWN },
	{ 451, "4.7.0", "Something", UNKNOWN },
	{ 452, "4.7.1", "Something", UNKNOWN },
	{ 454, "4.7.0", "Access denied", UNKNOWN },
	/* No refusals at all */
	{ 250, "2.1.5", "Relay access denied is not what I say", NONE },
	{ 354, "", "Relay denied", NONE },
	{ 0, "", "Relay denied", NONE },
	{ 552, "5.3.4", "Too big", UNKNOWN },
	{ 500, "5.5.2", "What?", UNKNOWN },
	{ 0 }
};

const struct policy_row policy_relay[] = {
	{ 454, "", "We do not relay u@d.example", RELAY },
	{ 450, "", "We do not relay u@d.example", RELAY },
	{ 471, "", "This is not a relay host", RELAY },
	{ 450, "4.7.1", "Third party relay prohibited", RELAY },
	{ 550, "", "No third-party relay", RELAY },
	{ 550, "", "No relaying allowed", RELAY },
	{ 550, "", "we are not an open relay, so get lost", RELAY },
	{ 550, "", "This server may not be used as a relay", RELAY },
	{ 550, "", "You are not allowed to use this server as a relay", RELAY },
	{ 550, "", "not allowed to relay through this machine", RELAY },
	{ 550, "5.7.1", "Your IP is not permitted to relay through this server", RELAY },
	{ 550, "5.7.1", "192.0.2.1 is not allowed to relay", RELAY },
	{ 550, "5.7.1", "You are not authorized to relay", RELAY },
	{ 550, "5.7.1", "Relaying from your host 192.0.2.1 is not allowed", RELAY },
	{ 550, "5.7.1", "relaying to <u@d.example> prohibited by administrator", RELAY },
	{ 550, "", "Relaying is disabled", RELAY },
	{ 550, "", "relaying of mail to other domains is strictly prohibited", RELAY },
	{ 550, "", "RELAYING DENIED", RELAY },
	{ 550, "", "Relay operation rejected", RELAY },
	{ 550, "", "Your relay attempt was rejected", RELAY },
	{ 550, "", "Mail can't be relayed to d.example", RELAY },
	{ 550, "", "cannot relay to d.example", RELAY },
	{ 550, "", "This server doesn't relay", RELAY },
	{ 550, "", "This server doesn’t relay", RELAY },
	{ 550, "", "We don't allow relaying", RELAY },
	{ 550, "", "refusing to relay", RELAY },
	{ 550, "", "This server refuses to relay mail for strangers", RELAY },
	{ 454, "4.7.1", "Relay\naccess\ndenied", RELAY },
	{ 550, "", "Relaying denied.Please contact your administrator", RELAY },
	{ 550, "", "Relay attempt blocked", RELAY },
	{ 550, "", "Unauthorized relay", RELAY },
	{ 550, "", "No relay for you", RELAY },
	{ 550, "", "Only local users may relay", RELAY },
	{ 550, "", "This server only relays for its own users", RELAY },
	{ 550, "", "relaying is restricted to local hosts", RELAY },
	{ 550, "", "percent hack forbidden, relay denied", RELAY },
	{ 550, "", "Relay access denied. Please contact your administrator.", RELAY },
	{ 550, "", "Relaying denied, please contact your provider", RELAY },
	/* Not its own domain: of a 5xx */
	{ 550, "", "We don't serve d.example", RELAY },
	{ 550, "", "this domain isn't allowed here", RELAY },
	{ 450, "4.7.1", "d.example isn't hosted here", UNKNOWN },
	{ 550, "", "d.example isn't hosted here", RELAY },
	{ 550, "", "domain is not local", RELAY },
	{ 550, "", "not a local domain", RELAY },
	{ 550, "", "unknown domain", RELAY },
	{ 550, "", "Unrouteable domain", RELAY },
	{ 550, "", "domain not in my control", RELAY },
	{ 550, "", "No such domain here", RELAY },
	{ 551, "", "User not local; please try <u@d.example>", RELAY },
	{ 550, "", "We only accept mail for our own domains; only accepts mail for x.example",
	  RELAY },
	{ 550, "", "recipient is not local", RELAY },
	{ 450, "4.7.1", "domain isn't in my list of allowed rcpthosts", UNKNOWN },
	{ 550, "", "Your domain is not local", CLIENT },
	{ 550, "", "unknown domain of the sender", SENDER },
	/* A login: of a 5xx */
	{ 554, "5.7.1", "<unknown[192.0.2.1]>: Client host rejected: Authentication required", RELAY },
	{ 550, "", "Please login", RELAY },
	{ 550, "5.7.1", "SMTP AUTH is required", RELAY },
	{ 550, "5.7.1", "SMTP authentication required", RELAY },
	{ 553, "5.7.1", "You must log in before sending mail", RELAY },
	{ 550, "", "You need to authenticate to send mail to d.example", RELAY },
	{ 550, "", "Access denied: not logged in", RELAY },
	{ 550, "", "only authenticated users may send mail to other domains", RELAY },
	{ 530, "5.7.0", "Login first, then STARTTLS or not", RELAY },
	{ 454, "4.7.0", "Authentication required", UNKNOWN },
	{ 538, "5.7.11", "Encryption required for requested authentication mechanism", UNKNOWN },
	/* Relaying is only named */
	{ 550, "5.7.1", "Use the relay of your provider", CLIENT },
	{ 550, "5.7.1", "Access denied, use the relay of your provider", CLIENT },
	{ 550, "5.7.1", "Please use your ISP's smarthost, relay denied to nobody", CLIENT },
	{ 550, "5.7.1", "Direct mail not accepted: please send through your own mail server", CLIENT },
	{ 550, "5.7.1", "Please relay via your provider, access denied", CLIENT },
	{ 550, "5.7.1", "Mail refused. Relay through your ISP's mail server", CLIENT },
	{ 550, "5.7.1", "Mail from your relay is refused", CLIENT },
	{ 550, "5.7.1", "Your relay is not welcome", CLIENT },
	{ 550, "5.7.1", "The relay server rejected this", UNKNOWN },
	{ 550, "5.7.1", "mail from open relays refused", CLIENT },
	{ 550, "5.7.1", "Insecure Mail Relay", CLIENT },
	{ 550, "5.7.1", "You are an open relay and not accepted", CLIENT },
	{ 550, "5.7.1", "Message denied by relay 10", UNKNOWN },
	{ 550, "5.7.1", "Denied by relay.example.net", UNKNOWN },
	{ 550, "5.7.1", "relays.example.net says denied", UNKNOWN },
	{ 550, "5.7.1", "Access denied (see http://relay.example/denied)", UNKNOWN },
	{ 550, "5.7.1", "Not relevant, denied", UNKNOWN },
	{ 450, "4.7.1", "The relay is not awake", UNKNOWN },
	{ 450, "4.7.1", "This relay has not heard of you", UNKNOWN },
	{ 0 }
};
