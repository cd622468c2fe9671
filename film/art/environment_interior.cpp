#include <algorithm>
#include <cmath>

#include "film/art/environment.h"
#include "film/art/prop.h"
#include "film/art/scenery.h"

namespace film::art {
namespace {

struct RoomSize {
  double back, half_width, height;  ///< metres: from the lens to the back wall, to a side wall, to the ceiling
};

RoomSize size_of(const Stage& stage, Place place) {
  const double d = stage.view.distance;
  switch (place) {
    case Place::stage_hall: return {d + 9, 9, 8};
    case Place::church: return {d + 16, 6, 11};
    case Place::corridor: return {d + 26, 1.7, 2.8};
    case Place::workshop: return {d + 6, 5.5, 4.2};
    case Place::cafe: return {d + 5, 5, 3.2};
    case Place::hospital: return {d + 4.5, 4.5, 3};
    default: return {d + 3.6, 4.2, 3};
  }
}

// Five planes: back wall, two side walls, ceiling, floor; value falls with the angle to the light.
void paint_shell(Stage& stage, const RoomSize& room, bool open_back) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  const double near = std::min(view.distance * 0.55, room.back * 0.4);
  const auto corner = [&](double x, double y, double depth) { return view.project(x * room.half_width, y * room.height, depth); };
  const Point blt = corner(-1, 1, room.back), brt = corner(1, 1, room.back), blf = corner(-1, 0, room.back), brf = corner(1, 0, room.back);
  const Point nlt = corner(-1, 1, near), nrt = corner(1, 1, near), nlf = corner(-1, 0, near), nrf = corner(1, 0, near);
  const double left = palette.light.x < 0 ? 0.16 : 0.42, right = palette.light.x < 0 ? 0.42 : 0.16;
  stage.paint(room.back, {.detail = 0.8}, [&](cairo_t* cr, const Rect&) {
    set(cr, palette.ramp(0.12));
    cairo_paint(cr);
    set_linear(cr, {0, nlt.y}, {0, blt.y}, {{0, palette.tone(0.06, 1)}, {1, palette.tone(0.24, 8)}});
    polygon(cr, {blt, brt, nrt, nlt});
    cairo_fill(cr);
    set_linear(cr, {nlt.x, 0}, {blt.x, 0}, {{0, palette.tone(left * 0.3, 1)}, {1, palette.tone(left, 8)}});
    polygon(cr, {blt, nlt, nlf, blf});
    cairo_fill(cr);
    set_linear(cr, {brt.x, 0}, {nrt.x, 0}, {{0, palette.tone(right, 8)}, {1, palette.tone(right * 0.3, 1)}});
    polygon(cr, {brt, nrt, nrf, brf});
    cairo_fill(cr);
    if (!open_back) {
      const double x0 = palette.light.x < 0 ? blt.x : brt.x, x1 = palette.light.x < 0 ? brt.x : blt.x;
      set_linear(cr, {x0, blt.y}, {x1, blf.y}, {{0, palette.tone(0.62, 6)}, {0.5, palette.tone(0.46, 6)}, {1, palette.tone(0.28, 6)}});
      polygon(cr, {blt, brt, brf, blf});
      cairo_fill(cr);
      set(cr, palette.ramp(0.15), 0.5);  // wainscot and skirting
      const double unit = view.metre(room.back);
      box(cr, blf.x, blf.y - 0.14 * unit, brf.x, blf.y);
      cairo_fill(cr);
      set(cr, palette.ramp(0.2), 0.25);
      box(cr, blf.x, blf.y - 0.95 * unit, brf.x, blf.y - 0.14 * unit);
      cairo_fill(cr);
      set_radial(cr, {view.subject_x - palette.light.x * 0.1, view.eyes + 0.1}, 0.8, {{0, palette.key, 0.2}, {1, palette.key, 0}});
      polygon(cr, {blt, brt, brf, blf});
      cairo_fill(cr);
    }
  });
  Layer& floor = stage.paint(view.distance * 1.3, {.blur = view.blur_far * 0.5}, [&](cairo_t* cr, const Rect& rect) {
    if (blf.y > rect.bottom) return;
    const double bottom = std::max(rect.bottom, blf.y + 0.15);
    cairo_save(cr);
    polygon(cr, {blf, brf, corner(1, 0, near * 0.5), corner(-1, 0, near * 0.5)});
    cairo_clip(cr);
    set_linear(cr, {0, blf.y}, {0, bottom}, {{0, palette.tone(0.5, 6)}, {0.4, palette.tone(0.3, 3)}, {1, palette.tone(0.1, 1)}});
    cairo_paint(cr);
    stage.mirror(cr, blf.y, 0.9, 0.12);
    set(cr, palette.ink, 0.22);
    cairo_set_line_width(cr, 0.0018);
    for (int index = -24; index <= 24; ++index) {
      const Point a = view.project(index * 0.4, 0, room.back), b = view.project(index * 0.4, 0, near * 0.5);
      cairo_move_to(cr, a.x, a.y);
      cairo_line_to(cr, b.x, b.y);
    }
    cairo_stroke(cr);
    cairo_restore(cr);
  });
  floor.ground = true;
}

struct Opening {
  double x, width, sill, top;  ///< metres on the back wall
};

void paint_window(Stage& stage, const RoomSize& room, const Opening& opening, bool arched, bool beam) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  const double depth = room.back - 0.02, unit = view.metre(depth);
  const Point lt = view.project(opening.x - opening.width / 2, opening.top, depth), rf = view.project(opening.x + opening.width / 2, opening.sill, depth);
  const bool dim = palette.night && !stage.place_words.has("day morning noon sunlight");
  const Colour sky_low = dim ? mix(rgb(0x5f7fb8), palette.horizon, 0.25) : mix(palette.horizon, palette.key, 0.75), sky_high = dim ? mix(rgb(0x22345c), palette.sky_top, 0.3) : palette.key;
  stage.paint(depth, {}, [&](cairo_t* cr, const Rect&) {
    const auto shape = [&](double grow) {
      if (!arched) return box(cr, lt.x - grow, lt.y - grow, rf.x + grow, rf.y + grow);
      const double middle = (lt.x + rf.x) / 2, spring = lt.y + (rf.x - lt.x) * 0.6;
      cairo_move_to(cr, lt.x - grow, rf.y + grow);
      cairo_line_to(cr, lt.x - grow, spring);
      cairo_curve_to(cr, lt.x - grow, lt.y + 0.02, middle - 0.02, lt.y - grow, middle, lt.y - grow * 1.6);
      cairo_curve_to(cr, middle + 0.02, lt.y - grow, rf.x + grow, lt.y + 0.02, rf.x + grow, spring);
      cairo_line_to(cr, rf.x + grow, rf.y + grow);
      cairo_close_path(cr);
    };
    set(cr, palette.tone(0.12, 4));
    shape(0.11 * unit);
    cairo_fill(cr);
    set_linear(cr, {0, lt.y}, {0, rf.y}, {{0, sky_high}, {1, sky_low}});
    shape(0);
    cairo_fill(cr);
    cairo_save(cr);
    shape(0);
    cairo_clip(cr);
    set(cr, mix(sky_low, palette.far, 0.55), 0.8);
    Rect inside{lt.x, lt.y, rf.x, rf.y};
    ridge(cr, inside, rf.y + 0.01, (rf.y - lt.y) * 0.45, (rf.x - lt.x) * 0.5, 0.4, stage.place_seed + 5, mix(sky_low, palette.far, 0.5), mix(sky_low, palette.far, 0.2));
    if (arched && stage.place_words.has("stained cathedral church"))
      for (int pane = 0; pane < 40; ++pane) {
        Dice dice(stage.place_seed + static_cast<std::uint64_t>(pane), "pane");
        const Colour tints[] = {palette.accent, palette.key, palette.far, palette.sky_top};
        set(cr, tints[dice.whole(0, 3)], 0.45);
        const double x = dice.between(lt.x, rf.x), y = dice.between(lt.y, rf.y), size = (rf.x - lt.x) * 0.22;
        polygon(cr, {{x, y - size}, {x + size, y}, {x, y + size}, {x - size, y}});
        cairo_fill(cr);
      }
    cairo_restore(cr);
    set(cr, palette.tone(0.1, 4));
    cairo_set_line_width(cr, 0.05 * unit);
    cairo_move_to(cr, (lt.x + rf.x) / 2, lt.y);
    cairo_line_to(cr, (lt.x + rf.x) / 2, rf.y);
    for (const double v : {0.34, 0.67}) {
      cairo_move_to(cr, lt.x, std::lerp(lt.y, rf.y, v));
      cairo_line_to(cr, rf.x, std::lerp(lt.y, rf.y, v));
    }
    cairo_stroke(cr);
  });
  paint_glow(stage, depth, {(lt.x + rf.x) / 2, (lt.y + rf.y) / 2}, (rf.y - lt.y) * 1.5, dim ? sky_low : palette.key, dim ? 0.22 : 0.3, 0);
  if (!beam) return;
  const double lean = -palette.light.x * 1.6;
  const Point foot = view.project(opening.x + lean, 0, view.distance * 0.95);
  const double wide = opening.width * view.metre(view.distance) * 0.7;
  paint_shaft(stage, view.distance * 1.2, {lt.x, lt.y}, {rf.x, lt.y + 0.01}, {foot.x + wide, foot.y}, {foot.x - wide, foot.y}, dim ? 0.1 : 0.22);
}

void paint_pendant(Stage& stage, double x, double y, double depth, bool wide_shade) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  const double unit = view.metre(depth);
  const Point bulb = view.project(x, y, depth);
  stage.paint(depth, {}, [&](cairo_t* cr, const Rect& rect) {
    set(cr, palette.tone(0.05, 3));
    cairo_set_line_width(cr, std::max(0.025 * unit, 0.0012));
    cairo_move_to(cr, bulb.x, std::min(rect.top, bulb.y - 2.5 * unit));
    cairo_line_to(cr, bulb.x, bulb.y - 0.2 * unit);
    cairo_stroke(cr);
    const double half = (wide_shade ? 0.36 : 0.22) * unit;
    polygon(cr, {{bulb.x - half * 0.3, bulb.y - 0.3 * unit}, {bulb.x + half * 0.3, bulb.y - 0.3 * unit}, {bulb.x + half, bulb.y}, {bulb.x - half, bulb.y}});
    cairo_fill(cr);
    set(cr, mix(palette.key, rgb(0xfff4dc), 0.6));
    ellipse(cr, {bulb.x, bulb.y}, half * 0.55, half * 0.2);
    cairo_fill(cr);
  });
  paint_glow(stage, depth, {bulb.x, bulb.y + 0.05 * unit}, 1.9 * unit, palette.key, 0.5, 0.1);
}

// Boxes against the back wall: shelves, counters, pictures. Big shapes first, small ones on them.
void paint_furniture(Stage& stage, const RoomSize& room, Place place) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  const double depth = room.back - 0.6;
  stage.paint(depth, {}, [&](cairo_t* cr, const Rect&) {
    Dice dice = stage.dice("furniture");
    const auto block = [&](double x, double width, double bottom, double top, double value) {
      const Point a = view.project(x, top, depth), b = view.project(x + width, bottom, depth);
      const double lit = palette.light.x < 0 ? 0 : 1;
      set_linear(cr, {a.x, 0}, {b.x, 0}, {{0, palette.tone(value + (lit < 0.5 ? 0.14 : 0), 4)}, {1, palette.tone(value + (lit > 0.5 ? 0.14 : 0), 4)}});
      box(cr, a.x, a.y, b.x, b.y);
      cairo_fill(cr);
      set(cr, palette.ramp(0.7), 0.35);
      box(cr, a.x, a.y, b.x, a.y + 0.004);
      cairo_fill(cr);
    };
    const bool shelves = place == Place::workshop || place == Place::cafe || place == Place::room;
    const double side = view.subject_x < view.aspect / 2 ? 1 : -1;
    if (shelves) {
      const double x = side > 0 ? 1.1 : -3.5;
      block(x, 2.4, 0, place == Place::cafe ? 1.1 : 2.3, 0.14);
      for (int shelf = 0; shelf < 4; ++shelf)
        for (double at = x + 0.1; at < x + 2.25;) {
          const double width = dice.between(0.06, 0.22), tall = dice.between(0.18, 0.4), bottom = (place == Place::cafe ? 1.25 : 0.3) + shelf * 0.5;
          const Colour tint = dice.chance(0.08) ? palette.accent : palette.tone(dice.between(0.2, 0.75), 3);
          const Point a = view.project(at, bottom + tall, depth), b = view.project(at + width, bottom, depth);
          set(cr, tint, 0.9);
          box(cr, a.x, a.y, b.x, b.y);
          cairo_fill(cr);
          at += width + dice.between(0.01, 0.12);
        }
    }
    if (place == Place::room) {
      block(side > 0 ? -3.6 : 1.4, 2.2, 0, 0.85, 0.2);
      for (int frame = 0; frame < 3; ++frame) block((side > 0 ? -3.4 : 1.6) + frame * 0.75, 0.5, 1.5, 1.5 + dice.between(0.35, 0.7), 0.3);
    }
    if (place == Place::hospital) {
      block(side > 0 ? 0.8 : -3.0, 2.1, 0.4, 0.75, 0.8);
      block(side > 0 ? 2.8 : -3.1, 0.08, 0, 1.3, 0.3);
    }
  });
}

void paint_cafe_tables(Stage& stage) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  const double depth = view.distance + 2.2;
  stage.paint(depth, {}, [&](cairo_t* cr, const Rect&) {
    for (const double x : {-3.2, 0.6, 2.9}) {
      const double unit = view.metre(depth);
      const Point top = view.project(x, 0.76, depth), foot = view.project(x, 0, depth);
      set(cr, palette.tone(0.08, 2));
      capsule(cr, top, foot, 0.04 * unit, 0.05 * unit);
      ellipse(cr, foot, 0.26 * unit, 0.06 * unit);
      cairo_fill(cr);
      set_linear(cr, {top.x - 0.5 * unit, 0}, {top.x + 0.5 * unit, 0}, {{0, palette.tone(0.5, 2)}, {1, palette.tone(0.2, 2)}});
      ellipse(cr, top, 0.48 * unit, 0.1 * unit);
      cairo_fill(cr);
    }
  });
  for (const double x : {-2.4, 0.2, 2.8}) paint_pendant(stage, x, 2.2, view.distance + 2.4, true);
}

void paint_hall(Stage& stage, const RoomSize& room) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  const Colour velvet = tinted(palette.ramp(0.3), stage.place_words.has("blue") ? rgb(0x27407a) : rgb(0x8a2024), 0.75);
  stage.paint(room.back - 0.5, {}, [&](cairo_t* cr, const Rect& rect) {
    Dice dice = stage.dice("folds");
    const double foot = view.ground(room.back - 0.5);
    for (double x = rect.left; x < rect.right;) {  // the back curtain in folds
      const double width = dice.between(0.035, 0.075) * view.focal / 1.8;
      const double middle = std::exp(-std::pow((x - view.subject_x) / 0.42, 2));
      set_linear(cr, {x, 0}, {x + width, 0}, {{0, mix(velvet, palette.ink, 0.75 - 0.3 * middle)}, {0.55, mix(velvet, palette.key, 0.06 + 0.3 * middle)}, {1, mix(velvet, palette.ink, 0.6)}});
      box(cr, x, rect.top, x + width + 0.002, foot);
      cairo_fill(cr);
      x += width;
    }
    set_linear(cr, {0, rect.top}, {0, foot}, {{0, palette.ink, 0.85}, {0.6, palette.ink, 0.15}, {1, palette.ink, 0.25}});
    box(cr, rect.left, rect.top, rect.right, foot);
    cairo_fill(cr);
  });
  const Point from{view.subject_x - palette.light.x * 0.1 + palette.light.x * 0.45, -0.25};
  const Point foot = view.project((view.subject_x - view.centre) / view.metre(view.distance), 0, view.distance);
  const double wide = 1.5 * view.metre(view.distance);
  paint_shaft(stage, view.distance + 1.5, {from.x - 0.02, from.y}, {from.x + 0.02, from.y}, {foot.x + wide, foot.y}, {foot.x - wide, foot.y}, 0.42);
  paint_shaft(stage, view.distance + 3, {from.x + 0.5, from.y}, {from.x + 0.53, from.y}, {foot.x + wide * 0.3, foot.y}, {foot.x - wide * 0.7, foot.y}, 0.16);
  const Rect pool{foot.x - wide, foot.y - wide * 0.2, foot.x + wide, foot.y + wide * 0.2};
  stage.paint_in(pool, view.distance, {.detail = 0.5, .texture = 0, .blur = 0.006, .blend = Blend::add}, [&](cairo_t* cr, const Rect&) {
    cairo_save(cr);
    cairo_translate(cr, foot.x, foot.y);
    cairo_scale(cr, 1, 0.18);
    set_radial(cr, {0, 0}, wide, {{0, palette.key, 0.4}, {0.7, palette.key, 0.3}, {1, palette.key, 0}});
    cairo_paint(cr);
    cairo_restore(cr);
  });
}

void paint_nave(Stage& stage, const RoomSize& room) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  for (double depth = room.back - 1; depth > view.distance + 1.5; depth *= 0.68)
    stage.paint(depth, {}, [&](cairo_t* cr, const Rect& rect) {
      const double unit = view.metre(depth);
      for (const double side : {-1.0, 1.0}) {
        const Point foot = view.project(side * 4.4, 0, depth), top = view.project(side * 4.4, 7, depth);
        set_linear(cr, {foot.x - 0.5 * unit, 0}, {foot.x + 0.5 * unit, 0}, {{0, palette.tone(palette.light.x < 0 ? 0.5 : 0.12, depth)}, {1, palette.tone(palette.light.x < 0 ? 0.12 : 0.5, depth)}});
        box(cr, foot.x - 0.45 * unit, top.y, foot.x + 0.45 * unit, foot.y);
        cairo_fill(cr);
        box(cr, foot.x - 0.6 * unit, foot.y - 0.5 * unit, foot.x + 0.6 * unit, foot.y);
        cairo_fill(cr);
      }
      set(cr, palette.tone(0.16, depth));
      const Point left = view.project(-4.4, 7, depth), right = view.project(4.4, 7, depth), crown = view.project(0, 10.6, depth);
      cairo_new_path(cr);
      cairo_move_to(cr, left.x - 0.5 * unit, left.y);
      cairo_curve_to(cr, left.x, crown.y + 1.2 * unit, crown.x - unit, crown.y, crown.x, crown.y - 0.4 * unit);
      cairo_curve_to(cr, crown.x + unit, crown.y, right.x, crown.y + 1.2 * unit, right.x + 0.5 * unit, right.y);
      cairo_line_to(cr, std::max(rect.right, right.x) + 1, right.y);
      cairo_line_to(cr, std::max(rect.right, right.x) + 1, rect.top - 1);
      cairo_line_to(cr, std::min(rect.left, left.x) - 1, rect.top - 1);
      cairo_line_to(cr, std::min(rect.left, left.x) - 1, left.y);
      cairo_close_path(cr);
      cairo_fill(cr);
      for (const double side : {-1.0, 1.0})
        for (int pew = 0; pew < 2; ++pew) {
          const Point a = view.project(side * (0.9 + pew * 1.5), 0.9, depth), b = view.project(side * (2.3 + pew * 1.5), 0, depth);
          set(cr, palette.tone(0.1, depth));
          box(cr, std::min(a.x, b.x), a.y, std::max(a.x, b.x), b.y);
          cairo_fill(cr);
          set(cr, palette.tone(0.75, depth), 0.8);  // the worn edge of the bench
          box(cr, std::min(a.x, b.x), a.y, std::max(a.x, b.x), a.y + 0.035 * unit);
          cairo_fill(cr);
          set(cr, palette.tone(0.3, depth), 0.6);
          for (int panel = 1; panel < 4; ++panel) box(cr, std::lerp(a.x, b.x, panel / 4.0) - 0.012 * unit, a.y, std::lerp(a.x, b.x, panel / 4.0) + 0.012 * unit, b.y);
          cairo_fill(cr);
        }
    });
}

void paint_corridor(Stage& stage, const RoomSize& room) {
  const View& view = stage.view;
  const Palette& palette = stage.palette;
  stage.paint(view.distance + 4, {}, [&](cairo_t* cr, const Rect&) {
    for (double depth = room.back * 0.85; depth > view.distance; depth *= 0.7)
      for (const double side : {-1.0, 1.0}) {  // doors on both walls
        const double x = side * room.half_width, far = depth * 1.12;
        set(cr, palette.tone(0.1, depth));
        polygon(cr, {view.project(x, 2.15, depth), view.project(x, 2.15, far), view.project(x, 0, far), view.project(x, 0, depth)});
        cairo_fill(cr);
        set(cr, palette.tone(0.6, depth), 0.5);
        cairo_set_line_width(cr, 0.0025);
        polygon(cr, {view.project(x, 2.15, depth), view.project(x, 2.15, far), view.project(x, 0, far), view.project(x, 0, depth)});
        cairo_stroke(cr);
      }
    for (double depth = room.back * 0.9; depth > view.distance * 0.8; depth *= 0.66) {  // ceiling lights
      set(cr, mix(palette.key, rgb(0xffffff), 0.3), 0.95);
      polygon(cr, {view.project(-0.4, room.height, depth), view.project(0.4, room.height, depth), view.project(0.4, room.height, depth * 1.1), view.project(-0.4, room.height, depth * 1.1)});
      cairo_fill(cr);
    }
  });
  const Point end = view.project(0, 1.4, room.back);
  paint_glow(stage, room.back, end, 0.5, palette.key, 0.5, 0.12);
}

}  // namespace

void paint_interior(Stage& stage, Place place) {
  const RoomSize room = size_of(stage, place);
  const View& view = stage.view;
  paint_shell(stage, room, place == Place::stage_hall);
  const double away = view.subject_x < view.aspect / 2 ? 1 : -1;
  switch (place) {
    case Place::stage_hall: paint_hall(stage, room); break;
    case Place::church:
      paint_window(stage, room, {0, 3, 2.5, 8.5}, true, true);
      paint_nave(stage, room);
      break;
    case Place::corridor: paint_corridor(stage, room); break;
    case Place::cafe:
      paint_window(stage, room, {-away * 1.7, 3.2, 0.8, 2.6}, false, true);
      paint_furniture(stage, room, place);
      paint_cafe_tables(stage);
      break;
    case Place::workshop:
      paint_window(stage, room, {-away * 1.5, 2.6, 1.2, 3.2}, false, true);
      paint_furniture(stage, room, place);
      paint_pendant(stage, away * 0.8, 2.4, view.distance + 2, true);
      break;
    default:
      paint_window(stage, room, {-away * 0.9, 1.5, 0.9, 2.4}, false, true);
      paint_furniture(stage, room, place);
      if (stage.palette.night) paint_pendant(stage, away * 1.5, 2.1, view.distance + 1.6, false);
      break;
  }
  paint_mist(stage, view.distance + 0.8, view.ground(room.back), 0.2, 0.1 + stage.palette.haze * 0.2);
}

}  // namespace film::art
