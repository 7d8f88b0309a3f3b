#pragma once

#include <cstdint>

namespace rdd::onednn {

/// The parts of `size` that `count` fills, the last one perhaps not whole. Neither is negative.
constexpr int64_t ceil_div(int64_t count, int64_t size) { return (count + size - 1) / size; }

}  // namespace rdd::onednn
