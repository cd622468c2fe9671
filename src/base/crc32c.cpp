#include "base/crc32c.h"

#include <array>
#include <cstring>

#include "workprint/digest.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace workprint {
namespace {

consteval std::array<std::uint32_t, 256> castagnoli_table() {
  constexpr std::uint32_t reflected_polynomial = 0x82f63b78;
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? reflected_polynomial : 0);
    table[byte] = crc;
  }
  return table;
}

}  // namespace

std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t crc) {
  static constexpr auto table = castagnoli_table();
  for (const char c : bytes) crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  return crc;
}

#if defined(__x86_64__)

bool has_crc32c_instruction() { return __builtin_cpu_supports("sse4.2") != 0; }

__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(std::string_view bytes, std::uint32_t crc) {
  std::uint64_t running = crc;
  while (bytes.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    running = _mm_crc32_u64(running, word);
    bytes.remove_prefix(sizeof word);
  }
  auto tail = static_cast<std::uint32_t>(running);
  for (const char c : bytes) tail = _mm_crc32_u8(tail, static_cast<unsigned char>(c));
  return tail;
}

#else

bool has_crc32c_instruction() { return false; }
std::uint32_t crc32c_by_instruction(std::string_view bytes, std::uint32_t crc) { return crc32c_by_table(bytes, crc); }

#endif

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) {
  static const bool by_instruction = has_crc32c_instruction();
  return ~(by_instruction ? crc32c_by_instruction(bytes, ~seed) : crc32c_by_table(bytes, ~seed));
}

}  // namespace workprint
