/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/**
 * notify_systemd - tell the service manager, if there is one
 * @state: "READY=1", "STOPPING=1"
 *
 * Does nothing without NOTIFY_SOCKET; nobody waits for the answer.
 * Source: sd_notify(3), its protocol section.
 */
void notify_systemd(const char *state);
