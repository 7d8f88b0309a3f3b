// Gradients: leaves, backward, hooks, and operators whose backward is the caller's.
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <mutex>
#include <unordered_map>

#include "support.h"

using rdd::protect;
using rdd::wrap;
using torch::autograd::variable_list;

namespace {

// 1.13 holds a node by std::shared_ptr, newer versions by an intrusive pointer.
using NodePointer = std::decay_t<decltype(torch::autograd::impl::grad_accumulator(
    std::declval<const torch::autograd::Variable &>()))>;

// Tells the caller that a leaf's gradient is final.
struct GradientHook : torch::autograd::FunctionPostHook {
  void (*fn)(void *);
  void *context;
  GradientHook(void (*fn)(void *), void *context) : fn(fn), context(context) {}
  variable_list operator()(const variable_list &outputs, const variable_list &) override {
    fn(context);
    return outputs;
  }
};

// A leaf holds its accumulator weakly; the hook lives as long as the accumulator.
std::mutex accumulators_mutex;
std::vector<NodePointer> accumulators;

// The caller's backward and what it captured.
struct Closure : torch::CustomClassHolder {
  ct_backward_fn backward;
  void (*release)(void *);
  void *context;
  size_t input_count;

  Closure(ct_backward_fn backward, void (*release)(void *), void *context, size_t input_count)
      : backward(backward), release(release), context(context), input_count(input_count) {}
  ~Closure() override { drop(); }

  void drop() {
    if (context != nullptr) release(context);
    context = nullptr;
  }

  variable_list run(const variable_list &grads) {
    TORCH_CHECK(context != nullptr, "backward ran twice through an operator that runs it once");
    std::vector<ct_tensor> held;
    held.reserve(grads.size());
    std::vector<ct_tensor *> given;
    for (const auto &grad : grads) {
      held.push_back({grad});
      given.push_back(grad.defined() ? &held.back() : nullptr);
    }
    std::vector<ct_tensor *> made(input_count, nullptr);
    int status = backward(context, given.data(), made.data());
    variable_list result;
    for (auto *tensor : made) {
      result.push_back(tensor ? tensor->value : at::Tensor());
      delete tensor;
    }
    drop();  // what it captured is memory that the rest of the backward pass can use
    TORCH_CHECK(status == 0, "the backward pass of an operator of the caller's failed");
    return result;
  }
};

struct CustomOperator : torch::autograd::Function<CustomOperator> {
  static variable_list forward(torch::autograd::AutogradContext *context, at::TensorList,
                               c10::intrusive_ptr<Closure> closure, const variable_list *outputs) {
    context->saved_data["closure"] = c10::IValue::make_capsule(std::move(closure));
    // New tensors over the same data: the closure may hold the originals without holding itself.
    variable_list fresh;
    for (const auto &output : *outputs) fresh.push_back(output.variable_data());
    return fresh;
  }

  static variable_list backward(torch::autograd::AutogradContext *context, variable_list grads) {
    auto closure = c10::static_intrusive_pointer_cast<Closure>(
        context->saved_data["closure"].toCapsule());
    variable_list result = closure->run(grads);
    result.resize(result.size() + 2);  // forward's other arguments: the closure, the outputs
    return result;
  }
};

// What a linear operator that is its own adjoint calls, forward and in every backward.
struct Adjoint : torch::CustomClassHolder {
  ct_adjoint_fn fn;
  void (*release)(void *);
  void *context;

  Adjoint(ct_adjoint_fn fn, void (*release)(void *), void *context)
      : fn(fn), release(release), context(context) {}
  ~Adjoint() override { release(context); }
};

struct SelfAdjointOperator : torch::autograd::Function<SelfAdjointOperator> {
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x,
                            c10::intrusive_ptr<Adjoint> adjoint) {
    at::Tensor values =
        x.to(at::TensorOptions().device(at::kCPU).dtype(at::kDouble), false, /*copy=*/true)
            .contiguous();
    TORCH_CHECK(adjoint->fn(adjoint->context, values.data_ptr<double>(), values.numel()) == 0,
                "an operator of the caller's failed");
    context->saved_data["adjoint"] = c10::IValue::make_capsule(std::move(adjoint));
    return values.to(x.options());
  }

  static variable_list backward(torch::autograd::AutogradContext *context, variable_list grads) {
    auto adjoint = c10::static_intrusive_pointer_cast<Adjoint>(
        context->saved_data["adjoint"].toCapsule());
    return {SelfAdjointOperator::apply(grads[0], adjoint), at::Tensor()};
  }
};

}  // namespace

int ct_set_requires_grad(ct_tensor *t, bool requires_grad) {
  return protect([&] { t->value.requires_grad_(requires_grad); });
}

bool ct_requires_grad(const ct_tensor *t) noexcept { return t->value.requires_grad(); }

int ct_set_memory(ct_tensor *t, const ct_tensor *memory) {
  return protect([&] { t->value.set_data(memory->value); });
}

int ct_detach(ct_tensor **out, const ct_tensor *t) {
  return protect([&] { *out = wrap(t->value.detach()); });
}

int ct_grad(ct_tensor **out, const ct_tensor *t) {
  return protect([&] {
    const at::Tensor &grad = t->value.grad();
    *out = grad.defined() ? wrap(grad) : nullptr;
  });
}

int ct_set_grad(ct_tensor *t, const ct_tensor *grad) {
  return protect([&] { t->value.mutable_grad() = grad ? grad->value : at::Tensor(); });
}

int ct_backward(ct_tensor *const *roots, ct_tensor *const *grads, int count) {
  return protect([&] {
    variable_list outputs, gradients;
    for (int i = 0; i < count; ++i) {
      outputs.push_back(roots[i]->value);
      gradients.push_back(grads[i] ? grads[i]->value : at::Tensor());
    }
    torch::autograd::backward(outputs, gradients);
  });
}

int ct_gradient(ct_tensor **out, const ct_tensor *root, const ct_tensor *input,
                bool create_graph) {
  return protect([&] {
    variable_list made = torch::autograd::grad(
        {root->value}, {input->value}, {}, create_graph, create_graph, /*allow_unused=*/false);
    *out = wrap(made[0]);
  });
}

int ct_on_gradient(const ct_tensor *t, void (*fn)(void *), void *context) {
  return protect([&] {
    auto accumulator = torch::autograd::impl::grad_accumulator(t->value);
    TORCH_CHECK(accumulator, "a gradient hook needs a leaf that requires a gradient");
    accumulator->add_post_hook(std::make_unique<GradientHook>(fn, context));
    std::lock_guard<std::mutex> lock(accumulators_mutex);
    accumulators.push_back(std::move(accumulator));
  });
}

int ct_custom(ct_tensor **out, ct_tensor *const *outputs, int output_count,
              ct_tensor *const *inputs, int input_count, ct_backward_fn backward,
              void (*release)(void *), void *context) {
  return protect([&] {
    auto closure = c10::make_intrusive<Closure>(backward, release, context, input_count);
    variable_list given, computed;
    for (int i = 0; i < input_count; ++i) given.push_back(inputs[i]->value);
    for (int i = 0; i < output_count; ++i) computed.push_back(outputs[i]->value);
    variable_list made = CustomOperator::apply(at::TensorList(given), closure, &computed);
    for (int i = 0; i < output_count; ++i) out[i] = wrap(made[i]);
  });
}

int ct_self_adjoint(ct_tensor **out, const ct_tensor *t, ct_adjoint_fn fn, void (*release)(void *),
                    void *context) {
  return protect([&] {
    auto adjoint = c10::make_intrusive<Adjoint>(fn, release, context);
    *out = wrap(SelfAdjointOperator::apply(t->value, adjoint));
  });
}
