#include "os/harden.h"

#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/system_calls.h"

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
static const bool is_sanitized = true;
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif
#else
static const bool is_sanitized = false;
#endif

#if defined __x86_64__
enum { MACHINE = (int)AUDIT_ARCH_X86_64, X32_CALLS_START = 0x40000000 };
#elif defined __aarch64__
enum { MACHINE = (int)AUDIT_ARCH_AARCH64, X32_CALLS_START = 0x40000000 };
#else
#error "system calls are listed for x86-64 and AArch64"
#endif

status harden_process(void)
{
    const struct rlimit none = {0, 0};
    umask(077);
    if (setrlimit(RLIMIT_CORE, &none) != 0) {
        FAIL(INTERNAL, errno, "harden: core dumps cannot be turned off");
    }
    /* Not dumpable also means that other processes of our user cannot trace us or read our memory. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        FAIL(INTERNAL, errno, "harden: tracing cannot be turned off");
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        FAIL(INTERNAL, errno, "harden: new privileges cannot be given up");
    }
    return status_ok();
}

status harden_close_inherited(void)
{
    if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0) == 0) return status_ok();
    if (errno != ENOSYS) FAIL(INTERNAL, errno, "harden: descriptors cannot be closed");
    const long end = sysconf(_SC_OPEN_MAX);
    for (int descriptor = STDERR_FILENO + 1; descriptor < end; descriptor++) close(descriptor);
    return status_ok();
}

status harden_allow_descriptors(size_t count)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        FAIL(INTERNAL, errno, "harden: the limit of descriptors is unknown");
    }
    if (limit.rlim_cur >= count) return status_ok();
    limit.rlim_cur = count;
    if (limit.rlim_max < count) limit.rlim_max = count;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        FAIL(OVER_LIMIT, errno, "harden: too few descriptors are allowed (raise ulimit -n)");
    }
    return status_ok();
}

status harden_raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        FAIL(INTERNAL, errno, "harden: the limit of descriptors is unknown");
    }
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        FAIL(INTERNAL, errno, "harden: the limit of descriptors cannot be raised");
    }
    return status_ok();
}

status harden_drop_user(unsigned user_id, unsigned group_id)
{
    if (getuid() == user_id && geteuid() == user_id && getgid() == group_id &&
        getegid() == group_id) {
        return status_ok();
    }
    /* Groups first: without root's rights they could not be given up any more. */
    if (setgroups(0, NULL) != 0) FAIL(DENIED, errno, "harden: groups cannot be dropped");
    if (setresgid(group_id, group_id, group_id) != 0) {
        FAIL(DENIED, errno, "harden: group cannot be changed");
    }
    if (setresuid(user_id, user_id, user_id) != 0) {
        FAIL(DENIED, errno, "harden: user cannot be changed");
    }
    REQUIRE(user_id == 0 || setresuid(0, 0, 0) != 0, INTERNAL,
            "harden: user could be changed back");
    return status_ok();
}

/* A rule takes at most this many instructions; the frame around the rules takes six. */
enum { RULE_SIZE_MAX = 6, FRAME_SIZE = 6, FILTER_SIZE_MAX = 1024 };

struct filter {
    struct sock_filter code[FILTER_SIZE_MAX];
    size_t size;
};

static void emit(struct filter *filter, struct sock_filter instruction)
{
    filter->code[filter->size++] = instruction;
}

static struct sock_filter load(size_t offset)
{
    return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

/* The low half of an argument: flags, families and protections fit in it. Little-endian. */
static struct sock_filter load_argument(size_t index)
{
    return load(offsetof(struct seccomp_data, args) + index * sizeof(uint64_t));
}

static struct sock_filter answer(uint32_t action)
{
    return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
}

static struct sock_filter answer_errno(int number)
{
    return answer(SECCOMP_RET_ERRNO | ((uint32_t)number & SECCOMP_RET_DATA));
}

/* Goes on with the next instruction when the comparison holds, else skips `count`. */
static struct sock_filter unless_skip(uint16_t comparison, uint32_t value, uint8_t count)
{
    return (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | comparison | BPF_K), value, 0, count);
}

static void rule_emit(struct filter *filter, const struct system_call_rule *rule)
{
    const struct sock_filter allow = answer(SECCOMP_RET_ALLOW);
    const struct sock_filter kill = answer(SECCOMP_RET_KILL_PROCESS);
    struct sock_filter body[RULE_SIZE_MAX];
    size_t size = 0;
    switch (rule->check) {
    case SYSTEM_CALL_ALLOWED: body[size++] = allow; break;
    case SYSTEM_CALL_ABSENT: body[size++] = answer_errno(ENOSYS); break;
    case SYSTEM_CALL_THREADS_ONLY:
        body[size++] = load_argument(0);
        body[size++] = unless_skip(BPF_JSET, CLONE_THREAD, 1);
        body[size++] = allow;
        body[size++] = kill;
        break;
    case SYSTEM_CALL_NOT_EXECUTABLE:
        body[size++] = load_argument(2);
        body[size++] = unless_skip(BPF_JSET, PROT_EXEC, 1);
        body[size++] = kill;
        body[size++] = allow;
        break;
    case SYSTEM_CALL_LOCAL_SOCKETS:
        body[size++] = load_argument(0);
        body[size++] = unless_skip(BPF_JEQ, AF_UNIX, 1);
        body[size++] = allow;
        body[size++] = unless_skip(BPF_JEQ, AF_VSOCK, 1);
        body[size++] = allow;
        body[size++] = answer_errno(EAFNOSUPPORT);
        break;
    case SYSTEM_CALL_NAMES_ONLY:
        body[size++] = load_argument(0);
        body[size++] = unless_skip(BPF_JEQ, PR_SET_NAME, 1);
        body[size++] = allow;
        body[size++] = answer_errno(EINVAL);
        break;
    }
    emit(filter, unless_skip(BPF_JEQ, (uint32_t)rule->number, (uint8_t)size));
    for (size_t i = 0; i < size; i++) emit(filter, body[i]);
}

static bool is_for(const struct system_call_rule *rule, enum harden_program program)
{
    return (rule->programs & (1U << program)) != 0;
}

static status filter_build(enum harden_program program, struct filter *filter)
{
    REQUIRE(system_call_rule_count * (RULE_SIZE_MAX + 1) + FRAME_SIZE <= FILTER_SIZE_MAX, INTERNAL,
            "harden: the table of system calls is too large");
    filter->size = 0;
    emit(filter, load(offsetof(struct seccomp_data, arch)));
    /* Another architecture's numbers mean other calls. */
    emit(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)MACHINE, 1, 0));
    emit(filter, answer(SECCOMP_RET_KILL_PROCESS));
    emit(filter, load(offsetof(struct seccomp_data, nr)));
    emit(filter, unless_skip(BPF_JGE, X32_CALLS_START, 1));
    emit(filter, answer(SECCOMP_RET_KILL_PROCESS));
    for (size_t i = 0; i < system_call_rule_count; i++) {
        if (is_for(&system_call_rules[i], program)) rule_emit(filter, &system_call_rules[i]);
    }
    emit(filter, answer(SECCOMP_RET_KILL_PROCESS));
    return status_ok();
}

status harden_system_calls(enum harden_program program)
{
    struct filter filter;
    if (is_sanitized) return status_ok();
    TRY(filter_build(program, &filter));
    const struct sock_fprog code = {(unsigned short)filter.size, filter.code};
    /* TSYNC, so that a library that has started a thread already cannot keep it outside. */
    const long result =
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &code);
    if (result < 0) FAIL(INTERNAL, errno, "harden: system calls cannot be filtered");
    REQUIRE(result == 0, INTERNAL, "harden: a thread escapes the filter of system calls");
    return status_ok();
}

bool harden_has_filter(void)
{
    return !is_sanitized;
}

bool harden_is_allowed(enum harden_program program, int system_call)
{
    for (size_t i = 0; i < system_call_rule_count; i++) {
        const struct system_call_rule *rule = &system_call_rules[i];
        if (rule->number == system_call && is_for(rule, program)) {
            return rule->check != SYSTEM_CALL_ABSENT;
        }
    }
    return false;
}
