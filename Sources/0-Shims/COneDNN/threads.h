#pragma once

#include <cstdint>
#include <functional>

namespace rdd::onednn {

// The threads are those of the library that uses this one, LibTorch's. It defines these two functions.

/// The threads that the calling thread may divide work among.
int thread_count();

/// Calls `body(i)` once for each `i` in `0..<count`, on these threads. An exception of `body` comes back.
void parallel_for_each(int64_t count, const std::function<void(int64_t)> &body);

/// While it lives, libraries that the calling thread asks compute with that thread alone.
///
/// A primitive divides its work among threads when it is made, and sums differ with the division. One
/// that is made and run by a single thread is a function of its shape.
class SingleThread {
 public:
  SingleThread();
  ~SingleThread();
  SingleThread(const SingleThread &) = delete;
  SingleThread &operator=(const SingleThread &) = delete;

 private:
  int before_;
};

/// The threads that libraries use which the calling thread asks.
int library_threads();

/// Calls `body(i)` once for each `i` in `0..<count` as `parallel_for_each` does, each call as a
/// `SingleThread`. If `count` and what `body` does follow from shapes alone, so do the results: no
/// number of threads changes a bit.
void parallel_units(int64_t count, const std::function<void(int64_t)> &body);

}  // namespace rdd::onednn
