/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "sys/memfd.h"

int publish_send(struct publish *p, const struct parent *to, const struct snapshot *s,
                 enum publish_why why)
{
	const struct msg_version v = { .version = s->version };
	CLEAN_FD int fd = -1;
	char *json = NULL;
	size_t len = 0;
	int r = snapshot_encode(s, &json, &len);

	if (r < 0)
		return r;
	r = memfd_seal("sluice-snapshot", slice_of(json, len), &fd);
	explicit_bzero(json, len);
	free(json);
	if (r == 0)
		r = channel_send(to->fd, MSG_SNAPSHOT, &v, sizeof(v), fd);
	if (r < 0)
		return r;
	p->version = s->version;
	p->why = why;
	p->answers = 0;
	p->is_refused = false;
	memset(p->has_answered, 0, sizeof(p->has_answered));
	return 0;
}

static void say_in_force(const struct publish *p)
{
	static const char *const words[] = {
		[PUBLISH_START] = "serving",
		[PUBLISH_RELOAD] = "configuration in force",
		[PUBLISH_REFRESH] = "new addresses of origins in force",
		[PUBLISH_FILES] = "changed files in force",
		[PUBLISH_KEYS] = "new ticket key in force",
		[PUBLISH_API] = "changed settings in force",
	};

	log_info("%s: snapshot %llu in %u workers", words[p->why], (unsigned long long)p->version,
	         p->answers);
}

void publish_answer(struct publish *p, const struct msg_result *result)
{
	/* A worker that cannot even read a snapshot says 0. */
	bool is_newest = result->version == p->version ||
	                 (result->version == 0 && result->error < 0);

	if (!is_newest || result->worker >= p->workers)
		return;
	if (result->error < 0) {
		p->is_refused = true;
		log_error("configuration refused by worker %u: snapshot %llu: %s", result->worker,
		          (unsigned long long)result->version, result->text);
		return;
	}
	if (p->has_answered[result->worker])
		return; /* it was restarted and has it again */
	p->has_answered[result->worker] = true;
	if (++p->answers == p->workers)
		say_in_force(p);
}
