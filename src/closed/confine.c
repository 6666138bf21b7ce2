/* SPDX-License-Identifier: ISC
 *
 * Limits first, then the calls (which needs the right to set them), then the rights.
 */
#include "closed/confine.h"

#include "base/err.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	FILE_BYTES_MAX = 64 << 20, DATA_BYTES_MAX = 512 << 20, DESCRIPTORS_MAX = 4096,
	PRIORITY = 10,
};

static const uint64_t rights_kept =
	1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER | 1u << CAP_FSETID |
	1u << CAP_KILL | 1u << CAP_SETGID | 1u << CAP_SETUID | 1u << CAP_NET_BIND_SERVICE |
	1u << CAP_SYS_CHROOT;

static int limits_set(void)
{
	/* 1, not 0: a handler behind a pipe (core(5)) is started with 0, too. */
	const struct rlimit core = { 1, 1 }, file = { FILE_BYTES_MAX, FILE_BYTES_MAX },
	                    data = { DATA_BYTES_MAX, DATA_BYTES_MAX },
	                    open = { DESCRIPTORS_MAX, DESCRIPTORS_MAX };
	return setrlimit(RLIMIT_CORE, &core) == 0 && setrlimit(RLIMIT_FSIZE, &file) == 0 &&
	       setrlimit(RLIMIT_NOFILE, &open) == 0 && setrlimit(RLIMIT_DATA, &data) == 0 &&
	       setpriority(PRIO_PROCESS, 0, PRIORITY) == 0 ? 0 : -1;
}

static int calls_refuse(scmp_filter_ctx filter)
{
	static const int refused[] = {
		SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(keyctl), SCMP_SYS(bpf),
		SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup),
		SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
		SCMP_SYS(kcmp), SCMP_SYS(setns), SCMP_SYS(mount), SCMP_SYS(umount2),
		SCMP_SYS(pivot_root), SCMP_SYS(open_tree), SCMP_SYS(move_mount), SCMP_SYS(fsopen),
		SCMP_SYS(fsmount), SCMP_SYS(mount_setattr), SCMP_SYS(open_by_handle_at),
		SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module),
		SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(reboot),
		SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(syslog), SCMP_SYS(quotactl),
		SCMP_SYS(clock_settime), SCMP_SYS(clock_adjtime), SCMP_SYS(adjtimex),
		SCMP_SYS(settimeofday), SCMP_SYS(unshare), SCMP_SYS(fanotify_init),
		SCMP_SYS(memfd_create), SCMP_SYS(memfd_secret),
	};
	int e = 0;
	for (size_t i = 0; e == 0 && i < sizeof(refused) / sizeof(refused[0]); i++)
		e = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
	/* The flags of clone3() are in memory: glibc takes clone() where there is none. */
	if (e == 0)
		e = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (e == 0)
		e = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
		                     SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER));
	return e;
}

static int sockets_refuse(scmp_filter_ctx filter)
{
	/* The families up to AF_NETLINK that are left out, and all behind it. */
	int e = 0;
	for (unsigned family = 0; e == 0 && family < AF_NETLINK; family++)
		if (family != AF_UNIX && family != AF_INET && family != AF_INET6)
			e = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket),
			                     1, SCMP_A0_32(SCMP_CMP_EQ, family));
	if (e == 0)
		e = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
		                     SCMP_A0_32(SCMP_CMP_GT, AF_NETLINK));
	return e;
}

static int calls_limit(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	if (!filter)
		return -1;
	/* Programs that give up rights may still be setuid: the rights below bound them. */
	int e = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	if (e == 0)
		e = calls_refuse(filter);
	if (e == 0)
		e = sockets_refuse(filter);
	if (e == 0)
		e = seccomp_load(filter);
	seccomp_release(filter);
	return e == 0 ? 0 : -1;
}

static int rights_drop(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };
	for (unsigned right = 0; prctl(PR_CAPBSET_READ, right) >= 0; right++)
		if (!(right < 64 && (rights_kept >> right & 1)) &&
		    prctl(PR_CAPBSET_DROP, right) != 0)
			return -1;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return -1;
	data[0].permitted = data[0].effective = (uint32_t)rights_kept;
	return (int)syscall(SYS_capset, &head, data);
}

int closed_confine(void)
{
	/* The limits last: libseccomp allocates, and a sanitizer that does it for it needs more
	 * than the limit. */
	return calls_limit() == 0 && rights_drop() == 0 && limits_set() == 0 ? ERR_OK : ERR_DENIED;
}
