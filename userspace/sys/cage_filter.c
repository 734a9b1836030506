/* SPDX-License-Identifier: GPL-2.0-only */
#include "sys/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

/* Whole calls a worker may make, whatever the arguments. X(name, "what for"). */
#define CALLS(X)                                                                                   \
	X(io_uring_enter, "the event loop")                                                        \
	X(io_uring_setup, "the ring, when it is made after the filter")                            \
	X(io_uring_register, "provided buffers")                                                   \
	X(recvfrom, "reading a socket inline")                                                     \
	X(sendto, "writing to a socket inline")                                                    \
	X(recvmsg, "the channel; kTLS record types")                                               \
	X(sendmsg, "the channel; head and body in one")                                            \
	X(accept4, "a listener emptied at drain")                                                  \
	X(connect, "dialling an origin")                                                           \
	X(shutdown, "half-close")                                                                  \
	X(close, "the end of a connection")                                                        \
	X(setsockopt, "TCP_NODELAY, TCP_CORK, kTLS keys")                                          \
	X(getsockopt, "SO_ERROR")                                                                  \
	X(getsockname, "the address a client came to")                                             \
	X(getpeername, "the client's address for the log")                                         \
	X(read, "eventfd, pipes")                                                                  \
	X(pread64, "a snapshot's memfd")                                                           \
	X(write, "error log")                                                                      \
	X(writev, "access log")                                                                    \
	X(fstat, "size of a snapshot's memfd")                                                     \
	X(newfstatat, "the same: glibc's fstat(3)")                                                \
	X(lseek, "stdio at exit")                                                                  \
	X(splice, "bodies through a pipe")                                                         \
	X(tee, "the same")                                                                         \
	X(pipe2, "the same")                                                                       \
	X(munmap, "malloc")                                                                        \
	X(mremap, "malloc")                                                                        \
	X(madvise, "malloc")                                                                       \
	X(brk, "malloc")                                                                           \
	X(futex, "locks inside libraries")                                                         \
	X(getrandom, "OpenSSL's randomness")                                                       \
	X(clock_gettime, "time, when the vDSO cannot tell")                                        \
	X(gettimeofday, "the same")                                                                \
	X(time, "the same")                                                                        \
	X(poll, "waiting for the channel")                                                         \
	X(ppoll, "the same")                                                                       \
	X(sysinfo, "qsort(3) asks how much memory there is")                                       \
	X(sched_yield, "spin locks inside libraries")                                              \
	X(sched_getaffinity, "libraries count CPUs")                                               \
	X(getpid, "OpenSSL looks for forks")                                                       \
	X(gettid, "abort(3)")                                                                      \
	X(tgkill, "abort(3)")                                                                      \
	X(rt_sigaction, "abort(3)")                                                                \
	X(rt_sigprocmask, "abort(3)")                                                              \
	X(rt_sigreturn, "the end of a signal handler")                                             \
	X(sigaltstack, "the sanitizers' build")                                                    \
	X(restart_syscall, "after SIGSTOP and SIGCONT")                                            \
	X(exit, "the end")                                                                         \
	X(exit_group, "the end")

/* Calls with one condition on one argument. X(name, condition, "what for"). */
#define CONDITIONAL(X)                                                                             \
	X(mmap, SCMP_A2_32(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0), "memory, not code")                  \
	X(mprotect, SCMP_A2_32(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0), "memory, not code")              \
	X(fcntl, SCMP_A1_32(SCMP_CMP_EQ, F_GETFL, 0), "is it non-blocking?")                       \
	X(fcntl, SCMP_A1_32(SCMP_CMP_EQ, F_SETFL, 0), "make it so")                                \
	X(fcntl, SCMP_A1_32(SCMP_CMP_EQ, F_GETFD, 0), "libraries look if it is open")              \
	X(fcntl, SCMP_A1_32(SCMP_CMP_EQ, F_GET_SEALS, 0), "a snapshot must be sealed")             \
	X(fcntl, SCMP_A1_32(SCMP_CMP_EQ, F_SETPIPE_SZ, 0), "pipes for splice(2)")

/* Origins are dialled over these, as streams, and nothing else is. */
static const int socket_families[] = { AF_INET, AF_INET6, AF_UNIX };

enum { SOCK_TYPE_MASK = 0xF };

#define X(name, why) SCMP_SYS(name),
static const int calls[] = { CALLS(X) };
#undef X

#define X(name, condition, why) { SCMP_SYS(name), condition },
static const struct {
	int call;
	struct scmp_arg_cmp arg;
} conditional[] = { CONDITIONAL(X) };
#undef X

static int allow_calls(scmp_filter_ctx ctx)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(calls) && r == 0; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
	for (size_t i = 0; i < ARRAY_LEN(conditional) && r == 0; i++)
		r = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, conditional[i].call, 1,
		                           &conditional[i].arg);
	for (size_t i = 0; i < ARRAY_LEN(socket_families) && r == 0; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
		                     SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)socket_families[i], 0),
		                     SCMP_A1_32(SCMP_CMP_MASKED_EQ, SOCK_TYPE_MASK, SOCK_STREAM));
	/* isatty(3) in stdio: "no" is an answer, the end of the worker is not. */
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0);
	return r;
}

int cage_filter_worker(void)
{
	scmp_filter_ctx ctx = seccomp_init(cage_only_logs() ? SCMP_ACT_LOG : SCMP_ACT_KILL_PROCESS);
	int r;

	if (!ctx)
		return -ENOMEM;
	/* The C library reads the time zone's file at the first broken-down time. */
	tzset();
	r = allow_calls(ctx);
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r;
}
