#ifndef CPOSTGRESQL_SHIM_H
#define CPOSTGRESQL_SHIM_H

#include <libpq-fe.h>
#include <pthread.h>

#if defined(__linux__)
// Declared by glibc for _GNU_SOURCE only, which a module map cannot set.
extern int pthread_setname_np(pthread_t thread, const char *name);
#endif

static inline void cpg_name_this_thread(const char *name) {
#if defined(__linux__)
    pthread_setname_np(pthread_self(), name);
#else
    pthread_setname_np(name);
#endif
}

// The PG_DIAG_* selectors are character-literal macros behind an untyped int; these name them with a type.

static inline const char *cpg_error_sqlstate(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_SQLSTATE);
}

// Never translated, unlike PG_DIAG_SEVERITY.
static inline const char *cpg_error_severity(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
}

static inline const char *cpg_error_message(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
}

static inline const char *cpg_error_detail(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
}

static inline const char *cpg_error_constraint(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
}

static inline const char *cpg_error_source_function(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
}

// PQcmdTuples takes a PGresult it does not change.
static inline const char *cpg_affected_rows(const PGresult *result) {
    return PQcmdTuples((PGresult *)result);
}

static inline const char *cpg_command_tag(const PGresult *result) {
    return PQcmdStatus((PGresult *)result);
}

#endif
