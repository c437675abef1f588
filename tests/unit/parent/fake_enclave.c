#include "fake_enclave.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cbor.h"
#include "crypto/digest.h"
#include "eth/address.h"
#include "eth/eip191.h"
#include "eth/tx_codec.h"
#include "net/stream.h"
#include "os/clock.h"
#include "parent/accounts.h"
#include "proto/message.h"

enum { HELD_COUNT_MAX = 64 };

struct connection {
    struct fake_enclave *fake;
    int descriptor;
    uint8_t inbox[2 * FRAME_SIZE_MAX];
    size_t inbox_size;
    /* Requests held back, to be answered in reverse. */
    uint8_t *held[HELD_COUNT_MAX];
    size_t held_sizes[HELD_COUNT_MAX], held_count;
};

static const char key_arn[] = "arn:aws:kms:eu-west-1:111122223333:key/fake";

static void make_key(slice id, int number, struct secret32 *key)
{
    uint8_t seed[ACCOUNT_ID_SIZE + 1];
    memcpy(seed, id.bytes, ACCOUNT_ID_SIZE);
    seed[ACCOUNT_ID_SIZE] = (uint8_t)number;
    const hash32 hash = sha256(slice_of(seed, sizeof seed));
    memcpy(key->bytes, hash.bytes, sizeof key->bytes);
}

static void make_record(struct fake_enclave *fake, slice id, int number, uint8_t *record,
                        k256_public_key *public_key)
{
    struct secret32 key;
    make_key(id, number, &key);
    const status made = k256_read_public_key(&fake->curve, &key, public_key);
    assert(status_is_ok(made));
    const eth_address address = address_of(public_key);
    memset(record, 0, FAKE_RECORD_SIZE);
    memcpy(record, "ENW1", 4);
    memcpy(record + 16, id.bytes, ACCOUNT_ID_SIZE);
    memcpy(record + 48, address.bytes, sizeof address.bytes);
    memcpy(record + 264, key.bytes, sizeof key.bytes);
}

void fake_enclave_record(struct fake_enclave *fake, slice name, int number,
                         uint8_t record[FAKE_RECORD_SIZE])
{
    k256_public_key public_key;
    const account_id id = accounts_id_of(name);
    make_record(fake, slice_of(id.bytes, sizeof id.bytes), number, record, &public_key);
}

static void sign(struct fake_enclave *fake, const struct message_request *request,
                 struct message_reply *reply, uint8_t signature_bytes[K256_SIGNATURE_SIZE])
{
    struct secret32 key;
    k256_signature signature;
    memcpy(key.bytes, request->record.bytes + 264, sizeof key.bytes);
    const hash32 digest = request->type == FRAME_SIGN_TX ? tx_signing_hash(request->body)
                                                         : eip191_hash(request->body);
    const status signed_now = k256_sign(&fake->curve, &key, digest, &signature);
    assert(status_is_ok(signed_now));
    k256_signature_write(&signature, signature_bytes);
    reply->signature = slice_of(signature_bytes, K256_SIGNATURE_SIZE);
    reply->address = slice_part(
        request->record, atomic_load(&fake->behaviour.wrong_address) ? 47 : 48, ADDRESS_SIZE);
    atomic_fetch_add(&fake->sign_count, 1);
}

/* The user data of a proof of origin. */
static slice make_origin(const struct message_request *request, const struct message_reply *reply,
                         uint8_t memory[144])
{
    struct builder origin;
    const hash32 record_hash = sha256(reply->record);
    builder_init(&origin, memory, 144);
    builder_put(&origin, slice_of("ENWP\1\1\0\0", 8));
    builder_put_zeros(&origin, 16 + 32);
    builder_put_u32(&origin, 7);
    builder_put(&origin, slice_of(request->account_id.bytes, ACCOUNT_ID_SIZE));
    builder_put(&origin, reply->address);
    builder_put(&origin, hash32_view(&record_hash));
    return builder_view(&origin);
}

/* A document with the fields that matter, under no signature. */
static slice make_document(slice nonce, slice user_data, uint8_t *memory, size_t size_max)
{
    struct builder payload, document;
    uint8_t bytes[1024];
    builder_init(&payload, bytes, sizeof bytes);
    cbor_put_map(&payload, 5);
    cbor_put_text(&payload, slice_text("module_id"));
    cbor_put_text(&payload, slice_text("i-fake"));
    cbor_put_text(&payload, slice_text("timestamp"));
    cbor_put_u64(&payload, 1700000000000u);
    cbor_put_text(&payload, slice_text("pcrs"));
    cbor_put_map(&payload, 1);
    cbor_put_u64(&payload, 0);
    cbor_put_bytes_head(&payload, 48);
    builder_put_zeros(&payload, 48);
    cbor_put_text(&payload, slice_text("user_data"));
    cbor_put_bytes(&payload, user_data);
    cbor_put_text(&payload, slice_text("nonce"));
    cbor_put_bytes(&payload, nonce);
    builder_init(&document, memory, size_max);
    cbor_put_array(&document, 4);
    cbor_put_bytes(&document, slice_of("", 0));
    cbor_put_map(&document, 0);
    cbor_put_bytes(&document, builder_view(&payload));
    cbor_put_bytes(&document, slice_text("signature"));
    return builder_view(&document);
}

static void answer(struct fake_enclave *fake, const struct message_request *request,
                   struct builder *output)
{
    static const char status_json[] =
        "{\"kms\":{\"generate_data_key\":{\"ok\":3},\"decrypt\":{\"ok\":4,\"denied\":1}},"
        "\"cache\":{\"entries\":2,\"hits\":7,\"misses\":5},\"queue\":{\"waiting\":0}}";
    struct message_reply reply = {.type = request->type, .req_id = request->req_id};
    uint8_t record[FAKE_RECORD_SIZE], signature[K256_SIGNATURE_SIZE], document[2048];
    uint8_t user_data[144], client_user_data[72] = "ENWA\1\2";
    k256_public_key public_key;
    if (request->type == FRAME_CREATE) {
        const int number = atomic_fetch_add(&fake->create_count, 1) + 1;
        make_record(fake, slice_of(request->account_id.bytes, ACCOUNT_ID_SIZE), number, record,
                    &public_key);
        reply.record = slice_of(record, sizeof record);
        reply.address = slice_of(record + 48, ADDRESS_SIZE);
        reply.public_key = slice_of(public_key.bytes, sizeof public_key.bytes);
        reply.key_arn = slice_text(key_arn);
        if (atomic_load(&fake->behaviour.wrong_address)) record[48] ^= 1;
        make_origin(request, &reply, user_data);
        const int wrong_index = atomic_load(&fake->behaviour.wrong_proof_index);
        if (wrong_index > 0) user_data[wrong_index] ^= 1;
        reply.document = make_document(slice_of(NULL, 0), slice_of(user_data, sizeof user_data),
                                       document, sizeof document);
    } else if (request->type == FRAME_ATTEST) {
        reply.document =
            make_document(request->nonce, slice_of(client_user_data, sizeof client_user_data),
                          document, sizeof document);
    } else if (request->type == FRAME_STATUS) {
        reply.status = slice_text(status_json);
    } else {
        sign(fake, request, &reply, signature);
    }
    const status written = message_reply_write(&reply, output);
    assert(status_is_ok(written));
}

/* True, and one less, while the count is above zero. */
static bool take_one(atomic_int *count)
{
    int left = atomic_load(count);
    while (left > 0) {
        if (atomic_compare_exchange_weak(count, &left, left - 1)) return true;
    }
    return left < 0;
}

static bool send_pieces(const struct connection *connection, slice bytes)
{
    const int cut = atomic_load(&connection->fake->behaviour.cut_size);
    while (bytes.size > 0) {
        const size_t size = cut > 0 && (size_t)cut < bytes.size ? (size_t)cut : bytes.size;
        const ssize_t sent = send(connection->descriptor, bytes.bytes, size, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes = slice_part(bytes, (size_t)sent, bytes.size);
    }
    return true;
}

static bool serve_one(struct connection *connection, slice bytes)
{
    struct fake_enclave *fake = connection->fake;
    struct fake_behaviour *behaviour = &fake->behaviour;
    uint8_t memory[8192];
    struct builder output;
    struct frame frame;
    struct message_request request;
    bool is_whole = false;
    status read = frame_take(&bytes, &frame, &is_whole);
    if (status_is_ok(read)) read = message_request_read(&frame, &request);
    if (!status_is_ok(read)) fprintf(stderr, "fake enclave: %s\n", status_message(read));
    assert(status_is_ok(read) && is_whole);
    atomic_fetch_add(&fake->request_count, 1);
    if (take_one(&behaviour->close_count)) return false;
    if (atomic_load(&behaviour->is_silent)) return true;
    const int64_t started_ms = clock_monotonic_ms();
    while (clock_monotonic_ms() - started_ms < atomic_load(&behaviour->delay_ms)) poll(NULL, 0, 5);
    if (take_one(&behaviour->garbage_count)) {
        return send_pieces(connection, slice_text("HTTP/1.1 400 Bad Request\r\n\r\n"));
    }
    builder_init(&output, memory, sizeof memory);
    if (atomic_load(&behaviour->wrong_req_id)) request.req_id = UINT64_MAX;
    if (atomic_load(&behaviour->error_kind) && request.type != FRAME_STATUS &&
        take_one(&behaviour->error_count)) {
        const struct message_reply reply = {
            .req_id = request.req_id,
            .kind = (enum failure_kind)atomic_load(&behaviour->error_kind),
            .sentence = slice_text(fake->error_sentence)};
        const status written = message_reply_write(&reply, &output);
        assert(status_is_ok(written));
    } else {
        answer(fake, &request, &output);
    }
    if (take_one(&behaviour->half_close_count)) {
        send_pieces(connection, slice_part(builder_view(&output), 0, output.size / 2));
        return false;
    }
    return send_pieces(connection, builder_view(&output));
}

/* Holds requests back until there are enough of them; then answers the last one first. */
static bool hold(struct connection *connection, slice bytes)
{
    const int wanted = atomic_load(&connection->fake->behaviour.reverse_count);
    if (wanted == 0) return serve_one(connection, bytes);
    const size_t index = connection->held_count++;
    connection->held[index] = malloc(bytes.size);
    memcpy(connection->held[index], bytes.bytes, bytes.size);
    connection->held_sizes[index] = bytes.size;
    if (connection->held_count < (size_t)wanted) return true;
    bool is_good = true;
    while (connection->held_count > 0) {
        const size_t last = --connection->held_count;
        is_good = is_good && serve_one(connection, slice_of(connection->held[last],
                                                            connection->held_sizes[last]));
        free(connection->held[last]);
    }
    return is_good;
}

static bool serve_arrived(struct connection *connection)
{
    slice arrived = slice_of(connection->inbox, connection->inbox_size);
    for (;;) {
        const slice before = arrived;
        struct frame frame;
        bool is_whole = false;
        const status taken = frame_take(&arrived, &frame, &is_whole);
        assert(status_is_ok(taken));
        if (!is_whole) break;
        if (!hold(connection, slice_part(before, 0, before.size - arrived.size))) return false;
    }
    memmove(connection->inbox, arrived.bytes, arrived.size);
    connection->inbox_size = arrived.size;
    return true;
}

static void *run_connection(void *context)
{
    struct connection *connection = context;
    for (;;) {
        const ssize_t size =
            recv(connection->descriptor, connection->inbox + connection->inbox_size,
                 sizeof connection->inbox - connection->inbox_size, 0);
        if (size <= 0) break;
        connection->inbox_size += (size_t)size;
        if (!serve_arrived(connection)) break;
    }
    shutdown(connection->descriptor, SHUT_RDWR);
    while (connection->held_count > 0) free(connection->held[--connection->held_count]);
    free(connection);
    return NULL;
}

static void *run_acceptor(void *context)
{
    struct fake_enclave *fake = context;
    while (!atomic_load(&fake->is_stopping)) {
        struct pollfd waiting = {fake->listener.descriptor, POLLIN, 0};
        if (poll(&waiting, 1, 20) != 1) continue;
        const int descriptor = accept(fake->listener.descriptor, NULL, NULL);
        if (descriptor < 0) continue;
        struct connection *connection = calloc(1, sizeof *connection);
        connection->fake = fake;
        connection->descriptor = descriptor;
        atomic_fetch_add(&fake->connection_count, 1);
        assert(fake->thread_count < FAKE_CONNECTION_COUNT_MAX);
        fake->descriptors[fake->thread_count] = descriptor;
        pthread_create(&fake->threads[fake->thread_count++], NULL, run_connection, connection);
    }
    return NULL;
}

void fake_enclave_start(struct fake_enclave *fake)
{
    atomic_store(&fake->is_stopping, false);
    const status opened = listener_open(&fake->where, &fake->listener);
    assert(status_is_ok(opened));
    fake->thread_count = 0;
    pthread_create(&fake->acceptor, NULL, run_acceptor, fake);
}

void fake_enclave_open(struct fake_enclave *fake)
{
    char folder[] = "/tmp/enw-fake-XXXXXX", text[64];
    const struct secret32 blinding = {{1}};
    memset(fake, 0, sizeof *fake);
    const status opened = k256_open(&fake->curve, &blinding);
    assert(status_is_ok(opened));
    assert(mkdtemp(folder));
    snprintf(text, sizeof text, "unix:%s/enclave.sock", folder);
    const status parsed = endpoint_parse(slice_text(text), &fake->where);
    assert(status_is_ok(parsed));
    snprintf(fake->error_sentence, sizeof fake->error_sentence, "enclave: as told");
    pthread_mutex_init(&fake->mutex, NULL);
    fake_enclave_start(fake);
}

void fake_enclave_stop(struct fake_enclave *fake)
{
    atomic_store(&fake->is_stopping, true);
    pthread_join(fake->acceptor, NULL);
    listener_close(&fake->listener);
    for (size_t i = 0; i < fake->thread_count; i++) {
        shutdown(fake->descriptors[i], SHUT_RDWR);
        pthread_join(fake->threads[i], NULL);
        close(fake->descriptors[i]);
    }
    fake->thread_count = 0;
}

void fake_enclave_close(struct fake_enclave *fake)
{
    char folder[ENDPOINT_PATH_SIZE_MAX];
    fake_enclave_stop(fake);
    k256_close(&fake->curve);
    snprintf(folder, sizeof folder, "%s", fake->where.path);
    char *slash = strrchr(folder, '/');
    *slash = 0;
    rmdir(folder);
}
