#pragma once

#include <ATen/ATen.h>
#include "dnnl.hpp"

#include <cstddef>
#include <functional>

/// oneDNN on LibTorch's tensors: activations channels last, on the CPU.
///
/// Functions here throw C++ exceptions (`dnnl::error`, `c10::Error`); the C interface catches them.
/// The thread count is OpenMP's, which `at::set_num_threads` sets.
namespace rdd::onednn {

/// The CPU engine of this process.
const dnnl::engine &engine();

/// Throws where the process may not have the memory that the code of some kernels takes. oneDNN 2.6 asks
/// for it piece by piece, and writes to a null pointer where it gets none.
void require_code_memory();

/// The calling thread's stream.
dnnl::stream &stream();

/// oneDNN's name of a float32 or bfloat16 type; throws on others.
dnnl::memory::data_type data_type(at::ScalarType type);

/// The type in which oneDNN computes with values of `type` here: bfloat16 is float32 to oneDNN 3 on a
/// processor without AVX-512, where it has no primitive for it.
at::ScalarType computed_type(at::ScalarType type);

/// `tensor` in its `computed_type`; the tensor itself if it is so already.
at::Tensor computable(const at::Tensor &tensor);

/// What a scratch buffer holds; the buffers of one thread that are alive together.
enum class Scratch { primitive, source, weights, destination, result };

/// The calling thread's buffer for `use`, at least `bytes` long, kept between calls.
void *scratch(Scratch use, std::size_t bytes);

/// Releases the calling thread's scratch buffers.
void release_scratch();

/// A tensor in channels-last memory order, `[N, C, H, W]`; the tensor itself if it is so already.
at::Tensor channels_last(const at::Tensor &x);

/// An uninitialised channels-last tensor.
at::Tensor empty_channels_last(at::IntArrayRef sizes, at::ScalarType type);

/// While it lives, libraries that the calling thread asks compute with that thread alone.
///
/// A primitive divides its work among threads when it is made, and sums differ with the division. One
/// that is made and run by a single thread is a function of its shape.
class SingleThread {
 public:
  SingleThread();
  ~SingleThread();
  SingleThread(const SingleThread &) = delete;
  SingleThread &operator=(const SingleThread &) = delete;

 private:
  int before_;
};

/// The threads that libraries use which the calling thread asks.
int library_threads();

/// Calls `body(i)` once for each `i` in `0..<count` on LibTorch's threads, each call as a
/// `SingleThread`. If `count` and what `body` does follow from shapes alone, so do the results: no
/// number of threads changes a bit.
void parallel_units(int64_t count, const std::function<void(int64_t)> &body);

/// Calls `body(i)` once for each `i` in `0..<count`, on LibTorch's threads.
///
/// Runs in parallel whatever the compiler's own OpenMP support, because the loop that divides the
/// work is LibTorch's.
void parallel_for_each(int64_t count, const std::function<void(int64_t)> &body);

}  // namespace rdd::onednn
