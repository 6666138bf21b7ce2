/* SPDX-License-Identifier: ISC
 *
 * One turn of a server: what it says, and how long it waits for what comes next.
 */
#include "speak.h"

enum { LINGER_MS = 3000 };

void speak(struct stream *stream, struct smtp_server *smtp, bool over, int64_t idle_ms)
{
	struct str out = smtp_server_output(smtp);
	stream_write(stream, out);
	smtp_server_output_sent(smtp, out.n);
	stream_deadline(stream, over ? LINGER_MS : idle_ms);
	if (over)
		stream_finish(stream);
}
