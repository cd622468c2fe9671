#include "film/art/lettering.h"

#include <fmt/format.h>
#include <pango/pangocairo.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>

namespace film::art {
namespace {

std::mutex& font_mutex() {
  static std::mutex mutex;
  return mutex;
}

// One font map for the process, used only under the mutex: a new one reads the font configuration again (20 ms), and
// fontconfig gives up a little memory each time. It holds caches only, so it cannot change a picture.
PangoFontMap* font_map() {
  struct Unref {
    void operator()(PangoFontMap* map) const { g_object_unref(map); }
  };
  static const std::unique_ptr<PangoFontMap, Unref> map = [] {
    PangoFontMap* made = pango_cairo_font_map_new();
    // One unit is one point at 72 dpi, whatever the desktop says.
    pango_cairo_font_map_set_resolution(PANGO_CAIRO_FONT_MAP(made), 72);
    return std::unique_ptr<PangoFontMap, Unref>(made);
  }();
  return map.get();
}

class Setting {
 public:
  Setting(cairo_t* cr, const std::string& text, const Type& type) : context_(pango_font_map_create_context(font_map())) {
    cairo_font_options_t* options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(context_, options);
    cairo_font_options_destroy(options);
    if (cr != nullptr) pango_cairo_update_context(cr, context_);
    pango_context_set_language(context_, pango_language_from_string("en"));
    layout_ = pango_layout_new(context_);
    PangoFontDescription* font = pango_font_description_new();
    pango_font_description_set_family(font, type.family);
    pango_font_description_set_absolute_size(font, type.size * PANGO_SCALE);
    pango_font_description_set_weight(font, type.bold ? PANGO_WEIGHT_SEMIBOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(layout_, font);
    pango_font_description_free(font);
    PangoAttrList* attributes = pango_attr_list_new();
    pango_attr_list_insert(attributes, pango_attr_font_features_new("tnum=1"));
    if (type.spacing != 0) pango_attr_list_insert(attributes, pango_attr_letter_spacing_new(static_cast<int>(type.spacing * PANGO_SCALE)));
    pango_layout_set_attributes(layout_, attributes);
    pango_attr_list_unref(attributes);
    if (type.wrap > 0) {
      pango_layout_set_width(layout_, static_cast<int>(type.wrap * PANGO_SCALE));
      pango_layout_set_wrap(layout_, PANGO_WRAP_WORD_CHAR);
    }
    pango_layout_set_text(layout_, text.data(), static_cast<int>(text.size()));
  }
  ~Setting() {
    g_object_unref(layout_);
    g_object_unref(context_);
  }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;

  [[nodiscard]] TextSize size() const {
    int width = 0, height = 0;
    pango_layout_get_size(layout_, &width, &height);
    return {static_cast<double>(width) / PANGO_SCALE, static_cast<double>(height) / PANGO_SCALE};
  }
  [[nodiscard]] PangoLayout* layout() const { return layout_; }

 private:
  PangoContext* context_;
  PangoLayout* layout_ = nullptr;
};

}  // namespace

TextSize write_text(cairo_t* cr, const std::string& text, double x, double y, const Type& type) {
  const std::scoped_lock lock(font_mutex());
  const Setting setting(cr, text, type);
  cairo_move_to(cr, x, y);
  pango_cairo_show_layout(cr, setting.layout());
  cairo_new_path(cr);
  return setting.size();
}

TextSize measure_text(const std::string& text, const Type& type) {
  const std::scoped_lock lock(font_mutex());
  return Setting(nullptr, text, type).size();
}

std::string timecode(std::int64_t frame, int fps) {
  const std::int64_t all = frame + static_cast<std::int64_t>(fps) * 3600, seconds = all / fps;
  return fmt::format("{:02}:{:02}:{:02}:{:02}", seconds / 3600 % 100, seconds / 60 % 60, seconds % 60, all % fps);
}

namespace {

constexpr Colour bar_colour = rgb(0x0b0c10), text_colour = rgb(0xe9e7e1), soft_colour = rgb(0x9da1a8);
constexpr std::string_view glyphs = "0123456789:";

// The bar and its glyphs are drawn in pixels.
Surface pixels(int width, int height, const auto& painter) {
  Canvas canvas({0, 0, static_cast<double>(width), static_cast<double>(height)}, 1);
  set(canvas.cr(), bar_colour);
  cairo_paint(canvas.cr());
  painter(canvas.cr());
  return canvas.take();
}

}  // namespace

BurnIn::BurnIn(int width, int height, const std::string& label) {
  const int bar = std::max(height * 58 / 1000 & ~1, 8);
  const Type type{.size = bar * 0.5, .bold = true}, small{.size = bar * 0.36, .bold = true, .spacing = bar * 0.045};
  const double line = measure_text("0", type).height, pad = bar * 0.6;
  const auto advance = [&](char glyph) { return std::max(1, static_cast<int>(std::lround(measure_text(std::string(1, glyph), type).width + bar * 0.01))); };
  const int clock_width = advance('0') * 8 + advance(':') * 3;
  top_ = static_cast<int>(std::lround((bar - line) / 2));
  left_ = width - clock_width - static_cast<int>(pad);
  const int glyph_height = std::min(static_cast<int>(std::ceil(line)), bar - std::max(top_, 0));
  top_ = std::max(top_, 0);
  for (const char glyph : glyphs)
    digits_.push_back(pixels(advance(glyph), glyph_height, [&](cairo_t* cr) {
      const std::string text(1, glyph);
      set(cr, text_colour);
      write_text(cr, text, (advance(glyph) - measure_text(text, type).width) / 2, 0, type);
    }));
  bar_ = pixels(width, bar, [&](cairo_t* cr) {
    set(cr, text_colour);
    const TextSize label_size = write_text(cr, label, pad, (bar - line) / 2, type);
    const TextSize size = measure_text("ANIMATIC", small);
    const double middle = (width - size.width) / 2;
    if (pad + label_size.width + pad < middle && middle + size.width + pad < left_) {
      set(cr, soft_colour);
      write_text(cr, "ANIMATIC", middle, (bar - size.height) / 2, small);
    }
  });
}

const Surface& BurnIn::at(std::int64_t frame, int fps) {
  shown_ = bar_;
  int x = left_;
  for (const char letter : timecode(frame, fps)) {
    const Surface& glyph = digits_[glyphs.find(letter)];
    for (int row = 0; row < glyph.height && row + top_ < shown_.height; ++row)
      for (int column = 0; column < glyph.width; ++column) {
        const int target = x + column;
        if (target < 0 || target >= shown_.width) continue;  // tiny pictures
        shown_.pixels[static_cast<std::size_t>(row + top_) * static_cast<std::size_t>(shown_.width) + static_cast<std::size_t>(target)] =
            glyph.pixels[static_cast<std::size_t>(row) * static_cast<std::size_t>(glyph.width) + static_cast<std::size_t>(column)];
      }
    x += glyph.width;
  }
  return shown_;
}

}  // namespace film::art
