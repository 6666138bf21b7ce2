/* SPDX-License-Identifier: ISC
 *
 * How servers of both worlds speak: what their engine has to say, on their stream.
 */
#ifndef PORTREEVE_TESTS_WORLD_SPEAK_H
#define PORTREEVE_TESTS_WORLD_SPEAK_H

#include "base/stream.h"
#include "smtp/server.h"

/* All of it. `over`: that was the last, and the stream ends. Else it waits for idle_ms at most. */
void speak(struct stream *stream, struct smtp_server *smtp, bool over, int64_t idle_ms);

#endif
