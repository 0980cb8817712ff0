/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outcomes.h - how an exchange ends: the names that stand in records, here
 * because those who search the log type them, with what the answer to the client
 * is then.
 */
#ifndef LOGGING_OUTCOMES_H
#define LOGGING_OUTCOMES_H

/* OUTCOME(id, "name in the record", "GB-nnnn", status, "Proxy-Status error",
 *     class)  class: OK, FAULT (failure), REFUSED (denied or refused) */
#define OUTCOMES(OUTCOME) \
OUTCOME(COMPLETE, "complete", "", 0, "", OK) \
OUTCOME(DENIED, "denied", "GB-1001", 403, "http_request_denied", REFUSED) \
OUTCOME(DENIED_ADDRESS, "special-address", "GB-1002", 403, "destination_ip_prohibited", REFUSED) \
OUTCOME(DENIED_PORT, "port-not-allowed", "GB-1003", 403, "http_request_denied", REFUSED) \
OUTCOME(DENIED_LATER, "denied-later", "GB-1004", 0, "http_request_denied", REFUSED) \
OUTCOME(LOOP, "loop", "GB-1005", 508, "proxy_loop_detected", REFUSED) \
OUTCOME(BAD_REQUEST, "bad-request", "GB-2001", 400, "http_request_error", REFUSED) \
OUTCOME(HEAD_TOO_LARGE, "head-too-large", "GB-2002", 431, "http_request_error", REFUSED) \
OUTCOME(TARGET_TOO_LONG, "target-too-long", "GB-2003", 414, "http_request_error", REFUSED) \
OUTCOME(HEAD_TIMEOUT, "head-timeout", "GB-2004", 408, "http_request_error", REFUSED) \
OUTCOME(BODY_TIMEOUT, "body-timeout", "GB-2005", 408, "http_request_error", FAULT) \
OUTCOME(BAD_BODY, "bad-request-body", "GB-2006", 400, "http_request_error", FAULT) \
OUTCOME(VERSION, "http-version", "GB-2007", 505, "http_request_error", REFUSED) \
OUTCOME(SCHEME, "scheme-not-supported", "GB-2008", 501, "http_request_error", REFUSED) \
OUTCOME(NOT_A_PROXY_REQUEST, "not-a-proxy-request", "GB-2009", 400, "http_request_error", REFUSED) \
OUTCOME(EXPECTATION, "expectation", "GB-2010", 417, "http_request_error", REFUSED) \
OUTCOME(PROXY_PROTOCOL, "proxy-protocol", "GB-2011", 0, "http_request_error", REFUSED) \
OUTCOME(TOO_MANY, "too-many-connections", "GB-3001", 503, "connection_limit_reached", REFUSED) \
OUTCOME(TOO_MANY_CLIENT, "too-many-from-client", "GB-3002", 503, "connection_limit_reached", REFUSED) \
OUTCOME(NO_ROOM, "out-of-resources", "GB-3003", 503, "proxy_internal_error", REFUSED) \
OUTCOME(STOPPING, "stopping", "GB-3004", 503, "proxy_internal_error", REFUSED) \
OUTCOME(DNS_NO_NAME, "dns-no-such-name", "GB-4001", 502, "dns_error", FAULT) \
OUTCOME(DNS_NO_ADDRESS, "dns-no-address", "GB-4002", 502, "dns_error", FAULT) \
OUTCOME(DNS_FAILED, "dns-failed", "GB-4003", 502, "dns_error", FAULT) \
OUTCOME(DNS_TIMEOUT, "dns-timeout", "GB-4004", 504, "dns_timeout", FAULT) \
OUTCOME(DNS_BOGUS, "dns-bogus", "GB-4005", 502, "dns_error", FAULT) \
OUTCOME(CONNECT_REFUSED, "connection-refused", "GB-4101", 502, "connection_refused", FAULT) \
OUTCOME(CONNECT_UNREACHABLE, "unreachable", "GB-4102", 502, "destination_ip_unroutable", FAULT) \
OUTCOME(CONNECT_TIMEOUT, "connect-timeout", "GB-4103", 504, "connection_timeout", FAULT) \
OUTCOME(CONNECT_FAILED, "connect-failed", "GB-4104", 502, "destination_unavailable", FAULT) \
OUTCOME(PARENT_REFUSED, "parent-refused", "GB-4105", 502, "proxy_internal_response", FAULT) \
OUTCOME(ORIGIN_CLOSED, "origin-closed", "GB-4201", 502, "connection_terminated", FAULT) \
OUTCOME(ORIGIN_RESET, "origin-reset", "GB-4202", 502, "connection_terminated", FAULT) \
OUTCOME(ORIGIN_TIMEOUT, "origin-timeout", "GB-4203", 504, "http_response_timeout", FAULT) \
OUTCOME(ORIGIN_BAD, "bad-answer", "GB-4204", 502, "http_protocol_error", FAULT) \
OUTCOME(ORIGIN_HEAD_TOO_LARGE, "answer-head-too-large", "GB-4205", 502, "http_response_header_section_size", FAULT) \
OUTCOME(ORIGIN_TRUNCATED, "answer-truncated", "GB-4206", 0, "http_response_incomplete", FAULT) \
OUTCOME(ORIGIN_BODY_TIMEOUT, "answer-stalled", "GB-4207", 0, "http_response_incomplete", FAULT) \
OUTCOME(CLIENT_CLOSED, "client-closed", "GB-5001", 0, "", FAULT) \
OUTCOME(CLIENT_RESET, "client-reset", "GB-5002", 0, "", FAULT) \
OUTCOME(CLIENT_TIMEOUT, "client-stalled", "GB-5003", 0, "", FAULT) \
OUTCOME(TUNNEL_IDLE, "tunnel-idle", "GB-5004", 0, "", OK) \
OUTCOME(DRAINED, "closed-by-stop", "GB-5005", 0, "", FAULT) \
OUTCOME(LOG_FULL, "log-full", "GB-6001", 503, "proxy_internal_error", REFUSED) \
OUTCOME(LOG_BROKEN, "log-broken", "GB-6002", 503, "proxy_internal_error", REFUSED) \
OUTCOME(LOG_BUSY, "log-busy", "GB-6003", 503, "proxy_internal_error", REFUSED) \
OUTCOME(LOG_GRACE, "log-grace-over", "GB-6004", 0, "proxy_internal_error", REFUSED)

/* What the writer says of an exchange that its worker left. */
#define OUTCOME_WORKER_DIED_NAME "worker-died"

#endif
