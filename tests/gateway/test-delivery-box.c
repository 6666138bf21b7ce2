/* SPDX-License-Identifier: ISC
 *
 * Mail into Maildirs: in batches, each mail once, whatever the disk and the end of the delivery do.
 * And that end, with much that waits.
 */
#include "delivery-stage.h"

#include "base/file.h"
#include "base/mem.h"
#include "mail/maildir.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* The only mail of that mailbox. */
static void read_mail(const struct stage *s, const char *mailbox, struct buf *out)
{
	char *directory = mem_printf("%s/%s/new", s->mailboxes, mailbox);
	unsigned n = 0;
	DIR *d = opendir(directory);
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		if (e->d_name[0] == '.')
			continue;
		char *path = mem_printf("%s/%s", directory, e->d_name);
		assert_int_equal(file_read(path, 1 << 20, out), ERR_OK);
		assert_int_equal(n++, 0);
		free(path);
	}
	closedir(d);
	free(directory);
}

static unsigned count_mails(const struct stage *s, const char *mailbox)
{
	char *directory = mem_printf("%s/%s/new", s->mailboxes, mailbox);
	unsigned n = 0;
	DIR *d = opendir(directory);
	for (struct dirent *e; d && (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	free(directory);
	return n;
}

static void test_maildir(void **state)
{
	struct stage s;
	struct buf mail = { 0 };
	(void)state;
	stage_init(&s);
	stage_mailboxes(&s);
	stage_begin(&s);
	stage_mail(&s, "a@b.example", "Ann@ours.example bob@OURS.example ../x@ours.example");
	stage_run_out(&s);
	stage_expect(&s, "Ann@ours.example: delivered 2.0.0 relayed |in the mailbox");
	stage_expect(&s, "bob@OURS.example: delivered");
	stage_expect(&s, "../x@ours.example: failed 5.1");
	assert_int_equal(s.texts_read, 1);
	read_mail(&s, "ours.example/ann", &mail);
	assert_string_equal(buf_cstr(&mail), "Return-Path: <a@b.example>\n"
	                    "Delivered-To: Ann@ours.example\nSubject: x\n\n.dots\n");
	buf_fini(&mail);
	/* The same once more, as after a crash: it is there already. */
	gateway_delivery_destroy(s.delivery);
	s.delivery = gateway_delivery_create(&s.setup);
	gateway_delivery_queue(s.delivery, (struct gateway_queue *)&s);
	s.messages[0]->rcpt[0].state = GATEWAY_TRYING;
	s.due++;
	gateway_delivery_due(s.delivery, &s.messages[0]->rcpt[0]);
	stage_run_out(&s);
	read_mail(&s, "ours.example/ann", &mail);
	buf_fini(&mail);
	stage_fini(&s);
}

static void test_maildir_trouble(void **state)
{
	struct stage s;
	char path[300];
	(void)state;
	stage_init(&s);
	stage_mailboxes(&s);
	s.text = "X: y\r\nDelivered-To: ann@OURS.example\r\n\r\n";
	stage_begin(&s);
	/* A file where the Maildir should be. */
	snprintf(path, sizeof(path), "%s/ours.example", s.mailboxes);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/ours.example/bob", s.mailboxes);
	assert_int_equal(file_write(path, STR("x"), 0600), ERR_OK);
	stage_mail(&s, "a@b.example", "ann@ours.example bob@ours.example eve@ours.example");
	stage_run_out(&s);
	stage_expect(&s, "ann@ours.example: failed 5.4.6");
	stage_expect(&s, "bob@ours.example: deferred 4.3.0 |the mailbox cannot be written to");
	stage_expect(&s, "eve@ours.example: delivered");
	stage_fini(&s);
}

static void test_many_maildirs(void **state)
{
	struct stage s;
	(void)state;
	stage_init(&s);
	stage_mailboxes(&s);
	stage_begin(&s);
	for (int i = 0; i < 200; i++)
		stage_mail(&s, "a@b.example", i % 2 ? "ann@ours.example"
		                                    : "bob@ours.example eve@ours.example");
	stage_run_out(&s);
	assert_int_equal(s.delivered, 300);
	/* The delivery ends while a batch is written. */
	stage_mail(&s, "a@b.example", "ann@ours.example");
	loop_run_once(s.loop, 0);
	stage_fini(&s);
}

/* With much that waits: what is in a mailbox is settled, the rest is given back, no more begun. */
static void test_drain(void **state)
{
	struct stage s;
	(void)state;
	stage_init(&s);
	stage_mailboxes(&s);
	stage_begin(&s);
	for (int i = 0; i < 500; i++)
		stage_mail(&s, "a@b.example", "ann@ours.example");
	loop_run_once(s.loop, 0);
	assert_true(gateway_delivery_is_busy(s.delivery));
	gateway_delivery_drain(s.delivery);
	for (int i = 0; i < TURNS_MAX && gateway_delivery_is_busy(s.delivery); i++)
		loop_run_once(s.loop, 1000);
	assert_false(gateway_delivery_is_busy(s.delivery));
	assert_true(s.settled <= MAILDIR_AT_ONCE_MAX);
	stage_mail(&s, "a@b.example", "bob@ours.example");
	loop_run_once(s.loop, 0);
	assert_false(gateway_delivery_is_busy(s.delivery));
	assert_int_equal(count_mails(&s, "ours.example/ann"), s.settled);
	gateway_delivery_destroy(s.delivery);
	s.delivery = NULL;
	assert_int_equal(s.settled + s.given_back, 501);
	assert_null(strstr(buf_cstr(&s.outcomes), "deferred"));
	stage_fini(&s);
}

/* A server that has a message, and has not answered yet, gets to; the next message is not begun. */
static void test_drain_sessions(void **state)
{
	struct stage s;
	unsigned texts = 0;
	(void)state;
	stage_init(&s);
	struct peer *p = stage_peer(&s);
	stage_transport(&s, "example.com", "smtp", p);
	p->holds = true;
	stage_begin(&s);
	for (int i = 0; i < 20; i++)
		stage_mail(&s, "a@b.example", "c@example.com");
	for (int i = 0; i < TURNS_MAX && !strstr(buf_cstr(&p->log), "TEXT"); i++)
		loop_run_once(s.loop, 100);
	gateway_delivery_drain(s.delivery);
	assert_true(gateway_delivery_is_busy(s.delivery));
	assert_int_equal(s.settled, 0);
	p->holds = false;
	peer_release(p);
	for (int i = 0; i < TURNS_MAX && gateway_delivery_is_busy(s.delivery); i++)
		loop_run_once(s.loop, 100);
	for (const char *at = buf_cstr(&p->log); (at = strstr(at, "TEXT")); at++)
		texts++;
	assert_int_equal(s.settled, texts);
	assert_in_range(texts, 1, 2);
	gateway_delivery_destroy(s.delivery);
	s.delivery = NULL;
	assert_int_equal(s.settled + s.given_back, 20);
	stage_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_maildir), cmocka_unit_test(test_maildir_trouble),
		cmocka_unit_test(test_many_maildirs), cmocka_unit_test(test_drain),
		cmocka_unit_test(test_drain_sessions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
