/*
 * credentials_section: the current AWS credentials as a frame carries them to the enclave.
 */
#ifndef PARENT_CREDENTIALS_SECTION_H
#define PARENT_CREDENTIALS_SECTION_H

#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "credentials/source.h"

/*
 * Writes the contents of a frame's credentials section (proto/message.h) into the arena, whose
 * emptying wipes them. Waits and fails as credentials_source_get does.
 */
MUST_CHECK status credentials_section_put(struct credentials_source *source, int64_t deadline_ms,
                                          struct arena *arena, slice *section);

#endif
