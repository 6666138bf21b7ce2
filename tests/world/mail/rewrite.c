/* SPDX-License-Identifier: ISC
 *
 * file_write() of base/file.h by the calls that files.c knows, as all files that the gateway
 * exchanges are those of this world.
 */
#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int __wrap_file_write(const char *path, struct str bytes, mode_t mode);
int __wrap_file_write(const char *path, struct str bytes, mode_t mode)
{
	char *beside = mem_printf("%s.new", path);
	unlink(beside);
	int e = file_create(beside, bytes, mode);
	if (e == ERR_OK && rename(beside, path) != 0) {
		e = file_err(errno);
		unlink(beside);
	}
	free(beside);
	return e == ERR_OK ? file_sync_name(path) : e;
}
