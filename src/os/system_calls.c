#include "os/system_calls.h"

#include <sys/syscall.h>

#include "base/array.h"

enum {
    E = 1 << HARDEN_ENCLAVE,
    X = 1 << HARDEN_PROXY,
    P = 1 << HARDEN_PARENT,
    ALL = E | X | P,
    OPEN = X | P, /* programs that look names up and load what nsswitch.conf asks for */
};

/* The calls of a warm request come first. Calls that only some machines have stand in #ifdef. */
const struct system_call_rule system_call_rules[] = {
    {SYS_futex, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_read, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_write, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_recvfrom, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_sendto, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_recvmsg, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_sendmsg, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_readv, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_writev, ALL, SYSTEM_CALL_ALLOWED},
#ifdef SYS_epoll_wait
    {SYS_epoll_wait, ALL, SYSTEM_CALL_ALLOWED},
#endif
    {SYS_epoll_pwait, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_epoll_ctl, ALL, SYSTEM_CALL_ALLOWED},
#ifdef SYS_poll
    {SYS_poll, ALL, SYSTEM_CALL_ALLOWED},
#endif
    {SYS_ppoll, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_clock_gettime, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_getrandom, ALL, SYSTEM_CALL_ALLOWED},

    /* Sockets. */
    {SYS_socket, E, SYSTEM_CALL_LOCAL_SOCKETS},
    {SYS_socket, OPEN, SYSTEM_CALL_ALLOWED},
    {SYS_socketpair, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_bind, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_listen, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_connect, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_accept, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_accept4, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_shutdown, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_getsockopt, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_setsockopt, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_getsockname, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_getpeername, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_sendmmsg, OPEN, SYSTEM_CALL_ALLOWED},
    {SYS_recvmmsg, OPEN, SYSTEM_CALL_ALLOWED},
    {SYS_sendfile, P, SYSTEM_CALL_ALLOWED},

    /* Descriptors and waiting. */
    {SYS_close, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_close_range, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_dup, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_dup3, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_fcntl, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_ioctl, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_pipe2, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_eventfd2, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_signalfd4, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_timerfd_create, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_timerfd_settime, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_epoll_create1, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_pselect6, ALL, SYSTEM_CALL_ALLOWED},
#ifdef SYS_pipe
    {SYS_pipe, P, SYSTEM_CALL_ALLOWED},
    {SYS_select, P, SYSTEM_CALL_ALLOWED},
    {SYS_epoll_create, P, SYSTEM_CALL_ALLOWED},
#endif

    /* Files. */
    {SYS_openat, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_fstat, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_newfstatat, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_statx, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_lseek, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_pread64, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_unlinkat, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_fchmod, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_fchmodat, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_umask, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_faccessat, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_readlinkat, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_getdents64, OPEN, SYSTEM_CALL_ALLOWED},
    {SYS_getcwd, OPEN, SYSTEM_CALL_ALLOWED},
    {SYS_fstatfs, OPEN, SYSTEM_CALL_ALLOWED},
    {SYS_statfs, OPEN, SYSTEM_CALL_ALLOWED},
#ifdef SYS_open
    {SYS_open, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_stat, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_lstat, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_unlink, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_chmod, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_access, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_readlink, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_mkdir, P, SYSTEM_CALL_ALLOWED},
    {SYS_rename, P, SYSTEM_CALL_ALLOWED},
    {SYS_link, P, SYSTEM_CALL_ALLOWED},
#endif
    /* What a database and atomic writing add. */
    {SYS_pwrite64, P, SYSTEM_CALL_ALLOWED},
    {SYS_fsync, P, SYSTEM_CALL_ALLOWED},
    {SYS_fdatasync, P, SYSTEM_CALL_ALLOWED},
    {SYS_ftruncate, P, SYSTEM_CALL_ALLOWED},
    {SYS_fallocate, P, SYSTEM_CALL_ALLOWED},
    {SYS_fchown, P, SYSTEM_CALL_ALLOWED},
    {SYS_mkdirat, P, SYSTEM_CALL_ALLOWED},
    {SYS_linkat, P, SYSTEM_CALL_ALLOWED},
#ifdef SYS_renameat
    {SYS_renameat, P, SYSTEM_CALL_ALLOWED},
#endif
    {SYS_renameat2, P, SYSTEM_CALL_ALLOWED},
    {SYS_utimensat, P, SYSTEM_CALL_ALLOWED},
    {SYS_fadvise64, P, SYSTEM_CALL_ALLOWED},
    {SYS_flock, P, SYSTEM_CALL_ALLOWED},

    /* Memory. */
    {SYS_mmap, E, SYSTEM_CALL_NOT_EXECUTABLE},
    {SYS_mmap, OPEN, SYSTEM_CALL_ALLOWED},
    {SYS_mprotect, E, SYSTEM_CALL_NOT_EXECUTABLE},
    {SYS_mprotect, OPEN, SYSTEM_CALL_ALLOWED},
    {SYS_munmap, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_mremap, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_madvise, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_brk, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_mlock, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_munlock, ALL, SYSTEM_CALL_ALLOWED},

    /* Threads, signals and what libraries ask about the machine. */
    {SYS_clone, ALL, SYSTEM_CALL_THREADS_ONLY},
    {SYS_clone3, ALL, SYSTEM_CALL_ABSENT},
    {SYS_set_robust_list, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_rseq, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_membarrier, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_prctl, ALL, SYSTEM_CALL_NAMES_ONLY},
    {SYS_sched_yield, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_sched_getaffinity, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_sched_setaffinity, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_getcpu, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_rt_sigaction, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_rt_sigprocmask, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_rt_sigreturn, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_sigaltstack, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_tgkill, ALL, SYSTEM_CALL_ALLOWED}, /* abort(3) */
    {SYS_restart_syscall, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_clock_nanosleep, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_nanosleep, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_clock_getres, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_gettimeofday, ALL, SYSTEM_CALL_ALLOWED},
#ifdef SYS_time
    {SYS_time, ALL, SYSTEM_CALL_ALLOWED},
#endif
    {SYS_exit, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_exit_group, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_getpid, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_gettid, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_getppid, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_getuid, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_geteuid, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_getgid, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_getegid, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_uname, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_sysinfo, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_getrusage, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_times, ALL, SYSTEM_CALL_ALLOWED},
    {SYS_prlimit64, ALL, SYSTEM_CALL_ALLOWED},
#ifdef SYS_getrlimit
    {SYS_getrlimit, ALL, SYSTEM_CALL_ALLOWED},
#endif
};

const size_t system_call_rule_count = ARRAY_COUNT(system_call_rules);
