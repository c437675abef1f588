#include "calls/abi.h"

struct abi_reader abi_open(slice arguments, size_t word_count)
{
    struct abi_reader reader = {.arguments = arguments,
                                .head_size = word_count * ABI_WORD_SIZE,
                                .tail = word_count * ABI_WORD_SIZE};
    if (arguments.size < reader.head_size) {
        reader.failure = REFUSAL(BAD_INPUT, 0, "abi: call data ends inside its arguments");
    }
    return reader;
}

static void refuse(struct abi_reader *reader, status failure)
{
    if (status_is_ok(reader->failure)) reader->failure = failure;
}

/* The next word of the head, or zeros after a refusal. */
static const uint8_t *take_word(struct abi_reader *reader)
{
    static const uint8_t zeros[ABI_WORD_SIZE];
    if (!status_is_ok(reader->failure)) return zeros;
    const uint8_t *word = reader->arguments.bytes + reader->next;
    reader->next += ABI_WORD_SIZE;
    return word;
}

u256 abi_u256(struct abi_reader *reader)
{
    return u256_read_word(take_word(reader));
}

static bool has_zeros(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) return false;
    }
    return true;
}

/* What the argument's type cannot hold is not cut off: the contract would, or would revert. */
static const uint8_t *take_narrow(struct abi_reader *reader, size_t size)
{
    const uint8_t *word = take_word(reader);
    if (!has_zeros(word, ABI_WORD_SIZE - size)) {
        refuse(reader, REFUSAL(BAD_INPUT, 0, "abi: an argument is wider than its type"));
    }
    return word;
}

u256 abi_narrow(struct abi_reader *reader, size_t bits)
{
    return u256_read_word(take_narrow(reader, bits / 8));
}

eth_address abi_address(struct abi_reader *reader)
{
    eth_address address = {{0}};
    const uint8_t *word = take_narrow(reader, ADDRESS_SIZE);
    if (!status_is_ok(reader->failure)) return address;
    const slice bytes = slice_of(word + ABI_WORD_SIZE - ADDRESS_SIZE, ADDRESS_SIZE);
    refuse(reader, address_read(bytes, &address));
    return address;
}

bool abi_bool(struct abi_reader *reader)
{
    const uint8_t *word = take_narrow(reader, 1);
    if (word[ABI_WORD_SIZE - 1] > 1) {
        refuse(reader, REFUSAL(BAD_INPUT, 0, "abi: a truth value must be 0 or 1"));
    }
    return status_is_ok(reader->failure) && word[ABI_WORD_SIZE - 1] == 1;
}

void abi_skip(struct abi_reader *reader)
{
    (void)take_word(reader);
}

/* An offset or a length: what does not fit 32 bits cannot lie inside any call data. */
static size_t take_size(struct abi_reader *reader, size_t offset)
{
    uint64_t size = 0;
    if (!status_is_ok(reader->failure)) return 0;
    if (reader->arguments.size < ABI_WORD_SIZE || offset > reader->arguments.size - ABI_WORD_SIZE) {
        refuse(reader, REFUSAL(BAD_INPUT, 0, "abi: call data ends inside its arguments"));
        return 0;
    }
    const u256 wide = u256_read_word(reader->arguments.bytes + offset);
    if (!status_is_ok(u256_to_u64(wide, &size)) || size > UINT32_MAX) {
        refuse(reader, REFUSAL(BAD_INPUT, 0, "abi: an offset or length is too large"));
        return 0;
    }
    return (size_t)size;
}

/* Takes the offset of a dynamic argument, which must begin where the last one ended. */
static size_t take_tail(struct abi_reader *reader)
{
    const size_t offset = take_size(reader, reader->next);
    reader->next += ABI_WORD_SIZE;
    if (offset != reader->tail) {
        refuse(reader, REFUSAL(BAD_INPUT, 0, "abi: a dynamic argument is not where it belongs"));
    }
    return offset;
}

/* `size` bytes at `offset` and their padding to whole words, which must be zero. */
static slice take_padded(struct abi_reader *reader, size_t offset, size_t size)
{
    const size_t padded = (size + ABI_WORD_SIZE - 1) / ABI_WORD_SIZE * ABI_WORD_SIZE;
    if (!status_is_ok(reader->failure)) return slice_of(NULL, 0);
    if (reader->arguments.size < offset || padded > reader->arguments.size - offset) {
        refuse(reader, REFUSAL(BAD_INPUT, 0, "abi: call data ends inside its arguments"));
        return slice_of(NULL, 0);
    }
    if (!has_zeros(reader->arguments.bytes + offset + size, padded - size)) {
        refuse(reader, REFUSAL(BAD_INPUT, 0, "abi: padding must be zero"));
        return slice_of(NULL, 0);
    }
    reader->tail = offset + padded;
    return slice_part(reader->arguments, offset, size);
}

slice abi_bytes(struct abi_reader *reader)
{
    const size_t offset = take_tail(reader);
    const size_t size = take_size(reader, offset);
    return take_padded(reader, offset + ABI_WORD_SIZE, size);
}

/* Goes through a copy: an array is refused for its elements before any of them is delivered. */
static status check_elements(struct abi_array array)
{
    for (size_t i = 0; i < array.count; i++) (void)abi_bytes(&array.elements);
    return abi_finish(&array.elements);
}

struct abi_array abi_bytes_array(struct abi_reader *reader)
{
    const size_t offset = take_tail(reader);
    const size_t count = take_size(reader, offset);
    if (count > ABI_ARRAY_COUNT_MAX) {
        refuse(reader, REFUSAL(BAD_INPUT, 0, "abi: an array has too many elements"));
    }
    if (!status_is_ok(reader->failure)) return (struct abi_array){0};
    /* The elements' offsets count from behind the array's length; the array is the last argument. */
    const slice rest =
        slice_part(reader->arguments, offset + ABI_WORD_SIZE, reader->arguments.size);
    const struct abi_array array = {abi_open(rest, count), count};
    refuse(reader, check_elements(array));
    if (!status_is_ok(reader->failure)) return (struct abi_array){0};
    reader->tail = reader->arguments.size;
    return array;
}

status abi_finish(const struct abi_reader *reader)
{
    TRY(reader->failure);
    REQUIRE(reader->next == reader->head_size, INTERNAL, "abi: not all arguments were read");
    REQUIRE(reader->tail == reader->arguments.size, BAD_INPUT,
            "abi: bytes follow the last argument");
    return status_ok();
}
