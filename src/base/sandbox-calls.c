/* SPDX-License-Identifier: ISC
 *
 * The system calls of a role: a list of what the house and its libraries use. What is not
 * here fails with EPERM: exec, fork, listen (sockets come bound and listening), ptrace,
 * mount, namespaces, bpf, keyctl and whatever the kernel learns next.
 *
 * A call that is harmless with some arguments only has a row for each shape that is allowed.
 * All 64 bits of an argument are compared, so what the kernel would cut off cannot hide
 * anything. Memory cannot be looked at: a socket's address, say, is allowed or not at all.
 */
#include "base/sandbox-private.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const char *const plain_calls[] = {
	/* files */
	"read", "write", "readv", "writev", "pread64", "pwrite64", "close", "lseek",
	"open", "openat", "stat", "fstat", "lstat", "newfstatat", "statx", "access", "faccessat",
	"faccessat2", "readlink", "readlinkat", "getdents64", "getcwd", "flock",
	"ftruncate", "fallocate", "fsync", "fdatasync", "unlink", "unlinkat", "rename",
	"renameat", "mkdir", "mkdirat", "fchmod", "dup",
	/* memory; mmap and mprotect have rows of their own */
	"munmap", "mremap", "madvise", "brk",
	/* waiting and time */
	"poll", "ppoll", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2",
	"timerfd_settime", "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep",
	"gettimeofday", "time", "restart_syscall",
	/* sockets that are there; what makes or sends has rows of its own */
	"recvfrom", "getsockname", "getpeername", "getsockopt",
	/* the process itself */
	"exit", "exit_group", "getpid", "getppid", "gettid", "getuid", "geteuid", "getgid",
	"getegid", "getresuid", "getresgid", "getrandom", "rt_sigaction", "rt_sigprocmask",
	"rt_sigreturn", "rt_sigpending", "sigaltstack", "futex", "sched_yield",
	"sched_getaffinity", "sysinfo", "getrlimit", "getrusage",
};

/* Beyond the bits of enum sandbox_socket. */
enum { NEEDS_THREAD = 1u << 16 };

/* What pthread_create() asks for: a thread that shares all with its process. Nothing of it can be
 * left out or added, so no process comes of it. */
#define THREAD_FLAGS \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
	 CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

/* A call, and what must hold of its arguments. */
struct shape {
	const char *call;
	unsigned needs;                  /* a bit that the sandbox must have, or 0: for all */
	unsigned n;
	struct scmp_arg_cmp when[3];
};

#define IS(argument, value) { argument, SCMP_CMP_EQ, (scmp_datum_t)(value), 0 }
#define ONLY_BITS(argument, bits) \
	{ argument, SCMP_CMP_MASKED_EQ, ~(scmp_datum_t)(bits), 0 }
#define WITHOUT_BITS(argument, bits) { argument, SCMP_CMP_MASKED_EQ, (scmp_datum_t)(bits), 0 }
#define IS_BUT_FOR_BITS(argument, value, bits) \
	{ argument, SCMP_CMP_MASKED_EQ, ~(scmp_datum_t)(bits), (scmp_datum_t)(value) }
#define SETSOCKOPT(needs, level, name) { "setsockopt", needs, 2, { IS(1, level), IS(2, name) } }
#define SOCKET(family, type, needs) \
	{ "socket", needs, 3, \
	  { IS(0, family), IS_BUT_FOR_BITS(1, type, SOCK_NONBLOCK | SOCK_CLOEXEC), IS(2, 0) } }

static const struct shape shapes[] = {
	/* Nobody is to be signalled when something happens at a descriptor: no F_SETOWN, no
	 * F_SETSIG, no O_ASYNC, and no ioctl(2) that does the same. */
	{ "fcntl", 0, 1, { IS(1, F_GETFD) } },
	{ "fcntl", 0, 1, { IS(1, F_SETFD) } },
	{ "fcntl", 0, 1, { IS(1, F_GETFL) } },
	{ "fcntl", 0, 2, { IS(1, F_SETFL), WITHOUT_BITS(2, O_ASYNC) } },
	{ "fcntl", 0, 1, { IS(1, F_GETLK) } },
	{ "fcntl", 0, 1, { IS(1, F_SETLK) } },
	{ "fcntl", 0, 1, { IS(1, F_SETLKW) } },
	{ "ioctl", 0, 1, { IS(1, TCGETS) } },
	/* Its flags can make a device. */
	{ "renameat2", 0, 1, { IS(4, 0) } },
	/* All code is there when the sandbox is entered. */
	{ "mmap", 0, 1, { ONLY_BITS(2, PROT_READ | PROT_WRITE) } },
	{ "mprotect", 0, 1, { ONLY_BITS(2, PROT_READ | PROT_WRITE) } },
	/* Its own limits can be read, and nobody's be set. */
	{ "prlimit64", 0, 2, { IS(0, 0), IS(2, 0) } },
	/* To no address, so only where the socket is connected; and not MSG_FASTOPEN, which
	 * connects. */
	{ "sendto", 0, 2, { ONLY_BITS(3, MSG_NOSIGNAL | MSG_DONTWAIT | MSG_MORE), IS(4, 0) } },
	/* The other half, SHUT_RD, would end a listening socket for all who hold it. */
	{ "shutdown", 0, 1, { IS(1, SHUT_WR) } },

	{ "clone", NEEDS_THREAD, 1, { IS(0, THREAD_FLAGS) } },
	/* Each thread does these two as it begins; the C library ends the process if it cannot. */
	{ "set_robust_list", NEEDS_THREAD, 0, { { 0 } } },
	{ "rseq", NEEDS_THREAD, 1, { IS(2, 0) } },

	{ "accept", SANDBOX_ACCEPT, 0, { { 0 } } },
	{ "accept4", SANDBOX_ACCEPT, 0, { { 0 } } },
	SETSOCKOPT(SANDBOX_ACCEPT, IPPROTO_TCP, TCP_NODELAY),
	SETSOCKOPT(SANDBOX_ACCEPT, SOL_SOCKET, SO_LINGER),

	{ "recvmmsg", SANDBOX_DATAGRAMS, 0, { { 0 } } },
	{ "sendmmsg", SANDBOX_DATAGRAMS, 1, { ONLY_BITS(3, MSG_DONTWAIT) } },

	SOCKET(AF_INET, SOCK_STREAM, SANDBOX_CONNECT),
	SOCKET(AF_INET, SOCK_DGRAM, SANDBOX_CONNECT),
	SOCKET(AF_INET6, SOCK_STREAM, SANDBOX_CONNECT),
	SOCKET(AF_INET6, SOCK_DGRAM, SANDBOX_CONNECT),
	SOCKET(AF_UNIX, SOCK_STREAM, SANDBOX_CONNECT | SANDBOX_CONNECT_UNIX),
	{ "bind", SANDBOX_CONNECT, 0, { { 0 } } },
	{ "connect", SANDBOX_CONNECT, 0, { { 0 } } },
	SETSOCKOPT(SANDBOX_CONNECT, IPPROTO_TCP, TCP_NODELAY),
	SETSOCKOPT(SANDBOX_CONNECT, SOL_SOCKET, SO_REUSEADDR),
	SETSOCKOPT(SANDBOX_CONNECT, SOL_SOCKET, SO_LINGER),
	SETSOCKOPT(SANDBOX_CONNECT, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT),
};

static int allow(scmp_filter_ctx ctx, const struct shape *s)
{
	int number = seccomp_syscall_resolve_name(s->call);
	/* Not every architecture has every call. */
	return number < 0 ? 0
	                  : seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, number, s->n, s->when);
}

static int allow_all(scmp_filter_ctx ctx, const struct sandbox *box)
{
	/* abort(3) signals a thread of the process itself; the others are other processes. */
	const struct shape itself = { "tgkill", 0, 1, { IS(0, getpid()) } };
	unsigned has = box->sockets | (box->thread ? NEEDS_THREAD : 0);
	int e = allow(ctx, &itself);
	for (size_t i = 0; e == 0 && i < COUNT(plain_calls); i++)
		e = allow(ctx, &(struct shape){ .call = plain_calls[i] });
	for (size_t i = 0; e == 0 && i < COUNT(shapes); i++)
		if ((shapes[i].needs & ~has) == 0)
			e = allow(ctx, &shapes[i]);
	/* Its arguments are in memory, where the filter cannot look. "No such call" makes the C
	 * library take clone(2). */
	if (e == 0 && box->thread)
		e = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return e;
}

int sandbox_limit_calls(const struct sandbox *box, struct buf *message)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	assert(ctx);
	/* A tree, not a list: some of these are called for each datagram. */
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	/* The calls of another architecture end the process, not the one thread that tries. */
	int e = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (e == 0)
		e = allow_all(ctx, box);
	if (e == 0)
		e = seccomp_load(ctx);
	seccomp_release(ctx);
	if (e == 0)
		return ERR_OK;
	buf_printf(message, "system call filter: %s", strerror(-e));
	return ERR_DENIED;
}
