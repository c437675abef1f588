#include "os/locked.h"

#include <errno.h>
#include <stdalign.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/secret.h"

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Opens the pages between the guards and has the kernel keep them to us. */
static status pages_protect(const struct locked *locked)
{
    if (mprotect(locked->memory, locked->size_max, PROT_READ | PROT_WRITE) != 0) {
        FAIL(UNAVAILABLE, errno, "locked: memory cannot be opened");
    }
    if (mlock(locked->memory, locked->size_max) != 0) {
        FAIL(UNAVAILABLE, errno, "locked: memory cannot be locked (raise RLIMIT_MEMLOCK)");
    }
    if (madvise(locked->memory, locked->size_max, MADV_DONTDUMP) != 0) {
        FAIL(UNAVAILABLE, errno, "locked: memory cannot be kept out of dumps");
    }
    if (madvise(locked->memory, locked->size_max, MADV_WIPEONFORK) != 0) {
        FAIL(UNAVAILABLE, errno, "locked: memory cannot be kept from children");
    }
    return status_ok();
}

status locked_open(struct locked *locked, size_t size)
{
    const size_t page = page_size();
    REQUIRE(size > 0 && size <= SIZE_MAX / 2 - 3 * page, OVER_LIMIT,
            "locked: size is out of range");
    const size_t size_max = (size + page - 1) / page * page;
    const size_t mapping_size = size_max + 2 * page;
    /* The guards are what stays inaccessible of one mapping. */
    void *mapping = mmap(NULL, mapping_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) FAIL(UNAVAILABLE, errno, "locked: memory cannot be mapped");
    const struct locked opened = {mapping, mapping_size, (uint8_t *)mapping + page, size_max, 0};
    const status result = pages_protect(&opened);
    if (!status_is_ok(result)) {
        munmap(mapping, mapping_size);
        return result;
    }
    *locked = opened;
    return status_ok();
}

status locked_take(struct locked *locked, size_t size, void **memory)
{
    const size_t alignment = alignof(max_align_t);
    const size_t start = (locked->used_size + alignment - 1) / alignment * alignment;
    REQUIRE(start <= locked->size_max && size <= locked->size_max - start, OVER_LIMIT,
            "locked: the pool is used up");
    locked->used_size = start + size;
    *memory = locked->memory + start;
    return status_ok();
}

void locked_close(struct locked *locked)
{
    if (locked->mapping) {
        secret_wipe(locked->memory, locked->size_max);
        munmap(locked->mapping, locked->mapping_size);
    }
    *locked = (struct locked){0};
}
