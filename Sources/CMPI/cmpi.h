// What Swift cannot see of mpi.h: constants that are macros.
#ifndef RDD_CMPI_H
#define RDD_CMPI_H
#include <mpi.h>

static inline MPI_Comm cmpi_comm_world(void) { return MPI_COMM_WORLD; }
#endif
