// Convolution: oneDNN's primitives in host memory, LibTorch's operator elsewhere and in float64; those with
// derivatives of any order are in convolution_form.cpp.
#include <torch/csrc/autograd/custom_function.h>

#include <memory>

#include "convolution_form.h"
#include "host_convolution.h"
#include "support.h"

using rdd::protect;
using rdd::wrap;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

/// Where a convolution adds the gradients of its parameters; null ones are LibTorch's to add.
struct Sums {
  c10::intrusive_ptr<rdd::GradientSum> weight, bias;
};

/// A sum as an operator saves it, and back.
c10::IValue saved(const c10::intrusive_ptr<rdd::GradientSum> &sum) {
  return sum ? c10::IValue::make_capsule(sum) : c10::IValue();
}

c10::intrusive_ptr<rdd::GradientSum> sum_in(const c10::IValue &value) {
  if (value.isNone()) return {};
  return c10::static_intrusive_pointer_cast<rdd::GradientSum>(value.toCapsule());
}

struct HostConvolution : torch::autograd::Function<HostConvolution> {
  /// Inputs are x, weight and, if there is one, bias.
  static at::Tensor forward(AutogradContext *context, at::TensorList inputs,
                            const rdd::onednn::Window *window, const Sums *sums) {
    const at::Tensor &x = inputs[0], &weight = inputs[1];
    context->save_for_backward({x, weight});
    context->saved_data["window"] = std::vector<int64_t>{
        window->stride[0], window->stride[1], window->padding[0], window->padding[1],
        window->dilation[0], window->dilation[1], window->groups};
    context->saved_data["bias"] = inputs.size() > 2;
    context->saved_data["weight sum"] = saved(sums->weight);
    context->saved_data["bias sum"] = saved(sums->bias);
    context->saved_data["x needs gradient"] = x.requires_grad();
    std::optional<at::Tensor> addend;
    if (inputs.size() > 2) addend = inputs[2];
    return rdd::convolution_forward(x, weight, addend, *window);
  }

  static variable_list backward(AutogradContext *context, variable_list grads) {
    auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const std::vector<int64_t> numbers = context->saved_data["window"].toIntVector();
    const rdd::onednn::Window window{
        {numbers[0], numbers[1]}, {numbers[2], numbers[3]}, {numbers[4], numbers[5]}, numbers[6]};
    at::Tensor dx;
    if (context->saved_data["x needs gradient"].toBool()) {
      dx = rdd::convolution_backward_data(grads[0], weight, x.sizes(), window);
    }
    if (auto sum = sum_in(context->saved_data["weight sum"])) {
      auto bias_sum = sum_in(context->saved_data["bias sum"]);
      rdd::convolution_add_weight_gradients(
          sum->exact(), bias_sum ? &bias_sum->exact() : nullptr, grads[0], x, weight.sizes(), window);
      variable_list none(context->saved_data["bias"].toBool() ? 5 : 4);
      none[0] = dx;
      return none;
    }
    bool with_bias = context->saved_data["bias"].toBool();
    auto [dw, db] =
        rdd::convolution_backward_weights(grads[0], x, weight.sizes(), with_bias, window);
    if (with_bias) return {dx, dw, db, at::Tensor(), at::Tensor()};
    return {dx, dw, at::Tensor(), at::Tensor()};
  }
};

}  // namespace

static thread_local bool plain_convolution = false;

/// Each image with its own copy of the parameters, whose gradients are addends of their sums if they
/// have one; with derivatives of any order.
static at::Tensor by_image(const at::Tensor &x, const ct_tensor *weight, const ct_tensor *bias,
                           const rdd::onednn::Window &window) {
  const auto repeated = [&](const ct_tensor *leaf) {
    ct_tensor *handle = nullptr;
    TORCH_CHECK(ct_for_each_image(&handle, leaf, x.size(0)) == 0, ct_last_error());
    const std::unique_ptr<ct_tensor> owned(handle);
    return owned->value.to(x.scalar_type());
  };
  const at::Tensor y = rdd::convolution_by_image(x, repeated(weight), window);
  if (bias == nullptr) return y;
  // As the weights of an image of ones, so that its gradients are a convolution's too.
  const at::Tensor ones = at::ones({x.size(0), 1, y.size(2), y.size(3)}, x.options());
  const at::Tensor biases = repeated(bias).reshape({x.size(0), y.size(1), 1, 1, 1});
  return y + rdd::convolution_by_image(ones, biases, {});
}

bool rdd::is_plain() { return plain_convolution; }

bool ct_set_plain_convolution(bool plain) noexcept {
  bool before = plain_convolution;
  plain_convolution = plain;
  return before;
}

static rdd::onednn::Window window_of(const ct_window &window) {
  const auto pair = [](const int64_t (&values)[2]) {
    return rdd::onednn::Pair{values[0], values[1]};
  };
  return {pair(window.stride), pair(window.padding), pair(window.dilation), window.groups};
}

int ct_conv2d_by_image(ct_tensor **out, const ct_tensor *x, const ct_tensor *weights,
                       const ct_window *window) {
  return protect([&] {
    *out = wrap(rdd::convolution_by_image(x->value, weights->value, window_of(*window)));
  });
}

int ct_conv2d_transposed(ct_tensor **out, const ct_tensor *x, const ct_tensor *weights,
                         int64_t height, int64_t width, const ct_window *window) {
  return protect([&] {
    *out = wrap(
        rdd::transposed_by_image(x->value, weights->value, height, width, window_of(*window)));
  });
}

int ct_conv2d(ct_tensor **out, const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
              const ct_window *given) {
  return protect([&] {
    at::Tensor b = bias ? bias->value : at::Tensor();
    const rdd::onednn::Window window = window_of(*given);
    if (plain_convolution) {
      *out = wrap(by_image(x->value, weight, bias, window));
      return;
    }
    if (rdd::supported(x->value)) {
      variable_list inputs{x->value, weight->value};
      if (b.defined()) inputs.push_back(b);
      Sums sums;
      if (weight->gradient_sum && (bias == nullptr || bias->gradient_sum)) {
        sums.weight = weight->gradient_sum;
        if (bias) sums.bias = bias->gradient_sum;
      }
      *out = wrap(HostConvolution::apply(at::TensorList(inputs), &window, &sums));
      return;
    }
    auto type = x->value.scalar_type();
    *out = wrap(at::conv2d(x->value, weight->value.to(type), b.defined() ? b.to(type) : b,
                           window.stride, window.padding, window.dilation, window.groups));
  });
}
