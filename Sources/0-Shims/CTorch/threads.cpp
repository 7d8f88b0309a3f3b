// The threads that our own kernels divide their work among: LibTorch's.
#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>
#include <ATen/ATen.h>

#include "COneDNN/threads.h"

int rdd::onednn::thread_count() { return at::get_num_threads(); }

// Parallel whatever the compiler's own OpenMP support, because the loop that divides the work is
// LibTorch's.
void rdd::onednn::parallel_for_each(int64_t count, const std::function<void(int64_t)> &body) {
  if (count == 1 || at::get_num_threads() == 1) {
    for (int64_t i = 0; i < count; ++i) body(i);
    return;
  }
  at::Tensor indices = at::arange(count, at::TensorOptions(at::kLong));
  auto iterator = at::TensorIteratorConfig().add_input(indices).build();
  iterator.for_each(
      [&](char **data, const int64_t *strides, int64_t n) {
        for (int64_t i = 0; i < n; ++i) {
          body(*reinterpret_cast<const int64_t *>(data[0] + i * strides[0]));
        }
      },
      1);
}
