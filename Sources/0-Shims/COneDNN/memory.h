#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace rdd::onednn {

/// A block of malloc's, which free takes, and the start of the first cache line in it.
struct Lines {
  void *block;
  void *start;
};

/// Memory that is not set, from the start of a cache line.
///
/// posix_memalign, until glibc 2.38, finds no place in a block that was just freed: it wants more than the
/// block, and small blocks soon lie around it. The heap of a training run then grows to several times of
/// what is used.
Lines allocate_lines(std::size_t bytes);

/// Memory that is freed with its last user.
using Memory = std::shared_ptr<void>;

/// Memory that is not set, from the start of a cache line.
Memory allocate(int64_t bytes);

/// What a scratch buffer holds; the buffers of one thread that are alive together.
enum class Scratch { primitive, source, weights, destination, result };

/// The calling thread's buffer for `use`, at least `bytes` long, kept between calls.
void *scratch(Scratch use, std::size_t bytes);

}  // namespace rdd::onednn
