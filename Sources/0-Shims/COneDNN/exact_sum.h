// The sum of a leaf's gradients, exact whatever the order: integers in fixed point.
#pragma once
#include "COneDNN/memory.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

namespace rdd::onednn {

/// Adds float32 addends of a leaf's shape, one an image, so that no order and no split changes a bit.
///
/// Level 0 holds the addends below 2^top as multiples of 2^(top - 47), rounded once each. Level k holds
/// those from 2^(top + 24 (k - 1)) to below 2^(top + 24 k) as multiples of 2^(top - 47 + 24 k), which
/// float32's 24 digits need not be rounded for. Which level an addend goes to is a function of the
/// addend, and 2^16 addends of 2^47 units fit in 63 bits: all additions are exact. With a `top` well
/// chosen only level 0 is used; the others are made when an addend asks for one.
///
/// The units of a convolution's weights `[O, I, kh, kw]` lie as `[kh, kw, O, I]`: each tap is a matrix.
class ExactSum {
 public:
  static constexpr int digits = 47, spacing = 24, levels = 12;
  /// Between them every float32 has a level.
  static constexpr int lowest_top = -150, highest_top = 128;

  /// A sum into the caller's `units`, `count` of them, for a leaf of `taps` taps; 1 if it is not a
  /// convolution's weights.
  ExactSum(int64_t *units, int64_t count, int64_t taps);

  /// Forgets all addends; those below 2^top go to level 0 from now on.
  void begin(int top);

  /// Adds `count` values to the units from `offset`. Threads may add at the same time.
  void add(const float *values, int64_t offset, int64_t count);

  /// Adds an addend of all elements, in the leaf's order.
  void add(const float *addend);

  /// Makes the units 0 that nothing was added to.
  void finish();

  /// Bit k: this process has addends of level k, from 1. Bit 0: one that is not finite.
  int64_t used() const { return used_.load(); }

  /// The units of a level from 1, int64, zeros where there are none, in the order of level 0's.
  Memory level(int index);

  /// The sum in the leaf's order, each element rounded once from what levels 0 and `mask` hold.
  void take(float *to, int64_t mask) const;

  /// The elements of the leaf.
  int64_t count() const { return count_; }
  /// Taps, and outputs times inputs, of the units' order; one tap where that is the leaf's.
  int64_t taps() const { return taps_; }
  int64_t matrix() const { return matrix_; }

 private:
  /// Units that have a lock of their own.
  static constexpr int64_t stripe = 1 << 15;

  void add_to_stripe(int64_t index, const float *values, int64_t offset, int64_t count);
  void add_each(const float *values, int64_t offset, int64_t count);
  float round_all(int64_t place, int64_t mask) const;

  int64_t *units_;
  int64_t count_, taps_, matrix_;
  int top_ = 0;
  std::vector<std::mutex> locks_;
  std::vector<char> is_fresh_;
  std::mutex levels_lock_;
  std::array<Memory, levels + 1> levels_;
  std::atomic<int64_t> used_{0};
};

}  // namespace rdd::onednn
