/* SPDX-License-Identifier: ISC
 *
 * The process that answers. A client takes an answer only from the address that it asked, and any
 * may be asked: each answer leaves from where its query came to.
 */
#include "closed/names.h"

#include "base/err.h"
#include "base/sandbox.h"
#include "base/stream.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { PORT = 53, QUERY_MAX = 4096, CONTROL_MAX = 256 };

static void answer_one(int fd, const struct closed_names *names)
{
	static uint8_t query[QUERY_MAX], answer[CLOSED_ANSWER_MAX];
	static char control[CONTROL_MAX];
	struct sockaddr_storage peer;
	struct iovec bytes = { query, sizeof(query) };
	/* The calls for many datagrams: the sandbox has no others. */
	struct mmsghdr one = { .msg_hdr = {
		.msg_name = &peer, .msg_namelen = sizeof(peer), .msg_iov = &bytes, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	} };
	struct msghdr *h = &one.msg_hdr;
	if (recvmmsg(fd, &one, 1, MSG_DONTWAIT, NULL) != 1 ||
	    h->msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return;
	size_t m = closed_names_answer(names, (struct str){ (const char *)query, one.msg_len },
	                               answer);
	if (m == 0)
		return;
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	if (c && c->cmsg_type == IP_PKTINFO && c->cmsg_level == IPPROTO_IP) {
		struct in_pktinfo info;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		/* What the packet was sent to, not what the kernel would answer from. */
		info.ipi_spec_dst = info.ipi_addr;
		info.ipi_ifindex = 0;
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
	bytes = (struct iovec){ answer, m };
	h->msg_flags = 0;
	sendmmsg(fd, &one, 1, 0);
}

static int socket_open(int family)
{
	const struct endpoint at = { { .family = (uint8_t)family }, PORT };
	const int yes = 1;
	int fd = stream_bind_udp(&at);
	if (fd >= 0 && setsockopt(fd, family == 4 ? IPPROTO_IP : IPPROTO_IPV6,
	                          family == 4 ? IP_PKTINFO : IPV6_RECVPKTINFO, &yes,
	                          sizeof(yes)) != 0) {
		close(fd);
		return ERR_IO;
	}
	return fd;
}

static _Noreturn void serve_names(const struct closed_names *names, int four, int six)
{
	static const struct sandbox box = { .user = "nobody", .sockets = SANDBOX_DATAGRAMS };
	struct buf message = { 0 };
	struct pollfd wait[] = { { four, POLLIN, 0 }, { six, POLLIN, 0 } };
	/* With process 1 of the room it ends in any case. */
	if (sandbox_enter(&box, &message) != ERR_OK)
		_exit(1);
	for (;;) {
		if (poll(wait, 2, -1) <= 0)
			continue;
		for (size_t i = 0; i < 2; i++)
			if (wait[i].revents)
				answer_one(wait[i].fd, names);
	}
}

int closed_names_serve(const struct closed_names *names)
{
	int four = socket_open(4), six = socket_open(6);
	/* Where there is no IPv6, there is no socket of it. */
	pid_t pid = four < 0 ? -1 : fork();
	if (pid == 0) {
		for (int fd = 3; fd < 64; fd++)
			if (fd != four && fd != six)
				close(fd);
		serve_names(names, four, six);
	}
	if (four >= 0)
		close(four);
	if (six >= 0)
		close(six);
	return four < 0 ? four : pid < 0 ? ERR_IO : ERR_OK;
}
