/* SPDX-License-Identifier: ISC
 *
 * Keys, tester and collector put together from the settings: a rotation is seen, and an error
 * leaves what was there.
 */
#include "directory.h"
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "settings/assembly.h"
#include "store/keys.h"

#include <stdlib.h>
#include <unistd.h>

static char directory[] = "/tmp/portreeve-assembly-XXXXXX";
static char before[4096];

/* The state directory is the current one. */
static int make(void **state)
{
	(void)state;
	struct buf message = { 0 };
	if (!getcwd(before, sizeof(before)) || !mkdtemp(directory) || chdir(directory) != 0)
		return -1;
	return keys_ensure(".", 1000, &message);
}

static int clean(void **state)
{
	(void)state;
	return chdir(before) == 0 ? directory_remove(directory) : -1;
}

static void test_keys(void **state)
{
	(void)state;
	struct assembly_keys keys = { 0 };
	struct buf message = { 0 };
	assert_int_equal(assembly_keys_load(&keys, false, &message), ERR_OK);
	assert_true(keys.has_signer && !keys.evidence);
	assert_true(token_signer_knows(&keys.signer, 'a'));
	assert_false(token_signer_knows(&keys.signer, 'b'));
	assert_int_equal(assembly_keys_load(&keys, true, &message), ERR_OK);
	EVP_PKEY *pair = keys.evidence;
	assert_non_null(pair);
	assert_int_equal(keys_token_rotate(".", 2000, 86400, &message), ERR_OK);
	assert_int_equal(assembly_keys_load(&keys, true, &message), ERR_OK);
	assert_true(token_signer_knows(&keys.signer, 'b'));
	assert_ptr_equal(keys.evidence, pair);
	/* What cannot be read changes nothing. */
	assert_int_equal(rename("keys", "away"), 0);
	assert_int_not_equal(assembly_keys_load(&keys, true, &message), ERR_OK);
	assert_true(message.n > 0 && token_signer_knows(&keys.signer, 'b'));
	assert_ptr_equal(keys.evidence, pair);
	assert_int_equal(rename("away", "keys"), 0);
	assembly_keys_fini(&keys);
	assert_false(keys.has_signer);
	assembly_keys_fini(&keys);
	buf_fini(&message);
}

/* Settings and callbacks come together; nothing is sent, nothing is left. */
static void test_tester(void **state)
{
	(void)state;
	struct settings s;
	struct assembly_keys keys = { 0 };
	struct assembly_tester t = { 0 };
	struct buf message = { 0 };
	struct loop *loop = loop_create();
	assert_int_equal(settings_load_text(&s, STR("hostname = \"h.test\"\n"
	                                            "resolver = {\"127.0.0.1:9\"}\n"), &message),
	                 ERR_OK);
	assert_int_equal(assembly_keys_load(&keys, true, &message), ERR_OK);
	struct tester_setup setup = { .loop = loop, .patience_s = 7 };
	assert_int_equal(assembly_tester_create(&s, &keys, &setup, &t, &message), ERR_OK);
	assert_non_null(t.tester);
	assert_ptr_equal(setup.resolver, t.resolver);
	assert_ptr_equal(setup.config, &s.tester);
	assert_string_equal(setup.us.hostname, "h.test");
	assert_int_equal(setup.patience_s, 7);
	assert_int_equal(tester_active(t.tester), 0);
	assembly_tester_destroy(&t);
	assert_null(t.tester);
	assembly_tester_destroy(&t);
	assembly_keys_fini(&keys);
	settings_fini(&s);
	loop_destroy(loop);
	buf_fini(&message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_tester),
	};
	return cmocka_run_group_tests(tests, make, clean);
}
