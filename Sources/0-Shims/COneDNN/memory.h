#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace rdd::onednn {

/// Memory that is freed with its last user.
using Memory = std::shared_ptr<void>;

/// Memory that is not set, from the start of a cache line.
Memory allocate(int64_t bytes);

/// What a scratch buffer holds; the buffers of one thread that are alive together.
enum class Scratch { primitive, source, weights, destination, result };

/// The calling thread's buffer for `use`, at least `bytes` long, kept between calls.
void *scratch(Scratch use, std::size_t bytes);

}  // namespace rdd::onednn
