#include "film/story/beat_table.h"

#include <array>

namespace film::story {
namespace {

using enum ShotType;
using enum CameraMovement;

constexpr std::array table{
    // First meeting: who this is, before anything happens to them.
    Beat{Part::introduce, ms, dolly_in, "h", "{who} stands {spot}, collar up, taking the measure of {place}"},
    Beat{Part::introduce, mw, track_right, "h", "{who} walks {path}, a small upright figure against {object}"},
    Beat{Part::introduce, mcu, dolly_in, "h", "{who} turns into the light and for the first time we see {their} face"},
    Beat{Part::introduce, ms, static_, "ht", "{who} sits beside {object} with {thing} close at hand, as on every other day"},
    Beat{Part::introduce, cu, tilt_up, "h", "Worn shoes on {ground}; we rise slowly until we meet the eyes of {who}"},
    Beat{Part::introduce, mw, static_, "", "{who} comes out from behind {object} and stops short"},
    Beat{Part::introduce, ms, track_left, "", "{who} moves past {object}, half hidden, then all at once clear"},
    Beat{Part::introduce, ws, pan_right, "", "We find {who} by accident, one living shape in all of {place}"},
    Beat{Part::introduce, mcu, static_, "h", "{who} breathes out and looks past us at something we cannot see yet"},
    // On the way.
    Beat{Part::approach, ws, track_right, "", "{who} walks {path}, and {place} opens up ahead"},
    Beat{Part::approach, mw, steadicam, "", "We follow close behind as {who} goes {path}, past {object}"},
    Beat{Part::approach, ms, track_right, "", "{who} quickens the pace; {single} slides by in the foreground"},
    Beat{Part::approach, vw, crane_up, "o", "From above, {who} crosses {ground}, a single line drawn through {place}"},
    Beat{Part::approach, cu, track_right, "h", "Steps on {ground}, one after the other, sure of the way"},
    Beat{Part::approach, mw, dolly_out, "", "{who} comes straight towards us, and {place} falls away behind"},
    Beat{Part::approach, ws, static_, "", "{who} enters at the left edge, crosses the whole depth of the picture and leaves right"},
    Beat{Part::approach, ms, handheld, "", "{who} squeezes past {object} and keeps going"},
    Beat{Part::approach, ws, pan_right, "o", "Far off, {who} walks along the skyline, {nature} moving below"},
    Beat{Part::approach, mcu, track_left, "h", "{who} walks with {their} eyes ahead; behind, {single} goes soft and bright"},
    // Seeing: a face and what it sees.
    Beat{Part::look, mcu, static_, "", "{who} stops {spot} and looks up"},
    Beat{Part::look, cu, dolly_in, "h", "{who} watches without moving; only the eyes follow"},
    Beat{Part::look, ws, static_, "", "Seen over the shoulder of {who}, {place} lies waiting, {object} at its centre"},
    Beat{Part::look, ecu, static_, "h", "In the eye of {who}, tiny and upside down, the whole of {place}"},
    Beat{Part::look, ms, pan_left, "", "{who} looks back; the view travels along {object} and finds nobody"},
    Beat{Part::look, mcu, tilt_up, "h", "{who} tips back {their} head, and the light moves down {their} face"},
    Beat{Part::look, mw, dolly_out, "", "{who} stands quite still, {nature} moving on all sides"},
    Beat{Part::look, cu, static_, "h", "{who} listens, head to one side, breath held"},
    Beat{Part::look, ms, static_, "h", "{who} leans against {object} and lets {their} eyes wander over {place}"},
    // Things.
    Beat{Part::insert, ecu, static_, "g", "Close on {thing}: scratches, a thumb's shine, years of use"},
    Beat{Part::insert, cu, tilt_down, "th", "The hands of {who} find {thing} and close around it"},
    Beat{Part::insert, ecu, dolly_in, "g", "{light} slides over {thing} and stays a moment too long"},
    Beat{Part::insert, cu, static_, "h", "{who} lays one palm flat on {object}, as if feeling for a pulse"},
    Beat{Part::insert, ecu, pan_right, "", "Very near: the grain of {ground}, a drop, a crumb of light"},
    Beat{Part::insert, cu, static_, "th", "Fingers turn {thing} over once, then hold it tight"},
    Beat{Part::insert, cu, dolly_in, "", "{single}, seen so close that it becomes a landscape"},
    Beat{Part::insert, ecu, static_, "h", "A pulse beats in the throat of {who}"},
    Beat{Part::insert, cu, pan_left, "t", "{thing} rests on {ground}, and a shadow passes over it"},
    Beat{Part::insert, ecu, static_, "h", "A thumb rubs at a stain that will not come off"},
    Beat{Part::insert, ecu, tilt_up, "", "{nature}, so near that we see each edge catch the light"},
    // Something stands in the way.
    Beat{Part::obstacle, mw, handheld, "", "{who} stops: {single} blocks the way"},
    Beat{Part::obstacle, ws, static_, "b", "{air} comes down over {place} and {who} nearly disappears in it"},
    Beat{Part::obstacle, ms, handheld, "h", "{who} pushes against {single} with one shoulder; it does not give"},
    Beat{Part::obstacle, mcu, handheld, "h", "{who} stumbles, catches {object} and hangs on"},
    Beat{Part::obstacle, vw, dolly_out, "", "{place} has never looked so large, and {who} never so small"},
    Beat{Part::obstacle, cu, static_, "th", "{thing} slips; the hand of {who} closes on nothing"},
    Beat{Part::obstacle, mw, track_left, "", "{who} turns round and has to go back the way we came"},
    Beat{Part::obstacle, ms, static_, "", "The light goes out; for a breath there is only the outline of {who}"},
    Beat{Part::obstacle, mw, pan_left, "b", "{who} leans into {air}, one step, and another"},
    // Inside.
    Beat{Part::doubt, cu, static_, "h", "{who} looks down and does not look up again for a long time"},
    Beat{Part::doubt, ms, dolly_out, "h", "{who} sits down beside {object}, both hands empty"},
    Beat{Part::doubt, mcu, dolly_in, "h", "{who} closes {their} eyes; the picture goes quiet around {them}"},
    Beat{Part::doubt, ws, static_, "", "{who} alone at the very edge of the picture, nothing else but {ground}"},
    Beat{Part::doubt, mw, static_, "h", "{who} stands with {their} back to us and does not turn"},
    Beat{Part::doubt, cu, tilt_down, "th", "{thing} hangs loose in the hand of {who}"},
    Beat{Part::doubt, ms, static_, "h", "{who} kneels on {ground}, head low, while shadows of {nature} pass over"},
    Beat{Part::doubt, mw, dolly_out, "", "{who} hesitates {spot}, one step begun and not finished"},
    Beat{Part::memory, mcu, dolly_in, "h", "A memory, soft at the edges: {who}, years ago, laughing {spot}"},
    Beat{Part::memory, ecu, static_, "t", "A memory: {thing}, still new, in somebody else's hands"},
    Beat{Part::memory, ws, dolly_out, "", "A memory of {place} in another season, everything brighter than it can have been"},
    Beat{Part::memory, ms, track_left, "h", "In memory {who} runs {path}, faster than the picture can follow"},
    Beat{Part::memory, mw, static_, "d", "A memory: {who} and {other} side by side {spot}, the last time it was easy"},
    Beat{Part::memory, cu, static_, "h", "Back in the present, {who} opens {their} eyes"},
    Beat{Part::memory, mw, dolly_in, "h", "A memory without sound: {who} dances on {ground} with nobody watching"},
    // The turn.
    Beat{Part::decide, cu, dolly_in, "h", "Something changes in the face of {who}: the jaw sets"},
    Beat{Part::decide, ms, dolly_in, "h", "{who} stands up, slowly, and to full height"},
    Beat{Part::decide, cu, static_, "th", "{who} lifts {thing} into the light and nods once"},
    Beat{Part::decide, mw, orbit, "", "We circle {who} half-way; behind, {place} turns from dark to bright"},
    Beat{Part::decide, mcu, static_, "h", "{who} wipes {their} face with one sleeve and looks straight ahead"},
    Beat{Part::decide, ms, track_right, "", "{who} turns on the spot and walks back into {place}"},
    Beat{Part::decide, cu, tilt_up, "h", "A fist opens; we rise from the hand to the calm face of {who}"},
    // Deeds.
    Beat{Part::act, mw, handheld, "", "{who} runs {path}, {object} flying past"},
    Beat{Part::act, ms, dolly_in, "hg", "{who} reaches for {thing} with both hands"},
    Beat{Part::act, ws, track_right, "", "{who} runs across {ground}, tiny under all that sky"},
    Beat{Part::act, mcu, handheld, "h", "{who} runs hard {path}, breath short, not looking back"},
    Beat{Part::act, cu, handheld, "h", "Hands grip {single}, knuckles white, and pull"},
    Beat{Part::act, mw, crane_up, "h", "{who} raises both arms {spot}, and we lift off with the movement"},
    Beat{Part::act, ws, orbit, "h", "{who} spins {spot}, arms wide, the whole of {place} wheeling round"},
    Beat{Part::act, ms, zoom_in, "ht", "{who} holds {thing} up high, where nobody can miss it"},
    Beat{Part::act, mw, track_left, "", "{who} breaks out from behind {object} and does not slow down"},
    Beat{Part::act, vw, drone, "o", "High over {place}: {who} runs below, and a long shadow runs alongside"},
    Beat{Part::act, mcu, dolly_in, "h", "{who} shouts something that {air} takes away"},
    Beat{Part::act, ms, handheld, "h", "{who} throws {their} weight forward and something finally gives"},
    // Faces afterwards.
    Beat{Part::reaction, cu, dolly_in, "h", "{who} holds still; a smile arrives late and stays small"},
    Beat{Part::reaction, mcu, static_, "h", "{who} lets out a breath that seems to have been held for years"},
    Beat{Part::reaction, ecu, static_, "h", "The eyes of {who}, wide, with the whole picture in them"},
    Beat{Part::reaction, ms, static_, "", "{who} steps back, as if the sight needed more room"},
    Beat{Part::reaction, cu, static_, "d", "{other} sees it too; the look says everything"},
    Beat{Part::reaction, mcu, dolly_out, "h", "{who} laughs, short and surprised, one hand to {their} mouth"},
    Beat{Part::reaction, mw, static_, "", "{who} stands in the changed light and takes it all in"},
    Beat{Part::reaction, cu, pan_right, "d", "From the face of {who} to the face of {other}, and neither looks away"},
    // Two.
    Beat{Part::together, ms, static_, "d", "{who} and {other} face each other across {object}"},
    Beat{Part::together, ws, track_right, "d", "{who} and {other} walk {path}, shoulder to shoulder"},
    Beat{Part::together, mcu, orbit, "d", "{who} embraces {other}; we go slowly round them"},
    Beat{Part::together, mw, dolly_in, "d", "{other} holds out a hand; {who} takes it"},
    Beat{Part::together, cu, static_, "d", "Two hands, not quite touching, on {object}"},
    Beat{Part::together, mw, handheld, "d", "{who} runs ahead, looks back, and {other} catches up"},
    Beat{Part::together, ws, static_, "d", "{who} and {other} sit side by side {spot}, not speaking"},
    Beat{Part::together, ms, pan_left, "d", "{other} points; {who} follows the line of the arm"},
    Beat{Part::together, mcu, static_, "d", "{who} says something we do not hear, and {other} nods"},
    Beat{Part::together, vw, crane_up, "do", "{who} and {other}, two small figures sharing one long shadow"},
    // After.
    Beat{Part::aftermath, ws, dolly_out, "", "{who} rests {spot}; {place} seems to rest as well"},
    Beat{Part::aftermath, ms, static_, "h", "{who} sits on {ground}, done, hands open"},
    Beat{Part::aftermath, cu, static_, "t", "{thing} lies where it was left, warm light along one edge"},
    Beat{Part::aftermath, mw, pan_right, "", "{who} walks on slowly, touching {object} in passing"},
    Beat{Part::aftermath, vw, crane_up, "o", "{place} from above, and one small figure at peace in it"},
    Beat{Part::aftermath, mcu, dolly_out, "h", "{who} looks back one last time without regret"},
    Beat{Part::aftermath, ecu, static_, "", "On {ground} a trace remains: the mark of one step"},
    // Last images.
    Beat{Part::resolve, vw, crane_up, "o", "{who} grows small below us until only {place} and the sky remain"},
    Beat{Part::resolve, ws, dolly_out, "", "We draw back: {who}, then {place}, then only the light {spot}"},
    Beat{Part::resolve, ws, static_, "", "{who} walks away from us {path} and does not hurry"},
    Beat{Part::resolve, vw, static_, "g", "{thing} in the foreground, {who} far behind it, walking out of the picture"},
    // Playing and singing.
    Beat{Part::perform, ms, dolly_in, "h", "{who} sings straight to us {spot}"},
    Beat{Part::perform, mcu, orbit, "h", "{who} sings with closed eyes, the light turning behind"},
    Beat{Part::perform, cu, static_, "h", "The mouth of {who}, close: each word seen before it is heard"},
    Beat{Part::perform, ws, crane_down, "h", "{who} dances alone {spot}, drawn small and exact"},
    Beat{Part::perform, mw, handheld, "h", "{who} dances between {object} and the light, hair flying"},
    Beat{Part::perform, ms, track_left, "h", "{who} sings walking, {object} and {nature} drifting by behind"},
};

constexpr std::array<std::string_view, 24> ways{
    "waits",          "kneels",         "stands motionless", "walks slowly",  "looks up",        "turns round",  "sits down",          "reaches out a hand",
    "runs a few steps", "crouches low",  "stretches both arms", "looks back",  "leans forward",   "stands on tiptoe", "bends down",     "breathes deeply",
    "shields {their} eyes", "steps aside",   "points ahead",     "dances a few steps", "draws a line in the air", "lets {their} head sink", "counts under {their} breath", "holds quite still"};

constexpr std::array<std::string_view, 8> places{"beside {object}", "in front of {object}", "with {nature} all around", "{spot}", "half hidden by {object}",
                                                 "on {ground}", "where the light falls on {object}", "between {object} and {nature}"};

}  // namespace

std::span<const Beat> beats() { return table; }
std::span<const std::string_view> postures() { return ways; }
std::span<const std::string_view> spots() { return places; }

}  // namespace film::story
