// xxHash as its header gives it.
#ifndef RDD_CXXHASH_H
#define RDD_CXXHASH_H
#include <xxhash.h>
#endif
