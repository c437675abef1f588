#include "dev/stand.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/array.h"
#include "base/base64.h"
#include "base/hex.h"
#include "base/json.h"
#include "dev/identity.h"
#include "net/listener.h"
#include "net/tcp.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/flags.h"
#include "os/random.h"

static const char REGION[] = "eu-west-1";
static const char ENVIRONMENT[] = "stand";
static const char KMS_HOST[] = "kms.eu-west-1.amazonaws.com";

enum {
    EPOCH = 1,
    PORT_WANTED = 8080,
    PORT_FIRST = 20000,
    PORT_COUNT = 12000,
    PORT_TRIES = 100,
    FOLDER_TRIES = 16, /* stands of one user side by side without naming folders */
    POLL_MS = 20,
    CHUNK_SIZE = 65536,
};

/* A text that lives as long as the stand, put together as printf does; NULL when there is no room. */
__attribute__((format(printf, 2, 3))) static const char *say(struct stand *stand,
                                                             const char *format, ...)
{
    char *text = stand->text + stand->text_size;
    const size_t room = sizeof stand->text - stand->text_size;
    va_list arguments;
    va_start(arguments, format);
    const int size = vsnprintf(text, room, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= room) return "";
    stand->text_size += (size_t)size + 1;
    return text;
}

static const char *in_folder(struct stand *stand, const char *name)
{
    return say(stand, "%s/%s", stand->folder, name);
}

/* Takes the folder for this process alone; the kernel gives it free when the process ends. */
static status lock_folder(struct stand *stand)
{
    char path[STAND_FOLDER_SIZE_MAX + 16];
    TRY(file_make_folder(stand->folder));
    snprintf(path, sizeof path, "%s/lock", stand->folder);
    const int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE_PRIVATE);
    if (lock < 0) FAIL(UNAVAILABLE, errno, "stand: folder cannot be written to");
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        close(lock);
        FAIL(CONFLICT, 0, "stand: another stand uses this folder");
    }
    stand->lock = lock;
    return status_ok();
}

static status take_named_folder(struct stand *stand, const char *folder)
{
    const int size = snprintf(stand->folder, sizeof stand->folder, "%s", folder);
    REQUIRE(size > 0 && (size_t)size < sizeof stand->folder, OVER_LIMIT,
            "stand: folder's path is too long for the sockets in it");
    REQUIRE(folder[0] == '/', BAD_INPUT, "stand: folder's path must be absolute");
    return lock_folder(stand);
}

/* The user's own folder, or the first of its numbered neighbours that no other stand uses. */
static status take_folder(struct stand *stand, const char *folder)
{
    if (folder) return take_named_folder(stand, folder);
    const char *root = flags_environment("XDG_RUNTIME_DIR");
    for (int i = 1; i <= FOLDER_TRIES; i++) {
        char path[STAND_PATH_SIZE_MAX], number[16] = "";
        if (i > 1) snprintf(number, sizeof number, "-%d", i);
        if (root) {
            snprintf(path, sizeof path, "%s/enw-stand%s", root, number);
        } else {
            snprintf(path, sizeof path, "/tmp/enw-stand-%u%s", (unsigned)getuid(), number);
        }
        const status taken = take_named_folder(stand, path);
        if (!status_is(taken, FAILURE_CONFLICT)) return taken;
    }
    FAIL(CONFLICT, 0, "stand: too many stands run already");
}

/* A file of fresh random bytes as base64url text, or as they are; kept when it exists. */
static status make_random_file(const char *path, bool is_text)
{
    uint8_t bytes[32], text[64];
    struct builder builder;
    if (file_is_there(path)) return status_ok();
    builder_init(&builder, text, sizeof text);
    TRY(random_read(bytes, sizeof bytes));
    if (is_text) base64_put_url(&builder, slice_of(bytes, sizeof bytes));
    if (is_text) builder_put_text(&builder, "\n");
    const slice contents = is_text ? builder_view(&builder) : slice_of(bytes, sizeof bytes);
    const status result = file_write_new(path, contents, FILE_MODE_PRIVATE);
    secret_wipe(bytes, sizeof bytes);
    secret_wipe(text, sizeof text);
    return result;
}

static status tcp_endpoint(uint32_t port, endpoint *found)
{
    char text[ENDPOINT_TEXT_SIZE_MAX];
    snprintf(text, sizeof text, "tcp:127.0.0.1:%u", (unsigned)port);
    return endpoint_parse(slice_text(text), found);
}

static status check_free(uint32_t port, endpoint *found)
{
    SCOPED(listener_close) struct listener listener = {0};
    endpoint wanted;
    TRY(tcp_endpoint(port, &wanted));
    TRY(listener_open(&wanted, &listener));
    *found = listener.bound;
    return status_ok();
}

/*
 * A port that is free now; the program that gets it binds it itself, also when started again. It lies
 * below the ports that the system gives to outgoing connections, so that none of them takes it.
 */
static status free_endpoint(const struct stand *stand, endpoint *found)
{
    for (int i = 0; i < PORT_TRIES; i++) {
        uint16_t random = 0;
        TRY(random_read((uint8_t *)&random, sizeof random));
        const uint32_t port = PORT_FIRST + random % PORT_COUNT;
        const bool is_ours = port == stand->imds.port || port == stand->kms.port;
        if (!is_ours && status_is_ok(check_free(port, found))) return status_ok();
    }
    FAIL(UNAVAILABLE, 0, "stand: no port is free");
}

static status choose_endpoints(struct stand *stand, const char *listen)
{
    TRY(free_endpoint(stand, &stand->imds));
    TRY(free_endpoint(stand, &stand->kms));
    if (listen) {
        TRY(endpoint_parse(slice_text(listen), &stand->parent));
        const bool is_free_port = stand->parent.kind == ENDPOINT_TCP && stand->parent.port == 0;
        return is_free_port ? free_endpoint(stand, &stand->parent) : status_ok();
    }
    if (status_is_ok(check_free(PORT_WANTED, &stand->parent))) return status_ok();
    return free_endpoint(stand, &stand->parent);
}

static const char *print_endpoint(struct stand *stand, const endpoint *printed)
{
    char text[ENDPOINT_TEXT_SIZE_MAX + 1] = {0};
    struct builder builder;
    builder_init(&builder, text, ENDPOINT_TEXT_SIZE_MAX);
    endpoint_print(printed, &builder);
    return say(stand, "%s", text);
}

/* The program beside this one, or in its room of a build folder. */
static const char *find_program(struct stand *stand, const char *programs, const char *room,
                                const char *name)
{
    const char *beside = say(stand, "%s/%s", programs, name);
    if (access(beside, X_OK) == 0) return beside;
    return say(stand, "%s/%s/%s", programs, room, name);
}

static bool is_reachable(const endpoint *where)
{
    SCOPED(stream_close) struct stream stream = {0};
    return status_is_ok(tcp_dial(where, clock_deadline_ms(STAND_READY_MS_MAX), &stream));
}

/* Starts a program and waits until it answers at its endpoint. */
static status start_child(struct stand *stand, struct child *child, const endpoint *where)
{
    struct children_end end;
    const int64_t deadline_ms = clock_deadline_ms(STAND_READY_MS_MAX);
    TRY(child_start(child));
    while (!is_reachable(where)) {
        if (children_take_end(&stand->children, &end)) {
            fprintf(stderr, "enw-stand: %s ended; its last words are in %s\n", end.child->name,
                    end.child->log_path);
            FAIL(UNAVAILABLE, end.exit_code, "stand: a program ended while starting");
        }
        if (clock_monotonic_ms() >= deadline_ms) {
            fprintf(stderr, "enw-stand: %s does not answer; see %s\n", child->name,
                    child->log_path);
            FAIL(UNAVAILABLE, 0, "stand: a program does not become reachable");
        }
        usleep(POLL_MS * 1000);
    }
    return status_ok();
}

/* A child and its arguments, as pairs of flag and value. */
struct child_plan {
    const char *room, *name;
    const char *arguments[CHILDREN_ARGUMENT_COUNT_MAX];
    size_t argument_count;
};

static status add_child(struct stand *stand, const char *programs, const struct child_plan *plan,
                        struct child **child)
{
    const char *program = find_program(stand, programs, plan->room, plan->name);
    TRY(children_add(&stand->children, in_folder(stand, "log"), plan->name, program, child));
    for (size_t i = 0; i < plan->argument_count; i++) {
        TRY(child_add_argument(*child, plan->arguments[i]));
    }
    return status_ok();
}

static status start_imds(struct stand *stand, const char *programs)
{
    struct child *child = NULL;
    const struct child_plan plan = {
        "dev",
        "enw-stand-imds",
        {"--listen", print_endpoint(stand, &stand->imds), "--credentials-key",
         in_folder(stand, "credentials.key"), "--control",
         say(stand, "unix:%s/imds-control.sock", stand->folder)},
        6,
    };
    TRY(add_child(stand, programs, &plan, &child));
    return start_child(stand, child, &stand->imds);
}

static status start_kms(struct stand *stand, const char *programs)
{
    struct child *child = NULL;
    const struct child_plan plan = {
        "dev",
        "enw-stand-kms",
        {"--listen", print_endpoint(stand, &stand->kms), "--state", in_folder(stand, "kms.json"),
         "--tls", in_folder(stand, "tls"), "--identity", in_folder(stand, "identity"),
         "--credentials-key", in_folder(stand, "credentials.key"), "--control",
         say(stand, "unix:%s/kms-control.sock", stand->folder)},
        12,
    };
    TRY(add_child(stand, programs, &plan, &child));
    return start_child(stand, child, &stand->kms);
}

static status start_proxy(struct stand *stand, const char *programs)
{
    struct child *child = NULL;
    endpoint entrance;
    const char *listen = say(stand, "unix:%s/kms.sock", stand->folder);
    const char *destination = say(stand, "%s:443", KMS_HOST);
    const struct child_plan plan = {
        "proxy",
        "enw-proxy",
        {"--listener", say(stand, "%s=%s", listen, destination), "--allow", destination,
         "--resolve", say(stand, "%s=tcp:127.0.0.1:%u", destination, (unsigned)stand->kms.port)},
        6,
    };
    TRY(endpoint_parse(slice_text(listen), &entrance));
    TRY(add_child(stand, programs, &plan, &child));
    return start_child(stand, child, &entrance);
}

static status start_enclave(struct stand *stand, const char *programs)
{
    char hex[2 * sizeof stand->pcr0.bytes + 1] = {0};
    struct child *child = NULL;
    struct builder builder;
    endpoint entrance;
    builder_init(&builder, hex, sizeof hex - 1);
    hex_put(&builder, hash48_view(&stand->pcr0));
    const struct child_plan plan = {
        "dev",
        "enw-enclave-dev",
        {"--config", in_folder(stand, "enclave.json"), "--identity", in_folder(stand, "identity"),
         "--pcr", say(stand, "0=%s", hex)},
        6,
    };
    const char *listen = say(stand, "unix:%s/enclave.sock", stand->folder);
    TRY(endpoint_parse(slice_text(listen), &entrance));
    TRY(add_child(stand, programs, &plan, &child));
    return start_child(stand, child, &entrance);
}

static status start_parent(struct stand *stand, const struct stand_settings *settings)
{
    struct child *child = NULL;
    const char *store =
        settings->store ? settings->store : say(stand, "sqlite:%s/accounts.sqlite", stand->folder);
    const struct child_plan plan = {
        "parent",
        "enw-parent",
        {"--listen", print_endpoint(stand, &stand->parent), "--token-file",
         in_folder(stand, "token"), "--enclave", say(stand, "unix:%s/enclave.sock", stand->folder),
         "--store", store, "--imds-endpoint",
         say(stand, "http://127.0.0.1:%u", (unsigned)stand->imds.port), "--region", REGION},
        12,
    };
    TRY(add_child(stand, settings->programs, &plan, &child));
    for (size_t i = 0; i < settings->parent_flag_count; i++) {
        TRY(child_add_argument(child, settings->parent_flags[i]));
    }
    return start_child(stand, child, &stand->parent);
}

/* enclave.json, as docs/PROTOCOL.md section 8 has it. */
static status write_configuration(struct stand *stand, const struct stand_settings *settings)
{
    uint8_t text[STAND_TEXT_SIZE_MAX];
    struct builder json;
    slice written;
    builder_init(&json, text, sizeof text);
    const struct {
        const char *name, *value;
    } texts[] = {
        {"mode", "development"},
        {"region", REGION},
        {"environment", ENVIRONMENT},
        {"kms_host", KMS_HOST},
        {"kms_dial", say(stand, "unix:%s/kms.sock", stand->folder)},
        {"ca_file", in_folder(stand, "tls/ca.pem")},
        {"listen", say(stand, "unix:%s/enclave.sock", stand->folder)},
        {"heartbeat", ""},
    };
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"version", 1},          {"epoch", EPOCH},          {"epoch_min", EPOCH},
        {"cache_entries", 1024}, {"cache_lifetime_s", 300}, {"workers", 2},
        {"kms_workers", 8},
    };
    json_put_object_open(&json);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        json_put_name(&json, texts[i].name);
        json_put_text(&json, texts[i].value);
    }
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        json_put_name(&json, numbers[i].name);
        json_put_u64(&json, numbers[i].value);
    }
    json_put_name(&json, "kms_key_arns");
    json_put_array_open(&json);
    json_put_text(&json, stand->key_arn.text);
    json_put_array_close(&json);
    json_put_name(&json, "verification");
    json_put_text(&json, settings->verification ? settings->verification : "twice");
    json_put_object_close(&json);
    TRY(builder_finish(&json, &written));
    return file_write(in_folder(stand, "enclave.json"), written, FILE_MODE_PUBLIC);
}

static status hash_file(struct sha512 *hash, const char *path)
{
    static uint8_t chunk[CHUNK_SIZE];
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) FAIL(UNAVAILABLE, errno, "stand: a program cannot be read");
    ssize_t size = 0;
    while ((size = read(file, chunk, sizeof chunk)) > 0) {
        sha384_put(hash, slice_of(chunk, (size_t)size));
    }
    close(file);
    REQUIRE(size == 0, UNAVAILABLE, "stand: a program cannot be read");
    return status_ok();
}

/* PCR0 as a hypervisor computes it, over the enclave's program and configuration. */
static status measure_enclave(struct stand *stand, const char *programs)
{
    struct {
        uint8_t zero[48];
        hash48 image;
    } extension = {0};
    struct sha512 hash;
    sha384_init(&hash);
    TRY(hash_file(&hash, find_program(stand, programs, "dev", "enw-enclave-dev")));
    TRY(hash_file(&hash, in_folder(stand, "enclave.json")));
    extension.image = sha384_finish(&hash);
    stand->pcr0 = sha384(slice_of(&extension, sizeof extension));
    return status_ok();
}

/* The key of an earlier run, if KMS still knows it, or a new one. */
static status find_key(struct stand *stand, struct stand_key *session)
{
    slice kept;
    const char *path = in_folder(stand, "key.arn");
    if (status_is_ok(file_read(path, STAND_KEY_ARN_SIZE_MAX - 1, &stand->arena, &kept))) {
        stand->key_arn = (stand_key_arn){0};
        memcpy(stand->key_arn.text, kept.bytes, kept.size);
        const status known = stand_key_check(session, &stand->key_arn);
        if (!status_is(known, FAILURE_NOT_FOUND)) return known;
    }
    TRY(stand_key_create(session, &stand->key_arn));
    return file_write(path, slice_text(stand->key_arn.text), FILE_MODE_PUBLIC);
}

static status prepare_key(struct stand *stand, const struct stand_settings *asked)
{
    SCOPED(stand_key_close) struct stand_key session = {0};
    struct stand_key_settings settings = {
        .imds = stand->imds,
        .kms = stand->kms,
        .kms_host = KMS_HOST,
        .region = REGION,
        .environment = ENVIRONMENT,
        .epoch = EPOCH,
    };
    TRY(file_read(in_folder(stand, "tls/ca.pem"), TLS_PEM_SIZE_MAX, &stand->arena,
                  &settings.roots_pem));
    TRY(stand_key_open(&settings, &session));
    TRY(find_key(stand, &session));
    TRY(write_configuration(stand, asked));
    TRY(measure_enclave(stand, asked->programs));
    return stand_key_put_policy(&session, &stand->key_arn, &stand->pcr0);
}

static status prepare_folder(struct stand *stand)
{
    SCOPED(identity_close) struct identity identity = {0};
    TRY(file_make_folder(in_folder(stand, "log")));
    TRY(make_random_file(in_folder(stand, "token"), true));
    TRY(make_random_file(in_folder(stand, "credentials.key"), false));
    return identity_open(in_folder(stand, "identity"), clock_wall_ms() / 1000, &identity);
}

status stand_open(const struct stand_settings *settings, struct stand *stand)
{
    TRY(arena_open(&stand->arena, 2 * TLS_PEM_SIZE_MAX));
    TRY(take_folder(stand, settings->folder));
    TRY(prepare_folder(stand));
    TRY(choose_endpoints(stand, settings->listen));
    TRY(start_imds(stand, settings->programs));
    TRY(start_kms(stand, settings->programs));
    TRY(prepare_key(stand, settings));
    TRY(start_proxy(stand, settings->programs));
    TRY(start_enclave(stand, settings->programs));
    return start_parent(stand, settings);
}

/* The parent's address as a client writes it. */
static void print_url(const struct stand *stand, char *url, size_t size)
{
    if (stand->parent.kind == ENDPOINT_UNIX) {
        snprintf(url, size, "--unix-socket %s http://localhost", stand->parent.path);
    } else {
        snprintf(url, size, "http://%s:%u", stand->parent.host, (unsigned)stand->parent.port);
    }
}

void stand_print(const struct stand *stand)
{
    char url[STAND_PATH_SIZE_MAX];
    print_url(stand, url, sizeof url);
    printf("The stand is running: accounts and signatures, with stand-ins for AWS.\n\n"
           "  API      %s\n"
           "  token    %s/token\n"
           "  state    %s (keys and accounts stay here)\n"
           "  logs     %s/log\n"
           "  KMS key  %s\n\n"
           "Try:\n\n"
           "  curl -H \"Authorization: Bearer $(cat %s/token)\" \\\n"
           "       -d '{\"name\":\"alice\"}' %s/v1/accounts\n\n"
           "Ctrl-C stops it.\n",
           url, stand->folder, stand->folder, stand->folder, stand->key_arn.text, stand->folder,
           url);
    fflush(stdout);
}

status stand_write_ready(const struct stand *stand, const char *path)
{
    uint8_t text[STAND_TEXT_SIZE_MAX];
    char url[STAND_PATH_SIZE_MAX], ports[128];
    struct builder builder;
    slice written;
    print_url(stand, url, sizeof url);
    snprintf(ports, sizeof ports, "ENW_KMS_PORT=%u\nENW_IMDS_PORT=%u\n", (unsigned)stand->kms.port,
             (unsigned)stand->imds.port);
    builder_init(&builder, text, sizeof text);
    const struct {
        const char *name, *value;
    } lines[] = {
        {"ENW_STATE=", stand->folder},
        {"ENW_URL=", url},
        {"ENW_KMS_KEY_ARN=", stand->key_arn.text},
        {"ENW_KMS_HOST=", KMS_HOST},
        {"ENW_REGION=", REGION},
    };
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        builder_put_text(&builder, lines[i].name);
        builder_put_text(&builder, lines[i].value);
        builder_put_text(&builder, "\n");
    }
    builder_put_text(&builder, ports);
    builder_put_text(&builder, "ENW_PCR0=");
    hex_put(&builder, hash48_view(&stand->pcr0));
    builder_put_text(&builder, "\n");
    TRY(builder_finish(&builder, &written));
    return file_write(path, written, FILE_MODE_PUBLIC);
}

void stand_watch(struct stand *stand)
{
    struct children_end end;
    while (children_take_end(&stand->children, &end)) {
        if (end.signal != 0) {
            printf("%s was ended by signal %d\n", end.child->name, end.signal);
        } else {
            printf("%s ended with code %d; see %s\n", end.child->name, end.exit_code,
                   end.child->log_path);
        }
    }
    const struct child *started = children_restart(&stand->children);
    if (started) printf("%s is started again\n", started->name);
    fflush(stdout);
}

void stand_close(struct stand *stand)
{
    children_stop(&stand->children);
    arena_close(&stand->arena);
    if (stand->lock > 0) close(stand->lock);
    *stand = (struct stand){0};
}
