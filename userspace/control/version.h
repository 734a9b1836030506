/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * version.h - which sluiced this is, and what it finds on this machine.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/**
 * version_print - one line with @version; @verbose: libraries, kernel, kernel TLS and splice(2) too
 *
 * Kernel TLS and splice(2) are tried, which takes a few sockets and a pipe.
 */
void version_print(FILE *out, const char *version, bool verbose);
