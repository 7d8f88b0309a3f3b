#pragma once

namespace rdd::onednn {

/// What follows a normalisation or a convolution, and the addition of the residual.
enum class Activation { none, relu, relu6 };

}  // namespace rdd::onednn
