#pragma once

#include "dnnl.hpp"

namespace rdd::onednn {

/// A float32 matrix product, or several of equal sizes, by one thread.
class Product {
 public:
  Product() = default;
  /// From the descriptions of both factors and of the result.
  Product(
      const dnnl::memory::desc &left, const dnnl::memory::desc &right,
      const dnnl::memory::desc &result);

  /// result = left * right. Several threads may run the same product.
  void run(const float *left, const float *right, float *result) const;

 private:
  dnnl::matmul::primitive_desc description_;
  dnnl::matmul primitive_;
};

}  // namespace rdd::onednn
