#pragma once

#include "COneDNN/arithmetic.h"
#include "COneDNN/map.h"
#include "COneDNN/threads.h"

#include <algorithm>

namespace rdd::onednn {

/// The pixels of a dense map as rows of `channels` values, each image cut into parts of `per_part` rows.
/// The cut depends on the size of an image alone.
struct Rows {
  int64_t images, rows, channels, per_part, parts;  // rows and parts of one image

  explicit Rows(const Map &x) : images(x.batch), channels(x.channels) {
    rows = x.size[0] * x.size[1];
    const int64_t smallest = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, channels));
    per_part = std::max(smallest, ceil_div(rows, 32));
    parts = ceil_div(rows, per_part);
  }

  /// Calls `body(part, first, end)` for each part of each image, with the rows of all images, on
  /// several threads. Parts are numbered image by image.
  template <typename Body>
  void for_each_part(const Body &body) const {
    parallel_for_each(images * parts, [&](int64_t part) {
      const int64_t first = part / parts * rows + part % parts * per_part;
      body(part, first, std::min((part / parts + 1) * rows, first + per_part));
    });
  }
};

}  // namespace rdd::onednn
