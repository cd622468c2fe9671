// The title page: the film's best picture with its name, then story, cast and places in three columns.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "film/deliver/names.h"
#include "film/deliver/page.h"
#include "film/deliver/timecode.h"

namespace film::deliver {

namespace {

constexpr double hero_height = 292;
constexpr double column_gap = 26;
constexpr double columns_top = hero_height + 26;
constexpr double columns_bottom = page_height - 34;

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  return fmt::format("{}", fmt::join(parts, between));
}

void add_if(std::vector<std::string>& parts, const std::string& text) {
  if (!text.empty()) parts.push_back(text);
}

/// Text as it flows down a column.
struct Paragraph {
  std::string text;
  Type type;
  double space_after = 0;
};
/// Paragraphs that stay together on one page.
using Entry = std::vector<Paragraph>;

class Column {
 public:
  Column(cairo_t* cr, double x, double width, double top) : cr_(cr), x_(x), width_(width), y_(top) {}

  double y() const { return y_; }
  void skip(double height) { y_ += height; }

  void add(const Paragraph& paragraph) {
    y_ += draw_text(cr_, paragraph.text, paragraph.type, x_, y_, width_).height + paragraph.space_after;
  }

  bool has_room(const Entry& entry) const {
    double height = 0;
    for (const Paragraph& paragraph : entry)
      height += measure_text(cr_, paragraph.text, paragraph.type, width_).height + paragraph.space_after;
    return y_ + height - (entry.empty() ? 0 : entry.back().space_after) <= columns_bottom;
  }

 private:
  cairo_t* cr_;
  double x_, width_, y_;
};

Type heading(const Board& board) {
  return {.size = 7, .weight = 700, .colour = board.ink.grey, .tracking = 0.14};
}

/// The shots somebody or some place is in, runs joined: "SC001–SC004, SC006".
Paragraph breakdown(const Board& board, const std::function<bool(const Scene&)>& is_in) {
  const std::vector<Scene>& scenes = board.delivery.plan->scenes;
  std::vector<std::string> runs;
  for (std::size_t index = 0; index < scenes.size(); ++index) {
    if (!is_in(scenes[index])) continue;
    const std::size_t first = index;
    while (index + 1 < scenes.size() && is_in(scenes[index + 1])) ++index;
    runs.push_back(scene_label(scenes[first].id) + (index > first ? "–" + scene_label(scenes[index].id) : ""));
  }
  const std::string text = runs.empty() ? "not in a shot" : joined(runs, ", ");
  return {text, {.size = 7, .weight = 600, .colour = board.ink.accent_text, .lines_max = 2}, 10};
}

Entry character_entry(const Board& board, const Character& character) {
  std::vector<std::string> look;
  if (character.age) look.push_back(*character.age);
  if (character.traits.build) look.push_back(*character.traits.build);
  add_if(look, character.traits.hair);
  add_if(look, joined(character.traits.clothing, ", "));
  add_if(look, joined(character.traits.accessories, ", "));
  Entry entry{{character.name, {.size = 10.5, .weight = 650, .colour = board.ink.dark}, 1}};
  if (!look.empty())
    entry.push_back({joined(look, " · "), {.size = 7.8, .colour = board.ink.grey, .lines_max = 3}, 2});
  entry.push_back({character.description, {.size = 8.4, .colour = board.ink.dark, .lines_max = 5}, 2});
  entry.push_back(breakdown(board, [&](const Scene& scene) {
    return std::ranges::find(scene.characters, character.id) != scene.characters.end();
  }));
  return entry;
}

Entry location_entry(const Board& board, const Location& location) {
  std::vector<std::string> facts;
  add_if(facts, location.type.value_or(""));
  add_if(facts, location.time_of_day);
  add_if(facts, location.weather);
  add_if(facts, location.lighting.quality);
  Entry entry{{location.name, {.size = 10.5, .weight = 650, .colour = board.ink.dark}, 1}};
  if (!facts.empty())
    entry.push_back({joined(facts, " · "), {.size = 7.8, .colour = board.ink.grey, .lines_max = 3}, 2});
  entry.push_back({location.description, {.size = 8.4, .colour = board.ink.dark, .lines_max = 5}, 2});
  entry.push_back(breakdown(board, [&](const Scene& scene) { return scene.location_id == location.id; }));
  return entry;
}

std::string facts_line(const Board& board) {
  const Delivery& delivery = board.delivery;
  std::vector<std::string> facts{counted(delivery.plan->scenes.size(), "shot"),
                                 running_time(delivery.film.frames, delivery.picture.fps),
                                 fmt::format("{} × {}, {} fps", delivery.picture.width, delivery.picture.height,
                                             delivery.picture.fps),
                                 fmt::format("render {:02}", delivery.film.render)};
  if (delivery.film.rendered_at.size() >= 10) facts.push_back(delivery.film.rendered_at.substr(0, 10));
  return joined(facts, "  ·  ");
}

void draw_hero(const Board& board) {
  cairo_t* cr = board.cr;
  const Still& hero = board.stills.hero;
  const Box box{0, 0, page_width, hero_height};
  draw_image(cr, board.hero.get(), best_crop(hero, box.width / box.height), box);
  shade_down(cr, {0, hero_height * 0.30, page_width, hero_height * 0.70}, mix(hero.facts.darkest, {0, 0, 0}, 0.7), 0, 0.86);
  const Metadata& metadata = board.delivery.plan->metadata;
  Type title{.family = Family::display, .size = 54, .weight = 800, .colour = {1, 1, 1}, .tracking = -0.008, .leading = 1.0,
             .lines_max = 2};
  const double width = page_width - 2 * page_margin;
  while (title.size > 24 && measure_text(cr, metadata.title, {title.family, title.size, title.weight, {}, Align::left, false,
                                                              title.tracking, title.leading}, width).lines > 2)
    title.size -= 4;
  const TextSize size = measure_text(cr, metadata.title, title, width);
  const double y = hero_height - 22 - size.height;
  draw_text(cr, metadata.title, title, page_margin - 2, y, width);
  rule(cr, page_margin, y - 12, 34, 3, board.ink.accent);
  draw_text(cr, "STORYBOARD", {.size = 8, .weight = 700, .colour = {1, 1, 1}, .tracking = 0.22}, page_margin + 44, y - 15.5, 0);
}

void draw_palette(const Board& board, const Box& room) {
  const std::vector<std::string> palette = film_palette(*board.delivery.plan);
  if (palette.empty()) return;
  const double width = room.width / static_cast<double>(palette.size());
  for (std::size_t index = 0; index < palette.size(); ++index) {
    const Box chip{room.x + width * static_cast<double>(index), room.y, width, 26};
    fill(board.cr, chip, *parse_colour(palette[index]));
    draw_text(board.cr, palette[index], {.size = palette.size() > 6 ? 5.0 : 5.8, .weight = 500, .colour = board.ink.grey},
              chip.x, chip.bottom() + 3, 0);
  }
  outline(board.cr, {room.x, room.y, room.width, 26}, board.ink.pale, 0.5);
}

void draw_story(const Board& board, const Box& room) {
  const Metadata& metadata = board.delivery.plan->metadata;
  Column column(board.cr, room.x, room.width, room.y);
  const Type logline{.size = 14, .weight = 500, .colour = board.ink.dark, .leading = 1.36, .lines_max = 6};
  if (metadata.logline)
    column.add({fit_words(board.cr, one_paragraph(*metadata.logline, " "), logline, room.width), logline, 10});
  std::vector<std::string> manner;
  if (metadata.style) manner.push_back(*metadata.style);
  if (metadata.mood) manner.push_back(*metadata.mood);
  if (!manner.empty())
    column.add({joined(manner, "  ·  "), {.size = 9, .colour = board.ink.grey, .italic = true, .lines_max = 3}, 9});
  column.add({facts_line(board), {.size = 7.8, .weight = 500, .colour = board.ink.grey}, 0});
  if (board.delivery.song) {
    column.skip(3);
    column.add({"Song: " + board.delivery.song->name, {.size = 7.8, .weight = 500, .colour = board.ink.grey, .lines_max = 1}, 0});
  }
  draw_palette(board, {room.x, std::max(column.y() + 12, columns_bottom - 38), room.width, 38});
}

/// Flows entries into a column until one does not fit; says where to go on.
std::size_t flow(const Board& board, Column& column, const std::string& title, const std::vector<Entry>& entries,
                 std::size_t first) {
  if (first >= entries.size()) return first;
  column.add({first == 0 ? title : title + ", CONTINUED", heading(board), 7});
  std::size_t index = first;
  // At least one: an entry longer than a column must not be tried for ever.
  for (; index < entries.size() && (index == first || column.has_room(entries[index])); ++index)
    for (const Paragraph& paragraph : entries[index]) column.add(paragraph);
  return index;
}

}  // namespace

std::string counted(std::size_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

void draw_front_pages(const Board& board, int& pages) {
  std::vector<Entry> cast;
  for (const Character& character : board.delivery.plan->characters) cast.push_back(character_entry(board, character));
  std::vector<Entry> places;
  for (const Location& location : board.delivery.plan->locations) places.push_back(location_entry(board, location));

  const double width = page_width - 2 * page_margin;
  const double story_width = width * 0.38;
  const double side_width = (width - story_width - 2 * column_gap) / 2;
  draw_hero(board);
  draw_story(board, {page_margin, columns_top, story_width, columns_bottom - columns_top});
  const double cast_x = page_margin + story_width + column_gap;
  Column cast_column(board.cr, cast_x, side_width, columns_top);
  Column place_column(board.cr, cast_x + side_width + column_gap, side_width, columns_top);
  std::size_t next_cast = flow(board, cast_column, "CAST", cast, 0);
  std::size_t next_place = flow(board, place_column, "LOCATIONS", places, 0);
  cairo_show_page(board.cr);
  ++pages;

  const double wide = (width - 3 * column_gap) / 4;
  while (next_cast < cast.size() || next_place < places.size()) {
    for (int side = 0; side < 4; ++side) {
      Column column(board.cr, page_margin + side * (wide + column_gap), wide, page_margin + 12);
      if (next_cast < cast.size()) next_cast = flow(board, column, "CAST", cast, next_cast);
      else next_place = flow(board, column, "LOCATIONS", places, next_place);
    }
    cairo_show_page(board.cr);
    ++pages;
  }
}

}  // namespace film::deliver
