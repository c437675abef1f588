#include "base/status.h"

bool status_is(status result, enum failure_kind kind)
{
    return result.failure && result.failure->kind == kind;
}

const char *status_message(status result)
{
    return result.failure ? result.failure->message : "ok";
}

const char *failure_kind_print(enum failure_kind kind)
{
    switch (kind) {
    case FAILURE_BAD_INPUT: return "bad_input";
    case FAILURE_DENIED: return "denied";
    case FAILURE_NOT_FOUND: return "not_found";
    case FAILURE_CONFLICT: return "conflict";
    case FAILURE_OVER_LIMIT: return "over_limit";
    case FAILURE_UNAVAILABLE: return "unavailable";
    case FAILURE_CORRUPT: return "corrupt";
    case FAILURE_INTERNAL: return "internal";
    }
    return "internal";
}
