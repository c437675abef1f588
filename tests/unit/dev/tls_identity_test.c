#include "dev/tls_identity.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/stream.h"
#include "os/clock.h"
#include "os/file.h"
#include "runner.h"

enum { DAY_S = 86400, PATH_SIZE = 128 };

static const int64_t now_s = 1767323045;
static char root[64];

static const char *in_root(const char *name)
{
    static char paths[8][PATH_SIZE];
    static size_t next;
    char *path = paths[next++ % ARRAY_COUNT(paths)];
    snprintf(path, PATH_SIZE, "%s/%s", root, name);
    return path;
}

static void make_root(void)
{
    snprintf(root, sizeof root, "/tmp/enw-tls-XXXXXX");
    expect_true("folder", mkdtemp(root) != NULL);
}

static void remove_folder(const char *folder)
{
    static const char *const names[] = {"ca.pem", "ca.key.pem", "server.pem", "server.key.pem"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char path[2 * PATH_SIZE];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

struct serving {
    struct tls_server server;
    struct stream stream;
};

static void *serve(void *argument)
{
    struct serving *serving = argument;
    uint8_t byte;
    size_t size = 0;
    if (status_is_ok(
            tls_server_start(&serving->server, clock_deadline_ms(5000), &serving->stream))) {
        /* Keeps the connection until the client has seen the end of its handshake. */
        while (
            status_is_ok(stream_read(&serving->stream, &byte, 1, clock_deadline_ms(5000), &size)) &&
            size > 0) {
        }
    }
    stream_close(&serving->stream);
    return NULL;
}

/* What a client says that trusts the authority in `authority` and wants `host`. */
static status handshake(const struct tls_identity *identity, const char *authority,
                        const char *host, int64_t time_s)
{
    SCOPED(arena_close) struct arena arena = {0};
    SCOPED(tls_client_close) struct tls_client client = {0};
    SCOPED(stream_close) struct stream stream = {0};
    struct serving serving = {0};
    char path[2 * PATH_SIZE];
    slice roots = {0};
    int ends[2];
    pthread_t thread;
    const struct tls_peer peer = {host, time_s};
    snprintf(path, sizeof path, "%s/ca.pem", authority);
    TRY(arena_open(&arena, 1 << 16));
    TRY(file_read(path, 8192, &arena, &roots));
    TRY(tls_client_open(roots, &client));
    TRY(tls_server_open(identity, &serving.server));
    expect_true("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    TRY(stream_open(ends[0], &stream));
    TRY(stream_open(ends[1], &serving.stream));
    expect_true("thread", pthread_create(&thread, NULL, serve, &serving) == 0);
    const status result = tls_client_start(&client, &peer, clock_deadline_ms(5000), &stream);
    stream_close(&stream);
    stream = (struct stream){0};
    pthread_join(thread, NULL);
    tls_server_close(&serving.server);
    return result;
}

static status read_identity(const char *folder, struct arena *arena, struct tls_identity *identity)
{
    char path[2 * PATH_SIZE];
    snprintf(path, sizeof path, "%s/server.pem", folder);
    TRY(file_read(path, 8192, arena, &identity->chain_pem));
    snprintf(path, sizeof path, "%s/server.key.pem", folder);
    return file_read(path, 8192, arena, &identity->key_pem);
}

static void good_one(void)
{
    SCOPED(arena_close) struct arena arena = {0};
    struct tls_identity identity = {0}, again = {0};
    struct stat about;
    make_root();
    expect_ok("arena", arena_open(&arena, 1 << 18));
    expect_ok("open", tls_identity_open(root, "kms.example.com", now_s, &arena, &identity));
    expect_ok("its name", handshake(&identity, root, "kms.example.com", now_s));
    expect_ok("localhost", handshake(&identity, root, "localhost", now_s));
    expect_ok("loopback", handshake(&identity, root, "127.0.0.1", now_s));
    expect_refused("another name", handshake(&identity, root, "sts.example.com", now_s),
                   "tls: certificate is for another name");
    expect_true("key", stat(in_root("server.key.pem"), &about) == 0);
    expect_u64("the owner's alone", about.st_mode & 0777, 0600);
    expect_ok("open", tls_identity_open(root, "kms.example.com", now_s, &arena, &again));
    expect_bytes("kept", again.chain_pem, identity.chain_pem);
    expect_ok("open", tls_identity_open(root, "sts.example.com", now_s, &arena, &again));
    expect_true("made anew for another name", !slice_equal(again.chain_pem, identity.chain_pem));
    expect_ok("by the same authority", handshake(&again, root, "sts.example.com", now_s));
    const int64_t last_day_s = now_s + TLS_IDENTITY_LIFETIME_S - DAY_S + 1;
    expect_ok("open", tls_identity_open(root, "sts.example.com", last_day_s, &arena, &identity));
    expect_true("made anew before its end", !slice_equal(again.chain_pem, identity.chain_pem));
    expect_ok("good for longer",
              handshake(&identity, root, "sts.example.com", last_day_s + 2 * DAY_S));
    remove_folder(root);
}

static void deliberately_wrong(void)
{
    static const struct {
        const char *name;
        int64_t not_before_s, not_after_s;
        bool has_other_authority, is_only_host;
        const char *host, *refusal;
    } rows[] = {
        {"fine", -DAY_S, DAY_S, false, true, "a.example", NULL},
        {"name alone", -DAY_S, DAY_S, false, true, "127.0.0.1",
         "tls: certificate is for another name"},
        {"expired", -2 * DAY_S, -1, false, false, "a.example",
         "tls: certificate is outside its time of validity"},
        {"not yet", 60, DAY_S, false, false, "a.example",
         "tls: certificate is outside its time of validity"},
        {"another authority", -DAY_S, DAY_S, true, false, "a.example",
         "tls: certificate is not from a trusted authority"},
    };
    make_root();
    const struct tls_identity_order trusted = {.folder = in_root("trusted"),
                                               .host = "b.example",
                                               .not_before_s = now_s - DAY_S,
                                               .not_after_s = now_s + DAY_S};
    expect_ok("authority", tls_identity_make(&trusted));
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        SCOPED(arena_close) struct arena arena = {0};
        struct tls_identity identity = {0};
        runner_row(rows[i].name);
        const struct tls_identity_order order = {
            .folder = in_root("made"),
            .authority = rows[i].has_other_authority ? NULL : in_root("trusted"),
            .host = "a.example",
            .is_only_host = rows[i].is_only_host,
            .not_before_s = now_s + rows[i].not_before_s,
            .not_after_s = now_s + rows[i].not_after_s};
        expect_ok("arena", arena_open(&arena, 1 << 16));
        expect_ok("make", tls_identity_make(&order));
        expect_ok("read", read_identity(in_root("made"), &arena, &identity));
        expect_outcome("handshake", handshake(&identity, in_root("trusted"), rows[i].host, now_s),
                       rows[i].refusal);
        remove_folder(in_root("made"));
    }
    runner_row(NULL);
    remove_folder(in_root("trusted"));
    rmdir(root);
}

static void refusals(void)
{
    char host[TLS_IDENTITY_HOST_SIZE_MAX + 2];
    make_root();
    memset(host, 'a', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    struct tls_identity_order order = {
        .folder = root, .host = host, .not_before_s = now_s, .not_after_s = now_s + DAY_S};
    expect_refused("host too long", tls_identity_make(&order), "tls_identity: host is too long");
    expect_ok("write", file_write(in_root("ca.pem"), slice_text("x"), FILE_MODE_PUBLIC));
    order.host = "a";
    expect_refused("broken authority", tls_identity_make(&order),
                   "tls_identity: a certificate cannot be read");
    remove_folder(root);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"good one", good_one},
        {"deliberately wrong", deliberately_wrong},
        {"refusals", refusals},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
