// Where tensors in host memory lie.
#include <c10/core/Allocator.h>

#include <cstdlib>
#include <cstring>
#include <utility>

#include "COneDNN/memory.h"

namespace {

/// Memory of tensors; LibTorch's own is posix_memalign's, see allocate_lines.
class HostMemory final : public c10::Allocator {
 public:
  // The base class has one of these two, by its version.
  c10::DataPtr allocate(std::size_t bytes) { return std::as_const(*this).allocate(bytes); }

  c10::DataPtr allocate(std::size_t bytes) const {
    rdd::onednn::Lines lines{};
    if (bytes > 0) lines = rdd::onednn::allocate_lines(bytes);
    return {lines.start, lines.block, &std::free, c10::Device(c10::DeviceType::CPU)};
  }

  /// Newer versions want it.
  void copy_data(void *to, const void *from, std::size_t bytes) const {
    std::memcpy(to, from, bytes);
  }
};

HostMemory memory;

/// LibTorch's own has priority 0, and is set when its library is loaded, which is before this.
[[maybe_unused]] const bool is_set = [] {
  c10::SetAllocator(c10::DeviceType::CPU, &memory, 1);
  return true;
}();

}  // namespace
