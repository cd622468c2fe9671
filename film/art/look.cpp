#include "film/art/look.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "film/art/noise.h"
#include "film/art/words.h"

namespace film::art {
namespace {

double age_of(const Character& character, const Words& words) {
  const std::string text = character.age.value_or("");
  for (std::size_t at = 0; at < text.size(); ++at) {
    int value = 0;
    if (std::from_chars(text.data() + at, text.data() + text.size(), value).ec == std::errc{} && value > 0)
      return text.find('s', at) != std::string::npos ? std::min(value + 5, 95) : std::min(value, 95);
  }
  Words both{text};
  both.add(words.text());
  if (both.has("old elderly aged grandfather grandmother ancient retired weathered wizened senior")) return 70;
  if (both.has("child boy girl kid toddler little")) return 9;
  if (both.has("teen teenage teenager adolescent")) return 16;
  if (both.has("young youth twenties student")) return 24;
  if (both.has("middle_aged forties fifties veteran")) return 48;
  return 34;
}

Colour skin_of(const Words& words, Dice& dice) {
  constexpr std::array tones{0xf0cdb0U, 0xe3b48fU, 0xcf9a72U, 0xa8744eU, 0x80543aU, 0x5c3a29U};
  auto index = static_cast<std::size_t>(dice.whole(0, 5));
  if (words.has("pale fair white caucasian nordic scandinavian irish european")) index = 0;
  if (words.has("asian japanese korean chinese")) index = 1;
  if (words.has("latina latino hispanic mediterranean tan tanned olive arab middle_eastern italian weathered")) index = 2;
  if (words.has("indian south_asian brown_skin polynesian indigenous")) index = 3;
  if (words.has("black african nigerian kenyan dark_skin dark_skinned caribbean")) index = dice.chance(0.5) ? 4 : 5;
  return rgb(tones[index]);
}

Hair hair_of(const Words& words, bool feminine, Dice& dice) {
  if (words.has("bald shaved balding")) return Hair::bald;
  if (words.has("afro")) return Hair::afro;
  if (words.has("curly curls coils dreadlocks wavy")) return Hair::curly;
  if (words.has("ponytail braid braids plait braided")) return Hair::ponytail;
  if (words.has("bun topknot knot chignon")) return Hair::bun;
  if (words.has("bob")) return Hair::bob;
  if (words.has("cropped buzz buzzed crew_cut short close_cropped")) return feminine && dice.chance(0.4) ? Hair::bob : Hair::cropped;
  if (words.has("long flowing")) return Hair::long_straight;
  if (words.has("slick slicked combed parted neat")) return Hair::side_part;
  if (words.has("messy tousled unruly wild shaggy windswept wiry")) return Hair::tousled;
  constexpr std::array women{Hair::bob, Hair::long_straight, Hair::ponytail, Hair::bun, Hair::curly};
  constexpr std::array men{Hair::cropped, Hair::side_part, Hair::tousled, Hair::curly, Hair::tousled};
  return (feminine ? women : men)[static_cast<std::size_t>(dice.whole(0, 4))];
}

Garment garment_of(const Words& words, Dice& dice) {
  if (words.has("spacesuit space_suit astronaut pressure_suit flight_suit jumpsuit eva_suit")) return Garment::spacesuit;
  if (words.has("coat overcoat trench trenchcoat raincoat oilskin oilskins parka duster greatcoat peacoat cloak")) return Garment::long_coat;
  if (words.has("dress gown skirt sundress")) return Garment::dress;
  if (words.has("robe kimono cassock habit tunic cape")) return Garment::robe;
  if (words.has("suit tuxedo tailcoat blazer waistcoat uniform tux")) return Garment::suit;
  if (words.has("hoodie hooded")) return Garment::hoodie;
  if (words.has("sweater jumper pullover cardigan turtleneck knit")) return Garment::sweater;
  if (words.has("jacket bomber denim leather windbreaker vest")) return Garment::jacket;
  if (words.has("shirt tee blouse tank")) return Garment::shirt;
  constexpr std::array any{Garment::jacket, Garment::shirt, Garment::sweater, Garment::long_coat, Garment::hoodie};
  return any[static_cast<std::size_t>(dice.whole(0, 4))];
}

Hat hat_of(const Words& words) {
  if (words.has("helmet")) return Hat::helmet;
  if (words.has("beanie wool_cap woollen_cap woollen_hat wool_hat knit_cap watch_cap bonnet")) return Hat::beanie;
  if (words.has("captains_hat sailor_cap captain_hat peaked_cap sailors_cap fisherman_cap")) return Hat::captain;
  if (words.has("cap baseball_cap flat_cap")) return Hat::cap;
  if (words.has("fedora hat cowboy brimmed stetson bowler souwester straw_hat")) return Hat::brimmed;
  if (words.has("hood hooded")) return Hat::hood;
  return Hat::none;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += part + ", ";
  return text;
}

}  // namespace

Look look_of(const Character& character, std::uint64_t seed) {
  Look look;
  look.seed = hash_text(character.id.empty() ? character.name : character.id, seed);
  Dice dice(look.seed, "look");
  Words all{character.description};
  for (const std::string& note : character.appearance_notes) all.add(note);
  const Words clothing{joined(character.traits.clothing)}, things{joined(character.traits.accessories)}, marks{joined(character.traits.distinctive_features)};
  Words worn = clothing;
  worn.add(things.text());
  worn.add(all.text());
  Words face = marks;
  face.add(character.traits.hair);
  face.add(all.text());
  Words person = all;
  person.add(character.name);
  person.add(character.traits.ethnicity.value_or(""));
  const bool feminine = person.has("woman girl female she her lady mother grandmother sister daughter actress queen witch widow") ||
                        (!person.has("man boy male he him his father grandfather brother son king") && dice.chance(0.5));
  look.age = age_of(character, all);
  Words skin_words{character.traits.ethnicity.value_or("")};
  skin_words.add(all.text());
  look.skin = skin_of(skin_words, dice);
  look.soft = feminine ? dice.between(0.6, 0.95) : dice.between(0.1, 0.5);

  Words hair{character.traits.hair};
  look.hair = hair_of(hair.text().size() > 2 ? hair : all, feminine, dice);
  constexpr std::array hair_tones{0x1a1512U, 0x2c1d15U, 0x4a2f1eU, 0x6e4526U, 0xb88a4aU, 0x8a3d22U};
  look.hair_colour = colour_from_words(character.traits.hair).value_or(rgb(hair_tones[static_cast<std::size_t>(dice.whole(0, 5))]));
  if (look.age > 60 && !colour_from_words(character.traits.hair)) look.hair_colour = rgb(0xb9bcbd);
  look.hat = hat_of(worn);
  look.garment = garment_of(clothing.text().size() > 2 ? clothing : worn, dice);

  constexpr std::array wardrobe{0x34506bU, 0x6b3b34U, 0x3f5a45U, 0x7a6a4fU, 0x4a3f5cU, 0x2f3338U, 0x9a7b3cU, 0x5c6f78U};
  constexpr std::array signals{0xd8482fU, 0xe0a32eU, 0x2f9c95U, 0xc23b6bU, 0x3f7fd0U, 0x8abf3fU};
  std::vector<Colour> said;
  for (const std::string& piece : character.traits.clothing)
    if (const auto colour = colour_from_words(piece)) said.push_back(*colour);
  const auto pick = [&] { return rgb(wardrobe[static_cast<std::size_t>(dice.whole(0, 7))]); };
  const Colour first = pick(), other = pick();
  look.top = !said.empty() ? said[0] : look.garment == Garment::spacesuit ? rgb(0xd9d6cc) : first;
  look.trousers = said.size() > 1 ? said.back() : mix(other, rgb(0x1d2026), 0.5);
  look.second = said.size() > 2 ? said[1] : mix(look.top, rgb(0xefe6d6), 0.55);
  look.shoes = mix(look.trousers, rgb(0x14110f), 0.7);
  look.accent = rgb(signals[static_cast<std::size_t>(dice.whole(0, 5))]);
  for (const std::string& thing : character.traits.accessories)
    if (const auto colour = colour_from_words(thing)) look.accent = *colour;

  const bool face_hair = face.has("beard bearded stubble whiskers goatee");
  look.beard = face_hair || (!feminine && look.age > 55 && !face.has("clean_shaven") && dice.chance(0.5));
  look.moustache = face.has("moustache mustache");
  look.glasses = worn.has("glasses spectacles sunglasses eyeglasses") || face.has("glasses spectacles");
  look.goggles = worn.has("goggles");
  look.scarf = worn.has("scarf shawl bandana neckerchief") || (look.garment == Garment::long_coat && dice.chance(0.3));
  look.backpack = worn.has("backpack rucksack messenger satchel courier knapsack");
  look.earrings = worn.has("earring earrings") || (feminine && dice.chance(0.25));
  look.scar = face.has("scar scarred");
  look.freckles = face.has("freckles freckled");
  const Words build{character.traits.build.value_or("") + " " + character.description};
  look.build = build.has("heavy stout large broad burly big muscular stocky") ? 1.22 : build.has("thin slim slender lean lanky gaunt wiry petite") ? 0.86 : dice.between(0.93, 1.08);
  look.height = build.has("tall lanky") ? 1.06 : build.has("short petite small") ? 0.93 : feminine ? dice.between(0.94, 0.99) : dice.between(0.98, 1.04);
  if (look.age < 13) {
    look.height *= 0.55 + look.age * 0.03;
    look.soft = std::max(look.soft, 0.85);
  }
  if (look.age > 62) look.height *= 0.97;
  return look;
}

}  // namespace film::art
