/* SPDX-License-Identifier: ISC
 *
 * What a container is called by its control group, as runtimes write it.
 */
#include "test.h"

#include "audit/published.h"

#include <stdio.h>
#include <unistd.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct { const char *cgroup, *want; } rows[] = {
	{ "0::/system.slice/docker-" ID ".scope\n", "Docker container 0123456789ab" },
	{ "12:cpu:/docker/" ID "\n11:memory:/docker/" ID "\n", "Docker container 0123456789ab" },
	{ "0::/machine.slice/libpod-" ID ".scope/container\n", "Podman container 0123456789ab" },
	{ "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope\n",
	  "Podman container 0123456789ab" },
	{ "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/"
	  "cri-containerd-" ID ".scope\n", "container 0123456789ab" },
	{ "0::/lxc.payload.mail-1/system.slice/postfix.service\n", "LXC container mail-1" },
	{ "4:cpu:/lxc/mail-1\n", "LXC container mail-1" },
	{ "0::/machine.slice/systemd-nspawn@mail.service/payload\n", "machine mail" },
	{ "0::/machine.slice/machine-mail.scope\n", "machine mail" },
	{ "0::/system.slice/postfix.service\n", "" }, { "0::/\n", "" }, { "", "" },
	/* Who names his group so that it looks like one. */
	{ "0::/docker-0123\n", "" }, { "0::/lxc/a\x1b[31m\n", "" },
	{ "0::/docker/x" ID "\n", "" }, { "0::/machine-.scope\n", "" },
	{ "0::/machine-a\\x2db.scope\n", "" },
};

static void containers_have_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = { 0 };
		assert_string_equal(audit_container_name(&a, str_of(rows[i].cgroup)), rows[i].want);
		arena_fini(&a);
	}
}

/* A place of this machine where nobody listens; who listens here is no container's. */
static void nobody_is_found(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct audit_published found[AUDIT_PUBLISHED_MAX];
	size_t n;
	struct facts_listener here = { .pid = (unsigned)getpid(), .program = "master" };
	struct audit_entrance e = { .to = { { 4, { 198, 51, 100, 77 } }, 25 }, .by = "", .line = "" };
	const char *why;
	assert_int_equal(audit_published_find(&a, &e, found, &n, &why), ERR_NOT_FOUND);
	assert_string_equal(why, "nobody of this machine listens there");
	e.listener = &here;
	assert_int_equal(audit_published_find(&a, &e, found, &n, &why), ERR_NOT_FOUND);
	here.elsewhere = true;
	assert_int_equal(audit_published_find(&a, &e, found, &n, &why), ERR_OK);
	assert_true(n == 1 && found[0].pid == here.pid && found[0].mta == MTA_POSTFIX &&
	            found[0].own_network);
	here.program = "cat";
	assert_int_equal(audit_published_find(&a, &e, found, &n, &why), ERR_NOT_FOUND);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(containers_have_names),
		cmocka_unit_test(nobody_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
