/* SPDX-License-Identifier: ISC
 *
 * Evidence from strangers: a bundle to verify, and a message to mask.
 *
 * The private half of the key below was thrown away: it signed one bundle, the corpus's
 * good one. Any other text that verifies is a finding.
 */
#include "fuzz.h"

#include "store/evidence.h"

#include <stdlib.h>

static const char public_key[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MCowBQYDK2VwAyEAidURo1vi0I9w0DTNXSx2yuaTQqydkrOQL2beJxwkdfU=\n"
	"-----END PUBLIC KEY-----\n";
static const char good_test[] = "abcdefgh";

static const char *const own[] = { "t.example", "d.example", "[192.0.2.53]", NULL };

static void verify(struct str bundle)
{
	json_t *payload = NULL;
	struct buf message = { 0 };
	int e = evidence_verify(bundle, STR(public_key), &payload, &message);
	if ((e == 0) != (payload != NULL) || (e == 0) != (message.n == 0))
		abort();
	/* Only what was signed verifies: the bundle of that test. */
	const char *test = json_string_value(json_object_get(payload, "test"));
	if (e == 0 && (!test || strcmp(test, good_test) != 0))
		abort();
	json_decref(payload);
	buf_fini(&message);
}

/* Any text can be a key. */
static void verify_with(struct str key)
{
	evidence_verify(STR("{\"portreeve_evidence\":1,\"key_id\":\"\",\"signature\":\"\","
	                    "\"payload\":\"\"}"), key, NULL, NULL);
}

static bool names_us(struct str text)
{
	return str_casesearch(text, STR("example")) != SIZE_MAX ||
	       str_search(text, STR("192.0.2.53")) != SIZE_MAX;
}

static void mask(struct str text)
{
	struct buf out = { 0 };
	size_t ats = 0;
	evidence_mask(text, own, &out);
	/* Without a word of ours in the text, nobody's local part is left in it. */
	for (size_t i = 1; i + 1 < out.n; i++)
		if (out.p[i] == '@' && ascii_isalnum((unsigned char)out.p[i - 1]) &&
		    ascii_isalnum((unsigned char)out.p[i + 1]) && !names_us(text))
			abort();
	/* And every address is still one. */
	for (size_t i = 0; i < text.n; i++)
		ats += text.p[i] == '@';
	for (size_t i = 0; i < out.n; i++)
		ats -= out.p[i] == '@';
	if (ats != 0)
		abort();
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	verify(text);
	verify_with(text);
	mask(text);
	return 0;
}
