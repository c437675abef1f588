#include "os/system_calls.h"

#include <sys/syscall.h>

#include "runner.h"

enum { ALL_PROGRAMS = 1 << HARDEN_ENCLAVE | 1 << HARDEN_PROXY | 1 << HARDEN_PARENT };

/* The first rule that matches decides, so a second one for the same program would be dead. */
static void one_rule_each(void)
{
    for (size_t i = 0; i < system_call_rule_count; i++) {
        const struct system_call_rule *rule = &system_call_rules[i];
        runner_row_at("call", (size_t)rule->number);
        expect_true("is for somebody", rule->programs != 0);
        expect_true("is for known programs", (rule->programs & ~(unsigned)ALL_PROGRAMS) == 0);
        for (size_t j = 0; j < i; j++) {
            if (system_call_rules[j].number != rule->number) continue;
            expect_true("is the only one", (system_call_rules[j].programs & rule->programs) == 0);
        }
    }
}

/* The dangerous ones are never allowed without a look at their arguments. */
static void checked_arguments(void)
{
    static const struct {
        const char *name;
        int number;
        enum harden_program program;
        enum system_call_check check;
    } rows[] = {
        {"clone", SYS_clone, HARDEN_ENCLAVE, SYSTEM_CALL_THREADS_ONLY},
        {"clone", SYS_clone, HARDEN_PROXY, SYSTEM_CALL_THREADS_ONLY},
        {"clone", SYS_clone, HARDEN_PARENT, SYSTEM_CALL_THREADS_ONLY},
        {"prctl", SYS_prctl, HARDEN_ENCLAVE, SYSTEM_CALL_NAMES_ONLY},
        {"prctl", SYS_prctl, HARDEN_PARENT, SYSTEM_CALL_NAMES_ONLY},
        {"mmap", SYS_mmap, HARDEN_ENCLAVE, SYSTEM_CALL_NOT_EXECUTABLE},
        {"mprotect", SYS_mprotect, HARDEN_ENCLAVE, SYSTEM_CALL_NOT_EXECUTABLE},
        {"socket", SYS_socket, HARDEN_ENCLAVE, SYSTEM_CALL_LOCAL_SOCKETS},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        bool is_found = false;
        runner_row(rows[i].name);
        for (size_t j = 0; j < system_call_rule_count; j++) {
            const struct system_call_rule *rule = &system_call_rules[j];
            if (rule->number != rows[i].number || !(rule->programs & 1U << rows[i].program)) {
                continue;
            }
            is_found = true;
            expect_u64("check", rule->check, rows[i].check);
        }
        expect_true("is listed", is_found);
    }
}

/* The enclave's list is the shortest: what it alone could do would be a mistake. */
static void enclave_has_least(void)
{
    size_t counts[3] = {0};
    for (size_t i = 0; i < system_call_rule_count; i++) {
        const struct system_call_rule *rule = &system_call_rules[i];
        for (size_t program = 0; program < 3; program++) {
            if (rule->programs & 1U << program) counts[program]++;
        }
        const bool is_stricter = rule->check != SYSTEM_CALL_ALLOWED;
        runner_row_at("call", (size_t)rule->number);
        if (!is_stricter) {
            expect_true("not the enclave alone", rule->programs != 1U << HARDEN_ENCLAVE);
        }
    }
    runner_row(NULL);
    expect_true("less than the proxy", counts[HARDEN_ENCLAVE] < counts[HARDEN_PROXY]);
    expect_true("which has less than the parent", counts[HARDEN_PROXY] < counts[HARDEN_PARENT]);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"one rule each", one_rule_each},
        {"checked arguments", checked_arguments},
        {"enclave has least", enclave_has_least},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
