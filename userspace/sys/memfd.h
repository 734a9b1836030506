/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memfd.h - memory that travels as a descriptor and, once sealed, never changes.
 *
 * A receiver that checked the seals may read at leisure: nobody, the sender
 * included, can alter or cut what it reads.
 */
#pragma once

#include "base/slice.h"

/**
 * memfd_new - an empty one, close-on-exec, not executable, not yet sealed
 * @name: for /proc/PID/maps only
 *
 * Return: 0 or -errno.
 * Source: memfd_create(2); MFD_NOEXEC_SEAL from Linux 6.3 on.
 */
MUST_USE int memfd_new(const char *name, int *out_fd);

/**
 * memfd_seal - one that holds @bytes, sealed against every change
 * @out_fd: written on success; the caller closes it
 *
 * Return: 0 or -errno.
 */
MUST_USE int memfd_seal(const char *name, struct slice bytes, int *out_fd);

/**
 * memfd_read - all of a sealed memfd
 * @max: longest content taken, bytes
 * @out: malloc'ed, a NUL behind the last byte; the caller cleanses and frees it
 * @out_len: bytes without that NUL
 *
 * The descriptor's file offset is neither used nor moved.
 *
 * Return: 0; -EPERM not a memfd or not sealed; -EFBIG longer than @max; -ENOMEM; -errno.
 */
MUST_USE int memfd_read(int fd, size_t max, char **out, size_t *out_len);
