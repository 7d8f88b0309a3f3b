#include "COneDNN/convolution/product.h"

#include "COneDNN/engine.h"
#include "COneDNN/memory.h"
#include "COneDNN/threads.h"

namespace rdd::onednn {

Product::Product(const Desc &left, const Desc &right, const Desc &result) {
  const SingleThread one;
  description_ = product_desc(engine(), left, right, result, scratchpad_attributes());
  primitive_ = dnnl::matmul(description_);
}

void Product::run(const float *left, const float *right, float *result) const {
  const SingleThread one;
  const Desc space = description_.scratchpad_desc();
  primitive_.execute(
      stream(),
      {{DNNL_ARG_SRC, memory_at(description_.src_desc(), const_cast<float *>(left))},
       {DNNL_ARG_WEIGHTS, memory_at(description_.weights_desc(), const_cast<float *>(right))},
       {DNNL_ARG_DST, memory_at(description_.dst_desc(), result)},
       {DNNL_ARG_SCRATCHPAD, memory_at(space, scratch(Scratch::primitive, space.get_size()))}});
  stream().wait();
}

}  // namespace rdd::onednn
