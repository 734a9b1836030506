/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/refresh.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/addr.h"
#include "sys/channel.h"
#include "sys/clock.h"

/* What the child writes for each label, in their order. */
struct answer {
	int32_t error;
	uint32_t len;
	struct sockaddr_storage addrs[RESOLVE_ADDRS_MAX];
	socklen_t lens[RESOLVE_ADDRS_MAX];
};

static bool is_name(const char *label)
{
	struct sockaddr_storage addr;
	socklen_t len;

	return addr_parse(slice_of(label, strlen(label)), &addr, &len) < 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Each name once. The labels stay the snapshot's until they are copied here. */
static int collect(struct refresh *r, const struct snapshot *s)
{
	size_t total = 0;
	size_t n = 0;

	for (size_t i = 0; i < s->hosts_len; i++)
		total += s->hosts[i].origins_len;
	r->labels = calloc(total ? total : 1, sizeof(char *));
	if (!r->labels)
		return -ENOMEM;
	for (size_t i = 0; i < s->hosts_len; i++)
		for (size_t j = 0; j < s->hosts[i].origins_len; j++)
			if (is_name(s->hosts[i].origins[j].label))
				r->labels[n++] = s->hosts[i].origins[j].label;
	qsort(r->labels, n, sizeof(char *), by_text);
	for (size_t i = 0; i < n; i++) {
		char *copy;

		if (r->labels_len > 0 && strcmp(r->labels[r->labels_len - 1], r->labels[i]) == 0)
			continue;
		copy = strdup(r->labels[i]);
		if (!copy)
			return -ENOMEM;
		r->labels[r->labels_len++] = copy;
	}
	return 0;
}

static bool write_all(int fd, const void *from, size_t len)
{
	const uint8_t *at = from;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/* The child: look up, write, end. It must not keep the channel open for the master. */
static _Noreturn void look_up_all(const struct refresh *r, int to)
{
	struct resolver found = { 0 };

	(void)close(CHANNEL_FD);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	for (size_t i = 0; i < r->labels_len; i++) {
		const struct resolved *row = resolver_get(&found, r->labels[i]);
		struct answer a = { .error = -1 };

		if (row) {
			a.error = row->error;
			a.len = (uint32_t)row->len;
			memcpy(a.addrs, row->addrs, sizeof(a.addrs));
			memcpy(a.lens, row->lens, sizeof(a.lens));
		}
		if (!write_all(to, &a, sizeof(a)))
			break;
	}
	_exit(0);
}

bool refresh_is_busy(const struct refresh *r, uint64_t now_ms)
{
	return r->pid > 0 && now_ms < r->begun_ms + REFRESH_PATIENCE_MS;
}

int refresh_begin(struct refresh *r, const struct snapshot *s)
{
	int ends[2];
	int err;

	refresh_stop(r);
	err = collect(r, s);
	if (err < 0 || r->labels_len == 0) {
		refresh_stop(r);
		return err;
	}
	r->in_cap = r->labels_len * sizeof(struct answer);
	r->in = malloc(r->in_cap);
	if (!r->in || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
		err = r->in ? -errno : -ENOMEM;
		refresh_stop(r);
		return err;
	}
	r->pid = fork();
	if (r->pid == 0) {
		/* It may block; we may not. */
		(void)fcntl(ends[1], F_SETFL, 0);
		look_up_all(r, ends[1]);
	}
	(void)close(ends[1]);
	r->fd = ends[0];
	r->begun_ms = clock_mono_ns() / 1000000;
	if (r->pid < 0) {
		err = -errno;
		r->pid = 0;
		refresh_stop(r);
		return err;
	}
	return 1;
}

void refresh_stop(struct refresh *r)
{
	if (r->pid > 0) {
		(void)kill(r->pid, SIGKILL);
		(void)waitpid(r->pid, NULL, 0);
	}
	if (r->fd >= 0)
		(void)close(r->fd);
	for (size_t i = 0; i < r->labels_len; i++)
		free(r->labels[i]);
	free(r->labels);
	free(r->in);
	*r = (struct refresh){ .fd = -1 };
}

static int decode(struct refresh *r, struct resolver *out)
{
	struct resolver found = { 0 };
	int err = 0;

	for (size_t i = 0; i < r->labels_len && err == 0; i++) {
		struct resolved *row = calloc(1, sizeof(*row));
		struct answer a;

		memcpy(&a, r->in + i * sizeof(a), sizeof(a));
		if (!row || a.len > RESOLVE_ADDRS_MAX || resolver_put(&found, row) < 0) {
			free(row);
			err = -ENOMEM;
			break;
		}
		row->label = r->labels[i];
		r->labels[i] = NULL; /* moved */
		row->error = a.error;
		row->len = a.len;
		memcpy(row->addrs, a.addrs, sizeof(row->addrs));
		memcpy(row->lens, a.lens, sizeof(row->lens));
	}
	if (err < 0)
		resolver_fini(&found);
	else
		*out = found;
	return err;
}

int refresh_read(struct refresh *r, struct resolver *out)
{
	ssize_t n = read(r->fd, r->in + r->in_len, r->in_cap - r->in_len);
	int err;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n > 0) {
		r->in_len += (size_t)n;
		if (r->in_len < r->in_cap)
			return 0;
	}
	err = r->in_len == r->in_cap ? decode(r, out) : -EIO;
	refresh_stop(r);
	return err < 0 ? err : 1;
}
