// Frozen networks: the C side of rdd::onednn::Program.
#include "COneDNN/program/program.h"
#include <ATen/Parallel.h>

#include "support.h"

using rdd::protect;
using rdd::onednn::Program;

struct ct_program {
  Program program;
  explicit ct_program(at::ScalarType type) : program(type) {}
};

int ct_program_new(ct_program **out, int type) {
  return protect([&] { *out = new ct_program(rdd::scalar_type(type)); });
}

void ct_program_free(ct_program *program) noexcept { delete program; }

int ct_program_input(int64_t *value, ct_program *program, int64_t channels) {
  return protect([&] { *value = program->program.add_input(channels); });
}

int ct_program_convolution(int64_t *value, ct_program *program, int64_t input,
                           const ct_tensor *weight, const ct_tensor *bias, int stride, int padding,
                           int dilation, int groups, ct_activation activation, int64_t residual) {
  return protect([&] {
    std::optional<at::Tensor> addend;
    if (bias) addend = bias->value;
    std::optional<Program::Value> other;
    if (residual >= 0) other = residual;
    rdd::onednn::Window window{
        {stride, stride}, {padding, padding}, {dilation, dilation}, groups};
    *value = program->program.convolution(input, weight->value, addend, window,
                                          rdd::activation_of(activation), other);
  });
}

int ct_program_max_pool(int64_t *value, ct_program *program, int64_t input, int kernel, int stride,
                        int padding) {
  return protect([&] {
    *value = program->program.max_pool(input, {kernel, kernel}, {stride, stride},
                                       {padding, padding});
  });
}

int ct_program_average_pool(int64_t *value, ct_program *program, int64_t input, int bins) {
  return protect([&] { *value = program->program.average_pool(input, {bins, bins}); });
}

int ct_program_resize(int64_t *value, ct_program *program, int64_t input, int64_t like) {
  return protect([&] { *value = program->program.resize(input, like); });
}

int ct_program_concatenate(int64_t *value, ct_program *program, const int64_t *inputs, int count) {
  return protect([&] {
    *value = program->program.concatenate(std::vector<Program::Value>(inputs, inputs + count));
  });
}

int ct_program_output(ct_program *program, int64_t value) {
  return protect([&] { program->program.add_output(value); });
}

int ct_program_run(ct_tensor **outputs, int count, ct_program *program, const ct_tensor *x) {
  return protect([&] {
    auto results = program->program.run(x->value, at::get_num_threads());
    TORCH_CHECK(static_cast<int>(results.size()) == count, "the program has ", results.size(),
                " outputs, asked for ", count);
    for (int i = 0; i < count; ++i) outputs[i] = rdd::wrap(results[i]);
  });
}
