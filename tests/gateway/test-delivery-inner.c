/* SPDX-License-Identifier: ISC
 *
 * The delivery to inner hosts: LMTP, and what a host does not offer.
 */
#include "delivery-stage.h"

#include "gateway/directory.h"

#include <stdio.h>

/* What an inner host offers is noted for each domain that it was sent a message of. */
static void test_notes_offers(void **state)
{
	struct stage s;
	struct buf message = { 0 };
	(void)state;
	stage_init(&s);
	struct peer *p = stage_peer(&s);
	p->options.limits.message_bytes = 5000;
	stage_transport(&s, "ours.example", "smtp", p);
	stage_transport(&s, "foreign.example", "smtp", p);
	s.config.auth = (char *)"accounts";
	const struct directory_setup setup = { .config = &s.config };
	assert_int_equal(directory_create(&setup, &s.directory, &message), ERR_OK);
	stage_begin(&s);
	const int64_t now_ms = loop_now_ms(s.loop);
	stage_mail(&s, "a@b.example", "c@foreign.example c@ours.example");
	stage_run_out(&s);
	const struct gateway_offer offer = directory_offer(s.directory, "ours.example", now_ms);
	assert_true(offer.known && !offer.utf8 && offer.size_max == 5000);
	assert_false(directory_offer(s.directory, "foreign.example", now_ms).known);
	stage_fini(&s);
	directory_destroy(s.directory);
	buf_fini(&message);
}

static void test_lmtp(void **state)
{
	struct stage s;
	(void)state;
	stage_init(&s);
	struct peer *p = stage_peer(&s);
	p->options.lmtp = true;
	stage_transport(&s, "ours.example", "lmtp", p);
	stage_begin(&s);
	stage_mail(&s, "a@b.example", "c@ours.example 550-d@ours.example e@ours.example");
	stage_run_out(&s);
	stage_expect(&s, "c@ours.example: delivered 2.0.0 relayed [127.0.0.11]|250 2.0.0 even");
	stage_expect(&s, "550-d@ours.example: failed");
	stage_expect(&s, "e@ours.example: delivered 2.0.0 relayed [127.0.0.11]|250 2.0.0 odd");
	stage_fini(&s);
}

/* SMTPUTF8 is not offered: only what needs it fails. A size that is too large is not even said. */
static void test_not_offered(void **state)
{
	static const struct {
		const char *from, *text, *first, *second;
		bool utf8;
		unsigned size;
	} rows[] = {
		{ "a@b.example", "X: y\r\n\r\n\xc3\xa4\r\n", "delivered", "failed 5.6.7", true, 0 },
		{ "\xc3\xa4@b.example", "X: y\r\n\r\n", "failed 5.6.7", "failed 5.6.7", true, 0 },
		{ "a@b.example", "X: \xc3\xa4\r\n\r\n", "failed 5.6.7", "failed 5.6.7", true, 0 },
		{ "a@b.example", "X: y\r\n\r\n0123456789\r\n", "failed 5.3.4", "failed 5.3.4",
		  false, 10 },
		{ "a@b@c", "X: y\r\n\r\n", "failed 5.1.7", "failed 5.1.7", false, 0 },
		/* Not said to be in UTF-8, and so no address. */
		{ "a@b.example", "X: y\r\n\r\n", "delivered", "failed 5.1.3", false, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct stage s;
		char expected[64];
		stage_init(&s);
		struct peer *p = stage_peer(&s);
		stage_transport(&s, "example.com", "smtp", p);
		p->options.limits.message_bytes = rows[i].size;
		s.text = rows[i].text;
		s.utf8 = rows[i].utf8;
		stage_begin(&s);
		stage_mail(&s, rows[i].from, "c@example.com \xc3\xa4@example.com");
		stage_run_out(&s);
		snprintf(expected, sizeof(expected), "c@example.com: %s", rows[i].first);
		stage_expect(&s, expected);
		snprintf(expected, sizeof(expected), "\xc3\xa4@example.com: %s", rows[i].second);
		stage_expect(&s, expected);
		stage_fini(&s);
	}
}

/* A server that offers DSN promises the notification. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notes_offers), cmocka_unit_test(test_lmtp),
		cmocka_unit_test(test_not_offered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
