#pragma once

#include "dnnl.hpp"

/// oneDNN 2 and 3 under one name. 2 describes an operation before its primitive, 3 at once.
namespace rdd::onednn {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
using Type = dnnl::memory::data_type;

/// The tensors and the window of a convolution. A bias of `Desc()`: none.
struct ConvolutionDesc {
  Desc source, weights, bias, destination;
  dnnl::memory::dims strides, dilations, before, after;
};

/// `allow_empty`: an empty description comes back where there is no primitive, which throws else.
inline dnnl::convolution_forward::primitive_desc forward_desc(
    const dnnl::engine &engine, dnnl::prop_kind kind, const ConvolutionDesc &c,
    const dnnl::primitive_attr &attributes, bool allow_empty = false) {
  constexpr auto direct = dnnl::algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
  return {engine, kind, direct, c.source, c.weights, c.bias, c.destination, c.strides,
          c.dilations, c.before, c.after, attributes, allow_empty};
#else
  return {
      dnnl::convolution_forward::desc(
          kind, direct, c.source, c.weights, c.bias, c.destination, c.strides, c.dilations,
          c.before, c.after),
      attributes, engine, allow_empty};
#endif
}

inline dnnl::convolution_backward_data::primitive_desc backward_data_desc(
    const dnnl::engine &engine, const ConvolutionDesc &c,
    const dnnl::convolution_forward::primitive_desc &hint, const dnnl::primitive_attr &attributes) {
  constexpr auto direct = dnnl::algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
  return {engine, direct, c.source, c.weights, c.destination, c.strides, c.dilations, c.before,
          c.after, hint, attributes};
#else
  return {
      dnnl::convolution_backward_data::desc(
          direct, c.source, c.weights, c.destination, c.strides, c.dilations, c.before, c.after),
      attributes, engine, hint};
#endif
}

inline dnnl::convolution_backward_weights::primitive_desc backward_weights_desc(
    const dnnl::engine &engine, const ConvolutionDesc &c,
    const dnnl::convolution_forward::primitive_desc &hint, const dnnl::primitive_attr &attributes) {
  constexpr auto direct = dnnl::algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
  return {engine, direct, c.source, c.weights, c.bias, c.destination, c.strides, c.dilations,
          c.before, c.after, hint, attributes};
#else
  return {
      dnnl::convolution_backward_weights::desc(
          direct, c.source, c.weights, c.bias, c.destination, c.strides, c.dilations, c.before,
          c.after),
      attributes, engine, hint};
#endif
}

/// result = left * right.
inline dnnl::matmul::primitive_desc product_desc(
    const dnnl::engine &engine, const Desc &left, const Desc &right, const Desc &result,
    const dnnl::primitive_attr &attributes) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine, left, right, result, attributes};
#else
  return {dnnl::matmul::desc(left, right, result), attributes, engine};
#endif
}

/// Applies an elementwise function to the result.
inline void append_eltwise(
    dnnl::post_ops &operations, dnnl::algorithm kind, float alpha, float beta) {
#if DNNL_VERSION_MAJOR >= 3
  operations.append_eltwise(kind, alpha, beta);
#else
  operations.append_eltwise(1.0f, kind, alpha, beta);
#endif
}

}  // namespace rdd::onednn
