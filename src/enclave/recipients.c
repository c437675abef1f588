#include "enclave/recipients.h"

#include <string.h>

status recipients_open(const struct self *self, const struct clock *clock,
                       struct recipients *recipients)
{
    struct recipient first = {0};
    TRY(recipient_open(&first));
    memset(recipients, 0, sizeof *recipients);
    recipients->self = self;
    recipients->clock = *clock;
    recipients->current = &recipients->entries[0];
    recipients->current->recipient = first;
    recipients->current->use_count = 1;
    recipients->renewed_at_ms = clock_read_monotonic_ms(clock);
    pthread_mutex_init(&recipients->mutex, NULL);
    recipients->is_open = true;
    return status_ok();
}

static void entry_close(struct recipients_entry *entry)
{
    recipient_close(&entry->recipient);
    memset(entry, 0, sizeof *entry);
}

void recipients_close(struct recipients *recipients)
{
    if (!recipients->is_open) return;
    for (size_t i = 0; i < RECIPIENTS_COUNT; i++) entry_close(&recipients->entries[i]);
    pthread_mutex_destroy(&recipients->mutex);
    recipients->is_open = false;
}

/* With the lock held: one user less; the last one ends an entry that was replaced. */
static void entry_release(struct recipients_entry *entry)
{
    if (--entry->use_count == 0) entry_close(entry);
}

/* With the lock held: the entry that nobody uses, or NULL. */
static struct recipients_entry *entry_free(struct recipients *recipients)
{
    for (size_t i = 0; i < RECIPIENTS_COUNT; i++) {
        if (recipients->entries[i].use_count == 0) return &recipients->entries[i];
    }
    return NULL;
}

status recipients_renew(struct recipients *recipients)
{
    const int64_t now_ms = clock_read_monotonic_ms(&recipients->clock);
    pthread_mutex_lock(&recipients->mutex);
    const bool is_due = now_ms - recipients->renewed_at_ms >= RECIPIENTS_RENEWAL_MS;
    const bool has_room = entry_free(recipients) != NULL;
    pthread_mutex_unlock(&recipients->mutex);
    if (!is_due) return status_ok();
    REQUIRE(has_room, UNAVAILABLE, "recipients: the pair before is still in use");
    struct recipient next = {0};
    TRY(recipient_open(&next));
    pthread_mutex_lock(&recipients->mutex);
    /* Only this function fills entries, and one thread calls it: the room is still there. */
    struct recipients_entry *entry = entry_free(recipients);
    entry->recipient = next;
    entry->use_count = 1;
    entry_release(recipients->current);
    recipients->current = entry;
    recipients->renewed_at_ms = now_ms;
    pthread_mutex_unlock(&recipients->mutex);
    return status_ok();
}

/* With the lock held: whether the kept document may still be sent. */
static bool document_is_fresh(const struct recipients *recipients,
                              const struct recipients_entry *entry)
{
    const int64_t now_ms = clock_read_monotonic_ms(&recipients->clock);
    return entry->document_size > 0 &&
           now_ms - entry->document_at_ms < RECIPIENTS_DOCUMENT_AGE_MS_MAX;
}

/*
 * With the lock held, so that many calls at once ask the module only once. `asked_at_ms` is taken
 * before: a document is never believed to be younger than it is.
 */
static status document_renew(struct recipients *recipients, struct recipients_entry *entry,
                             struct arena *arena)
{
    slice document;
    const int64_t asked_at_ms = clock_read_monotonic_ms(&recipients->clock);
    TRY(self_attest_kms(recipients->self, recipient_public_key(&entry->recipient), arena,
                        &document));
    REQUIRE(document.size <= sizeof entry->document, CORRUPT,
            "recipients: attestation document is too long");
    memcpy(entry->document, document.bytes, document.size);
    entry->document_size = document.size;
    entry->document_at_ms = asked_at_ms;
    return status_ok();
}

/* With the lock held. */
static status use_fill(struct recipients *recipients, struct arena *arena,
                       struct recipients_use *use)
{
    struct recipients_entry *entry = recipients->current;
    slice document;
    if (!document_is_fresh(recipients, entry)) TRY(document_renew(recipients, entry, arena));
    TRY(arena_copy(arena, slice_of(entry->document, entry->document_size), &document));
    entry->use_count++;
    *use = (struct recipients_use){recipients, entry, &entry->recipient, document};
    return status_ok();
}

status recipients_use_open(struct recipients *recipients, struct arena *arena,
                           struct recipients_use *use)
{
    pthread_mutex_lock(&recipients->mutex);
    const status result = use_fill(recipients, arena, use);
    pthread_mutex_unlock(&recipients->mutex);
    return result;
}

void recipients_use_close(struct recipients_use *use)
{
    if (!use->recipients) return;
    pthread_mutex_lock(&use->recipients->mutex);
    entry_release(use->entry);
    pthread_mutex_unlock(&use->recipients->mutex);
    *use = (struct recipients_use){0};
}
