// Frozen networks: the C side of rdd::onednn::Program.
#include "COneDNN/program/program.h"

#include "COneDNN/threads.h"
#include "host_maps.h"
#include "support.h"

using rdd::protect;
using rdd::onednn::Program;

struct ct_program {
  at::ScalarType type;      // of the results
  at::ScalarType computed;  // what they are calculated in
  Program program;

  explicit ct_program(at::ScalarType type)
      : type(type), computed(rdd::computed_type(type)), program(rdd::element_of(computed)) {}
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
    const at::Tensor &kernel = weight->value;
    TORCH_CHECK(kernel.dim() == 4, "program: expected weights of 4 dimensions, got ", kernel.sizes());
    rdd::onednn::Memory addend;
    if (bias) {
      TORCH_CHECK(bias->value.numel() == kernel.size(0), "program: the bias has ",
                  bias->value.numel(), " elements; expected ", kernel.size(0));
      addend = rdd::memory_of(bias->value.to(at::kFloat).contiguous());
    }
    std::optional<Program::Value> other;
    if (residual >= 0) other = residual;
    rdd::onednn::Window window{
        {stride, stride}, {padding, padding}, {dilation, dilation}, groups};
    // oneDNN would round the weights when it packs them; rounded now, they take half the memory.
    *value = program->program.convolution(
        input, {kernel.size(0), kernel.size(1), kernel.size(2), kernel.size(3)},
        rdd::memory_of(kernel.to(program->computed).contiguous()), addend, window,
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

int ct_program_resize(int64_t *value, ct_program *program, int64_t input, int64_t like,
                      bool aligns_corners) {
  return protect([&] { *value = program->program.resize(input, like, aligns_corners); });
}

int ct_program_scale(int64_t *value, ct_program *program, int64_t input, int64_t factors) {
  return protect([&] { *value = program->program.scale(input, factors); });
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
    const at::Tensor input = rdd::channels_last(x->value.to(program->computed));
    std::vector<at::Tensor> results;
    std::vector<rdd::onednn::Map> maps;
    for (const auto &result : program->program.results({input.size(2), input.size(3)})) {
      results.push_back(rdd::empty_channels_last(
          {input.size(0), result.channels, result.size[0], result.size[1]}, program->computed));
      maps.push_back(rdd::map_of(results.back()));
    }
    TORCH_CHECK(static_cast<int>(results.size()) == count, "the program has ", results.size(),
                " outputs, asked for ", count);
    // An image for each thread keeps what they work on small.
    program->program.run(maps, rdd::map_of(input), rdd::onednn::thread_count());
    for (int i = 0; i < count; ++i) outputs[i] = rdd::wrap(results[i].to(program->type));
  });
}
