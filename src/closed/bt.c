/* SPDX-License-Identifier: ISC
 *
 * A session's envelopes as lines for `sendmail -bt`, and its answers as replies. Each envelope is
 * two questions: as it is, and from the empty sender.
 */
#include "closed/bt.h"

#include "audit/trace.h"
#include "closed/server.h"

#include <assert.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { QUESTIONS_MAX = 2 * (CLOSED_ENVELOPES_MAX + 1) };

int closed_bt_find(const char *queue, const char *const *options,
                   struct closed_bt_program *program)
{
	static const char *const ask[] = { "-O", "Timeout.resolver.retrans=1s", "-O",
	                                   "Timeout.resolver.retry=1", "-bt", NULL };
	const char *path[] = { closed_server_program(closed_server_of(MTA_SENDMAIL)), NULL };
	struct stat st;
	*program = (struct closed_bt_program){ 0 };
	if (!path[0])
		return ERR_NOT_FOUND;
	program_words_add(&program->words, path);
	program_words_add(&program->words, options);
	program_words_add(&program->words, ask);
	if (geteuid() == 0 && stat(queue, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid != 0)
		program->as = (struct program_as){ st.st_uid, st.st_gid, true, true };
	return ERR_OK;
}

/* ---- questions --------------------------------------------------------------------------- */

/* A line is a command, and '$' is Sendmail's own. */
static bool is_plain(const char *text)
{
	for (const char *p = text; *p; p++)
		if (!ascii_isprint((unsigned char)*p) || *p == '$')
			return false;
	return true;
}

/* As Sendmail has it in its macro: IPv6 without "::". */
static void address_add(struct buf *out, const struct ip *ip)
{
	char text[IP_TEXT_MAX];
	if (ip->family == 4) {
		buf_add_cstr(out, ip_format(ip, text));
		return;
	}
	for (size_t i = 0; i < 16; i += 2)
		buf_printf(out, "%s%x", i ? ":" : "IPv6:", ip->b[i] << 8 | ip->b[i + 1]);
}

static void client_add(struct buf *out, const struct closed_session *s)
{
	struct buf address = { 0 }, name = { 0 };
	address_add(&address, &s->from);
	if (s->claimed_name)
		buf_add_cstr(&name, s->claimed_name);
	else
		buf_printf(&name, "[%s]", buf_cstr(&address));
	buf_printf(out, ".D{client_addr}%s\n.D{client_name}%s\n.D{client_ptr}%s\n"
	           ".D{client_resolve}%s\n.Ds%s\n.DrESMTP\n", buf_cstr(&address),
	           buf_cstr(&name), buf_cstr(&name), s->claimed_name ? "OK" : "FAIL", s->helo);
	buf_printf(out, ".D{portreeve}" AUDIT_BT_MARK "0\n${portreeve}\ncheck_relay %s $| %s\n",
	           buf_cstr(&name), buf_cstr(&address));
	buf_fini(&address);
	buf_fini(&name);
}

static void envelope_add(struct buf *out, const struct closed_envelope *e, size_t at)
{
	if (!is_plain(e->mail) || !is_plain(e->rcpt) || e->utf8)
		return;
	buf_printf(out, ".D{portreeve}" AUDIT_BT_MARK "%zu\n${portreeve}\n.Df%s\n"
	           ".D{mail_addr}%s\ncheck_mail %s\ncheck_rcpt %s\n", at, e->mail, e->mail, e->mail,
	           e->rcpt);
	buf_printf(out, ".D{portreeve}" AUDIT_BT_MARK "%zu\n${portreeve}\n.Df\n.D{mail_addr}\n"
	           "check_rcpt %s\n", at + 1, e->rcpt);
}

bool closed_bt_script(const struct closed_session *s, struct buf *script)
{
	assert(s->n <= CLOSED_ENVELOPES_MAX);
	if (!is_plain(s->helo) || (s->claimed_name && !is_plain(s->claimed_name)))
		return false;
	client_add(script, s);
	for (size_t i = 0; i < s->n; i++)
		envelope_add(script, &s->envelopes[i], 1 + 2 * i);
	if (s->control)
		envelope_add(script, s->control, 1 + 2 * s->n);
	return true;
}

/* ---- answers -------------------------------------------------------------------- */

static struct closed_reply reply_of(const struct audit_bt_said *said)
{
	struct closed_reply r = { .code = said->code };
	snprintf(r.enhanced, sizeof(r.enhanced), "%s", said->enhanced);
	snprintf(r.text, sizeof(r.text), "%s", said->text);
	return r;
}

/* "Domain of sender address does not exist", or could not be looked up. */
static bool is_by_dns(const struct audit_bt_said *said)
{
	return strcmp(said->enhanced, "5.1.8") == 0 || strcmp(said->enhanced, "4.1.8") == 0;
}

static void answer_take(const struct audit_bt_answer *a, const struct audit_bt_said *relay,
                        struct closed_answer *answer)
{
	static const struct audit_bt_said well = { .code = 250 };
	const struct audit_bt_said *mail = is_by_dns(&a[0].mail) ? &well : &a[0].mail;
	const struct audit_bt_said *rcpt = is_by_dns(&a[0].rcpt) ? &a[1].rcpt : &a[0].rcpt;
	*answer = (struct closed_answer){ 0 };
	if (relay->code != 250)
		mail = relay;
	answer->mail = reply_of(mail);
	if (mail->code == 250)
		answer->rcpt = reply_of(rcpt);
}

static bool answers_take(struct str output, struct closed_session *s)
{
	struct audit_bt_answer answers[1 + QUESTIONS_MAX];
	bool denied = audit_trace_sendmail(output, answers, 1 + QUESTIONS_MAX);
	for (size_t i = 0; i < s->n; i++)
		answer_take(&answers[1 + 2 * i], &answers[0].relay, &s->answers[i]);
	if (s->control)
		answer_take(&answers[1 + 2 * s->n], &answers[0].relay, &s->controlled);
	s->end = answers[0].relay.code ? CLOSED_ASKED : CLOSED_BROKEN;
	return !denied;
}

int closed_bt_ask(struct closed_bt_program *program, struct closed_session *s, int64_t timeout_ms)
{
	struct buf script = { 0 }, output = { 0 };
	int status = 0, e = ERR_OK;
	if (!closed_bt_script(s, &script)) {
		buf_fini(&script);
		return ERR_INVALID;
	}
	for (bool again = true; again;) {
		again = false;
		buf_clear(&output);
		e = program_run(program->words.v, &program->as, buf_str(&script), timeout_ms,
		                &output, &status);
		if (!answers_take(buf_str(&output), s)) {
			again = program->as.becomes;
			program->as = (struct program_as){ 0 };
			e = again || e != ERR_OK ? e : ERR_DENIED;
		}
	}
	buf_fini(&script);
	buf_fini(&output);
	return e;
}
