// Convolution: oneDNN's primitives in host memory, LibTorch's operator elsewhere and in float64.
#include <torch/csrc/autograd/custom_function.h>

#include "onednn_convolution.h"
#include "support.h"

using rdd::protect;
using rdd::wrap;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

/// Where a convolution adds the gradients of its parameters; undefined ones are LibTorch's to add.
struct Sums {
  at::Tensor weight, bias;
};

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
    context->saved_data["weight sums"] = sums->weight;
    context->saved_data["bias sums"] = sums->bias;
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
    at::Tensor sums = context->saved_data["weight sums"].toTensor();
    if (sums.defined()) {
      at::Tensor bias_sums = context->saved_data["bias sums"].toTensor();
      rdd::onednn::convolution_add_weight_gradients(sums, bias_sums, grads[0], x, window);
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
      bool summed = weight->gradient_sums.defined()
          && (bias == nullptr || bias->gradient_sums.defined());
      if (summed) sums = {weight->gradient_sums, bias ? bias->gradient_sums : at::Tensor()};
      *out = wrap(HostConvolution::apply(at::TensorList(inputs), &window, &sums));
      return;
    }
    auto type = x->value.scalar_type();
    *out = wrap(at::conv2d(x->value, weight->value.to(type), b.defined() ? b.to(type) : b,
                           {stride, stride}, {padding, padding}, {dilation, dilation}, groups));
  });
}
