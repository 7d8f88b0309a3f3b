// The C interface of exact gradient sums.
#include "gradient_sum.h"

#include <torch/csrc/autograd/custom_function.h>

#include "support.h"

using rdd::GradientSum;
using rdd::protect;
using rdd::wrap;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

GradientSum &sum_of(const ct_tensor *leaf) {
  TORCH_CHECK(leaf->gradient_sum, "gradient sum: the leaf has none");
  return *leaf->gradient_sum;
}

/// A leaf repeated for each image; what comes back is added to the leaf's sum image by image.
struct ForEachImage : torch::autograd::Function<ForEachImage> {
  static at::Tensor forward(AutogradContext *context, const at::Tensor &leaf, int64_t images,
                            c10::intrusive_ptr<GradientSum> sum) {
    context->saved_data["sum"] = c10::IValue::make_capsule(std::move(sum));
    std::vector<int64_t> sizes{images};
    for (const int64_t size : leaf.sizes()) sizes.push_back(size);
    // One copy in memory: convolutions see that all images have the same weights.
    return leaf.clone().unsqueeze(0).expand(sizes);
  }

  static variable_list backward(AutogradContext *context, variable_list grads) {
    auto sum = c10::static_intrusive_pointer_cast<GradientSum>(
        context->saved_data["sum"].toCapsule());
    for (int64_t image = 0; image < grads[0].size(0); ++image) sum->add(grads[0][image]);
    return {at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

/// The units, if they are as a sum needs them.
int64_t *units_in(const at::Tensor &units, at::IntArrayRef shape) {
  int64_t elements = 1;
  for (const int64_t size : shape) elements *= size;
  TORCH_CHECK(units.is_cpu() && units.scalar_type() == at::kLong && units.is_contiguous()
                  && elements == units.numel(),
              "exact sum: expected row-major int64 in host memory, ", elements, " units, got ",
              units.sizes(), " ", units.scalar_type());
  return units.data_ptr<int64_t>();
}

}  // namespace

GradientSum::GradientSum(at::Tensor units, at::IntArrayRef shape)
    : units_(std::move(units)),
      sum_(units_in(units_, shape), units_.numel(), shape.size() == 4 ? shape[2] * shape[3] : 1) {}

void GradientSum::add(const at::Tensor &addend) {
  TORCH_CHECK(addend.numel() == sum_.count(), "exact sum: an addend of ", addend.sizes(),
              "; expected ", sum_.count(), " elements");
  const at::Tensor values =
      addend.detach().to(at::TensorOptions(at::kFloat).device(at::kCPU)).contiguous();
  sum_.add(values.data_ptr<float>());
}

at::Tensor GradientSum::level(int index) {
  const rdd::onednn::Memory memory = sum_.level(index);
  return at::from_blob(memory.get(), {sum_.count()}, [memory](void *) {},
                       at::TensorOptions(at::kLong));
}

int ct_set_gradient_sum(ct_tensor *leaf, const ct_tensor *units) {
  return protect([&] {
    leaf->gradient_sum = units
        ? c10::make_intrusive<GradientSum>(units->value, leaf->value.sizes())
        : c10::intrusive_ptr<GradientSum>();
  });
}

bool ct_has_gradient_sum(const ct_tensor *leaf) noexcept {
  return static_cast<bool>(leaf->gradient_sum);
}

int ct_gradient_sum_begin(ct_tensor *leaf, int top) {
  return protect([&] { sum_of(leaf).exact().begin(top); });
}

int ct_gradient_sum_add(ct_tensor *leaf, const ct_tensor *addend) {
  return protect([&] { sum_of(leaf).add(addend->value); });
}

int ct_gradient_sum_finish(int64_t *used, ct_tensor *leaf) {
  return protect([&] {
    sum_of(leaf).exact().finish();
    *used = sum_of(leaf).exact().used();
  });
}

int ct_gradient_sum_level(ct_tensor **out, ct_tensor *leaf, int level) {
  return protect([&] { *out = wrap(sum_of(leaf).level(level)); });
}

int ct_gradient_sum_take(ct_tensor *to, const ct_tensor *leaf, int64_t mask) {
  return protect([&] {
    at::Tensor &target = to->value;
    TORCH_CHECK(target.is_cpu() && target.scalar_type() == at::kFloat && target.is_contiguous()
                    && target.numel() == leaf->value.numel(),
                "gradient sum: expected row-major float32 of the leaf's size in host memory");
    sum_of(leaf).exact().take(target.data_ptr<float>(), mask);
  });
}

int ct_for_each_image(ct_tensor **out, const ct_tensor *leaf, int64_t images) {
  return protect([&] {
    if (leaf->gradient_sum) {
      *out = wrap(ForEachImage::apply(leaf->value, images, leaf->gradient_sum));
      return;
    }
    std::vector<int64_t> sizes{images};
    for (const int64_t size : leaf->value.sizes()) sizes.push_back(size);
    *out = wrap(leaf->value.unsqueeze(0).expand(sizes));
  });
}
