/* SPDX-License-Identifier: ISC
 *
 * The attempts, one a function, and their tables.
 */
#include "attempts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <mqueue.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define ADDRESS(at) ((const struct sockaddr *)&(at)), sizeof(at)
#define UNUSED __attribute__((unused))
/* An attempt of one expression; `w` is the world. */
#define TRY(name, expression) \
	static long name(UNUSED struct world *w) { return (long)(expression); }

/* ---- connections -------------------------------------------------------------- */

TRY(connect_new, connect(socket(AF_INET, SOCK_STREAM, 0), ADDRESS(w->tcp_peer)))
TRY(connect_spare, connect(w->spare, ADDRESS(w->tcp_peer)))
TRY(fast_sendto, sendto(w->spare, "x", 1, MSG_FASTOPEN, ADDRESS(w->tcp_peer)))
TRY(fast_sendto_high_bits, syscall(SYS_sendto, w->spare, "x", 1, 1L << 32 | MSG_FASTOPEN,
                                   &w->tcp_peer, sizeof(w->tcp_peer)))
TRY(plain_sendto, sendto(w->spare, "x", 1, 0, ADDRESS(w->tcp_peer)))

/* A listening socket that is shut down is one that can connect. */
static long end_listening(struct world *w)
{
	return fcntl(w->listening, F_SETFL, 0) | shutdown(w->listening, SHUT_RD);
}

static long connect_listening(struct world *w)
{
	long shut = end_listening(w);
	return connect(w->listening, ADDRESS(w->tcp_peer)) ? -1 : shut;
}

static long fast_listening(struct world *w)
{
	long shut = end_listening(w);
	return sendto(w->listening, "x", 1, MSG_FASTOPEN, ADDRESS(w->tcp_peer)) < 0 ? -1 : shut;
}

/* To dissolve a connection, and connect anew. */
static long connect_accepted(struct world *w)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	long gone = connect(w->accepted, &none, sizeof(none));
	return connect(w->accepted, ADDRESS(w->tcp_peer)) ? -1 : gone;
}

static struct msghdr message_to(struct sockaddr_in *to, struct iovec *iov)
{
	*iov = (struct iovec){ "x", 1 };
	return (struct msghdr){ .msg_name = to, .msg_namelen = sizeof(*to), .msg_iov = iov,
	                        .msg_iovlen = 1 };
}

static long fast_sendmsg(struct world *w)
{
	struct iovec iov;
	struct msghdr m = message_to(&w->tcp_peer, &iov);
	return sendmsg(w->spare, &m, MSG_FASTOPEN);
}

static long fast_sendmmsg(struct world *w)
{
	struct iovec iov;
	struct mmsghdr m = { .msg_hdr = message_to(&w->tcp_peer, &iov) };
	return sendmmsg(w->spare, &m, 1, MSG_FASTOPEN);
}

/* The flag inside of the message is no flag of the call. */
static long fast_in_message(struct world *w)
{
	struct iovec iov;
	struct mmsghdr m = { .msg_hdr = message_to(&w->tcp_peer, &iov) };
	m.msg_hdr.msg_flags = MSG_FASTOPEN;
	long sent = sendmmsg(w->spare, &m, 1, 0);
	/* Allowed where datagrams are answered; then the kernel says that nothing is
	 * connected. */
	if (sent < 0 && (errno == EPIPE || errno == ENOTCONN))
		errno = EPERM;
	return sent;
}

static int set_number(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

static long fast_connect(struct world *w)
{
	long set = set_number(w->spare, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
	if (connect(w->spare, ADDRESS(w->tcp_peer)) != 0)
		return -1;
	return write(w->spare, "x", 1) < 0 ? -1 : set;
}

/* ---- datagrams ------------------------------------------------------------------ */

TRY(udp_new, sendto(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, ADDRESS(w->udp_peer)))
TRY(udp_sendto, sendto(w->udp, "x", 1, 0, ADDRESS(w->udp_peer)))
TRY(udp_connect, connect(w->udp, ADDRESS(w->udp_peer)) ? -1 : write(w->udp, "x", 1))

static long udp_sendmsg(struct world *w)
{
	struct iovec iov;
	struct msghdr m = message_to(&w->udp_peer, &iov);
	return sendmsg(w->udp, &m, 0);
}

static long udp_sendmmsg(struct world *w)
{
	struct iovec iov;
	struct mmsghdr m = { .msg_hdr = message_to(&w->udp_peer, &iov) };
	return sendmmsg(w->udp, &m, 1, 0);
}

/* ---- sockets ---------------------------------------------------------------------- */

TRY(tcp4, socket(AF_INET, SOCK_STREAM, 0))
TRY(tcp6, socket(AF_INET6, SOCK_STREAM, 0))
TRY(udp4, socket(AF_INET, SOCK_DGRAM, 0))
TRY(udp6, socket(AF_INET6, SOCK_DGRAM, 0))
TRY(raw4, socket(AF_INET, SOCK_RAW, IPPROTO_TCP))
TRY(ping4, socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP))
TRY(mptcp, socket(AF_INET, SOCK_STREAM, 262))
TRY(sctp, socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP))
TRY(raw6, socket(AF_INET6, SOCK_RAW, IPPROTO_TCP))
TRY(packet, socket(AF_PACKET, SOCK_RAW, 0))
TRY(netlink, socket(AF_NETLINK, SOCK_RAW, 0))
TRY(unix_, socket(AF_UNIX, SOCK_STREAM, 0))
TRY(unix_datagrams, socket(AF_UNIX, SOCK_DGRAM, 0))
TRY(unix_pair, socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){ 0 }))
TRY(vsock, socket(AF_VSOCK, SOCK_STREAM, 0))
TRY(crypto, socket(AF_ALG, SOCK_SEQPACKET, 0))
TRY(bluetooth, socket(AF_BLUETOOTH, SOCK_STREAM, 0))
TRY(listen_spare, listen(w->spare, 1))

static long bind_spare(struct world *w)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	return bind(w->spare, ADDRESS(any));
}

TRY(fast_listen, set_number(w->listening, IPPROTO_TCP, TCP_FASTOPEN, 5))
TRY(fast_option, set_number(w->spare, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1))
TRY(repair, set_number(w->spare, IPPROTO_TCP, TCP_REPAIR, 1))
TRY(other_protocol, setsockopt(w->accepted, IPPROTO_TCP, TCP_ULP, "tls", 3))
TRY(broadcast, set_number(w->udp, SOL_SOCKET, SO_BROADCAST, 1))
TRY(transparent, set_number(w->udp, IPPROTO_IP, IP_TRANSPARENT, 1))
TRY(free_bind, set_number(w->udp, IPPROTO_IP, IP_FREEBIND, 1))
TRY(mark, set_number(w->udp, SOL_SOCKET, SO_MARK, 1))
TRY(to_device, setsockopt(w->spare, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2))

static long socket_filter(struct world *w)
{
	struct { unsigned short n; void *code; } nothing = { 0, NULL };
	return setsockopt(w->udp, SOL_SOCKET, SO_ATTACH_FILTER, &nothing, sizeof(nothing));
}

static long multicast(struct world *w)
{
	struct ip_mreqn group = { .imr_multiaddr.s_addr = htonl(0xef010203),
	                          .imr_address.s_addr = htonl(INADDR_LOOPBACK) };
	return setsockopt(w->udp, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group));
}

/* ---- other processes ---------------------------------------------------------------- */

TRY(kill_sibling, kill(w->sibling, SIGKILL))
TRY(kill_parent, kill(getppid(), 0))
TRY(tkill_sibling, syscall(SYS_tkill, w->sibling, SIGKILL))
TRY(tgkill_sibling, syscall(SYS_tgkill, w->sibling, w->sibling, SIGKILL))
TRY(tgkill_any_group, syscall(SYS_tgkill, -1, w->sibling, SIGKILL))
TRY(tgkill_parent, syscall(SYS_tgkill, getppid(), getppid(), 0))

static long queue_signal(struct world *w)
{
	siginfo_t info = { .si_signo = SIGTERM, .si_code = SI_QUEUE };
	return syscall(SYS_rt_sigqueueinfo, w->sibling, SIGTERM, &info);
}

static long queue_thread_signal(struct world *w)
{
	siginfo_t info = { .si_signo = SIGTERM, .si_code = SI_QUEUE };
	return syscall(SYS_rt_tgsigqueueinfo, w->sibling, w->sibling, SIGTERM, &info);
}

static long pidfd_signal(struct world *w)
{
	long fd = syscall(SYS_pidfd_open, w->sibling, 0);
	return fd < 0 ? fd : syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
}

/* Somebody else gets a signal when something happens at a descriptor of ours. Each step is
 * tried, also behind one that failed, and the first error counts. */
static long owned_pipe(struct world *w, int command, const void *owner)
{
	long set[] = {
		command == F_SETOWN ? fcntl(w->pipe[0], command, w->sibling)
		                    : fcntl(w->pipe[0], command, owner),
		fcntl(w->pipe[0], F_SETSIG, SIGTERM),
		fcntl(w->pipe[0], F_SETFL, O_NONBLOCK | O_ASYNC),
	};
	int first = errno;
	if (write(w->pipe[1], "x", 1) != 1)
		return -1;
	errno = first;
	return set[0] | set[1] | set[2];
}

TRY(own_by_fcntl, owned_pipe(w, F_SETOWN, NULL))
TRY(own_by_owner, owned_pipe(w, F_SETOWN_EX,
                             &(struct f_owner_ex){ F_OWNER_PID, w->sibling }))

static long own_by_ioctl(struct world *w)
{
	int pid = w->sibling, one = 1, data = 'x';
	long set[] = { ioctl(w->udp, FIOSETOWN, &pid), ioctl(w->udp, SIOCSPGRP, &pid),
	               ioctl(w->udp, FIOASYNC, &one) };
	int first = errno;
	struct sockaddr_in itself;
	socklen_t length = sizeof(itself);
	getsockname(w->udp, (struct sockaddr *)&itself, &length);
	if (sendto(w->udp, &data, 1, 0, ADDRESS(itself)) < 0)
		return -1;
	errno = first;
	return set[0] | set[1] | set[2];
}

TRY(async, fcntl(w->pipe[0], F_SETFL, O_ASYNC))
TRY(async_ioctl, ioctl(w->pipe[0], FIOASYNC, &(int){ 1 }))
TRY(set_signal, fcntl(w->pipe[0], F_SETSIG, SIGKILL))
TRY(notify, fcntl(open(".", O_RDONLY), F_NOTIFY, DN_CREATE))
TRY(lease, fcntl(w->pipe[0], F_SETLEASE, F_RDLCK))

static const struct rlimit few = { 3, 3 };
TRY(limit_sibling, prlimit(w->sibling, RLIMIT_NOFILE, &few, NULL))
TRY(limit_read, prlimit(w->sibling, RLIMIT_NOFILE, NULL, &(struct rlimit){ 0 }))
TRY(limit_itself, prlimit(0, RLIMIT_NOFILE, &few, NULL))
TRY(limit_old_way, syscall(SYS_setrlimit, RLIMIT_NOFILE, &few))
TRY(priority, setpriority(PRIO_PROCESS, (id_t)w->sibling, 19))
TRY(scheduler, sched_setscheduler(w->sibling, SCHED_BATCH, &(struct sched_param){ 0 }))
TRY(affinity, sched_setaffinity(w->sibling, sizeof(cpu_set_t), &(cpu_set_t){ { 1 } }))
TRY(trace_me, ptrace(PTRACE_TRACEME, 0, NULL, NULL))
TRY(trace_sibling, ptrace(PTRACE_SEIZE, w->sibling, NULL, NULL))

static char some_memory[16];
static struct iovec local = { some_memory, sizeof(some_memory) };
TRY(read_sibling, process_vm_readv(w->sibling, &local, 1, &local, 1, 0))
TRY(write_sibling, process_vm_writev(w->sibling, &local, 1, &local, 1, 0))
TRY(compare_sibling, syscall(SYS_kcmp, getpid(), w->sibling, 0, 0, 0))
TRY(take_descriptor, syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, w->sibling, 0), 0, 0))

static char *process_path(struct world *w, const char *file)
{
	static char path[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)w->sibling, file);
	return path;
}

TRY(memory_of_sibling, open(process_path(w, "mem"), O_RDWR))
TRY(memory_read, open(process_path(w, "mem"), O_RDONLY))
TRY(environment, open(process_path(w, "environ"), O_RDONLY))
TRY(own_memory, open("/proc/self/mem", O_RDWR))

/* The file that every role reads its settings from: its descriptor here is one to read. */
static long reopen_settings(struct world *w)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", w->settings);
	return open(path, O_RDWR);
}

/* ---- new programs and code ------------------------------------------------------------ */

static char *const words[] = { "true", NULL };
TRY(execute, execve("/bin/true", words, words + 1))
TRY(execute_at, syscall(SYS_execveat, AT_FDCWD, "/bin/true", words, words + 1, 0))

static long end_child(long pid)
{
	if (pid == 0)
		_exit(0);
	return pid;
}

TRY(fork_, end_child(fork()))
TRY(clone_, end_child(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)))
TRY(clone_3, end_child(syscall(SYS_clone3, &(struct clone_args){ .exit_signal = SIGCHLD },
                               sizeof(struct clone_args))))
#define AS_THREAD \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
	 CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
/* What a thread shares, and one thing less or more. (Those that the kernel takes would go on with
 * no stack: they are tried in a sandbox alone.) */
TRY(clone_process, end_child(syscall(SYS_clone, CLONE_FILES | CLONE_FS | SIGCHLD, 0, 0, 0, 0)))
TRY(clone_memory, end_child(syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0)))
TRY(clone_other_files, syscall(SYS_clone, AS_THREAD & ~CLONE_FILES, 0, 0, 0, 0))
TRY(clone_traced, syscall(SYS_clone, AS_THREAD | CLONE_PTRACE, 0, 0, 0, 0))
TRY(clone_user, syscall(SYS_clone, AS_THREAD | CLONE_NEWUSER, 0, 0, 0, 0))
TRY(clone_network, syscall(SYS_clone, AS_THREAD | CLONE_NEWNET, 0, 0, 0, 0))
TRY(clone_parent, syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0))
TRY(clone_high_bits, syscall(SYS_clone, 1L << 32 | AS_THREAD, 0, 0, 0, 0))
TRY(clone_signal, syscall(SYS_clone, AS_THREAD | SIGCHLD, 0, 0, 0, 0))
#ifdef SYS_vfork
TRY(vfork_old, end_child(syscall(SYS_vfork)))
#endif
TRY(clone_vfork, end_child(syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0)))
#ifdef SYS_fork
TRY(fork_old, end_child(syscall(SYS_fork)))
#endif

static void *do_nothing(void *arg) { return arg; }

static long thread(struct world *w)
{
	pthread_t t;
	errno = pthread_create(&t, NULL, do_nothing, w);
	if (errno == 0)
		errno = pthread_join(t, NULL);
	return errno ? -1 : 0;
}

static const size_t page = 4096;
TRY(code_map, mmap(NULL, page, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
TRY(code_write, mmap(NULL, page, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))

static long code_protect(struct world *w)
{
	(void)w;
	void *p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? 0 : mprotect(p, page, PROT_READ | PROT_EXEC);
}

TRY(code_key, syscall(SYS_pkey_mprotect, some_memory, page, PROT_READ | PROT_EXEC, -1))
TRY(memory_file, memfd_create("x", 0))
TRY(persona, syscall(SYS_personality, 0x0400000))

/* ---- the kernel ------------------------------------------------------------------------ */

TRY(mount_, mount("none", "/tmp", "tmpfs", 0, ""))
TRY(unmount, umount2("/proc", MNT_DETACH))
TRY(open_tree_, syscall(428, AT_FDCWD, "/", 1))
TRY(root_change, chroot("/"))
TRY(root_pivot, syscall(SYS_pivot_root, ".", "."))
TRY(unshare_user, unshare(CLONE_NEWUSER))
TRY(unshare_files, unshare(CLONE_FILES))
TRY(enter_namespace, setns(w->pipe[0], 0))
TRY(bpf_, syscall(SYS_bpf, 0, NULL, 0))
TRY(keyctl_, syscall(SYS_keyctl, 0, -3, 1))
TRY(add_key_, syscall(SYS_add_key, "user", "x", "x", 1, -2))
TRY(request_key_, syscall(SYS_request_key, "user", "x", NULL, 0))
TRY(uring, syscall(SYS_io_uring_setup, 1, (char[120]){ 0 }))
TRY(aio, syscall(SYS_io_setup, 1, &(unsigned long){ 0 }))
TRY(fault, syscall(SYS_userfaultfd, 0))
TRY(perf, syscall(SYS_perf_event_open, &(struct perf_event_attr){ .size = 64 }, 0, -1, -1, 0))
TRY(load_module, syscall(SYS_init_module, "", 0, ""))
TRY(load_kernel, syscall(SYS_kexec_load, 0, 0, NULL, 0))
TRY(set_clock, clock_settime(CLOCK_REALTIME, &(struct timespec){ 0 }))
TRY(set_name, sethostname("x", 1))
TRY(kernel_log, syscall(SYS_syslog, 3, some_memory, sizeof(some_memory)))
TRY(seccomp_, syscall(SYS_seccomp, 2, 0, &(int){ 0 }))
TRY(process_control, prctl(PR_SET_DUMPABLE, 1))
TRY(landlock, syscall(444, NULL, 0, 1))
TRY(become_root, setuid(0))
TRY(become_itself, setresuid(getuid(), getuid(), getuid()))
TRY(capabilities, syscall(SYS_capset, NULL, NULL))
TRY(new_session, setsid())
TRY(type_to_terminal, ioctl(w->pipe[0], TIOCSTI, "x"))
TRY(timer_signal, timer_create(CLOCK_MONOTONIC, NULL, &(timer_t){ 0 }))
TRY(timer_old, setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL))
TRY(timer_file, timerfd_create(CLOCK_MONOTONIC, 0))
TRY(shared_memory, syscall(SYS_shmget, 0, page, 0600))
TRY(semaphore, syscall(SYS_semget, 0, 1, 0600))
TRY(messages, syscall(SYS_msgget, 0, 0600))
TRY(message_queue, mq_open("/portreeve-attempt", O_CREAT | O_RDWR, 0600, NULL))

#ifdef __x86_64__
/* The system calls of another architecture have other numbers: 20 is getpid there. Ends the
 * process. */
static long other_architecture(struct world *w)
{
	long result = 20;
	(void)w;
	__asm__ volatile ("int $0x80" : "+a"(result) : : "memory");
	return result;
}
#endif

/* ---- files ------------------------------------------------------------------------------- */

TRY(make_device, mknod(w->mark, S_IFCHR | 0666, 0x0103))
TRY(make_fifo, mknod(w->mark, S_IFIFO | 0666, 0))
TRY(make_file, open(w->mark, O_WRONLY | O_CREAT, 0644))
TRY(make_directory, mkdir(w->mark, 0755))
TRY(make_symlink, symlink("/etc/passwd", w->mark))
TRY(make_link, link("portreeve.db", w->mark))
TRY(make_hidden, open(".", O_TMPFILE | O_RDWR, 0600))
TRY(move_list, rename("portreeve.db", w->mark))
TRY(remove_list, unlink("portreeve.db"))
TRY(open_list, chmod("portreeve.db", 0666))
TRY(give_list, chown("portreeve.db", 0, 0))
TRY(give_list_open, fchown(open("portreeve.db", O_RDONLY), getuid(), getgid()))
TRY(date_list, utimensat(AT_FDCWD, "portreeve.db", NULL, 0))
TRY(attribute, syscall(SYS_setxattr, "portreeve.db", "user.x", "x", 1, 0))
TRY(watch, inotify_init1(0))
TRY(watch_all, syscall(SYS_fanotify_init, 0, 0))
TRY(by_handle, syscall(SYS_open_by_handle_at, AT_FDCWD, &(int[4]){ 0 }, 0))
TRY(open_other_way, syscall(SYS_openat2, AT_FDCWD, "portreeve.db", &(uint64_t[3]){ 0 }, 24))
TRY(splice_, splice(w->pipe[0], NULL, w->spare, NULL, 1, 0))
TRY(read_shadow, open("/etc/shadow", O_RDONLY))
TRY(read_passwd, open("/etc/passwd", O_RDONLY))
TRY(read_state, open(".", O_RDONLY | O_DIRECTORY))
TRY(write_tmp, open("/tmp", O_TMPFILE | O_RDWR, 0600))
TRY(read_evidence_key, open("keys/evidence.pem", O_RDONLY))
TRY(write_evidence_key, open("keys/evidence.pem", O_WRONLY))
TRY(read_token_keys, open("keys/tokens/token.keys", O_RDONLY))
TRY(write_token_keys, open("keys/tokens/token.keys", O_WRONLY))
TRY(write_list, open("portreeve.db", O_WRONLY))
TRY(truncate_list, open("portreeve.db", O_RDONLY | O_TRUNC))
TRY(write_wal, open("portreeve.db-wal", O_WRONLY))
TRY(write_shm, open("portreeve.db-shm", O_RDWR))
TRY(read_returns, open("returns/returns.db", O_RDONLY))
TRY(write_returns, open("returns/returns.db", O_WRONLY))
TRY(make_return, open("returns/x", O_WRONLY | O_CREAT, 0600))
TRY(read_mail, open("mail/message", O_RDONLY))
TRY(write_mail, open("mail/x", O_WRONLY | O_CREAT, 0600))

/* ---- what is the roles' work ---------------------------------------------------------------- */

TRY(send_on, send(w->accepted, "x", 1, MSG_NOSIGNAL | MSG_MORE))
TRY(limit_of_itself, getrlimit(RLIMIT_NOFILE, &(struct rlimit){ 0 }))
TRY(move_mail, rename("mail/message", "mail/new/message") |
               rename("mail/new/message", "mail/message"))
TRY(read_list, open("portreeve.db", O_RDONLY))

static long accept_and_talk(struct world *w)
{
	char byte;
	int fd = accept4(w->listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	return fd < 0 || set_number(fd, IPPROTO_TCP, TCP_NODELAY, 1) != 0 ||
	       send(fd, "x", 1, MSG_NOSIGNAL) != 1 || recv(fd, &byte, 1, 0) != 1 ||
	       shutdown(fd, SHUT_WR) != 0 || close(fd) != 0 ? -1 : 0;
}

const struct attempt duties[] = {
	{ "connect", connect_new, CALLERS, WORKS_AND_SHOWS },
	{ "UDP by connect and write", udp_connect, CALLERS, WORKS_AND_SHOWS },
	{ "bind", bind_spare, CALLERS, WORKS },
	{ "UDP by sendmmsg", udp_sendmmsg, BY_DNSBL, WORKS_AND_SHOWS },
	{ "accept, send and receive", accept_and_talk, SERVERS | BY_WITNESS | BY_GATEWAY, WORKS },
	{ "send", send_on, BY_ALL, WORKS },
	{ "getrlimit", limit_of_itself, BY_ALL, WORKS },
	{ "read the list", read_list, READERS, WORKS },
	{ "lock the list", lock_list, READERS, WORKS },
	{ "write the list", write_list, BY_TESTER, WORKS },
	{ "read the accounts", read_accounts, BY_GATEWAY, WORKS },
	{ "read returns", read_returns, BY_TESTER | BY_COLLECTOR, WORKS },
	{ "write returns", write_returns, BY_COLLECTOR, WORKS },
	{ "make a file beside the returns", make_return, BY_COLLECTOR, WORKS },
	{ "read the token keys", read_token_keys, BY_TESTER | BY_COLLECTOR, WORKS },
	{ "a thread", thread, SERVERS | BY_GATEWAY, WORKS },
	{ "write mail", write_mail, BY_COLLECTOR, WORKS },
	{ "move mail", move_mail, BY_COLLECTOR, WORKS },
	{ "connect to a service of this machine", connect_unix, BY_GATEWAY, WORKS },
	{ "write the spool, a Maildir", write_files, BY_GATEWAY, WORKS },
	{ "read the network's tables", read_network, BY_GATEWAY, WORKS },
};
const size_t duty_count = sizeof(duties) / sizeof(*duties);
/* ---- what none may do ---------------------------------------------------------------- */

const struct attempt attempts[] = {
	{ "connect", connect_new, SERVERS, WORKS_AND_SHOWS },
	{ "connect a socket that is there", connect_spare, SERVERS, WORKS_AND_SHOWS },
	{ "connect a listening socket", connect_listening, SERVERS, WORKS_AND_SHOWS },
	{ "connect a connected socket", connect_accepted, SERVERS, WORKS_AND_SHOWS },
	{ "sendto MSG_FASTOPEN", fast_sendto, BY_ALL, WORKS_AND_SHOWS },
	{ "sendto MSG_FASTOPEN and more bits", fast_sendto_high_bits, BY_ALL, WORKS_AND_SHOWS },
	{ "sendto MSG_FASTOPEN from a listening socket", fast_listening, BY_ALL,
	  WORKS_AND_SHOWS },
	{ "sendmsg MSG_FASTOPEN", fast_sendmsg, BY_ALL, WORKS_AND_SHOWS },
	{ "sendmmsg MSG_FASTOPEN", fast_sendmmsg, BY_ALL, WORKS_AND_SHOWS },
	{ "sendmmsg MSG_FASTOPEN within", fast_in_message, BY_ALL, MAY_FAIL },
	{ "sendto an address by TCP", plain_sendto, BY_ALL, MAY_FAIL },
	{ "TCP_FASTOPEN_CONNECT, connect and write", fast_connect, SERVERS, WORKS_AND_SHOWS },
	{ "UDP from a new socket", udp_new, BY_ALL, WORKS_AND_SHOWS },
	{ "UDP by sendto", udp_sendto, BY_ALL, WORKS_AND_SHOWS },
	{ "UDP by connect and write", udp_connect, SERVERS, WORKS_AND_SHOWS },
	{ "UDP by sendmsg", udp_sendmsg, BY_ALL, WORKS_AND_SHOWS },
	{ "UDP by sendmmsg", udp_sendmmsg, CALLERS | BY_COLLECTOR, WORKS_AND_SHOWS },

	{ "socket TCP", tcp4, SERVERS, WORKS },
	{ "socket TCP over IPv6", tcp6, SERVERS, MAY_FAIL },
	{ "socket UDP", udp4, SERVERS, WORKS },
	{ "socket UDP over IPv6", udp6, SERVERS, MAY_FAIL },
	{ "socket raw", raw4, BY_ALL, MAY_FAIL },
	{ "socket ping", ping4, BY_ALL, MAY_FAIL },
	{ "socket MPTCP", mptcp, BY_ALL, MAY_FAIL },
	{ "socket SCTP", sctp, BY_ALL, MAY_FAIL },
	{ "socket raw over IPv6", raw6, BY_ALL, MAY_FAIL },
	{ "socket packet", packet, BY_ALL, MAY_FAIL },
	{ "socket netlink", netlink, BY_ALL, WORKS },
	{ "socket unix", unix_, BY_ALL & ~BY_GATEWAY, WORKS },
	{ "socket unix for datagrams", unix_datagrams, BY_ALL, WORKS },
	{ "a socket at a path", bind_unix, BY_GATEWAY | OF_PATHS, WORKS_AND_SHOWS },
	{ "socketpair", unix_pair, BY_ALL, WORKS },
	{ "socket vsock", vsock, BY_ALL, MAY_FAIL },
	{ "socket of the kernel's ciphers", crypto, BY_ALL, MAY_FAIL },
	{ "socket bluetooth", bluetooth, BY_ALL, MAY_FAIL },
	{ "listen", listen_spare, BY_ALL, WORKS },
	{ "bind", bind_spare, SERVERS, WORKS },
	{ "end a listening socket", end_listening, BY_ALL, WORKS },
	{ "TCP_FASTOPEN", fast_listen, BY_ALL, WORKS },
	{ "TCP_FASTOPEN_CONNECT", fast_option, BY_ALL, WORKS },
	{ "TCP_REPAIR", repair, BY_ALL, MAY_FAIL },
	{ "TCP_ULP", other_protocol, BY_ALL, MAY_FAIL },
	{ "SO_BROADCAST", broadcast, BY_ALL, WORKS },
	{ "IP_TRANSPARENT", transparent, BY_ALL, MAY_FAIL },
	{ "IP_FREEBIND", free_bind, BY_ALL, WORKS },
	{ "SO_MARK", mark, BY_ALL, MAY_FAIL },
	{ "SO_BINDTODEVICE", to_device, BY_ALL, WORKS },
	{ "SO_ATTACH_FILTER", socket_filter, BY_ALL, MAY_FAIL },
	{ "IP_ADD_MEMBERSHIP", multicast, BY_ALL, WORKS },

	{ "kill", kill_sibling, BY_ALL, WORKS_AND_SHOWS },
	{ "kill the parent", kill_parent, BY_ALL, MAY_FAIL },
	{ "tkill", tkill_sibling, BY_ALL, WORKS_AND_SHOWS },
	{ "tgkill", tgkill_sibling, BY_ALL, WORKS_AND_SHOWS },
	{ "tgkill of no group", tgkill_any_group, BY_ALL, MAY_FAIL },
	{ "tgkill of the parent", tgkill_parent, BY_ALL, MAY_FAIL },
	{ "rt_sigqueueinfo", queue_signal, BY_ALL, WORKS_AND_SHOWS },
	{ "rt_tgsigqueueinfo", queue_thread_signal, BY_ALL, WORKS_AND_SHOWS },
	{ "pidfd_send_signal", pidfd_signal, BY_ALL, WORKS_AND_SHOWS },
	{ "F_SETOWN", own_by_fcntl, BY_ALL, WORKS_AND_SHOWS },
	{ "F_SETOWN_EX", own_by_owner, BY_ALL, WORKS_AND_SHOWS },
	{ "FIOSETOWN", own_by_ioctl, BY_ALL, WORKS_AND_SHOWS },
	{ "O_ASYNC", async, BY_ALL, WORKS },
	{ "FIOASYNC", async_ioctl, BY_ALL, WORKS },
	{ "F_SETSIG", set_signal, BY_ALL, WORKS },
	{ "F_NOTIFY", notify, BY_ALL, WORKS },
	{ "F_SETLEASE", lease, BY_ALL, MAY_FAIL },
	{ "prlimit", limit_sibling, BY_ALL, WORKS_AND_SHOWS },
	{ "prlimit, to read", limit_read, BY_ALL, WORKS },
	{ "prlimit of itself", limit_itself, BY_ALL, WORKS },
	{ "setrlimit", limit_old_way, BY_ALL, WORKS },
	{ "setpriority", priority, BY_ALL, WORKS },
	{ "sched_setscheduler", scheduler, BY_ALL, WORKS },
	{ "sched_setaffinity", affinity, BY_ALL, WORKS },
	{ "ptrace by the parent", trace_me, BY_ALL, WORKS },
	{ "ptrace", trace_sibling, BY_ALL, MAY_FAIL },
	{ "process_vm_readv", read_sibling, BY_ALL, MAY_FAIL },
	{ "process_vm_writev", write_sibling, BY_ALL, MAY_FAIL },
	{ "kcmp", compare_sibling, BY_ALL, MAY_FAIL },
	{ "pidfd_getfd", take_descriptor, BY_ALL, MAY_FAIL },
	{ "/proc/PID/mem", memory_of_sibling, BY_ALL | OF_PATHS, MAY_FAIL },
	{ "/proc/PID/mem, to read", memory_read, BY_ALL | OF_PATHS, MAY_FAIL },
	{ "/proc/PID/environ", environment, BY_ALL | OF_PATHS, MAY_FAIL },
	{ "/proc/self/mem", own_memory, BY_ALL | OF_PATHS, MAY_FAIL },
	{ "write the settings", reopen_settings, BY_ALL | OF_PATHS, MAY_FAIL },

	{ "execve", execute, BY_ALL, WORKS },
	{ "execveat", execute_at, BY_ALL, WORKS },
	{ "fork", fork_, BY_ALL, WORKS },
	{ "clone", clone_, BY_ALL, WORKS },
	{ "clone3", clone_3, BY_ALL, WORKS },
	{ "clone with CLONE_VFORK", clone_vfork, BY_ALL, WORKS },
	{ "clone of a process that shares files", clone_process, BY_ALL, WORKS },
	{ "clone of a process that shares memory", clone_memory, BY_ALL, MAY_FAIL },
	{ "clone of a thread with other files", clone_other_files, BY_ALL, MAY_FAIL },
	{ "clone with CLONE_PTRACE", clone_traced, BY_ALL, MAY_FAIL },
	{ "clone with CLONE_NEWUSER", clone_user, BY_ALL, MAY_FAIL },
	{ "clone with CLONE_NEWNET", clone_network, BY_ALL, MAY_FAIL },
	{ "clone with CLONE_PARENT", clone_parent, BY_ALL, MAY_FAIL },
	{ "clone of a thread and more bits", clone_high_bits, BY_ALL, MAY_FAIL },
	{ "clone of a thread with a signal", clone_signal, BY_ALL, MAY_FAIL },
#ifdef SYS_vfork
	{ "vfork, the call", vfork_old, BY_ALL, MAY_FAIL },
#endif
	{ "a thread", thread, OF_ONE_THREAD, WORKS },
#ifdef SYS_fork
	{ "fork, the call", fork_old, BY_ALL, WORKS },
#endif
	{ "mmap of code", code_map, BY_ALL, WORKS },
	{ "mmap of code that can be written", code_write, BY_ALL, WORKS },
	{ "mprotect to code", code_protect, BY_ALL, WORKS },
	{ "pkey_mprotect", code_key, BY_ALL, MAY_FAIL },
	{ "memfd_create", memory_file, BY_ALL, WORKS },
	{ "personality", persona, BY_ALL, WORKS },

	{ "mount", mount_, BY_ALL, MAY_FAIL },
	{ "umount", unmount, BY_ALL, MAY_FAIL },
	{ "open_tree", open_tree_, BY_ALL, MAY_FAIL },
	{ "chroot", root_change, BY_ALL, MAY_FAIL },
	{ "pivot_root", root_pivot, BY_ALL, MAY_FAIL },
	{ "unshare", unshare_user, BY_ALL, MAY_FAIL },
	{ "unshare of descriptors", unshare_files, BY_ALL, WORKS },
	{ "setns", enter_namespace, BY_ALL, MAY_FAIL },
	{ "bpf", bpf_, BY_ALL, MAY_FAIL },
	{ "keyctl", keyctl_, BY_ALL, MAY_FAIL },
	{ "add_key", add_key_, BY_ALL, MAY_FAIL },
	{ "request_key", request_key_, BY_ALL, MAY_FAIL },
	{ "io_uring_setup", uring, BY_ALL, MAY_FAIL },
	{ "io_setup", aio, BY_ALL, MAY_FAIL },
	{ "userfaultfd", fault, BY_ALL, MAY_FAIL },
	{ "perf_event_open", perf, BY_ALL, MAY_FAIL },
	{ "init_module", load_module, BY_ALL, MAY_FAIL },
	{ "kexec_load", load_kernel, BY_ALL, MAY_FAIL },
	{ "clock_settime", set_clock, BY_ALL, MAY_FAIL },
	{ "sethostname", set_name, BY_ALL, MAY_FAIL },
	{ "syslog", kernel_log, BY_ALL, MAY_FAIL },
	{ "seccomp", seccomp_, BY_ALL, MAY_FAIL },
	{ "prctl", process_control, BY_ALL, WORKS },
	{ "landlock_create_ruleset", landlock, BY_ALL, MAY_FAIL },
	{ "setuid to root", become_root, BY_ALL, MAY_FAIL },
	{ "setresuid", become_itself, BY_ALL, WORKS },
	{ "capset", capabilities, BY_ALL, MAY_FAIL },
	{ "setsid", new_session, BY_ALL, WORKS },
	{ "TIOCSTI", type_to_terminal, BY_ALL, MAY_FAIL },
	{ "timer_create", timer_signal, BY_ALL, WORKS },
	{ "setitimer", timer_old, BY_ALL, WORKS },
	{ "timerfd_create", timer_file, BY_ALL, WORKS },
	{ "shmget", shared_memory, BY_ALL, MAY_FAIL },
	{ "semget", semaphore, BY_ALL, MAY_FAIL },
	{ "msgget", messages, BY_ALL, MAY_FAIL },
	{ "mq_open", message_queue, BY_ALL, MAY_FAIL },
#ifdef __x86_64__
	{ "another architecture's calls", other_architecture, BY_ALL, MAY_FAIL },
#endif

	{ "mknod of a device", make_device, BY_ALL, MAY_FAIL },
	{ "mknod of a FIFO", make_fifo, BY_ALL, WORKS_AND_SHOWS },
	{ "make a file in the state directory", make_file, BY_ALL | OF_PATHS, WORKS_AND_SHOWS },
	{ "make a directory there", make_directory, BY_ALL | OF_PATHS, WORKS_AND_SHOWS },
	{ "symlink", make_symlink, BY_ALL, WORKS_AND_SHOWS },
	{ "link", make_link, BY_ALL, WORKS_AND_SHOWS },
	{ "O_TMPFILE", make_hidden, BY_ALL | OF_PATHS, MAY_FAIL },
	{ "move the list", move_list, BY_ALL | OF_PATHS, WORKS_AND_SHOWS },
	{ "remove the list", remove_list, BY_ALL | OF_PATHS, WORKS_AND_SHOWS },
	{ "chmod", open_list, BY_ALL, WORKS },
	{ "chown", give_list, BY_ALL, MAY_FAIL },
	{ "fchown", give_list_open, BY_ALL, WORKS },
	{ "utimensat", date_list, BY_ALL, WORKS },
	{ "setxattr", attribute, BY_ALL, MAY_FAIL },
	{ "inotify_init", watch, BY_ALL, WORKS },
	{ "fanotify_init", watch_all, BY_ALL, MAY_FAIL },
	{ "open_by_handle_at", by_handle, BY_ALL, MAY_FAIL },
	{ "openat2", open_other_way, BY_ALL, MAY_FAIL },
	{ "splice", splice_, BY_ALL, MAY_FAIL },

	{ "read /etc/shadow", read_shadow, BY_ALL | OF_PATHS, MAY_FAIL },
	{ "read /etc/passwd", read_passwd, BY_ALL | OF_PATHS, WORKS },
	{ "read the state directory", read_state, BY_ALL | OF_PATHS, WORKS },
	{ "write in /tmp", write_tmp, BY_ALL | OF_PATHS, MAY_FAIL },
	{ "read the evidence key", read_evidence_key, BY_ALL | OF_PATHS, WORKS },
	{ "write the evidence key", write_evidence_key, BY_ALL | OF_PATHS, WORKS },
	{ "read the token keys", read_token_keys, NO_READERS | OF_PATHS, WORKS },
	{ "read the list", read_list, BY_WITNESS | OF_PATHS, WORKS },
	{ "write the token keys", write_token_keys, BY_ALL | OF_PATHS, WORKS },
	{ "write the list", write_list, SERVERS | BY_WITNESS | BY_GATEWAY | OF_PATHS, WORKS },
	{ "truncate the list", truncate_list, SERVERS | BY_WITNESS | OF_PATHS, WORKS_AND_SHOWS },
	{ "write the list's log", write_wal, SERVERS | BY_WITNESS | OF_PATHS, WORKS },
	{ "write the list's shared index", write_shm, SERVERS | BY_WITNESS | OF_PATHS, WORKS },
	{ "read the accounts", read_accounts, (BY_ALL & ~BY_GATEWAY) | OF_PATHS, WORKS },
	{ "write the accounts", write_accounts, BY_ALL | OF_PATHS, WORKS },
	{ "read returns", read_returns, NO_READERS | OF_PATHS, WORKS },
	{ "write returns", write_returns, CALLERS | BY_DNSBL | OF_PATHS, WORKS },
	{ "make a file beside the returns", make_return, CALLERS | BY_DNSBL | OF_PATHS, WORKS },
	{ "read mail", read_mail, NO_READERS_OF_MAIL | OF_PATHS, WORKS },
	{ "write mail", write_mail, NO_READERS_OF_MAIL | OF_PATHS, WORKS },
};

const size_t attempt_count = sizeof(attempts) / sizeof(*attempts);
