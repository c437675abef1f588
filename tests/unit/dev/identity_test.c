#include "dev/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/x509.h"

#include "runner.h"

enum { NOW_S = 1700000000, HOUR_S = 3600 };

static slice view(const struct identity_certificate *certificate)
{
    return identity_certificate_view(certificate);
}

static status verify(const struct identity *identity, const struct identity_leaf *leaf,
                     int64_t now_s, es384_public_key *public_key)
{
    const slice intermediates[] = {view(&leaf->bundle[1]), view(&leaf->bundle[2]),
                                   view(&leaf->bundle[3])};
    const struct x509_chain chain = {.root = view(&identity->certificate),
                                     .intermediates = intermediates,
                                     .intermediate_count = ARRAY_COUNT(intermediates),
                                     .leaf = view(&leaf->certificate),
                                     .now_s = now_s};
    return x509_verify(&chain, public_key);
}

static void issued_chain(void)
{
    SCOPED(identity_close) struct identity identity = {0}, other = {0};
    SCOPED(identity_leaf_close) struct identity_leaf leaf = {0};
    const slice module_id = slice_text("i-0123456789abcdef0-enc0123456789abcdef");
    es384_public_key of_chain = {{0}}, of_key = {{0}};
    expect_ok("root", identity_open_new(NOW_S, &identity));
    expect_ok("other root", identity_open_new(NOW_S, &other));
    expect_ok("issue", identity_issue(&identity, module_id, NOW_S, &leaf));
    expect_bytes("root first", view(&leaf.bundle[0]), view(&identity.certificate));
    expect_ok("verify", verify(&identity, &leaf, NOW_S, &of_chain));
    expect_ok("public", es384_public(&leaf.key, &of_key));
    expect_bytes("the leaf's key", slice_of(of_chain.bytes, sizeof of_chain.bytes),
                 slice_of(of_key.bytes, sizeof of_key.bytes));
    expect_refused("another root", verify(&other, &leaf, NOW_S, &of_chain),
                   "x509: chain does not reach the trusted root");
    expect_ok("three seconds before", verify(&identity, &leaf, NOW_S - 3, &of_chain));
    expect_refused("four before", verify(&identity, &leaf, NOW_S - 4, &of_chain),
                   "x509: a certificate is not valid yet");
    expect_u64("end", (uint64_t)leaf.not_after_s, NOW_S - 3 + 3 * HOUR_S);
    expect_ok("in the last second", verify(&identity, &leaf, leaf.not_after_s, &of_chain));
    expect_refused("after it", verify(&identity, &leaf, leaf.not_after_s + 1, &of_chain),
                   "x509: a certificate has expired");
}

static void names(void)
{
    static const char long_name[] = "0123456789012345678901234567890123456789012345678";
    SCOPED(identity_close) struct identity identity = {0};
    SCOPED(identity_leaf_close) struct identity_leaf leaf = {0};
    const char *refusal = "identity: module id must have 1 to 48 characters";
    expect_ok("root", identity_open_new(NOW_S, &identity));
    expect_refused("none", identity_issue(&identity, slice_text(""), NOW_S, &leaf), refusal);
    expect_refused("49", identity_issue(&identity, slice_text(long_name), NOW_S, &leaf), refusal);
    expect_ok("48", identity_issue(&identity, slice_of(long_name, 48), NOW_S, &leaf));
}

struct folder {
    char path[64];
};

static void make_folder(struct folder *folder)
{
    strcpy(folder->path, "/tmp/enw-identity-XXXXXX");
    expect_true("folder", mkdtemp(folder->path) != NULL);
}

static void print_file(const struct folder *folder, const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", folder->path, name);
}

static void remove_folder(struct folder *folder)
{
    char path[128];
    print_file(folder, "root.key.pem", path);
    unlink(path);
    print_file(folder, "root.pem", path);
    unlink(path);
    rmdir(folder->path);
}

static void kept_in_a_folder(void)
{
    SCOPED(remove_folder) struct folder folder;
    SCOPED(identity_close) struct identity first = {0}, second = {0};
    SCOPED(identity_leaf_close) struct identity_leaf leaf = {0};
    es384_public_key public_key;
    struct stat found;
    char path[128];
    make_folder(&folder);
    expect_ok("made", identity_open(folder.path, NOW_S, &first));
    expect_ok("taken", identity_open(folder.path, NOW_S + HOUR_S, &second));
    expect_bytes("the same root", view(&second.certificate), view(&first.certificate));
    expect_ok("issue", identity_issue(&second, slice_text("i-1"), NOW_S, &leaf));
    expect_ok("verify", verify(&first, &leaf, NOW_S, &public_key));
    print_file(&folder, "root.key.pem", path);
    expect_true("key's mode", stat(path, &found) == 0 && (found.st_mode & 0777) == 0600);
}

static void broken_folders(void)
{
    SCOPED(remove_folder) struct folder folder, other;
    SCOPED(identity_close) struct identity first = {0}, second = {0}, none = {0};
    char key[128], other_key[128];
    make_folder(&folder);
    make_folder(&other);
    expect_ok("made", identity_open(folder.path, NOW_S, &first));
    expect_ok("made", identity_open(other.path, NOW_S, &second));
    print_file(&folder, "root.key.pem", key);
    print_file(&other, "root.key.pem", other_key);
    expect_true("moved", rename(other_key, key) == 0);
    expect_refused("key of another", identity_open(folder.path, NOW_S, &none),
                   "identity: root.pem is not the certificate of root.key.pem");
    expect_true("open to all", chmod(key, 0644) == 0);
    expect_kind("key that others can read", identity_open(folder.path, NOW_S, &none),
                FAILURE_DENIED);
    expect_true("untouched", none.key.pkey == NULL);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"issued chain", issued_chain},
        {"names", names},
        {"kept in a folder", kept_in_a_folder},
        {"broken folders", broken_folders},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
