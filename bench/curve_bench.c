/*
 * curve_bench: what the curve's part of a signature costs, by the ways of verifying it.
 *
 * The ways run round by round in turns on one core; the best round of each counts, since other
 * programs may use the core too. `curve_bench WAY COUNT` runs one of them alone, for callgrind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "crypto/k256.h"
#include "crypto/nonce.h"

enum { ROUNDS = 15, ROUND_COUNT = 1000 };

static struct k256 curve;
static const struct secret32 key = {{1, 2, 3}};

static void need(status got)
{
    if (status_is_ok(got)) return;
    printf("curve_bench: %s\n", status_message(got));
    exit(EXIT_FAILURE);
}

static void nonce(hash32 digest)
{
    const struct nonce_terms terms = {.key = &key, .digest = digest};
    struct secret32 derived;
    nonce_derive(&terms, 0, &derived);
}

static void sign(hash32 digest)
{
    k256_signature signature;
    need(k256_sign(&curve, &key, digest, &signature));
}

static void sign_and_recover(hash32 digest)
{
    k256_signature signature;
    k256_public_key public_key;
    need(k256_sign(&curve, &key, digest, &signature));
    need(k256_recover(&curve, &signature, digest, &public_key));
}

static void sign_twice(hash32 digest)
{
    k256_signature signature, again;
    need(k256_sign(&curve, &key, digest, &signature));
    need(k256_sign_again(&curve, &key, digest, &again));
    if (!k256_signature_equal(&signature, &again)) exit(EXIT_FAILURE);
}

static const struct {
    const char *name;
    void (*run)(hash32 digest);
} ways[] = {
    {"nonce", nonce},
    {"sign", sign},
    {"sign and recover", sign_and_recover},
    {"sign twice", sign_twice},
};

static void repeat(size_t way, uint32_t count)
{
    hash32 digest = {{0}};
    for (uint32_t i = 0; i < count; i++) {
        memcpy(digest.bytes, &i, sizeof i);
        ways[way].run(digest);
    }
}

static double cpu_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
    static const struct secret32 blinding = {{9}};
    double best_us[ARRAY_COUNT(ways)];
    need(k256_open(&curve, &blinding));
    for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
        best_us[i] = 1e12;
        if (argc == 3 && strcmp(argv[1], ways[i].name) == 0) {
            repeat(i, (uint32_t)strtoul(argv[2], NULL, 10));
            return EXIT_SUCCESS;
        }
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
            const double start_us = cpu_us();
            repeat(i, ROUND_COUNT);
            const double took_us = (cpu_us() - start_us) / ROUND_COUNT;
            if (took_us < best_us[i]) best_us[i] = took_us;
        }
    }
    for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
        printf("%-16s %8.1f us of a core\n", ways[i].name, best_us[i]);
    }
    return EXIT_SUCCESS;
}
