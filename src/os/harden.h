/*
 * harden: what a program gives up before it touches anything from outside.
 *
 * The system-call filter is an allow list per program, in classic BPF made by our own table. It
 * checks the architecture, and a call that is not listed ends the process (SIGSYS). No program may
 * start another one; the enclave may not make memory executable, and has no sockets but vsock and
 * Unix ones. Sanitizer builds, whose runtimes call what they like, set no filter.
 */
#ifndef OS_HARDEN_H
#define OS_HARDEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum harden_program {
    HARDEN_ENCLAVE, /* vsock and unix sockets, files read at start, /dev/nsm */
    HARDEN_PROXY,   /* sockets and name lookup */
    HARDEN_PARENT,  /* sockets, name lookup, SQLite, libmicrohttpd with GnuTLS */
};

/* No core dumps, not dumpable or traceable, no new privileges, umask 077. */
MUST_CHECK status harden_process(void);

/* Closes every descriptor above standard error that was inherited. Call it first. */
MUST_CHECK status harden_close_inherited(void);

/* Raises the limit of open descriptors to at least this many. OVER_LIMIT when that is not allowed. */
MUST_CHECK status harden_allow_descriptors(size_t count);

/*
 * Raises the limit of open descriptors to the most that this process may have without rights: the
 * usual 1,024 are meant for programs that use select().
 */
MUST_CHECK status harden_raise_descriptors(void);

/* Sets the program's filter, for good. Call it after harden_process and before threads. */
MUST_CHECK status harden_system_calls(enum harden_program program);

/*
 * Becomes this user and group for good, without supplementary groups. DENIED when that is not
 * allowed. Doing nothing is fine when we are both already. Call it before threads.
 */
MUST_CHECK status harden_drop_user(unsigned user_id, unsigned group_id);

/* True when harden_system_calls sets a filter: false in sanitizer builds. */
bool harden_has_filter(void);

/* True when the program's list has this system call (number of this machine). */
bool harden_is_allowed(enum harden_program program, int system_call);

#endif
