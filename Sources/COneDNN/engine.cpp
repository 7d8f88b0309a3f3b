#include "COneDNN/engine.h"

#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>

#include <dlfcn.h>
#include <sys/mman.h>

#include <array>

namespace rdd::onednn {

namespace {

/// The OpenMP runtime that LibTorch and oneDNN share. Its thread count is the calling thread's own.
/// By name: the compiler of this file need not know OpenMP.
struct OpenMP {
  int (*most)();
  void (*set)(int);

  OpenMP()
      : most(reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_max_threads"))),
        set(reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"))) {
    TORCH_CHECK(most && set, "threads: found no OpenMP runtime; expected the one of LibTorch");
  }

  static const OpenMP &shared() {
    static const OpenMP runtime;
    return runtime;
  }
};

}  // namespace

SingleThread::SingleThread() : before_(OpenMP::shared().most()) {
  if (before_ != 1) OpenMP::shared().set(1);
}

SingleThread::~SingleThread() {
  if (before_ != 1) OpenMP::shared().set(before_);
}

int library_threads() { return OpenMP::shared().most(); }

void parallel_units(int64_t count, const std::function<void(int64_t)> &body) {
  if (count == 1 || at::get_num_threads() == 1) {
    const SingleThread single;
    for (int64_t i = 0; i < count; ++i) body(i);
    return;
  }
  parallel_for_each(count, [&](int64_t i) {
    const SingleThread single;
    body(i);
  });
}

const dnnl::engine &engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

void require_code_memory() {
  // 64 pieces, of which a convolution's candidates and reorders take some; nothing is touched.
  constexpr std::size_t size = 64 * (std::size_t{256} << 10);
  void *room =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  TORCH_CHECK(
      room != MAP_FAILED, "oneDNN: cannot allocate memory for the code of kernels: ", size >> 20, " MiB");
  munmap(room, size);
}

dnnl::stream &stream() {
  thread_local dnnl::stream own(engine());
  return own;
}

dnnl::memory::data_type data_type(at::ScalarType type) {
  switch (type) {
    case at::kFloat: return dnnl::memory::data_type::f32;
    case at::kBFloat16: return dnnl::memory::data_type::bf16;
    default: TORCH_CHECK(false, "oneDNN: expected float32 or bfloat16, got ", type);
  }
}

namespace {
/// Whether there is a convolution of bfloat16.
bool has_bfloat16() {
  using Desc = dnnl::memory::desc;
  using Tag = dnnl::memory::format_tag;
  constexpr auto type = dnnl::memory::data_type::bf16;
  const Desc map({1, 16, 8, 8}, type, Tag::nhwc), kernel({16, 16, 1, 1}, type, Tag::any);
  const dnnl::memory::dims one{1, 1}, none{0, 0};
  constexpr auto kind = dnnl::prop_kind::forward_inference;
  constexpr auto direct = dnnl::algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
  return static_cast<bool>(dnnl::convolution_forward::primitive_desc(
      engine(), kind, direct, map, kernel, map, one, none, none, none, {}, true));
#else
  return static_cast<bool>(dnnl::convolution_forward::primitive_desc(
      dnnl::convolution_forward::desc(kind, direct, map, kernel, map, one, none, none, none),
      engine(), true));
#endif
}
}  // namespace

at::ScalarType computed_type(at::ScalarType type) {
  // Asked once, and not before the instructions have been chosen.
  static const bool has = has_bfloat16();
  return type == at::kBFloat16 && !has ? at::kFloat : type;
}

at::Tensor computable(const at::Tensor &tensor) {
  return tensor.to(computed_type(tensor.scalar_type()));
}

namespace {
std::array<at::Tensor, 5> &buffers() {
  thread_local std::array<at::Tensor, 5> own;
  return own;
}
}  // namespace

void *scratch(Scratch use, std::size_t bytes) {
  at::Tensor &buffer = buffers()[static_cast<std::size_t>(use)];
  if (!buffer.defined() || static_cast<std::size_t>(buffer.numel()) < bytes) {
    buffer.reset();  // first, so that the old and the new one are never alive together
    buffer = at::empty({static_cast<int64_t>(bytes)}, at::TensorOptions(at::kByte));
  }
  return buffer.data_ptr();
}

void release_scratch() {
  for (at::Tensor &buffer : buffers()) buffer.reset();
}

at::Tensor channels_last(const at::Tensor &x) {
  TORCH_CHECK(x.dim() == 4, "oneDNN: expected a tensor [N, C, H, W], got ", x.dim(), " dimensions");
  return x.contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor empty_channels_last(at::IntArrayRef sizes, at::ScalarType type) {
  return at::empty(
      sizes, at::TensorOptions(type).memory_format(at::MemoryFormat::ChannelsLast));
}

void parallel_for_each(int64_t count, const std::function<void(int64_t)> &body) {
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

}  // namespace rdd::onednn
