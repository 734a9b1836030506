/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * echo.h - an origin that answers every request with what it saw, as JSON: for
 * demonstrations and for trying a configuration out.
 */
#pragma once

/**
 * echo_main - serve until SIGTERM or SIGINT
 * @address: "127.0.0.1:8080", "[::1]:8080" or "unix:/path" (an old socket there is replaced)
 *
 * Return: exit status.
 */
int echo_main(const char *address);
