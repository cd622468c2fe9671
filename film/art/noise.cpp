#include "film/art/noise.h"

#include <cmath>

namespace film::art {

std::uint64_t mix_bits(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15ULL;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31);
}

std::uint64_t hash_text(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = mix_bits(seed ^ 0xA0761D6478BD642FULL);
  for (const char letter : text) hash = mix_bits(hash ^ static_cast<unsigned char>(letter));
  return hash;
}

std::uint64_t Dice::next() {
  state_ += 0x9E3779B97F4A7C15ULL;
  return mix_bits(state_);
}

double Dice::unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
double Dice::between(double low, double high) { return low + (high - low) * unit(); }
int Dice::whole(int low, int high) {
  return low + static_cast<int>(next() % static_cast<std::uint64_t>(high - low + 1));
}
bool Dice::chance(double probability) { return unit() < probability; }
double Dice::sign() { return (next() & 1) != 0 ? 1.0 : -1.0; }

namespace {

double lattice(std::int64_t x, std::int64_t y, std::uint64_t seed) {
  const std::uint64_t bits = mix_bits(seed ^ mix_bits(static_cast<std::uint64_t>(x) * 0x8DA6B343ULL) ^
                                      (static_cast<std::uint64_t>(y) * 0xD8163841ULL));
  return static_cast<double>(bits >> 11) * 0x1.0p-52 - 1.0;
}

double fade(double t) { return t * t * t * (t * (t * 6 - 15) + 10); }

}  // namespace

double noise(double x, std::uint64_t seed) {
  const double floor = std::floor(x);
  const auto cell = static_cast<std::int64_t>(floor);
  return std::lerp(lattice(cell, 0, seed), lattice(cell + 1, 0, seed), fade(x - floor));
}

double noise(double x, double y, std::uint64_t seed) {
  const double floor_x = std::floor(x), floor_y = std::floor(y);
  const auto cx = static_cast<std::int64_t>(floor_x), cy = static_cast<std::int64_t>(floor_y);
  const double fx = fade(x - floor_x), fy = fade(y - floor_y);
  return std::lerp(std::lerp(lattice(cx, cy, seed), lattice(cx + 1, cy, seed), fx),
                   std::lerp(lattice(cx, cy + 1, seed), lattice(cx + 1, cy + 1, seed), fx), fy);
}

double ridge_noise(double x, int octaves, std::uint64_t seed) {
  double sum = 0, weight = 0, amplitude = 1;
  for (int octave = 0; octave < octaves; ++octave) {
    sum += amplitude * noise(x, seed + static_cast<std::uint64_t>(octave) * 7919);
    weight += amplitude;
    amplitude *= 0.5;
    x = x * 2.03 + 17.3;
  }
  return sum / weight;
}

double cloud_noise(double x, double y, int octaves, std::uint64_t seed) {
  double sum = 0, weight = 0, amplitude = 1;
  for (int octave = 0; octave < octaves; ++octave) {
    sum += amplitude * noise(x, y, seed + static_cast<std::uint64_t>(octave) * 7919);
    weight += amplitude;
    amplitude *= 0.5;
    x = x * 2.03 + 17.3;
    y = y * 2.03 + 5.1;
  }
  return sum / weight;
}

}  // namespace film::art
