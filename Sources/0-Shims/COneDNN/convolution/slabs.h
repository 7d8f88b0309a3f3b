#pragma once

#include "COneDNN/convolution/shape.h"

#include <vector>

namespace rdd::onednn {

/// Some rows of a convolution's result for one image, and the rows of its input that they need.
struct Slab {
  /// A batch of one image, the rows of this slab alone.
  ConvolutionShape shape;
  /// The first row of the input and of the result.
  int64_t input_row, output_row;
};

/// A convolution of one image cut into slabs of rows that threads can share. The cut is a function of
/// the shape without its batch: neither threads nor other images change what a primitive sees.
///
/// \param least_pixels  result pixels that a slab has at least, if the image has them
std::vector<Slab> slabs(const ConvolutionShape &shape, int64_t least_pixels);

}  // namespace rdd::onednn
