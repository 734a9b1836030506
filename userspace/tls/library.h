/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * library.h - which OpenSSL this is.
 */
#pragma once

/** tls_library_built, tls_library_running - "OpenSSL 3.0.17 1 Jul 2025": of the headers, of the library */
const char *tls_library_built(void);
const char *tls_library_running(void);
