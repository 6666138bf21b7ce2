/* SPDX-License-Identifier: ISC
 *
 * What a program in the closed room may do: be root with the rights that a mail server needs, and
 * no more. A stranger's configuration may run any program, and root in namespaces alone could
 * mount, load modules, reach the host's files by handle, or talk to the hypervisor.
 *
 *   rights   those to change owners, become other users, use low ports, chroot and kill. Without
 *            CAP_SYS_ADMIN no mount changes and no namespace is entered; without
 *            CAP_DAC_READ_SEARCH no file is opened by handle; without CAP_SYS_PTRACE nobody
 *            looks into keeper.c's process
 *   calls    no user namespace (it would give all rights again), no key rings (they are of the
 *            machine's users), no bpf, io_uring or userfaultfd, no sockets but of AF_UNIX,
 *            AF_INET, AF_INET6 and AF_NETLINK (AF_VSOCK belongs to no network namespace)
 *   limits   no core (the machine's handler of cores would run), files and memory of limited size,
 *            none that is in no file. What all of them may take together is in bounds.h
 *
 * Called between fork() and exec(). It holds for all that comes of the program.
 */
#ifndef PORTREEVE_CLOSED_CONFINE_H
#define PORTREEVE_CLOSED_CONFINE_H

/* ERR_DENIED: then the program must not be started. */
int closed_confine(void);

#endif
