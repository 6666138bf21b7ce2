/* SPDX-License-Identifier: ISC
 * The one function of a fuzz target (libFuzzer's interface). */
#ifndef PORTREEVE_FUZZ_H
#define PORTREEVE_FUZZ_H
#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
#endif
