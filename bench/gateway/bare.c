/* SPDX-License-Identifier: ISC
 *
 * The least that a refused session can cost: a mail server which says the gateway's six replies
 * to whatever it is told, with no system call more than that takes. What is above it is ours, what
 * is not is the kernel's: over a virtual wire who sends also pays for what the receiver's half of
 * the kernel does with it.
 *
 *     bare ADDRESS          listens at port 25 of that IPv4 address
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 64, ACCEPTS = 32, BACKLOG = 512 };

static void say(int fd, const char *text, int flags)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT | flags) < 0)
		return;                  /* the client has gone, which the next read says */
}

static int listen_at(const char *address)
{
	const int one = 1;
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(25) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0 || inet_pton(AF_INET, address, &at.sin_addr) != 1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, BACKLOG) != 0)
		return -1;
	return fd;
}

static void watch(int epoll, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data = { .fd = fd } };
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) != 0)
		close(fd);
}

static void greet_all(int epoll, int listening)
{
	for (int i = 0; i < ACCEPTS; i++) {
		struct sockaddr_in peer;
		socklen_t n = sizeof(peer);
		int fd = accept4(listening, (struct sockaddr *)&peer, &n, SOCK_NONBLOCK);
		if (fd < 0)
			return;
		watch(epoll, fd);
		say(fd, "220 bare.example ESMTP\r\n", 0);
	}
}

static void answer(int fd)
{
	char line[4096];
	if (recv(fd, line, sizeof(line), 0) <= 0) {
		close(fd);
	} else if (line[0] == 'H') {
		say(fd, "250 bare.example\r\n", 0);
	} else if (line[0] == 'M') {
		say(fd, "250 2.1.0 Ok\r\n", 0);
	} else if (line[0] == 'R' && line[1] == 'C') {
		say(fd, "550 5.7.1 Relaying denied\r\n", 0);
	} else if (line[0] == 'R') {
		say(fd, "250 2.0.0 Forgotten\r\n", 0);
	} else {
		say(fd, "221 2.0.0 Bye\r\n", MSG_MORE);    /* in one packet with the end */
		close(fd);
	}
}

int main(int argc, char **argv)
{
	int listening = argc == 2 ? listen_at(argv[1]) : -1, epoll = epoll_create1(0);
	struct epoll_event events[EVENTS];
	if (listening < 0 || epoll < 0) {
		fputs("bare: expected an IPv4 address whose port 25 is free\n", stderr);
		return 1;
	}
	watch(epoll, listening);
	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, -1);
		for (int i = 0; i < n; i++)
			if (events[i].data.fd == listening)
				greet_all(epoll, listening);
			else
				answer(events[i].data.fd);
	}
}
