#pragma once

#include "COneDNN/compat.h"

namespace rdd::onednn {

/// A float32 matrix product, or several of equal sizes, by one thread.
class Product {
 public:
  Product() = default;
  /// From the descriptions of both factors and of the result.
  Product(const Desc &left, const Desc &right, const Desc &result);

  /// result = left * right. Several threads may run the same product.
  void run(const float *left, const float *right, float *result) const;

 private:
  dnnl::matmul::primitive_desc description_;
  dnnl::matmul primitive_;
};

}  // namespace rdd::onednn
