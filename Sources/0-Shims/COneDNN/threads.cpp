#include "COneDNN/threads.h"

#include "COneDNN/check.h"

#include <dlfcn.h>

namespace rdd::onednn {

namespace {

/// The OpenMP runtime that LibTorch and oneDNN share. Its thread count is the calling thread's own.
/// By name: the compiler of this file need not know OpenMP.
struct OpenMP {
  int (*most)();
  void (*set)(int);

  OpenMP()
      : most(reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_max_threads"))),
        set(reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"))) {
    check(
        most != nullptr && set != nullptr,
        "threads: found no OpenMP runtime; expected the one of LibTorch");
  }

  static const OpenMP &shared() {
    static const OpenMP runtime;
    return runtime;
  }
};

}  // namespace

SingleThread::SingleThread() : before_(OpenMP::shared().most()) {
  if (before_ != 1) OpenMP::shared().set(1);
}

SingleThread::~SingleThread() {
  if (before_ != 1) OpenMP::shared().set(before_);
}

int library_threads() { return OpenMP::shared().most(); }

void parallel_units(int64_t count, const std::function<void(int64_t)> &body) {
  if (count == 1 || thread_count() == 1) {
    const SingleThread single;
    for (int64_t i = 0; i < count; ++i) body(i);
    return;
  }
  parallel_for_each(count, [&](int64_t i) {
    const SingleThread single;
    body(i);
  });
}

}  // namespace rdd::onednn
