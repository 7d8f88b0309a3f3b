// Pointwise operators, reductions and layers: LibTorch's, by code.
#include "COneDNN/threads.h"
#include "support.h"

using rdd::protect;
using rdd::wrap;

template <typename Other>
static at::Tensor compare_or_compute(ct_binary_operator op, const at::Tensor &a, const Other &b) {
  switch (op) {
    case CT_ADD: return a.add(b);
    case CT_SUB: return a.sub(b);
    case CT_MUL: return a.mul(b);
    case CT_DIV: return a.div(b);
    case CT_EQ: return a.eq(b);
    case CT_NE: return a.ne(b);
    case CT_LE: return a.le(b);
    case CT_GT: return a.gt(b);
    case CT_GE: return a.ge(b);
    default: TORCH_CHECK(false, "unknown binary operator code ", op);
  }
}

int ct_binary(ct_tensor **out, ct_binary_operator op, const ct_tensor *a, const ct_tensor *b) {
  return protect([&] {
    const at::Tensor &x = a->value, &y = b->value;
    switch (op) {
      case CT_MAXIMUM: *out = wrap(at::maximum(x, y)); break;
      case CT_MINIMUM: *out = wrap(at::minimum(x, y)); break;
      case CT_AND: *out = wrap(x.logical_and(y)); break;
      case CT_OR: *out = wrap(x.logical_or(y)); break;
      case CT_XOR: *out = wrap(x.logical_xor(y)); break;
      case CT_MATMUL: {
        // OpenBLAS has one thread anyway; MKL, of LibTorch's own builds, would share a product's sums.
        const rdd::onednn::SingleThread one;
        *out = wrap(at::matmul(x, y));
        break;
      }
      default: *out = wrap(compare_or_compute(op, x, y));
    }
  });
}

int ct_binary_scalar(ct_tensor **out, ct_binary_operator op, const ct_tensor *a, double b) {
  return protect([&] { *out = wrap(compare_or_compute(op, a->value, at::Scalar(b))); });
}

int ct_unary(ct_tensor **out, ct_unary_operator op, const ct_tensor *a) {
  return protect([&] {
    const at::Tensor &x = a->value;
    switch (op) {
      case CT_NEG: *out = wrap(x.neg()); break;
      case CT_EXP: *out = wrap(x.exp()); break;
      case CT_LOG: *out = wrap(x.log()); break;
      case CT_SQRT: *out = wrap(x.sqrt()); break;
      case CT_ABS: *out = wrap(x.abs()); break;
      case CT_RELU: *out = wrap(x.relu()); break;
      case CT_NOT: *out = wrap(x.logical_not()); break;
      case CT_ISFINITE: *out = wrap(at::isfinite(x)); break;
      case CT_ZERO_LIKE: *out = wrap(at::zeros_like(x)); break;
      case CT_ERF: *out = wrap(x.erf()); break;
      case CT_TANH: *out = wrap(x.tanh()); break;
      case CT_FLOOR: *out = wrap(x.floor()); break;
      case CT_CEIL: *out = wrap(x.ceil()); break;
      default: TORCH_CHECK(false, "unknown unary operator code ", op);
    }
  });
}

int ct_clamp(ct_tensor **out, const ct_tensor *a, double low, double high) {
  return protect([&] { *out = wrap(a->value.clamp(low, high)); });
}

int ct_where(ct_tensor **out, const ct_tensor *condition, const ct_tensor *a, const ct_tensor *b) {
  return protect([&] { *out = wrap(at::where(condition->value, a->value, b->value)); });
}

int ct_reduce(ct_tensor **out, ct_reduction op, const ct_tensor *a, const int64_t *dimensions,
              int count, bool keep) {
  return protect([&] {
    std::vector<int64_t> dims(dimensions, dimensions + count);
    if (count == 0) {
      for (int64_t i = 0; i < a->value.dim(); ++i) dims.push_back(i);
    }
    switch (op) {
      case CT_SUM: *out = wrap(a->value.sum(dims, keep)); break;
      case CT_MEAN: *out = wrap(a->value.mean(dims, keep)); break;
      case CT_AMAX: *out = wrap(a->value.amax(dims, keep)); break;
      default: TORCH_CHECK(false, "unknown reduction code ", op);
    }
  });
}

int ct_argmax(ct_tensor **out, const ct_tensor *a, int dimension) {
  return protect([&] { *out = wrap(a->value.argmax(dimension)); });
}

int ct_softmax(ct_tensor **out, const ct_tensor *a, int dimension, bool logarithm) {
  return protect([&] {
    *out = wrap(logarithm ? a->value.log_softmax(dimension) : a->value.softmax(dimension));
  });
}

int ct_gather(ct_tensor **out, const ct_tensor *a, int dimension, const ct_tensor *index) {
  return protect([&] { *out = wrap(a->value.gather(dimension, index->value)); });
}

int ct_index_select(ct_tensor **out, const ct_tensor *a, int dimension, const ct_tensor *index) {
  return protect([&] { *out = wrap(a->value.index_select(dimension, index->value)); });
}

int ct_argsort(ct_tensor **out, const ct_tensor *a, int dimension, bool descending) {
  return protect([&] {
    *out = wrap(std::get<1>(a->value.sort(/*stable=*/true, dimension, descending)));
  });
}

int ct_max_pool2d(ct_tensor **out, const ct_tensor *x, int kernel, int stride, int padding,
                  bool ceil_mode) {
  return protect([&] {
    *out = wrap(at::max_pool2d(x->value, {kernel, kernel}, {stride, stride}, {padding, padding},
                               {1, 1}, ceil_mode));
  });
}

int ct_avg_pool2d(ct_tensor **out, const ct_tensor *x, int kernel, int stride, bool ceil_mode) {
  return protect([&] {
    *out = wrap(at::avg_pool2d(x->value, {kernel, kernel}, {stride, stride}, {0, 0}, ceil_mode,
                               /*count_include_pad=*/false));
  });
}

int ct_pool2d(ct_tensor **out, const ct_tensor *x, bool largest, const int64_t kernel[2],
              const ct_window *window) {
  return protect([&] {
    const at::IntArrayRef size(kernel, 2), stride(window->stride), padding(window->padding);
    *out = wrap(largest ? at::max_pool2d(x->value, size, stride, padding, window->dilation)
                        : at::avg_pool2d(x->value, size, stride, padding));
  });
}

int ct_adaptive_avg_pool2d(ct_tensor **out, const ct_tensor *x, int64_t height, int64_t width) {
  return protect([&] { *out = wrap(at::adaptive_avg_pool2d(x->value, {height, width})); });
}

int ct_upsample(ct_tensor **out, const ct_tensor *x, int64_t height, int64_t width,
                bool aligns_corners) {
  return protect([&] {
    *out = wrap(at::upsample_bilinear2d(x->value, {height, width}, aligns_corners));
  });
}

int ct_fill_(ct_tensor *t, double value) {
  return protect([&] { t->value.fill_(value); });
}

int ct_scale_(ct_tensor *t, double factor) {
  return protect([&] { t->value.mul_(factor); });
}

int ct_add_(ct_tensor *t, const ct_tensor *other, double factor) {
  return protect([&] { t->value.add_(other->value, factor); });
}
