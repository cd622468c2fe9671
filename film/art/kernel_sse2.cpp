#include "film/art/kernel.h"
#include "film/art/kernel_vector.h"

#if defined(__SSE2__)
#include <emmintrin.h>

namespace film::art::kernel {
namespace {

__m128i pixel_at(const std::uint32_t* row, std::int64_t u) {
  const __m128i zero = _mm_setzero_si128();
  const __m128i pair = _mm_unpacklo_epi8(
      _mm_loadl_epi64(reinterpret_cast<const __m128i*>(row + (u >> 16))), zero);
  const auto fraction = static_cast<short>((u >> 8) & 255);
  const __m128i weight_right = _mm_set1_epi16(fraction);
  const __m128i weight_left = _mm_sub_epi16(_mm_set1_epi16(256), weight_right);
  const __m128i weighted = _mm_mullo_epi16(pair, _mm_unpacklo_epi64(weight_left, weight_right));
  return _mm_add_epi16(weighted, _mm_unpackhi_epi64(weighted, weighted));  // low half: sums of both
}

__m128i over_words(__m128i source, __m128i below) {
  __m128i alpha = _mm_shufflehi_epi16(_mm_shufflelo_epi16(source, 0xFF), 0xFF);
  alpha = _mm_add_epi16(alpha, _mm_srli_epi16(alpha, 7));
  return _mm_add_epi16(source, _mm_srli_epi16(_mm_mullo_epi16(below, _mm_sub_epi16(_mm_set1_epi16(256), alpha)), 8));
}

bool is_empty(__m128i pixels) { return _mm_movemask_epi8(_mm_cmpeq_epi8(pixels, _mm_setzero_si128())) == 0xFFFF; }

// Whether the six pixels from `at` are empty: what four samples can touch while the step is at most 1.25.
bool six_are_empty(const std::uint32_t* at) {
  return is_empty(_mm_or_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)), _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 2))));
}
constexpr std::int64_t step_for_six = 65536 + 16384;

// An unscaled layer has the same two weights everywhere: four pixels at a time. Returns how many were done.
template <bool add>
int sample_unscaled(const std::uint32_t* row, std::int64_t u, int count, int opacity, std::uint32_t* out) {
  const __m128i zero = _mm_setzero_si128(), half = _mm_set1_epi16(128), weight = _mm_set1_epi16(static_cast<short>(opacity));
  const auto fraction = static_cast<short>((u >> 8) & 255);
  const __m128i wr = _mm_set1_epi16(fraction), wl = _mm_set1_epi16(static_cast<short>(256 - fraction));
  const std::uint32_t* at = row + (u >> 16);
  int index = 0;
  for (; index + 4 <= count; index += 4) {
    const __m128i left = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + index));
    const __m128i right = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + index + 1));
    if (is_empty(_mm_or_si128(left, right))) continue;
    const auto lerp = [&](__m128i l, __m128i r) {
      const __m128i value = _mm_srli_epi16(_mm_add_epi16(_mm_add_epi16(_mm_mullo_epi16(l, wl), _mm_mullo_epi16(r, wr)), half), 8);
      return _mm_srli_epi16(_mm_mullo_epi16(value, weight), 8);
    };
    const __m128i low = lerp(_mm_unpacklo_epi8(left, zero), _mm_unpacklo_epi8(right, zero));
    const __m128i high = lerp(_mm_unpackhi_epi8(left, zero), _mm_unpackhi_epi8(right, zero));
    auto* target = reinterpret_cast<__m128i*>(out + index);
    const __m128i below = _mm_loadu_si128(target);
    if constexpr (add) _mm_storeu_si128(target, _mm_adds_epu8(_mm_packus_epi16(low, high), below));
    else _mm_storeu_si128(target, _mm_packus_epi16(over_words(low, _mm_unpacklo_epi8(below, zero)), over_words(high, _mm_unpackhi_epi8(below, zero))));
  }
  return index;
}

__m128i two_pixels(const std::uint32_t* row, std::int64_t u, std::int64_t step, __m128i opacity) {
  const __m128i both = _mm_unpacklo_epi64(pixel_at(row, u), pixel_at(row, u + step));
  const __m128i value = _mm_srli_epi16(_mm_add_epi16(both, _mm_set1_epi16(128)), 8);
  return _mm_srli_epi16(_mm_mullo_epi16(value, opacity), 8);
}

void mix_rows(const std::uint32_t* a, const std::uint32_t* b, int amount, int count, std::uint32_t* out) {
  int index = 0;
  const __m128i zero = _mm_setzero_si128(), half = _mm_set1_epi16(128);
  const __m128i wb = _mm_set1_epi16(static_cast<short>(amount)), wa = _mm_set1_epi16(static_cast<short>(256 - amount));
  for (; index + 4 <= count; index += 4) {
    const __m128i va = _mm_loadu_si128(reinterpret_cast<const __m128i*>(a + index));
    const __m128i vb = _mm_loadu_si128(reinterpret_cast<const __m128i*>(b + index));
    const __m128i low = _mm_add_epi16(_mm_mullo_epi16(_mm_unpacklo_epi8(va, zero), wa), _mm_mullo_epi16(_mm_unpacklo_epi8(vb, zero), wb));
    const __m128i high = _mm_add_epi16(_mm_mullo_epi16(_mm_unpackhi_epi8(va, zero), wa), _mm_mullo_epi16(_mm_unpackhi_epi8(vb, zero), wb));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + index),
                     _mm_packus_epi16(_mm_srli_epi16(_mm_add_epi16(low, half), 8), _mm_srli_epi16(_mm_add_epi16(high, half), 8)));
  }
  portable.mix_rows(a + index, b + index, amount, count - index, out + index);
}

void sample_over(const std::uint32_t* row, std::int64_t u, std::int64_t step, int count, int opacity, std::uint32_t* out) {
  int index = 0;
  const __m128i zero = _mm_setzero_si128(), weight = _mm_set1_epi16(static_cast<short>(opacity));
  if (step == 65536) {
    index = sample_unscaled<false>(row, u, count, opacity, out);
    u += step * index;
  }
  for (; index + 4 <= count; index += 4, u += 4 * step) {
    if (step <= step_for_six && six_are_empty(row + (u >> 16))) continue;
    const __m128i first = two_pixels(row, u, step, weight), second = two_pixels(row, u + 2 * step, step, weight);
    auto* target = reinterpret_cast<__m128i*>(out + index);
    const __m128i below = _mm_loadu_si128(target);
    _mm_storeu_si128(target, _mm_packus_epi16(over_words(first, _mm_unpacklo_epi8(below, zero)), over_words(second, _mm_unpackhi_epi8(below, zero))));
  }
  portable.sample_over(row, u, step, count - index, opacity, out + index);
}

void sample_add(const std::uint32_t* row, std::int64_t u, std::int64_t step, int count, int opacity, std::uint32_t* out) {
  int index = 0;
  const __m128i weight = _mm_set1_epi16(static_cast<short>(opacity));
  if (step == 65536) {
    index = sample_unscaled<true>(row, u, count, opacity, out);
    u += step * index;
  }
  for (; index + 4 <= count; index += 4, u += 4 * step) {
    if (step <= step_for_six && six_are_empty(row + (u >> 16))) continue;
    const __m128i source = _mm_packus_epi16(two_pixels(row, u, step, weight), two_pixels(row, u + 2 * step, step, weight));
    auto* target = reinterpret_cast<__m128i*>(out + index);
    _mm_storeu_si128(target, _mm_adds_epu8(source, _mm_loadu_si128(target)));
  }
  portable.sample_add(row, u, step, count - index, opacity, out + index);
}

void luma(const std::uint32_t* row, int count, std::uint8_t* out) {
  int index = 0;
  const __m128i zero = _mm_setzero_si128();
  const __m128i weights = _mm_setr_epi16(y_blue, y_green, y_red, 0, y_blue, y_green, y_red, 0);
  const __m128i offset = _mm_set1_epi32((16 << 14) + (1 << 13));
  const auto four = [&](const std::uint32_t* at) {
    const __m128i pixels = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i low = _mm_madd_epi16(_mm_unpacklo_epi8(pixels, zero), weights);
    const __m128i high = _mm_madd_epi16(_mm_unpackhi_epi8(pixels, zero), weights);
    const __m128i even = _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(low), _mm_castsi128_ps(high), 0x88));
    const __m128i odd = _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(low), _mm_castsi128_ps(high), 0xDD));
    return _mm_srai_epi32(_mm_add_epi32(_mm_add_epi32(even, odd), offset), 14);
  };
  for (; index + 8 <= count; index += 8) {
    const __m128i words = _mm_packs_epi32(four(row + index), four(row + index + 4));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + index), _mm_packus_epi16(words, zero));
  }
  portable.luma(row + index, count - index, out + index);
}

void chroma(const std::uint32_t* upper, const std::uint32_t* lower, int count, std::uint8_t* u, std::uint8_t* v) {
  int index = 0;
  const __m128i zero = _mm_setzero_si128();
  const __m128i weights_u = _mm_setr_epi16(u_blue, u_green, u_red, 0, u_blue, u_green, u_red, 0);
  const __m128i weights_v = _mm_setr_epi16(v_blue, v_green, v_red, 0, v_blue, v_green, v_red, 0);
  const __m128i offset = _mm_set1_epi32((128 << 16) + (1 << 15));
  // Sums of 2x2 blocks of four columns: two blocks of four channels.
  const auto blocks = [&](int at) {
    const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(upper + at));
    const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(lower + at));
    const __m128i low = _mm_add_epi16(_mm_unpacklo_epi8(a, zero), _mm_unpacklo_epi8(b, zero));
    const __m128i high = _mm_add_epi16(_mm_unpackhi_epi8(a, zero), _mm_unpackhi_epi8(b, zero));
    return _mm_add_epi16(_mm_unpacklo_epi64(low, high), _mm_unpackhi_epi64(low, high));
  };
  const auto four = [&](__m128i left, __m128i right, __m128i weights) {
    const __m128i low = _mm_madd_epi16(left, weights), high = _mm_madd_epi16(right, weights);
    const __m128i even = _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(low), _mm_castsi128_ps(high), 0x88));
    const __m128i odd = _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(low), _mm_castsi128_ps(high), 0xDD));
    const __m128i value = _mm_srai_epi32(_mm_add_epi32(_mm_add_epi32(even, odd), offset), 16);
    return _mm_cvtsi128_si32(_mm_packus_epi16(_mm_packs_epi32(value, zero), zero));
  };
  for (; index + 8 <= count; index += 8) {
    const __m128i left = blocks(index), right = blocks(index + 4);
    const auto packed_u = static_cast<std::uint32_t>(four(left, right, weights_u));
    const auto packed_v = static_cast<std::uint32_t>(four(left, right, weights_v));
    for (int part = 0; part < 4; ++part) {
      u[index / 2 + part] = static_cast<std::uint8_t>(packed_u >> (8 * part));
      v[index / 2 + part] = static_cast<std::uint8_t>(packed_v >> (8 * part));
    }
  }
  portable.chroma(upper + index, lower + index, count - index, u + index / 2, v + index / 2);
}

void finish_luma(std::uint8_t* y, const std::int16_t* vignette_x, int vignette_y, const std::int8_t* grain, int strength, int count) {
  int index = 0;
  const __m128i zero = _mm_setzero_si128(), base = _mm_set1_epi16(static_cast<short>(256 - vignette_y)), amount = _mm_set1_epi16(static_cast<short>(strength));
  const __m128i black = _mm_set1_epi16(16), white = _mm_set1_epi16(235);
  const auto eight = [&](__m128i luma_words, __m128i grain_bytes, const std::int16_t* dark) {
    const __m128i factor = _mm_sub_epi16(base, _mm_loadu_si128(reinterpret_cast<const __m128i*>(dark)));
    const __m128i lit = _mm_srli_epi16(_mm_mullo_epi16(_mm_sub_epi16(luma_words, black), factor), 8);
    // A byte in the upper half of a word, shifted down: the sign comes along.
    const __m128i noise = _mm_srai_epi16(_mm_mullo_epi16(_mm_srai_epi16(grain_bytes, 8), amount), 4);
    return _mm_min_epi16(_mm_max_epi16(_mm_add_epi16(_mm_add_epi16(lit, black), noise), black), white);
  };
  for (; index + 16 <= count; index += 16) {
    auto* at = reinterpret_cast<__m128i*>(y + index);
    const __m128i values = _mm_loadu_si128(at), noise = _mm_loadu_si128(reinterpret_cast<const __m128i*>(grain + index));
    const __m128i low = eight(_mm_unpacklo_epi8(values, zero), _mm_unpacklo_epi8(zero, noise), vignette_x + index);
    const __m128i high = eight(_mm_unpackhi_epi8(values, zero), _mm_unpackhi_epi8(zero, noise), vignette_x + index + 8);
    _mm_storeu_si128(at, _mm_packus_epi16(low, high));
  }
  portable.finish_luma(y + index, vignette_x + index, vignette_y, grain + index, strength, count - index);
}

void box_row(std::uint16_t* sums, std::uint16_t reciprocal, const std::uint32_t* leaving, const std::uint32_t* entering, int count, std::uint32_t* out) {
  const __m128i zero = _mm_setzero_si128(), part = _mm_set1_epi16(static_cast<short>(reciprocal));
  int index = 0;
  for (; index + 4 <= count; index += 4) {
    const __m128i gone = _mm_loadu_si128(reinterpret_cast<const __m128i*>(leaving + index)), come = _mm_loadu_si128(reinterpret_cast<const __m128i*>(entering + index));
    auto* first = reinterpret_cast<__m128i*>(sums + 4 * index);
    auto* second = first + 1;
    const __m128i low = _mm_loadu_si128(first), high = _mm_loadu_si128(second);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + index), _mm_packus_epi16(_mm_mulhi_epu16(low, part), _mm_mulhi_epu16(high, part)));
    _mm_storeu_si128(first, _mm_sub_epi16(_mm_add_epi16(low, _mm_unpacklo_epi8(come, zero)), _mm_unpacklo_epi8(gone, zero)));
    _mm_storeu_si128(second, _mm_sub_epi16(_mm_add_epi16(high, _mm_unpackhi_epi8(come, zero)), _mm_unpackhi_epi8(gone, zero)));
  }
  portable.box_row(sums + 4 * index, reciprocal, leaving + index, entering + index, count - index, out + index);
}

}  // namespace

const Set* sse2() {
  static constexpr Set set{"sse2", mix_rows, sample_over, sample_add, luma, chroma, finish_luma, box_row};
  return &set;
}

}  // namespace film::art::kernel

#else

namespace film::art::kernel {
const Set* sse2() { return nullptr; }
}  // namespace film::art::kernel

#endif
