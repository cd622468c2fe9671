#include "film/art/kernel.h"
#include "film/art/kernel_vector.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#include <algorithm>
#include <cstring>

// Each function names its instruction set, so that nothing else in the program is compiled for it.
#define FILM_AVX2 [[gnu::target("avx2")]]
#define FILM_AVX2_INLINE [[gnu::target("avx2"), gnu::always_inline]] inline

namespace film::art::kernel {
namespace {

FILM_AVX2_INLINE __m256i load(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }
FILM_AVX2_INLINE void store(void* to, __m256i value) { _mm256_storeu_si256(static_cast<__m256i*>(to), value); }
FILM_AVX2_INLINE __m256i low_words(__m256i pixels) { return _mm256_unpacklo_epi8(pixels, _mm256_setzero_si256()); }
FILM_AVX2_INLINE __m256i high_words(__m256i pixels) { return _mm256_unpackhi_epi8(pixels, _mm256_setzero_si256()); }

// (a * (256 - w) + b * w + 128) >> 8 with the weight given as w * 128.
FILM_AVX2_INLINE __m256i lerp_words(__m256i a, __m256i b, __m256i weight) {
  return _mm256_add_epi16(a, _mm256_mulhrs_epi16(_mm256_sub_epi16(b, a), weight));
}

FILM_AVX2_INLINE __m256i over_words(__m256i source, __m256i below) {
  __m256i alpha = _mm256_shufflehi_epi16(_mm256_shufflelo_epi16(source, 0xFF), 0xFF);
  alpha = _mm256_add_epi16(alpha, _mm256_srli_epi16(alpha, 7));
  return _mm256_add_epi16(source, _mm256_srli_epi16(_mm256_mullo_epi16(below, _mm256_sub_epi16(_mm256_set1_epi16(256), alpha)), 8));
}

// Lays eight pixels, given as words, over `out`.
template <bool add>
FILM_AVX2_INLINE void lay(__m256i low, __m256i high, std::uint32_t* out) {
  const __m256i below = load(out);
  if constexpr (add) store(out, _mm256_adds_epu8(_mm256_packus_epi16(low, high), below));
  else store(out, _mm256_packus_epi16(over_words(low, low_words(below)), over_words(high, high_words(below))));
}

// Lays eight samples between `left` and `right`; `weight_low`, `weight_high`: of `right`, times 128, for each word.
template <bool add>
FILM_AVX2_INLINE void lay_between(__m256i left, __m256i right, __m256i weight_low, __m256i weight_high, int opacity, std::uint32_t* out) {
  const __m256i any = _mm256_or_si256(left, right);
  if (_mm256_testz_si256(any, any)) return;
  __m256i low = lerp_words(low_words(left), low_words(right), weight_low);
  __m256i high = lerp_words(high_words(left), high_words(right), weight_high);
  if (opacity != 256) {
    const __m256i part = _mm256_set1_epi16(static_cast<short>(opacity));
    low = _mm256_srli_epi16(_mm256_mullo_epi16(low, part), 8);
    high = _mm256_srli_epi16(_mm256_mullo_epi16(high, part), 8);
  } else if (!add && _mm256_testc_si256(_mm256_and_si256(left, right), _mm256_set1_epi32(static_cast<int>(0xFF000000U)))) {
    store(out, _mm256_packus_epi16(low, high));
    return;
  }
  lay<add>(low, high, out);
}

// The same two weights everywhere. Returns how many pixels were done.
template <bool add>
FILM_AVX2 int sample_unscaled(const std::uint32_t* row, std::int64_t u, int count, int opacity, std::uint32_t* out) {
  const __m256i weight = _mm256_set1_epi16(static_cast<short>(((u >> 8) & 255) << 7));
  const std::uint32_t* at = row + (u >> 16);
  int index = 0;
  for (; index + 8 <= count; index += 8) lay_between<add>(load(at + index), load(at + index + 1), weight, weight, opacity, out + index);
  return index;
}

// Eight samples lie within `wide` ? 16 : 8 pixels. Returns how many pixels were done.
template <bool add, bool wide>
FILM_AVX2 int sample_scaled(const std::uint32_t* row, std::int64_t u, std::int64_t step, int count, int opacity, std::uint32_t* out) {
  const __m256i offsets = _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(static_cast<int>(step)));
  int index = 0;
  for (; index + 8 <= count; index += 8, u += 8 * step) {
    const std::uint32_t* at = row + (u >> 16);
    const __m256i position = _mm256_add_epi32(offsets, _mm256_set1_epi32(static_cast<int>(u & 0xFFFF)));
    const __m256i pixel = _mm256_srli_epi32(position, 16);
    __m256i left = _mm256_permutevar8x32_epi32(load(at), pixel), right = _mm256_permutevar8x32_epi32(load(at + 1), pixel);
    if constexpr (wide) {
      const __m256i second = _mm256_cmpgt_epi32(pixel, _mm256_set1_epi32(7));
      left = _mm256_blendv_epi8(left, _mm256_permutevar8x32_epi32(load(at + 8), pixel), second);
      right = _mm256_blendv_epi8(right, _mm256_permutevar8x32_epi32(load(at + 9), pixel), second);
    }
    __m256i weight = _mm256_slli_epi32(_mm256_and_si256(_mm256_srli_epi32(position, 8), _mm256_set1_epi32(255)), 7);
    weight = _mm256_or_si256(weight, _mm256_slli_epi32(weight, 16));
    lay_between<add>(left, right, _mm256_unpacklo_epi32(weight, weight), _mm256_unpackhi_epi32(weight, weight), opacity, out + index);
  }
  return index;
}

template <bool add>
FILM_AVX2 int sample(const std::uint32_t* row, std::int64_t u, std::int64_t step, int count, int opacity, std::uint32_t* out) {
  constexpr std::int64_t one = 65536;
  if (step == one) return sample_unscaled<add>(row, u, count, opacity, out);
  if (step < one) return sample_scaled<add, false>(row, u, step, count, opacity, out);
  return step <= 2 * one ? sample_scaled<add, true>(row, u, step, count, opacity, out) : 0;
}

void sample_over(const std::uint32_t* row, std::int64_t u, std::int64_t step, int count, int opacity, std::uint32_t* out) {
  const int done = sample<false>(row, u, step, count, opacity, out);
  portable.sample_over(row, u + step * done, step, count - done, opacity, out + done);
}

void sample_add(const std::uint32_t* row, std::int64_t u, std::int64_t step, int count, int opacity, std::uint32_t* out) {
  const int done = sample<true>(row, u, step, count, opacity, out);
  portable.sample_add(row, u + step * done, step, count - done, opacity, out + done);
}

FILM_AVX2 void mix_rows(const std::uint32_t* a, const std::uint32_t* b, int amount, int count, std::uint32_t* out) {
  // The weight as w * 128 has no room for 256.
  if (amount == 256) std::swap(a, b);
  const __m256i weight = _mm256_set1_epi16(static_cast<short>((amount & 255) << 7));
  int index = 0;
  for (; index + 8 <= count; index += 8) {
    const __m256i va = load(a + index), vb = load(b + index);
    const __m256i low = lerp_words(low_words(va), low_words(vb), weight), high = lerp_words(high_words(va), high_words(vb), weight);
    store(out + index, _mm256_packus_epi16(low, high));
  }
  portable.mix_rows(a + index, b + index, amount & 255, count - index, out + index);
}

// Sums of the four products of each pixel, for eight pixels in two registers of two and two.
FILM_AVX2_INLINE __m256i sums(__m256i low, __m256i high, __m256i weights) {
  const __m256 a = _mm256_castsi256_ps(_mm256_madd_epi16(low, weights)), b = _mm256_castsi256_ps(_mm256_madd_epi16(high, weights));
  return _mm256_add_epi32(_mm256_castps_si256(_mm256_shuffle_ps(a, b, 0x88)), _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0xDD)));
}

FILM_AVX2_INLINE __m256i weights_of(short blue, short green, short red) {
  return _mm256_setr_epi16(blue, green, red, 0, blue, green, red, 0, blue, green, red, 0, blue, green, red, 0);
}

FILM_AVX2_INLINE __m256i luma_of_eight(const std::uint32_t* at, __m256i weights) {
  const __m256i pixels = load(at);
  const __m256i offset = _mm256_set1_epi32((16 << 14) + (1 << 13));
  return _mm256_srai_epi32(_mm256_add_epi32(sums(low_words(pixels), high_words(pixels), weights), offset), 14);
}

FILM_AVX2 void luma(const std::uint32_t* row, int count, std::uint8_t* out) {
  const __m256i weights = weights_of(y_blue, y_green, y_red), order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  int index = 0;
  for (; index + 32 <= count; index += 32) {
    const std::uint32_t* at = row + index;
    const __m256i first = _mm256_packs_epi32(luma_of_eight(at, weights), luma_of_eight(at + 8, weights));
    const __m256i second = _mm256_packs_epi32(luma_of_eight(at + 16, weights), luma_of_eight(at + 24, weights));
    store(out + index, _mm256_permutevar8x32_epi32(_mm256_packus_epi16(first, second), order));
  }
  portable.luma(row + index, count - index, out + index);
}

// Sums of 2x2 blocks of eight columns: four blocks of four channels.
FILM_AVX2_INLINE __m256i blocks(const std::uint32_t* upper, const std::uint32_t* lower) {
  const __m256i a = load(upper), b = load(lower);
  const __m256i low = _mm256_add_epi16(low_words(a), low_words(b)), high = _mm256_add_epi16(high_words(a), high_words(b));
  return _mm256_add_epi16(_mm256_unpacklo_epi64(low, high), _mm256_unpackhi_epi64(low, high));
}

FILM_AVX2_INLINE void chroma_of_eight(__m256i left, __m256i right, __m256i weights, std::uint8_t* out) {
  const __m256i value = _mm256_srai_epi32(_mm256_add_epi32(sums(left, right, weights), _mm256_set1_epi32((128 << 16) + (1 << 15))), 16);
  const __m256i words = _mm256_packs_epi32(value, value), bytes = _mm256_packus_epi16(words, words);
  // The halves hold blocks 0 1 4 5 and 2 3 6 7.
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out), _mm_unpacklo_epi16(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1)));
}

FILM_AVX2 void chroma(const std::uint32_t* upper, const std::uint32_t* lower, int count, std::uint8_t* u, std::uint8_t* v) {
  const __m256i weights_u = weights_of(u_blue, u_green, u_red), weights_v = weights_of(v_blue, v_green, v_red);
  int index = 0;
  for (; index + 16 <= count; index += 16) {
    const __m256i left = blocks(upper + index, lower + index), right = blocks(upper + index + 8, lower + index + 8);
    chroma_of_eight(left, right, weights_u, u + index / 2);
    chroma_of_eight(left, right, weights_v, v + index / 2);
  }
  portable.chroma(upper + index, lower + index, count - index, u + index / 2, v + index / 2);
}

FILM_AVX2 void finish_luma(std::uint8_t* y, const std::int16_t* vignette_x, int vignette_y, const std::int8_t* grain, int strength, int count) {
  const __m256i base = _mm256_set1_epi16(static_cast<short>(256 - vignette_y)), amount = _mm256_set1_epi16(static_cast<short>(strength));
  const __m256i black = _mm256_set1_epi16(16), white = _mm256_set1_epi16(235);
  int index = 0;
  for (; index + 16 <= count; index += 16) {
    auto* at = reinterpret_cast<__m128i*>(y + index);
    const __m256i values = _mm256_cvtepu8_epi16(_mm_loadu_si128(at));
    const __m256i bits = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(grain + index)));
    const __m256i factor = _mm256_sub_epi16(base, load(vignette_x + index));
    const __m256i lit = _mm256_srli_epi16(_mm256_mullo_epi16(_mm256_sub_epi16(values, black), factor), 8);
    const __m256i noisy = _mm256_add_epi16(_mm256_add_epi16(lit, black), _mm256_srai_epi16(_mm256_mullo_epi16(bits, amount), 4));
    const __m256i words = _mm256_min_epi16(_mm256_max_epi16(noisy, black), white);
    _mm_storeu_si128(at, _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
  }
  portable.finish_luma(y + index, vignette_x + index, vignette_y, grain + index, strength, count - index);
}

FILM_AVX2_INLINE __m256i four_as_words(const std::uint32_t* pixels) { return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(pixels))); }
FILM_AVX2_INLINE __m256i change_of(const std::uint32_t* entering, const std::uint32_t* leaving) { return _mm256_sub_epi16(four_as_words(entering), four_as_words(leaving)); }

FILM_AVX2 void box_row(std::uint16_t* sums, std::uint16_t reciprocal, const std::uint32_t* leaving, const std::uint32_t* entering, int count, std::uint32_t* out) {
  const __m256i part = _mm256_set1_epi16(static_cast<short>(reciprocal));
  int index = 0;
  for (; index + 8 <= count; index += 8) {
    // The sums keep the order of memory; a packed row wants the halves of its registers crossed.
    std::uint16_t *const first = sums + 4 * index, *const second = first + 16;
    const __m256i low = load(first), high = load(second);
    store(out + index, _mm256_permute4x64_epi64(_mm256_packus_epi16(_mm256_mulhi_epu16(low, part), _mm256_mulhi_epu16(high, part)), 0xD8));
    store(first, _mm256_add_epi16(low, change_of(entering + index, leaving + index)));
    store(second, _mm256_add_epi16(high, change_of(entering + index + 4, leaving + index + 4)));
  }
  portable.box_row(sums + 4 * index, reciprocal, leaving + index, entering + index, count - index, out + index);
}

}  // namespace

const Set* avx2() {
  static constexpr Set set{"avx2", mix_rows, sample_over, sample_add, luma, chroma, finish_luma, box_row};
  return __builtin_cpu_supports("avx2") ? &set : nullptr;
}

}  // namespace film::art::kernel

#undef FILM_AVX2
#undef FILM_AVX2_INLINE

#else

namespace film::art::kernel {
const Set* avx2() { return nullptr; }
}  // namespace film::art::kernel

#endif
