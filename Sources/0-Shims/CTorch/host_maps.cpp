#include "host_maps.h"

#include "COneDNN/engine.h"

namespace rdd {

onednn::Element element_of(at::ScalarType type) {
  switch (type) {
    case at::kFloat: return onednn::Element::float32;
    case at::kBFloat16: return onednn::Element::bfloat16;
    case at::kDouble: return onednn::Element::float64;
    default: TORCH_CHECK(false, "expected a floating-point type of 16 to 64 bits, got ", type);
  }
}

at::ScalarType computed_type(at::ScalarType type) {
  return type == at::kBFloat16 && !onednn::has_bfloat16() ? at::kFloat : type;
}

at::Tensor computable(const at::Tensor &tensor) {
  return tensor.to(computed_type(tensor.scalar_type()));
}

at::Tensor channels_last(const at::Tensor &x) {
  TORCH_CHECK(x.dim() == 4, "oneDNN: expected a tensor [N, C, H, W], got ", x.dim(), " dimensions");
  return x.contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor empty_channels_last(at::IntArrayRef sizes, at::ScalarType type) {
  return at::empty(
      sizes, at::TensorOptions(type).memory_format(at::MemoryFormat::ChannelsLast));
}

onednn::Map map_of(const at::Tensor &x) {
  TORCH_CHECK(
      x.device().is_cpu() && x.dim() == 4 && x.is_contiguous(at::MemoryFormat::ChannelsLast),
      "expected a channels-last tensor in host memory, got ", x.sizes(), " on ", x.device());
  return {x.data_ptr(), element_of(x.scalar_type()), x.size(0), x.size(1), {x.size(2), x.size(3)},
          x.size(1)};
}

onednn::Memory memory_of(const at::Tensor &tensor) {
  return onednn::Memory(tensor.data_ptr(), [tensor](void *) {});
}

}  // namespace rdd
