#pragma once

/// For loops: compiled for AVX-512 too, and chosen when the program is loaded. The results must be the
/// same bits. ThreadSanitizer is not ready when the choice is made, and so has the default alone.
#if __has_feature(thread_sanitizer)
#define WIDE
#else
#define WIDE __attribute__((target_clones("avx512f", "default")))
#endif
