#include "film/media/sample_test.h"

using namespace film::media;
using namespace film::media::test;
using workprint::ErrorKind;

namespace {

RgbImage gradient(int width, int height) {
  RgbImage image{width, height, {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      image.rgb.push_back(static_cast<std::uint8_t>(x * 255 / width));
      image.rgb.push_back(static_cast<std::uint8_t>(y * 255 / height));
      image.rgb.push_back(static_cast<std::uint8_t>(128));
    }
  return image;
}

int largest_difference(const RgbImage& left, const RgbImage& right) {
  REQUIRE(left.rgb.size() == right.rgb.size());
  int largest = 0;
  for (std::size_t at = 0; at < left.rgb.size(); ++at) largest = std::max(largest, std::abs(left.rgb[at] - right.rgb[at]));
  return largest;
}

}  // namespace

TEST_SUITE("image") {
  TEST_CASE("a PNG gives back every pixel, a JPEG nearly, of even and odd sizes") {
    for (const auto& [width, height] : {std::pair(64, 36), std::pair(51, 33), std::pair(1, 1)}) {
      CAPTURE(width);
      const RgbImage image = gradient(width, height);
      const auto png = encode_png(image);
      REQUIRE(png);
      const auto from_png = decode_image(*png);
      REQUIRE(from_png);
      CHECK(from_png->width == width);
      CHECK(largest_difference(image, *from_png) == 0);
      const auto jpeg = encode_jpeg(image, 95);
      REQUIRE_MESSAGE(jpeg, (jpeg ? "" : jpeg.error().message));
      const auto from_jpeg = decode_image(*jpeg);
      REQUIRE_MESSAGE(from_jpeg, (from_jpeg ? "" : from_jpeg.error().message));
      CHECK(largest_difference(image, *from_jpeg) < 24);
    }
  }

  TEST_CASE("the bytes of a picture are the same every time, and quality costs bytes") {
    const RgbImage image = gradient(64, 36);
    CHECK(*encode_png(image) == *encode_png(image));
    CHECK(*encode_jpeg(image, 80) == *encode_jpeg(image, 80));
    CHECK(encode_jpeg(image, 100)->size() > encode_jpeg(image, 20)->size());
  }

  TEST_CASE("a truncated or foreign picture is invalid") {
    const RgbImage image = gradient(64, 36);
    for (const std::string& whole : {*encode_png(image), *encode_jpeg(image, 90)})
      for (std::size_t part = 0; part < 16; ++part) {
        const auto cut = decode_image(std::string_view(whole).substr(0, whole.size() * part / 16));
        REQUIRE_FALSE(cut);
        CHECK(cut.error().kind == ErrorKind::invalid);
      }
    CHECK_FALSE(decode_image("GIF89a and so on"));
    CHECK_FALSE(encode_png(RgbImage{10, 10, {}}));
    CHECK_FALSE(encode_jpeg(RgbImage{}, 90));
  }

  TEST_CASE("frames become the colours they stand for") {
    const auto colour = [](int y, int u, int v) {
      Frame frame(4, 4);
      std::fill(frame.y.begin(), frame.y.end(), static_cast<std::uint8_t>(y));
      std::fill(frame.u.begin(), frame.u.end(), static_cast<std::uint8_t>(u));
      std::fill(frame.v.begin(), frame.v.end(), static_cast<std::uint8_t>(v));
      const RgbImage image = to_rgb(frame);
      return std::vector<int>(image.rgb.begin(), image.rgb.begin() + 3);
    };
    const auto is_near = [](const std::vector<int>& found, const std::vector<int>& wanted) {
      for (std::size_t at = 0; at < 3; ++at)
        if (std::abs(found[at] - wanted[at]) > 2) return false;
      return true;
    };
    CHECK(is_near(colour(16, 128, 128), {0, 0, 0}));
    CHECK(is_near(colour(235, 128, 128), {255, 255, 255}));
    CHECK(is_near(colour(63, 102, 240), {255, 0, 0}));
    CHECK(is_near(colour(173, 42, 26), {0, 255, 0}));
    CHECK(is_near(colour(32, 240, 118), {0, 0, 255}));
  }
}
