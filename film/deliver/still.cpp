#include "film/deliver/still.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "film/deliver/names.h"
#include "workprint/try.h"

namespace film::deliver {

using media::RgbImage;
using workprint::ErrorKind;
using workprint::Result;

namespace {

constexpr int still_width_max = 1120;  // about 300 dots an inch in a storyboard panel
constexpr int hero_width_max = 1920;
constexpr int measure_width = 160;
constexpr std::size_t interest_bins = 64;

struct Lab {
  double lightness = 0, a = 0, b = 0;
  [[nodiscard]] double chroma() const { return std::hypot(a, b); }
};

double lab_curve(double t) { return t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116.0; }

Lab to_lab(Colour colour) {
  const auto linear = [](double value) {
    return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
  };
  const double r = linear(colour.r);
  const double g = linear(colour.g);
  const double b = linear(colour.b);
  const double x = lab_curve((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047);
  const double y = lab_curve(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const double z = lab_curve((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883);
  return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

Colour pixel(const RgbImage& image, std::size_t index) {
  return {image.rgb[3 * index] / 255.0, image.rgb[3 * index + 1] / 255.0, image.rgb[3 * index + 2] / 255.0};
}

Colour mean_colour(const RgbImage& image, const std::vector<std::size_t>& pixels) {
  Colour sum;
  for (const std::size_t index : pixels) {
    const Colour colour = pixel(image, index);
    sum = {sum.r + colour.r, sum.g + colour.g, sum.b + colour.b};
  }
  const double count = static_cast<double>(std::max<std::size_t>(pixels.size(), 1));
  return {sum.r / count, sum.g / count, sum.b / count};
}

void normalise(std::vector<double>& values) {
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  for (double& value : values) value = sum > 0 ? value / sum : 1.0 / static_cast<double>(values.size());
}

void measure_interest(const std::vector<Lab>& lab, int width, int height, StillFacts& facts) {
  facts.interest.assign(interest_bins, 0);
  facts.interest_rows.assign(interest_bins, 0);
  const auto at = [&](int x, int y) { return lab[static_cast<std::size_t>(y * width + x)]; };
  for (int y = 1; y < height; ++y) {
    for (int x = 1; x < width; ++x) {
      const double edge = std::abs(at(x, y).lightness - at(x - 1, y).lightness) +
                          std::abs(at(x, y).lightness - at(x, y - 1).lightness) + 0.1 * at(x, y).chroma() / 10;
      facts.interest[static_cast<std::size_t>(x) * interest_bins / static_cast<std::size_t>(width)] += edge;
      facts.interest_rows[static_cast<std::size_t>(y) * interest_bins / static_cast<std::size_t>(height)] += edge;
    }
  }
  normalise(facts.interest);
  normalise(facts.interest_rows);
}

/// Where a window would rather lie, and how strongly it is drawn there.
struct Pull {
  double middle, strength;
};

/// Start of the window of `share` of the bins that holds most interest.
double best_window(const std::vector<double>& interest, double share, const Pull& pull) {
  const auto bins = static_cast<double>(interest.size());
  const auto window = static_cast<std::size_t>(std::clamp(std::lround(share * bins), 1L, static_cast<long>(interest.size())));
  double best_value = -1;
  std::size_t best = 0;
  for (std::size_t first = 0; first + window <= interest.size(); ++first) {
    const double sum = std::accumulate(interest.begin() + static_cast<std::ptrdiff_t>(first),
                                       interest.begin() + static_cast<std::ptrdiff_t>(first + window), 0.0);
    const double middle = (static_cast<double>(first) + static_cast<double>(window) / 2) / bins;
    const double value = sum - pull.strength * (middle - pull.middle) * (middle - pull.middle);
    if (value > best_value) {
      best_value = value;
      best = first;
    }
  }
  return std::min(static_cast<double>(best) / bins, 1 - share);
}

}  // namespace

RgbImage shrink(const RgbImage& image, int width_max) {
  if (image.width <= width_max) return image;
  RgbImage small;
  small.width = width_max;
  small.height = std::max(1, static_cast<int>(static_cast<long>(image.height) * width_max / image.width));
  small.rgb.resize(static_cast<std::size_t>(small.width) * static_cast<std::size_t>(small.height) * 3);
  std::uint8_t* to = small.rgb.data();
  for (int y = 0; y < small.height; ++y) {
    const int top = y * image.height / small.height;
    const int bottom = std::max(top + 1, (y + 1) * image.height / small.height);
    for (int x = 0; x < small.width; ++x, to += 3) {
      const int left = x * image.width / small.width;
      const int right = std::max(left + 1, (x + 1) * image.width / small.width);
      std::array<unsigned, 3> sum{};
      for (int row = top; row < bottom; ++row) {
        const std::uint8_t* from = &image.rgb[(static_cast<std::size_t>(row) * static_cast<std::size_t>(image.width) +
                                               static_cast<std::size_t>(left)) * 3];
        for (int column = left; column < right; ++column, from += 3)
          for (std::size_t part = 0; part < 3; ++part) sum[part] += from[part];
      }
      const auto count = static_cast<unsigned>((bottom - top) * (right - left));
      for (std::size_t part = 0; part < 3; ++part) to[part] = static_cast<std::uint8_t>((sum[part] + count / 2) / count);
    }
  }
  return small;
}

StillFacts measure_still(const RgbImage& picture) {
  const RgbImage image = shrink(picture, measure_width);
  const std::size_t count = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
  std::vector<Lab> lab(count);
  for (std::size_t index = 0; index < count; ++index) lab[index] = to_lab(pixel(image, index));

  StillFacts facts;
  for (const Lab& value : lab) {
    facts.lightness_mean += value.lightness / static_cast<double>(count);
    facts.colourfulness += value.chroma() / static_cast<double>(count);
  }
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::size_t tenth = std::max<std::size_t>(count / 10, 1);
  const auto part = [&](std::size_t first, std::size_t last) {
    return std::vector<std::size_t>(order.begin() + static_cast<std::ptrdiff_t>(first),
                                    order.begin() + static_cast<std::ptrdiff_t>(last));
  };
  facts.average = mean_colour(image, order);
  std::ranges::stable_sort(order, {}, [&](std::size_t index) { return lab[index].lightness; });
  facts.contrast = lab[order[count - 1 - count / 20]].lightness - lab[order[count / 20]].lightness;
  facts.darkest = mean_colour(image, part(0, tenth));
  std::ranges::stable_sort(order, {}, [&](std::size_t index) { return lab[index].chroma(); });
  facts.accent = mean_colour(image, part(count - tenth, count));
  measure_interest(lab, image.width, image.height, facts);
  return facts;
}

Result<Still> open_still(std::string_view bytes, int width_max) {
  Still still;
  still.image = TRY(media::decode_image(bytes));
  if (still.image.width < 2 || still.image.height < 2) return workprint::fail(ErrorKind::invalid, "the still is empty");
  still.image = shrink(still.image, width_max);
  still.facts = measure_still(still.image);
  return still;
}

RgbImage slug_card(const Picture& picture, int width, const std::string& label, const std::string& reason) {
  const int height = std::max(2, width * picture.height / picture.width);
  const Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height));
  const Context context(cairo_create(surface.get()));
  cairo_t* cr = context.get();
  const double unit = height / 100.0;
  const Box frame{0, 0, static_cast<double>(width), static_cast<double>(height)};
  fill(cr, frame, {0.13, 0.14, 0.16});
  set_colour(cr, {0.18, 0.19, 0.22});
  cairo_set_line_width(cr, 2.4 * unit);
  for (double x = -height; x < width; x += 9 * unit) {
    cairo_move_to(cr, x, height);
    cairo_line_to(cr, x + height, 0);
  }
  cairo_stroke(cr);
  fill(cr, {0, 34 * unit, frame.width, 32 * unit}, {0.13, 0.14, 0.16});
  const Colour light{0.86, 0.87, 0.89};
  draw_text(cr, label, {.size = 13 * unit, .weight = 700, .colour = light, .align = Align::centre}, 0, 35 * unit, frame.width);
  const std::string line = reason.empty() ? "picture missing" : reason;
  draw_text(cr, line,
            {.size = 5.5 * unit, .colour = {0.62, 0.64, 0.68}, .align = Align::centre, .lines_max = 1},
            8 * unit, 54 * unit, frame.width - 16 * unit);
  return to_rgb_image(surface.get());
}

Crop best_crop(const Still& still, double shape) {
  const double own = static_cast<double>(still.image.width) / still.image.height;
  Crop crop;
  if (shape < own) {
    crop.width = shape / own;
    crop.x = best_window(still.facts.interest, crop.width, {.middle = 0.5, .strength = 0.25});
  } else {
    crop.height = own / shape;
    // Heads are up there: a floor full of detail must not cut them off.
    crop.y = best_window(still.facts.interest_rows, crop.height, {.middle = 0.33, .strength = 16});
  }
  return crop;
}

double striking(const Scene& scene, const StillFacts& facts) {
  double value = std::min(facts.contrast, 80.0) / 80 + 0.6 * std::min(facts.colourfulness, 50.0) / 50;
  // A night picture may be dark; one that is nearly black or white makes no poster.
  if (facts.lightness_mean < 12 || facts.lightness_mean > 90) value -= 0.5;
  value += 0.1 * static_cast<int>(scene.intensity);
  if (scene.kind == SceneKind::climax) value += 0.25;
  if (!scene.characters.empty()) value += 0.15;
  const bool near = scene.shot != ShotType::vw && scene.shot != ShotType::ecu;
  return near ? value + 0.05 : value;
}

Result<StillSet> open_stills(const Delivery& delivery, std::stop_token stop) {
  StillSet set;
  double best = -1e9;
  const std::string* hero_bytes = nullptr;
  for (std::size_t index = 0; index < delivery.scenes.size(); ++index) {
    if (stop.stop_requested()) return workprint::fail(ErrorKind::cancelled, "delivery was stopped");
    const SceneEntry& entry = delivery.scenes[index];
    const Scene& scene = delivery.plan->scenes[index];
    const std::string label = scene_label(scene.id);
    Still start{slug_card(delivery.picture, 640, label, entry.placeholder), {}};
    for (const auto& [bytes, which] : {std::pair{&entry.start_still, "start"}, std::pair{&entry.end_still, "end"}}) {
      if (bytes->empty()) continue;
      auto still = open_still(*bytes, still_width_max);
      if (!still) {
        set.notes.push_back(fmt::format("{} still of {} is no picture: {}", which, label, still.error().message));
        continue;
      }
      const double value = striking(scene, still->facts) - (entry.placeholder.empty() ? 0 : 0.5);
      if (value > best) {
        best = value;
        set.hero_scene = index;
        hero_bytes = bytes;
      }
      if (bytes == &entry.start_still) start = *std::move(still);
    }
    if (start.facts.interest.empty()) start.facts = measure_still(start.image);
    set.start.push_back(std::move(start));
  }
  set.hero = hero_bytes ? TRY(open_still(*hero_bytes, hero_width_max)) : set.start.front();
  return set;
}

Colour film_accent(const Plan& plan, const StillFacts& hero) {
  Colour best = hero.accent;
  double best_chroma = 18;  // below this a palette has no colour to speak of
  for (const std::string& text : film_palette(plan)) {
    const auto colour = parse_colour(text);
    if (!colour || to_lab(*colour).chroma() <= best_chroma) continue;
    best = *colour;
    best_chroma = to_lab(*colour).chroma();
  }
  return best;
}

std::vector<std::string> film_palette(const Plan& plan) {
  constexpr std::size_t colours_max = 8;
  std::vector<std::string> palette;
  const auto add = [&](const std::vector<std::string>& colours) {
    for (const std::string& colour : colours) {
      const bool known = std::ranges::find(palette, colour) != palette.end();
      if (!known && palette.size() < colours_max && parse_colour(colour)) palette.push_back(colour);
    }
  };
  add(plan.metadata.color_palette);
  if (!palette.empty()) return palette;
  for (const Location& location : plan.locations) add(location.color_palette);
  return palette;
}

}  // namespace film::deliver
