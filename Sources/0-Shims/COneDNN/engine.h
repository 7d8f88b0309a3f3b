#pragma once

#include "COneDNN/compat.h"
#include "COneDNN/element.h"

/// oneDNN in this process: one engine, a stream for each thread.
///
/// Functions of this library throw C++ exceptions (`dnnl::error`, `std::runtime_error`); the C interface
/// of CTorch catches them. The thread count is OpenMP's.
namespace rdd::onednn {

/// The CPU engine of this process.
const dnnl::engine &engine();

/// The calling thread's stream.
dnnl::stream &stream();

/// Throws where the process may not have the memory that the code of some kernels takes. oneDNN 2.6 asks
/// for it piece by piece, and writes to a null pointer where it gets none.
void require_code_memory();

/// oneDNN's name of a float32 or bfloat16 type; throws on float64.
Type data_type(Element type);

/// Whether oneDNN computes with bfloat16 here: oneDNN 3 has no primitive for it on a processor without
/// AVX-512. The first call settles what its kernels are chosen for.
bool has_bfloat16();

/// The attributes of primitives that work in memory which they are given.
dnnl::primitive_attr scratchpad_attributes();

/// Memory of the caller's as oneDNN sees it.
inline dnnl::memory memory_at(const Desc &desc, void *data) {
  return dnnl::memory(desc, engine(), data);
}

}  // namespace rdd::onednn
