/* SPDX-License-Identifier: ISC
 *
 * Lines that nothing ties to the handover: those of genuine mailers are never called forged,
 * whatever they lack; those that no mailer can write are.
 */
#include "test.h"

#include "trace/trace.h"
#include "trace/why.h"

#define ABOVE "Received: from a (unknown [192.0.2.1]) by mx.our.example (Postfix) with ESMTPS id 1; " \
	"Tue, 5 Mar 2024 10:00:00 +0000\n"
#define D "; Tue, 05 Mar 2024 09:59:59 +0000"

static const struct str own_hosts[] = { { "*.our.example", 13 } };
static const struct trace_border border = { .own_hosts = own_hosts, .own_host_count = 1 };

static const char *const genuine[] = {
	/* IronPort: no product, no id, no weekday, the clock of its place */
	"from m.b.example (HELO m.b.example) ([198.51.100.7])\n  by esa1.c.example with ESMTP; 05 Mar 2024 "
	"04:59:29 -0500",
	"from unknown (HELO m) ([198.51.100.7])\n by esa1.c.example with ESMTP/TLS/ECDHE-RSA-AES256-GCM-"
	"SHA384; 05 Mar 2024 17:59:29 +0800",
	"from m.b.example ([198.51.100.7]) by esa.c.example with SMTP; 05 Mar 2024 10:59:29 +0100",
	"from m.b.example (unknown [198.51.100.7]) by esa.c.example with smtp; 05 Mar 2024 09:59:29 -0000"
	" id 4",
	/* qmail, s/qmail, netqmail: by their own clock, or the world's */
	"from lb1.b.example (198.51.100.7)\n by mail.c.example with SMTP; 5 Mar 2024 10:59:31 +0100",
	"from unknown (HELO pc) (joe@198.51.100.7)\n  by mail.c.example with ESMTPSA; 5 Mar 2024 18:59:31 "
	"+0900",
	"from unknown (198.51.100.7) by mail.c.example with QMQP; 5 Mar 2024 10:59:31 +0100",
	"from b.example (HELO a) (198.51.100.7) by mail.c.example with (AES256-SHA encrypted) SMTP; 5 Mar "
	"2024 09:59:31 -0000",
	/* Postal, hMailServer, MailEnable, ArGoSoft, and what else gives its HELO as a literal */
	"from [198.51.100.7] (unknown [198.51.100.7]) by postal.c.example with SMTP" D,
	"from [198.51.100.7] (b.example [198.51.100.7])\n\tby WIN-SRV with ESMTPA\n\t" D,
	"from [198.51.100.7] ([198.51.100.7]) by mail.c.example with MailEnable ESMTP" D,
	"from 198.51.100.7 ([198.51.100.7]) by mail.c.example with ESMTP" D,
	"from pc ([198.51.100.7]) by mail.c.example with ESMTP" D,
	"from b.example (198.51.100.7) by mail.c.example with esmtp" D,
	"from [198.51.100.7] by mail.c.example (ArGoSoft Mail Server Pro, Version 1.8 (1.8.9.4)); Tue, 5 "
	"Mar 2024 09:59:59 +0000",
	/* others */
	"from [198.51.100.7] (mail.b.example)\n\tby mx.c.example (chasquid) with ESMTPS\n\ttls TLS_AES_128_"
	"GCM_SHA256\n\t(over SMTP, TLS-1.3, envelope from \"a%b@x.example\")\n\t" D,
	"from m.b.example (m.b.example [198.51.100.7]) by mx.c.example (envelope-sender <a%b@x>) with "
	  "ESMTPS "
	"id 01ab23cd" D,
	"from [198.51.100.7] (port=41234 helo=%RND%) by mx.c.example with esmtp (Exim 4.96) "
	"(envelope-from <a%b@x.example>) id 1rhRbd-0001Xy-2f" D,
	"from {pc} (unknown [198.51.100.7]) by mx.c.example (Postfix) with ESMTP id 4TpxYz1abcz" D,
	"from pc ([fe80::1%em1]) by mx.c.example ([fe80::2%12]) with mapi id 15.20.1" D,
	"from m.b.example (m.b.example [198.51.100.7]) by ims.c.example (Oracle Communications Messaging "
	"Server 8.0 64bit (built Jun  7 2017)) with ESMTPS id <0P9@x>" D,
	"from pc ([198.51.100.7]) by ims.c.example (Sun Java System Messaging Server 6.2-3.04 (built "
	  "Jul 15 "
	"2005)) with SMTP id <0ICE@x>" D,
	"from pc ([198.51.100.7]) by mail.c.example (IceWarp 12.0.4.0) with ASMTP (SSL) id 202403051059" D,
	"from [198.51.100.7] (helo=pc) by mx.c.example with asmtp (Exim 3.35 #1 (Debian)) id "
	  "1rhRbd-0001Xy-00"
	D,
	"from 442399998 named unknown by gmailapi.google.com with HTTPREST; Tue, 5 Mar 2024 01:59:59 -0800",
	"from SRV ([198.51.100.7]) by smtp-relay.gmail.com with ESMTPS id d9sm12345678abc.12" D,
	"by 2002:a05:6512:3d1a:b0:513:26e1:99a0 with SMTP id d26mr345ejz.12.1709632799" D,
	"from 198.51.100.7  (EHLO m.b.example) (198.51.100.7) by mta4121.mail.bf1.yahoo.com with SMTPS" D,
	"from pc.b.example (user [198.51.100.7]) by atlas1.aol.mail.ne1.yahoo.com (Yahoo Inc. Hermes SMTP "
	"Server) with ESMTPA ID 0a" D,
	"from [127.0.0.1] (unknown [198.51.100.7])\n\tby smtp5 (Coremail) with SMTP id GdxpCgA3x7" D,
	"from user$163.com ( [198.51.100.7] ) by ajax-webmail-wmsvr12 (Coremail) ; Tue, 5 Mar 2024 "
	  "17:59:59 "
	"+0800 (CST)",
	"from m.b.example (m.b.example [198.51.100.7]) by mx.yandex.net (mxback/Yandex) with ESMTPS id "
	  "ab1" D,
	"from m.b.example ([0.0.0.0]) by gw.c.example with SMTP; 05 Mar 2024 10:59:29 +0100",
	"from m.b.example (m.b.example [64:ff9b::c633:6407]) by mx.c.example (Postfix) with ESMTP id 4Tp" D,
	"from m.b.example (m.b.example [198.51.100.7]) by box.c.example with ESMTP id 1; Thu, 01 Jan 1970 "
	"00:00:11 +0000",
	"from DOM-MTA by gw.c.example with Novell_GroupWise" D,
	"from pc by mail.c.example with SMTP id 012345678901234567890" D,
	"from m.b.example ([198.51.100.7]) by mail.c.example (8.17.1.9/8.17.1.9/Debian-2) with ESMTPS id "
	"425AxxHk012345-425AxxHm012345" D,
	"from m.b.example (m.b.example [198.51.100.7]) by mx.c.example (Haraka/3.0.2) with ESMTPS id "
	"0AB1-4.1 envelope-from <a%b@x>" D,
	"from pc (HELO pc) (198.51.100.7) by host-12.c.t-online.de with SMTP; 5 Mar 2024 09:59:31 -0000",
	"from x.c.example (10.0.0.1) by BJXPR01MB0001.CHNPR01.prod.partner.outlook.cn (10.0.0.2) with "
	"Microsoft SMTP Server (version=TLS1_2) id 15.20.1" D,
	"from h (10.1.1.1) by h.c.example ({3F2504E0-4F89-11D3-9A0C-0305E82C3301}) with SMTP id 12" D,
	/* what providers run beside their mail: appliances, offices, build servers, old gateways */
	"from lb1.amazon.com (HELO relay.amazon.com) ([10.43.8.2]) by smtp-border-fw-6001.iad6.amazon.com "
	"with ESMTP/TLS/DHE-RSA-AES256-SHA; 05 Mar 2024 09:59:59 +0000",
	"from m.b.example ([198.51.100.7]) by alpmlip12.prodigy.net with ESMTP; 05 Mar 2024 04:59:58 -0500",
	"by linux.microsoft.com (Postfix, from userid 1134) id 1A2B3C4D5E6F" D,
	"by foo.mtv.corp.google.com (Postfix, from userid 12345) id 1A2B3C4D5E" D,
	"from foo.corp.google.com (foo.corp.google.com [172.31.1.1]) by hpaq1.eem.corp.google.com with ESMTP "
	"id o259xwPQ012345" D,
	"by mail.microsoft.com with Internet Mail Service (5.5.2653.19) id <GABC>" D,
	"from zimbra.free.fr (LHLO zimbra.free.fr) (10.0.0.1) by zimbra.free.fr with LMTP" D,
	"from 198.51.100.7  (EHLO m.b.example) (198.51.100.7) by mtaiw-aba04.mx.aol.com with SMTPS" D,
	"from [172.16.1.1] (joe@198.51.100.7 with plain [98.1.1.1]) by smtp123.mail.ne1.yahoo.com with "
	"SMTP; 05 Mar 2024 01:59:58 -0800 PST",
	"from c.example (c.example [198.51.100.7]) by mx.c.example (Postfix) with ESMTP id 4Tp for "
	"<a%b@c.example>; 5 Mar 2024 09:59:59 +0000 (Tue, 5 Mar 2024 10:59:59 +0100)",
};

static const struct {
	const char *line;
	enum trace_reason reason;
} invented[] = {
	/* a date in another's place */
	{ "from b.example (Tue, 05 Mar 2024 09:59:58 +0000) by mx.c.example with ESMTP id 12" D,
	  WHY_FORGED_DATE_PLACE },
	{ "from b.example ([Tue, 05 Mar 2024 09:59:58 +0000]) by mx.c.example (Postfix) with ESMTP id 12" D,
	  WHY_FORGED_DATE_PLACE },
	{ "from b.example (b.example [05 Mar 2024 09:59:58 GMT]) by mx.c.example (Postfix) with ESMTP id 1"
	  D, WHY_FORGED_DATE_PLACE },
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example (Tue, 5 Mar 2024 09:59:58 +0000) with "
	  "ESMTP id 1" D, WHY_FORGED_DATE_PLACE },
	{ "from b.example (b.example [198.51.100.7]) by Tue, 5 Mar 2024 09:59:58 +0000 with ESMTP id 1" D,
	  WHY_FORGED_DATE_PLACE },
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example with ESMTP (Tue, 5 Mar 2024 09:59:58 "
	  "+0000) id 1" D, WHY_FORGED_DATE_PLACE },
	{ "from b.example ([2024-03-05 09:59:58]) by mx.c.example with ESMTP id 12" D,
	  WHY_FORGED_DATE_PLACE },
	{ "from b.example (05/03/2024 09:59:58) by mx.c.example with ESMTP id 12" D,
	  WHY_FORGED_DATE_PLACE },
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example with ESMTP id 1 for Tue, 5 Mar 2024 "
	  "09:59:58 +0000" D, WHY_FORGED_DATE_PLACE },
	/* a placeholder */
	{ "from b.example ([%RND_IP%]) by mx.c.example with ESMTP id 12" D, WHY_FORGED_PLACEHOLDER },
	{ "from b.example ({ip}) by mx.c.example with ESMTP id 12" D, WHY_FORGED_PLACEHOLDER },
	{ "from b.example (unknown [$IP]) by mx.c.example (Postfix) with ESMTP id 12" D,
	  WHY_FORGED_PLACEHOLDER },
	{ "from b.example (b.example [198.51.100.7]) by %HOSTNAME% (Postfix) with ESMTP id 12" D,
	  WHY_FORGED_PLACEHOLDER },
	{ "from b.example (b.example [198.51.100.7]) by mail.{domain} with ESMTP id 12" D,
	  WHY_FORGED_PLACEHOLDER },
	{ "from b.example (b.example [198.51.100.7]) by ${HOST} with ESMTP id 12" D,
	  WHY_FORGED_PLACEHOLDER },
	{ "from b.example (%RNDHOST [198.51.100.7]) by mx.c.example with ESMTP id 12" D,
	  WHY_FORGED_PLACEHOLDER },
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example with ESMTP id %RNDDIGIT10" D,
	  WHY_FORGED_PLACEHOLDER },
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example with {{proto}} id 12" D,
	  WHY_FORGED_PLACEHOLDER },
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example with ESMTP id 12; %CURRENT_DATE_TIME",
	  WHY_FORGED_PLACEHOLDER },
	{ "from b.example ([[IP]]) by mx.c.example with ESMTP id 12" D, WHY_FORGED_PLACEHOLDER },
	{ "from b.example (unknown [@IP@]) by mx.c.example with ESMTP id 12" D, WHY_FORGED_PLACEHOLDER },
	{ "from b.example ([__IP__]) by mx.c.example with ESMTP id 12" D, WHY_FORGED_PLACEHOLDER },
	{ "from b.example ([rnd_ip]) by mx.c.example with ESMTP id 12" D, WHY_FORGED_PLACEHOLDER },
	{ "from b.example (b.example [198.51.{d}.7]) by mx.c.example with ESMTP id 12" D,
	  WHY_FORGED_PLACEHOLDER },
	{ "from b.example (b.example [198.51.100.7]) by [DOMAIN] with ESMTP id 12" D,
	  WHY_FORGED_PLACEHOLDER },
	{ "from b.example (b.example [198.51.100.7]) by <%= host %> with ESMTP id 12" D,
	  WHY_FORGED_PLACEHOLDER },
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example with ESMTP id [RNDNUM]" D,
	  WHY_FORGED_PLACEHOLDER },
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example with ESMTP id 12 for <{EMAIL}>" D,
	  WHY_FORGED_PLACEHOLDER },
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example with ESMTP id 12; [DATE]",
	  WHY_FORGED_PLACEHOLDER },
	/* what is no address, no day, no hour */
	{ "from b.example (b.example [1.2.3]) by mx.c.example with ESMTP id 12" D, WHY_FORGED_ADDRESS },
	{ "from b.example (b.example [IPv6:12345::1]) by mx.c.example (Postfix) with ESMTP id 12" D,
	  WHY_FORGED_ADDRESS },
	{ "from b.example (b.example [2001:db8::g]) by mx.c.example with ESMTP id 12" D,
	  WHY_FORGED_ADDRESS },
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example with ESMTP id 12; Tue, 35 Mar 2024 "
	  "09:59:59 +0000", WHY_FORGED_DATE },
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example with ESMTP id 12; Tue, 5 Mar 2024 "
	  "29:59:59 +0000", WHY_FORGED_DATE },
	{ "from b.example (b.example [198.51.100.7]) by #HOST# with ESMTP id 12" D,
	  WHY_FORGED_PLACEHOLDER },
	/* protocols */
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example with ASMTP id 12" D,
	  WHY_FORGED_PROTOCOL },
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example (Postfix) with ASMTP id 4TpxYz" D,
	  WHY_FORGED_PROTOCOL },
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example (8.12.8/8.12.8) with QSMTP id 12" D,
	  WHY_FORGED_PROTOCOL },
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example with NSMTP" D, WHY_FORGED_PROTOCOL },
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example with ESMPT id 12" D,
	  WHY_FORGED_PROTOCOL },
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example with QMQP" D, WHY_FORGED_PROTOCOL },
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example with ESMTPX id 12" D,
	  WHY_FORGED_PROTOCOL },
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example with SMTPP id 12" D,
	  WHY_FORGED_PROTOCOL },
	{ "from b.example (b.example [198.51.100.7]) by mx.c.example with asmtp" D, WHY_FORGED_PROTOCOL },
	/* one mailer's spelling in another's form; a program's front */
	{ "from unknown (198.51.100.7) by n7.c.example with smtp; 5 Mar 2024 09:39:40 +0400",
	  WHY_FORGED_FORMAT },
	{ "from unknown (HELO rly.c.example) (198.51.100.7) by n7.c.example with esmtp; 5 Mar 2024 "
	  "09:39:40 " "-0000", WHY_FORGED_FORMAT },
	{ "from ibm by tpts6.c.example with SMTP id Coqi8JzGgIbveZ0yUtpPXbiodmwyD" D, WHY_FORGED_FORMAT },
	{ "from [198.51.100.7] by mail.c.example with SMTP; Mar, 05 2024 5:04:41 AM +0400",
	  WHY_FORGED_FORMAT },
	{ "from b.example ([198.51.100.7]) by mx.google.com with ESMTP; 05 Mar 2024 04:59:58 -0500",
	  WHY_FORGED_PROVIDER },
	{ "from v (v.example [0.7.1.9]) by mx.c.example (Postfix) with ESMTP id 12" D,
	  WHY_FORGED_UNASSIGNED },
	{ "from v (v.example [198.51.100.7]) by mx.c.example with ESMTP id 12; Tue, 5 Mar 0102 "
	  "09:59:59 +0000", WHY_FORGED_DATE },
};

static void trace_line(struct trace *t, const char *line, struct buf *message)
{
	buf_clear(message);
	buf_printf(message, ABOVE "Received: %s\nSubject: x\n\n", line);
	trace_message(t, buf_str(message), &border);
	assert_int_equal(t->hop_count, 2);
}

static void test_genuine(void **state)
{
	(void)state;
	struct trace t = { 0 };
	struct buf message = { 0 };
	for (size_t i = 0; i < sizeof(genuine) / sizeof(genuine[0]); i++) {
		trace_line(&t, genuine[i], &message);
		CHECK_ROW(genuine[i], t.hops[1].zone != TRACE_FORGED);
	}
	buf_fini(&message);
	trace_fini(&t);
}

static bool has_reason(const struct trace_whys *whys, enum trace_reason reason)
{
	for (unsigned i = 0; i < whys->n; i++)
		if (whys->v[i].reason == (uint8_t)reason)
			return true;
	return false;
}

static void test_invented(void **state)
{
	(void)state;
	struct trace t = { 0 };
	struct buf message = { 0 };
	for (size_t i = 0; i < sizeof(invented) / sizeof(invented[0]); i++) {
		trace_line(&t, invented[i].line, &message);
		CHECK_ROW(invented[i].line, t.hops[1].zone == TRACE_FORGED);
		CHECK_ROW(invented[i].line, has_reason(&t.hops[1].why, invented[i].reason));
	}
	buf_fini(&message);
	trace_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_genuine), cmocka_unit_test(test_invented),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
