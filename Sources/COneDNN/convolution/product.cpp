#include "COneDNN/convolution/product.h"

#include "COneDNN/engine.h"

namespace rdd::onednn {

Product::Product(
    const dnnl::memory::desc &left, const dnnl::memory::desc &right,
    const dnnl::memory::desc &result) {
  const SingleThread one;
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
#if DNNL_VERSION_MAJOR >= 3
  description_ = dnnl::matmul::primitive_desc(engine(), left, right, result, attributes);
#else
  description_ =
      dnnl::matmul::primitive_desc(dnnl::matmul::desc(left, right, result), attributes, engine());
#endif
  primitive_ = dnnl::matmul(description_);
}

void Product::run(const float *left, const float *right, float *result) const {
  const SingleThread one;
  const dnnl::memory::desc space = description_.scratchpad_desc();
  primitive_.execute(
      stream(),
      {{DNNL_ARG_SRC,
        dnnl::memory(description_.src_desc(), engine(), const_cast<float *>(left))},
       {DNNL_ARG_WEIGHTS,
        dnnl::memory(description_.weights_desc(), engine(), const_cast<float *>(right))},
       {DNNL_ARG_DST, dnnl::memory(description_.dst_desc(), engine(), result)},
       {DNNL_ARG_SCRATCHPAD,
        dnnl::memory(space, engine(), scratch(Scratch::primitive, space.get_size()))}});
  stream().wait();
}

}  // namespace rdd::onednn
