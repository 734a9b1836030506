/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * control_ocsp.c - the workers' questions about certificates, and what they are told.
 */
#include "control/control_priv.h"
#include "sys/clock.h"

void control_on_ocsp_ask(void *arg, const struct msg *m)
{
	struct control *c = arg;

	if (c->snapshot)
		inquiry_hear(c->inquiry, c->snapshot, m, clock_mono_ns() / 1000000);
}

void control_on_ocsp_answer(void *arg, const struct msg_ocsp_answer *a)
{
	struct control *c = arg;

	/* Lost, if the master has no room for it: who wants to know asks again. */
	(void)channel_send(c->parent.fd, MSG_OCSP_ANSWER, a, sizeof(*a), -1);
}
