/* SPDX-License-Identifier: ISC
 *
 * One Received line of every form that mailers write, and of those that none does:
 * what the client said, what the server saw, and that nothing is invented.
 */
#include "test.h"

#include "base/mem.h"
#include "mail/header.h"
#include "mail/received.h"

#include <stdlib.h>
#include <time.h>

struct row {
	const char *line;
	const char *ip, *rdns, *helo, *by, *id;      /* NULL: must be empty */
	const char *with;
	int64_t time_s;                              /* 0: none */
	enum received_form form;
	bool auth;
};

#define T1 1092009600     /* Mon, 9 Aug 2004 00:00:00 +0000 */
#define D1 "; Mon, 9 Aug 2004 02:00:00 +0200 (CEST)"
#define Q1 "; 9 Aug 2004 00:00:00 -0000"

static const struct row rows[] = {
	/* sendmail and its kin */
	{ "from a.example (b.example [192.0.2.1]) by mx.example (8.12.8/8.12.8) with ESMTP id i06M"
	  " for <u@example.org>" D1, "192.0.2.1", "b.example", "a.example", "mx.example", "i06M",
	  "ESMTP", T1, RECEIVED_SENDMAIL, false },
	{ "from a ([192.0.2.1]) by mx.example (8.9.3/8.9.3) with SMTP id QAA1" D1, "192.0.2.1", NULL,
	  "a", "mx.example", "QAA1", "SMTP", T1, RECEIVED_SENDMAIL, false },
	{ "from a (joe@b.example [192.0.2.1]) by mx.example (8.9.3/8.9.3) with SMTP id 1" D1,
	  "192.0.2.1", "b.example", "a", "mx.example", "1", "SMTP", T1, RECEIVED_SENDMAIL, false },
	{ "from a (IDENT:x/y+z@b.example [192.0.2.1]) by mx.example (8.9.3/8.9.3) with SMTP id 1" D1,
	  "192.0.2.1", "b.example", "a", "mx.example", "1", "SMTP", T1, RECEIVED_SENDMAIL, false },
	{ "from a (joe@[192.0.2.1]) by mx.example (8.9.3/8.9.3) with SMTP id 1" D1, "192.0.2.1",
	  NULL, "a", "mx.example", "1", "SMTP", T1, RECEIVED_SENDMAIL, false },
	{ "from a (b.example [192.0.2.1] (may be forged)) (authenticated bits=0) by mx.example "
	  "(8.13.8/8.13.8) with ESMTP id kB3" D1, "192.0.2.1", "b.example", "a", "mx.example", "kB3",
	  "ESMTP", T1, RECEIVED_SENDMAIL, true },
	{ "(from joe@localhost) by mx.example (8.11.6/8.11.6) id g7M for u@example.org" D1, NULL, NULL,
	  NULL, "mx.example", "g7M", NULL, T1, RECEIVED_LOCAL, false },
	{ "from localhost (joe@localhost) by mx.example (8.11.6/8.11.6) with ESMTP id g7R" D1, NULL,
	  NULL, "localhost", "mx.example", "g7R", "ESMTP", T1, RECEIVED_SENDMAIL, false },
	{ "from localhost (localhost [[UNIX: localhost]]) by mx.example (8.11.6/8.11.6) id g79" D1,
	  NULL, NULL, "localhost", "mx.example", "g79", NULL, T1, RECEIVED_SENDMAIL, false },
	{ "from a (sslwrap@localhost [127.0.0.1]) by mx.example (8.11.6/8.11.6) with ESMTP id g14" D1,
	  "127.0.0.1", "localhost", "a", "mx.example", "g14", "ESMTP", T1, RECEIVED_SENDMAIL, false },
	{ "from a (tls.example [192.0.2.1]) by mx.example (Postfix) with ESMTP id C98" D1, "192.0.2.1",
	  "tls.example", "a", "mx.example", "C98", "ESMTP", T1, RECEIVED_POSTFIX, false },
	{ "from html by mx.example (SMI-8.6/SMI-SVR4) id AAA03367" D1, NULL, NULL, "html",
	  "mx.example", "AAA03367", NULL, T1, RECEIVED_SENDMAIL, false },
	{ "from a (192.0.2.1.isp.example [192.0.2.1] (may be forged)) by mx.example (8.9.3/8.9.3) "
	  "with SMTP id 1" D1, "192.0.2.1", "192.0.2.1.isp.example", "a", "mx.example", "1", "SMTP",
	  T1, RECEIVED_SENDMAIL, false },
	{ "from 198.51.100.7.isp.example ([192.0.2.1]) by mx.example (8.9.3/8.9.3) with SMTP id 1" D1,
	  "192.0.2.1", NULL, "198.51.100.7.isp.example", "mx.example", "1", "SMTP", T1,
	  RECEIVED_SENDMAIL, false },
	{ "from 198.51.100.7.isp.example by mx.example with SMTP" D1, NULL, NULL,
	  "198.51.100.7.isp.example", "mx.example", NULL, "SMTP", T1, RECEIVED_OTHER, false },
	{ "from av.example (localhost [127.0.0.1])by  mx.example (Postfix) with ESMTP id 846CF2117for "
	  " <p@example.net>" D1, "127.0.0.1", "localhost", "av.example", "mx.example",
	  "846CF2117for", "ESMTP", T1, RECEIVED_POSTFIX, false },
	/* Postfix */
	{ "from a (unknown [192.0.2.1]) by mx.example (Postfix) with SMTP id CE1" D1, "192.0.2.1",
	  NULL, "a", "mx.example", "CE1", "SMTP", T1, RECEIVED_POSTFIX, false },
	{ "from a (b.example [IPv6:2001:db8::25])\r\n\t(using TLSv1 with cipher X (256/256 bits))\r\n"
	  "\t(No client certificate requested)\r\n\tby mx.example (Postfix) with ESMTPS id C98" D1,
	  "2001:db8::25", "b.example", "a", "mx.example", "C98", "ESMTPS", T1, RECEIVED_POSTFIX,
	  false },
	{ "from a (b.example [192.0.2.1]) (Authenticated sender: joe) by mx.example (Postfix) with "
	  "ESMTPSA id 44A" D1, "192.0.2.1", "b.example", "a", "mx.example", "44A", "ESMTPSA", T1,
	  RECEIVED_POSTFIX, true },
	{ "by mx.example (Postfix, from userid 500) id 4F5" D1, NULL, NULL, NULL, "mx.example", "4F5",
	  NULL, T1, RECEIVED_LOCAL, false },
	/* qmail and its kin */
	{ "from b.example (HELO a) (joe@192.0.2.1) by mx.example with SMTP" Q1, "192.0.2.1",
	  "b.example", "a", "mx.example", NULL, "SMTP", T1, RECEIVED_QMAIL, false },
	{ "from b.example (192.0.2.1) by mx.example with SMTP" Q1, "192.0.2.1", "b.example",
	  "b.example", "mx.example", NULL, "SMTP", T1, RECEIVED_QMAIL, false },
	{ "from 192.0.2.1.isp.example (HELO 10.0.0.1) (192.0.2.1) by 0 with SMTP" Q1, "192.0.2.1",
	  "192.0.2.1.isp.example", "10.0.0.1", "0", NULL, "SMTP", T1, RECEIVED_QMAIL, false },
	{ "(qmail 45930 messnum 1048917 invoked from network[192.0.2.1/b.example])" Q1, NULL, NULL,
	  NULL, NULL, NULL, NULL, T1, RECEIVED_QUEUE, false },
	{ "(Scanned by a filter)9 Aug 2004 00:00:00 -0000", NULL, NULL, NULL, NULL, NULL, NULL, T1,
	  RECEIVED_QUEUE, false },
	{ "(qfscan 0.5. spam=2/0 remoteip=192.0.2.1): 9 Aug 2004 00:00:00 -0000", NULL, NULL, NULL,
	  NULL, NULL, NULL, T1, RECEIVED_QUEUE, false },
	{ "from unknown (HELO ) (192.0.2.1) by mx.example with SMTP" Q1, "192.0.2.1", NULL, NULL,
	  "mx.example", NULL, "SMTP", T1, RECEIVED_QMAIL, false },
	{ "from unknown (192.0.2.1) by mx.example with QMQP" Q1, "192.0.2.1", NULL, NULL,
	  "mx.example", NULL, "QMQP", T1, RECEIVED_QMAIL, false },
	{ "from b.example (HELO ?192.168.23.32?) (192.0.2.1) by mx.example (qp 87263) with SMTP" Q1,
	  "192.0.2.1", "b.example", "?192.168.23.32?", "mx.example", NULL, "SMTP", T1,
	  RECEIVED_QMAIL, false },
	{ "from unknown (HELO [192.0.2.9]) ([192.0.2.1]) (envelope-sender <x@example.org>) by 192.0.2.5"
	  " (qmail-ldap-1.03) with SMTP for <z@example.net>" Q1, "192.0.2.1", NULL, "[192.0.2.9]",
	  "192.0.2.5", NULL, "SMTP", T1, RECEIVED_QMAIL, false },
	{ "from b.example (HELO a) (192.0.2.1) by mx.example with (DHE-RSA-AES256-SHA encrypted) SMTP"
	  Q1, "192.0.2.1", "b.example", "a", "mx.example", NULL, "SMTP", T1, RECEIVED_QMAIL, false },
	{ "(qmail 1 invoked by uid 404)" Q1, NULL, NULL, NULL, NULL, NULL, NULL, T1, RECEIVED_QUEUE,
	  false },
	{ "(qmail 8 messnum 7 invoked from network[192.0.2.1/b.example])" Q1, NULL, NULL, NULL, NULL,
	  NULL, NULL, T1, RECEIVED_QUEUE, false },
	{ "from 192.0.2.1 (EHLO a) (192.0.2.1) by mta.mail.yahoo.com with SMTP" D1, "192.0.2.1", NULL,
	  "a", "mta.mail.yahoo.com", NULL, "SMTP", T1, RECEIVED_OTHER, false },
	{ "from b.example (EHLO a) [192.0.2.1] by mail.gmx.net (mp033) with SMTP; 9 Aug 2004 02:00:00 "
	  "+0200", "192.0.2.1", "b.example", "a", "mail.gmx.net", NULL, "SMTP", T1, RECEIVED_OTHER,
	  true },
	/* Exim */
	{ "from b.example ([192.0.2.1]:11218 helo=a) by mx.example with esmtp (TLSv1:RC4-SHA:128) "
	  "(Exim 4.04) id 1CJ-00 for l@example.org" D1, "192.0.2.1", "b.example", "a", "mx.example",
	  "1CJ-00", "esmtp", T1, RECEIVED_EXIM, false },
	{ "from b.example ([192.0.2.1]) by mx.example with esmtp (Exim 4.41) id 1CI" D1, "192.0.2.1",
	  "b.example", "b.example", "mx.example", "1CI", "esmtp", T1, RECEIVED_EXIM, false },
	{ "from [192.0.2.1] (helo=a) by mx.example with asmtp (Exim 3.35 #1 (Debian)) id 1CI" D1,
	  "192.0.2.1", NULL, "a", "mx.example", "1CI", "asmtp", T1, RECEIVED_EXIM, true },
	{ "from b.example (a.example) [10.0.8.6.13219] (mail) by mx.example with esmtp (Exim 3.35 #1 "
	  "(Debian)) id 1CO" D1, "10.0.8.6", "b.example", "a.example", "mx.example", "1CO", "esmtp",
	  T1, RECEIVED_EXIM, false },
	{ "from b.example [192.0.2.1] by mx.example with esmtp (Exim 3.35 #1 (Debian)) id 17W" D1,
	  "192.0.2.1", "b.example", "b.example", "mx.example", "17W", "esmtp", T1, RECEIVED_EXIM,
	  false },
	{ "from (a) [192.0.2.1] by mx.example with smtp (Exim 2.05 #1 (Debian)) id 15F" D1,
	  "192.0.2.1", NULL, "a", "mx.example", "15F", "smtp", T1, RECEIVED_EXIM, false },
	{ "from [192.0.2.1] (port=59371 helo=a) by mx.example with smtp (Exim 4.05) id 18H" D1,
	  "192.0.2.1", NULL, "a", "mx.example", "18H", "smtp", T1, RECEIVED_EXIM, false },
	{ "from joe (helo=a.example) by mx.example with local-esmtp (Exim 3.13) id 17v" D1, NULL,
	  NULL, "a.example", "mx.example", "17v", "local-esmtp", T1, RECEIVED_EXIM, false },
	{ "from joe by mx.example with local (Exim 3.35 #1 (Debian)) id 17i" D1, NULL, NULL, NULL,
	  "mx.example", "17i", "local", T1, RECEIVED_LOCAL, false },
	{ "from box.example ([192.0.2.24.63559]) by mx.example with esmtp  (v3.35.1) id 1GN" D1,
	  "192.0.2.24", NULL, "box.example", "mx.example", "1GN", "esmtp", T1, RECEIVED_OTHER, false },
	/* Microsoft */
	{ "from a ([192.0.2.1] unverified) by mx.example with Microsoft SMTPSVC(5.0.2195.5329)" D1,
	  "192.0.2.1", NULL, "a", "mx.example", NULL, "Microsoft SMTPSVC", T1, RECEIVED_SMTPSVC,
	  false },
	{ "from  ([192.0.2.1]) by mx.example with Microsoft SMTPSVC(5.0)" D1, "192.0.2.1", NULL, NULL,
	  "mx.example", NULL, "Microsoft SMTPSVC", T1, RECEIVED_SMTPSVC, false },
	{ "from a.example (2001:db8:20b:64::15) by b.example (2001:db8:208:61::23) with Microsoft SMTP "
	  "Server (version=TLS1_2, cipher=X) id 15.20.2157.15 via Frontend Transport" D1,
	  "2001:db8:20b:64::15", NULL, "a.example", "b.example", "15.20.2157.15",
	  "Microsoft SMTP Server", T1, RECEIVED_EXCHANGE, false },
	{ "from a.example (::1) by a.example (::1) with Microsoft SMTP Server id 14.3.123.3" D1, "::1",
	  NULL, "a.example", "a.example", "14.3.123.3", "Microsoft SMTP Server", T1,
	  RECEIVED_EXCHANGE, false },
	{ "from a.example ([fe80::51]) by a.example ([fe80::51%6]) with mapi id 15.20.1" D1, "fe80::51",
	  NULL, "a.example", "a.example", "15.20.1", "mapi", T1, RECEIVED_EXCHANGE, false },
	{ "from mail pickup service by hotmail.com with Microsoft SMTPSVC" D1, NULL, NULL, NULL,
	  "hotmail.com", NULL, "Microsoft SMTPSVC", T1, RECEIVED_PICKUP, false },
	{ "from hotmail.com - 192.0.2.1 by is.example  with Microsoft SMTPSVC(5.5.1)" D1, "192.0.2.1",
	  NULL, "hotmail.com", "is.example", NULL, "Microsoft SMTPSVC", T1, RECEIVED_SMTPSVC, false },
	{ "by ex.example with Internet Mail Service (5.5.2653.19) id <PXX6>" D1, NULL, NULL, NULL,
	  "ex.example", "PXX6", "Internet Mail Service", T1, RECEIVED_OTHER, false },
	/* others */
	{ "from a ([192.0.2.1]) by notes.example (Lotus Domino Release 8.5.3) with ESMTP id 2012-5 " D1,
	  "192.0.2.1", NULL, "a", "notes.example", "2012-5", "ESMTP", T1, RECEIVED_DOMINO, false },
	{ "from [192.0.2.1] (account u@example.edu HELO [10.1.1.1]) by mx.example (CommuniGate Pro SMTP "
	  "4.3.7) with ESMTPSA id 884" D1, "192.0.2.1", NULL, "[10.1.1.1]", "mx.example", "884",
	  "ESMTPSA", T1, RECEIVED_COMMUNIGATE, true },
	{ "from a.example ([192.0.2.1] verified) by mx.example (CommuniGate Pro SMTP 4.1.8) with ESMTP "
	  "id 875" D1, "192.0.2.1", "a.example", "a.example", "mx.example", "875", "ESMTP", T1,
	  RECEIVED_COMMUNIGATE, false },
	{ "from m.example (m.example. [192.0.2.1]) by mx.google.com with SMTPS id x12sor.2.1" D1,
	  "192.0.2.1", "m.example", "m.example", "mx.google.com", "x12sor.2.1", "SMTPS", T1,
	  RECEIVED_GOOGLE, false },
	{ "by 2002:a05:6602:2e8f:0:0:0:0 with SMTP id x12mr345ejz.12" D1, NULL, NULL, NULL,
	  "2002:a05:6602:2e8f:0:0:0:0", "x12mr345ejz.12", "SMTP", T1, RECEIVED_OTHER, false },
	{ "from a (192.0.2.1) by pm.example (PowerMTA(TM) v1.5)" D1, "192.0.2.1", NULL, "a",
	  "pm.example", NULL, NULL, T1, RECEIVED_OTHER, false },
	{ "from a (192.0.2.1) by cp.example (7.0.030.2) (authenticated as joe) id 414" D1, "192.0.2.1",
	  NULL, "a", "cp.example", "414", NULL, T1, RECEIVED_OTHER, true },
	{ "from list.example (192.0.2.1:23198) by mx.example with [XMail 1.20 ESMTP Server] id <S72E> "
	  "for <j@example.org> from <b@list.example>" D1, "192.0.2.1", NULL, "list.example",
	  "mx.example", "S72E", "[XMail 1.20 ESMTP Server]", T1, RECEIVED_OTHER, false },
	{ "from ([192.0.2.1:50387] helo=a) by m.example (ecelerity 2.1 r(1)) with ESMTP id 80/0A" D1,
	  "192.0.2.1", NULL, "a", "m.example", "80/0A", "ESMTP", T1, RECEIVED_OTHER, false },
	{ "from pl.example(192.0.2.1), claiming to be \"a.example\" via SMTP by st.example, id smtpd1; "
	  "Mon Aug  9 00:00:00 2004", "192.0.2.1", "pl.example", "a.example", "st.example", "smtpd1",
	  NULL, T1, RECEIVED_OTHER, false },
	{ "(from KRYPTIK [192.0.2.1]) by host.example (NAVGW 2.5) with SMTP id M2" D1, "192.0.2.1",
	  NULL, "KRYPTIK", "host.example", "M2", "SMTP", T1, RECEIVED_OTHER, false },
	{ "from a.example from [192.0.2.1] by mx.example  (/\\##/\\ Smail3.1) with esmtp for <u@x> "
	  "sender: <v@y> id <mO/17@mx>" D1, "192.0.2.1", NULL, "a.example", "mx.example",
	  "mO/17@mx", "esmtp", T1, RECEIVED_OTHER, false },
	{ "FROM a.example (b.example [192.0.2.1]) BY mx.example ID 434B ; 9 Aug 2004 00:00:00 +0000",
	  "192.0.2.1", "b.example", "a.example", "mx.example", "434B", NULL, T1, RECEIVED_OTHER,
	  false },
	{ "from gork (b.example [192.0.2.1]) (AUTH: LOGIN g@example.com, SSL: TLSv1) by mx.example with "
	  "esmtp" D1 " id 000000DB.4", "192.0.2.1", "b.example", "gork", "mx.example", "000000DB.4",
	  "esmtp", T1, RECEIVED_OTHER, true },
	/* web mailers, fetching, scanners */
	{ "from 192.0.2.1 by x.hotmail.msn.com with HTTP; Mon, 9 Aug 2004 00:00:00 GMT", "192.0.2.1",
	  NULL, NULL, "x.hotmail.msn.com", NULL, "HTTP", T1, RECEIVED_WEB, true },
	{ "from [192.0.2.1] by web1.mail.yahoo.com via HTTP; Sun, 08 Aug 2004 17:00:00 PDT",
	  "192.0.2.1", NULL, NULL, "web1.mail.yahoo.com", NULL, NULL, T1, RECEIVED_WEB, true },
	{ "from 192.0.2.1        (SquirrelMail authenticated user admin); by w.example with HTTP;  "
	  "Mon, 9 Aug 2004 00:00:00 +0000", "192.0.2.1", NULL, NULL, "w.example", NULL, "HTTP", T1,
	  RECEIVED_WEB, true },
	{ "from h.example ([192.0.2.1]) (SquirrelMail authenticated user h); by w.example with HTTP" D1,
	  "192.0.2.1", NULL, NULL, "w.example", NULL, "HTTP", T1, RECEIVED_WEB, true },
	{ "from pop.example [192.0.2.1] by localhost with POP3 (fetchmail-5.9.0) for u@localhost "
	  "(single-drop)" D1, "192.0.2.1", "pop.example", NULL, "localhost", NULL, "POP3", T1,
	  RECEIVED_FETCHED, false },
	{ "from 192.0.2.1 by localhost with IMAP (fetchmail-6.2.4) for u@localhost" D1, "192.0.2.1",
	  NULL, NULL, "localhost", NULL, "IMAP", T1, RECEIVED_FETCHED, false },
	{ "from 192.0.2.1 ([192.0.2.1] as joe) by mx.example (Vircom POPDOWN 1.4.232) with POP" D1,
	  "192.0.2.1", NULL, NULL, "mx.example", NULL, "POP", T1, RECEIVED_FETCHED, false },
	{ "from 192.0.2.1 by b.example (envelope-from <g@x>, uid 502) with qmail-scanner-1.24 (c: 1. "
	  "Clear:RC:0(192.0.2.9):. )" Q1, "192.0.2.1", NULL, NULL, "b.example", NULL,
	  "qmail-scanner-1.24", T1, RECEIVED_SCANNER, false },
	{ "from x@y.example by b.example by uid 502 with qmail-scanner-1.20 (Clear:RC:0(192.0.2.9):.)"
	  Q1, NULL, NULL, NULL, "b.example", NULL, "qmail-scanner-1.20", T1, RECEIVED_SCANNER, false },
	/* what a client may say to hide who it is */
	{ "from a ([b] [c) by mx.example (8.12.8/8.12.8) with SMTP id 1" D1, NULL, NULL, "a",
	  "mx.example", "1", "SMTP", T1, RECEIVED_SENDMAIL, false },
	{ "from a ([b]@[c) (b.example [192.0.2.1]) by mx.example with SMTP id 1" D1, "192.0.2.1",
	  "b.example", "a", "mx.example", "1", "SMTP", T1, RECEIVED_OTHER, false },
	{ "from [198.51.100.7 (b.example [192.0.2.1]) by mx.example (Postfix) with SMTP id C1" D1,
	  "192.0.2.1", "b.example", "[198.51.100.7", "mx.example", "C1", "SMTP", T1,
	  RECEIVED_POSTFIX, false },
	{ "from a [198.51.100.7] (b.example [192.0.2.1]) by mx.example (Postfix) with SMTP id C1" D1,
	  "192.0.2.1", "b.example", "a", "mx.example", "C1", "SMTP", T1, RECEIVED_POSTFIX, false },
	{ "from a by c.example with HTTP id 9 for x (unknown [192.0.2.1]) (using TLSv1) by mx.example "
	  "(Postfix) with ESMTPS id C1" D1, "192.0.2.1", NULL, "a", "mx.example", "C1", "ESMTPS", T1,
	  RECEIVED_POSTFIX, false },
	{ "from a b c d e f g h i j k l m n (b.example [192.0.2.1]) by mx.example (Postfix) with SMTP "
	  "id C1" D1, "192.0.2.1", "b.example", "a", "mx.example", "C1", "SMTP", T1,
	  RECEIVED_POSTFIX, false },
	{ "from by (b.example [192.0.2.1]) by mx.example (Postfix) with SMTP id C1" D1, "192.0.2.1",
	  "b.example", "by", "mx.example", "C1", "SMTP", T1, RECEIVED_POSTFIX, false },
	{ "from a;b (b.example [192.0.2.1]) by mx.example (8.12.8/8.12.8) with SMTP id 1" D1,
	  "192.0.2.1", "b.example", "a;b", "mx.example", "1", "SMTP", T1, RECEIVED_SENDMAIL, false },
	{ "from <a (b.example [192.0.2.1]) by mx.example (Postfix) with SMTP id C1 for <u@x>" D1,
	  "192.0.2.1", "b.example", "<a", "mx.example", "C1", "SMTP", T1, RECEIVED_POSTFIX, false },
	{ "from spooler (authenticated.example [192.0.2.1]) by mx.example (Postfix) with SMTP id C1" D1,
	  "192.0.2.1", "authenticated.example", "spooler", "mx.example", "C1", "SMTP", T1,
	  RECEIVED_POSTFIX, false },
	{ "from a (sslvpn.example [192.0.2.1]) by mx.example (Postfix) with SMTP id C1" D1,
	  "192.0.2.1", "sslvpn.example", "a", "mx.example", "C1", "SMTP", T1, RECEIVED_POSTFIX,
	  false },
	{ "from a (x[198.51.100.7]@b.example [192.0.2.1]) by mx.example (8.9.3/8.9.3) with SMTP id 1" D1,
	  "192.0.2.1", "b.example", "a", "mx.example", "1", "SMTP", T1, RECEIVED_SENDMAIL, false },
	{ "from [192.0.2.1] (ident=[198.51.100.7]) by mx.example with smtp (Exim 4.1) id 15F" D1,
	  "192.0.2.1", NULL, NULL, "mx.example", "15F", "smtp", T1, RECEIVED_EXIM, false },
	{ "from 198.51.100.7 (joe@localhost) by mx.example (8.11.6/8.11.6) with ESMTP id g7R" D1, NULL,
	  NULL, "198.51.100.7", "mx.example", "g7R", "ESMTP", T1, RECEIVED_SENDMAIL, false },
	{ "from 198.51.100.7 (a.example [local]) by mx.example (OpenSMTPD) with ESMTPA id ab" D1, NULL,
	  NULL, "198.51.100.7", "mx.example", "ab", "ESMTPA", T1, RECEIVED_OTHER, true },
	{ "from with (b.example [192.0.2.1]) by mx.example (Postfix) with SMTP id C1" D1, "192.0.2.1",
	  "b.example", "with", "mx.example", "C1", "SMTP", T1, RECEIVED_POSTFIX, false },
	{ "from id x (b.example [192.0.2.1]) by mx.example (Postfix) with SMTP id C1" D1, "192.0.2.1",
	  "b.example", "id", "mx.example", "C1", "SMTP", T1, RECEIVED_POSTFIX, false },
	{ "from a with b (b.example [192.0.2.1]) by mx.example with SMTP id 1" D1, "192.0.2.1",
	  "b.example", "a", "mx.example", "1", "SMTP", T1, RECEIVED_OTHER, false },
	{ "from [198.51.100.7] (helo [192.0.2.1]) by mx.example (Postfix) with SMTP id C1" D1,
	  "192.0.2.1", "helo", "[198.51.100.7]", "mx.example", "C1", "SMTP", T1, RECEIVED_POSTFIX,
	  false },
	{ "from a (b.helo [192.0.2.1]) by mx.example (8.12.8/8.12.8) with SMTP id 1" D1, "192.0.2.1",
	  "b.helo", "a", "mx.example", "1", "SMTP", T1, RECEIVED_SENDMAIL, false },
	{ "from a (c.example [198.51.100.7]) (authenticated) (b.example [192.0.2.1]) by mx.example with "
	  "SMTP id 1" D1, "192.0.2.1", "b.example", "a", "mx.example", "1", "SMTP", T1,
	  RECEIVED_OTHER, false },
	{ "from a (c.example [198.51.100.7]) by c.example with ESMTPA id 2 ((a (b.example [192.0.2.1]) "
	  "by mx.example with SMTP id 1" D1, "192.0.2.1", "b.example", "a", "mx.example", "1", "SMTP",
	  T1, RECEIVED_OTHER, false },
	{ "from ((((((a (b.example [192.0.2.1] (may be forged)) by mx.example with SMTP id 1" D1,
	  "192.0.2.1", "b.example", "a", "mx.example", "1", "SMTP", T1, RECEIVED_OTHER, false },
	{ "from b.example ([192.0.2.1] helo=a) by c.example with ESMTPA id 2; 1 Jan 1998 00:00:00 "
	  "+0000 (x) by mx.example with esmtp (Exim 4.96) id 17oiR2-0006Uj-00 for u@x" D1, "192.0.2.1",
	  "b.example", "a)", "mx.example", "17oiR2-0006Uj-00", "esmtp", T1, RECEIVED_EXIM, false },
	{ "from b.example ([192.0.2.1] helo=a (c.example [198.51.100.7]) () by mx.example with esmtp "
	  "(Exim 4.96) id 17oiR2-0006Uj-00" D1, "192.0.2.1", "b.example", "a", "mx.example",
	  "17oiR2-0006Uj-00", "esmtp", T1, RECEIVED_EXIM, false },
	{ "from b.example ([192.0.2.1] helo=a) by c.example id 2 (\\) by mx.example with esmtp (Exim 4.96) "
	  "(envelope-from <\"a)\"@x>) id 17oiR2-0006Uj-00" D1, "192.0.2.1", "b.example", "a)",
	  "mx.example", "17oiR2-0006Uj-00", "esmtp", T1, RECEIVED_EXIM, false },
	{ "from b.example ([192.0.2.1] helo=a) (authenticated) (b) by mx.example with esmtp (Exim 4.96) id "
	  "17oiR2-0006Uj-00" D1, "192.0.2.1", "b.example", "a", "mx.example", "17oiR2-0006Uj-00",
	  "esmtp", T1, RECEIVED_EXIM, false },
	{ "from [192.0.2.1] (helo=a) [198.51.100.7] (c.example [198.51.100.7]) by mx.example with esmtp "
	  "(Exim 4.96) id 17oiR2-0006Uj-00" D1, "192.0.2.1", NULL, "a", "mx.example",
	  "17oiR2-0006Uj-00", "esmtp", T1, RECEIVED_EXIM, false },
	{ "from [192.0.2.1] (helo=a ident=b) by c.example with ESMTPSA id 2 (c) by mx.example with esmtp "
	  "(Exim 4.96) id 17oiR2-0006Uj-00" D1, "192.0.2.1", NULL, "a", "mx.example",
	  "17oiR2-0006Uj-00", "esmtp", T1, RECEIVED_EXIM, false },
	{ "from b.example ([192.0.2.1] helo=a) by c.example with ESMTPA id 2 ((a) by mx.example with "
	  "esmtp (Exim 4.96) (envelope-from <\"a)\"@x>) id 17oiR2-0006Uj-00" D1, "192.0.2.1", "b.example",
	  "a)", "mx.example", "17oiR2-0006Uj-00", "esmtp", T1, RECEIVED_EXIM, false },
	{ "from b.example ([192.0.2.1] helo=a) by c.example id 2 (envelope-from <\") by mx.example with "
	  "esmtp (Exim 4.96) (envelope-from <\"a\\\" (x) by y id 3\"@x>) id 17oiR2-0006Uj-00"
	  D1, "192.0.2.1", "b.example", "a)", "mx.example",
	  "17oiR2-0006Uj-00", "esmtp", T1, RECEIVED_EXIM, false },
	{ "from b.example ([192.0.2.1] helo=a encrypted) by mx.example with esmtp (Exim 4.96) (envelope-"
	  "from <\"a) id 3; x\"@x>) id 17oiR2-0006Uj-00" D1, "192.0.2.1", "b.example", "a",
	  "mx.example", "17oiR2-0006Uj-00", "esmtp", T1, RECEIVED_EXIM, false },
	/* newer and rarer writers */
	{ "from b.example (HELO a) (192.0.2.1) de/crypted with TLSv1.2: AES [256/256] DN=none by "
	  "mx.example with ESMTPSA" Q1, "192.0.2.1", "b.example", "a", "mx.example", NULL, "ESMTPSA",
	  T1, RECEIVED_QMAIL, true },
	/* behind the login stands Yahoo's own address; an ident may not bring it in */
	{ "from [10.0.0.1] (joe@192.0.2.1 with plain [98.1.1.1]) by mx.example with SMTP; 9 Aug 2004 "
	  "00:00:00 -0000 UTC", "192.0.2.1", NULL, "[10.0.0.1]", "mx.example", NULL, "SMTP", T1,
	  RECEIVED_QMAIL, true },
	{ "from a (IDENT:x@198.51.100.1 with login@b.example [192.0.2.1]) by mx.example (8.9.3/8.9.3) "
	  "with SMTP id 1" D1, "192.0.2.1", "b.example", "a", "mx.example", "1", "SMTP", T1,
	  RECEIVED_SENDMAIL, false },
	{ "from b.example (192.0.2.1) by mx.example with ESMTPS (AES256-SHA encrypted)" Q1,
	  "192.0.2.1", "b.example", "b.example", "mx.example", NULL, "ESMTPS", T1, RECEIVED_QMAIL,
	  false },
	{ "from b.example (192.0.2.1) by mx.example with AES256-SHA encrypted SMTP" Q1, "192.0.2.1",
	  "b.example", "b.example", "mx.example", NULL, "AES256-SHA encrypted SMTP", T1,
	  RECEIVED_QMAIL, false },
	{ "from b.example (192.0.2.1) by mx.example with SMTP; 9 Aug 2004 00:00:00 +0000", "192.0.2.1",
	  NULL, "b.example", "mx.example", NULL, "SMTP", T1, RECEIVED_OTHER, false },
	{ "from b.example (LHLO a.example) (192.0.2.1) by mx.example with LMTP" D1, "192.0.2.1",
	  "b.example", "a.example", "mx.example", NULL, "LMTP", T1, RECEIVED_OTHER, false },
	{ "from b.example ([192.0.2.1]:9 \"EHLO a.example\" rhost-flags-OK) by mx.example with ESMTP id "
	  "S1 (ORCPT <rfc822;x@y>)" D1, "192.0.2.1", "b.example", "a.example", "mx.example", "S1",
	  "ESMTP", T1, RECEIVED_OTHER, false },
	{ "from a.example ([unknown] [192.0.2.1]) by mx.example (Sun Java(tm) System) with ESMTPA id <0@x>"
	  D1, "192.0.2.1", NULL, "a.example", "mx.example", "0@x", "ESMTPA", T1, RECEIVED_OTHER,
	  true },
	{ "from a (NXDOMAIN [192.0.2.1]) by mx.example (Haraka/2.8.28) with ESMTP id AB.1 envelope-from "
	  "<u@x>" D1, "192.0.2.1", NULL, "a", "mx.example", "AB.1", "ESMTP", T1, RECEIVED_OTHER,
	  false },
	{ "from b.example(192.0.2.1, HELO a.example) by mx.example via smap (V1.3) id xma1" D1,
	  "192.0.2.1", "b.example", "a.example", "mx.example", "xma1", NULL, T1, RECEIVED_OTHER,
	  false },
	{ "from unknown [192.0.2.1] by mx.example (mxl_mta-5.5.0-2) with SMTP id ab" D1, "192.0.2.1",
	  NULL, NULL, "mx.example", "ab", "SMTP", T1, RECEIVED_OTHER, false },
	{ "from b.example ([192.0.2.1]) by mx.example with esmtp id 17oiR2-0006Uj-00" D1, "192.0.2.1",
	  "b.example", "b.example", "mx.example", "17oiR2-0006Uj-00", "esmtp", T1, RECEIVED_EXIM,
	  false },
	{ "from a.example (2001:db8::1) by c.example with HTTPS" D1, "2001:db8::1", NULL, "a.example",
	  "c.example", NULL, "HTTPS", T1, RECEIVED_EXCHANGE, false },
	{ "from [192.0.2.1] by w.example (via HTTP)" D1, "192.0.2.1", NULL, NULL, "w.example", NULL,
	  NULL, T1, RECEIVED_WEB, true },
	{ "from [127.0.0.1] (Forwarded-For: [192.0.2.1]) by w.example (mshttpd)" D1, "127.0.0.1", NULL,
	  NULL, "w.example", NULL, NULL, T1, RECEIVED_WEB, true },
	{ "from b.example (b.example [192.0.2.1]) by w.example (Horde Framework) with HTTP" D1,
	  "192.0.2.1", "b.example", NULL, "w.example", NULL, "HTTP", T1, RECEIVED_WEB, true },
	{ "from spool.example (spool4.example [192.0.2.1]) by mx.example (Postfix) with ESMTP id C1" D1,
	  "192.0.2.1", "spool4.example", "spool.example", "mx.example", "C1", "ESMTP", T1,
	  RECEIVED_POSTFIX, false },
	{ "from a ([192.0.2.1]) by mx.example with MailEnable ESMTPA" D1, "192.0.2.1", NULL, "a",
	  "mx.example", NULL, "MailEnable ESMTPA", T1, RECEIVED_OTHER, true },
	{ "from a.example joe@x.example [192.0.2.1] by mx.example with NetMail SMTP Agent on X" D1,
	  "192.0.2.1", NULL, "a.example", "mx.example", NULL, "NetMail SMTP Agent on X", T1,
	  RECEIVED_OTHER, true },
	{ "from pop.example (192.0.2.1) by host.example (getmail v4.3) with POP3" D1, "192.0.2.1",
	  "pop.example", NULL, "host.example", NULL, "POP3", T1, RECEIVED_FETCHED, false },
	{ "by mx.example (\"Another Name\", from userid 513) id 1F1" D1, NULL, NULL, NULL, "mx.example",
	  "1F1", NULL, T1, RECEIVED_LOCAL, false },
	{ "by recvd-1 with SMTP id recvd-1-2 2004-08-09 00:00:00.123456789 +0000 UTC m=+9.7", NULL, NULL,
	  NULL, "recvd-1", "recvd-1-2", "SMTP", T1, RECEIVED_OTHER, false },
	{ "from (c1) a (c2) (b.example [192.0.2.1]) (c3) by (c4) mx.example (c5) with (c6) ESMTP (c7) id "
	  "(c8) 1 (c9 \\) c9); (d1) Mon, (d2) 9 (d3) Aug 2004 02:00:00 (d4) +0200 (d5)", "192.0.2.1",
	  "b.example", "a", "mx.example", "1", "ESMTP", T1, RECEIVED_OTHER, false },
	{ "by simscan 1.4.0 ppid: 1230, pid: 1231, t: 0.5s\n         scanners: attach: 1.4.0", NULL, NULL,
	  NULL, NULL, NULL, NULL, 0, RECEIVED_SCANNER, false },
	{ "by amavisd-new id 12" D1, NULL, NULL, NULL, NULL, "12", NULL, T1, RECEIVED_SCANNER, false },
	{ "by amavis (Postfix, from userid 110) id 4F5" D1, NULL, NULL, NULL, "amavis", "4F5", NULL, T1,
	  RECEIVED_LOCAL, false },
	{ "by clamav.example with SMTP id 4F5" D1, NULL, NULL, NULL, "clamav.example", "4F5", "SMTP", T1,
	  RECEIVED_OTHER, false },
	{ "from [192.0.2.1] (mail.isp.example)\n\tby mx.example (chasquid) with ESMTPS\n\ttls "
	  "TLS_AES_128_GCM_SHA256\n\t(over SMTP, TLS-1.3, envelope from \"a@b.example\")\n\t" D1,
	  "192.0.2.1", NULL, "mail.isp.example", "mx.example", NULL, "ESMTPS", T1, RECEIVED_OTHER, false },
	{ "from 442399998 named unknown by gmailapi.google.com with HTTPREST" D1, NULL, NULL, NULL,
	  "gmailapi.google.com", NULL, "HTTPREST", T1, RECEIVED_WEB, true },
	{ "from a.example (HELO b.example) ([192.0.2.1]) by esa.example with ESMTP/TLS/AES256-SHA; 09 Aug "
	  "2004 02:00:00 +0200", "192.0.2.1", "a.example", "b.example", "esa.example", NULL,
	  "ESMTP/TLS/AES256-SHA", T1, RECEIVED_OTHER, false },
	/* odd ones */
	{ "from b.example ([192.0.2.1]:3332 \"HELO a.example\" ident: \"x\" TLS-PEER: <none>) by "
	  "mx.example with SMTP id <S5>" D1, "192.0.2.1", "b.example", "a.example", "mx.example", "S5",
	  "SMTP", T1, RECEIVED_OTHER, false },
	{ "From A (192.0.2.1[192.0.2.1 port:4688]) by m.example essentials (server 2.4) with SMTP id: "
	  "<77@m.example> for <u@x>" D1, "192.0.2.1", NULL, "A", "m.example", "77@m.example", "SMTP",
	  T1, RECEIVED_OTHER, false },
	{ "from a.example([192.0.2.1]) by m.example[192.0.2.9](Aerofox Mail 1.1) with SMTP" D1,
	  "192.0.2.1", NULL, "a.example", "m.example", NULL, "SMTP", T1, RECEIVED_OTHER, false },
	{ "from [192.0.2.1] by <nt1> (MailGate 3.4) with SMTP" D1, "192.0.2.1", NULL, NULL, "nt1",
	  NULL, "SMTP", T1, RECEIVED_OTHER, false },
	{ "by mx.example from a.example (192.0.2.1::mail daemon; unverified,SLMail V3.0)" D1,
	  "192.0.2.1", NULL, "a.example", "mx.example", NULL, NULL, T1, RECEIVED_OTHER, false },
	{ "from nodnsquery(192.0.2.1) by mx.example via csmap (V1.5) id src1" D1, "192.0.2.1", NULL,
	  NULL, "mx.example", "src1", NULL, T1, RECEIVED_OTHER, false },
	{ "from a by mx.example with SMTP id 1; Mon, 09 Aug 2004 00:00: 00 +0000", NULL, NULL, "a",
	  "mx.example", "1", "SMTP", T1, RECEIVED_OTHER, false },
	{ "from [192.0.2.1] by mx.example" D1, "192.0.2.1", NULL, "[192.0.2.1]", "mx.example", NULL,
	  NULL, T1, RECEIVED_OTHER, false },
	{ "from A by B with ESMTP id EF01 Mon, 09 Aug 2004 00:00:00 +0000", NULL, NULL, "A", "B",
	  "EF01", "ESMTP", T1, RECEIVED_OTHER, false },
	{ "from a (something.example [192.0.2.1]) at just after 10pm by D.example on a Friday (Crazy) "
	  "(envelope-from <f@x>) with TFTP", "192.0.2.1", "something.example", "a", "D.example", NULL,
	  "TFTP", 0, RECEIVED_OTHER, false },
	{ "from a (b.example [192.0.2.1]) by mx.example (Postfix) with ESMTP id 1; 25 Aug 0102 18:57:52 "
	  "-0400", "192.0.2.1", "b.example", "a", "mx.example", "1", "ESMTP", 0, RECEIVED_POSTFIX,
	  false },
	{ "from [300.1.2.3] by mx.example with SMTP" D1, NULL, NULL, "[300.1.2.3]", "mx.example", NULL,
	  "SMTP", T1, RECEIVED_OTHER, false },
	{ "", NULL, NULL, NULL, NULL, NULL, NULL, 0, RECEIVED_QUEUE, false },
	{ "from", NULL, NULL, NULL, NULL, NULL, NULL, 0, RECEIVED_QUEUE, false },
	{ "((((((((", NULL, NULL, NULL, NULL, NULL, NULL, 0, RECEIVED_QUEUE, false },
	{ "by ;;;", NULL, NULL, NULL, NULL, NULL, NULL, 0, RECEIVED_QUEUE, false },
};

/* Slices keep the folds of their line; what reads them takes these out. */
static bool same(struct str got, const char *want)
{
	char text[300];
	header_unfold(got, text, sizeof(text));
	return strcmp(text, want ? want : "") == 0;
}

static void check(const struct row *row, const struct received *r)
{
	char ip[IP_TEXT_MAX] = "";
	if (r->ip.family)
		ip_format(&r->ip, ip);
	CHECK_ROW(row->line, strcmp(ip, row->ip ? row->ip : "") == 0);
	CHECK_ROW(row->line, same(r->rdns, row->rdns));
	CHECK_ROW(row->line, same(r->helo, row->helo));
	CHECK_ROW(row->line, same(r->by, row->by));
	CHECK_ROW(row->line, same(r->id, row->id));
	CHECK_ROW(row->line, same(r->with, row->with));
	CHECK_ROW(row->line, r->has_time == (row->time_s != 0));
	CHECK_ROW(row->line, !r->has_time || r->date.time_s == row->time_s);
	CHECK_ROW(row->line, r->form == row->form);
	CHECK_ROW(row->line, r->auth == row->auth);
}

static void test_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* Exactly as long as the line: reading behind it is caught. */
		size_t n = strlen(rows[i].line);
		char *copy = mem_alloc(n ? n : 1);
		struct received r;
		memcpy(copy, rows[i].line, n);
		received_parse((struct str){ copy, n }, &r);
		check(&rows[i], &r);
		free(copy);
	}
}

/* Folding at every space changes nothing. */
static void test_folded(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = { 0 };
		struct received r, plain;
		for (const char *p = rows[i].line; *p; p++) {
			if (*p == ' ')
				buf_add_cstr(&b, "\r\n\t");
			else
				buf_add_byte(&b, *p);
		}
		received_parse(buf_str(&b), &r);
		received_parse(str_of(rows[i].line), &plain);
		check(&rows[i], &r);
		CHECK_ROW(rows[i].line, str_eq(r.recipient, plain.recipient));
		CHECK_ROW(rows[i].line, str_eq(r.sender, plain.sender));
		buf_fini(&b);
	}
}

static void test_details(void **state)
{
	(void)state;
	struct received r;
	received_parse(STR("from a (b.example [192.0.2.1] (may be forged)) by mx.example (8.8.8/8.8.8) "
	                   "with ESMTP id 1 (version=TLSv1 cipher=X) for <u@example.org>; x "
	                   "(envelope-from s@example.net)"), &r);
	assert_true(r.rdns_doubtful);
	assert_true(str_eq(r.recipient, STR("u@example.org")));
	assert_true(str_eq(r.sender, STR("s@example.net")));
	assert_true(str_eq(r.tls, STR("version=TLSv1 cipher=X")));
	received_parse(STR("from x (joe@192.0.2.1) by y with SMTP; 9 Aug 2004 00:00:00 -0000"), &r);
	assert_true(str_eq(r.ident, STR("joe")));
	received_parse(STR("from x ([256.1.1.1]) by y with SMTP"), &r);
	assert_true(r.bad_ip && r.ip.family == 0);
	received_parse(STR("from x ([010.001.1.1]) by y with SMTP"), &r);
	assert_true(!r.bad_ip && r.ip.family == 0);
	received_parse(STR("from x ([192.0.2.1] helo=y ident=joe) by z with esmtp (Exim 4.1) for joe "
	                   "<u@x>"), &r);
	assert_true(str_eq(r.ident, STR("joe")) && str_eq(r.helo, STR("y")));
	assert_true(str_eq(r.recipient, STR("u@x")));
	received_parse(STR("from x ([192.0.2.1]) by y (node [192.0.2.9]) (Nemesis) with SMTP"), &r);
	assert_true(ip_eq(&r.by_ip, &(struct ip){ 4, { 192, 0, 2, 9 } }));
	assert_true(str_eq(r.product, STR("Nemesis")));
	received_parse(STR("from x (a [192.0.2.1]) (IDENT: joe, AUTH: LOGIN x) by y with esmtp"), &r);
	assert_true(r.auth && str_eq(r.ident, STR("joe")));
	received_parse(STR("from x ([192.0.2.1] helo=y encrypted (may be forged)) by z with esmtp"), &r);
	assert_true(r.tls.n == 0 && !r.rdns_doubtful);
	received_parse(STR("from x ([192.0.2.1]) by y with SMTP for <\"a> id 3\"@z> (using TLSv1)"), &r);
	assert_true(str_eq(r.recipient, STR("\"a> id 3\"@z")) && str_eq(r.tls, STR("TLSv1")));
	received_parse(STR("from x ([192.0.2.1] helo=y (z) by z with esmtp (Exim 4.96) id 17oiR2-0006Uj-00 "
	                   "for \"a\\\" (b) by c id 4; d\"@z; 9 Aug 2004 00:00:00 +0000"), &r);
	assert_true(str_eq(r.by, STR("z")) && str_eq(r.recipient, STR("\"a\\\" (b) by c id 4; d\"@z")));
	assert_true(str_eq(r.id, STR("17oiR2-0006Uj-00")) && r.date.time_s == T1);
	received_parse(STR("from x (1.2.3.4 [192.0.2.1]) by y with SMTP"), &r);
	assert_int_equal(r.rdns.n, 0);
}

static double cpu_s(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

/* 100 MB in one line, and nesting without end: as quick as a short one. */
static void test_limits(void **state)
{
	(void)state;
	enum { HUGE_BYTES = 100 << 20 };
	static const char *const fills[] = { "a", "(", ")", "(a)", "from ", ";", "[", "<", "\"",
	                                     "by x ", "(((a ", "\\(", "[1.2.3.4] ", "from a;",
	                                     "from by (a[) ", "from a ([1.2.3.4] helo=b) by c (\"",
	                                     "x) by \\\"", ") by \" (" };
	char *p = mem_alloc(HUGE_BYTES);
	for (size_t i = 0; i < sizeof(fills) / sizeof(fills[0]); i++) {
		size_t n = strlen(fills[i]);
		for (size_t at = 0; at + n <= 1 << 20; at += n)
			memcpy(p + at, fills[i], n);
		struct received r;
		double from = cpu_s();
		received_parse((struct str){ p, HUGE_BYTES }, &r);
		CHECK_ROW(fills[i], r.truncated);
		CHECK_ROW(fills[i], cpu_s() - from < 1);
	}
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms), cmocka_unit_test(test_folded),
		cmocka_unit_test(test_details), cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
