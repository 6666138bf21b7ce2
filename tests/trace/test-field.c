/* SPDX-License-Identifier: ISC
 *
 * Whole messages after what the field sends: patterns of our own hosts that others' hosts match,
 * frontends of mail services, notes of local programs, and who is a relay and who is none.
 */
#include "test.h"

#include "trace/border.h"
#include "trace/trace.h"

#define T "; Tue, 5 Mar 2024 10:00:00 +0000\n"
#define Q "; 5 Mar 2024 09:59:59 -0000\n"
#define FROM(helo, peer) "Received: from " helo " (" peer ") by mx.our.example (Postfix) with ESMTPS id 1" T
#define STRANGER "unknown [198.51.100.7]"
#define O365 "with Microsoft SMTP Server (version=TLS1_2) id 15.20.1 via Frontend Transport" T

#define OLD "; Tue, 5 Dec 2023 09:00:00 +0000\n"
#define OLD_CHAIN \
	"Received: from mx.host.example (mx.host.example [203.0.114.3]) by store.victim.example " \
	"(Postfix) with ESMTP id 5" OLD \
	"Received: from out.shop.example (out.shop.example [203.0.114.4]) by mx.host.example " \
	"(Postfix) with ESMTPS id 4 for <u@victim.example>" OLD \
	"Received: by out.shop.example (Postfix, from userid 33) id 3" OLD \
	"Received: from [10.1.1.1] (localhost [127.0.0.1]) by out.shop.example (Postfix) with " \
	"ESMTP id 2" OLD
#define SUBMITTED "Received: from pc (" STRANGER ") by mail.far.example (Postfix) with ESMTPSA id 2" T
#define NEW_DATE "Date: Tue, 5 Mar 2024 09:59:00 +0000\n"

struct row {
	const char *name, *own_hosts, *message;
	const char *zones;       /* a letter a hop: o h l w u f */
	const char *handover, *origin, *relay;
};

static const struct row rows[] = {
	/* patterns that others' names match as well */
	{ "private addresses are everybody's", "*.our.example 10.*", FROM("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by 10.1.2.3 with ESMTP id 2" T, "hu", "192.0.2.1",
	  "192.0.2.1", "" },
	{ "… and a public name that begins so", "*.our.example 10.*", FROM("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by 10.mail.third.example with ESMTP id 2" T, "hu",
	  "192.0.2.1", "192.0.2.1", "" },
	{ "short names, too", "*.our.example mail*", FROM("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by mail2 (Postfix) with ESMTP id 2" T, "hu",
	  "192.0.2.1", "192.0.2.1", "" },
	{ "… and what they match besides", "*.our.example mail*", FROM("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by mail.third.example (Postfix) with ESMTP id 2"
	  T, "hu", "192.0.2.1", "192.0.2.1", "" },
	{ "names of one's own network", "*.our.example *.lan", FROM("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by gw.lan (Postfix) with ESMTP id 2" T, "hu",
	  "192.0.2.1", "192.0.2.1", "" },
	{ "all names", "*", FROM("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by mx.third.example (Postfix) with ESMTP id 2" T,
	  "hu", "192.0.2.1", "192.0.2.1", "" },
	{ "a domain of ours says something", "mx*.our.example 10.*", FROM("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by mx2.our.example (Postfix) with ESMTP id 2" T,
	  "hf", "192.0.2.1", "192.0.2.1", "" },
	{ "… and a host by its whole name", "mx.our.example", FROM("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by mx.our.example (Postfix) with ESMTP id 2" T, "hf",
	  "192.0.2.1", "192.0.2.1", "" },
	{ "… and public addresses of ours", "*.our.example 203.0.113.*", FROM("a", "unknown [192.0.2.1]")
	  "Received: from v (v.example [198.51.100.7]) by 203.0.113.5 with ESMTP id 2" T, "hf", "192.0.2.1",
	  "192.0.2.1", "" },
	{ "endings that every network has", "*.home.arpa *.fritz.box mx.our.example",
	  FROM("a", "unknown [192.0.2.1]")
	  "Received: from pc (" STRANGER ") by mail.home.arpa (Postfix) with ESMTP id 2" T, "hu",
	  "192.0.2.1", "192.0.2.1", "" },
	{ "above the border they are ours", "mx.our.example 10.* store",
	  "Received: from relay (10.0.0.8) by 10.0.0.9 with ESMTP id 4" T
	  "Received: from mx.our.example (mx.our.example [10.0.0.1]) by store (Postfix) with ESMTP id 3" T
	  FROM("a", "b.example [192.0.2.1]"), "ooh", "192.0.2.1", "192.0.2.1", "" },

	/* Microsoft 365 */
	{ "a frontend before the filter", "*.outlook.com *.office365.com",
	  "Received: from AM0PR02CA0001.eurprd02.prod.outlook.com (2603:10a6:208:1::1) by "
	  "AS8PR01MB1.eurprd01.prod.outlook.com (2603:10a6:20b:1::1) " O365
	  "Received: from AM4PEPF1.EURPRD83.prod.outlook.com (2603:10a6:208:0:cafe::1) by "
	  "AM0PR02CA0001.outlook.office365.com (2603:10a6:208:1::1) " O365
	  "Received: from b.example (192.0.2.1) by AM4PEPF1.mail.protection.outlook.com (10.167.16.9) "
	  O365, "ooh", "192.0.2.1", "192.0.2.1", "" },
	{ "an older one", "*.outlook.com *.office365.com",
	  "Received: from VE1EUR01FT1.eop-EUR01.prod.protection.outlook.com (2a01:111:f400:7e1e::202) by "
	  "DB6PR0501CA1.outlook.office365.com (2603:10a6:4:8f::11) " O365
	  "Received: from b.example (192.0.2.1) by VE1EUR01FT1.mail.protection.outlook.com "
	  "(10.152.2.1) " O365, "oh", "192.0.2.1", "192.0.2.1", "" },
	{ "a frontend that no pattern names", "*.prod.outlook.com *.outlook.office365.com "
	  "*.mail.protection.outlook.com",
	  "Received: from VE1EUR01FT1.eop-EUR01.prod.protection.outlook.com (2603:10a6:4:8f:cafe::2) by "
	  "DB6PR0501CA1.outlook.office365.com (2603:10a6:4:8f::11) " O365
	  "Received: from b.example (192.0.2.1) by VE1EUR01FT1.mail.protection.outlook.com "
	  "(10.152.2.1) " O365, "oh", "192.0.2.1", "192.0.2.1", "" },
	{ "the American government's", "*.outlook.com *.office365.us",
	  "Received: from SA9P110MB1.NAMP110.PROD.OUTLOOK.COM (2001:489a:200:167::10) by "
	  "PH1P110MB2.NAMP110.PROD.OUTLOOK.COM with HTTPS" T
	  "Received: from CY1USG02FT010.eop-usg02.prod.protection.office365.us (2001:489a:202:1::9) by "
	  "SA9P110MB1.NAMP110.PROD.OUTLOOK.COM (2001:489a:200:167::10) " O365
	  "Received: from b.example (192.0.2.1) by CY1USG02FT010.mail.protection.office365.us "
	  "(10.97.10.1) " O365, "ooh", "192.0.2.1", "192.0.2.1", "" },
	{ "a stranger who says so is none", "*.outlook.com *.office365.com",
	  "Received: from AM4PEPF1.EURPRD83.prod.outlook.com (192.0.2.1) by "
	  "AM0PR02CA0001.outlook.office365.com (2603:10a6:208:1::1) " O365
	  "Received: from b.example (198.51.100.7) by AM4PEPF1.mail.protection.outlook.com "
	  "(10.167.16.9) " O365, "hw", "192.0.2.1", "192.0.2.1", "" },
	{ "nor is another customer's way out", "*.outlook.com *.office365.com",
	  "Received: from AM4PEPF1.outbound.protection.outlook.com (2a01:111:f403:c20f::1) by "
	  "AM0PR02CA0001.mail.protection.outlook.com (10.1.1.1) " O365
	  "Received: from b.example (2603:10a6:208:1::1) by AM4PEPF1.eurprd83.prod.outlook.com "
	  "(2603:10a6:208:1::2) " O365, "hw", "2a01:111:f403:c20f::1", "2a01:111:f403:c20f::1", "" },

	/* notes of local programs */
	{ "simscan on the sender's side", "*.our.example", FROM("a", "mail.far.example [192.0.2.1]")
	  "Received: (qmail 1 invoked by uid 89)" Q
	  "Received: by simscan 1.4.0 ppid: 1230, pid: 1231, t: 0.5s\n         scanners: attach: 1.4.0\n"
	  "Received: from dsl-1.isp.example (HELO pc) (198.51.100.7)\n  by mail.far.example with ESMTPA" Q,
	  "hlll", "192.0.2.1", "198.51.100.7", "" },
	{ "qmail-scanner tells no login", "*.our.example", FROM("a", "mail.far.example [192.0.2.1]")
	  "Received: from 198.51.100.7 by mail.far.example (envelope-from <a@x>, uid 502) with "
	  "qmail-scanner-" "2.08 (clamdscan: 0.98. Clear:RC:1(198.51.100.7):. Processed in 0.1 secs)" Q
	  "Received: from pc.isp.example (HELO pc) (198.51.100.7) by mail.far.example with ESMTPA" Q, "hll",
	  "192.0.2.1", "198.51.100.7", "" },
	{ "qmail-scanner on ours", "*.our.example",
	  "Received: (qmail 4 invoked by uid 103)" Q
	  "Received: from 192.0.2.1 by mx.our.example (envelope-from <x@y>, uid 201) with "
	  "qmail-scanner-1.25st " "(clamdscan: 0.94/8541. Clear:RC:1(192.0.2.1):.)" Q
	  "Received: from b.example (HELO pc) (192.0.2.1)\n  by mx.our.example with SMTP" Q, "ooh",
	  "192.0.2.1", "192.0.2.1", "" },
	{ "SpamAssassin", "*.our.example", FROM("a", "mail.far.example [192.0.2.1]")
	  "Received: from localhost by mail.far.example with SpamAssassin (2.63 2004-01-11)" T
	  "Received: from pc (pc.isp.example [198.51.100.7]) by mail.far.example (Postfix) with "
	  "ESMTPSA id 2" T, "hll", "192.0.2.1", "198.51.100.7", "" },
	{ "amavis by its own name", "*.our.example", FROM("a", "mail.far.example [192.0.2.1]")
	  "Received: by amavisd-new id 2" T
	  "Received: from pc (pc.isp.example [198.51.100.7]) by mail.far.example (Postfix) with "
	  "ESMTPSA id 2" T, "hll", "192.0.2.1", "198.51.100.7", "" },
	{ "a host of that name is a host", "*.our.example", FROM("a", "amavis.far.example [192.0.2.1]")
	  "Received: from pc (pc.isp.example [198.51.100.7]) by amavis.far.example (Postfix) with "
	  "ESMTPSA id 2" T, "hl", "192.0.2.1", "198.51.100.7", "" },
	{ "a stranger's note accuses nobody", "*.our.example", FROM("a", "mail.far.example [192.0.2.1]")
	  "Received: from 198.51.100.7 by mail.third.example (envelope-from <a@x>, uid 5) with "
	  "qmail-scanner-1" Q, "hu", "192.0.2.1", "192.0.2.1", "" },
	{ "a note on another client is none", "*.our.example", FROM("a", "mail.far.example [192.0.2.1]")
	  "Received: from 203.0.114.9 by mail.far.example (envelope-from <a@x>, uid 5) with "
	  "qmail-scanner-1" Q
	  "Received: from pc (HELO pc) (198.51.100.7) by mail.far.example with ESMTPA" Q, "hlu",
	  "192.0.2.1", "203.0.114.9", "192.0.2.1" },

	/* relays on customers' lines and rented machines */
	{ "EC2 by its own name", "*.our.example", FROM("ec2-192-0-2-1.compute-1.amazonaws.com",
	  "ec2-192-0-2-1.compute-1.amazonaws.com [192.0.2.1]") "Received: from pc (" STRANGER ") by "
	  "ec2-192-0-2-1.compute-1.amazonaws.com (Postfix) with ESMTP id 2" T, "hl", "192.0.2.1",
	  "198.51.100.7", "192.0.2.1" },
	{ "… by its customer's", "*.our.example", FROM("mail.shop.example",
	  "ec2-192-0-2-1.eu-west-1.compute.amazonaws.com [192.0.2.1]") "Received: from pc (" STRANGER
	  ") by "
	  "mail.shop.example (Postfix) with ESMTP id 2" T, "hw", "192.0.2.1", "192.0.2.1", "192.0.2.1" },
	{ "a dynamic line", "*.our.example", FROM("pc0000201.dip0.t-ipconnect.de",
	  "pc0000201.dip0.t-ipconnect.de [192.0.2.1]") "Received: from pc (" STRANGER ") by "
	  "pc0000201.dip0.t-ipconnect.de (Postfix) with ESMTP id 2" T, "hl", "192.0.2.1", "198.51.100.7",
	  "192.0.2.1" },
	{ "… that took it from another of its provider", "*.our.example",
	  FROM("c-192-0-2-1.hsd1.ca.comcast.net", "c-192-0-2-1.hsd1.ca.comcast.net [192.0.2.1]")
	  "Received: from pc (c-198-51-100-7.hsd1.ma.comcast.net [198.51.100.7]) by "
	  "c-192-0-2-1.hsd1.ca.comcast.net (Postfix) with ESMTP id 2" T, "hl", "192.0.2.1", "198.51.100.7",
	  "192.0.2.1" },
	{ "the provider's own is none", "*.our.example", FROM("a", "resqmta-po-12v.sys.comcast.net "
	  "[192.0.2.1]")
	  "Received: from pc (" STRANGER ") by resqmta-po-12v.sys.comcast.net with ESMTP id 2" T, "hl",
	  "192.0.2.1", "198.51.100.7", "" },
	{ "Amazon's mail service is none", "*.our.example", FROM("a2-1.smtp-out.amazonses.com",
	  "a2-1.smtp-out.amazonses.com [192.0.2.1]") "Received: from pc (" STRANGER ") by "
	  "a2-1.smtp-out.amazonses.com with ESMTP id 2" T, "hl", "192.0.2.1", "198.51.100.7", "" },

	/* relays with a short name */
	{ "short in HELO", "*.our.example", FROM("mail", "adsl-192-0-2-1.isp.example [192.0.2.1]")
	  "Received: from pc (" STRANGER ") by mail.shop.example (Postfix) with ESMTP id 2" T, "hw",
	  "192.0.2.1", "192.0.2.1", "192.0.2.1" },
	{ "short in both", "*.our.example", FROM("mail", "unknown [192.0.2.1]")
	  "Received: from pc (" STRANGER ") by mail (Postfix) with ESMTP id 2" T, "hw", "192.0.2.1",
	  "192.0.2.1", "192.0.2.1" },
	{ "a small office's", "*.our.example", FROM("SERVER", "unknown [192.0.2.1]")
	  "Received: from pc ([198.51.100.7]) by server.shop.local with Microsoft "
	  "SMTPSVC(6.0.3790.4675)" T, "hw", "192.0.2.1", "192.0.2.1", "192.0.2.1" },
	{ "not without a mailer", "*.our.example", FROM("mail", "unknown [192.0.2.1]")
	  "Received: from pc (" STRANGER ") by mail with ESMTP id 2" T, "hw", "192.0.2.1", "192.0.2.1",
	  "" },
	{ "not by a clock that is wrong", "*.our.example", FROM("mail", "unknown [192.0.2.1]")
	  "Received: from pc (" STRANGER ") by mail (Postfix) with ESMTP id 2; Thu, 8 Feb 2024 "
	  "10:00:00 +0000\n", "hw", "192.0.2.1", "192.0.2.1", "" },
	{ "not as localhost", "*.our.example", FROM("localhost.localdomain", "unknown [192.0.2.1]")
	  "Received: from pc (" STRANGER ") by localhost.localdomain (Postfix) with ESMTP id 2" T, "hw",
	  "192.0.2.1", "192.0.2.1", "" },

	/* a whole chain of another message */
	{ "below a new submission", "*.our.example", FROM("a", "mail.far.example [192.0.2.1]")
	  SUBMITTED OLD_CHAIN NEW_DATE, "hlffff", "192.0.2.1", "198.51.100.7", "" },
	{ "… by the name that the client said", "*.our.example", FROM("a", "mail.far.example [192.0.2.1]")
	  "Received: from store.victim.example (" STRANGER ") by mail.far.example (Postfix) with "
	  "ESMTPSA id 2"
	  T OLD_CHAIN NEW_DATE, "hlffff", "192.0.2.1", "198.51.100.7", "" },
	{ "… below the border itself", "*.our.example", FROM("a", "unknown [192.0.2.1]")
	  OLD_CHAIN NEW_DATE, "hffff", "192.0.2.1", "192.0.2.1", "" },
	{ "sent on by hand", "*.our.example", FROM("a", "mail.far.example [192.0.2.1]")
	  SUBMITTED OLD_CHAIN "Resent-From: <u@far.example>\nDate: Tue, 5 Dec 2023 08:59:00 +0000\n",
	  "hluuuu", "192.0.2.1", "198.51.100.7", "" },
	{ "an old message that comes late", "*.our.example", FROM("a", "mail.far.example [192.0.2.1]")
	  SUBMITTED OLD_CHAIN "Date: Tue, 5 Dec 2023 08:59:00 +0000\n", "hluuuu", "192.0.2.1",
	  "198.51.100.7", "" },
	{ "from a list", "*.our.example", FROM("a", "mail.far.example [192.0.2.1]")
	  SUBMITTED OLD_CHAIN NEW_DATE "List-Id: <x.far.example>\n", "hluuuu", "192.0.2.1",
	  "198.51.100.7", "" },
	{ "one clock that is wrong", "*.our.example", FROM("a", "unknown [192.0.2.1]")
	  "Received: from localhost (localhost [127.0.0.1]) by gw.third.example (Postfix) with ESMTP "
	  "id 4" OLD
	  "Received: from pc (pc.third.example [198.51.100.9]) by gw.third.example (Postfix) with "
	  "ESMTP id 3"
	  OLD NEW_DATE, "huu", "192.0.2.1", "192.0.2.1", "" },

	/* named and none */
	{ "Microsoft 365 by 21Vianet", "*.our.example", FROM("CHN02.outbound.protection.partner.outlook.cn",
	  "mail-bjschn02on1.outbound.protection.partner.outlook.cn [192.0.2.1]")
	  "Received: from BJXPR01MB1.CHNPR01.prod.partner.outlook.cn (10.43.110.1) by "
	  "BJXPR01MB2.CHNPR01.prod.partner.outlook.cn (10.43.32.1) with Microsoft SMTP Server id 15.20.1" T
	  "Received: from pc (198.51.100.7) by BJXPR01MB1.CHNPR01.prod.partner.outlook.cn "
	  "(10.43.110.1) with "
	  "Microsoft SMTP Server id 15.20.1" T, "hll", "192.0.2.1", "198.51.100.7", "" },
	{ "a provider serves its line under another name", "*.our.example",
	  FROM("a", "rgout07.mx.bt.com [192.0.2.1]") "Received: from pc "
	  "(host7.range198-51.btcentralplus.com [198.51.100.7]) by rgout07.mx.bt.com (Postfix) with ESMTP "
	  "id 2" T, "hl", "192.0.2.1", "198.51.100.7", "" },
	{ "… and a customer's own server", "*.our.example", FROM("a", "know.fastweb.it [192.0.2.1]")
	  "Received: from mail (office.fastwebnet.it [198.51.100.7]) by know.fastweb.it (8.5.140.03) with "
	  "ESMTP id 2" T, "hl", "192.0.2.1", "198.51.100.7", "" },
	{ "another provider's line is a stranger", "*.our.example", FROM("a", "know.fastweb.it [192.0.2.1]")
	  "Received: from pc (host7.range198-51.btcentralplus.com [198.51.100.7]) by know.fastweb.it "
	  "(8.5.140.03) with ESMTP id 2" T, "hl", "192.0.2.1", "198.51.100.7", "192.0.2.1" },
	{ "a platform behind a filter", "*.our.example", FROM("a", "gate.hoster.example [192.0.2.1]")
	  "Received: from app12.cloudmail.example (app12.cloudmail.example [198.51.100.7]) by "
	  "gate.hoster.example (Postfix) with ESMTPS id 2" T
	  "Received: from pc (pc.isp.example [203.0.114.9]) by app12.cloudmail.example (Postfix) with "
	  "ESMTPSA "
	  "id 3" T, "hll", "192.0.2.1", "203.0.114.9", "" },
	{ "… by way of its own scanner", "*.our.example", FROM("a", "gate.hoster.example [192.0.2.1]")
	  "Received: from app12.cloudmail.example (app12.cloudmail.example [198.51.100.7]) by "
	  "gate.hoster.example (Postfix) with ESMTPS id 2" T
	  "Received: from localhost (localhost [127.0.0.1]) by app12.cloudmail.example (Postfix) with "
	  "ESMTP "
	  "id 4" T
	  "Received: from pc (pc.isp.example [203.0.114.9]) by app12.cloudmail.example (Postfix) with "
	  "ESMTPSA "
	  "id 3" T, "hlll", "192.0.2.1", "203.0.114.9", "" },
	{ "a login that rests on HELO excuses nobody", "*.our.example",
	  FROM("a", "www.school.example [192.0.2.1]")
	  "Received: from bot ([198.51.100.7]) by www.school.example (Postfix) with ESMTP id 2" T
	  "Received: from pc (pc.isp.example [203.0.114.9]) by bot with ESMTPSA id 3" T, "hlw", "192.0.2.1",
	  "198.51.100.7", "192.0.2.1" },
	{ "a provider's mail behind a forwarder", "*.our.example", FROM("a", "www.school.example "
	  "[192.0.2.1]")
	  "Received: from mail-wr1-f43.google.com (mail-wr1-f43.google.com [198.51.100.7]) by "
	  "www.school.example (Postfix) with ESMTPS id 2" T, "hl", "192.0.2.1", "198.51.100.7", "" },
	{ "a filter that is known", "*.our.example", FROM("a", "esa1.hc7-1.c3s2.iphmx.com [192.0.2.1]")
	  "Received: from pc ([198.51.100.7])\n by esa1.hc7-1.c3s2.iphmx.com with ESMTP; 05 Mar 2024 "
	  "11:00:00 "
	  "+0100\n", "hl", "192.0.2.1", "198.51.100.7", "" },
};

static void set_border(struct border_set *set, const char *hosts)
{
	struct str s = str_of(hosts), word;
	border_set_clear(set);
	while (str_token(&s, " ", &word))
		assert_int_equal(border_add_own_host(set, word, NULL), 0);
}

static const char *show(const struct ip *ip, char dst[static IP_TEXT_MAX])
{
	dst[0] = '\0';
	return ip->family ? ip_format(ip, dst) : dst;
}

static void check(const struct row *row, const struct trace *t)
{
	char zones[64] = "", ip[IP_TEXT_MAX];
	for (size_t k = 0; k < t->hop_count && k + 1 < sizeof(zones); k++)
		zones[k] = trace_zone_text(t->hops[k].zone)[0];
	if (strcmp(zones, row->zones) != 0)
		fail_msg("%s: zones %s, expected %s", row->name, zones, row->zones);
	CHECK_ROW(row->name, strcmp(show(&t->handover, ip), row->handover) == 0);
	CHECK_ROW(row->name, strcmp(show(&t->origin, ip), row->origin) == 0);
	if (strcmp(show(&t->relay, ip), row->relay) != 0)
		fail_msg("%s: relay %s, expected %s", row->name, ip, row->relay);
}

static void test_field(void **state)
{
	(void)state;
	struct trace t = { 0 };
	struct border_set set = { 0 };
	struct buf message = { 0 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set_border(&set, rows[i].own_hosts);
		struct trace_border border = border_view(&set);
		buf_clear(&message);
		buf_printf(&message, "%sSubject: x\n\n", rows[i].message);
		trace_message(&t, buf_str(&message), &border);
		check(&rows[i], &t);
	}
	buf_fini(&message);
	border_set_fini(&set);
	trace_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_field) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
