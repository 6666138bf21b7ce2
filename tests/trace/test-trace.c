/* SPDX-License-Identifier: ISC
 *
 * Whole traces: the border, each kind of link, each sign of forgery, the origin, the
 * relay and what is left out, the return address, and the limits.
 */
#include "test.h"

#include "base/mem.h"
#include "trace/border.h"
#include "trace/json.h"
#include "trace/picture.h"
#include "trace/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define T ") by mx.our.example (Postfix) with ESMTP id 1; Mon, 9 Aug 2004 12:00:00 +0000\n"
#define D "; Mon, 9 Aug 2004 11:59:00 +0000\n"
#define H(helo, peer) "Received: from " helo " (" peer T
#define INNER "Received: from localhost (localhost [127.0.0.1]) by store.our.example (Postfix) " \
	"with LMTP id 9; Mon, 9 Aug 2004 12:00:01 +0000\n"

#define D21 "; Mon, 9 Aug 2021 11:59:00 +0000\n"
#define OLD "; Thu, 29 Jul 2004 11:00:00 +0000\n"
#define COPIED "Received: from v.example (v.example [198.51.100.7]) by mx.third.example (Postfix) " \
	"with ESMTP id 2" OLD "Received: from w (w.example [198.51.100.8]) by v.example (Postfix) with " \
	"ESMTP id 3" OLD

struct row {
	const char *name, *message;
	const char *zones;       /* a letter a hop: o h l w u f */
	const char *handover, *origin, *relay, *claimed;
	enum trace_chain chain;
};

static const struct row rows[] = {
	{ "nothing below", INNER H("a.example", "mail.far.example [192.0.2.1]") "\n",
	  "oh", "192.0.2.1", "192.0.2.1", "", "", TRACE_CHAIN_NONE },
	{ "linked by name", H("a", "mail.far.example [192.0.2.1]")
	  "Received: from pc (pc.other.example [198.51.100.7]) by mail.far.example (Postfix) with "
	  "ESMTPSA id 2" D "\n", "hl", "192.0.2.1", "198.51.100.7", "", "", TRACE_CHAIN_LINKED },
	{ "HELO alone is weak, and shows a relay", H("mail.far.example", "unknown [192.0.2.1]")
	  "Received: from pc (pc.other.example [198.51.100.7]) by mail.far.example (Postfix) with "
	  "ESMTP id 2" D "\n", "hw", "192.0.2.1", "192.0.2.1", "192.0.2.1", "198.51.100.7",
	  TRACE_CHAIN_WEAK },
	{ "… of a customer's line too, if it looks like a server's",
	  H("mail.far.example", "adsl-192-0-2-1.isp.example [192.0.2.1]")
	  "Received: from pc (pc.other.example [198.51.100.7]) by mail.far.example (Postfix) with "
	  "ESMTP id 2" D "\n", "hw", "192.0.2.1", "192.0.2.1", "192.0.2.1", "198.51.100.7",
	  TRACE_CHAIN_WEAK },
	{ "… and not if it names no mailer",
	  H("mail.far.example", "adsl-192-0-2-1.isp.example [192.0.2.1]")
	  "Received: from pc (pc.other.example [198.51.100.7]) by mail.far.example with ESMTP id 2" D
	  "\n", "hw", "192.0.2.1", "192.0.2.1", "", "198.51.100.7", TRACE_CHAIN_WEAK },
	{ "… and not if it said another name",
	  H("far.example", "adsl-192-0-2-1.isp.example [192.0.2.1]")
	  "Received: from pc (pc.other.example [198.51.100.7]) by mail.far.example (Postfix) with "
	  "ESMTP id 2" D "\n", "hw", "192.0.2.1", "192.0.2.1", "", "198.51.100.7", TRACE_CHAIN_WEAK },
	{ "may be forged is weak", "Received: from mail.far.example (mail.far.example [192.0.2.1] (may "
	  "be forged)) by mx.our.example (8.12.8/8.12.8) with ESMTP id 1" D
	  "Received: from [198.51.100.7] by mail.far.example (Postfix) with ESMTP id 2" D "\n",
	  "hw", "192.0.2.1", "192.0.2.1", "192.0.2.1", "198.51.100.7", TRACE_CHAIN_WEAK },
	{ "… but not if the writer tells its address", "Received: from mail.far.example (mail.far.example "
	  "[192.0.2.1] (may be forged)) by mx.our.example (8.12.8/8.12.8) with ESMTP id 1" D
	  "Received: from [10.0.0.3] [198.51.100.7] by mail.far.example [192.0.2.1] with SMTP "
	  "(MDaemon.PRO.v5.0.5.R)" D "\n", "hl", "192.0.2.1", "198.51.100.7", "192.0.2.1", "",
	  TRACE_CHAIN_LINKED },
	{ "unlinked", H("a", "mail.far.example [192.0.2.1]")
	  "Received: from pc (pc.other.example [198.51.100.7]) by mail.third.example (Postfix) with "
	  "ESMTP id 2" D "\n", "hu", "192.0.2.1", "192.0.2.1", "", "198.51.100.7",
	  TRACE_CHAIN_UNLINKED },
	{ "same organisation", H("a", "out.far.example [192.0.2.1]")
	  "Received: from in (in.far.example [192.0.2.9]) by hub.far.example (Postfix) with ESMTP id 2" D
	  "Received: from pc (pc.other.example [198.51.100.7]) by in.far.example (Postfix) with ESMTPA "
	  "id 3" D "\n", "hll", "192.0.2.1", "198.51.100.7", "", "", TRACE_CHAIN_LINKED },
	{ "a customer's line is no mail server", H("a", "adsl-192-0-2-1.far.example [192.0.2.1]")
	  "Received: from pc (pc.other.example [198.51.100.7]) by mail.far.example (Postfix) with ESMTP "
	  "id 2" D "\n", "hw", "192.0.2.1", "192.0.2.1", "", "198.51.100.7", TRACE_CHAIN_WEAK },
	{ "loopback hop", H("a", "mail.far.example [192.0.2.1]")
	  "Received: from localhost (localhost [127.0.0.1]) by mail.far.example (Postfix) with ESMTP id "
	  "2" D "Received: from pc (pc.other.example [198.51.100.7]) by mail.far.example (Postfix) with "
	  "ESMTPSA id 3" D "\n", "hll", "192.0.2.1", "198.51.100.7", "", "", TRACE_CHAIN_LINKED },
	{ "private hop", H("a", "mail.far.example [192.0.2.1]")
	  "Received: from gw ([10.0.0.7]) by mail.far.example (Postfix) with ESMTP id 2" D
	  "Received: from pc (pc.other.example [198.51.100.7]) by gw.far.example (Postfix) with ESMTPSA "
	  "id 3" D "\n", "hll", "192.0.2.1", "198.51.100.7", "", "", TRACE_CHAIN_LINKED },
	{ "queue lines belong to their neighbour", H("a", "mail.far.example [192.0.2.1]")
	  "Received: (qmail 7 invoked from network); 9 Aug 2004 11:59:30 -0000\n"
	  "Received: from pc.other.example (HELO pc) (198.51.100.7) by mail.far.example with SMTP; "
	  "9 Aug 2004 11:59:20 -0000\n\n", "hll", "192.0.2.1", "198.51.100.7", "192.0.2.1", "",
	  TRACE_CHAIN_LINKED },
	{ "qmail by address", H("a", "unknown [192.0.2.1]")
	  "Received: from pc.other.example (HELO pc) (198.51.100.7) by 192.0.2.1 with SMTP; 9 Aug 2004 "
	  "11:59:20 -0000\n\n", "hl", "192.0.2.1", "198.51.100.7", "192.0.2.1", "",
	  TRACE_CHAIN_LINKED },
	{ "a bare literal is not enough", H("a", "unknown [192.0.2.1]")
	  "Received: from 198.51.100.7 by 192.0.2.1" D "\n", "hw", "192.0.2.1", "192.0.2.1", "",
	  "198.51.100.7", TRACE_CHAIN_WEAK },
	{ "Exchange with addresses", H("a", "unknown [192.0.2.1]")
	  "Received: from x.far.example (10.1.1.1) by y.far.example (192.0.2.1) with Microsoft SMTP "
	  "Server id 15.20.1" D "\n", "hl", "192.0.2.1", "192.0.2.1", "", "", TRACE_CHAIN_LINKED },
	{ "Microsoft 365 inside", "Received: from EUR05.outbound.protection.outlook.com "
	  "(mail-db8eur05on2107.outbound.protection.outlook.com [192.0.2.1]) by mx.our.example (Postfix) "
	  "with ESMTP id 1" D21
	  "Received: from AM6.eurprd05.prod.outlook.com (2603:10a6:20b:64::15) by "
	  "AM0.eurprd05.prod.outlook.com (2603:10a6:208:61::23) with Microsoft SMTP Server id 15.20" D21
	  "Received: from AM6.eurprd05.prod.outlook.com ([fe80::1]) by AM6.eurprd05.prod.outlook.com "
	  "([fe80::1%7]) with mapi id 15.20" D21 "\n", "hll", "192.0.2.1", "2603:10a6:20b:64::15", "", "",
	  TRACE_CHAIN_LINKED },
	{ "Gmail inside", H("mail-wr1-f43.google.com", "mail-wr1-f43.google.com [192.0.2.1]")
	  "Received: by mail-wr1-f43.google.com with SMTP id x12so1234567wrb.3 for <u@our.example>" D
	  "Received: by 2002:a05:6602:2e8f:0:0:0:0 with SMTP id x12mr345ejz.12.1609524000" D
	  "Received: from [10.0.0.5] (pc.other.example [198.51.100.7]) by smtp.gmail.com with ESMTPSA id "
	  "c12sm123456wrb" D "\n", "hlll", "192.0.2.1", "198.51.100.7", "", "", TRACE_CHAIN_LINKED },
	{ "Yahoo by web", H("web1.mail.yahoo.com", "web1.mail.yahoo.com [192.0.2.1]")
	  "Received: from [198.51.100.7] by web1.mail.yahoo.com via HTTP; Mon, 09 Aug 2004 04:59:00 PDT\n"
	  "\n", "hl", "192.0.2.1", "198.51.100.7", "", "", TRACE_CHAIN_LINKED },
	{ "Hotmail names its customer", H("hotmail.com", "bay1.hotmail.com [192.0.2.1]")
	  "Received: from mail pickup service by hotmail.com with Microsoft SMTPSVC" D
	  "X-Originating-IP: [198.51.100.7]\n\n", "hl", "192.0.2.1", "198.51.100.7", "", "",
	  TRACE_CHAIN_LINKED },
	{ "anyone can write X-Originating-IP", H("hotmail.com", "evil.far.example [192.0.2.1]")
	  "X-Originating-IP: [198.51.100.7]\n\n", "h", "192.0.2.1", "192.0.2.1", "", "",
	  TRACE_CHAIN_NONE },

	{ "a U-label and its A-label", H("b\xc3\xbc.far.example", "xn--b-xka.far.example [192.0.2.1]")
	  "Received: from pc (pc.other.example [198.51.100.7]) by b\xc3\xbc.far.example (Postfix) with "
	  "UTF8SMTPSA id 2" D "\n", "hl", "192.0.2.1", "198.51.100.7", "", "", TRACE_CHAIN_LINKED },
	{ "qmail by a local clock omits the HELO", H("a", "mail.far.example [192.0.2.1]")
	  "Received: from smtp.third.example (198.51.100.9)\n  by mail.far.example with SMTP; 9 Aug 2004 "
	  "14:59:30 +0300\nReceived: from pc.other.example (HELO pc) (198.51.100.7)\n  by "
	  "smtp.third.example with SMTP; 9 Aug 2004 11:59:20 -0000\n\n", "hll", "192.0.2.1",
	  "198.51.100.7", "192.0.2.1", "", TRACE_CHAIN_LINKED },

	/* forged */
	{ "spam program's date", H("a", "unknown [192.0.2.1]")
	  "Received: from [198.51.100.7] by m10.grp.snv.yahoo.com with QMQP; Aug, 09 2004 9:28:23 AM "
	  "-0100\n\n", "hf", "192.0.2.1", "192.0.2.1", "", "198.51.100.7", TRACE_CHAIN_FORGED },
	{ "claims our own host", H("a", "unknown [192.0.2.1]")
	  "Received: from v (victim.example [198.51.100.7]) by mx.our.example (Postfix) with ESMTP id 2" D
	  "\n", "hf", "192.0.2.1", "192.0.2.1", "", "198.51.100.7", TRACE_CHAIN_FORGED },
	{ "claims a provider without its marks", H("a", "unknown [192.0.2.1]")
	  "Received: from v ([198.51.100.7]) by rly-xr02.mx.aol.com with ESMTP" D "\n", "hf",
	  "192.0.2.1", "192.0.2.1", "", "198.51.100.7", TRACE_CHAIN_FORGED },
	{ "a provider with its marks is only unlinked", H("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by rly-xr02.mx.aol.com (v86_r1.16) with ESMTP id "
	  "MAILIN1" D "\n", "hu", "192.0.2.1", "192.0.2.1", "", "198.51.100.7", TRACE_CHAIN_UNLINKED },
	{ "days after the newer line", H("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by third.example (Postfix) with ESMTP id 2; "
	  "Thu, 12 Aug 2004 12:00:00 +0000\n\n", "hf", "192.0.2.1", "192.0.2.1", "", "198.51.100.7",
	  TRACE_CHAIN_FORGED },
	{ "hours after are a wrong zone", H("a", "mail.far.example [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by mail.far.example (Postfix) with ESMTPA id 2; "
	  "Mon, 9 Aug 2004 18:00:00 +0000\n\n", "hl", "192.0.2.1", "198.51.100.7", "", "",
	  TRACE_CHAIN_LINKED },
	{ "an address of nobody", H("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [240.1.1.1]) by third.example (Postfix) with ESMTP id 2" D "\n",
	  "hf", "192.0.2.1", "192.0.2.1", "", "", TRACE_CHAIN_FORGED },
	{ "no such address", H("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.300.7]) by third.example (Postfix) with ESMTP id 2" D "\n",
	  "hf", "192.0.2.1", "192.0.2.1", "", "", TRACE_CHAIN_FORGED },
	{ "below a forged line all is", H("a", "unknown [192.0.2.1]")
	  "Received: from v ([198.51.100.7]) by n7.example with asmtp" D
	  "Received: from w (w.example [198.51.100.8]) by v (Postfix) with ESMTP id 3" D "\n", "hff",
	  "192.0.2.1", "192.0.2.1", "", "198.51.100.7 198.51.100.8", TRACE_CHAIN_FORGED },
	{ "a bare block above a forged line", H("a", "unknown [192.0.2.1]")
	  "Received: from v ([198.51.100.7]) by third.example with SMTP" D
	  "Received: from w ([198.51.100.8]) by n7.example with asmtp" D "\n", "hff", "192.0.2.1",
	  "192.0.2.1", "", "198.51.100.7 198.51.100.8", TRACE_CHAIN_FORGED },
	{ "the peer forges below its own name", H("a", "mail.far.example [192.0.2.1]")
	  "Received: from [198.51.100.7] by mail.far.example with local; Aug, 09 2004 9:28:23 AM -0100\n"
	  "\n", "hf", "192.0.2.1", "192.0.2.1", "", "198.51.100.7", TRACE_CHAIN_FORGED },
	{ "our host below a list is real", H("list", "list.far.example [192.0.2.1]")
	  "Received: from mx.our.example (mx.our.example [203.0.113.1]) by list.far.example (Postfix) with "
	  "ESMTP id 2" D "Received: from pc ([10.9.9.9]) by mx.our.example (Postfix) with ESMTPSA id 3" D
	  "\n", "hll", "192.0.2.1", "203.0.113.1", "", "", TRACE_CHAIN_LINKED },

	{ "a copied chain", H("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by mx.third.example (Postfix) with ESMTP id 2 for "
	  "<u@third.example>; Sun, 8 Aug 2004 11:00:00 +0000\n\n", "hf", "192.0.2.1", "192.0.2.1", "",
	  "198.51.100.7", TRACE_CHAIN_FORGED },
	{ "days in a queue are no copy", H("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by mx.third.example (Postfix) with ESMTP id 2 for "
	  "<u@fourth.example>; Wed, 4 Aug 2004 11:00:00 +0000\n\n", "hu", "192.0.2.1", "192.0.2.1", "",
	  "198.51.100.7", TRACE_CHAIN_UNLINKED },
	{ "a slow clock is no copy", H("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by mx.third.example (Postfix) with ESMTP id 2 for "
	  "<u@fourth.example>; Thu, 1 Jul 2004 11:00:00 +0000\n\n", "hu", "192.0.2.1", "192.0.2.1", "",
	  "198.51.100.7", TRACE_CHAIN_UNLINKED },
	{ "two hosts that agree on an old date", H("a", "unknown [192.0.2.1]") COPIED "\n", "hff",
	  "192.0.2.1", "192.0.2.1", "", "198.51.100.7 198.51.100.8", TRACE_CHAIN_FORGED },
	{ "a list holds mail for its moderators", H("a", "unknown [192.0.2.1]") COPIED
	  "List-Id: <x.far.example>\n\n", "huu", "192.0.2.1", "192.0.2.1", "",
	  "198.51.100.7 198.51.100.8", TRACE_CHAIN_UNLINKED },
	{ "an address that nobody had then", H("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [101.1.1.1]) by third.example (Postfix) with ESMTP id 2" D "\n",
	  "hf", "192.0.2.1", "192.0.2.1", "", "101.1.1.1", TRACE_CHAIN_FORGED },
	{ "a writer's address that nobody had then", H("a", "unknown [192.0.2.1]")
	  "Received: from v by [101.1.1.1] with SMTP (Mailer 2)" D "\n", "hf", "192.0.2.1",
	  "192.0.2.1", "", "", TRACE_CHAIN_FORGED },
	{ "numbers of its own network", H("a", "mail.far.example [192.0.2.1]")
	  "Received: from in.far.example (in.far.example [101.3.80.2]) by mail.far.example (Postfix) with "
	  "ESMTP id 2" D "Received: from pc ([101.3.80.9]) by in.far.example (Postfix) with ESMTP id 3" D
	  "\n", "hll", "192.0.2.1", "192.0.2.1", "", "", TRACE_CHAIN_LINKED },
	{ "such numbers below a break", H("a", "unknown [192.0.2.1]")
	  "Received: from pc.far.example ([101.3.80.2]) by mail.far.example (Postfix) with ESMTP id 2" D
	  "\n", "hu", "192.0.2.1", "192.0.2.1", "", "101.3.80.2", TRACE_CHAIN_UNLINKED },
	{ "a name made up in front of another", H("far.example", "unknown [192.0.2.1]")
	  "Received: from far.example by 7XK2Q9.far.example with SMTP for u@our.example" D "\n", "hf",
	  "192.0.2.1", "192.0.2.1", "", "", TRACE_CHAIN_FORGED },
	{ "… and a host's own", H("far.example", "unknown [192.0.2.1]")
	  "Received: from far.example by mx7.far.example with SMTP for u@our.example" D "\n", "hw",
	  "192.0.2.1", "192.0.2.1", "", "", TRACE_CHAIN_WEAK },
	{ "a dial-up as a mail server", H("a", "unknown [192.0.2.1]")
	  "Received: from shop.example by ppp28-nas1.third.example with ESMTP" D "\n", "hf", "192.0.2.1",
	  "192.0.2.1", "", "", TRACE_CHAIN_FORGED },
	{ "nothing but a sender", H("a", "unknown [192.0.2.1]")
	  "Received: from v@shop.example by third.example" D "\n", "hf", "192.0.2.1", "192.0.2.1", "", "",
	  TRACE_CHAIN_FORGED },
	{ "an id as sendmail never made one, by the peer's own name", H("a", "a.far.example [192.0.2.1]")
	  "Received: from v ([198.51.100.7]) by a.far.example (8.12.1/8.11.3) with ESMTP id "
	  "QWPIOUa5TKNtwh" D "\n", "hf", "192.0.2.1", "192.0.2.1", "", "198.51.100.7",
	  TRACE_CHAIN_FORGED },
	{ "… and as it does", H("a", "a.far.example [192.0.2.1]")
	  "Received: from v ([198.51.100.7]) by a.far.example (8.12.1/8.11.3) with ESMTP id "
	  "i79BxPa512345" D "\n", "hl", "192.0.2.1", "198.51.100.7", "192.0.2.1", "",
	  TRACE_CHAIN_LINKED },
	{ "sendmail dates in English", H("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by third.example (8.8.5/8.7.3) with SMTP id 2; "
	  "\xac\x50\xb4\xc1, 9 \xa4\xeb 2004 11:59:00 +0000\n\n", "hf", "192.0.2.1", "192.0.2.1", "",
	  "198.51.100.7", TRACE_CHAIN_FORGED },
	{ "a provider's customer is not the provider", H("a", "unknown [192.0.2.1]")
	  "Received: from v (HELO v) (198.51.100.7) by 12-0-2-9.client.attbi.com with SMTP; 9 Aug 2004 "
	  "11:59:20 -0000\n\n", "hu", "192.0.2.1", "192.0.2.1", "", "198.51.100.7",
	  TRACE_CHAIN_UNLINKED },
	{ "qmail in local time", H("a", "unknown [192.0.2.1]")
	  "Received: (qmail 7 invoked by uid 0); 9 Aug 2004 20:59:30 +0900(KST)\n"
	  "Received: from unknown (HELO v) (198.51.100.7) by 0 with SMTP; 9 Aug 2004 20:59:20 "
	  "+0900(KST)\n\n", "huu", "192.0.2.1", "192.0.2.1", "", "198.51.100.7",
	  TRACE_CHAIN_UNLINKED },
	{ "an id that Google does not write", H("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by mx.google.com (Postfix) with ESMTP id "
	  "4F3A21B0C9" D "\n", "hf", "192.0.2.1", "192.0.2.1", "", "198.51.100.7",
	  TRACE_CHAIN_FORGED },
	{ "Microsoft 365 without its own address", H("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by AM6.eurprd05.prod.outlook.com (Postfix) with "
	  "ESMTP id 2" D "\n", "hf", "192.0.2.1", "192.0.2.1", "", "198.51.100.7",
	  TRACE_CHAIN_FORGED },
	{ "qmail's question marks", H("in?7.far?domain", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by in_7.far_domain (Postfix) with ESMTP id 2" D
	  "\n", "hw", "192.0.2.1", "192.0.2.1", "192.0.2.1", "198.51.100.7", TRACE_CHAIN_WEAK },
	{ "wrong clock of a host tied by HELO", H("relay", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by relay (Postfix) with ESMTP id 2; Thu, 12 Aug "
	  "2004 11:00:00 +0000\n\n", "hw", "192.0.2.1", "192.0.2.1", "", "198.51.100.7",
	  TRACE_CHAIN_WEAK },

	/* relays */
	{ "relay", H("a", "www.school.example [192.0.2.1]")
	  "Received: from x ([198.51.100.7]) by www.school.example (8.9.3/8.9.3) with SMTP id 2 for "
	  "<u@our.example>" D "\n", "hl", "192.0.2.1", "198.51.100.7", "192.0.2.1", "",
	  TRACE_CHAIN_LINKED },
	{ "no relay with login", H("a", "www.school.example [192.0.2.1]")
	  "Received: from x ([198.51.100.7]) by www.school.example (Postfix) with ESMTPSA id 2" D "\n",
	  "hl", "192.0.2.1", "198.51.100.7", "", "", TRACE_CHAIN_LINKED },
	{ "no relay for its own network", H("a", "www.school.example [192.0.2.1]")
	  "Received: from x (pc.school.example [198.51.100.7]) by www.school.example (Postfix) with ESMTP "
	  "id 2" D "\n", "hl", "192.0.2.1", "198.51.100.7", "", "", TRACE_CHAIN_LINKED },
	{ "a list is no relay", H("a", "www.school.example [192.0.2.1]")
	  "Received: from x ([198.51.100.7]) by www.school.example (Postfix) with SMTP id 2" D
	  "List-Id: <x.school.example>\n\n", "hl", "192.0.2.1", "198.51.100.7", "", "",
	  TRACE_CHAIN_LINKED },
	{ "a forwarder is no relay", H("a", "www.school.example [192.0.2.1]")
	  "Received: from x ([198.51.100.7]) by www.school.example (Postfix) with SMTP id 2 for "
	  "<alumna@school.example>" D "\n", "hl", "192.0.2.1", "198.51.100.7", "", "",
	  TRACE_CHAIN_LINKED },
	{ "a smarthost is no relay", H("a", "mailout3.isp.example [192.0.2.1]")
	  "Received: from x ([198.51.100.7]) by mailout3.isp.example (Postfix) with SMTP id 2" D "\n",
	  "hl", "192.0.2.1", "198.51.100.7", "", "", TRACE_CHAIN_LINKED },

	{ "a relay that names a dial-up only", H("a", "www.school.example [192.0.2.1]")
	  "Received: from ppp7.isp.example by www.school.example (8.9.3/8.9.3) with SMTP id 2" D "\n",
	  "hl", "192.0.2.1", "192.0.2.1", "192.0.2.1", "", TRACE_CHAIN_LINKED },
	{ "a numbered mailer that has no name but in HELO", H("mail1.shop.example", "unknown [192.0.2.1]")
	  "Received: from x ([198.51.100.7]) by mail1.shop.example (Postfix) with SMTP id 2" D "\n",
	  "hw", "192.0.2.1", "192.0.2.1", "192.0.2.1", "198.51.100.7", TRACE_CHAIN_WEAK },
	{ "a smarthost's customer is the relay", H("a", "mailout3.isp.example [192.0.2.1]")
	  "Received: from mail.shop.example ([198.51.100.7]) by mailout3.isp.example (Postfix) with SMTP "
	  "id 2" D "Received: from x ([203.0.114.9]) by mail.shop.example (8.9.3/8.9.3) with SMTP id 3" D
	  "\n", "hlw", "192.0.2.1", "198.51.100.7", "198.51.100.7", "203.0.114.9", TRACE_CHAIN_WEAK },
	{ "… but one link by HELO is enough", H("mail.isp.example", "unknown [192.0.2.1]")
	  "Received: from mail.shop.example ([198.51.100.7]) by mail.isp.example (Postfix) with ESMTPSA "
	  "id 2" D "Received: from x ([203.0.114.9]) by mail.shop.example (8.9.3/8.9.3) with SMTP id 3" D
	  "\n", "hww", "192.0.2.1", "192.0.2.1", "", "198.51.100.7 203.0.114.9", TRACE_CHAIN_WEAK },
	{ "a queue's short name in between", H("mail.shop.example", "www.shop.example [192.0.2.1]")
	  "Received: by MAIL with Internet Mail Service (5.5.2653.19) id <X>" D
	  "Received: from x ([198.51.100.7]) by mail.shop.example with SMTP (Microsoft Exchange Internet "
	  "Mail Service Version 5.5.2653.13) id 3" D "\n", "hww", "192.0.2.1", "192.0.2.1",
	  "192.0.2.1", "198.51.100.7", TRACE_CHAIN_WEAK },
	{ "a provider's word in its lines' names", H("a", "gate.bigisp.example [192.0.2.1]")
	  "Received: from x (nas-198-51-100-7.mybigisp.test [198.51.100.7]) by gate.bigisp.example (Postfix) "
	  "with SMTP id 2" D "\n", "hl", "192.0.2.1", "198.51.100.7", "", "", TRACE_CHAIN_LINKED },
	{ "two customers of one provider", H("mail.shop.example", "dsl-192-0-2-1.isp.example [192.0.2.1]")
	  "Received: from x (dsl-198-51-100-7.isp.example [198.51.100.7]) by mail.shop.example (Postfix) "
	  "with SMTP id 2" D "\n", "hw", "192.0.2.1", "192.0.2.1", "192.0.2.1", "198.51.100.7",
	  TRACE_CHAIN_WEAK },
	{ "Majordomo is no relay", H("a", "www.school.example [192.0.2.1]")
	  "Received: (from major@localhost) by www.school.example (8.9.3/8.9.3) id 3 for x-outgoing" D
	  "Received: from x ([198.51.100.7]) by www.school.example (8.9.3/8.9.3) with SMTP id 2" D "\n",
	  "hll", "192.0.2.1", "198.51.100.7", "", "", TRACE_CHAIN_LINKED },
	{ "mail to the owner of our own list", "Received: from a (www.school.example [192.0.2.1]) by "
	  "mx.our.example (Postfix) with ESMTP id 1 for <x-admin@our.example>" D
	  "Received: from x ([198.51.100.7]) by www.school.example (8.9.3/8.9.3) with SMTP id 2" D
	  "List-Id: <x.our.example>\n\n", "hl", "192.0.2.1", "198.51.100.7", "192.0.2.1", "",
	  TRACE_CHAIN_LINKED },

	{ "quoted, with an @ in it", "Received: from a (www.school.example [192.0.2.1]) by "
	  "mx.our.example (Postfix) with ESMTP id 1 for <\"x@y-admin\"@our.example>" D
	  "Received: from x ([198.51.100.7]) by www.school.example (8.9.3/8.9.3) with SMTP id 2" D
	  "List-Id: <x.our.example>\n\n", "hl", "192.0.2.1", "198.51.100.7", "192.0.2.1", "",
	  TRACE_CHAIN_LINKED },

	/* our own side */
	{ "HELO with our name is a stranger", H("mx.our.example", "unknown [192.0.2.1]") "\n", "h",
	  "192.0.2.1", "192.0.2.1", "", "", TRACE_CHAIN_NONE },
	{ "own by address", H("in", "unknown [203.0.113.5]")
	  "Received: from a (b.example [192.0.2.1]) by mx2.our.example (Postfix) with ESMTP id 2" D "\n",
	  "oh", "192.0.2.1", "192.0.2.1", "", "", TRACE_CHAIN_NONE },
	{ "own by name looked up both ways", H("in", "mx2.our.example [198.51.100.200]")
	  "Received: from a (b.example [192.0.2.1]) by mx2.our.example (Postfix) with ESMTP id 2" D "\n",
	  "oh", "192.0.2.1", "192.0.2.1", "", "", TRACE_CHAIN_NONE },
	{ "never from outside", INNER "Received: by store.our.example (Postfix, from userid 5) id 1" D "\n",
	  "oo", "", "", "", "", TRACE_CHAIN_NO_HANDOVER },
	{ "not ours at all", "Received: from a (b.example [192.0.2.1]) by mx.third.example (Postfix) with "
	  "ESMTP id 1" D "\n", "u", "", "", "", "", TRACE_CHAIN_NO_HANDOVER },
	{ "no Received at all", "Subject: x\n\n", "", "", "", "", "", TRACE_CHAIN_NO_HANDOVER },
	{ "fetched by us", "Received: from pop.isp.example [192.0.2.200] by localhost with POP3 "
	  "(fetchmail-6.2) for u@localhost (single-drop)" D
	  "Received: from a (b.far.example [192.0.2.1]) by pop.isp.example (Postfix) with ESMTP id 2" D
	  "\n", "oh", "192.0.2.1", "192.0.2.1", "", "", TRACE_CHAIN_NONE },
};

static const struct str own_hosts[] = { { "*.our.example", 13 } };
static struct prefix own_nets[1];
static const struct str mx_hosts[] = { { "mx?.our.example", 15 } };
static struct trace_border border = { .own_hosts = own_hosts, .own_host_count = 1,
                                      .own_nets = own_nets, .own_net_count = 1 };

static const char *text_of(const struct ip *ip, char dst[static IP_TEXT_MAX])
{
	dst[0] = '\0';
	return ip->family ? ip_format(ip, dst) : dst;
}

static void test_rows(void **state)
{
	(void)state;
	struct trace t = { 0 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char zones[TRACE_HOPS_MAX + 1] = "", ip[IP_TEXT_MAX];
		struct buf claimed = { 0 };
		trace_message(&t, str_of(rows[i].message), &border);
		for (size_t k = 0; k < t.hop_count; k++)
			zones[k] = trace_zone_text(t.hops[k].zone)[0];
		for (size_t k = 0; k < t.claimed_count; k++)
			buf_printf(&claimed, "%s%s", k ? " " : "", text_of(&t.claimed[k], ip));
		if (strcmp(zones, rows[i].zones) != 0)
			fail_msg("%s: zones %s, expected %s", rows[i].name, zones, rows[i].zones);
		CHECK_ROW(rows[i].name, t.chain == rows[i].chain);
		CHECK_ROW(rows[i].name, strcmp(text_of(&t.handover, ip), rows[i].handover) == 0);
		CHECK_ROW(rows[i].name, strcmp(text_of(&t.origin, ip), rows[i].origin) == 0);
		CHECK_ROW(rows[i].name, strcmp(text_of(&t.relay, ip), rows[i].relay) == 0);
		CHECK_ROW(rows[i].name, strcmp(buf_cstr(&claimed), rows[i].claimed) == 0);
		buf_fini(&claimed);
	}
	trace_fini(&t);
}

/* Only a border host's line records the handover, when they are named. */
static void test_border_hosts(void **state)
{
	(void)state;
	struct trace t = { 0 };
	struct trace_border b = border;
	b.border_hosts = mx_hosts;
	b.border_host_count = 1;
	trace_message(&t, STR(H("a", "b.example [192.0.2.1]") "\n"), &b);
	assert_int_equal(t.chain, TRACE_CHAIN_NO_HANDOVER);
	trace_message(&t, STR("Received: from a (b.example [192.0.2.1]) by mx1.our.example (Postfix) with "
	                      "ESMTP id 1" D "\n"), &b);
	assert_int_equal(t.chain, TRACE_CHAIN_NONE);
	b = (struct trace_border){ 0 };
	trace_message(&t, STR(H("a", "b.example [192.0.2.1]") "\n"), &b);
	assert_int_equal(t.chain, TRACE_CHAIN_NO_HANDOVER);
	assert_int_equal(t.handover.family, 0);
	trace_fini(&t);
}

#define FROM_FAR H("a", "mail.far.example [192.0.2.1]")

#define SHOP "Return-Path: <b@shop.example>\nFrom: a@shop.example\n"
#define AR "Authentication-Results: mx.our.example; "

static const struct {
	const char *name, *message;
	enum trace_return verdict;
} returns[] = {
	{ "DMARC", "Authentication-Results: mx.our.example; dmarc=pass header.from=shop.example\n" FROM_FAR
	  "From: a@shop.example\n\n", TRACE_RETURN_PROVED },
	{ "SPF", "Return-Path: <b@shop.example>\nAuthentication-Results: our.example; spf=pass (ok; fine) "
	  "smtp.mailfrom=b@shop.example; dkim=none\n" FROM_FAR "\n", TRACE_RETURN_PROVED },
	/* SPF: HELO and MAIL FROM are two */
	{ "HELO passes, MAIL FROM fails", SHOP AR "spf=pass smtp.helo=shop.example; spf=fail "
	  "smtp.mailfrom=b@shop.example\n" FROM_FAR "\n", TRACE_RETURN_FORGED },
	{ "… in the other order", SHOP AR "spf=fail smtp.mailfrom=b@shop.example; spf=pass "
	  "smtp.helo=shop.example\n" FROM_FAR "\n", TRACE_RETURN_FORGED },
	{ "HELO alone passes", SHOP AR "spf=pass smtp.helo=shop.example\n" FROM_FAR "\n",
	  TRACE_RETURN_UNKNOWN },
	{ "HELO alone fails", SHOP AR "spf=fail smtp.helo=a.example\n" FROM_FAR "\n",
	  TRACE_RETURN_UNKNOWN },
	{ "HELO fails, MAIL FROM passes", SHOP AR "spf=fail smtp.helo=a.example; spf=pass "
	  "smtp.mailfrom=shop.example\n" FROM_FAR "\n", TRACE_RETURN_PROVED },
	{ "both in one result", SHOP AR "spf=pass smtp.helo=a.example smtp.mailfrom=shop.example\n"
	  FROM_FAR "\n", TRACE_RETURN_PROVED },
	{ "nobody's identity", SHOP AR "spf=fail\n" FROM_FAR "\n", TRACE_RETURN_UNKNOWN },
	{ "a bounce's HELO fails", "Return-Path: <>\nFrom: MAILER-DAEMON@shop.example\n" AR "spf=fail "
	  "smtp.mailfrom=postmaster@a.example\n" FROM_FAR "\n", TRACE_RETURN_UNKNOWN },
	{ "softfail", SHOP AR "spf=softfail smtp.mailfrom=shop.example\n" FROM_FAR "\n",
	  TRACE_RETURN_UNKNOWN },
	{ "two that disagree", SHOP AR "spf=fail smtp.mailfrom=shop.example; spf=pass "
	  "smtp.mailfrom=shop.example\n" FROM_FAR "\n", TRACE_RETURN_UNKNOWN },
	{ "Received-SPF", SHOP "Received-SPF: pass (x) identity=mailfrom; "
	  "envelope-from=\"b@shop.example\"; receiver=mx.our.example\n" FROM_FAR "\n",
	  TRACE_RETURN_PROVED },
	{ "… of a server that does not know its name", SHOP "Received-SPF: Pass (sender SPF authorized) "
	  "identity=mailfrom; envelope-from=b@shop.example; receiver=<UNKNOWN>\n" FROM_FAR "\n",
	  TRACE_RETURN_PROVED },
	{ "… of a HELO", SHOP "Received-SPF: fail identity=helo; helo=a.example; "
	  "envelope-from=b@shop.example\n" FROM_FAR "\n", TRACE_RETURN_UNKNOWN },
	{ "… that fails", SHOP "Received-SPF: Fail (x: domain of b@shop.example does not designate "
	  "192.0.2.1) client-ip=192.0.2.1;\n" FROM_FAR "\n", TRACE_RETURN_FORGED },
	{ "… that anybody wrote", SHOP FROM_FAR "Received-SPF: pass envelope-from=b@shop.example; "
	  "receiver=mx.our.example\n\n", TRACE_RETURN_UNKNOWN },
	{ "… of a stranger", SHOP "Received-SPF: pass envelope-from=b@shop.example; "
	  "receiver=mx.evil.example\n" FROM_FAR "\n", TRACE_RETURN_UNKNOWN },
	/* any signature of the author's */
	{ "the author's first", SHOP AR "dkim=pass header.d=shop.example; dkim=pass header.d=esp.example\n"
	  FROM_FAR "\n", TRACE_RETURN_PROVED },
	{ "the author's last", SHOP AR "dkim=pass header.d=esp.example; dkim=fail header.d=shop.example; "
	  "dkim=pass header.d=mail.shop.example\n" FROM_FAR "\n", TRACE_RETURN_PROVED },
	{ "another's alone", SHOP AR "dkim=pass header.d=esp.example; dkim=fail header.d=shop.example\n"
	  FROM_FAR "\n", TRACE_RETURN_UNKNOWN },
	{ "the author's, by another envelope", "Return-Path: <b@esp.example>\n" AR "dkim=pass "
	  "header.d=esp.example; dkim=pass header.d=shop.example\n" FROM_FAR "From: a@shop.example\n\n",
	  TRACE_RETURN_PROVED },
	{ "by header.i alone", SHOP AR "dkim=pass header.i=@shop.example\n" FROM_FAR "\n",
	  TRACE_RETURN_PROVED },
	/* the sender's words */
	{ "DMARC in a local part", SHOP AR "spf=fail smtp.mailfrom=\"x; dmarc=pass header.from=shop.example"
	  ";\"@b.example\n" FROM_FAR "\n", TRACE_RETURN_FORGED },
	{ "DMARC in a comment", SHOP AR "dmarc=fail (\"x) ; dmarc=pass (\"@b.example) "
	  "header.from=shop.example\n" FROM_FAR "\n", TRACE_RETURN_FORGED },
	{ "DMARC that a server let out", SHOP AR "spf=softfail smtp.mailfrom=x; dmarc=pass; dmarc=fail "
	  "header.from=shop.example\n" FROM_FAR "From: a@shop.example\n\n", TRACE_RETURN_UNKNOWN },
	{ "a display name", AR "dkim=pass header.d=shop.example\n" FROM_FAR
	  "From: \"<a@shop.example>\" <b@evil.example>\n\n", TRACE_RETURN_UNKNOWN },
	{ "DMARC of nobody", AR "dmarc=pass\n" FROM_FAR "\n", TRACE_RETURN_UNKNOWN },
	{ "DMARC of the author", AR "dmarc=pass\n" FROM_FAR "From: a@shop.example\n\n",
	  TRACE_RETURN_PROVED },
	/* whose results */
	{ "a quoted id", SHOP "Authentication-Results: \"mx\\.our.example\" (x) 1; spf=pass "
	  "smtp.mailfrom=shop.example\n" FROM_FAR "\n", TRACE_RETURN_PROVED },
	{ "a version of which we know nothing", SHOP "Authentication-Results: mx.our.example 2; spf=pass "
	  "smtp.mailfrom=shop.example\n" FROM_FAR "\n", TRACE_RETURN_UNKNOWN },
	{ "no id above our line", SHOP "Authentication-Results: spf=pass smtp.mailfrom=shop.example\n"
	  FROM_FAR "\n", TRACE_RETURN_PROVED },
	{ "no id below our line", SHOP FROM_FAR "Authentication-Results: spf=pass "
	  "smtp.mailfrom=shop.example\n\n", TRACE_RETURN_UNKNOWN },
	{ "a short id above our line", SHOP "Authentication-Results: mx; spf=pass "
	  "smtp.mailfrom=shop.example\n" FROM_FAR "\n", TRACE_RETURN_PROVED },
	{ "… and below it", SHOP FROM_FAR "Authentication-Results: mx; spf=pass "
	  "smtp.mailfrom=shop.example\n\n", TRACE_RETURN_UNKNOWN },
	{ "a quoted id that only ends so", SHOP "Authentication-Results: \"evil.example; mx.our.example\"; "
	  "spf=pass smtp.mailfrom=shop.example\n" FROM_FAR "\n", TRACE_RETURN_UNKNOWN },
	{ "another host of ours above our line", SHOP "Authentication-Results: filter.our.example; spf=pass "
	  "smtp.mailfrom=shop.example\n" FROM_FAR "\n", TRACE_RETURN_PROVED },
	{ "… and below it, where the sender writes", SHOP FROM_FAR "Authentication-Results: "
	  "filter.our.example; spf=pass smtp.mailfrom=shop.example\n\n", TRACE_RETURN_UNKNOWN },
	{ "DMARC of another author", AR "dmarc=pass header.from=evil.example\n" FROM_FAR
	  "From: a@shop.example\n\n", TRACE_RETURN_UNKNOWN },
	{ "SPF of another domain", "Return-Path: <b@shop.example>\nAuthentication-Results: our.example; "
	  "spf=pass smtp.mailfrom=b@evil.example\n" FROM_FAR "\n", TRACE_RETURN_UNKNOWN },
	{ "SPF fails", "Return-Path: <b@shop.example>\nAuthentication-Results: mx.our.example; spf=fail "
	  "smtp.mailfrom=shop.example\n" FROM_FAR "\n", TRACE_RETURN_FORGED },
	{ "DKIM", "Authentication-Results: mx.our.example; dkim=fail header.d=x.example; dkim=pass "
	  "header.d=shop.example\n" FROM_FAR "From: X <a@mail.shop.example>\n\n", TRACE_RETURN_PROVED },
	{ "right below the border", FROM_FAR "Authentication-Results: mx.our.example; dmarc=fail "
	  "header.from=shop.example\nFrom: a@shop.example\n\n", TRACE_RETURN_FORGED },
	{ "not our authserv-id", "Authentication-Results: mx.evil.example; dmarc=pass "
	  "header.from=shop.example\n" FROM_FAR "From: a@shop.example\n\n", TRACE_RETURN_UNKNOWN },
	{ "deep in the message", FROM_FAR "Received: from x by y.example with SMTP" D
	  "Authentication-Results: mx.our.example; dmarc=pass header.from=shop.example\n"
	  "From: a@shop.example\n\n", TRACE_RETURN_UNKNOWN },
	{ "a believed host of its own", FROM_FAR "Return-Path: <x@far.example>\n\n",
	  TRACE_RETURN_PLAUSIBLE },
	{ "a provider that it never met", FROM_FAR "From: a@hotmail.com\n\n", TRACE_RETURN_FORGED },
	{ "nothing known", FROM_FAR "From: a@shop.example\n\n", TRACE_RETURN_UNKNOWN },
};

static void test_return_path(void **state)
{
	(void)state;
	struct trace t = { 0 };
	for (size_t i = 0; i < sizeof(returns) / sizeof(returns[0]); i++) {
		trace_message(&t, str_of(returns[i].message), &border);
		CHECK_ROW(returns[i].name, t.return_path.verdict == returns[i].verdict);
	}
	trace_fini(&t);
}

/* Ranges are those of the message's bytes, and odd lines are kept. */
static void test_evidence(void **state)
{
	(void)state;
	static const char text[] = "X: 1\r\nReceived: from a (b.far.example [192.0.2.1])\r\n\tby "
		"mx.our.example (Postfix) with ESMTP id 1; Mon, 9 Aug 2004 12:00:00 +0000\r\n"
		"no colon here\r\nSubject: \x01\xff\"<&>\r\n\r\n";
	struct trace t = { 0 };
	struct buf json = { 0 }, picture = { 0 };
	trace_message(&t, (struct str){ text, sizeof(text) - 1 }, &border);
	assert_int_equal(t.hop_count, 1);
	assert_int_equal(t.hops[0].offset, 6);
	assert_int_equal(text[6 + t.hops[0].raw.n], '\r');
	assert_int_equal(t.odd_count, 1);
	assert_true(str_eq(t.odd[0].raw, STR("no colon here")));
	struct json j = { .out = &json };
	json_open_object(&j, NULL);
	trace_json(&t, &j);
	json_close(&j);
	assert_true(str_search(buf_str(&json), STR("\"handover\":\"192.0.2.1\"")) != SIZE_MAX);
	assert_int_equal(t.hops[0].raw.n, strstr(text, "\r\nno colon") - (text + 6));
	assert_true(str_search(buf_str(&json), STR("\"offset\":6,\"length\":")) != SIZE_MAX);
	trace_picture(&t, STR("t<&>\x1b[31m"), false, 0, &picture);
	assert_true(str_find(buf_str(&picture), '\x1b') == SIZE_MAX);
	assert_true(str_search(buf_str(&picture), STR("no colon here")) != SIZE_MAX);
	buf_clear(&picture);
	trace_svg(&t, STR("t<&>\x1b"), &picture);
	assert_true(str_search(buf_str(&picture), STR("t&lt;&amp;&gt;")) != SIZE_MAX);
	buf_fini(&json);
	buf_fini(&picture);
	trace_fini(&t);
}

/* A million lines, and one of 100 MB: linear, bounded, and said so. */
static void test_limits(void **state)
{
	(void)state;
	enum { LINES = 1000000, HUGE_BYTES = 100 << 20 };
	static const char line[] = "Received: from a (b [198.51.100.7]) by c.example with SMTP id 1\n";
	struct buf b = { 0 };
	struct trace t = { 0 };
	buf_add_cstr(&b, H("a", "unknown [192.0.2.1]"));
	for (unsigned i = 0; i < LINES; i++)
		buf_add(&b, line, sizeof(line) - 1);
	clock_t from = clock();
	trace_message(&t, buf_str(&b), &border);
	assert_true(t.truncated);
	assert_int_equal(t.hop_count, TRACE_HOPS_MAX);
	assert_true((double)(clock() - from) / CLOCKS_PER_SEC < 5);
	buf_clear(&b);
	buf_add_cstr(&b, H("a", "unknown [192.0.2.1]") "Received: from ");
	char *fill = mem_alloc(HUGE_BYTES);
	memset(fill, '(', HUGE_BYTES);
	buf_add(&b, fill, HUGE_BYTES);
	free(fill);
	from = clock();
	trace_message(&t, buf_str(&b), &border);
	assert_true(t.truncated);
	assert_int_equal(t.hop_count, 2);
	assert_true((double)(clock() - from) / CLOCKS_PER_SEC < 5);
	buf_fini(&b);
	trace_fini(&t);
}

static int setup(void **state)
{
	(void)state;
	return prefix_parse(STR("203.0.113.0/24"), &own_nets[0], NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_border_hosts),
		cmocka_unit_test(test_return_path), cmocka_unit_test(test_evidence),
		cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
