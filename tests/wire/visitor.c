/* SPDX-License-Identifier: ISC
 *
 * The client of a server under test, with sockets that block.
 */
#include "visitor.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REPLIES_BYTES = 16384 };

void visitor_must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "visitor: %s\n", what);
	_exit(1);
}

void visitor_connect(struct visitor *v, uint16_t port)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port),
	                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	*v = (struct visitor){ .fd = socket(AF_INET, SOCK_STREAM, 0) };
	visitor_must(connect(v->fd, (const struct sockaddr *)&to, sizeof(to)) == 0, "connect");
}

void visitor_put(struct visitor *v, const char *bytes, size_t n)
{
	ssize_t done = v->ssl ? SSL_write(v->ssl, bytes, (int)n) : write(v->fd, bytes, n);
	visitor_must(done == (ssize_t)n, "write");
}

void visitor_say(struct visitor *v, const char *bytes)
{
	visitor_put(v, bytes, strlen(bytes));
}

static ssize_t take(struct visitor *v, char *dst, size_t room)
{
	return v->ssl ? SSL_read(v->ssl, dst, (int)room) : read(v->fd, dst, room);
}

/* What is read is whole replies, or the rest of one: the last line tells. */
void visitor_hear(struct visitor *v, const char *code)
{
	static char text[REPLIES_BYTES];
	size_t n = 0;
	for (;;) {
		ssize_t got = take(v, text + n, sizeof(text) - 1 - n);
		visitor_must(got > 0, code);
		n += (size_t)got;
		text[n] = '\0';
		const char *last = text;
		for (const char *p = text; (p = strchr(p, '\n')) && p[1];)
			last = ++p;
		if (text[n - 1] == '\n' && strncmp(last, code, 3) == 0 && last[3] == ' ')
			return;
	}
}

void visitor_secure(struct visitor *v)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	v->ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	SSL_set_fd(v->ssl, v->fd);
	visitor_must(SSL_connect(v->ssl) == 1, "handshake");
}

void visitor_starttls(struct visitor *v)
{
	visitor_say(v, "STARTTLS\r\n");
	visitor_hear(v, "220");
	visitor_secure(v);
	visitor_say(v, "EHLO c.test\r\n");
	visitor_hear(v, "250");
}

size_t visitor_drain(struct visitor *v)
{
	char bytes[4096];
	size_t n = 0;
	ssize_t got;
	while ((got = take(v, bytes, sizeof(bytes))) > 0)
		n += (size_t)got;
	return n;
}
