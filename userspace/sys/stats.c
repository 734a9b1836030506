/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/stats.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/channel.h"
#include "sys/memfd.h"

/* Bytes from one worker's part to the next: whole pages, so that each can be mapped alone. */
static size_t stride(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (sizeof(struct worker_stats) + page - 1) / page * page;
}

int stats_create(unsigned int workers, int *out_fd)
{
	CLEAN_FD int fd = -1;
	int r;

	must(workers >= 1 && workers <= WORKERS_MAX);
	r = memfd_new("sluice-stats", &fd);
	if (r < 0)
		return r;
	if (ftruncate(fd, (off_t)(stride() * workers)) < 0)
		return -errno;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	*out_fd = fd_take(&fd);
	return 0;
}

static int map(int fd, unsigned int worker, int protection, void **out)
{
	size_t at = stride() * worker;
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size < at + stride())
		return -ERANGE;
	p = mmap(NULL, stride(), protection, MAP_SHARED, fd, (off_t)at);
	if (p == MAP_FAILED)
		return -errno;
	*out = p;
	return 0;
}

int stats_map(int fd, unsigned int worker, struct worker_stats **out)
{
	void *p = NULL;
	int r = map(fd, worker, PROT_READ | PROT_WRITE, &p);

	if (r == 0)
		*out = p;
	return r;
}

int stats_map_read(int fd, unsigned int worker, const struct worker_stats **out)
{
	void *p = NULL;
	int r = map(fd, worker, PROT_READ, &p);

	if (r == 0)
		*out = p;
	return r;
}

static const uint64_t time_bounds[] = { STATS_TIME_BOUNDS };

static_assert(ARRAY_LEN(time_bounds) == STATS_TIME_BUCKETS, "each bucket has its end");
static_assert(STATS_TIME_WORDS == STATS_TIME_BUCKETS + 1, "and there is the sum");

uint64_t stats_time_bound(unsigned int bucket)
{
	must(bucket < STATS_TIME_BUCKETS);
	return time_bounds[bucket];
}

/* Most times are short: from below. */
void stats_time(uint64_t words[STATS_TIME_WORDS], uint64_t us)
{
	unsigned int bucket = 0;

	while (us > time_bounds[bucket])
		bucket++;
	words[bucket]++;
	words[STATS_TIME_BUCKETS] += us;
}
