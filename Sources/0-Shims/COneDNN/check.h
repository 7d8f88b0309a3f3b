#pragma once

#include <sstream>
#include <stdexcept>

namespace rdd::onednn {

/// Throws an error whose message is the parts one after the other.
template <typename... Parts>
[[noreturn]] void fail(const Parts &...parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw std::runtime_error(text.str());
}

/// Throws unless `holds`.
template <typename... Parts>
void check(bool holds, const Parts &...parts) {
  if (!holds) fail(parts...);
}

}  // namespace rdd::onednn
