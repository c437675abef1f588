/*
 * recipe: which files, at which places, make an enclave-wallet image.
 *
 * With a kernel of our own, the first ramdisk holds the program as /init, and the second its
 * configuration and roots:
 *
 *     ramdisk 1: dev/ dev/console init proc/ sys/
 *     ramdisk 2: etc/ etc/enclave-wallet/ etc/enclave-wallet/{ca.pem,enclave.json}
 *
 * So PCR1 tells kernel and program, PCR2 the configuration, PCR0 both. With AWS's kernel, init and
 * nsm.ko, as nitro-cli brings them, the same files lie where that init expects them:
 *
 *     ramdisk 1: dev/ init nsm.ko
 *     ramdisk 2: cmd env rootfs/ and below it enw-enclave, etc/ and the empty dev/ proc/ run/ sys/ …
 *
 * The same inputs give the same bytes: everything that could differ is an input. (A signature
 * differs, because ECDSA draws a nonce; it is not measured.)
 */
#ifndef EIF_RECIPE_H
#define EIF_RECIPE_H

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "crypto/es384.h"
#include "eif/image.h"
#include "eif/measure.h"
#include "eif/metadata.h"

enum {
    RECIPE_INPUT_SIZE_MAX = 64 << 20, /* bytes of any one input; a kernel has 2 to 30 MB */
    RECIPE_COMMAND_LINE_SIZE_MAX = 1024,
};

struct recipe {
    enum image_architecture architecture;
    slice kernel;                   /* bzImage on x86_64, uncompressed Image on aarch64 */
    slice command_line;             /* empty: the one that fits the kernel */
    slice program;                  /* enw-enclave, static */
    slice configuration;            /* enclave.json */
    slice roots;                    /* PEM */
    slice aws_init, aws_nsm_module; /* both empty with a kernel of our own */
    slice certificate;              /* PEM; empty: not signed */
    const struct es384_key *key;    /* the certificate's */
    struct metadata metadata;
};

/* A finished image, in the arena. */
struct recipe_result {
    slice file;
    struct measurements measurements;
    bool is_signed;
    hash48 pcr8; /* zero when it is not */
};

/* How many bytes recipe_build takes from the arena at most. */
size_t recipe_arena_size(const struct recipe *recipe);

/*
 * Makes the image. BAD_INPUT when an input is empty, or only one of AWS's two is there; OVER_LIMIT
 * when one is too large.
 */
MUST_CHECK status recipe_build(const struct recipe *recipe, struct arena *arena,
                               struct recipe_result *result);

/* The kernel command line that an empty one stands for. */
slice recipe_command_line(const struct recipe *recipe);

#endif
