#include "COneDNN/memory.h"

#include "COneDNN/check.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

namespace rdd::onednn {

Lines allocate_lines(std::size_t bytes) {
  constexpr std::size_t line = 64;
  void *block = bytes <= SIZE_MAX - line ? std::malloc(bytes + line) : nullptr;
  check(block != nullptr, "cannot allocate memory: ", bytes, " bytes");
  const std::size_t beyond = reinterpret_cast<std::uintptr_t>(block) % line;
  return {block, static_cast<char *>(block) + (line - beyond) % line};
}

Memory allocate(int64_t bytes) {
  const Lines lines = allocate_lines(static_cast<std::size_t>(std::max<int64_t>(bytes, 1)));
  return Memory(lines.start, [block = lines.block](void *) { std::free(block); });
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
