// Convolution: oneDNN's primitives in host memory, LibTorch's operator elsewhere and in float64.
#include <torch/csrc/autograd/custom_function.h>

#include <memory>

#include "onednn_convolution.h"
#include "support.h"

using rdd::protect;
using rdd::wrap;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

/// Where a convolution adds the gradients of its parameters; null ones are LibTorch's to add.
struct Sums {
  c10::intrusive_ptr<rdd::ExactSum> weight, bias;
};

/// A sum as an operator saves it, and back.
c10::IValue saved(const c10::intrusive_ptr<rdd::ExactSum> &sum) {
  return sum ? c10::IValue::make_capsule(sum) : c10::IValue();
}

c10::intrusive_ptr<rdd::ExactSum> sum_in(const c10::IValue &value) {
  if (value.isNone()) return {};
  return c10::static_intrusive_pointer_cast<rdd::ExactSum>(value.toCapsule());
}

struct HostConvolution : torch::autograd::Function<HostConvolution> {
  /// Inputs are x, weight and, if there is one, bias.
  static at::Tensor forward(AutogradContext *context, at::TensorList inputs,
                            const rdd::onednn::Window *window, const Sums *sums) {
    const at::Tensor &x = inputs[0], &weight = inputs[1];
    context->save_for_backward({x, weight});
    context->saved_data["stride"] = window->stride[0];
    context->saved_data["padding"] = window->padding[0];
    context->saved_data["dilation"] = window->dilation[0];
    context->saved_data["groups"] = window->groups;
    context->saved_data["bias"] = inputs.size() > 2;
    context->saved_data["weight sum"] = saved(sums->weight);
    context->saved_data["bias sum"] = saved(sums->bias);
    context->saved_data["x needs gradient"] = x.requires_grad();
    std::optional<at::Tensor> addend;
    if (inputs.size() > 2) addend = inputs[2];
    return rdd::onednn::convolution_forward(x, weight, addend, *window);
  }

  static variable_list backward(AutogradContext *context, variable_list grads) {
    auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    auto both = [&](const char *key) {
      int64_t value = context->saved_data[key].toInt();
      return rdd::onednn::Pair{value, value};
    };
    rdd::onednn::Window window{both("stride"), both("padding"), both("dilation"),
                               context->saved_data["groups"].toInt()};
    at::Tensor dx;
    if (context->saved_data["x needs gradient"].toBool()) {
      dx = rdd::onednn::convolution_backward_data(grads[0], weight, x.sizes(), window);
    }
    if (auto sum = sum_in(context->saved_data["weight sum"])) {
      auto bias_sum = sum_in(context->saved_data["bias sum"]);
      rdd::onednn::convolution_add_weight_gradients(*sum, bias_sum.get(), grads[0], x,
                                                    weight.sizes(), window);
      variable_list none(context->saved_data["bias"].toBool() ? 5 : 4);
      none[0] = dx;
      return none;
    }
    bool with_bias = context->saved_data["bias"].toBool();
    auto [dw, db] = rdd::onednn::convolution_backward_weights(grads[0], x, weight.sizes(),
                                                              with_bias, window);
    if (with_bias) return {dx, dw, db, at::Tensor(), at::Tensor()};
    return {dx, dw, at::Tensor(), at::Tensor()};
  }
};

}  // namespace

static thread_local bool plain_convolution = false;

/// LibTorch's operator image by image, each with its own copy of the parameters, whose gradients are
/// addends of their sums if they have one.
static at::Tensor by_image(const at::Tensor &x, const ct_tensor *weight, const ct_tensor *bias,
                           const std::array<int, 4> &window) {
  ct_tensor *handle = nullptr;
  const auto repeated = [&](const ct_tensor *leaf) {
    TORCH_CHECK(ct_for_each_image(&handle, leaf, x.size(0)) == 0, ct_last_error());
    const std::unique_ptr<ct_tensor> owned(handle);
    return owned->value.to(x.scalar_type());
  };
  const at::Tensor weights = repeated(weight);
  const at::Tensor biases = bias ? repeated(bias) : at::Tensor();
  const auto both = [](int64_t value) { return std::vector<int64_t>{value, value}; };
  std::vector<at::Tensor> parts;
  for (int64_t image = 0; image < x.size(0); ++image) {
    parts.push_back(at::conv2d(x.narrow(0, image, 1), weights[image],
                               bias ? biases[image] : at::Tensor(), both(window[0]),
                               both(window[1]), both(window[2]), window[3]));
  }
  return at::cat(parts);
}

bool rdd::is_plain() { return plain_convolution; }

bool ct_set_plain_convolution(bool plain) {
  bool before = plain_convolution;
  plain_convolution = plain;
  return before;
}

int ct_conv2d(ct_tensor **out, const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
              int stride, int padding, int dilation, int groups) {
  return protect([&] {
    at::Tensor b = bias ? bias->value : at::Tensor();
    if (!plain_convolution && rdd::onednn::supported(x->value)) {
      rdd::onednn::Window window{{stride, stride}, {padding, padding}, {dilation, dilation}, groups};
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
    if (plain_convolution) {
      *out = wrap(by_image(x->value, weight, bias, {stride, padding, dilation, groups}));
      return;
    }
    auto type = x->value.scalar_type();
    *out = wrap(at::conv2d(x->value, weight->value.to(type), b.defined() ? b.to(type) : b,
                           {stride, stride}, {padding, padding}, {dilation, dilation}, groups));
  });
}
