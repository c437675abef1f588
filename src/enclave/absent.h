/*
 * absent: what stands in the shipped enclave where libc would have more.
 *
 * libcrypto mentions a dynamic loader, name lookup and compression, and libc's fork mentions popen,
 * though nothing in this program needs them. In a static program each would bring code that opens
 * files of the machine, starts programs or reads what a peer compressed. The build points those
 * names at these two functions, whatever arguments they are called with.
 */
#ifndef ENCLAVE_ABSENT_H
#define ENCLAVE_ABSENT_H

/* For functions that return a pointer: NULL. */
void *absent_nothing(void);

/* For functions that return zero or an error number: EAI_FAIL. */
int absent_failure(void);

#endif
