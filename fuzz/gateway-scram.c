/* SPDX-License-Identifier: ISC
 *
 * Clients of SCRAM: whatever they say, nobody gets in who does not know the keys.
 */
#include "gateway/scram.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of a password that stands in no input. */
static enum gateway_known keys_of(void *arg, struct str name, struct buf *scram)
{
	(void)arg;
	assert(name.n > 0 && name.n <= 255 && str_find(name, '\0') == SIZE_MAX);
	if (!str_eq(name, STR("ann")))
		return name.p[0] == 'l' ? GATEWAY_NOT_NOW : GATEWAY_NO;
	buf_add_cstr(scram, "SCRAM-SHA-256$20000:0PWYSYtwM1Gi3hqqVMH8WA==$4BLcVxWRibU2Ku/vW1Bryb1uh"
	             "+th5JKHMdOuUtRqyMI=:RtzGixRDPqJwqU1gaOaT74MaXX2WALqUggKeZbhPaNo=");
	return GATEWAY_YES;
}

/* The first byte: how the server stands; then messages, a line each. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct scram_binding binding = { .exporter_n = 32 };
	if (size == 0)
		return 0;
	struct scram_setup setup = { .plus = data[0] & 1, .keys = keys_of,
	                             .binding = data[0] & 2 ? &binding : NULL };
	struct scram *s = scram_create(&setup);
	struct str rest = { (const char *)data + 1, size - 1 };
	struct buf out = { 0 };
	for (unsigned turn = 0; turn < 5; turn++) {
		size_t end = str_find(rest, '\n');
		struct str line = end == SIZE_MAX ? rest : (struct str){ rest.p, end };
		rest = end == SIZE_MAX ? (struct str){ 0 } : str_from(rest, end + 1);
		buf_clear(&out);
		enum scram_state state = scram_step(s, line, &out);
		assert(state != SCRAM_DONE && (state == SCRAM_MORE || out.n == 0));
		assert(scram_name(s).n <= 255);
	}
	scram_destroy(s);
	buf_fini(&out);
	return 0;
}
