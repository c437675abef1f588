/*
 * system_calls: which system calls each program may make, as a table. Used by harden alone.
 */
#ifndef OS_SYSTEM_CALLS_H
#define OS_SYSTEM_CALLS_H

#include <stddef.h>

#include "os/harden.h"

/* What a rule does with its call. */
enum system_call_check {
    SYSTEM_CALL_ALLOWED,
    SYSTEM_CALL_ABSENT,         /* answered with ENOSYS, so that libc uses its older way */
    SYSTEM_CALL_THREADS_ONLY,   /* clone: a thread of ours, never a process */
    SYSTEM_CALL_NOT_EXECUTABLE, /* mmap, mprotect: without PROT_EXEC */
    SYSTEM_CALL_LOCAL_SOCKETS,  /* socket: AF_UNIX and AF_VSOCK; others get EAFNOSUPPORT */
    SYSTEM_CALL_NAMES_ONLY,     /* prctl: PR_SET_NAME; others get EINVAL */
};

struct system_call_rule {
    int number;
    unsigned programs; /* bit 1 << enum harden_program */
    enum system_call_check check;
};

/* The rules in the order in which the filter tries them. */
extern const struct system_call_rule system_call_rules[];
extern const size_t system_call_rule_count;

#endif
