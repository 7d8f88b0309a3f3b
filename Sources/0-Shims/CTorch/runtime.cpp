// Errors, threads, devices.
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <dlfcn.h>
#include <malloc.h>
#include <torch/version.h>

#include <algorithm>
#include <cstring>

#include "support.h"

using rdd::protect;

namespace rdd {

/// Of a fixed size, so that remembering cannot fail.
thread_local char last_error[4096] = "";

void remember(const char *message) noexcept {
  const std::size_t length = std::min(std::strcspn(message, "\n"), sizeof last_error - 1);
  std::memmove(last_error, message, length);
  last_error[length] = '\0';
}

at::ScalarType scalar_type(int type) {
  switch (type) {
    case CT_FLOAT32: return at::kFloat;
    case CT_BFLOAT16: return at::kBFloat16;
    case CT_FLOAT64: return at::kDouble;
    case CT_INT64: return at::kLong;
    case CT_UINT8: return at::kByte;
    case CT_BOOL: return at::kBool;
    case CT_INT32: return at::kInt;
    case CT_FLOAT16: return at::kHalf;
    case CT_INT8: return at::kChar;
    default: TORCH_CHECK(false, "unknown element type code ", type);
  }
}

int type_code(at::ScalarType type) {
  switch (type) {
    case at::kFloat: return CT_FLOAT32;
    case at::kBFloat16: return CT_BFLOAT16;
    case at::kDouble: return CT_FLOAT64;
    case at::kLong: return CT_INT64;
    case at::kByte: return CT_UINT8;
    case at::kBool: return CT_BOOL;
    case at::kInt: return CT_INT32;
    case at::kHalf: return CT_FLOAT16;
    case at::kChar: return CT_INT8;
    default: return -1;
  }
}

c10::Device device_of(int device) {
  if (device == CT_CPU) return c10::Device(c10::kCPU);
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(device - CT_CUDA));
}

at::MemoryFormat format_of(int format) {
  return format == CT_CHANNELS_LAST ? at::MemoryFormat::ChannelsLast
                                    : at::MemoryFormat::Contiguous;
}

onednn::Activation activation_of(ct_activation activation) {
  switch (activation) {
    case CT_RELU_ACTIVATION: return onednn::Activation::relu;
    case CT_RELU6_ACTIVATION: return onednn::Activation::relu6;
    case CT_HARD_SWISH: return onednn::Activation::hard_swish;
    case CT_HARD_SIGMOID: return onednn::Activation::hard_sigmoid;
    case CT_SIGMOID: return onednn::Activation::sigmoid;
    default: return onednn::Activation::none;
  }
}

}  // namespace rdd

const char *ct_last_error(void) noexcept { return rdd::last_error; }

const char *ct_version(void) noexcept { return TORCH_VERSION; }

void ct_return_memory(void) noexcept { mallopt(M_MMAP_THRESHOLD, 1 << 20); }

void ct_keep_memory(void) noexcept {
  malloc_trim(0);
  // Activations are some 10 MB, new in each step. Older allocators allow no more than 32 MB.
  if (mallopt(M_MMAP_THRESHOLD, 1 << 30) == 0) mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

int ct_set_threads(int threads) {
  return protect([&] {
    at::set_num_threads(threads);
    // OpenBLAS has threads of its own, and rounds by how they share a product: it computes with one.
    using SetThreads = void (*)(int);
    if (auto set = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) {
      set(1);
    }
  });
}

int ct_threads(void) noexcept { return at::get_num_threads(); }

bool ct_cuda_available(void) noexcept {
  try {
    return at::hasCUDA();
  } catch (...) {
    return false;
  }
}

bool ct_set_grad_enabled(bool enabled) noexcept {
  bool before = c10::GradMode::is_enabled();
  c10::GradMode::set_enabled(enabled);
  return before;
}
