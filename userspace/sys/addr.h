/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * addr.h - socket addresses as text: "192.0.2.1:80", "[2001:db8::1]:80", "unix:/run/app.sock".
 */
#pragma once

#include <sys/socket.h>

#include "base/sink.h"

enum { ADDR_TEXT_MAX = 128 }; /* the longest addr_format() writes: "unix:" and 107 bytes */

/**
 * addr_parse - text to address
 * @text: one of the forms above; port 1..65535; a path is absolute and at most 107 bytes
 * @out:  written on success only, zero behind the address
 *
 * No names are looked up.
 *
 * Return: 0; -EINVAL it has none of the forms.
 */
MUST_USE int addr_parse(struct slice text, struct sockaddr_storage *out, socklen_t *out_len);

/**
 * addr_split - "name:port" taken apart
 * @out_name: borrowed from @text; not empty; holds no ':'
 *
 * Return: 0; -EINVAL no such form, or the port is not 1..65535.
 */
MUST_USE int addr_split(struct slice text, struct slice *out_name, uint16_t *out_port);

/** addr_format - address to text; "?" for a family that has no form above */
void addr_format(const struct sockaddr_storage *addr, struct sink *out);

/** addr_put_mapped - the same for 16 bytes of address, IPv4 mapped into IPv6, and a port */
void addr_put_mapped(const uint8_t ip[16], uint16_t port, struct sink *out);

/** addr_eq - the same family, address and port (or path)? */
bool addr_eq(const struct sockaddr_storage *a, const struct sockaddr_storage *b);
