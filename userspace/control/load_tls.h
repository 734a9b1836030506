/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * load_tls.h - do the files of a host work together?
 */
#pragma once

#include "base/sink.h"
#include "store/snapshot.h"

struct tls_worker;

/** load_tls - what they are tried with; made once. Return: 0; -ENOMEM; -ENOTSUP. */
MUST_USE int load_tls(struct tls_worker **out);

/** load_try - make the host's TLS side, as a worker will. Return and @err: tls_host_new()'s. */
MUST_USE int load_try(struct tls_worker *w, const struct snapshot_host *h,
                      const struct options *options, struct sink *err);
