// What Swift cannot see of mpi.h: constants that are macros. And one variadic call of Linux.
#ifndef RDD_CMPI_H
#define RDD_CMPI_H
#include <mpi.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>

static inline MPI_Comm cmpi_comm_world(void) { return MPI_COMM_WORLD; }
static inline MPI_Errhandler cmpi_errors_return(void) { return MPI_ERRORS_RETURN; }
static inline MPI_Info cmpi_info_null(void) { return MPI_INFO_NULL; }
static inline MPI_Request cmpi_request_null(void) { return MPI_REQUEST_NULL; }
static inline const void *cmpi_in_place(void) { return MPI_IN_PLACE; }
static inline int cmpi_any_source(void) { return MPI_ANY_SOURCE; }

static inline MPI_Op cmpi_sum(void) { return MPI_SUM; }
static inline MPI_Op cmpi_min(void) { return MPI_MIN; }
static inline MPI_Op cmpi_max(void) { return MPI_MAX; }

static inline MPI_Datatype cmpi_byte(void) { return MPI_BYTE; }
static inline MPI_Datatype cmpi_float(void) { return MPI_FLOAT; }
static inline MPI_Datatype cmpi_double(void) { return MPI_DOUBLE; }
static inline MPI_Datatype cmpi_int32(void) { return MPI_INT32_T; }
static inline MPI_Datatype cmpi_int64(void) { return MPI_INT64_T; }
static inline MPI_Datatype cmpi_uint64(void) { return MPI_UINT64_T; }
static inline MPI_Datatype cmpi_uint8(void) { return MPI_UINT8_T; }

// Sums of bfloat16, which MPI does not know: in float32, rounded to nearest even.
static inline void cmpi_add_bfloat16(void *in, void *in_out, int *count, MPI_Datatype *type) {
  const uint16_t *from = (const uint16_t *)in;
  uint16_t *to = (uint16_t *)in_out;
  (void)type;
  for (int i = 0; i < *count; ++i) {
    uint32_t left = (uint32_t)from[i] << 16, right = (uint32_t)to[i] << 16, sum;
    float a, b;
    memcpy(&a, &left, sizeof a);
    memcpy(&b, &right, sizeof b);
    a += b;
    memcpy(&sum, &a, sizeof sum);
    int is_nan = (sum & 0x7fffffffu) > 0x7f800000u;
    to[i] = is_nan ? 0x7fc0u : (uint16_t)((sum + 0x7fffu + ((sum >> 16) & 1u)) >> 16);
  }
}
// The operation on MPI_UINT16_T that does it; MPI keeps it until it ends.
static inline int cmpi_make_bfloat16_sum(MPI_Op *operation) {
  return MPI_Op_create(cmpi_add_bfloat16, 1, operation);
}
static inline MPI_Datatype cmpi_uint16(void) { return MPI_UINT16_T; }

// prctl is variadic, so Swift cannot call it. Returns 0, or -1 with errno.
static inline int cmpi_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }
#endif
