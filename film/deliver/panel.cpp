// One storyboard panel: head line, picture, time line, then what happens, what is heard.
#include <fmt/format.h>

#include <algorithm>

#include "film/deliver/names.h"
#include "film/deliver/page.h"
#include "film/deliver/timecode.h"
#include "film/plan/plan_json.h"

namespace film::deliver {

namespace {

constexpr double head_height = 15;
constexpr double picture_shape_max = 16.0 / 9;

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return result;
}

bool is_cut(Transition transition) { return transition == Transition::cut || transition == Transition::hard_cut; }

std::string camera_line(const Scene& scene) {
  std::string line(word(scene.shot));
  if (scene.angle) line += fmt::format("  ·  {}", word(*scene.angle));
  return line + fmt::format("  ·  {}", word(scene.movement));
}

std::string music_line(const Scene& scene) {
  if (scene.music_change.empty()) return scene.musical_description;
  if (scene.musical_description.empty()) return scene.music_change;
  return scene.musical_description + " → " + scene.music_change;
}

void draw_head(const Board& board, const Scene& scene, std::int64_t begin, const Box& box) {
  const Type label{.size = 9.5, .weight = 700, .colour = board.ink.dark};
  const TextSize size = draw_text(board.cr, scene_label(scene.id), label, box.x, box.y, 0);
  const Type time{.size = 7, .weight = 500, .colour = board.ink.grey, .align = Align::right};
  const std::string code = timecode(begin, board.delivery.picture.fps);
  const double time_width = measure_text(board.cr, code, time, 0).width;
  draw_text(board.cr, code, time, box.right(), box.y + 2.2, 0);
  const double left = box.x + size.width + 7;
  draw_text(board.cr, camera_line(scene), {.size = 7, .weight = 500, .colour = board.ink.dark, .lines_max = 1}, left,
            box.y + 2.2, box.right() - time_width - 6 - left);
}

/// Duration as a bar (8 s is the whole width), in words, and the way out of the shot.
double draw_time_line(const Board& board, const Scene& scene, std::int64_t frames, const Box& box, double y) {
  const int fps = board.delivery.picture.fps;
  const double share = std::min(1.0, static_cast<double>(frames) / (8.0 * fps));
  rule(board.cr, box.x, y + 3.4, box.width, 0.5, board.ink.pale);
  rule(board.cr, box.x, y + 2.6, box.width * share, 1.8, board.ink.accent);
  const Type type{.size = 7, .weight = 600, .colour = board.ink.dark};
  draw_text(board.cr, fmt::format("{}  ·  {} f", length_text(frames, fps), frames), type, box.x, y + 7, 0);
  Type way = type;
  way.align = Align::right;
  way.tracking = 0.06;
  if (is_cut(scene.transition)) way.weight = 500;
  if (is_cut(scene.transition)) way.colour = board.ink.grey;
  draw_text(board.cr, upper(word(scene.transition)) + " →", way, box.right(), y + 7, 0);
  return y + 19;
}

/// An eighth note, drawn: the fonts have none, and a fallback font would not be the same on every machine.
void draw_note(cairo_t* cr, double x, double y, double size, Colour colour) {
  set_colour(cr, colour);
  cairo_save(cr);
  cairo_translate(cr, x + size * 0.3, y + size * 0.8);
  cairo_rotate(cr, -0.4);
  cairo_scale(cr, 1, 0.72);
  cairo_arc(cr, 0, 0, size * 0.24, 0, 6.2832);
  cairo_restore(cr);
  cairo_fill(cr);
  cairo_set_line_width(cr, size * 0.1);
  cairo_move_to(cr, x + size * 0.5, y + size * 0.75);
  cairo_line_to(cr, x + size * 0.5, y + size * 0.05);
  cairo_curve_to(cr, x + size * 0.55, y + size * 0.3, x + size * 0.85, y + size * 0.25, x + size * 0.75, y + size * 0.55);
  cairo_stroke(cr);
}

void draw_words(const Board& board, const Scene& scene, const Box& room) {
  cairo_t* cr = board.cr;
  const std::string music = one_paragraph(music_line(scene), " ");
  const std::string lyrics = one_paragraph(scene.lyrics, " / ");
  const std::string story = one_paragraph(scene.description, " ");
  const Type music_type{.size = 7.2, .colour = board.ink.grey, .italic = true, .lines_max = 2};
  const Type lyrics_type{.family = Family::typewriter, .size = 8.4, .colour = board.ink.dark, .leading = 1.18, .lines_max = 3};
  Type story_type{.size = 8.2, .colour = board.ink.dark, .leading = 1.34};

  const double music_height = music.empty() ? 0 : measure_text(cr, music, music_type, room.width - 11).height + 3;
  const double lyrics_height =
      lyrics.empty() ? 0 : measure_text(cr, lyrics, lyrics_type, room.width - 30).height + 4;
  const double story_room = room.height - music_height - lyrics_height;
  while (story_type.size > 6.8 && measure_text(cr, story, story_type, room.width).height > story_room)
    story_type.size -= 0.2;
  story_type.lines_max = std::max(2, static_cast<int>(story_room / (story_type.size * story_type.leading)));

  double y = room.y;
  y += draw_text(cr, fit_words(cr, story, story_type, room.width), story_type, room.x, y, room.width).height + 4;
  if (!lyrics.empty()) {
    const TextSize size = draw_text(cr, lyrics, lyrics_type, room.x + 15, y, room.width - 30);
    rule(cr, room.x + 6, y + 1, 1.2, size.height - 2, board.ink.accent);
    y += size.height + 3;
  }
  if (music.empty()) return;
  draw_note(cr, room.x, y + 0.5, 8, board.ink.grey);
  draw_text(cr, music, music_type, room.x + 11, y, room.width - 11);
}

}  // namespace

Box picture_box(const Board& board, const Box& panel) {
  // Wide pictures fill the panel; upright ones stand in the same height, so that the text lines up.
  const Picture& picture = board.delivery.picture;
  const double shape = static_cast<double>(picture.width) / picture.height;
  const double height = panel.width / std::max(shape, picture_shape_max);
  const double width = height * shape;
  return {panel.x + (panel.width - width) / 2, panel.y + head_height, width, height};
}

void draw_panel(const Board& board, std::size_t index, std::int64_t begin, const Box& box) {
  const Plan& plan = *board.delivery.plan;
  const Scene& scene = plan.scenes[index];
  const Box picture = picture_box(board, box);
  const double backing_height = box.width / std::max(picture.width / picture.height, picture_shape_max);
  draw_head(board, scene, begin, box);
  if (picture.width < box.width - 1) fill(board.cr, {box.x, picture.y, box.width, backing_height}, {0.95, 0.95, 0.96});
  const media::RgbImage& image = board.stills.start[index].image;
  const Still& still = board.stills.start[index];
  const double own = static_cast<double>(image.width) / image.height;
  const bool same_shape = std::abs(own * picture.height / picture.width - 1) < 0.03;
  draw_image(board.cr, board.pictures[index].get(), same_shape ? Crop{} : best_crop(still, picture.width / picture.height),
             picture);
  if (board.delivery.scenes[index].placeholder.empty()) draw_move(board.cr, picture, scene.movement);
  outline(board.cr, picture, board.ink.dark, 0.7);
  const std::int64_t frames = scene_frames(plan, index, board.delivery.picture.fps);
  const double y = draw_time_line(board, scene, frames, box, picture.bottom());
  draw_words(board, scene, {box.x, y, box.width, box.bottom() - y});
}

void draw_dissolve_mark(const Board& board, double x, double y, double gap) {
  cairo_t* cr = board.cr;
  const double reach = gap / 2 + 11;
  constexpr double half = 23;
  cairo_save(cr);
  cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
  for (const bool halo : {true, false}) {
    cairo_set_line_width(cr, halo ? 3.4 : 1.4);
    set_colour(cr, halo ? Colour{1, 1, 1} : board.ink.dark, halo ? 0.9 : 1);
    cairo_move_to(cr, x - reach, y - half);
    cairo_line_to(cr, x + reach, y + half);
    cairo_move_to(cr, x - reach, y + half);
    cairo_line_to(cr, x + reach, y - half);
    cairo_stroke(cr);
  }
  cairo_restore(cr);
}

}  // namespace film::deliver
