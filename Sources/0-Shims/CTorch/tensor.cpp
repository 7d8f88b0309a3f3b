// Making tensors, looking at them, changing their shape.
#include <algorithm>

#include "support.h"

using rdd::protect;
using rdd::wrap;

static at::TensorOptions options(int type, int device) {
  return at::TensorOptions().dtype(rdd::scalar_type(type)).device(rdd::device_of(device));
}

void ct_free(ct_tensor *t) noexcept { delete t; }

int ct_empty(ct_tensor **out, const int64_t *shape, int rank, int type, int device, int format) {
  return protect([&] {
    *out = wrap(at::empty(at::IntArrayRef(shape, rank),
                          options(type, device).memory_format(rdd::format_of(format))));
  });
}

int ct_full(ct_tensor **out, const int64_t *shape, int rank, double value, int type, int device) {
  return protect(
      [&] { *out = wrap(at::full(at::IntArrayRef(shape, rank), value, options(type, device))); });
}

int ct_borrow(ct_tensor **out, void *data, const int64_t *shape, int rank, int type,
              void (*release)(void *), void *context) {
  return protect([&] {
    *out = wrap(at::from_blob(
        data, at::IntArrayRef(shape, rank), [release, context](void *) { release(context); },
        at::TensorOptions().dtype(rdd::scalar_type(type))));
  });
}

int ct_rank(const ct_tensor *t) noexcept { return static_cast<int>(t->value.dim()); }
int64_t ct_count(const ct_tensor *t) noexcept { return t->value.numel(); }
int ct_type(const ct_tensor *t) noexcept { return rdd::type_code(t->value.scalar_type()); }

int ct_size(int64_t *out, const ct_tensor *t, int dimension) {
  return protect([&] { *out = t->value.size(dimension); });
}

int ct_device(const ct_tensor *t) noexcept {
  auto device = t->value.device();
  return device.is_cpu() ? CT_CPU : CT_CUDA + std::max<int>(device.index(), 0);
}

bool ct_is_contiguous(const ct_tensor *t, int format) noexcept {
  return t->value.is_contiguous(rdd::format_of(format));
}

int ct_data(void **out, const ct_tensor *t) {
  return protect([&] { *out = t->value.data_ptr(); });
}

int ct_to(ct_tensor **out, const ct_tensor *t, int type, int device) {
  return protect(
      [&] { *out = wrap(t->value.to(rdd::device_of(device), rdd::scalar_type(type))); });
}

int ct_contiguous(ct_tensor **out, const ct_tensor *t, int format) {
  return protect([&] { *out = wrap(t->value.contiguous(rdd::format_of(format))); });
}

int ct_clone(ct_tensor **out, const ct_tensor *t) {
  return protect([&] { *out = wrap(t->value.clone()); });
}

int ct_reshape(ct_tensor **out, const ct_tensor *t, const int64_t *shape, int rank) {
  return protect([&] { *out = wrap(t->value.reshape(at::IntArrayRef(shape, rank))); });
}

int ct_permute(ct_tensor **out, const ct_tensor *t, const int64_t *order, int rank) {
  return protect([&] { *out = wrap(t->value.permute(at::IntArrayRef(order, rank))); });
}

int ct_narrow(ct_tensor **out, const ct_tensor *t, int dimension, int64_t start, int64_t length) {
  return protect([&] { *out = wrap(t->value.narrow(dimension, start, length)); });
}

int ct_expand(ct_tensor **out, const ct_tensor *t, const int64_t *shape, int rank) {
  return protect([&] { *out = wrap(t->value.expand(at::IntArrayRef(shape, rank))); });
}

int ct_cat(ct_tensor **out, ct_tensor *const *tensors, int count, int dimension) {
  return protect([&] {
    std::vector<at::Tensor> parts;
    for (int i = 0; i < count; ++i) parts.push_back(tensors[i]->value);
    *out = wrap(at::cat(parts, dimension));
  });
}

int ct_copy_(ct_tensor *target, const ct_tensor *source) {
  return protect([&] { target->value.copy_(source->value); });
}
