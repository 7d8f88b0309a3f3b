#include "COneDNN/exact_sum.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "COneDNN/arithmetic.h"
#include "COneDNN/check.h"
#include "COneDNN/threads.h"
#include "COneDNN/wide.h"

namespace rdd::onednn {

namespace {

constexpr int64_t block = 4096;  // values that stay in the first cache

int64_t bits_of(double value) {
  int64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// The largest magnitude as a pattern; infinity and NaN are above all numbers.
WIDE uint32_t largest_pattern(const float *__restrict values, int64_t count) {
  uint32_t largest = 0;
  for (int64_t i = 0; i < count; ++i) {
    uint32_t bits;
    std::memcpy(&bits, values + i, sizeof bits);
    bits &= 0x7fffffffu;
    largest = bits > largest ? bits : largest;
  }
  return largest;
}

/// 1.5 * 2^52 units of 2^unit: a value that is added to it is rounded to units, halves to even, and
/// its units are the difference of the patterns.
double rounder(int unit) { return std::ldexp(1.5, 52 + unit); }

WIDE void add_units(
    int64_t *__restrict units, const float *__restrict values, int64_t count, double magic) {
  const int64_t zero = bits_of(magic);
  for (int64_t i = 0; i < count; ++i) {
    const double moved = static_cast<double>(values[i]) + magic;
    int64_t bits;
    std::memcpy(&bits, &moved, sizeof bits);
    units[i] += bits - zero;
  }
}

/// Whether all units are below 2^51.
WIDE bool are_small(const int64_t *__restrict units, int64_t count) {
  uint64_t seen = 0;
  for (int64_t i = 0; i < count; ++i) {
    seen |= static_cast<uint64_t>(units[i]) + (uint64_t{1} << 51);
  }
  return seen < uint64_t{1} << 52;
}

/// Such units as float32, rounded once.
WIDE void small_to_float(
    float *__restrict to, const int64_t *__restrict units, int64_t count, double unit) {
  const double magic = 1.5 * 0x1p52;
  const int64_t zero = bits_of(magic);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t bits = units[i] + zero;
    double moved;
    std::memcpy(&moved, &bits, sizeof moved);
    to[i] = static_cast<float>((moved - magic) * unit);
  }
}

/// Units as float32, rounded once: what a double cannot hold is marked in its last place first.
float to_float(int64_t units, double unit) {
  const int64_t size = units < 0 ? -units : units;
  if (size < int64_t{1} << 53) return static_cast<float>(static_cast<double>(units) * unit);
  const int64_t odd = (size >> 10) | ((size & 1023) != 0);
  const double value = static_cast<double>(odd) * (unit * 1024);
  return static_cast<float>(units < 0 ? -value : value);
}

/// Writes `[taps, matrix]` as `[matrix, taps]`.
void interleave(
    float *to, const float *from, int64_t step, int64_t taps, int64_t first, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    float *element = to + (first + i) * taps;
    for (int64_t tap = 0; tap < taps; ++tap) element[tap] = from[tap * step + i];
  }
}

}  // namespace

ExactSum::ExactSum(int64_t *units, int64_t count, int64_t taps)
    : units_(units),
      count_(count),
      taps_(taps),
      matrix_(taps_ > 0 ? count_ / taps_ : 0),
      locks_(static_cast<std::size_t>(ceil_div(count_, stripe))),
      is_fresh_(locks_.size(), 1) {}

void ExactSum::begin(int top) {
  top_ = std::clamp(top, lowest_top, highest_top);
  std::fill(is_fresh_.begin(), is_fresh_.end(), 1);
  for (Memory &level : levels_) level.reset();
  used_ = 0;
}

void ExactSum::add(const float *values, int64_t offset, int64_t count) {
  int64_t done = 0;
  while (done < count) {
    const int64_t place = offset + done, index = place / stripe;
    const int64_t length = std::min(count - done, (index + 1) * stripe - place);
    add_to_stripe(index, values + done, place, length);
    done += length;
  }
}

void ExactSum::add_to_stripe(int64_t index, const float *values, int64_t offset, int64_t count) {
  const std::lock_guard<std::mutex> lock(locks_[index]);
  int64_t *units = units_;
  const int64_t first = index * stripe, end = std::min(count_, first + stripe);
  // A whole stripe is made 0 block by block, while it is in the cache.
  const bool is_whole = is_fresh_[index] && offset == first && offset + count == end;
  if (is_fresh_[index] && !is_whole) std::fill(units + first, units + end, 0);
  is_fresh_[index] = 0;
  const float limit = std::ldexp(1.0f, std::min(top_, 127));
  uint32_t bound;
  std::memcpy(&bound, &limit, sizeof bound);
  if (top_ > 127) bound = 0x7f800000u;
  const double magic = rounder(top_ - digits);
  for (int64_t start = 0; start < count; start += block) {
    const int64_t length = std::min(block, count - start);
    int64_t *to = units + offset + start;
    if (is_whole) std::fill(to, to + length, 0);
    if (largest_pattern(values + start, length) < bound) {
      add_units(to, values + start, length, magic);
    } else {
      add_each(values + start, offset + start, length);
    }
  }
}

/// Where some of the values are not below 2^top.
void ExactSum::add_each(const float *values, int64_t offset, int64_t count) {
  std::array<int64_t *, levels + 1> units{units_};
  int64_t used = 0;
  for (int64_t i = 0; i < count; ++i) {
    const float value = values[i];
    if (!std::isfinite(value)) used |= 1;
    if (!std::isfinite(value) || value == 0) continue;
    // |value| < 2^bound.
    const int bound = std::ilogb(value) + 1;
    const int index = bound <= top_ ? 0 : static_cast<int>(ceil_div(bound - top_, spacing));
    if (units[index] == nullptr) {
      units[index] = static_cast<int64_t *>(level(index).get());
      used |= int64_t{1} << index;
    }
    units[index][offset + i] += static_cast<int64_t>(std::nearbyint(
        std::ldexp(static_cast<double>(value), digits - top_ - spacing * index)));
  }
  used_ |= used;
}

void ExactSum::add(const float *addend) {
  if (taps_ <= 1) return add(addend, 0, count_);
  std::vector<float> values(static_cast<std::size_t>(count_));
  for (int64_t i = 0; i < matrix_; ++i) {
    for (int64_t tap = 0; tap < taps_; ++tap) values[tap * matrix_ + i] = addend[i * taps_ + tap];
  }
  add(values.data(), 0, count_);
}

void ExactSum::finish() {
  for (std::size_t index = 0; index < is_fresh_.size(); ++index) {
    if (!is_fresh_[index]) continue;
    const int64_t first = static_cast<int64_t>(index) * stripe;
    std::fill(units_ + first, units_ + std::min(count_, first + stripe), 0);
    is_fresh_[index] = 0;
  }
}

Memory ExactSum::level(int index) {
  check(index >= 1 && index <= levels, "exact sum: level ", index, "; expected 1 to ", levels);
  const std::lock_guard<std::mutex> lock(levels_lock_);
  Memory &level = levels_[index];
  if (!level) {
    Memory made = allocate(count_ * static_cast<int64_t>(sizeof(int64_t)));
    std::fill_n(static_cast<int64_t *>(made.get()), count_, 0);
    level = made;
  }
  return level;
}

/// All levels of one element: digits of 24 bits, carried, and rounded as float32 is.
float ExactSum::round_all(int64_t place, int64_t mask) const {
  constexpr int64_t base = int64_t{1} << spacing;
  std::array<int64_t, levels + 5> limbs{};
  const auto put = [&](int64_t units, int index) {
    limbs[index] += units & (base - 1);
    limbs[index + 1] += (units >> spacing) & (base - 1);
    limbs[index + 2] += units >> (2 * spacing);
  };
  put(units_[place], 0);
  for (int index = 1; index <= levels; ++index) {
    const auto *level = static_cast<const int64_t *>(levels_[index].get());
    if ((mask >> index & 1) && level != nullptr) put(level[place], index);
  }
  const auto carry = [&] {
    for (std::size_t i = 0; i + 1 < limbs.size(); ++i) {
      limbs[i + 1] += limbs[i] >> spacing;
      limbs[i] &= base - 1;
    }
  };
  carry();
  const bool negative = limbs.back() < 0;
  if (negative) {
    for (int64_t &limb : limbs) limb = -limb;
    carry();
  }
  int highest = static_cast<int>(limbs.size()) - 1;
  while (highest > 0 && limbs[highest] == 0) --highest;
  // Two limbs hold 25 binary digits at least; what is below them is marked after the last one.
  const int first = std::max(0, highest - 1);
  double value = 0;
  for (int i = highest; i >= first; --i) value = value * base + static_cast<double>(limbs[i]);
  bool rest = false;
  for (int i = 0; i < first; ++i) rest = rest || limbs[i] != 0;
  const double result =
      std::ldexp(value + (rest ? 0.5 : 0.0), top_ - digits + spacing * first);
  return static_cast<float>(negative ? -result : result);
}

void ExactSum::take(float *to, int64_t mask) const {
  const int64_t *units = units_;
  const double unit = std::ldexp(1.0, top_ - digits);
  const bool is_plain = (mask & ~int64_t{1}) == 0;
  constexpr int64_t length = 512;
  parallel_for_each(ceil_div(matrix_, length), [&](int64_t part) {
    const int64_t first = part * length, count = std::min(length, matrix_ - first);
    std::vector<float> values(static_cast<std::size_t>(taps_ * count));
    for (int64_t tap = 0; tap < taps_; ++tap) {
      const int64_t place = tap * matrix_ + first;
      float *row = taps_ == 1 ? to + first : values.data() + tap * count;
      if (!is_plain) {
        for (int64_t i = 0; i < count; ++i) row[i] = round_all(place + i, mask);
      } else if (are_small(units + place, count)) {
        small_to_float(row, units + place, count, unit);
      } else {
        for (int64_t i = 0; i < count; ++i) row[i] = to_float(units[place + i], unit);
      }
    }
    if (taps_ > 1) interleave(to, values.data(), count, taps_, first, count);
  });
}

}  // namespace rdd::onednn
