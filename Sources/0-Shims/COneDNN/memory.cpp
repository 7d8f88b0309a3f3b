#include "COneDNN/memory.h"

#include "COneDNN/check.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace rdd::onednn {

Memory allocate(int64_t bytes) {
  constexpr std::size_t line = 64;
  void *memory = nullptr;
  const auto size = static_cast<std::size_t>(std::max<int64_t>(bytes, 1));
  check(posix_memalign(&memory, line, size) == 0, "cannot allocate memory: ", bytes, " bytes");
  return Memory(memory, std::free);
}

void *scratch(Scratch use, std::size_t bytes) {
  struct Buffer {
    Memory memory;
    std::size_t bytes = 0;
  };
  thread_local std::array<Buffer, 5> buffers;
  Buffer &buffer = buffers[static_cast<std::size_t>(use)];
  if (!buffer.memory || buffer.bytes < bytes) {
    buffer = Buffer();  // first, so that the old and the new one are never alive together
    buffer.memory = allocate(static_cast<int64_t>(bytes));
    buffer.bytes = bytes;
  }
  return buffer.memory.get();
}

}  // namespace rdd::onednn
