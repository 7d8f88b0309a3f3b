// Convolutions that have derivatives of any order. LibTorch's second derivative goes group by group,
// which takes hundreds of calls where each channel is a group.
#include "convolution_form.h"

#include <torch/csrc/autograd/custom_function.h>

#include "COneDNN/threads.h"
#include "host_convolution.h"

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

/// The three tensors of an image's form sum(gradient * convolution(input, weight)), which is linear in
/// each of them.
enum Place : int64_t { input, weight, gradient };

/// The sizes of an image's form: `[1, I, H, W]`, `[O, I / groups, kh, kw]`, and the window.
struct Sizes {
  std::vector<int64_t> input, weight;
  rdd::onednn::Window window;
};

/// The derivative of an image's form by `place`, from the two others, in the order of their places.
at::Tensor derivative(Place place, const at::Tensor &a, const at::Tensor &b, const Sizes &sizes) {
  const rdd::onednn::Window &window = sizes.window;
  if (rdd::supported(place == input ? b : a)) {
    switch (place) {
      case input: return rdd::convolution_backward_data(b, a, sizes.input, window);
      case weight:
        return rdd::convolution_backward_weights(b, a, sizes.weight, false, window)
            .first.to(a.scalar_type());
      case gradient: return rdd::convolution_forward(a, b, std::nullopt, window);
    }
  }
  if (place == gradient) {
    return at::conv2d(
        a, b, {}, window.stride, window.padding, window.dilation, window.groups);
  }
  // LibTorch asks for the third tensor too, and takes its sizes.
  const bool is_input = place == input;
  const at::Tensor third = at::zeros(is_input ? sizes.input : sizes.weight, a.options());
  const auto found = at::convolution_backward(
      b, is_input ? third : a, is_input ? a : third, c10::OptionalIntArrayRef(), window.stride, window.padding,
      window.dilation, false, {0, 0}, window.groups, {is_input, !is_input, false});
  return is_input ? std::get<0>(found) : std::get<1>(found);
}

/// The derivative of each image's form by one place. Its own derivatives are those of the same form by
/// the two others, with what comes back in this place.
struct ConvolutionForm : torch::autograd::Function<ConvolutionForm> {
  static at::Tensor forward(
      AutogradContext *context, const at::Tensor &a, const at::Tensor &b, int64_t place,
      const Sizes *sizes) {
    context->save_for_backward({a, b});
    context->saved_data["place"] = place;
    context->saved_data["input"] = sizes->input;
    context->saved_data["weight"] = sizes->weight;
    const rdd::onednn::Window &window = sizes->window;
    context->saved_data["window"] = std::vector<int64_t>{
        window.stride[0], window.stride[1], window.padding[0], window.padding[1],
        window.dilation[0], window.dilation[1], window.groups};
    const rdd::onednn::SingleThread one;
    const at::Tensor &weights = place == input ? a : b;
    if (place != weight && weights.stride(0) == 0 && rdd::supported(place == input ? b : a)) {
      // All images have the same weights: laid out once. oneDNN's functions keep images apart.
      Sizes all = *sizes;
      all.input[0] = a.size(0);
      return place == input ? derivative(input, a[0], b, all) : derivative(gradient, a, b[0], all);
    }
    std::vector<at::Tensor> parts;
    for (int64_t image = 0; image < a.size(0); ++image) {
      const auto of_image = [&](const at::Tensor &all, Place kind) {
        return kind == weight ? all[image] : all.narrow(0, image, 1);
      };
      const auto [first, second] = others(place);
      const at::Tensor part = derivative(
          static_cast<Place>(place), of_image(a, first), of_image(b, second), *sizes);
      parts.push_back(place == weight ? part.unsqueeze(0) : part);
    }
    return at::cat(parts);
  }

  static variable_list backward(AutogradContext *context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto number = [&](int64_t index) {
      return context->saved_data["window"].toIntVector()[static_cast<std::size_t>(index)];
    };
    const auto both = [&](int64_t index) {
      return rdd::onednn::Pair{number(index), number(index + 1)};
    };
    const Sizes sizes{
        context->saved_data["input"].toIntVector(), context->saved_data["weight"].toIntVector(),
        {both(0), both(2), both(4), number(6)}};
    const int64_t place = context->saved_data["place"].toInt();
    const auto [first, second] = others(place);
    const at::Tensor *at_place[3] = {};
    at_place[place] = &grads[0];
    at_place[first] = &saved[0];
    at_place[second] = &saved[1];
    variable_list result(4);
    for (const std::size_t index : {0, 1}) {
      if (!context->needs_input_grad(index)) continue;
      const int64_t wanted = index == 0 ? first : second;
      const auto [a, b] = others(wanted);
      result[index] = ConvolutionForm::apply(*at_place[a], *at_place[b], wanted, &sizes);
    }
    return result;
  }

  static std::pair<Place, Place> others(int64_t place) {
    return {place == input ? weight : input, place == gradient ? weight : gradient};
  }
};

}  // namespace

at::Tensor rdd::convolution_by_image(
    const at::Tensor &x, const at::Tensor &weights, const onednn::Window &window) {
  const Sizes sizes{
      {1, x.size(1), x.size(2), x.size(3)}, weights.sizes().slice(1).vec(), window};
  return ConvolutionForm::apply(x, weights, static_cast<int64_t>(gradient), &sizes);
}

at::Tensor rdd::transposed_by_image(
    const at::Tensor &x, const at::Tensor &weights, int64_t height, int64_t width,
    const onednn::Window &window) {
  const Sizes sizes{
      {1, weights.size(2) * window.groups, height, width}, weights.sizes().slice(1).vec(), window};
  return ConvolutionForm::apply(weights, x, static_cast<int64_t>(input), &sizes);
}
