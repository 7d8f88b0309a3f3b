#include "COneDNN/engine.h"

#include "COneDNN/check.h"

#include <sys/mman.h>

#include <cstddef>

namespace rdd::onednn {

const dnnl::engine &engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

dnnl::stream &stream() {
  thread_local dnnl::stream own(engine());
  return own;
}

void require_code_memory() {
  // 64 pieces, of which a convolution's candidates and reorders take some; nothing is touched.
  constexpr std::size_t size = 64 * (std::size_t{256} << 10);
  void *room =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  check(
      room != MAP_FAILED, "oneDNN: cannot allocate memory for the code of kernels: ", size >> 20, " MiB");
  munmap(room, size);
}

Type data_type(Element type) {
  check(
      type != Element::float64, "oneDNN: expected float32 or bfloat16, got ", name_of(type));
  return type == Element::float32 ? Type::f32 : Type::bf16;
}

bool has_bfloat16() {
  // Asked once, and not before the instructions have been chosen.
  static const bool has = [] {
    const Desc map({1, 16, 8, 8}, Type::bf16, Tag::nhwc);
    const Desc kernel({16, 16, 1, 1}, Type::bf16, Tag::any);
    const ConvolutionDesc convolution{map, kernel, Desc(), map, {1, 1}, {0, 0}, {0, 0}, {0, 0}};
    return static_cast<bool>(forward_desc(
        engine(), dnnl::prop_kind::forward_inference, convolution, {}, true));
  }();
  return has;
}

dnnl::primitive_attr scratchpad_attributes() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

}  // namespace rdd::onednn
