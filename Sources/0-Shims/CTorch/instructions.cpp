// Vector instructions: what the processor has, and what oneDNN's and LibTorch's kernels may use.
#include <ATen/Version.h>
#include <cpuid.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "dnnl.hpp"
#include "support.h"

using rdd::protect;

namespace {

/// Whether Linux lets this process use AMX's registers. It asks for them, as oneDNN does.
bool tiles_are_granted() {
  constexpr int get_granted = 0x1022, request = 0x1023, tile_data = 18;
  unsigned long granted = 0;
  auto is_granted = [&] {
    return syscall(SYS_arch_prctl, get_granted, &granted) == 0 && (granted >> tile_data & 1);
  };
  return is_granted() || (syscall(SYS_arch_prctl, request, tile_data) == 0 && is_granted());
}

/// AMX with bfloat16 and 8-bit integers.
bool has_tiles() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned all = 1u << 22 | 1u << 24 | 1u << 25;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & all) == all && tiles_are_granted();
}

struct Names {
  dnnl::cpu_isa onednn;
  /// The same in oneDNN's environment variable.
  const char *variable;
};

Names names(int set) {
  switch (set) {
    case CT_AVX2: return {dnnl::cpu_isa::avx2, "AVX2"};
    case CT_AVX512: return {dnnl::cpu_isa::avx512_core, "AVX512_CORE"};
    case CT_AVX512_BF16: return {dnnl::cpu_isa::avx512_core_bf16, "AVX512_CORE_BF16"};
    case CT_AVX512_AMX: return {dnnl::cpu_isa::avx512_core_amx, "AVX512_CORE_AMX"};
    default: TORCH_CHECK(false, "unknown instruction set code ", set);
  }
}

}  // namespace

int ct_host_instructions(void) noexcept {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return CT_NO_AVX2;
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
      && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  if (!wide) return CT_AVX2;
  if (!__builtin_cpu_supports("avx512vnni") || !__builtin_cpu_supports("avx512bf16")) return CT_AVX512;
  return has_tiles() ? CT_AVX512_AMX : CT_AVX512_BF16;
}

int ct_used_instructions(void) noexcept {
  const int used = static_cast<int>(dnnl::get_effective_cpu_isa());
  for (int set : {CT_AVX512_AMX, CT_AVX512_BF16, CT_AVX512, CT_AVX2}) {
    const int wanted = static_cast<int>(names(set).onednn);
    if ((used & wanted) == wanted) return set;
  }
  return CT_NO_AVX2;
}

int ct_limit_instructions(int set) {
  return protect([&] {
    const Names wanted = names(set);
    // For a oneDNN inside LibTorch, which is not the one that this library is linked with.
    for (const char *name : {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"}) {
      setenv(name, wanted.variable, 1);
    }
    // Of the wider ones LibTorch chooses by itself, the same on all processors that have them.
    if (set == CT_AVX2) setenv("ATEN_CPU_CAPABILITY", "avx2", 1);
    // Fails where oneDNN has chosen before; what it uses then tells.
    dnnl::set_max_cpu_isa(wanted.onednn);
  });
}

int ct_torch_kernels(const char **out) {
  return protect([&] {
    static const std::string name = [] {
      const std::string text = at::show_config(), key = "CPU capability usage: ";
      const auto begin = text.find(key);
      if (begin == std::string::npos) return std::string("unknown");
      const auto first = begin + key.size();
      return text.substr(first, text.find('\n', first) - first);
    }();
    *out = name.c_str();
  });
}

const char *ct_blas_kernels(void) noexcept {
  using Name = const char *(*)();
  auto name = reinterpret_cast<Name>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  return name ? name() : nullptr;
}
