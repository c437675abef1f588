/*
 * probes: what orchestrators and monitoring ask.
 *
 * /healthz says that the process answers. /readyz says whether a call would succeed now: the store
 * answers, the enclave answers STATUS, credentials are valid. Its result answers further checks for
 * SERVICE_PROBE_FRESH_MS, so that anybody may ask without being able to load the service.
 */
#ifndef PARENT_PROBES_H
#define PARENT_PROBES_H

#include "parent/request.h"

enum request_next probes_handle_health(struct request *request);
enum request_next probes_handle_ready(struct request *request);
enum request_next probes_handle_metrics(struct request *request);
enum request_next probes_handle_openapi(struct request *request);

#endif
