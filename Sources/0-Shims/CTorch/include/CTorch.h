// A small C ABI over LibTorch.
//
// Every function that can fail returns 0, or -1 and leaves one line in ct_last_error(). Out
// parameters come first. A ct_tensor* belongs to the caller and is freed with ct_free. Operators
// record autograd history unless gradients are off.
//
// No C++ exception leaves this library. Functions that return a status catch all; the others are
// CT_NOTHROW: an exception there would be a defect, and ends the process.
#ifndef RDD_CTORCH_H
#define RDD_CTORCH_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define CT_NOTHROW noexcept
extern "C" {
#else
#define CT_NOTHROW
#endif

typedef struct ct_tensor ct_tensor;

// Element types; the values are this library's own.
enum { CT_FLOAT32, CT_BFLOAT16, CT_FLOAT64, CT_INT64, CT_UINT8, CT_BOOL, CT_INT32, CT_FLOAT16,
       CT_INT8 };
// Devices: CT_CPU, or CT_CUDA + index.
enum { CT_CPU = 0, CT_CUDA = 1 };
// Memory formats.
enum { CT_CONTIGUOUS, CT_CHANNELS_LAST };

// ---- runtime.cpp
const char *ct_last_error(void) CT_NOTHROW;
const char *ct_version(void) CT_NOTHROW;
// Returns freed blocks of a megabyte or more to the system, until the next function is called.
void ct_return_memory(void) CT_NOTHROW;
// Keeps freed memory in the process instead of returning it: fresh pages cost more than sweeps over
// them.
void ct_keep_memory(void) CT_NOTHROW;
int ct_set_threads(int threads);
int ct_threads(void) CT_NOTHROW;
bool ct_cuda_available(void) CT_NOTHROW;
// Whether operators record history, on this thread; returns what it was.
bool ct_set_grad_enabled(bool enabled) CT_NOTHROW;

// ---- instructions.cpp: the vector instructions of kernels in host memory; a set holds all before it
enum { CT_NO_AVX2, CT_AVX2, CT_AVX512, CT_AVX512_BF16, CT_AVX512_AMX };
// What the processor has and the system grants. Asks no library: oneDNN's answer settles its choice.
int ct_host_instructions(void) CT_NOTHROW;
// What oneDNN's kernels are chosen for, which the first call settles.
int ct_used_instructions(void) CT_NOTHROW;
// Keeps oneDNN's and LibTorch's kernels to a set: once, before the first operator; ct_used_instructions
// tells whether it was. It changes the environment. BLAS chose its kernels when it was loaded.
int ct_limit_instructions(int set);
// What LibTorch's own kernels are chosen for, in its words; the first call settles it.
int ct_torch_kernels(const char **out);
// The processor that OpenBLAS's kernels are chosen for, in its words; NULL if BLAS is another one.
const char *ct_blas_kernels(void) CT_NOTHROW;

// ---- tensor.cpp: making and looking at tensors
void ct_free(ct_tensor *t) CT_NOTHROW;
int ct_empty(ct_tensor **out, const int64_t *shape, int rank, int type, int device, int format);
int ct_full(ct_tensor **out, const int64_t *shape, int rank, double value, int type, int device);
// A tensor over memory of the caller; `release(context)` is called when its last user is gone.
int ct_borrow(ct_tensor **out, void *data, const int64_t *shape, int rank, int type,
              void (*release)(void *), void *context);
int ct_rank(const ct_tensor *t) CT_NOTHROW;
int ct_size(int64_t *out, const ct_tensor *t, int dimension);
int64_t ct_count(const ct_tensor *t) CT_NOTHROW;
// -1: a type that is not in the list above.
int ct_type(const ct_tensor *t) CT_NOTHROW;
int ct_device(const ct_tensor *t) CT_NOTHROW;
bool ct_is_contiguous(const ct_tensor *t, int format) CT_NOTHROW;
int ct_data(void **out, const ct_tensor *t);
int ct_to(ct_tensor **out, const ct_tensor *t, int type, int device);
int ct_contiguous(ct_tensor **out, const ct_tensor *t, int format);
int ct_clone(ct_tensor **out, const ct_tensor *t);
int ct_reshape(ct_tensor **out, const ct_tensor *t, const int64_t *shape, int rank);
int ct_permute(ct_tensor **out, const ct_tensor *t, const int64_t *order, int rank);
int ct_narrow(ct_tensor **out, const ct_tensor *t, int dimension, int64_t start, int64_t length);
int ct_expand(ct_tensor **out, const ct_tensor *t, const int64_t *shape, int rank);
int ct_cat(ct_tensor **out, ct_tensor *const *tensors, int count, int dimension);
int ct_copy_(ct_tensor *target, const ct_tensor *source);

// ---- operators.cpp: pointwise, reductions, layers
typedef enum {
  CT_ADD, CT_SUB, CT_MUL, CT_DIV, CT_MAXIMUM, CT_MINIMUM, CT_EQ, CT_NE, CT_LE, CT_GT, CT_GE,
  CT_AND, CT_OR, CT_XOR, CT_MATMUL
} ct_binary_operator;
int ct_binary(ct_tensor **out, ct_binary_operator op, const ct_tensor *a, const ct_tensor *b);
int ct_binary_scalar(ct_tensor **out, ct_binary_operator op, const ct_tensor *a, double b);
typedef enum {
  CT_NEG, CT_EXP, CT_LOG, CT_SQRT, CT_ABS, CT_RELU, CT_NOT, CT_ISFINITE, CT_ZERO_LIKE, CT_ERF, CT_TANH,
  CT_FLOOR, CT_CEIL
} ct_unary_operator;
int ct_unary(ct_tensor **out, ct_unary_operator op, const ct_tensor *a);
int ct_clamp(ct_tensor **out, const ct_tensor *a, double low, double high);
int ct_where(ct_tensor **out, const ct_tensor *condition, const ct_tensor *a, const ct_tensor *b);
typedef enum { CT_SUM, CT_MEAN, CT_AMAX } ct_reduction;
// count 0: over all dimensions.
int ct_reduce(ct_tensor **out, ct_reduction op, const ct_tensor *a, const int64_t *dimensions,
              int count, bool keep);
int ct_argmax(ct_tensor **out, const ct_tensor *a, int dimension);
int ct_softmax(ct_tensor **out, const ct_tensor *a, int dimension, bool logarithm);
int ct_gather(ct_tensor **out, const ct_tensor *a, int dimension, const ct_tensor *index);
// The slices of one dimension that a vector of int64 names.
int ct_index_select(ct_tensor **out, const ct_tensor *a, int dimension, const ct_tensor *index);
// The indices that sort a dimension; equal elements stay in order.
int ct_argsort(ct_tensor **out, const ct_tensor *a, int dimension, bool descending);
// Whether convolutions and norms on this thread go image by image and have derivatives of any order, which
// is slower; returns what it was.
bool ct_set_plain_convolution(bool plain) CT_NOTHROW;
// How a kernel moves over an image: vertically, then horizontally. `padding` is on each side.
typedef struct {
  int64_t stride[2], padding[2], dilation[2], groups;
} ct_window;
int ct_conv2d(ct_tensor **out, const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias,
              const ct_window *window);
// Each image by its own weights, `[N, O, I / groups, kh, kw]`; derivatives of any order.
int ct_conv2d_by_image(ct_tensor **out, const ct_tensor *x, const ct_tensor *weights,
                       const ct_window *window);
// The input's gradient of ct_conv2d_by_image, of size `[height, width]`, where x is the result's.
int ct_conv2d_transposed(ct_tensor **out, const ct_tensor *x, const ct_tensor *weights,
                         int64_t height, int64_t width, const ct_window *window);
// The largest element or the mean of each window of `[kernel]`; padding counts as zeros in a mean, and has
// no dilation there.
int ct_pool2d(ct_tensor **out, const ct_tensor *x, bool largest, const int64_t kernel[2],
              const ct_window *window);
int ct_max_pool2d(ct_tensor **out, const ct_tensor *x, int kernel, int stride, int padding,
                  bool ceil_mode);
int ct_avg_pool2d(ct_tensor **out, const ct_tensor *x, int kernel, int stride, bool ceil_mode);
int ct_adaptive_avg_pool2d(ct_tensor **out, const ct_tensor *x, int64_t height, int64_t width);
// Bilinear: with aligned corners, or else with aligned edges.
int ct_upsample(ct_tensor **out, const ct_tensor *x, int64_t height, int64_t width,
                bool aligns_corners);
int ct_fill_(ct_tensor *t, double value);
int ct_scale_(ct_tensor *t, double factor);
// t += factor * other
int ct_add_(ct_tensor *t, const ct_tensor *other, double factor);

// ---- autograd.cpp
int ct_set_requires_grad(ct_tensor *t, bool requires_grad);
bool ct_requires_grad(const ct_tensor *t) CT_NOTHROW;
// Gives a leaf other memory of the same shape; its history and gradient stay.
int ct_set_memory(ct_tensor *t, const ct_tensor *memory);
int ct_detach(ct_tensor **out, const ct_tensor *t);
// *out is NULL where no gradient is held.
int ct_grad(ct_tensor **out, const ct_tensor *t);
int ct_set_grad(ct_tensor *t, const ct_tensor *grad);
// grads[i] may be NULL for a scalar root.
int ct_backward(ct_tensor *const *roots, ct_tensor *const *grads, int count);
// d(root)/d(input) of a scalar; with create_graph it has history itself.
int ct_gradient(ct_tensor **out, const ct_tensor *root, const ct_tensor *input, bool create_graph);
// Calls `fn(context)` each time the gradient of the leaf `t` is final in a backward pass.
int ct_on_gradient(const ct_tensor *t, void (*fn)(void *), void *context);

// An operator whose backward is the caller's. `outputs` were computed with gradients off; `out`
// receives the same data with history. `backward` gets the gradients of the outputs (NULL where
// undefined; they stay the library's) and writes new tensors, or NULL, for the inputs, and returns
// 0, or -1. It runs once; `release` runs when the closure is not needed any more.
typedef int (*ct_backward_fn)(void *context, ct_tensor *const *grad_outputs,
                              ct_tensor **grad_inputs);
int ct_custom(ct_tensor **out, ct_tensor *const *outputs, int output_count,
              ct_tensor *const *inputs, int input_count, ct_backward_fn backward,
              void (*release)(void *), void *context);
// An operator that is linear and its own adjoint, such as a sum over processes: its backward is itself,
// and so on, so that it may be differentiated any number of times. `fn` changes `count` doubles in place
// and returns 0, or -1; `release` runs when no history needs it any more.
typedef int (*ct_adjoint_fn)(void *context, double *values, int64_t count);
int ct_self_adjoint(ct_tensor **out, const ct_tensor *t, ct_adjoint_fn fn, void (*release)(void *),
                    void *context);

// ---- gradient_sum.cpp: the gradient of a leaf as an exact sum of float32 addends, one an image. See
// exact_sum.h.
// Convolutions and norms add the gradient of the leaf to `units`, int64 in host memory, as many as the
// leaf has elements, instead of its gradient; NULL: no longer. A sum belongs to this handle of the leaf.
int ct_set_gradient_sum(ct_tensor *leaf, const ct_tensor *units);
bool ct_has_gradient_sum(const ct_tensor *leaf) CT_NOTHROW;
// Forgets all addends; those below 2^top go to the finest level from now on.
int ct_gradient_sum_begin(ct_tensor *leaf, int top);
int ct_gradient_sum_add(ct_tensor *leaf, const ct_tensor *addend);
// Nothing more is added: `units` are whole. Bit k of *used: addends of level k, from 1; bit 0: one
// that is not finite.
int ct_gradient_sum_finish(int64_t *used, ct_tensor *leaf);
// The units of a level from 1, int64, zeros where there are none.
int ct_gradient_sum_level(ct_tensor **out, ct_tensor *leaf, int level);
// Writes the sum of the levels of `mask` and of the finest to `to`, float32, rounded once.
int ct_gradient_sum_take(ct_tensor *to, const ct_tensor *leaf, int64_t mask);
// The leaf once for each image, `[images, ...]`: the gradient of each is an addend of the sum.
int ct_for_each_image(ct_tensor **out, const ct_tensor *leaf, int64_t images);

// ---- batch_norm.cpp: the parts of cross-rank batch normalisation, on [N, C, H, W]; the caller adds
// the sums over images and ranks between them. No history is recorded. Sums are doubles, image by
// image.
// The first three alone: the others follow a convolution of a frozen network.
typedef enum {
  CT_IDENTITY, CT_RELU_ACTIVATION, CT_RELU6_ACTIVATION, CT_HARD_SWISH, CT_HARD_SIGMOID, CT_SIGMOID
} ct_activation;
// sums[N][2 * C]: the sum of each channel, then the sum of its squares.
int ct_bn_sums(double *sums, const ct_tensor *x);
// out = activation((x - mean) * inverse_std * weight + bias + residual); residual may be NULL.
int ct_bn_apply(ct_tensor **out, const ct_tensor *x, const double *mean, const double *inverse_std,
                const ct_tensor *weight, const ct_tensor *bias, const ct_tensor *residual,
                ct_activation activation);
// sums[N][2 * C]: the sum of dz, then of dz * xhat, where dz is dy where the activation passed it.
int ct_bn_backward_sums(double *sums, const ct_tensor *dy, const ct_tensor *x, const ct_tensor *y,
                        const double *mean, const double *inverse_std, ct_activation activation);
// dx = weight * inverse_std * (dz - mean_dz - xhat * mean_dz_xhat); *dresidual = dz if asked for.
int ct_bn_backward_input(ct_tensor **dx, ct_tensor **dresidual, const ct_tensor *dy,
                         const ct_tensor *x, const ct_tensor *y, const double *mean,
                         const double *inverse_std, const double *mean_dz,
                         const double *mean_dz_xhat, const ct_tensor *weight,
                         ct_activation activation);
// Evaluation: the running statistics, one operator, with history.
int ct_bn_frozen(ct_tensor **out, const ct_tensor *x, const ct_tensor *weight,
                 const ct_tensor *bias, const ct_tensor *mean, const ct_tensor *variance,
                 double epsilon);

// ---- program.cpp: a frozen network in host memory, built once and run forward. Values are indices.
typedef struct ct_program ct_program;
int ct_program_new(ct_program **out, int type);
void ct_program_free(ct_program *program) CT_NOTHROW;
int ct_program_input(int64_t *value, ct_program *program, int64_t channels);
// activation(convolution(input) + bias + residual); residual -1: none.
int ct_program_convolution(int64_t *value, ct_program *program, int64_t input,
                           const ct_tensor *weight, const ct_tensor *bias, int stride, int padding,
                           int dilation, int groups, ct_activation activation, int64_t residual);
int ct_program_max_pool(int64_t *value, ct_program *program, int64_t input, int kernel, int stride,
                        int padding);
int ct_program_average_pool(int64_t *value, ct_program *program, int64_t input, int bins);
// Bilinear, to the size of `like`: with aligned corners, or else with aligned edges.
int ct_program_resize(int64_t *value, ct_program *program, int64_t input, int64_t like,
                      bool aligns_corners);
// Each channel times its factor; `factors` has one pixel an image.
int ct_program_scale(int64_t *value, ct_program *program, int64_t input, int64_t factors);
int ct_program_concatenate(int64_t *value, ct_program *program, const int64_t *inputs, int count);
int ct_program_output(ct_program *program, int64_t value);
int ct_program_run(ct_tensor **outputs, int count, ct_program *program, const ct_tensor *x);

#ifdef __cplusplus
}
#endif
#endif
