// What the files of this library share: handles, and the fence that no exception passes.
#pragma once
#include <ATen/ATen.h>

#include <exception>

#include "COneDNN/activation.h"
#include "CTorch.h"
#include "gradient_sum.h"

struct ct_tensor {
  at::Tensor value;
  /// Where layers add a leaf's gradient; null: they leave that to LibTorch.
  c10::intrusive_ptr<rdd::GradientSum> gradient_sum;
};

namespace rdd {

/// Keeps the first line of a message for ct_last_error().
void remember(const char *message) noexcept;

inline ct_tensor *wrap(at::Tensor value) { return new ct_tensor{std::move(value)}; }

/// Whether convolutions and norms on this thread have derivatives of any order (ct_set_plain_convolution).
bool is_plain();

at::ScalarType scalar_type(int type);
int type_code(at::ScalarType type);
c10::Device device_of(int device);
at::MemoryFormat format_of(int format);
onednn::Activation activation_of(ct_activation activation);

/// Runs `body`; an exception becomes -1 and a message.
template <typename Body>
int protect(Body &&body) noexcept {
  try {
    body();
    return 0;
  } catch (const c10::Error &error) {
    remember(error.what_without_backtrace());
  } catch (const std::exception &error) {
    remember(error.what());
  } catch (...) {
    remember("an exception that is not a std::exception");
  }
  return -1;
}

}  // namespace rdd
