#include "film/story/people.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "film/story/conditions.h"
#include "film/story/place_table.h"
#include "film/story/text.h"
#include "film/story/verb.h"

namespace film::story {
namespace {

constexpr std::size_t people_max = 4;

struct Mention {
  std::size_t at = 0, end = 0;
  const RoleKind* role = nullptr;
  std::string noun;
  bool plural = false;
};

bool covered(const std::vector<Mention>& mentions, std::size_t at) {
  return std::ranges::any_of(mentions, [&](const Mention& one) { return at >= one.at && at < one.end; });
}

std::string word_before(const std::string& low, std::size_t at) {
  std::size_t end = at;
  while (end > 0 && low[end - 1] == ' ') --end;
  std::size_t from = end;
  while (from > 0 && (is_word_letter(low[from - 1]) || low[from - 1] == '-' || low[from - 1] == '\'')) --from;
  return low.substr(from, end - from);
}

// A role word is a person only as a noun of its own: not "her father's watch", not "they guard".
bool stands_for_somebody(const std::string& low, const Mention& mention) {
  if (low.compare(mention.end, 2, "'s") == 0) return false;
  const std::string before = word_before(low, mention.at);
  if (before == "to" || before == "they" || before == "who" || before == "we" || before == "i") return false;
  return before != "like" && before != "of" ? true : mention.role->gender != Gender::creature;
}

void find_role(const std::string& low, const RoleKind& role, std::vector<Mention>& mentions) {
  for (const std::string& raw : split(role.words, ' '))
    for (const bool plural : {false, true}) {
      const std::string word = spaced(raw) + (plural ? "s" : "");
      for (auto at = find_word(low, word); at != std::string::npos; at = find_word(low, word, at + 1)) {
        const bool many = plural || raw == "children" || raw == "kids" || raw == "people" || raw == "couple" || raw == "lovers" || raw == "siblings" || raw == "friends" || raw == "twins" || raw == "strangers" || raw == "brothers" || raw == "sisters" || raw == "partners";
        Mention mention{at, at + word.size(), &role, word, many};
        if (!covered(mentions, at) && stands_for_somebody(low, mention)) mentions.push_back(std::move(mention));
      }
    }
}

std::vector<Mention> mentions_in(const std::string& low) {
  std::vector<Mention> mentions;
  for (const RoleKind& role : role_kinds()) find_role(low, role, mentions);
  std::ranges::sort(mentions, {}, &Mention::at);
  return mentions;
}

std::size_t number_before(const std::string& low, const Mention& mention) {
  std::string phrase = describing_before(low, mention.at, 3);
  const std::size_t from = mention.at - std::min(phrase.size(), mention.at);
  const std::string before = word_before(low, from);
  for (const std::string& word : {before, split(phrase + " ", ' ').empty() ? std::string() : split(phrase, ' ').front()}) {
    if (word == "three" || word == "3") return 3;
    if (word == "two" || word == "2" || word == "both" || word == "a" || word == "the" || word == "twin" || word == "") return 2;
  }
  return 2;
}

void set_pronouns(Person& person) {
  switch (person.gender) {
    case Gender::woman: person.their = person.them = "her"; break;
    case Gender::man: person.their = "his"; person.them = "him"; break;
    case Gender::creature: person.their = "its"; person.them = "it"; break;
    case Gender::unknown: person.their = "their"; person.them = "them"; break;
  }
}

Gender gender_said(const std::string& low, std::size_t from) {
  std::size_t she = std::string::npos, he = std::string::npos;
  for (const char* word : {"she", "her", "hers", "female"}) she = std::min(she, find_word(low, word, from));
  for (const char* word : {"he", "his", "him", "male"}) he = std::min(he, find_word(low, word, from));
  if (she == he) return Gender::unknown;
  return she < he ? Gender::woman : Gender::man;
}

std::string age_said(const std::string& low, std::size_t at) {
  const std::string phrase = " " + describing_before(low, at, 4);
  const auto years = phrase.find("-year-old");
  if (years != std::string::npos) return phrase.substr(phrase.rfind(' ', years) + 1, years - phrase.rfind(' ', years) - 1);
  if (has_any_word(phrase, "old elderly aged ancient retired aging")) return "about 70";
  if (has_any_word(phrase, "young")) return "about 22";
  if (has_any_word(phrase, "little small tiny")) return "about 8";
  if (has_any_word(phrase, "teenage teen")) return "about 16";
  if (has_any_word(phrase, "middle-aged")) return "about 50";
  return {};
}

Person person_from(const std::string& low, const Mention& mention) {
  Person person;
  const RoleKind& role = *mention.role;
  person.at = mention.at;
  person.sure_gender = role.gender != Gender::unknown;
  person.gender = role.gender != Gender::unknown ? role.gender : gender_said(low, mention.end);
  const auto words = split(mention.noun, ' ');
  person.noun = words.back();
  const bool whole = mention.noun.starts_with("old ") || mention.noun.starts_with("polar ");
  person.label = "the " + (whole ? mention.noun : person.noun);
  const std::string phrase = describing_before(low, mention.at, 3) + mention.noun;
  Character& who = person.character;
  who.name = capital(mention.noun);
  who.description = capital(with_article(phrase));
  if (const std::string age = age_said(low, mention.at); !age.empty()) who.age = age;
  else if (!role.age.empty()) who.age = std::string(role.age);
  who.traits.hair = role.hair;
  if (who.age == "about 70" && role.gender != Gender::creature) who.traits.hair = "short grey hair";
  who.traits.clothing = split(role.clothing, '|');
  who.traits.accessories = split(role.accessories, '|');
  if (!role.build.empty()) who.traits.build = std::string(role.build);
  return person;
}

// Two or three of one kind are told apart by colour, in the picture as in the text.
void add_group(const std::string& low, const Mention& mention, std::vector<Person>& people) {
  constexpr std::array colours{"red", "blue", "green"};
  std::string noun = mention.noun;
  if (noun == "couple") noun = "partner";
  if (noun == "people") noun = "person";
  if (noun == "children") noun = "child";
  if (noun.ends_with("s") && !noun.ends_with("ss")) noun.pop_back();
  const bool siblings = noun == "sibling";
  const std::size_t number = number_before(low, mention);
  for (std::size_t i = 0; i < number && people.size() < people_max; ++i) {
    Person person = person_from(low, mention);
    person.grouped = true;
    person.noun = siblings ? (i == 0 ? "sister" : i == 1 ? "brother" : "youngest") : noun;
    if (siblings) person.sure_gender = true;
    if (siblings) person.gender = i == 0 ? Gender::woman : Gender::man;
    person.label = siblings ? "the " + person.noun : "the " + noun + " in " + colours[i];
    person.character.name = capital(person.label.substr(4));
    person.character.description = capital(with_article(person.label.substr(4)));
    if (siblings) person.character.age = "about 17";
    person.character.traits.clothing = {std::string(colours[i]) + " jacket", i == 0 ? "dark trousers" : "grey trousers"};
    constexpr std::array hair{"long dark braid", "tousled brown hair", "short black hair"};
    person.character.traits.hair = hair[i];
    if (i > 0) person.character.traits.accessories = {"small torch"};
    people.push_back(std::move(person));
  }
}

// Words that are written large without being anybody's name.
bool is_common_capital(const std::string& low) {
  return has_any_word(low, "i i'm i'll scene shot int ext the a an and but then when while after before as in on at it he she they we her his their one two three monday tuesday wednesday thursday "
                           "friday saturday sunday january february march april may june july august september october november december christmas "
                           "tokyo paris london york new berlin rome venice mars earth moon africa europe america japan china india english french tv "
                           "cu ecu ms ws mcu pov no yes this that there from with every each all outside inside finally suddenly later next meanwhile old young two music "
                           "camera close-up wide genre title logline style mood setting characters plot cut fade night day");
}

struct Worn {
  std::string_view words;
  int kind;  // 0 clothing, 1 accessory, 2 feature
};

constexpr std::array worn_things{
    Worn{"coat raincoat overcoat jacket dress gown suit uniform sweater jumper hoodie shirt robe cloak cape kimono apron spacesuit overalls skirt vest cardigan oilskin tuxedo parka blazer pajamas", 0},
    Worn{"hat cap scarf umbrella lantern suitcase backpack guitar violin helmet glasses goggles mask crown headphones bouquet balloon kite map compass walking_stick cane necklace locket gloves boots sword camera notebook bag rucksack radio bicycle flashlight torch candle", 1},
    Worn{"beard moustache scar tattoo freckles eyepatch wrinkles", 2}};

// "Smoke rises", "Doors open": what acts without being anybody.
bool is_thing(const std::string& low) {
  return has_any_word(low, "fire smoke dust ash water light lights lightning thunder silence music time love death life hope fear war peace shadow shadows door doors window windows lamp lamps candle candles "
                           "clock clocks bell bells engine engines machine machines drone drones car cars phone phones letter letters leaves leaf flower flowers tree trees bird birds wave waves cloud clouds "
                           "star stars sun moon sky sand stone stones ice steam blood glass paper hands eyes feet footsteps everything everyone everybody nothing nobody something someone somebody sirens waters night darkness days years hours minutes confetti curtain curtains lanterns boats ships trains rockets petals feathers bubbles sparks embers flames");
}

bool names_thing(const PlaceKind& kind, const std::string& low) {
  for (const std::string_view things : {kind.objects, kind.nature})
    for (const std::string& thing : split(things, '|'))
      if (has_word(thing, low)) return true;
  return false;
}

struct Name {
  std::string text;
  std::size_t at = 0;
};

std::vector<Name> names_in(const std::string& clean) {
  std::vector<Name> names;
  for (std::size_t at = 0; at < clean.size(); ++at) {
    const bool starts = (at == 0 || !is_word_letter(clean[at - 1])) && std::isupper(static_cast<unsigned char>(clean[at])) != 0;
    if (!starts) continue;
    std::size_t end = at + 1;
    while (end < clean.size() && is_word_letter(clean[end])) ++end;
    const std::string word = clean.substr(at, end - at), low = lower(word);
    const bool shouted = word.size() > 1 && std::isupper(static_cast<unsigned char>(word[1])) != 0;
    const std::size_t blank = clean.find_last_not_of(' ', at == 0 ? 0 : at - 1);
    const bool opens = at == 0 || blank == std::string::npos || clean[blank] == '.' || clean[blank] == '!' || clean[blank] == '?' || clean[blank] == ':' || clean[blank] == ',';
    bool fits = word.size() > 2 && !shouted && !is_common_capital(low) && !verb_of(low);
    for (const RoleKind& role : role_kinds()) fits = fits && !has_any_word(low, role.words);
    for (const PlaceKind& kind : place_kinds()) fits = fits && !has_any_word(low, kind.words) && !names_thing(kind, low);
    for (const Worn& row : worn_things) fits = fits && !has_any_word(low, row.words);
    fits = fits && !is_condition(low) && !is_thing(low);
    if (fits && opens) {  // the first word of a sentence is a name only when somebody does something
      const auto next = split_words(std::string_view(clean).substr(end, 40));
      const auto verb = next.empty() ? std::nullopt : verb_of(lower(next.front()));
      fits = verb && (verb->form == VerbForm::third || verb->form == VerbForm::past);
      fits = fits || (!next.empty() && lower(next.front()) == "and" && next.size() > 1 && std::isupper(static_cast<unsigned char>(next[1].front())) != 0);
      fits = fits || (end + 2 < clean.size() && clean[end] == ',' && (clean.compare(end, 4, ", a ") == 0 || clean.compare(end, 5, ", an ") == 0));
    }
    if (fits && std::ranges::none_of(names, [&](const Name& one) { return one.text == word; })) names.push_back({word, at});
    at = end;
  }
  return names;
}

bool belong_together(const std::string& low, const Name& name, const Person& person) {
  const std::size_t from = std::min(name.at, person.at), to = std::max(name.at, person.at);
  if (to - from > 45) return false;
  const std::string between = low.substr(from, to - from);
  if (between.find('.') != std::string::npos) return false;
  if (name.at > person.at) return has_any_word(between, "named called") || between.size() <= person.noun.size() + 2 || between.ends_with(person.noun + ", ");
  const auto comma = between.find(", ");
  return comma != std::string::npos && (between.compare(comma, 4, ", a ") == 0 || between.compare(comma, 5, ", an ") == 0 || between.compare(comma, 6, ", the ") == 0);
}

void add_names(const PromptText& text, std::vector<Person>& people) {
  for (const Name& name : names_in(text.clean)) {
    Person* owner = nullptr;
    for (Person& person : people)
      if (owner == nullptr && !person.grouped && person.label.starts_with("the ") && belong_together(text.low, name, person)) owner = &person;
    if (owner == nullptr) {
      if (people.size() == people_max) continue;
      Mention mention{name.at, name.at + name.text.size(), nullptr, "person", false};
      for (const RoleKind& role : role_kinds()) {
        const Gender said = gender_said(text.low, name.at);
        if (has_word(role.words, said == Gender::woman ? "woman" : said == Gender::man ? "man" : "person")) mention.role = &role;
      }
      Person person = person_from(text.low, mention);
      person.character.description = name.text + ", " + person.character.age.value_or("about 30") + ", at the centre of the story";
      people.push_back(std::move(person));
      owner = &people.back();
    } else {
      owner->character.aliases.push_back(owner->label);
      owner->character.description = name.text + ", " + lower(owner->character.description.substr(0, 1)) + owner->character.description.substr(1);
    }
    owner->label = owner->character.name = name.text;
  }
}

void dress(const PromptText& text, std::vector<Person>& people) {
  const auto nearest = [&](std::size_t at) -> Person& {
    Person* best = &people.front();
    for (Person& person : people)
      if (person.at <= at && person.at >= best->at) best = &person;
    return *best;
  };
  for (const Worn& row : worn_things)
    for (const std::string& raw : split(row.words, ' ')) {
      const std::string word = spaced(raw);
      const auto at = find_word(text.low, word);
      if (at == std::string::npos) continue;
      const std::string phrase = describing_before(text.low, at, 2) + word;
      PhysicalTraits& traits = nearest(at).character.traits;
      const std::string before = word_before(text.low, at - (phrase.size() - word.size()));
      const bool held = has_any_word(before, "with in wearing carrying holding his her their a an and clutching wears carries holds");
      if (row.kind == 0 && held) {
        if (!traits.clothing.empty()) traits.clothing.erase(traits.clothing.begin());
        traits.clothing.insert(traits.clothing.begin(), phrase);
      } else if (row.kind == 1 && held) {
        traits.accessories.insert(traits.accessories.begin(), phrase);
        if (traits.accessories.size() > 2) traits.accessories.pop_back();
      } else if (row.kind == 2) {
        traits.distinctive_features.push_back(phrase);
      }
    }
  if (const auto at = find_word(text.low, "hair"); at != std::string::npos)
    if (const std::string words = describing_before(text.low, at, 3); !words.empty()) nearest(at).character.traits.hair = words + "hair";
  if (const auto at = find_word(text.low, "bald"); at != std::string::npos) nearest(at).character.traits.hair = "bald";
}

Person somebody_called(const std::string& noun, const std::string& low) {
  Mention mention{low.size(), low.size(), nullptr, noun, false};
  for (const RoleKind& role : role_kinds())
    if (mention.role == nullptr && has_word(role.words, noun)) mention.role = &role;
  Person person = person_from(low, mention);
  person.at = 0;
  return person;
}

// A stranger in the wanderer's clothes should still not be the same in every film.
Person wanderer(Dice& dice) {
  Person person;
  constexpr std::array coats{"ochre long coat", "teal parka", "burgundy coat", "slate blue jacket"};
  constexpr std::array hair{"short dark hair", "long auburn hair", "tousled black hair", "grey-streaked bob"};
  person.label = "the wanderer";
  person.noun = "wanderer";
  Character& who = person.character;
  who.name = "Wanderer";
  who.age = dice.chance(50) ? "about 30" : "about 45";
  who.description = "A wanderer who says little and looks closely";
  who.traits.hair = hair[dice.below(hair.size())];
  who.traits.clothing = {coats[dice.below(coats.size())], "dark trousers"};
  who.traits.accessories = {"folded letter"};
  who.traits.build = "lean";
  return person;
}

// "Mori sees a woman. She hands him ...": she is the woman, so Mori is the one left over.
void settle_genders(const std::string& low, std::vector<Person>& people) {
  const bool she = has_any_word(low, "she her hers"), he = has_any_word(low, "he him his");
  if (!she || !he) return;
  for (Person& person : people) {
    if (person.sure_gender) continue;
    const auto sure = [&](Gender gender) { return std::ranges::any_of(people, [&](const Person& other) { return &other != &person && other.sure_gender && other.gender == gender; }); };
    if (sure(Gender::woman) && !sure(Gender::man)) person.gender = Gender::man;
    if (sure(Gender::man) && !sure(Gender::woman)) person.gender = Gender::woman;
    person.sure_gender = true;
  }
}

void finish(std::vector<Person>& people, Dice& dice) {
  constexpr std::array builds{"slender", "sturdy", "lean", "tall"};
  for (std::size_t i = 0; i < people.size(); ++i) {
    Person& person = people[i];
    Character& who = person.character;
    who.id = "char_" + std::to_string(i + 1);
    if (person.gender == Gender::creature && who.traits.hair.empty()) who.traits.hair = "short fur";
    if (who.traits.hair.empty()) who.traits.hair = "short dark hair";
    if (!who.traits.build) who.traits.build = builds[dice.below(builds.size())];
    const bool gendered = has_any_word(lower(who.description), "woman man girl boy sister brother mother father mom dad daughter son queen king princess prince lady gentleman grandmother grandfather wife husband bride groom widow widower fisherman cowboy samurai girlfriend boyfriend");
    who.description = sentence(who.description + (gendered ? "" : person.gender == Gender::woman ? ", a woman" : person.gender == Gender::man ? ", a man" : ""));
    set_pronouns(person);
    const std::string named = lower(who.name);
    if (lower(person.label) != named) who.aliases.push_back(person.label);
    if (!person.grouped && person.noun != named && !person.noun.empty()) who.aliases.push_back(person.noun);
    std::ranges::sort(who.aliases);
    who.aliases.erase(std::ranges::unique(who.aliases).begin(), who.aliases.end());
  }
}

bool is_background(const Mention& mention) {
  return mention.plural && has_any_word(mention.noun, "people strangers birds crows fish guards soldiers eagles sparrows");
}

}  // namespace

bool is_describing(const std::string& word) {
  if (word.empty() || has_any_word(word, "a an the of in on at to by for from with without and or but his her their its my your our this that these those is are was were be "
                                         "as into onto over under through along past near inside outside between behind across around after before then when while who which "
                                         "he she they it we you i not no one's up down out off very so some any each every all both only just also named called wearing holding carrying scene shot where how there if than"))
    return false;
  const auto verb = verb_of(word);
  return !verb || (verb->form == VerbForm::past || verb->form == VerbForm::participle) ||
         has_any_word(word, "live cool warm clear open light close free cross rust dress water iron set fast");
}

std::string describing_before(const std::string& low, std::size_t at, std::size_t most) {
  std::string phrase;
  for (std::size_t taken = 0; taken < most && at > 0; ++taken) {
    if (low[at - 1] != ' ') break;  // a comma or stop ends the noun phrase
    const std::string word = word_before(low, at);
    if (word.empty() || !is_describing(word)) break;
    phrase = word + " " + phrase;
    const std::size_t back = word.size() + 1;
    if (back > at) break;
    at -= back;
  }
  return phrase;
}

std::vector<Person> read_people(const PromptText& text, Dice dice) {
  std::vector<Person> people;
  std::vector<const RoleKind*> known;
  const auto mentions = mentions_in(text.low);
  const bool humans = std::ranges::any_of(mentions, [](const Mention& one) { return one.role->gender != Gender::creature; });
  for (const Mention& mention : mentions) {
    if (people.size() >= people_max || is_background(mention) || std::ranges::find(known, mention.role) != known.end()) continue;
    if (humans && mention.role->gender == Gender::creature && mention.plural) continue;
    known.push_back(mention.role);
    if (mention.plural) add_group(text.low, mention, people);
    else people.push_back(person_from(text.low, mention));
  }
  if (!text.is_lyric) add_names(text, people);
  if (people.empty() && text.is_lyric) people.push_back(somebody_called("singer", text.low));
  if (people.empty()) people.push_back(wanderer(dice));
  else std::ranges::stable_sort(people, {}, &Person::at);
  settle_genders(text.low, people);
  dress(text, people);
  finish(people, dice);
  return people;
}

}  // namespace film::story
