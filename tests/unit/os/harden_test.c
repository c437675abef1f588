#include "os/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner.h"

/* A step in a child of its own, since what is given up cannot be had back. */
static int outcome_of(void (*step)(void))
{
    int outcome = 0;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        /* The runner catches signals; here they must end the process. */
        for (int number = 1; number < 32; number++) signal(number, SIG_DFL);
        step();
        _exit(0);
    }
    waitpid(child, &outcome, 0);
    return WIFSIGNALED(outcome) ? 1000 + WTERMSIG(outcome) : WEXITSTATUS(outcome);
}

static void must(bool condition, int code)
{
    if (!condition) _exit(code);
}

static void process_step(void)
{
    struct rlimit core = {1, 1};
    must(status_is_ok(harden_process()), 1);
    must(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0, 2);
    must(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0, 3);
    must(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1, 4);
    must(umask(0) == 077, 5);
}

static void inherited_step(void)
{
    const int first = open("/dev/null", O_RDONLY), far = fcntl(first, F_DUPFD, 200);
    must(first >= 0 && far >= 200, 1);
    must(status_is_ok(harden_close_inherited()), 2);
    must(fcntl(first, F_GETFD) == -1 && fcntl(far, F_GETFD) == -1, 3);
    must(fcntl(0, F_GETFD) >= 0 && fcntl(1, F_GETFD) >= 0 && fcntl(2, F_GETFD) >= 0, 4);
}

static void user_step(void)
{
    if (geteuid() != 0) _exit(0);
    must(status_is_ok(harden_drop_user(65534, 65534)), 1);
    must(getuid() == 65534 && getegid() == 65534 && getgroups(0, NULL) == 0, 2);
    must(setuid(0) != 0, 3);
    must(status_is_ok(harden_drop_user(65534, 65534)), 4);
    must(status_is(harden_drop_user(65533, 65533), FAILURE_DENIED), 5);
}

static void descriptors_step(void)
{
    const struct rlimit few = {16, 64};
    struct rlimit now;
    must(setrlimit(RLIMIT_NOFILE, &few) == 0, 1);
    must(status_is_ok(harden_allow_descriptors(16)), 2);
    must(getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur == 16, 3);
    must(status_is_ok(harden_allow_descriptors(64)), 4);
    must(getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur == 64, 5);
    /* Raising the hard limit takes rights that nobody has. */
    if (geteuid() == 0) must(status_is_ok(harden_drop_user(65534, 65534)), 6);
    must(status_is(harden_allow_descriptors(65), FAILURE_OVER_LIMIT), 7);
}

static void raised_step(void)
{
    const struct rlimit few = {16, 64};
    struct rlimit now;
    must(setrlimit(RLIMIT_NOFILE, &few) == 0, 1);
    for (int i = 0; i < 2; i++) { /* a second time changes nothing */
        must(status_is_ok(harden_raise_descriptors()), 2);
        must(getrlimit(RLIMIT_NOFILE, &now) == 0, 3);
        must(now.rlim_cur == 64 && now.rlim_max == 64, 4);
    }
}

static void process(void)
{
    expect_u64("process", (uint64_t)outcome_of(process_step), 0);
    expect_u64("inherited", (uint64_t)outcome_of(inherited_step), 0);
    expect_u64("descriptors", (uint64_t)outcome_of(descriptors_step), 0);
    expect_u64("raised", (uint64_t)outcome_of(raised_step), 0);
    expect_u64("user", (uint64_t)outcome_of(user_step), 0);
}

static void filter_on(enum harden_program program)
{
    must(status_is_ok(harden_process()), 100);
    must(status_is_ok(harden_system_calls(program)), 101);
}

static void *thread_run(void *context)
{
    /* The filter holds in threads made later. */
    if (context) syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
    return NULL;
}

static void thread_step(void *context)
{
    pthread_t thread;
    must(pthread_create(&thread, NULL, thread_run, context) == 0, 1);
    must(pthread_join(thread, NULL) == 0, 2);
}

static void lives_in_enclave(void)
{
    filter_on(HARDEN_ENCLAVE);
    thread_step(NULL);
    int pair[2];
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, 3);
    must(socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == EAFNOSUPPORT, 4);
    must(socket(AF_INET6, SOCK_STREAM, 0) == -1 && errno == EAFNOSUPPORT, 5);
    must(socket(AF_UNIX, SOCK_STREAM, 0) >= 0, 6);
    must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED,
         7);
    must(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == -1 && errno == EINVAL, 8);
    void *memory = malloc(1 << 20);
    must(memory != NULL, 9);
    free(memory);
}

static void lives_in_proxy(void)
{
    filter_on(HARDEN_PROXY);
    thread_step(NULL);
    must(socket(AF_INET, SOCK_STREAM, 0) >= 0, 1);
    must(socket(AF_NETLINK, SOCK_RAW, 0) >= 0, 2);
}

static void dies_of_ptrace(void)
{
    filter_on(HARDEN_PARENT);
    syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
}

static void dies_of_thread_ptrace(void)
{
    filter_on(HARDEN_PARENT);
    thread_step("break the rule");
}

static void dies_of_fork(void)
{
    filter_on(HARDEN_PARENT);
    if (fork() == 0) _exit(0);
}

static void dies_of_execve(void)
{
    filter_on(HARDEN_PARENT);
    execl("/bin/true", "true", NULL);
}

static void dies_of_executable_memory(void)
{
    filter_on(HARDEN_ENCLAVE);
    mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void dies_of_making_it_executable(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    filter_on(HARDEN_ENCLAVE);
    mprotect(memory, 4096, PROT_READ | PROT_EXEC);
}

#if defined __x86_64__
static void dies_of_x32(void)
{
    filter_on(HARDEN_PARENT);
    syscall(0x40000000 + SYS_getpid);
}
#endif

static void filter(void)
{
    static const struct {
        const char *name;
        void (*step)(void);
        bool dies;
    } rows[] = {
        {"the enclave's own needs", lives_in_enclave, false},
        {"the proxy's own needs", lives_in_proxy, false},
        {"ptrace", dies_of_ptrace, true},
        {"ptrace in a thread", dies_of_thread_ptrace, true},
        {"fork", dies_of_fork, true},
        {"execve", dies_of_execve, true},
        {"executable memory", dies_of_executable_memory, true},
        {"memory made executable", dies_of_making_it_executable, true},
#if defined __x86_64__
        {"x32 numbers", dies_of_x32, true},
#endif
    };
    if (!harden_has_filter()) return;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        expect_u64("outcome", (uint64_t)outcome_of(rows[i].step), rows[i].dies ? 1000 + SIGSYS : 0);
    }
}

/* Calls that no program of ours has any business making. */
static void never_allowed(void)
{
    static const struct {
        const char *name;
        int number;
    } rows[] = {
        {"execve", SYS_execve},
        {"execveat", SYS_execveat},
        {"ptrace", SYS_ptrace},
        {"process_vm_readv", SYS_process_vm_readv},
        {"kill", SYS_kill},
        {"bpf", SYS_bpf},
        {"init_module", SYS_init_module},
        {"mount", SYS_mount},
        {"chroot", SYS_chroot},
        {"setuid", SYS_setuid},
        {"unshare", SYS_unshare},
        {"io_uring_setup", SYS_io_uring_setup},
        {"memfd_create", SYS_memfd_create},
        {"userfaultfd", SYS_userfaultfd},
        {"keyctl", SYS_keyctl},
        {"perf_event_open", SYS_perf_event_open},
        {"clone3", SYS_clone3},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        for (enum harden_program program = HARDEN_ENCLAVE; program <= HARDEN_PARENT; program++) {
            expect_true("refused", !harden_is_allowed(program, rows[i].number));
        }
    }
    runner_row("only where it is needed");
    expect_true("parent syncs", harden_is_allowed(HARDEN_PARENT, SYS_fsync));
    expect_true("proxy does not", !harden_is_allowed(HARDEN_PROXY, SYS_fsync));
    expect_true("enclave does not", !harden_is_allowed(HARDEN_ENCLAVE, SYS_fsync));
    expect_true("enclave asks no name server", !harden_is_allowed(HARDEN_ENCLAVE, SYS_sendmmsg));
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"process", process},
        {"filter", filter},
        {"never allowed", never_allowed},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
