/* SPDX-License-Identifier: ISC
 *
 * Logins by Dovecot's auth socket: connected to with the rights that we were started with, spoken
 * to without them.
 */
#include "gateway/login-private.h"

#include "gateway/dovecot-auth.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static struct {
	int fd;
	struct dovecot_auth auth;
	struct buf in;                 /* what came and is no whole line yet */
	uint32_t id;                   /* of the last question */
} dovecot = { .fd = -1 };

static int send_all(struct str bytes)
{
	while (bytes.n > 0) {
		ssize_t n = send(dovecot.fd, bytes.p, bytes.n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_CLOSED;
		bytes = str_from(bytes, (size_t)n);
	}
	return ERR_OK;
}

/* The next line, which is the caller's to take off *line, end and all. */
static int next_line(struct str *line)
{
	for (;;) {
		size_t end = str_find(buf_str(&dovecot.in), '\n');
		if (end != SIZE_MAX) {
			*line = (struct str){ dovecot.in.p, end };
			return ERR_OK;
		}
		char bytes[4096];
		if (dovecot.in.n > DOVECOT_LINE_MAX)
			return ERR_LIMIT;
		ssize_t n = recv(dovecot.fd, bytes, sizeof(bytes), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_CLOSED;
		buf_add(&dovecot.in, bytes, (size_t)n);
	}
}

/* Lines up to one that `ends` names; its user's name into *result. */
static int hear(bool (*ends)(const struct dovecot_reply *), struct dovecot_reply *reply,
                struct login_result *result)
{
	for (;;) {
		struct str line;
		int e = next_line(&line);
		if (e != ERR_OK)
			return e;
		*reply = dovecot_auth_read(&dovecot.auth, line);
		bool over = ends(reply);
		if (over && result && reply->user.n <= sizeof(result->name)) {
			if (reply->user.n > 0)
				memcpy(result->name, reply->user.p, reply->user.n);
			result->name_n = (uint16_t)reply->user.n;
		} else if (over && result) {
			reply->said = DOVECOT_LATER;
		}
		reply->user = (struct str){ 0 };
		buf_consume(&dovecot.in, line.n + 1);
		if (reply->said == DOVECOT_WRONG)
			return ERR_INVALID;
		if (over)
			return ERR_OK;
	}
}

static bool is_ready(const struct dovecot_reply *reply)
{
	return reply->said == DOVECOT_READY;
}

/* An answer to an older question is none: its worker has gone. */
static bool is_answer(const struct dovecot_reply *reply)
{
	return (reply->said == DOVECOT_YES || reply->said == DOVECOT_NO ||
	        reply->said == DOVECOT_LATER) && reply->id == dovecot.id;
}

static int dovecot_connect(const char *place, int64_t timeout_s)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = timeout_s };
	if (!str_copy(address.sun_path, sizeof(address.sun_path), str_of(place)))
		return ERR_LIMIT;
	dovecot.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (dovecot.fd < 0 ||
	    setsockopt(dovecot.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 ||
	    setsockopt(dovecot.fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0 ||
	    connect(dovecot.fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return ERR_IO;
	return ERR_OK;
}

static int dovecot_open(const char *place, int64_t timeout_s, struct buf *why)
{
	struct dovecot_reply reply;
	struct buf hello = { 0 };
	int e = dovecot_connect(place, timeout_s);
	if (e != ERR_OK) {
		buf_printf(why, "%s: %s", place, e == ERR_LIMIT ? err_text(e) : strerror(errno));
		return e;
	}
	dovecot_auth_hello((unsigned)getpid(), &hello);
	e = send_all(buf_str(&hello));
	buf_fini(&hello);
	if (e == ERR_OK)
		e = hear(is_ready, &reply, NULL);
	if (e != ERR_OK)
		buf_printf(why, "%s: expected an auth socket of protocol 1 that offers PLAIN",
		           place);
	return e;
}

static int dovecot_ask(const struct login_job *job, struct login_result *result)
{
	struct buf question = { 0 };
	struct dovecot_reply reply;
	int e = dovecot_auth_ask(++dovecot.id, login_job_name(job), login_job_password(job),
	                         &job->peer, &question);
	if (e != ERR_OK) {
		result->answer = GATEWAY_LOGIN_NO;
		return ERR_OK;
	}
	e = send_all(buf_str(&question));
	explicit_bzero(question.p, question.cap);
	buf_fini(&question);
	if (e == ERR_OK)
		e = hear(is_answer, &reply, result);
	if (e != ERR_OK)
		return ERR_CLOSED;
	if (reply.said != DOVECOT_LATER)
		result->answer = reply.said == DOVECOT_YES ? GATEWAY_LOGIN_YES : GATEWAY_LOGIN_NO;
	return ERR_OK;
}

const struct login_backend login_dovecot = {
	.name = "dovecot", .has_place = true,
	.place_expected = "the path of an auth socket, as dovecot:/run/dovecot/auth-client",
	.rights = LOGIN_DROPS_OPENED, .open = dovecot_open, .ask = dovecot_ask,
};
